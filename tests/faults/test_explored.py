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
from ansible_collections.cloudkeys.ibmcloud.tests.faults.disturbances import Fault
from ansible_collections.cloudkeys.ibmcloud.tests.faults.explored import (
    Converged,
    End,
    Memory,
    state_before_act,
    state_of,
)
from ansible_collections.cloudkeys.ibmcloud.tests.faults.invariants import Violated
from ansible_collections.cloudkeys.ibmcloud.tests.faults.more_plots import ALL_PLOTS
from ansible_collections.cloudkeys.ibmcloud.tests.faults.playing import Play, play_out
from ansible_collections.cloudkeys.ibmcloud.tests.faults.staging import Schedule, Stage
from ansible_collections.cloudkeys.ibmcloud.tests.faults.test_actors import with_a_fault, without_a_fault
from ansible_collections.cloudkeys.ibmcloud.tests.faults.watched_ports import only_looks
from ansible_collections.cloudkeys.ibmcloud.tests.faults.world import World

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
    # A commit that comes too late for its file is forgotten at once or never, which is the same.
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
        ("due, with a copy", "writes another value into the copy"),
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


def passed(memory: Memory, world: World) -> bool:
    """Whether a schedule of before was where this one is now; it ends here."""
    world.memory = memory
    memory.begin()
    try:
        world.pass_by()
    except Converged:
        return True
    finally:
        memory.end(None)
    return False


def test_what_would_be_undone_tells_two_schedules_apart() -> None:
    stage, memory = Stage(ALL_PLOTS["idle"]), Memory()

    def visited(before: str) -> World:
        def undo() -> None:
            raise AssertionError(before)

        world = stage.start()
        world.memory = memory
        world.let_act(lambda world: undo)
        return world

    assert not passed(memory, visited("one value"))
    assert not passed(memory, visited("another value"))
    assert passed(memory, visited("one value"))


@pytest.mark.parametrize("effect", ["commit", "POST /v1/apikeys"])
def test_what_is_still_to_land_tells_two_schedules_apart(effect: str) -> None:
    stage, memory = Stage(ALL_PLOTS["due, local, at once"]), Memory()
    world = stage.start()
    world.run(**stage.orders)
    at = world.done.index(effect)

    def hit(fault: Fault, *, is_touched: bool = False) -> World:
        # Copied with its world, what is to land lands in the copy.
        world = stage.begin(Schedule(0, fault, is_fault_before=True))[0]
        world.has_been_visited = True
        world.scene.store.stamp += is_touched
        return world

    assert not passed(memory, hit(Fault(at, "killed before")))
    assert not passed(memory, hit(Fault(at, "lands late", 1)))
    assert not passed(memory, hit(Fault(at, "lands late", 2)))
    assert passed(memory, hit(Fault(at, "lands late", 1)))
    # A commit that comes too late for its file is as good as none.
    assert not passed(memory, hit(Fault(at, "killed before"), is_touched=True))
    assert passed(memory, hit(Fault(at, "lands late", 1), is_touched=True)) == (effect == "commit")


def test_what_lands_late_lands_in_the_copy_of_its_world() -> None:
    stage = Stage(ALL_PLOTS["due, local, at once"])
    world = stage.start()
    world.run(**stage.orders)
    late = Schedule(0, Fault(world.done.index("POST /v1/apikeys"), "lands late", 0), is_fault_before=True)
    one, other = (stage.begin(late)[0] for _each in range(2))
    keys = set(one.scene.keys())
    one.run(**stage.orders)
    assert set(one.scene.keys()) - keys
    assert set(other.scene.keys()) == keys
