# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""No play of ours gathers the environment: Ansible's facts, and a cache of them, would hold the log-in key."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("docs", "playbooks", "roles", "plugins", "tests")
# Parts of a Markdown page, and of a manual in a Python file.
BLOCK = re.compile(r"```ya?ml\n(.*?)```|EXAMPLES = r?\"\"\"(.*?)\"\"\"", re.DOTALL)
# It shows what happens.
SHOWS_IT = {"tests/leaks/plays/gathered.yml"}


class _Loader(yaml.SafeLoader):
    """Takes every tag of Ansible for its plain value."""


_Loader.add_multi_constructor("!", lambda loader, tag, node: getattr(node, "value", None))


def texts() -> t.Iterator[tuple[str, str]]:
    files = [ROOT / "README.md"]
    for folder in FOLDERS:
        files += [path for path in (ROOT / folder).rglob("*") if path.suffix in (".yml", ".yaml", ".md", ".py")]
    for path in files:
        name, text = path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
        parts = [text] if path.suffix in (".yml", ".yaml") else ["".join(each) for each in BLOCK.findall(text)]
        yield from ((name, part) for part in parts if "hosts:" in part)


def plays(text: str) -> list[dict[str, t.Any]]:
    try:
        found = yaml.load(text, _Loader)
    except yaml.YAMLError:
        return []
    return [each for each in found if isinstance(each, dict) and "hosts" in each] if isinstance(found, list) else []


def gathers_the_environment(play: dict[str, t.Any]) -> bool:
    return play.get("gather_facts", True) is not False and "!env" not in (play.get("gather_subset") or ())


PLAYS = [(name, play) for name, text in texts() for play in plays(text)]


def test_plays_are_found() -> None:
    assert {"docs/examples/rotate.yml", "docs/many-accounts.md", "playbooks/rotate.yml"} <= {
        name for name, _play in PLAYS
    }


@pytest.mark.parametrize("name", sorted({name for name, _play in PLAYS} - SHOWS_IT))
def test_no_play_gathers_the_environment(name: str) -> None:
    assert [play.get("name") for each, play in PLAYS if each == name and gathers_the_environment(play)] == []


def test_a_play_that_gathers_is_noticed() -> None:
    assert gathers_the_environment({"hosts": "all"})
    assert gathers_the_environment({"hosts": "all", "gather_subset": ["min"]})
    assert not gathers_the_environment({"hosts": "all", "gather_subset": ["all", "!env"]})
