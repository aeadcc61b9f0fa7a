# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Other people and tools, each of whom acts once between two port calls of a run.

An act answers what undoes it, or None when nothing does, and raises NothingToDo where it makes no sense.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.marker import (
    Marker,
    join_description,
    split_description,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import Record
from ansible_collections.cloudkeys.ibmcloud.tests.faults.invariants import FileState, Violated, all_keys, file_state
from ansible_collections.cloudkeys.ibmcloud.tests.faults.schedules import Undo, World
from iam_emulator import Visitor
from iam_emulator.entities import ServiceId
from iam_emulator.seeds import Seed
from iam_emulator.world import Caller
from iam_emulator.world import World as IamWorld

Act = t.Callable[[World], t.Optional[Undo]]

PERSON = "IBMid-PERSON"
GARBAGE = "not-a-key-of-anybody"


class NothingToDo(BaseException):
    """There is nothing here that this actor could act on."""


@dataclass(frozen=True)
class Actor:
    """Somebody who acts once.

    After a harmless act the slot comes to rest by itself; after another one a run may stop and say why, until it is
    undone. `may_stay_stopped` where nothing undoes it and a person has to decide.
    """

    name: str
    act: Act
    is_harmless: bool = False
    may_stay_stopped: bool = False


def _place(world: World) -> str:
    """The variable where the slot's value or record is now."""
    slot, store = world.scene.slot, world.scene.store
    places = [slot.variable, *([slot.moved_from.variable] if slot.moved_from else [])]
    return next((name for name in places if name in store.records or name in store.values), slot.variable)


def _record(world: World) -> Record:
    record = world.scene.store.records.get(_place(world))
    if record is None:
        raise NothingToDo
    return record


def _published(world: World) -> t.Any:
    record = world.scene.store.records.get(_place(world))
    return _key(world, record.current.id if record and record.current else None)


def _pending(world: World) -> t.Any:
    """The key on its way, found as a person would: by what is on record of it."""
    record = _record(world)
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
    entries = _record(world).superseded
    return _key(world, entries[0].id if entries else None)


def _key(world: World, key_id: str | None) -> t.Any:
    key = world.scene.emulator.world.keys.get(key_id or "")
    if key is None:
        raise NothingToDo
    return key


def _ours(world: World) -> list[t.Any]:
    """Every key that the record knows or that carries a marker."""
    record = world.scene.store.records.get(_place(world))
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


# ---- the variable


def _write_value(make: t.Callable[[World], str], *, is_kept: bool = True, variable: str = "") -> Act:
    def act(world: World) -> Undo | None:
        store, name = world.scene.store, variable or _place(world)
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
            now_at = name if variable else _place(world)
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


def _another_key(world: World) -> str:
    if world.scene.slot.policy.on_missing_record == "adopt" and not world.scene.store.records:
        # It would be the one to adopt.
        raise NothingToDo
    return _made_by_hand(world, world.scene.owner["iam_id"])


def _key_of_another_owner(world: World) -> str:
    return _made_by_hand(world, world.scene.visitor.create_service_id(name="other")["iam_id"])


def _made_by_hand(world: World, iam_id: str) -> str:
    made = world.scene.visitor.create_key(name="mine", iam_id=iam_id)
    world.ledger.foreign[made["id"]] = world.scene.emulator.world.keys[made["id"]].entity_tag
    return str(made["apikey"])


def _key_of_another_account(world: World) -> str:
    seed = world.scene.emulator.add_account()
    key = world.scene.emulator.worlds[seed.account_id].keys[seed.api_key_id]
    world.ledger.foreign[key.id] = key.entity_tag
    return seed.api_key


def _with_line_break(world: World) -> str:
    value = world.scene.store.values.get(_place(world))
    if not value or value.endswith("\n"):
        raise NothingToDo
    return value + "\n"


def _remove_value(world: World) -> Undo | None:
    store, name = world.scene.store, _place(world)
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


def _edit_record(change: t.Callable[[World, Record], Record | None]) -> Act:
    def act(world: World) -> Undo | None:
        store, name, before = world.scene.store, _place(world), _record(world)
        after = change(world, before)
        if after == before:
            raise NothingToDo
        if after is None:
            del store.records[name]
        else:
            store.records[name] = after
        _note_edit(world, FileState({name: before}, dict(store.values)))

        def undo() -> None:
            now_at = _place(world)
            if store.records.get(now_at) is None and after is None:
                store.records[now_at] = before
            elif after is not None and now_at in store.records:
                store.records[now_at] = _edited_back(store.records[now_at], before, after)
            store.stamp += 1

        return undo

    return act


def _note_edit(world: World, before: FileState) -> None:
    """What a person struck out is not forgotten by the rotation."""
    scene = world.scene
    after = FileState({name: scene.store.records[name] for name in before.records if name in scene.store.records}, {})
    scene.store.stamp += 1
    world.ledger.is_counted = False
    struck_out = before.known_ids - after.known_ids
    world.ledger.struck_out |= struck_out | (before.recorded_values - after.recorded_values)
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
    return replace(now, revision=now.revision + 1, **changed)


def _drop(world: World, record: Record) -> Record | None:
    return None


def _name_a_foreign_key(world: World, record: Record) -> Record:
    if record.current is None:
        raise NothingToDo
    return replace(record, current=replace(record.current, id=next(iter(world.ledger.foreign))))


def _forget_pending(world: World, record: Record) -> Record:
    return replace(record, pending=None)


def _forget_replaced(world: World, record: Record) -> Record:
    return replace(record, superseded=())


def _count_back(world: World, record: Record) -> Record:
    return replace(record, last_generation=max(0, record.last_generation - 1))


def _another_slot_id(world: World, record: Record) -> Record:
    return replace(record, slot_id="0badcafe")


def _revert(pick: t.Callable[[list[FileState]], FileState]) -> Act:
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

        return undo

    return act


def _touch(world: World) -> Undo | None:
    world.scene.store.stamp += 1
    return None


# ---- keys


def _change(world: World, key: t.Any, **changes: t.Any) -> Undo | None:
    before = {name: getattr(key, name) for name in changes}
    if before == changes:
        raise NothingToDo
    _set(world, key, changes)

    def undo() -> None:
        # Not what a run has changed since.
        left = {name: value for name, value in before.items() if getattr(key, name) == changes[name]}
        if key.id in world.scene.emulator.world.keys and left:
            _set(world, key, left)

    return undo


def _set(world: World, key: t.Any, changes: dict[str, t.Any]) -> None:
    for name, value in changes.items():
        setattr(key, name, value)
    world.scene.emulator.world.note_change(key, Caller(PERSON, key.account_id), "UPDATE")


def _change_each(world: World, changes_of: t.Callable[[t.Any], dict[str, t.Any]]) -> Undo | None:
    undos = []
    for key in _ours(world):
        changes = changes_of(key)
        if any(getattr(key, name) != value for name, value in changes.items()):
            undos.append(_change(world, key, **changes))
    if not undos:
        raise NothingToDo

    def undo() -> None:
        for each in undos:
            if each:
                each()

    return undo


def _on(which: str, act: t.Callable[[World, t.Any], Undo | None]) -> Act:
    return lambda world: act(world, PICKS[which](world))


def _rename(world: World, key: t.Any) -> Undo | None:
    return _change(world, key, name="renamed by hand")


def _remove_marker(world: World, key: t.Any) -> Undo | None:
    world.ledger.is_counted = False
    return _change(world, key, description=split_description(key.description)[0] or None)


def _mark_as_anothers(world: World, key: t.Any) -> Undo | None:
    world.ledger.is_counted = False
    text = split_description(key.description)[0]
    return _change(world, key, description=join_description(text, Marker("0badcafe", 7)))


def _disable(world: World, key: t.Any) -> Undo | None:
    world.ledger.taken_ids.add(key.id)
    world.ledger.taken_values.add(key.key_value)
    return _change(world, key, disabled=True)


def _delete(world: World, key: t.Any) -> Undo | None:
    world.ledger.taken_ids.add(key.id)
    world.ledger.taken_values.add(key.key_value)
    world.ledger.foreign.pop(key.id, None)
    world.scene.emulator.world.remove_key(key)
    return None


def _lock_all(world: World) -> Undo | None:
    return _change_each(world, lambda key: {"locked": True})


def _unlock_all(world: World) -> Undo | None:
    return _change_each(world, lambda key: {"locked": False})


def _write_other_texts(world: World) -> Undo | None:
    return _change_each(
        world,
        lambda key: {"description": join_description("by hand", split_description(key.description)[1])},
    )


def _reset_descriptions(world: World) -> Undo | None:
    """A tool that declares the descriptions writes them over on each of its runs."""
    world.ledger.is_counted = False
    return _change_each(world, lambda key: {"description": "as declared"})


def _purge(world: World) -> Undo | None:
    """Deletes what it does not know: no key with a marker, no locked one, and none of the declared name."""
    undeclared = [
        key
        for key in world.scene.keys().values()
        if key.name != world.scene.slot.key_name
        and not split_description(key.description)[1]
        and not key.locked
        and key.key_value not in world.ledger.persons_values.values()
    ]
    for key in undeclared:
        _delete(world, key)
    return None


# ---- other runs


def _somebody_else_runs(world: World) -> Undo | None:
    _run_in_between(world)
    return None


def _run_in_between(world: World, api_key: str | None = None) -> None:
    began_at = world.scene.emulator.clock.now()
    world.run_of_somebody_else(world.scene.slot, api_key)
    if world.scene.emulator.clock.now() >= began_at + world.scene.slot.policy.lease_seconds / 2:
        # The run that is under way had no answer all the while.
        world.ledger.has_outlived, world.ledger.is_counted = True, False


def _colleague(foreign_key_status: int, *roles: str) -> Act:
    def act(world: World) -> Undo | None:
        scene = world.scene
        scene.emulator.change_settings(foreign_key_status=foreign_key_status)
        colleague = scene.visitor.add_user("Colleague", *roles)
        before, tags = file_state(scene), _tags(world)
        _run_in_between(world, colleague.key_value)
        after = file_state(scene)
        published = {record.current.id for record in after.records.values() if record.current}
        if _tags(world) != tags or published - before.known_ids:
            raise Violated("rights: a run that may change no key has changed what is published or kept")
        return None

    return act


def _tags(world: World) -> dict[str, str]:
    return {key.id: key.entity_tag for key in all_keys(world.scene).values()}


def _runs_in_another_account(world: World) -> Undo | None:
    scene = world.scene
    before, keys_before = file_state(scene), set(all_keys(scene))
    has_record = _place(world) in scene.store.records
    seed = scene.emulator.add_account()
    owner = make_namesake(scene.emulator.worlds[seed.account_id], seed)
    world.run_of_somebody_else(replace(scene.slot, iam_id=owner, account_id=seed.account_id), seed.api_key)
    if has_record and file_state(scene).records != before.records:
        raise Violated("I13: a run in another account has written to the record")

    def undo() -> None:
        for key_id in set(all_keys(scene)) - keys_before:
            there = scene.emulator.worlds[seed.account_id]
            if key_id in there.keys:
                there.remove_key(there.keys[key_id])
        scene.store.records, scene.store.values = dict(before.records), dict(before.values)
        scene.store.stamp += 1

    return undo


def make_namesake(account: IamWorld, seed: Seed) -> str:
    """A service ID of the same name in another account -> its IAM ID."""
    caller = Caller(seed.iam_id, seed.account_id)
    entity_id = f"ServiceId-{account.randomness.uuid()}"
    service_id = ServiceId(
        id=entity_id,
        iam_id=f"iam-{entity_id}",
        account_id=caller.account_id,
        name="ci",
        created_by=caller.iam_id,
        created_at=account.clock.now(),
        group_id=account.default_group_id,
    )
    account.service_ids[entity_id] = service_id
    account.note_change(service_id, caller, "CREATE")
    account.roles[service_id.iam_id] = frozenset({"Operator"})
    return service_id.iam_id


def _make_owner_again(world: World) -> Undo | None:
    scene = world.scene
    for key in list(scene.keys().values()):
        _delete(world, key)
    world.ledger.persons_values.clear()
    del scene.emulator.world.service_ids[scene.owner["id"]]
    _become(world)
    return None


def _declare_another_owner(world: World) -> Undo | None:
    """The name belongs to another service ID now; the one before keeps its keys."""
    world.ledger.is_counted = False
    before = dict(world.scene.owner), world.scene.slot
    _become(world)

    def undo() -> None:
        world.scene.owner = before[0]
        world.scene.slot = replace(world.scene.slot, iam_id=before[1].iam_id)

    return undo


def _become(world: World) -> None:
    scene = world.scene
    scene.owner = Visitor(scene.emulator).create_service_id(name="ci", account_id=scene.emulator.seed.account_id)
    scene.visitor.grant(scene.owner["iam_id"], "Operator")
    scene.slot = replace(scene.slot, iam_id=scene.owner["iam_id"])


def _nothing(world: World) -> Undo | None:
    return None


ACTORS: list[Actor] = [
    Actor("does nothing", _nothing, is_harmless=True),
    Actor("writes another key's value", _write_value(_another_key)),
    Actor("writes a value of another owner", _write_value(_key_of_another_owner)),
    Actor("writes a value of another account", _write_value(_key_of_another_account)),
    Actor("writes garbage", _write_value(lambda world: GARBAGE, is_kept=False)),
    Actor("writes an empty text", _write_value(lambda world: "", is_kept=False)),
    Actor("adds a line break", _write_value(_with_line_break, is_kept=False), is_harmless=True),
    Actor("removes the value", _remove_value),
    Actor("writes another value into the copy", _write_value(_another_key, variable="copy")),
    Actor("drops the record", _edit_record(_drop)),
    Actor("names a foreign key on record", _edit_record(_name_a_foreign_key)),
    Actor("forgets the pending key on record", _edit_record(_forget_pending)),
    Actor("forgets the replaced keys on record", _edit_record(_forget_replaced)),
    Actor("counts generations back", _edit_record(_count_back)),
    Actor("gives the record another slot id", _edit_record(_another_slot_id)),
    Actor("reverts the file by one version", _revert(lambda versions: versions[-1])),
    Actor("reverts the file to its first version", _revert(lambda versions: versions[0])),
    Actor("touches the file", _touch, is_harmless=True),
    *(Actor(f"renames the {which} key", _on(which, _rename), is_harmless=True) for which in PICKS),
    *(Actor(f"removes the marker of the {which} key", _on(which, _remove_marker)) for which in PICKS),
    *(Actor(f"marks the {which} key as another slot's", _on(which, _mark_as_anothers)) for which in PICKS),
    *(Actor(f"disables the {which} key", _on(which, _disable)) for which in PICKS),
    *(Actor(f"deletes the {which} key", _on(which, _delete)) for which in PICKS),
    Actor("locks all keys", _lock_all, is_harmless=True),
    Actor("unlocks all keys", _unlock_all, is_harmless=True),
    Actor("writes other descriptions", _write_other_texts, is_harmless=True),
    Actor("resets all descriptions", _reset_descriptions),
    Actor("purges undeclared keys", _purge),
    Actor("runs it too", _somebody_else_runs, is_harmless=True),
    Actor("runs it without rights (403)", _colleague(403)),
    Actor("runs it without rights (404)", _colleague(404)),
    Actor("runs it as a reviewer (403)", _colleague(403, "API key reviewer")),
    Actor("runs it as a reviewer (404)", _colleague(404, "API key reviewer")),
    Actor("runs it in another account", _runs_in_another_account),
    Actor("makes the owner again", _make_owner_again, may_stay_stopped=True),
    Actor("gives the name to another owner", _declare_another_owner, may_stay_stopped=True),
]
