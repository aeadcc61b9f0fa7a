# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""People and tools that change the keys of the slot, or delete them."""

from __future__ import annotations

import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.marker import (
    Marker,
    join_description,
    split_description,
)
from ansible_collections.cloudkeys.ibmcloud.tests.faults.acting import PERSON, PICKS, Act, NothingToDo, ours
from ansible_collections.cloudkeys.ibmcloud.tests.faults.disturbances import Undo
from ansible_collections.cloudkeys.ibmcloud.tests.faults.invariants import file_state
from ansible_collections.cloudkeys.ibmcloud.tests.faults.world import World
from iam_emulator.world import Caller

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
    for key in ours(world):
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


def on(which: str, act: t.Callable[[World, t.Any], Undo | None]) -> Act:
    return lambda world: act(world, PICKS[which](world))


def rename(world: World, key: t.Any) -> Undo | None:
    return _change(world, key, name="renamed by hand")


def remove_marker(world: World, key: t.Any) -> Undo | None:
    world.ledger.is_counted = False
    return _change(world, key, description=split_description(key.description)[0] or None)


def mark_as_anothers(world: World, key: t.Any) -> Undo | None:
    world.ledger.is_counted = False
    text, other = split_description(key.description)[0], Marker("0badcafe", 7)
    if key.id not in file_state(world.scene).known_ids:
        # Only its marker told whose it is, as when the answer to a commit was lost; and that tells of another now.
        world.ledger.struck_out.add(other.slot_id)
    return _change(world, key, description=join_description(text, other))


def disable(world: World, key: t.Any) -> Undo | None:
    world.ledger.taken_ids.add(key.id)
    world.ledger.taken_values.add(key.key_value)
    return _change(world, key, disabled=True)


def delete(world: World, key: t.Any) -> Undo | None:
    world.ledger.taken_ids.add(key.id)
    world.ledger.taken_values.add(key.key_value)
    world.ledger.foreign.pop(key.id, None)
    world.scene.emulator.world.remove_key(key)
    return None


def lock_all(world: World) -> Undo | None:
    return _change_each(world, lambda key: {"locked": True})


def unlock_all(world: World) -> Undo | None:
    return _change_each(world, lambda key: {"locked": False})


def write_other_texts(world: World) -> Undo | None:
    return _change_each(
        world,
        lambda key: {"description": join_description("by hand", split_description(key.description)[1])},
    )


def reset_descriptions(world: World) -> Undo | None:
    """A tool that declares the descriptions writes them over on each of its runs."""
    world.ledger.is_counted = False
    return _change_each(world, lambda key: {"description": "as declared"})


def purge(world: World) -> Undo | None:
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
        delete(world, key)
    return None
