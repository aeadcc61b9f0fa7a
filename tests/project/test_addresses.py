# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Addresses are taken apart in one file, so that there is one rule for what is shown of them."""

from __future__ import annotations

import re
from pathlib import Path

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
TAKES_APART = re.compile(r"urlsplit|urlparse|r?partition\(\"(?:@|//|://)\"\)|split\(\"(?:@|//|://)\"")
ELSEWHERE = {
    "module_utils/_iam/endpoint.py": "it checks the address of IAM, and shows its host as checked",
    "module_utils/_iam/pages.py": "it reads the next page's token out of an answer, and shows nothing of it",
}
# What a message may say of the option `repository` is `shown`.
RAW_IN_A_TEXT = re.compile(r"\{[^{}]*(?:repository|iam_endpoint|\burl)\b[^{}]*\}")
SHOWN = re.compile(r"shown_address\(")


def test_addresses_are_taken_apart_in_one_place() -> None:
    found = {
        path.relative_to(PLUGINS).as_posix()
        for path in PLUGINS.rglob("*.py")
        if TAKES_APART.search(path.read_text(encoding="utf-8")) and path.name != "_addresses.py"
    }

    assert found == set(ELSEWHERE)


def test_no_text_quotes_an_address_as_it_was_given() -> None:
    quoting = [
        line.strip()
        for path in [*PLUGINS.rglob("_git/*.py"), *PLUGINS.rglob("_doctor/*.py"), *PLUGINS.rglob("_rotation/*.py")]
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(r"\bf\"", line) and RAW_IN_A_TEXT.search(line) and not SHOWN.search(line)
    ]

    assert quoting == []
