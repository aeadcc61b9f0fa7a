# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What systemd reads in an environment file: the states of `parse_env_file_internal`, src/basic/env-file.c of v252."""

from __future__ import annotations

NEEDS_ESCAPE = '"\\`$'
BLANK = " \t\r"


def read_environment_file(text: str) -> dict[str, str]:  # noqa: C901, PLR0912  # in the order of systemd's own states
    """The variables; what a later line sets replaces what an earlier one has set."""
    found: dict[str, str] = {}
    state, key, value, kept = "PRE_KEY", "", "", 0
    for char in text + "\n":
        if state == "PRE_KEY":
            if char in "#;":
                state = "COMMENT"
            elif char not in BLANK + "\n":
                state, key = "KEY", char
        elif state == "KEY":
            if char == "\n":
                state = "PRE_KEY"
            elif char == "=":
                state, value, kept = "PRE_VALUE", "", 0
            else:
                key += char
        elif state in ("PRE_VALUE", "VALUE"):
            if char == "\n":
                found[key.rstrip(BLANK)] = value[:kept]
                state = "PRE_KEY"
            elif state == "PRE_VALUE" and char in "'\"":
                state = "SINGLE" if char == "'" else "DOUBLE"
            elif char == "\\":
                state = "ESCAPE"
            elif state == "VALUE" or char not in BLANK:
                state, value = "VALUE", value + char
                kept = kept if char in BLANK else len(value)
        elif state == "ESCAPE":
            state = "VALUE"
            value += "" if char == "\n" else char
            kept = len(value)
        elif state == "SINGLE":
            state, value = ("PRE_VALUE", value) if char == "'" else (state, value + char)
            kept = len(value)
        elif state == "DOUBLE":
            if char == '"':
                state = "PRE_VALUE"
            elif char == "\\":
                state = "DOUBLE_ESCAPE"
            else:
                value += char
            kept = len(value)
        elif state == "DOUBLE_ESCAPE":
            state = "DOUBLE"
            value += char if char in NEEDS_ESCAPE else "" if char == "\n" else "\\" + char
            kept = len(value)
        elif state == "COMMENT":
            state = "COMMENT_ESCAPE" if char == "\\" else "PRE_KEY" if char == "\n" else state
        elif state == "COMMENT_ESCAPE":
            state = "COMMENT"
    return found
