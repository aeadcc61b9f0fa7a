# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The histories of rotations as a report keeps them: of each account the newest events, and how many there are."""

from __future__ import annotations

import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import MINUTE_FORM, parse_time
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.shape import EVENT, fits
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.history import Entry, Line, no_line
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.history_file import read_history_file
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.history_shown import Question, chosen

# The page of 20 accounts with 2,000 keys each is to be below ten megabytes; all of it is in the history itself.
NEWEST = 200
# Of a name or a reason; IBM Cloud's own words may be in one.
LONGEST_TEXT = 200

Data = dict[str, t.Any]


def read_events(paths: t.Sequence[str]) -> list[Line]:
    """The lines of all files, the oldest first, each once.

    Raises HistoryRefused for a file that cannot be read, and with its number for a line that is none; quotes nothing.
    """
    entries: list[Entry] = []
    for path in paths:
        found = read_history_file(path)
        for entry in found:
            if not isinstance(entry.line.get("account_id"), str) or not fits(_event(entry.line), EVENT):
                raise no_line(entry.number, path)
        entries += found
    return chosen(entries, Question())


def events_of(lines: t.Sequence[Line], account_id: str) -> Data:
    """What a report keeps of the lines that are about an account."""
    own = [line for line in lines if line["account_id"] == account_id]
    return {
        "count": len(own),
        "since": _minute(own[0]) if own else None,
        "events": [_event(line) for line in reversed(own[-NEWEST:])],
    }


def _event(line: Line) -> Data:
    names = ("what", "generation", "key_id", "old_id")
    texts = ("slot", "by", "job", "why")
    return {
        "at": _minute(line),
        **{name: line.get(name) for name in names},
        **{name: _short(line.get(name)) for name in texts},
    }


def _minute(line: Line) -> str:
    return parse_time(line["at"]).strftime(MINUTE_FORM)


def _short(text: t.Any) -> t.Any:
    return text if not isinstance(text, str) or len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"
