# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What every act of somebody else needs: the keys that it may be about, and where the slot's value is."""

from __future__ import annotations

import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.marker import (
    Marker,
    split_description,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import Record
from ansible_collections.cloudkeys.ibmcloud.tests.faults.disturbances import Undo
from ansible_collections.cloudkeys.ibmcloud.tests.faults.world import World

Act = t.Callable[[World], t.Optional[Undo]]

PERSON = "IBMid-PERSON"
GARBAGE = "not-a-key-of-anybody"


class NothingToDo(BaseException):
    """There is nothing here that this actor could act on."""


def place_of(world: World) -> str:
    """The variable where the slot's value or record is now."""
    slot, store = world.scene.slot, world.scene.store
    places = [slot.variable, *([slot.moved_from.variable] if slot.moved_from else [])]
    return next((name for name in places if name in store.records or name in store.values), slot.variable)


def record_of(world: World) -> Record:
    record = world.scene.store.records.get(place_of(world))
    if record is None:
        raise NothingToDo
    return record


def _published(world: World) -> t.Any:
    record = world.scene.store.records.get(place_of(world))
    return _key(world, record.current.id if record and record.current else None)


def _pending(world: World) -> t.Any:
    """The key on its way, found as a person would: by what is on record of it."""
    record = record_of(world)
    pending = record.pending
    if pending is None:
        raise NothingToDo
    for key in world.scene.keys().values():
        marker = split_description(key.description)[1]
        is_marked = marker == Marker(record.slot_id, pending.generation)
        if key.id == pending.id or key.key_value == pending.key_value or is_marked:
            return key
    raise NothingToDo


def _replaced(world: World) -> t.Any:
    entries = record_of(world).superseded
    return _key(world, entries[0].id if entries else None)


def _key(world: World, key_id: str | None) -> t.Any:
    key = world.scene.emulator.world.keys.get(key_id or "")
    if key is None:
        raise NothingToDo
    return key


def ours(world: World) -> list[t.Any]:
    """Every key that the record knows or that carries a marker."""
    record = world.scene.store.records.get(place_of(world))
    known = record.known_ids if record else frozenset()
    keys = [
        key
        for key in world.scene.keys().values()
        if key.id not in world.ledger.foreign
        and (key.id in known or split_description(key.description)[1] or key.id in world.scene.slot.retire_ids)
    ]
    if not keys:
        raise NothingToDo
    return keys


PICKS: dict[str, t.Callable[[World], t.Any]] = {
    "published": _published,
    "pending": _pending,
    "replaced": _replaced,
}
