# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""People who edit the vault file: the variable, a copy, the record, or all of it."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.marker import split_description
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import Record
from ansible_collections.cloudkeys.ibmcloud.tests.faults.acting import PERSON, Act, NothingToDo, place_of, record_of
from ansible_collections.cloudkeys.ibmcloud.tests.faults.disturbances import Undo
from ansible_collections.cloudkeys.ibmcloud.tests.faults.invariants import FileState, file_state
from ansible_collections.cloudkeys.ibmcloud.tests.faults.world import World
from iam_emulator.world import Caller

MADE_UP_SLOT_ID = "0badcafe"

# ---- the variable


def write_value(make: t.Callable[[World], str], *, is_kept: bool = True, variable: str = "") -> Act:
    def act(world: World) -> Undo | None:
        store, name = world.scene.store, variable or place_of(world)
        if variable and variable not in [place.variable for place in world.scene.slot.copies]:
            raise NothingToDo
        before, value = store.values.get(name), make(world)
        if before == value:
            raise NothingToDo
        persons_before = world.ledger.persons_values.pop(name, None)
        store.values[name] = value
        store.stamp += 1
        # What nobody knows may be replaced where a published key has lost its value; nowhere else.
        if is_kept:
            world.ledger.persons_values[name] = value
        else:
            world.ledger.taken_values.add(value)

        def undo() -> None:
            world.ledger.persons_values.pop(name, None)
            # A run may have moved it with its slot.
            now_at = name if variable or store.values.get(name) == value else place_of(world)
            if store.values.get(now_at) == value:
                _put_back(world, now_at, before, persons_before)

        return undo

    return act


def _put_back(world: World, name: str, value: str | None, persons_value: str | None) -> None:
    store = world.scene.store
    if value is None:
        store.values.pop(name, None)
    else:
        store.values[name] = value
    if persons_value is not None:
        world.ledger.persons_values[name] = persons_value
    store.stamp += 1


def another_key(world: World) -> str:
    if world.scene.slot.policy.on_missing_record == "adopt" and not world.scene.store.records:
        # It would be the one to adopt.
        raise NothingToDo
    return _made_by_hand(world, world.scene.owner["iam_id"])


def key_of_another_owner(world: World) -> str:
    return _made_by_hand(world, world.scene.visitor.create_service_id(name="other")["iam_id"])


def _made_by_hand(world: World, iam_id: str) -> str:
    made = world.scene.visitor.create_key(name="mine", iam_id=iam_id)
    world.ledger.foreign[made["id"]] = world.scene.emulator.world.keys[made["id"]].entity_tag
    return str(made["apikey"])


def key_of_another_account(world: World) -> str:
    seed = world.scene.emulator.add_account()
    key = world.scene.emulator.worlds[seed.account_id].keys[seed.api_key_id]
    world.ledger.foreign[key.id] = key.entity_tag
    return seed.api_key


def with_line_break(world: World) -> str:
    value = world.scene.store.values.get(place_of(world))
    if not value or value.endswith("\n"):
        raise NothingToDo
    return value + "\n"


def remove_value(world: World) -> Undo | None:
    store, name = world.scene.store, place_of(world)
    value = store.values.pop(name, None)
    if value is None:
        raise NothingToDo
    persons_value = world.ledger.persons_values.pop(name, None)
    store.stamp += 1

    def undo() -> None:
        if name in store.values:
            return
        if persons_value or name not in store.records or _is_published(world, name, value):
            _put_back(world, name, value, persons_value)

    return undo


def _is_published(world: World, name: str, value: str) -> bool:
    """Whether this value is still that of the published key, so that a person would put it back."""
    record, key = world.scene.store.records.get(name), world.scene.emulator.world.key_with_value(value)
    return bool(record and record.current and key and key.id == record.current.id)


# ---- the record and the file


def edit_record(change: t.Callable[[World, Record], Record | None]) -> Act:
    def act(world: World) -> Undo | None:
        store, name, before = world.scene.store, place_of(world), record_of(world)
        after = change(world, before)
        if after == before:
            raise NothingToDo
        if after is None:
            del store.records[name]
        else:
            store.records[name] = after
        _note_edit(world, FileState({name: before}, dict(store.values)))

        def undo() -> None:
            now_at = name if after is not None and store.records.get(name) == after else place_of(world)
            if store.records.get(now_at) is None and after is None:
                store.records[now_at] = before
            elif after is not None and now_at in store.records:
                store.records[now_at] = _edited_back(store.records[now_at], before, after)
            store.stamp += 1
            _take_markers_away(world, MADE_UP_SLOT_ID, world.scene.keys())
            _take_markers_of_lost_record_away(world, before)

        return undo

    return act


