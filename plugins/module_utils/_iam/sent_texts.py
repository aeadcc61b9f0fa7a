# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The texts that are sent to IAM: how long they are, and the marker of a rotation at the end of a description."""

from __future__ import annotations

import re
import typing as t

# Anybody may write a description, and Python makes no number of thousands of digits.
MARKER = re.compile(r" ?\[cloudkeys (?P<slot_id>[0-9a-f]{8})/(?P<generation>[1-9][0-9]{0,18})\]\Z")

# A value is looked up in a header: one with blanks, line breaks or letters beyond ASCII cannot be sent, so it is none.
SENDABLE = re.compile("[!-~]+")

LIMITED = ("name", "description")


def can_be_a_value(text: str) -> bool:
    """Whether an API key can have this value."""
    return SENDABLE.fullmatch(text) is not None


def lengths_of(body: t.Any) -> str:
    """How long the texts of a request are, for a refusal that names no property; empty when it has none.

    How long they may be is open (iam-facts.md 9). What they say is not repeated.
    """
    texts = {member: body[member] for member in LIMITED if body.get(member)} if isinstance(body, dict) else {}
    told = [f"a {member} of {len(text)} characters{_marker_in(text)}" for member, text in texts.items()]
    return f"sent were {' and '.join(told)}" if told else ""


def _marker_in(text: str) -> str:
    found = MARKER.search(text)
    return f" ({len(found[0])} of them the marker of the rotation)" if found else ""
