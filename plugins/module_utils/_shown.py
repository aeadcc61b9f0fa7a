# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The door to people: a text from outside is shown, and moves no cursor, turns no line around and hides nothing.

Data in a result stays as it is, because tasks go by it; what is a message in a result is not (docs/decisions/0036).
"""

from __future__ import annotations

import re
import typing as t

# What a terminal does not show although Unicode counts it as printable: fillers, joiners and selectors of variants.
_UNSEEN = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\uffa0\U000e0100-\U000e01ef]")
# The members of a result that are for people; those of several lines have lines of ours, or of Ansible's.
MESSAGES = frozenset({"checks", "deprecations", "msg", "not_checked", "reason", "report", "warnings"})
OF_LINES = frozenset({"diff", "exception"})
# Lists of results, which have such members too. What a user named is among no other members.
PARTS = frozenset({"kept", "outcomes", "slots", "steps_to_come"})


def is_seen(text: str) -> bool:
    """Whether a text shows on one line all that is in it."""
    return text.isprintable() and not _UNSEEN.search(text)


def shown(text: str) -> str:
    """The text in one line, with what cannot be seen, or turns the line around, spelled out."""
    return text if is_seen(text) else "".join(each if is_seen(each) else _spelled(each) for each in text)


def shown_lines(text: str) -> str:
    """The same for a text that has lines of ours."""
    return "\n".join(map(shown, text.split("\n")))


def with_shown_messages(result: dict[str, t.Any]) -> dict[str, t.Any]:
    """A result whose messages are `shown`, and whose data is as it was."""
    return {name: _shown_member(name, value) for name, value in result.items()}


def with_shown_texts(result: dict[str, t.Any]) -> dict[str, t.Any]:
    """A result that is for people as a whole."""
    return {name: _each_text(value, shown_lines) for name, value in with_shown_messages(result).items()}


def _shown_member(name: str, value: t.Any) -> t.Any:
    if name in MESSAGES:
        return _each_text(value, shown)
    if name in OF_LINES:
        return _each_text(value, shown_lines)
    if name in PARTS and isinstance(value, list):
        return [with_shown_messages(each) if isinstance(each, dict) else each for each in value]
    return value


def _each_text(value: t.Any, change: t.Callable[[str], str]) -> t.Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {_each_text(name, shown): _each_text(each, change) for name, each in value.items()}
    return [_each_text(each, change) for each in value] if isinstance(value, (list, tuple)) else value


def _spelled(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