def _take_markers_of_lost_record_away(world: World, lost: Record) -> None:
    """A request of before may land on a key that has a new record by then: its stop asks for the marker to go.

    Nothing proves that no other slot has that marker, so no run takes it away unasked.
    """
    now = world.scene.store.records.get(place_of(world))
    if now is not None and now.slot_id != lost.slot_id:
        _take_markers_away(world, lost.slot_id, now.known_ids)


def _take_markers_away(world: World, slot_id: str, key_ids: t.Container[str]) -> None:
    """A run may have written an id to a key that no record has any more, and asks for it to be taken away."""
    for key in world.scene.keys().values():
        text, marker = split_description(key.description)
        if key.id in key_ids and marker is not None and marker.slot_id == slot_id:
            key.description = text or None
            world.scene.emulator.world.note_change(key, Caller(PERSON, key.account_id), "UPDATE")


def _note_edit(world: World, before: FileState) -> None:
    """What a person struck out is not forgotten by the rotation."""
    scene = world.scene
    after = FileState({name: scene.store.records[name] for name in before.records if name in scene.store.records}, {})
    scene.store.stamp += 1
    world.ledger.is_counted = False
    struck_out = before.known_ids - after.known_ids
    world.ledger.struck_out |= struck_out | (before.recorded_values - after.recorded_values)
    slot_ids = {record.slot_id for record in before.records.values()}
    world.ledger.struck_out |= slot_ids - {record.slot_id for record in after.records.values()}
    # An entry that a sweep makes anew begins a new overlap.
    world.ledger.taken_ids |= struck_out


def _edited_back(now: Record, before: Record, after: Record) -> Record:
    """Each member that a run has not changed since gets its old content; entries only when all else is the same."""
    is_as_left = replace(now, revision=0, moved_to=None) == replace(after, revision=0, moved_to=None)
    if is_as_left:
        return replace(before, revision=now.revision + 1, moved_to=now.moved_to)
    changed = {
        name: getattr(before, name)
        for name in ("slot_id", "last_generation")
        if getattr(before, name) != getattr(after, name) == getattr(now, name)
    }
    if now.current and before.current and after.current and now.current.id == after.current.id != before.current.id:
        changed["current"] = replace(now.current, id=before.current.id)
    # A run finds a replaced key again by its marker, and nowhere its value, by which a copy is known to be the slot's.
    values = {entry.id: entry.key_value for entry in before.superseded}
    found_again = {entry.id for entry in now.superseded} - {entry.id for entry in after.superseded}
    changed["superseded"] = tuple(
        replace(entry, key_value=values.get(entry.id)) if entry.id in found_again else entry for entry in now.superseded
    )
    return replace(now, revision=now.revision + 1, **changed)


def drop(world: World, record: Record) -> Record | None:
    return None


def name_a_foreign_key(world: World, record: Record) -> Record:
    if record.current is None:
        raise NothingToDo
    return replace(record, current=replace(record.current, id=next(iter(world.ledger.foreign))))


def forget_pending(world: World, record: Record) -> Record:
    return replace(record, pending=None)


def forget_replaced(world: World, record: Record) -> Record:
    return replace(record, superseded=())


def count_back(world: World, record: Record) -> Record:
    return replace(record, last_generation=max(0, record.last_generation - 1))


def another_slot_id(world: World, record: Record) -> Record:
    return replace(record, slot_id=MADE_UP_SLOT_ID)


def revert(pick: t.Callable[[list[FileState]], FileState]) -> Act:
    def act(world: World) -> Undo | None:
        if not world.versions:
            raise NothingToDo
        scene, before, old = world.scene, file_state(world.scene), pick(world.versions)
        if old == before:
            raise NothingToDo
        scene.store.records, scene.store.values = dict(old.records), dict(old.values)
        _note_edit(world, before)
        copies = {place.variable for place in scene.slot.copies}

        def undo() -> None:
            """Bring this state back, unless a run has written something new since; a copy is nothing new."""
            now, left = file_state(scene), {**old.values}
            is_as_left = now.records == old.records and all(
                now.values.get(name) == left.get(name) for name in (now.values.keys() | left.keys()) - copies
            )
            if is_as_left:
                scene.store.records, scene.store.values = dict(before.records), dict(before.values)
                scene.store.stamp += 1
            elif scene.slot.moved_from and scene.slot.variable in now.records:
                _remove_outdated(world, scene.slot.moved_from.variable, old)
            for lost in before.records.values():
                _take_markers_of_lost_record_away(world, lost)

        return undo

    return act


def _remove_outdated(world: World, name: str, old: FileState) -> None:
    """What a reverted file says of a slot that has moved on since."""
    store = world.scene.store
    if store.records.get(name) == old.records.get(name) and store.values.get(name) == old.values.get(name):
        store.records.pop(name, None)
        store.values.pop(name, None)
        store.stamp += 1


def touch(world: World) -> Undo | None:
    world.scene.store.stamp += 1
    return None
