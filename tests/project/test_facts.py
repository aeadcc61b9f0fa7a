# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A comment that cites a section of docs/iam-facts.md, or a page of the repository, names one that there is."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import tree

ROOT = Path(__file__).resolve().parents[2]
FACTS = (ROOT / "docs/iam-facts.md").read_text(encoding="utf-8")
SECTIONS = set(re.findall(r"^##+ (\d(?:\.\d)?)\.? ", FACTS, flags=re.MULTILINE))
CITED = re.compile(r"iam-facts\.md (\d+(?:\.\d+)*)")
PAGE = re.compile(r"(?<![\w/.:<*-])[\w/.-]*\w\.md\b")
CODE = {
    name: (ROOT / name).read_text(encoding="utf-8")
    for name in tree.tracked_files()
    if Path(name).suffix in {".py", ".yml", ""} and (ROOT / name).is_file()
}


def cited_in_vain(text: str) -> list[str]:
    """Sections that are cited and do not exist."""
    return [section for section in CITED.findall(text) if section not in SECTIONS]


def comments(text: str) -> t.Iterator[str]:
    """What follows a number sign, and what stands between three quotation marks, unless it is a manual."""
    text = re.sub(r'r""".*?"""', "", text, flags=re.DOTALL)
    yield from re.findall(r"(?:^|\s)# (.*)", text)
    yield from re.findall(r'"""(.*?)"""', text, flags=re.DOTALL)


def pages_in_vain(file: Path, text: str) -> set[str]:
    """Pages that a comment points to and that are neither in the repository nor beside the file."""
    named = {page for comment in comments(text) for page in PAGE.findall(comment)}
    folders = [ROOT, ROOT / "docs", *file.parents[: len(file.relative_to(ROOT).parents)]]
    return {page for page in named if not any((folder / page).is_file() for folder in folders)}


def test_every_section_that_is_cited_is_there() -> None:
    wrong = {name: found for name, text in CODE.items() if (found := cited_in_vain(text))}

    assert wrong == {}
    assert any(CITED.search(text) for text in CODE.values())


def test_every_page_that_a_comment_names_is_there() -> None:
    wrong = {name: found for name, text in CODE.items() if (found := pages_in_vain(ROOT / name, text))}

    assert wrong == {}


def test_what_is_cited_in_vain_is_found() -> None:
    page, section = "no-such-page" + ".md", "iam-facts.md" + " 99.1"
    text = f"x = 1  # see {section} and {page}"

    assert cited_in_vain(text) == ["99.1"]
    assert pages_in_vain(ROOT / "plugins/x.py", text) == {page}
