# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an act keeps for its undo: with the world of then, all that undoing it depends on."""

from __future__ import annotations

import functools
import types
import typing as t
from collections.abc import Hashable

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import Record
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Slot
from ansible_collections.cloudkeys.ibmcloud.tests.faults.invariants import FileState
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import MemoryDisk, Scene
from iam_emulator.entities import Entity
from iam_emulator.seeds import Seed
from iam_emulator.world import World as IamWorld


@functools.singledispatch
def kept(what: t.Any) -> Hashable:
    """What an act has kept, to be compared; raises TypeError where that cannot be."""
    if what is None or isinstance(what, (str, int, float, frozenset, Record, Slot, Seed)):
        return t.cast("Hashable", what)
    if isinstance(getattr(what, "scene", None), Scene):
        return "the world"
    raise TypeError(f"an act keeps something for its undo that cannot be compared: {type(what).__name__}")


@kept.register
def _of_undo(what: types.FunctionType) -> Hashable:
    return (
        what.__qualname__,
        kept(what.__defaults__),
        tuple(kept(cell.cell_contents) for cell in what.__closure__ or ()),
    )


@kept.register
def _of_entity(what: Entity) -> Hashable:
    """It is undone where the key of this id is still there, and what that is like then is part of the world."""
    return what.id


@kept.register
def _of_file(what: FileState) -> Hashable:
    return kept(what.records), kept(what.values)


@kept.register
def _of_names(what: dict) -> Hashable:  # type: ignore[type-arg]  # a type to dispatch on has no arguments
    return tuple((name, kept(each)) for name, each in sorted(what.items()))


@kept.register(list)
@kept.register(tuple)
def _of_each(what: t.Sequence[t.Any]) -> Hashable:
    return tuple(map(kept, what))


@kept.register
def _of_set(what: set) -> Hashable:  # type: ignore[type-arg]  # a type to dispatch on has no arguments
    return frozenset(what)


@kept.register(Scene)
@kept.register(MemoryDisk)
@kept.register(IamWorld)
def _of_world(what: object) -> Hashable:
    """A part of the world, which is compared for itself."""
    return type(what).__name__
