# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""docs/playbooks.md has every playbook, and every variable that a playbook takes by itself."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/playbooks.md").read_text(encoding="utf-8")
PLAYBOOKS = sorted((ROOT / "playbooks").glob("*.yml"))


def section(name: str) -> str:
    found = re.search(rf"^## {name}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


def variables_in(text: str, name: str) -> set[str]:
    """What is asked for with a default: those that bear the playbook's name."""
    return set(re.findall(rf"(?<![\w_])({name}_\w+)(?= \| default| is defined)", text))


def test_the_page_has_every_playbook_and_no_other() -> None:
    headings = re.findall(r"^## (\w+)$", PAGE, re.MULTILINE)
    rows = re.findall(r"^\| \[`(\w+)`\]\(#\1\) \| [^|]+ \| [^|]+ \|$", PAGE, re.MULTILINE)

    assert sorted(headings) == sorted(rows) == [path.stem for path in PLAYBOOKS]


@pytest.mark.parametrize("path", PLAYBOOKS, ids=lambda path: path.stem)
def test_the_page_names_what_a_playbook_takes(path: Path) -> None:
    taken = variables_in(path.read_text(encoding="utf-8"), path.stem)

    assert {name for name in taken if f"`{name}" not in section(path.stem)} == set()


@pytest.mark.parametrize("path", PLAYBOOKS, ids=lambda path: path.stem)
def test_no_playbook_is_green_when_a_limit_or_a_tag_left_its_work_out(path: Path) -> None:
    (play,) = yaml.safe_load(path.read_text(encoding="utf-8"))
    over = play["vars"].get("_play_accounts", "localhost")

    assert (play["hosts"], play["vars_files"][0], play["tags"]) == ("{{ _play_hosts }}", "vars/hosts.yml", ["always"])
    assert re.match(rf"`?({over}` and )?`--limit` leaves?( out)? (no host|{over})", play["vars"]["_play_no_hosts"])


def test_a_variable_is_found() -> None:
    assert variables_in('x: "{{ whose_ids | default([]) }}" _whose_y is defined', "whose") == {"whose_ids"}
