# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names and descriptions come from the cloud, where anybody may have written anything: they are shown, never obeyed."""

from __future__ import annotations

import unicodedata

# What a spreadsheet takes for the beginning of a formula, the wide forms of East Asian keyboards included.
FORMULA_STARTS = tuple("=+-@\uff1d\uff0b\uff0d\uff20")
MARKDOWN = "\\`*{}[]<>|~&"


def visible(text: str) -> str:
    """The text in one line, with what cannot be seen, or turns the line around, spelled out."""
    return "".join(
        character if character == " " or unicodedata.category(character)[0] not in "CZ" else _spelled(character)
        for character in text
    )


def for_csv(text: str) -> str:
    """A cell that a spreadsheet shows as it is (OWASP, "CSV injection")."""
    shown = visible(text)
    return f"'{shown}" if shown.lstrip().startswith(FORMULA_STARTS) else shown


def for_markdown(text: str) -> str:
    """A cell of a table; nothing in it is markup, and nothing in it is a template."""
    return "".join(f"\\{character}" if character in MARKDOWN else character for character in visible(text))


def _spelled(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
