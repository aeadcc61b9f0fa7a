# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One schedule of an actor: somebody acts in a run, or after one with a fault, and then quiet runs come to rest."""

from __future__ import annotations

import typing as t
from collections.abc import Hashable
from dataclasses import dataclass, replace

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.marker import split_description
from ansible_collections.cloudkeys.ibmcloud.tests.faults.acting import NothingToDo
from ansible_collections.cloudkeys.ibmcloud.tests.faults.actors import Actor
from ansible_collections.cloudkeys.ibmcloud.tests.faults.explored import Converged, Memory, Snapshot, state_of
from ansible_collections.cloudkeys.ibmcloud.tests.faults.invariants import Violated, check_is_published, file_state
from ansible_collections.cloudkeys.ibmcloud.tests.faults.plots import Orders, Plot
from ansible_collections.cloudkeys.ibmcloud.tests.faults.schedules import Fault, Visit, World
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import HOUR_SECONDS

QUIET_RUNS = 7


def come_to_rest(plot: Plot, world: World, orders: Orders, stage: str) -> str | None:
    """Quiet runs, the first one asked again, until one that asks IAM for the value is idle -> why there is none."""
    world.scene.pass_time(3 * HOUR_SECONDS)
    for number in range(QUIET_RUNS):
        world.stage = stage, number
        outcome = world.run(**(orders if number == 0 else {"verify_values": True}))
        assert outcome is not None
        if outcome.failure is not None:
            return outcome.failure
        world.was_obeyed |= number == 0 and bool(orders)
        if number and plot.is_wanted:
            check_is_published(world.scene)
        if number and outcome.step.name in {"idle", "gone"} and not outcome.swept and not outcome.taken:
            return None
        world.scene.pass_time((plot.policy["overlap_hours"] + plot.policy["soak_hours"] + 8) * HOUR_SECONDS)
    raise Violated("I8: not at rest", f"{outcome.step.name} after {QUIET_RUNS} runs")


def check_rest(plot: Plot, world: World) -> None:
    """At rest: one key, the published one, nothing left over, and nothing to do."""
    scene = world.scene
    record = scene.store.records.get(scene.slot.variable)
    left = {key.id for key in scene.keys().values() if _is_rotations(world, key)}
    if not plot.is_wanted:
        is_kept = scene.value in {None, *world.ledger.persons_values.values(), *world.ledger.taken_values}
        if record or left or not is_kept:
            raise Violated("I3: something is left over", f"{sorted(left)}, {record}")
        return
    check_is_published(scene)
    assert record is not None
    assert record.current is not None
    if left - {record.current.id}:
        raise Violated("I3: something is left over", ", ".join(sorted(left - {record.current.id})))
    if record.pending or record.superseded:
        raise Violated("I8: idle with something on its way", str(record))
    stamp = scene.store.stamp
    scene.emulator.requests.clear()
    world.stage = "at rest"
    world.run()
    if scene.writes() or scene.store.stamp != stamp:
        raise Violated("I7: an idle run writes", ", ".join(scene.writes()) or "a commit")


def _is_rotations(world: World, key: t.Any) -> bool:
    """Whether a key is for the rotation to clear away: what a person struck out and no marker tells is nobody's."""
    ledger, marker = world.ledger, split_description(key.description)[1]
    if key.id in ledger.foreign or key.key_value == world.scene.value:
        return key.id not in ledger.foreign
    record = world.scene.store.records.get(world.scene.slot.variable)
    is_lost = ledger.has_outlived or {key.id, key.key_value} & ledger.struck_out
    is_anothers = marker and record and marker.slot_id != record.slot_id and marker.slot_id in ledger.struck_out
    return not is_anothers and (world.scene.slot.use_marker or not is_lost)


@dataclass(frozen=True)
class Schedule:
    """When somebody acts, and what happens to that run, or to the one before."""

    at: int
    fault: Fault | None = None
    is_fault_before: bool = False

    def __str__(self) -> str:
        before = f"{self.fault} of the run before, " if self.is_fault_before else ""
        return f"{before}@{self.at}" + (f", {self.fault}" if self.fault and not before else "")


@dataclass
class Tally:
    """How many schedules were tried to their end, came to the same as one of those, and were none."""

    tried: int = 0
    same: int = 0
    none: int = 0

    @property
    def counts(self) -> tuple[int, int, int]:
        return self.tried, self.same, self.none

    def __str__(self) -> str:
        return f"{self.tried} tried, {self.same} came to the same, {self.none} with nothing to do"


