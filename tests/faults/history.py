# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A world whose runs keep a history, and what that has to tell at the end, derived from what the file held."""

from __future__ import annotations

import functools
import json
import typing as t
from collections import Counter
from datetime import datetime, timezone

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.history import History
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.history_file import StoreWithHistory
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.ports import Ports
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import Record
from ansible_collections.cloudkeys.ibmcloud.tests.faults.invariants import FileState, Violated, file_state
from ansible_collections.cloudkeys.ibmcloud.tests.faults.world import World

Told = tuple[str, t.Optional[str]]


class MemoryShelf:
    """The file as bytes; each write is an effect of the run."""

    def __init__(self, world: World) -> None:
        self._world = world

    def update(self, change: t.Callable[[bytes], bytes | None]) -> None:
        if change(self._world.history) is not None:
            self._world.perform("history", functools.partial(self._write, change))

    def _write(self, change: t.Callable[[bytes], bytes | None]) -> None:
        self._world.history = change(self._world.history) or self._world.history


def with_history(ports: Ports, world: World) -> Ports:
    """The ports of a run that keeps a history."""
    clock = world.scene.emulator.clock
    history = History(
        MemoryShelf(world),
        "history",
        now=lambda: datetime.fromtimestamp(clock.now(), timezone.utc),
        scrub=lambda text: text,
        by="nobody",
    )
    return Ports(
        ports.client,
        StoreWithHistory(ports.store, history),
        ports.protect,
        ports.tell,
        ports.draw_value,
        ports.draw_slot_id,
        history,
    )


def check_history(world: World) -> None:
    """Every change of a key that the record concluded stands in the history exactly once, and no other one."""
    lines = [json.loads(line) for line in world.history.splitlines()]
    ids = [line["id"] for line in lines]
    told = Counter(_said(line) for line in lines if line["what"] in _EXPECTED)
    records = [_newest(state) for state in [*world.versions, file_state(world.scene)]]
    expected = Counter(each for before, after in zip(records, records[1:]) for each in _between(before, after))
    if len(ids) != len(set(ids)):
        raise Violated("history: doubled", str(Counter(ids).most_common(1)))
    if told != expected:
        raise Violated("history", f"lacks {expected - told}, has {told - expected}")
    _check_made(world, lines)
    _check_disabled(lines, records)


def _check_made(world: World, lines: list[dict[str, t.Any]]) -> None:
    """A run has made each key that there ever was, but for those of people, and none has come from nowhere."""
    of_people = {world.scene.emulator.seed.api_key_id, *world.ledger.foreign, *world.scene.slot.retire_ids}
    of_people |= _ids(lines, "adopted")
    made = _ids(lines, "made", "left_over", "withdrawn")
    unknown = _ids(lines, "published", "deleted", "disabled") - made - of_people
    untold = world.ledger.account_of.keys() - made - of_people
    if unknown or untold:
        raise Violated("history: made", f"not told of {sorted(untold)}, and not made: {sorted(unknown)}")
    if len(_ids(lines, "made")) != sum(line["what"] == "made" for line in lines):
        raise Violated("history: made twice", str(lines))


def _check_disabled(lines: list[dict[str, t.Any]], records: list[Record | None]) -> None:
    """Once for each key, and once more after each way back to it; none that was deleted after it is left out."""
    told = Counter(line["key_id"] for line in lines if line["what"] == "disabled")
    back = Counter(line["key_id"] for line in lines if line["what"] == "rolled_back")
    announced = {entry.id for record in records if record for entry in record.superseded if entry.deleting_at}
    announced &= {entry.id for record in records if record for entry in record.superseded if entry.disabling_at}
    wrong = {key_id for key_id, count in told.items() if count > 1 + back[key_id]} | (announced - told.keys())
    if wrong:
        raise Violated("history: disabled", f"{sorted(wrong)} of {told}")


def _ids(lines: list[dict[str, t.Any]], *whats: str) -> set[str | None]:
    return {line.get("key_id") for line in lines if line["what"] in whats} - {None}


def _newest(state: FileState) -> Record | None:
    """While a slot is moved it has two records."""
    return max(state.records.values(), key=lambda record: record.revision, default=None)


def _said(line: dict[str, t.Any]) -> Told:
    """A key that was withdrawn may have no id."""
    return line["what"], str(line["generation"]) if line["what"] == "withdrawn" else line["key_id"]


_EXPECTED = {"withdrawn", "published", "adopted", "rolled_back", "handed_over", "leaked", "deleted", "unpublished"}


def _between(before: Record | None, after: Record | None) -> list[Told]:
    """What a commit says that happened, told by hand and not as the collection tells it."""
    return [*_of_published(before, after), *_of_leaked(before, after), *_of_gone(before, after)]


def _of_published(before: Record | None, after: Record | None) -> t.Iterator[Told]:
    old, new = before and before.current, after and after.current
    if new is not None and (old is None or old.id != new.id):
        made = "published" if before is not None else "adopted"
        yield ("rolled_back" if new.rolled_back_at else made), new.id
    if new is not None and new.handed_over_at and not (old is not None and old.id == new.id and old.handed_over_at):
        yield "handed_over", new.id
    if old is not None and new is None and after is not None:
        yield "unpublished", old.id


def _of_leaked(before: Record | None, after: Record | None) -> t.Iterator[Told]:
    leaked_before = {key.id for key in _all(before) if getattr(key, "compromised", False)}
    for key in _all(after):
        if getattr(key, "compromised", False) and key.id not in leaked_before:
            yield "leaked", key.id


def _of_gone(before: Record | None, after: Record | None) -> t.Iterator[Told]:
    if before is None or after is None:
        return
    new = after.current
    pending = before.pending
    if pending and not after.pending and (new is None or new.generation != pending.generation):
        yield "withdrawn", str(pending.generation)
    for entry in before.superseded:
        if entry.id not in after.known_ids:
            yield "deleted", entry.id


def _all(record: Record | None) -> list[t.Any]:
    return list(record.keys) if record else []
