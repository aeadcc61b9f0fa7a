# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The exceptions file: what is read, and what is refused with the place that is wrong."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.exceptions import Exemption, read_exceptions
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.audit.sample import key

GOOD = """\
- key: ApiKey-1
  owner: Team A
  reason: moves in autumn
  expires: 2026-12-31
- {key: "legacy-*", owner: B, reason: r, expires: "2027-01-01", findings: [too_old, unused]}
"""


def read(tmp_path: Path, content: str) -> list[Exemption]:
    path = tmp_path / "exceptions.yml"
    path.write_text(content, encoding="utf-8")
    return read_exceptions(str(path))


def test_entries_are_read_with_their_dates(tmp_path: Path) -> None:
    assert read(tmp_path, GOOD) == [
        Exemption("ApiKey-1", "Team A", "moves in autumn", date(2026, 12, 31)),
        Exemption("legacy-*", "B", "r", date(2027, 1, 1), frozenset({"too_old", "unused"})),
    ]


def test_an_empty_file_excuses_nothing(tmp_path: Path) -> None:
    assert read(tmp_path, "---\n") == []


BAD = {
    "no list": ("key: x\n", "has to be a list"),
    "no mapping": ("- x\n", "entry 1: not a mapping"),
    "no day": ("- until: 2026-02-31\n", "has a date or number that there is not"),
    "thousands of digits": (f"- until: {'1' * 5000}\n", "has a date or number that there is not"),
    "thousands of brackets": ("[" * 5000, "is nested too deeply"),
    "no reason": ("- {key: x, owner: y, expires: 2027-01-01}\n", "entry 1: missing reason"),
    "no end": (GOOD + "- {key: x, owner: y, reason: z}\n", "entry 3: missing expires"),
    "a typo": ("- {key: x, owner: y, reason: z, expires: 2027-01-01, until: 2}\n", "unknown member until"),
    "no date": ("- {key: x, owner: y, reason: z, expires: soon}\n", "a date like 2026-12-31"),
    "no finding": ("- {key: x, owner: y, reason: z, expires: 2027-01-01, findings: [old]}\n", "old is none of"),
    "findings no list": ("- {key: x, owner: y, reason: z, expires: 2027-01-01, findings: old}\n", "not a list"),
    "no YAML": ("- key: [\n", "not YAML, line 2"),
}


@pytest.mark.parametrize(("content", "words"), BAD.values(), ids=BAD)
def test_what_is_wrong_is_named(tmp_path: Path, content: str, words: str) -> None:
    with pytest.raises(TaskRefused, match=words):
        read(tmp_path, content)


def test_nobody_is_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")

    with pytest.raises(TaskRefused, match="it is not a regular file"):
        read_exceptions(str(tmp_path / "fifo"))


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TaskRefused, match="cannot be read"):
        read_exceptions(str(tmp_path / "none.yml"))


@pytest.mark.parametrize(
    ("pattern", "fits"), [("ApiKey-a", True), ("ApiKey-*", True), ("dep*", True), ("Dep*", False), ("x", False)]
)
def test_a_pattern_is_for_ids_and_names(pattern: str, fits: bool) -> None:
    exemption = Exemption(pattern, "o", "r", date(2027, 1, 1))

    assert exemption.fits(key("a", name="deploy"), "too_old") is fits
