# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""All schedules of one fault and of two; then quiet runs end with one key that works and nothing left over."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

import pytest
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import (
    DAY_SECONDS,
    HOUR_SECONDS,
    Scene,
)

from .schedules import FAULTS, Fault, World

Record = t.Callable[[str, object], None]

AT_ONCE = {"overlap_hours": 0, "soak_hours": 0, "quiet_hours": 0}
WITH_OVERLAP = {"overlap_hours": 72, "soak_hours": 1, "quiet_hours": 0}
CONFIGURATIONS: dict[str, dict[str, t.Any]] = {
    "local, at once": AT_ONCE,
    "local, with overlap": WITH_OVERLAP,
    "iam, at once": {**AT_ONCE, "key_source": "iam"},
    "iam, with overlap": {**WITH_OVERLAP, "key_source": "iam"},
}


def due_world(policy: dict[str, t.Any]) -> World:
    """A slot whose key is due, and a foreign key beside it."""
    scene = Scene(**policy)
    scene.run()
    foreign = scene.visitor.create_key(name="deploy (next)", iam_id=scene.owner["iam_id"], description="by hand")
    scene.pass_time(91 * DAY_SECONDS)
    return World(scene, foreign={foreign["id"]: scene.keys()[foreign["id"]].entity_tag})


def effects_of_a_run(policy: dict[str, t.Any]) -> int:
    world = due_world(policy)
    assert world.run() is not None
    return len(world.done)


def finish(world: World, why: object) -> None:
    """Quiet runs to the end: the first leaves nothing pending, the last one key and no orphan."""
    world.scene.pass_time(3 * HOUR_SECONDS)
    for _run in range(4):
        outcome = world.run()
        assert outcome is not None
        assert outcome.failure is None, f"{why}: {outcome.failure}"
        assert world.scene.record.pending is None, f"I3: {why}: still pending after a quiet run"
        world.scene.pass_time(80 * HOUR_SECONDS)
    ours = [key for key in world.scene.keys().values() if "cloudkeys" in (key.description or "")]
    assert [key.key_value for key in ours] == [world.scene.value], f"I3: {why}: something is left over"
    assert world.scene.record.superseded == (), f"I8: {why}: not idle after four runs"
    world.scene.emulator.requests.clear()
    outcome = world.run()
    assert outcome is not None
    assert world.scene.writes() == [], f"I7: {why}: an idle run writes"


def first_faults(policy: dict[str, t.Any]) -> Iterator[Fault]:
    effects = effects_of_a_run(policy)
    for at in range(effects):
        for kind in FAULTS[:-1]:
            yield Fault(at, kind)
        for lands_at in range(effects):
            yield Fault(at, "lands late", lands_at)


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_any_one_fault_loses_nothing(name: str, record_property: Record) -> None:
    count = 0
    for fault in first_faults(CONFIGURATIONS[name]):
        world = due_world(CONFIGURATIONS[name])
        world.run(fault)
        finish(world, fault)
        count += 1
    record_property("shown", f"{name}: {count} schedules of one fault, 0 violations")
    assert count > 100


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_any_two_faults_in_a_row_lose_nothing(name: str, record_property: Record) -> None:
    policy, count = CONFIGURATIONS[name], 0
    effects = effects_of_a_run(policy)
    for at in range(effects):
        for kind in FAULTS:
            for second_at in range(effects):
                first, second = Fault(at, kind, second_at // 2), Fault(second_at, FAULTS[(at + second_at) % 4])
                world = due_world(policy)
                world.run(first)
                # In a configuration with an overlap the second run is the one that retires.
                world.scene.pass_time(world.scene.slot.policy.overlap_hours * HOUR_SECONDS)
                world.run(second)
                finish(world, f"{first}, then {second}")
                count += 1
    record_property("shown", f"{name}: {count} schedules of two faults, 0 violations")
    assert count > 500
