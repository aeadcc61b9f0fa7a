# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The history of keys: JSON lines, one for each thing that happened. What is in a file is data, and nobody's order."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import CloudkeysError
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import parse_time
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.happenings import Happening
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Slot

Line = dict[str, t.Any]

# A reason may quote what a server said.
LONGEST_REASON = 1000
_TIME = "%Y-%m-%dT%H:%M:%S+0000"


class HistoryRefused(CloudkeysError):
    """The history cannot be read or kept; nothing of it was changed."""


@dataclass(frozen=True)
class Doing:
    """What is known of something that this run itself did: why, IBM Cloud's references, by whom and in which job."""

    why: str = ""
    transaction_ids: tuple[str, ...] = ()
    by: str | None = None
    job: str | None = None


@dataclass(frozen=True)
class Entry:
    """A line as it stands in a file, which one it is there, and what it says."""

    text: str
    line: Line
    number: int

    @property
    def id(self) -> str:
        return str(self.line["id"])

    @property
    def at(self) -> datetime:
        return parse_time(self.line["at"])


def line_of(happening: Happening, slot: Slot, doing: Doing | None) -> Line:
    """The line for something that happened; of what another run did, neither why nor by whom is known."""
    told = {
        "id": happening.id,
        "what": happening.what,
        "at": happening.at.strftime(_TIME),
        "slot": slot.name,
        "variable": slot.variable,
        "slot_id": happening.slot_id,
        "generation": happening.generation,
        "account_id": slot.account_id,
        "key_id": happening.key_id,
        "old_id": happening.old_id,
        "iam_id": happening.iam_id,
        "old_iam_id": happening.old_iam_id,
        "why": doing.why[:LONGEST_REASON] if doing else None,
        "transaction_ids": list(doing.transaction_ids) if doing else None,
        "by": doing.by if doing else None,
        "job": doing.job if doing else None,
    }
    return {name: value for name, value in told.items() if value}


def read_history(content: bytes, name: str) -> list[Entry]:
    """The lines of a file; raises HistoryRefused, with the number of the first one that is none, and quotes nothing."""
    try:
        lines = content.decode("utf-8").split("\n")
    except UnicodeDecodeError:
        raise HistoryRefused(f"{name} is no history of keys: it is not UTF-8. Nothing of it was changed") from None
    return [_entry(text, number, name) for number, text in enumerate(lines, 1) if text.strip()]


def with_lines(content: bytes, lines: Sequence[Line], begin: datetime | None, name: str) -> bytes | None:
    """The file with those of the lines that it lacks; None when it lacks none.

    What is older than `begin` is neither kept nor added, but what would come back with another date stays. Raises
    HistoryRefused for a file with a line that is none.
    """
    entries = read_history(content, name)
    known = {entry.id for entry in entries}
    deleted = {str(entry.line.get("key_id")) for entry in entries if entry.line.get("what") == "deleted"}
    new: dict[str, Line] = {}
    for line in lines:
        if line["id"] not in known and _is_kept(parse_time(line["at"]), begin):
            # Whoever tells of it first knows best who did it.
            new.setdefault(line["id"], line)
    if not new:
        return None
    kept = [entry.text for entry in entries if _is_kept(entry.at, begin) or _comes_back(entry, deleted)]
    added = [json.dumps(line, sort_keys=True) for line in sorted(new.values(), key=lambda line: line["at"])]
    return "".join(f"{text}\n" for text in [*kept, *added]).encode()


class Shelf(t.Protocol):
    """Where the history lies."""

    def update(self, change: t.Callable[[bytes], bytes | None]) -> None:
        """Replace the content by what `change` makes of it, unless that is None; compare-and-swap, so maybe again."""


class History:
    """What a run has to tell, until it is kept; `now` is IAM's time, `scrub` takes every secret out of a text.

    A run may look again and again: what is known already is told once.
    """

    def __init__(
        self,
        shelf: Shelf,
        name: str,
        *,
        now: t.Callable[[], datetime],
        scrub: t.Callable[[str], str],
        keep_days: float | None = None,
        by: str | None = None,
        job: str | None = None,
    ) -> None:
        self.name, self.by, self.job = name, by, job
        self._shelf, self._now, self._scrub = shelf, now, scrub
        self._keep = timedelta(days=keep_days) if keep_days else None
        self._waiting: dict[str, Line] = {}
        self._known: set[str] = set()

    @property
    def is_urgent(self) -> bool:
        """Whether something is waiting that no later run can see: keys that are about to be swept."""
        return any(line["what"] == "left_over" for line in self._waiting.values())

    @property
    def waiting(self) -> list[Line]:
        """What is not kept yet."""
        return list(self._waiting.values())

    def note(self, lines: Iterable[Line]) -> None:
        """Take note of lines that are true, be they kept already or not."""
        for line in lines:
            if line["id"] not in self._known:
                self._waiting.setdefault(line["id"], {name: self._clean(value) for name, value in line.items()})

    def flush(self) -> None:
        """Keep what is waiting; raises HistoryRefused, and then it waits on."""
        if self._waiting:
            self._shelf.update(self.added_to)
            self.kept(self.waiting)

    def added_to(self, content: bytes, more: Sequence[Line] = ()) -> bytes | None:
        """A file's content with what is waiting, and with more lines that come with it; None when it has them all."""
        lines = [*self.waiting, *({name: self._clean(value) for name, value in line.items()} for line in more)]
        begin = self._now() - self._keep if self._keep else None
        return with_lines(content, lines, begin, self.name)

    def kept(self, lines: Iterable[Line]) -> None:
        """These lines are in the file now."""
        for line in list(lines):
            self._known.add(line["id"])
            self._waiting.pop(line["id"], None)

    def _clean(self, value: t.Any) -> t.Any:
        if isinstance(value, list):
            return [self._clean(each) for each in value]
        return self._scrub(value) if isinstance(value, str) else value


def _is_kept(at: datetime, begin: datetime | None) -> bool:
    return begin is None or at >= begin


def _comes_back(entry: Entry, deleted: t.Container[str]) -> bool:
    """Whether a record tells it without its time as long as the key is there: then each run would tell it as new."""
    key_id = str(entry.line.get("key_id"))
    is_without_time = entry.line.get("what") in ("leaked", "disabled") and entry.id.endswith(f"/{key_id}")
    return is_without_time and key_id not in deleted


def _entry(text: str, number: int, name: str) -> Entry:
    try:
        line = json.loads(text)
        if isinstance(line, dict) and isinstance(line["id"], str) and parse_time(line["at"]):
            return Entry(text.rstrip("\r"), line, number)
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    raise no_line(number, name)


def no_line(number: int, name: str) -> HistoryRefused:
    """What to say of a line that is none; it quotes nothing of it."""
    return HistoryRefused(
        f"line {number} of {name} is no line of a history of keys: somebody edited it, or it was cut off. Nothing of "
        "it was changed; mend or remove that line, bring the last version of the file back, or name another file"
    )
