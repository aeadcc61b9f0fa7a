# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""docs/not-tried.md has a line for each question of `make live-facts`, and no other command that is none."""

from __future__ import annotations

import re
from pathlib import Path

import live_facts
import pytest
from live_more_questions import ALL_QUESTIONS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/not-tried.md").read_text(encoding="utf-8")
SECTIONS = re.findall(r"^##+ (\d\.\d|\d)\.? ", (ROOT / "docs/iam-facts.md").read_text(encoding="utf-8"), re.MULTILINE)
ROWS = [tuple(row.split(" | ")) for row in re.findall(r"^\| (\d.*) \|$", PAGE, re.MULTILINE)]
ASKED = {name for question in ALL_QUESTIONS for name in question.settings}


def facts_in(cell: str) -> set[str]:
    """The settings that a cell says to ask for; a command has a blank in it."""
    return {name for name in re.findall(r"`(\w+)`", cell) if "_" in name}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]} {row[1][:30]}")
def test_a_line_says_what_is_assumed_what_happens_otherwise_and_how_to_find_out(row: tuple[str, ...]) -> None:
    assert len(row) == 4
    assert row[0] in SECTIONS
    assert facts_in(row[3]) <= ASKED
    assert "`" in row[3] or row[3].startswith(("no command: ", "the doctor, as above"))


def test_each_question_has_its_line() -> None:
    told = {name for row in ROWS for name in facts_in(row[3])}

    missing = [question.about for question in ALL_QUESTIONS if not told & set(question.settings)]
    assert missing == []
    assert len(ROWS) > len(ALL_QUESTIONS)


def test_the_page_names_the_exit_code() -> None:
    assert f"is {live_facts.NOT_ANSWERED} then" in PAGE


def test_the_site_and_the_first_pages_lead_there() -> None:
    for page, link in (("README.md", "docs/not-tried.md"), ("docs/README.md", "not-tried.md")):
        assert f"]({link})" in (ROOT / page).read_text(encoding="utf-8")
