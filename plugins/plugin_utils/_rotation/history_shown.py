# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What people ask of a history: by slot, key and time, one readable line each; pure."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import parse_time
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._shown import shown
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.history import (
    Entry,
    HistoryRefused,
    Line,
)

_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WORDS = {
    "rolled_back": "gone back to",
    "owner_changed": "has another owner",
    "handed_over": "handed over",
    "left_over": "found left over, and cleared away",
}


@dataclass(frozen=True)
class Question:
    """What is asked for; what is not said narrows nothing. `until` is no part of it."""

    slot: str | None = None
    key_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def fits(self, entry: Entry) -> bool:
        line = entry.line
        return (
            self.slot in (None, line.get("slot"), line.get("variable"), line.get("slot_id"))
            and self.key_id in (None, line.get("key_id"), line.get("old_id"))
            and (self.since is None or entry.at >= self.since)
            and (self.until is None or entry.at < self.until)
        )


def moment(given: t.Any, name: str) -> datetime | None:
    """A day, which begins at midnight UTC, or a time; None for nothing. Raises HistoryRefused."""
    text = "" if given is None else str(given).strip()
    try:
        return parse_time(f"{text}T00:00Z" if _DAY.fullmatch(text) else text) if text else None
    except ValueError:
        raise HistoryRefused(f"{name} has to be a day or a time of the form 2026-03-04T09:15+0000") from None


def chosen(entries: Iterable[Entry], question: Question) -> list[Line]:
    """The lines that are asked for, the oldest first, each once."""
    first: dict[str, Entry] = {}
    for entry in entries:
        if question.fits(entry):
            first.setdefault(entry.id, entry)
    return [entry.line for entry in sorted(first.values(), key=lambda entry: entry.at)]


def in_words(what: t.Any) -> str:
    """What happened to a key, as people say it; a line that somebody edited may not tell."""
    if not isinstance(what, str) or not what.strip():
        return "(the line does not say what happened)"
    return _WORDS.get(what, what)


def for_people(line: Line) -> str:
    """One line on a terminal; whatever stands in the file, it is shown and not obeyed."""
    slot, key = line.get("slot") or "no slot", line.get("key_id") or "no key"
    parts = [
        f"{line['at']} {slot}: {key} {in_words(line.get('what'))}",
        *([f"in place of {line['old_id']}"] if line.get("old_id") else []),
        *([f"by {line['by']}"] if line.get("by") else []),
        *([f"job {line['job']}"] if line.get("job") else []),
    ]
    why = f" ({line['why']})" if line.get("why") else ""
    return shown(", ".join(parts) + why)
