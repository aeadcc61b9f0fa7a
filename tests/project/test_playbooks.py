# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""docs/playbooks.md has every playbook, and every variable that a playbook takes by itself."""

from __future__ import annotations

import re
from collections import Counter
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


def test_the_playbooks_choose_their_hosts_alike() -> None:
    """What chooses hosts cannot be included, so it stands in each of them: over accounts, or on this machine."""
    chosen = Counter[str]()
    for path in PLAYBOOKS:
        (play,) = yaml.safe_load(path.read_text(encoding="utf-8"))
        limit = {name: text for name, text in play.get("vars", {}).items() if "_limit" in name}
        text = re.sub(r"undef\(hint='[^']+'\)", "", f"{play['hosts']} {limit}")
        chosen[re.sub(r"audit_(?=accounts|limit)", "leak_", text)] += 1
        assert play["tags"] == ["always"]

    assert sorted(chosen.values()) == [3, 6]


def test_a_variable_is_found() -> None:
    assert variables_in('x: "{{ whose_ids | default([]) }}" _whose_y is defined', "whose") == {"whose_ids"}
