# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Schedules of one fault and of two; then quiet runs end with one key that works and nothing left over.

Of one fault all are tried, of two one in sixty, each played alone. With `--all-pairs` all are tried, and what comes to
the same as another one is not played to its end (decisions 45 and 68).
"""

from __future__ import annotations

import contextlib
import typing as t
from collections.abc import Iterator

import pytest
from ansible_collections.cloudkeys.ibmcloud.tests.faults.copies import Snapshot
from ansible_collections.cloudkeys.ibmcloud.tests.faults.disturbances import FAULTS, Fault, every_fault
from ansible_collections.cloudkeys.ibmcloud.tests.faults.explored import Converged, Memory
from ansible_collections.cloudkeys.ibmcloud.tests.faults.plots import PLOTS, Orders, Plot
from ansible_collections.cloudkeys.ibmcloud.tests.faults.staging import Schedule, Stage, same_fault
from ansible_collections.cloudkeys.ibmcloud.tests.faults.world import World
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import HOUR_SECONDS

Record = t.Callable[[str, object], None]
QUIET_RUNS = 5


def finish(plot: Plot, world: World, orders: Orders, why: object) -> None:
    """Quiet runs to the end, the first one asked again: it leaves nothing pending, the last one key and no orphan."""
    world.scene.pass_time(3 * HOUR_SECONDS)
    for number in range(QUIET_RUNS):
        world.stage = number
        outcome = world.run(**(orders if number == 0 else {}))
        assert outcome is not None
        assert outcome.failure is None, f"{why}: {outcome.failure}"
        assert world.scene.record.pending is None, f"I3: {why}: still pending after a quiet run"
        if outcome.step.name == "idle" and not outcome.swept and not outcome.taken:
            break
        world.scene.pass_time((plot.policy["overlap_hours"] + plot.policy["soak_hours"] + 8) * HOUR_SECONDS)
    ours = [key for key in world.scene.keys().values() if "cloudkeys" in (key.description or "")]
    assert [key.key_value for key in ours] == [world.scene.value], f"I3: {why}: something is left over"
    assert world.scene.record.superseded == (), f"I8: {why}: not idle after {QUIET_RUNS} runs"
    world.scene.emulator.requests.clear()
    world.stage = "at rest"
    assert world.run() is not None
    assert world.scene.writes() == [], f"I7: {why}: an idle run writes"
    plot.check_end(world, orders)


@pytest.mark.parametrize("name", PLOTS)
def test_any_one_fault_loses_nothing(name: str, record_property: Record) -> None:
    plot, count = PLOTS[name], 0
    for fault in every_fault(plot.effects()):
        world, orders = plot.world()
        world.run(fault, **orders)
        finish(plot, world, orders, fault)
        count += 1
    record_property("shown", f"{name}: {count} schedules of one fault, 0 violations")
    assert count > 40


def after_one_fault(plot: Plot, fault: Fault) -> tuple[World, Orders]:
    """The world right before the second run: in a plot with an overlap it is the one that retires."""
    world, orders = plot.world()
    world.run(fault, **orders)
    world.scene.pass_time(world.scene.slot.policy.overlap_hours * HOUR_SECONDS)
    return world, orders


def some_pairs(plot: Plot) -> Iterator[tuple[Fault, Fault]]:
    """Each fault with each place of a second one, whose kind changes from pair to pair."""
    effects = plot.effects()
    for at in range(effects):
        for kind in FAULTS:
            for second_at in range(effects):
                yield Fault(at, kind, second_at // 2), Fault(second_at, FAULTS[(at + second_at) % 4])


def try_some_pairs(plot: Plot) -> int:
    """Each played alone and from its beginning -> how many there are."""
    count = 0
    for first, second in some_pairs(plot):
        world, orders = after_one_fault(plot, first)
        world.run(second, **orders)
        finish(plot, world, orders, f"{first}, then {second}")
        count += 1
    return count


def try_all_pairs(plot: Plot) -> int:
    """Each fault, and then each that its second run can meet -> how many there are."""
    stage, memory, counts = Stage(plot), Memory(), dict[Fault | None, int]()
    for first in every_fault(plot.effects()):
        world, same_as = stage.begin(Schedule(0, first, is_fault_before=True))
        if same_as not in counts:
            world.scene.pass_time(world.scene.slot.policy.overlap_hours * HOUR_SECONDS)
            counts[same_as] = try_each_second(stage, Snapshot(world), memory, first)
        counts[first] = counts[same_as]
    return sum(counts.values())


def try_each_second(stage: Stage, start: Snapshot, memory: Memory, first: Fault) -> int:
    """Whatever comes to the same as one before has ended well, as all have that are remembered."""
    undisturbed, tried, count = start.world(), set[Fault](), 0
    undisturbed.run(**stage.orders)
    for second in every_fault(len(undisturbed.done)):
        count += 1
        same = same_fault(undisturbed.done[second.at], second)
        if same in tried:
            continue
        tried.add(same)
        world = start.world()
        world.compare_with(memory)
        with contextlib.suppress(Converged):
            world.run(second, **stage.orders)
            world.pass_by_end()
            finish(stage.plot, world, stage.orders, f"{first}, then {second}")
        memory.end(None)
    return count


@pytest.mark.daily_slice
@pytest.mark.parametrize("name", PLOTS)
def test_two_faults_in_a_row_lose_nothing(name: str, pytestconfig: pytest.Config, record_property: Record) -> None:
    are_all = pytestconfig.getoption("--all-pairs")
    count = (try_all_pairs if are_all else try_some_pairs)(PLOTS[name])
    which = "all pairs" if are_all else "some pairs"
    record_property("shown", f"{name}: {count} schedules of two faults, {which}, 0 violations")
    assert count > 100
