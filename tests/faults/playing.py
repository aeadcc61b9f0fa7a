# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One schedule of an actor: somebody acts in a run, or after one with a fault, and then quiet runs come to rest."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.marker import split_description
from ansible_collections.cloudkeys.ibmcloud.tests.faults.acting import NothingToDo
from ansible_collections.cloudkeys.ibmcloud.tests.faults.actors import Actor
from ansible_collections.cloudkeys.ibmcloud.tests.faults.disturbances import Fault, Visit
from ansible_collections.cloudkeys.ibmcloud.tests.faults.explored import Converged, End, Memory, Moment
from ansible_collections.cloudkeys.ibmcloud.tests.faults.invariants import Violated, check_is_published, file_state
from ansible_collections.cloudkeys.ibmcloud.tests.faults.plots import Orders, Plot
from ansible_collections.cloudkeys.ibmcloud.tests.faults.staging import Place, Schedule, Stage, same_fault
from ansible_collections.cloudkeys.ibmcloud.tests.faults.world import World
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


@dataclass
class Tally:
    """How many schedules were tried to their end, came to the same as one of those, and were none."""

    tried: int = 0
    same: int = 0
    none: int = 0

    def add(self, count: str) -> None:
        setattr(self, count, getattr(self, count) + 1)

    @property
    def counts(self) -> tuple[int, int, int]:
        return self.tried, self.same, self.none

    def __str__(self) -> str:
        return f"{self.tried} tried, {self.same} came to the same, {self.none} with nothing to do"


class Play:
    """The schedules of one actor on a stage, each tried as far as it is not the same as another one."""

    def __init__(self, stage: Stage, actor: Actor) -> None:
        self._stage, self._actor = stage, actor
        self._memory = Memory()
        self._ends: dict[Place, End] = {}
        # Where the actor has nothing to do, and what comes first where it has.
        self._idle: set[int] = set()
        self._first: dict[int, Moment] = {}
        self.tally = Tally()

    def try_one(self, schedule: Schedule) -> End:
        """One schedule -> what is violated; an earlier one may tell."""
        place = self._stage.place(schedule)
        if place is not None and place.to_come is not None and not self._has_been_at(place):
            # The run without the fault tells where each fault hits it.
            self._try(replace(schedule, fault=None), place.here)
        if place is not None and place.here in self._idle:
            self.tally.none += 1
            return None
        known = self._known(place) if place is not None else None
        if known is not None:
            self.tally.same += 1
            return known[0]
        count, violated = self._try(schedule, place.here if place is not None else None)
        self.tally.add(count)
        if place is not None and count != "none":
            self._ends[place] = violated
        return violated

    def _has_been_at(self, place: Place) -> bool:
        return place.here in self._first or place.here in self._idle

    def _known(self, place: Place) -> tuple[End] | None:
        """How a schedule ends that comes to the same as another one, told without playing it."""
        if place in self._ends:
            return (self._ends[place],)
        moment: Moment | None = self._first.get(place.here)
        if place.to_come is None or moment is None:
            return None
        fault = Fault(*place.to_come)
        while moment is not None:
            if moment.call is None:
                # The run is over before the fault.
                return self._memory.end_at(moment.here, None)
            is_hit = moment.is_effect and fault.at == 0
            fault = same_fault(moment.call, fault) if is_hit else fault
            known = self._memory.end_at(moment.here, (fault.at, fault.kind, fault.lands_at))
            if known is None and is_hit and fault.kind == "killed before":
                known = self._memory.end_at(moment.if_killed, None)
            if known is not None or is_hit:
                return known
            fault = replace(fault, at=fault.at - moment.is_effect)
            moment = self._memory.after(moment)
        return None

    def _try(self, schedule: Schedule, here: int | None) -> tuple[str, End]:
        """Play it to its end, or to where another one has been -> which of the counts it is, and what is violated."""
        world, _first = self._stage.begin(schedule)
        self._memory.begin()
        world.memory, violated, count = self._memory, None, "tried"
        try:
            self.play(world, schedule)
        except NothingToDo:
            if here is not None:
                self._idle.add(here)
            return "none", None
        except Converged as other:
            violated, count = other.violated, "same"
        except Violated as error:
            violated = error.kind, str(error)
        if here is not None and self._memory.first is not None:
            self._first.setdefault(here, self._memory.first)
        self._memory.end(violated)
        return count, violated

    def play(self, world: World, schedule: Schedule) -> None:
        """The actor's part of a schedule, whose run before is over."""
        fault = None if schedule.is_fault_before else schedule.fault
        play_out(self._stage.plot, self._actor, world, self._stage.orders, schedule.at, fault)


def play_out(plot: Plot, actor: Actor, world: World, orders: Orders, at: int, fault: Fault | None) -> None:
    """The run in which somebody acts, or after which, with what goes wrong in it, and then to rest."""
    world.run(fault, Visit(at, actor.act), **orders)
    if not world.has_been_visited:
        world.let_act(actor.act)
    world.pass_by_end()
    _settle(plot, actor, world, orders)


def _settle(plot: Plot, actor: Actor, world: World, orders: Orders) -> None:
    """To rest with what the actor left, or else once that is undone."""
    why_stopped = come_to_rest(plot, world, orders, "as it was left")
    if why_stopped and actor.is_harmless and actor.name not in plot.stops_after:
        raise Violated("harmless: the slot does not come to rest by itself", why_stopped)
    if why_stopped:
        world.take_back()
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
