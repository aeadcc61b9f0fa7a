# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a schedule has come to: so that one that comes to the same as another one is not tried to its end again.

What a run does next follows from what it was answered so far and from the world; so two schedules of one actor in which
both are the same, and what the actor would undo, go on alike. Nothing random may be left in the world for that.
"""

from __future__ import annotations

import typing as t
from collections.abc import Hashable
from dataclasses import dataclass, field

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.ports import SlotChange
from ansible_collections.cloudkeys.ibmcloud.tests.faults.invariants import Ledger
from iam_emulator import Request
from iam_emulator.world import World as IamWorld

if t.TYPE_CHECKING:
    from ansible_collections.cloudkeys.ibmcloud.tests.faults.world import World


SHOWN_ON_DEMAND = {"history", "authn_count", "last_authn_at"}


class Converged(BaseException):
    """From here on all is as in a schedule that was tried; `violated` is how that one ended."""

    def __init__(self, violated: tuple[str, str] | None) -> None:
        super().__init__()
        self.violated = violated


End = t.Optional[tuple[str, str]]
# A fault that is still to come: after how many effects from now, its kind, and where it lands.
ToCome = t.Optional[tuple[int, str, int]]


def is_effect(call: str | None) -> bool:
    """Whether a fault can hit a port call: a load only looks at the file."""
    return call not in {None, "load"}


class Point(t.NamedTuple):
    """Where somebody could act: what is there by a hash, how many effects were done, and the port call to come."""

    here: int
    effects: int
    call: str | None

    @property
    def is_effect(self) -> bool:
        return is_effect(self.call)


@dataclass(frozen=True)
class Moment:
    """Where a schedule is, before a port call or after a run, told by hashes; what is to go wrong is no part of it.

    `if_killed` is where it would be if its run died here. `call` is None where no port is called next.
    """

    here: int
    if_killed: int
    call: str | None

    @property
    def is_effect(self) -> bool:
        return is_effect(self.call)


@dataclass
class Memory:
    """The moments of all schedules that came to an end, and those of the one that is being tried."""

    _ends: dict[int, End] = field(default_factory=dict)
    _passed: list[int] = field(default_factory=list)
    # What comes after a moment when no fault comes between.
    _next: dict[int, Moment] = field(default_factory=dict)
    _last: Moment | None = None
    # The first one of the schedule that is being tried, with what its act left.
    first: Moment | None = None

    def pass_by(self, moment: Moment, to_come: ToCome = None) -> None:
        """Take note of a moment; raises Converged where another schedule went through it."""
        if self.first is None:
            self.first = moment
        if self._last is not None:
            self._next.setdefault(self._last.here, moment)
        is_hit = to_come is not None and to_come[0] == 0 and moment.is_effect
        self._last = None if is_hit else moment
        seen = hash((moment.here, to_come))
        if seen in self._ends:
            raise Converged(self._ends[seen])
        self._passed.append(seen)

    def end_at(self, here: int, to_come: ToCome) -> tuple[End] | None:
        """How all end that come to this; None if none has been here."""
        seen = hash((here, to_come))
        return (self._ends[seen],) if seen in self._ends else None

    def after(self, moment: Moment) -> Moment | None:
        return self._next.get(moment.here)

    def begin(self) -> None:
        """Another schedule is tried from here on."""
        self._passed.clear()
        self.first = self._last = None

    def end(self, violated: End) -> None:
        """The schedule came to its end, and so do all that come to one of its moments."""
        self._ends.update(dict.fromkeys(self._passed, violated))


def state_of(world: World) -> Hashable:
    """All that the rest of a schedule can depend on, between two runs; what is to land lands in the next one."""
    scene = world.scene
    return (
        _state_of_late(world),
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


def _state_of_late(world: World) -> Hashable:
    """The effect that is still under way, by what it was asked for, and when it lands."""
    if world.late is None:
        return None
    what: tuple[Hashable, ...] = tuple(_asked(each) for each in world.late.args)
    # A commit is compared with what its run has seen of the file.
    seen = getattr(getattr(world.late.func, "__self__", None), "seen", None)
    return what, seen, world.late_since, world.lands_at


def _asked(what: t.Any) -> Hashable:
    if isinstance(what, Request):
        return what.method, what.path, _sorted(what.query), _sorted(what.headers), what.body
    if isinstance(what, (list, tuple)):
        return tuple(map(_asked, what))
    if isinstance(what, SlotChange):
        return what.slot, what.record, what.published_value, what.removes_value, what.loaded.version
    return t.cast("Hashable", what)


def _state_of_account(account: IamWorld) -> Hashable:
    there = account.keys, account.service_ids, account.users
    return (
        tuple(tuple(_state_of_thing(thing) for thing in things.values()) for things in there),
        _sorted(account.roles),
        repr(account.settings),
    )


def _state_of_thing(thing: object) -> Hashable:
    """IAM shows history and activity to nobody who does not ask for it, and no run does (test_explored.py)."""
    return repr([value for name, value in vars(thing).items() if name not in SHOWN_ON_DEMAND])


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
