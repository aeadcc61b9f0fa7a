# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A schedule that came to the same as another one would have ended like it, played alone and from its beginning."""

from __future__ import annotations

import contextlib
import typing as t
from dataclasses import replace

import pytest
from ansible_collections.cloudkeys.ibmcloud.tests.faults.acting import NothingToDo
from ansible_collections.cloudkeys.ibmcloud.tests.faults.actors import ACTORS, Actor
from ansible_collections.cloudkeys.ibmcloud.tests.faults.explored import End, state_before_act, state_of
from ansible_collections.cloudkeys.ibmcloud.tests.faults.invariants import Violated
from ansible_collections.cloudkeys.ibmcloud.tests.faults.more_plots import ALL_PLOTS
from ansible_collections.cloudkeys.ibmcloud.tests.faults.playing import Play, play_out
from ansible_collections.cloudkeys.ibmcloud.tests.faults.schedules import Fault, World
from ansible_collections.cloudkeys.ibmcloud.tests.faults.staging import Schedule, Stage
from ansible_collections.cloudkeys.ibmcloud.tests.faults.test_actors import with_a_fault, without_a_fault
from ansible_collections.cloudkeys.ibmcloud.tests.faults.watched_ports import only_looks

EVERY = 13
ON_DEMAND = {"include_history", "include_activity"}


class Watched(Play):
    """A play that tells of each schedule how it left the world, and not only what it violated."""

    def play(self, world: World, schedule: Schedule) -> None:
        with leaving(world):
            super().play(world, schedule)


@contextlib.contextmanager
def leaving(world: World) -> t.Iterator[None]:
    kind = "at rest"
    try:
        yield
    except Violated as error:
        kind = error.kind
    # What never landed is left out: a commit that comes too late for its file is forgotten at once, or later.
    world.late = None
    raise Violated(f"{kind}, {hash(state_of(world))}")


def alone(stage: Stage, actor: Actor, schedule: Schedule) -> str | None:
    """How a schedule ends when all of it is played, and nothing is compared with another one."""
    world, fault = stage.start(), schedule.fault
    if schedule.is_fault_before:
        world.run(fault, **stage.orders)
        fault = None
    try:
        with leaving(world):
            play_out(stage.plot, actor, world, stage.orders, schedule.at, fault)
    except NothingToDo:
        return None
    except Violated as error:
        return error.kind
    return None


@pytest.mark.parametrize(
    ("name", "actor_name"),
    [
        ("rolled back", "deletes the replaced key"),
        ("withdrawn", "disables the published key"),
        ("first, staged", "reverts the file by one version"),
        ("due, with a copy", "marks the pending key as another slot's"),
        ("due, iam, with overlap", "runs it too"),
    ],
)
def test_what_came_to_the_same_ends_alike(name: str, actor_name: str) -> None:
    # Called harmless, some of them end in a violation, so that there are such ends to be told apart, too.
    actor = replace(next(each for each in ACTORS if each.name == actor_name), is_harmless=True)
    plot, stage = ALL_PLOTS[name], Stage(ALL_PLOTS[name])
    schedules = [*without_a_fault(plot), *list(with_a_fault(plot))[::EVERY]]
    play = Watched(stage, actor)
    together = {schedule: _kind(play.try_one(schedule)) for schedule in schedules}
    apart = {schedule: alone(stage, actor, schedule) for schedule in schedules}
    assert play.tally.same > 0
    assert {at: end for at, end in together.items() if end != apart[at]} == {}
    assert len(set(apart.values())) > 1


def _kind(end: End) -> str | None:
    return end and end[0]


@pytest.mark.parametrize("name", ALL_PLOTS)
def test_what_only_looks_leaves_the_world_as_it_is(name: str) -> None:
    """So a fault there is the same as another one, and what comes late of it changes nothing."""
    stage = Stage(ALL_PLOTS[name])
    world = stage.start()
    world.run(**stage.orders)
    looks = [at for at, effect in enumerate(world.done) if only_looks(effect)]
    assert looks
    for at in looks:
        killed, killed_after = (stage.start() for _each in range(2))
        killed.run(Fault(at, "killed before"), **stage.orders)
        killed_after.run(Fault(at, "killed after"), **stage.orders)
        assert state_before_act(killed) == state_before_act(killed_after), world.done[at]


@pytest.mark.parametrize("name", ALL_PLOTS)
def test_no_run_asks_for_what_is_shown_on_demand(name: str) -> None:
    """Nor does anything follow from it then."""
    world, orders = ALL_PLOTS[name].world()
    world.run(**orders)
    asked = {parameter for entry in world.scene.emulator.requests for parameter in entry["query"]}
    assert asked
    assert not asked & ON_DEMAND
