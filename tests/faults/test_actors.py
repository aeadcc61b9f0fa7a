# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Somebody else acts between two port calls of a run: nothing is lost, and what is undone is over."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Iterable, Iterator
from dataclasses import replace
from random import Random

import pytest
from ansible_collections.cloudkeys.ibmcloud.tests.faults.actors import ACTORS, Actor
from ansible_collections.cloudkeys.ibmcloud.tests.faults.disturbances import FAULTS, Fault, every_fault
from ansible_collections.cloudkeys.ibmcloud.tests.faults.more_plots import ALL_PLOTS, MORE_PLOTS
from ansible_collections.cloudkeys.ibmcloud.tests.faults.playing import Play, Tally
from ansible_collections.cloudkeys.ibmcloud.tests.faults.plots import Plot
from ansible_collections.cloudkeys.ibmcloud.tests.faults.staging import Schedule, Stage

Record = t.Callable[[str, object], None]
# Of the schedules of one actor with one fault, without `--all-pairs`: others each day.
SAMPLE = 12


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
    """A few, the same for the same seed."""
    # No secret: the choice is to be spread, and the same for one seed.
    found = list(schedules)
    return Random(seed).sample(found, min(SAMPLE, len(found)))


@functools.lru_cache(maxsize=1)
def stage_of(name: str) -> Stage:
    """The tests of one plot follow each other."""
    return Stage(ALL_PLOTS[name])


def violations(name: str, actor: Actor, schedules: Iterable[Schedule]) -> tuple[Tally, dict[str, list[str]]]:
    """How many of them there are for this actor, and what is violated where, by kind."""
    play, found = Play(stage_of(name), actor), dict[str, list[str]]()
    for schedule in schedules:
        violated = play.try_one(schedule)
        if violated is not None:
            found.setdefault(violated[0], []).append(f"{schedule}: {violated[1]}")
    return play.tally, found


@pytest.mark.daily_slice
@pytest.mark.parametrize("actor", ACTORS, ids=lambda actor: actor.name)
@pytest.mark.parametrize("name", ALL_PLOTS)
def test_nobody_between_two_calls_makes_a_run_lose_anything(name: str, actor: Actor, record_property: Record) -> None:
    plot = ALL_PLOTS[name]
    tally, found = violations(name, actor, without_a_fault(plot))
    record_property("actors", tally.counts)
    assert found == {}


@pytest.mark.daily_slice
@pytest.mark.parametrize("actor", ACTORS, ids=lambda actor: actor.name)
@pytest.mark.parametrize("name", ALL_PLOTS)
def test_nobody_makes_a_run_with_a_fault_lose_anything(
    name: str, actor: Actor, pytestconfig: pytest.Config, record_property: Record
) -> None:
    plot = ALL_PLOTS[name]
    schedules: Iterable[Schedule] = with_a_fault(plot)
    if not pytestconfig.getoption("--all-pairs"):
        schedules = some_of(schedules, f"{name}, {actor.name}, {pytestconfig.getoption('--slice')}")
    tally, found = violations(name, actor, schedules)
    record_property("actors with a fault", tally.counts)
    assert found == {}


@pytest.mark.parametrize("name", MORE_PLOTS)
def test_any_one_fault_loses_nothing_in_more_plots(name: str, record_property: Record) -> None:
    plot = ALL_PLOTS[name]
    schedules = [Schedule(0, fault) for fault in every_fault(plot.effects())]
    tally, found = violations(name, ACTORS[0], schedules)
    record_property("shown", f"{name}: schedules of one fault: {tally}")
    assert found == {}


@pytest.mark.parametrize(
    "actor_name", ["drops the record", "reverts the file by one version", "reverts the file to its first version"]
)
def test_a_marker_that_lands_after_its_record_was_lost_is_one_clear_stop(actor_name: str) -> None:
    """Nothing proves that no other slot has it, so no run takes it away; once a person has, all is well."""
    actor = next(each for each in ACTORS if each.name == actor_name)
    world, _orders = ALL_PLOTS["adopted"].world()
    world.run()
    marking = next(number for number, effect in enumerate(world.done) if effect.startswith("PUT "))
    # It lands between the look at the key that is adopted again and the commit of its new record.
    late = Fault(marking, "lands late", world.done.index("commit"))

    world, _orders = ALL_PLOTS["adopted"].world()
    world.run(late)
    world.let_act(actor.act)
    outcome = world.run()
    assert outcome is not None
    assert "carries the marker of another slot" in str(outcome.failure)
    assert "take the marker away if that is this one" in str(outcome.failure)

    stamp, world.scene.emulator.requests[:] = world.scene.store.stamp, []
    again = world.run()
    assert again is not None
    assert again.failure == outcome.failure
    assert (world.scene.writes(), world.scene.store.stamp) == ([], stamp)

    assert Play(stage_of("adopted"), actor).try_one(Schedule(0, late, is_fault_before=True)) is None


@pytest.mark.parametrize("name", ["found key retired", "absent, at once"])
def test_an_owner_that_goes_between_a_look_at_it_and_the_list_of_its_keys_is_one_clear_stop(name: str) -> None:
    """A delete lands before the run's own, so the run asks whether the key is gone; somebody deletes the owner then."""
    plot, actor = ALL_PLOTS[name], next(each for each in ACTORS if each.name == "makes the owner again")
    world, orders = plot.world()
    world.run(**orders)
    deleting = next(number for number, effect in enumerate(world.done) if effect.startswith("DELETE "))
    play, found = Play(stage_of(name), actor), list[Schedule]()
    for at in range(len(world.calls) + 1):
        schedule = Schedule(at, Fault(deleting, "lands late", deleting // 2), is_fault_before=True)
        if play.try_one(schedule) is not None:
            found.append(schedule)
    assert found == []
