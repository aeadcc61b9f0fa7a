# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a schedule has come to: so that one that comes to the same as another one is not tried to its end again.

What a run does next follows from what it was answered so far and from the world; so two schedules of one actor in which
both are the same, and what the actor would undo, go on alike. Nothing random may be left in the world for that.
"""

from __future__ import annotations

import io
import pickle
import random
import threading
import types
import typing as t
from collections.abc import Hashable
from dataclasses import dataclass, field

from ansible_collections.cloudkeys.ibmcloud.tests.faults.invariants import Ledger
from iam_emulator.world import World as IamWorld

if t.TYPE_CHECKING:
    from ansible_collections.cloudkeys.ibmcloud.tests.faults.schedules import World


class Converged(BaseException):
    """From here on all is as in a schedule that was tried; `violated` is how that one ended."""

    def __init__(self, violated: tuple[str, str] | None) -> None:
        super().__init__()
        self.violated = violated


@dataclass
class Memory:
    """The moments of all schedules that came to an end, and those of the one that is being tried."""

    _ends: dict[int, tuple[str, str] | None] = field(default_factory=dict)
    _passed: list[int] = field(default_factory=list)

    def pass_by(self, moment: Hashable) -> None:
        """Take note of a moment; raises Converged where another schedule went through it."""
        seen = hash(moment)
        if seen in self._ends:
            raise Converged(self._ends[seen])
        self._passed.append(seen)

    def end(self, violated: tuple[str, str] | None) -> None:
        """The schedule came to its end, and so do all that come to one of its moments."""
        self._ends.update(dict.fromkeys(self._passed, violated))
        self._passed.clear()

    def forget_this_one(self) -> None:
        """The schedule is none: its actor had nothing to do."""
        self._passed.clear()


def state_of(world: World) -> Hashable:
    """All that the rest of a schedule can depend on, between two runs."""
    scene = world.scene
    return (
        scene.emulator.clock.now(),
        scene.slot,
        scene.owner["iam_id"],
        scene.store.stamp,
        _sorted(scene.store.records),
        _sorted(scene.store.values),
        tuple(map(_state_of_account, scene.emulator.worlds.values())),
        _state_of_ledger(world.ledger),
        world.was_obeyed,
        # What `_check_order` asks of the versions.
        frozenset(
            record.current.id
            for state in world.versions[world.versions_before + 1 :]
            for record in state.records.values()
            if record.current
        ),
    )


def state_before_act(world: World) -> Hashable:
    """What an act does, and what undoes it, follows from this."""
    versions = [(_sorted(each.records), _sorted(each.values)) for each in (*world.versions[:1], *world.versions[-1:])]
    return state_of(world), tuple(versions)


def _state_of_account(account: IamWorld) -> Hashable:
    there = account.keys, account.service_ids, account.users
    return (
        tuple(tuple(_state_of_thing(thing) for thing in things.values()) for things in there),
        _sorted(account.roles),
        repr(account.settings),
    )


def _state_of_thing(thing: object) -> Hashable:
    """IAM shows the history to nobody who does not ask for it, and no run does."""
    return tuple(_hashable(value) for name, value in vars(thing).items() if name != "history")


def _hashable(value: t.Any) -> Hashable:
    if isinstance(value, (dict, list)):
        return tuple(sorted(value.items()) if isinstance(value, dict) else value)
    return t.cast("Hashable", frozenset(value) if isinstance(value, set) else value)


def _state_of_ledger(ledger: Ledger) -> Hashable:
    return tuple(
        frozenset(value.items()) if isinstance(value, dict) else _hashable(value) for value in vars(ledger).values()
    )


def _sorted(mapping: t.Mapping[str, t.Any]) -> Hashable:
    return tuple(sorted(mapping.items(), key=lambda item: item[0]))


class Snapshot:
    """A world as it is now, of which copies can be had; much faster than to play up to here again."""

    def __init__(self, world: World) -> None:
        self._shared: list[t.Any] = []
        stream = io.BytesIO()
        _Pickler(stream, self._shared).dump(world)
        self._content = stream.getvalue()

    def world(self) -> World:
        return t.cast("World", _Unpickler(io.BytesIO(self._content), self._shared).load())


class _Pickler(pickle.Pickler):
    """Functions and locks stay what they are."""

    def __init__(self, stream: t.IO[bytes], shared: list[t.Any]) -> None:
        super().__init__(stream, pickle.HIGHEST_PROTOCOL)
        self._shared = shared

    def persistent_id(self, obj: object) -> int | None:
        if not isinstance(obj, (types.FunctionType, type(threading.RLock()))):
            return None
        self._shared.append(obj)
        return len(self._shared) - 1


class _Unpickler(pickle.Unpickler):
    def __init__(self, stream: t.IO[bytes], shared: list[t.Any]) -> None:
        super().__init__(stream)
        self._shared = shared

    def persistent_load(self, pid: int) -> t.Any:
        return self._shared[pid]


class Chance(random.Random):
    """The source of ids and values of a world, begun anew by each run: what it draws follows from the world alone."""

    def begin_run(self, world: World, depth: int) -> None:
        """No value is drawn twice: one that is kept has changed the file, or IAM has a key more."""
        scene = world.scene
        keys = sum(len(account.keys) for account in scene.emulator.worlds.values())
        moment = scene.emulator.clock.now()
        self.seed(f"{scene.store.stamp}/{len(world.ledger.account_of)}/{keys}/{depth}/{moment}")