class Stage:
    """A plot that is played again and again: every schedule begins with a copy of one world.

    A run before with a fault is played once; one that leaves the world as another fault did is the same as that.
    """

    def __init__(self, plot: Plot) -> None:
        self.plot = plot
        world, self.orders = plot.world()
        world.versions_before = len(world.versions)
        self._start = Snapshot(world)
        self._after: dict[Fault, Snapshot] = {}
        self._first_with: dict[Hashable, Fault] = {}
        self._same_as: dict[Fault, Fault] = {}

    def _play_before(self, fault: Fault) -> World:
        world = self._start.world()
        world.run(fault, **self.orders)
        return world

    def begin(self, schedule: Schedule) -> tuple[World, Fault | None]:
        """The world in which the actor's run begins, and the fault; of those before, the first that leads to it."""
        fault = schedule.fault
        if fault is None or not schedule.is_fault_before:
            return self._start.world(), fault
        if fault not in self._same_as:
            world = self._play_before(fault)
            versions = [*world.versions[:1], *world.versions[-1:]]
            # What is still under way is compared with nothing.
            state = fault if world.late else (state_of(world), repr(versions))
            first = self._same_as[fault] = self._first_with.setdefault(state, fault)
            if first == fault and world.late is None:
                self._after[fault] = Snapshot(world)
        first = self._same_as[fault]
        found = self._after.get(first)
        return (found.world() if found else self._play_before(first)), first


# What a schedule violates, by its kind and in words.
End = t.Optional[tuple[str, str]]


class Play:
    """The schedules of one actor on a stage, each tried as far as it is not the same as another one."""

    def __init__(self, stage: Stage, actor: Actor) -> None:
        self._stage, self._actor = stage, actor
        self._memory = Memory()
        self._ends: dict[Schedule, End] = {}
        # Faults that end the run before this port call: whoever comes later acts after the run.
        self._ended_before: dict[Fault, int] = {}
        self.tally = Tally()

    def try_one(self, schedule: Schedule) -> End:
        """One schedule -> what is violated; an earlier one may tell."""
        world, first = self._stage.begin(schedule)
        same = replace(schedule, at=self._reached(schedule), fault=first)
        if same in self._ends:
            self.tally.same += 1
            return self._ends[same]
        world.memory, violated = self._memory, None
        try:
            self._play(world, schedule)
        except NothingToDo:
            self._memory.forget_this_one()
            self.tally.none += 1
            return None
        except Converged as other:
            violated = other.violated
            self.tally.same += 1
        except Violated as error:
            violated = error.kind, str(error)
            self.tally.tried += 1
        else:
            self.tally.tried += 1
        self._memory.end(violated)
        self._ends[same] = violated
        return violated

    def _reached(self, schedule: Schedule) -> int:
        """When the actor comes: at the latest when the fault has ended the run."""
        if schedule.fault is None or schedule.is_fault_before:
            return schedule.at
        return min(schedule.at, self._ended_before.get(schedule.fault, schedule.at))

    def _play(self, world: World, schedule: Schedule) -> None:
        actor, orders = self._actor, self._stage.orders
        fault = None if schedule.is_fault_before else schedule.fault
        world.run(fault, Visit(schedule.at, actor.act), **orders)
        if not world.has_been_visited:
            if fault is not None:
                self._ended_before.setdefault(fault, schedule.at)
            world.let_act(actor.act)
        _settle(self._stage.plot, actor, world, orders)


def _settle(plot: Plot, actor: Actor, world: World, orders: Orders) -> None:
    """To rest with what the actor left, or else once that is undone."""
    why_stopped = come_to_rest(plot, world, orders, "as it was left")
    if why_stopped and actor.is_harmless and actor.name not in plot.stops_after:
        raise Violated("harmless: the slot does not come to rest by itself", why_stopped)
    if why_stopped:
        if world.undo:
            world.undo()
        why_stopped = come_to_rest(plot, world, {}, "undone")
    if why_stopped and actor.may_stay_stopped:
        return
    if why_stopped:
        raise Violated("stuck: undone, and it still stops", why_stopped)
    check_rest(plot, world)
    if world.was_obeyed:
        _check_order(plot, world, orders)


def _check_order(plot: Plot, world: World, orders: Orders) -> None:
    """A run that ended well has done what it was told; what was rolled back may have been replaced since."""
    wanted = orders.get("rollback_to_ids", frozenset())
    states = [*world.versions, file_state(world.scene)][world.versions_before + 1 :]
    records = [record for state in states for record in state.records.values()]
    published = {record.current.id for record in records if record.current}
    try:
        if not wanted or not wanted & published:
            plot.check_end(world, orders)
    except AssertionError as error:
        raise Violated("I15: green, and the order was not carried out", str(error).partition("\n")[0]) from None
