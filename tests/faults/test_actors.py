# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Somebody else acts between two port calls of a run: nothing is lost, and what is undone is over."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import pytest
import yaml
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.marker import split_description
from ansible_collections.cloudkeys.ibmcloud.tests.faults.acting import NothingToDo
from ansible_collections.cloudkeys.ibmcloud.tests.faults.actors import ACTORS, Actor
from ansible_collections.cloudkeys.ibmcloud.tests.faults.invariants import Violated, check_is_published, file_state
from ansible_collections.cloudkeys.ibmcloud.tests.faults.more_plots import ALL_PLOTS, MORE_PLOTS
from ansible_collections.cloudkeys.ibmcloud.tests.faults.plots import Orders, Plot
from ansible_collections.cloudkeys.ibmcloud.tests.faults.schedules import FAULTS, Fault, Visit, World, every_fault
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import HOUR_SECONDS

Record = t.Callable[[str, object], None]
QUIET_RUNS = 7
# Of the schedules of one actor with one fault, without `--all-pairs`.
SAMPLE = 2
KNOWN: dict[str, dict[str, dict[str, list[str]]]] = yaml.safe_load(
    Path(__file__).with_name("known_violations.yml").read_text(encoding="utf-8")
)


def come_to_rest(plot: Plot, world: World, orders: Orders) -> str | None:
    """Quiet runs, the first one asked again, until one that asks IAM for the value is idle -> why there is none."""
    world.scene.pass_time(3 * HOUR_SECONDS)
    for number in range(QUIET_RUNS):
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


def play(plot: Plot, actor: Actor, schedule: Schedule) -> bool:
    """One schedule -> whether the actor had something to do; raises Violated."""
    world, orders = plot.world()
    world.versions_before = len(world.versions)
    if schedule.is_fault_before:
        world.run(schedule.fault, **orders)
    try:
        world.run(None if schedule.is_fault_before else schedule.fault, Visit(schedule.at, actor.act), **orders)
        if not world.has_been_visited:
            world.undo = actor.act(world)
    except NothingToDo:
        return False
    _settle(plot, actor, world, orders)
    return True


def _settle(plot: Plot, actor: Actor, world: World, orders: Orders) -> None:
    """To rest with what the actor left, or else once that is undone."""
    why_stopped = come_to_rest(plot, world, orders)
    if why_stopped and actor.is_harmless:
        raise Violated("harmless: the slot does not come to rest by itself", why_stopped)
    if why_stopped:
        if world.undo:
            world.undo()
        why_stopped = come_to_rest(plot, world, {})
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


def without_a_fault(plot: Plot) -> Iterator[Schedule]:
    """Before each port call of an undisturbed run, and after the last one."""
    world, orders = plot.world()
    world.run(**orders)
    for at in range(len(world.calls) + 1):
        yield Schedule(at)


def with_a_fault(plot: Plot) -> Iterator[Schedule]:
    """Each of these, with each kind of fault at each effect of that run, and of the one before."""
    faults = [Fault(at, kind, at // 2) for at in range(plot.effects()) for kind in FAULTS]
    for schedule in without_a_fault(plot):
        for fault in faults:
            yield replace(schedule, fault=fault)
            yield replace(schedule, fault=fault, is_fault_before=True)


def some_of(schedules: Iterable[Schedule], seed: str) -> list[Schedule]:
    """A few, the same in each run."""
    # No secret: the choice is to be spread, and the same in each run.
    return Random(seed).sample(list(schedules), SAMPLE)


def violations(plot: Plot, actor: Actor, schedules: Iterable[Schedule]) -> tuple[int, dict[str, list[str]]]:
    """How many of them there are for this actor, and what is violated where, by kind."""
    count, found = 0, dict[str, list[str]]()
    for schedule in schedules:
        try:
            count += play(plot, actor, schedule)
        except Violated as error:
            count += 1
            found.setdefault(error.kind, []).append(f"{schedule}: {error}")
    return count, found


def check_known(name: str, actor: Actor, found: dict[str, list[str]], *, has_faults: bool, are_all: bool) -> None:
    """Fail for what is violated and not known, and for what is known and, where `are_all` were tried, not violated."""
    alone, faulty = (set(KNOWN[part].get(name, {}).get(actor.name, [])) for part in ("alone", "with a fault"))
    known = alone | faulty if has_faults else alone
    new = [f"{name}, {actor.name} {where}" for kind in found.keys() - known for where in found[kind]]
    assert not new, "\n".join(new)
    over = sorted((faulty if has_faults else alone) - found.keys()) if are_all else []
    assert not over, f"no longer violated, take it off known_violations.yml: {name}, {actor.name}, {over}"


@pytest.mark.parametrize("actor", ACTORS, ids=lambda actor: actor.name)
@pytest.mark.parametrize("name", ALL_PLOTS)
def test_nobody_between_two_calls_makes_a_run_lose_anything(name: str, actor: Actor, record_property: Record) -> None:
    plot = ALL_PLOTS[name]
    count, found = violations(plot, actor, without_a_fault(plot))
    record_property("actors", count)
    check_known(name, actor, found, has_faults=False, are_all=True)


@pytest.mark.parametrize("actor", ACTORS, ids=lambda actor: actor.name)
@pytest.mark.parametrize("name", ALL_PLOTS)
def test_nobody_makes_a_run_with_a_fault_lose_anything(
    name: str, actor: Actor, pytestconfig: pytest.Config, record_property: Record
) -> None:
    plot = ALL_PLOTS[name]
    schedules, are_all = with_a_fault(plot), bool(pytestconfig.getoption("--all-pairs"))
    if not are_all:
        schedules = some_of(schedules, f"{name}, {actor.name}")
    count, found = violations(plot, actor, schedules)
    record_property("actors with a fault", count)
    check_known(name, actor, found, has_faults=True, are_all=are_all)


@pytest.mark.parametrize("name", MORE_PLOTS)
def test_any_one_fault_loses_nothing_in_more_plots(name: str, record_property: Record) -> None:
    plot = ALL_PLOTS[name]
    schedules = [Schedule(0, fault) for fault in every_fault(plot.effects())]
    count, found = violations(plot, ACTORS[0], schedules)
    record_property("shown", f"{name}: {count} schedules of one fault")
    check_known(name, ACTORS[0], found, has_faults=True, are_all=False)
