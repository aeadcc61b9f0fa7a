# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A run that dies at any point loses nothing, and the next one finishes the job.

Every commit and every request of a whole rotation is a gap: the process is killed right before and right after it. At
every instant the published value has to log in.
"""

from __future__ import annotations

import pytest
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import (
    DAY_SECONDS,
    HOUR_SECONDS,
    Effects,
    Killed,
    Scene,
)

# As many as a whole rotation has; the test below fails when there are more.
EFFECTS_OF_A_ROTATION = 20


def due_scene() -> Scene:
    """A slot whose key is due, with neither overlap nor soak: one run does the whole rotation."""
    scene = Scene(overlap_hours=0, soak_hours=0)
    scene.run()
    scene.pass_time(91 * DAY_SECONDS)
    return scene


def watched(scene: Scene, **kill: int | bool | str) -> Effects:
    def published_value_works() -> None:
        assert scene.works(scene.value), "the published value does not log in"
        assert len(scene.keys()) <= 2

    return Effects(watch=published_value_works, **kill)  # type: ignore[arg-type]  # the names are those of Effects


def test_the_gaps_below_are_all_there_are() -> None:
    scene, effects = due_scene(), Effects()

    scene.run(effects=effects)

    assert len(effects.done) == EFFECTS_OF_A_ROTATION, effects.done


@pytest.mark.parametrize("after_effect", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("gap", range(EFFECTS_OF_A_ROTATION))
def test_a_run_killed_at_any_point_is_finished_by_the_next(gap: int, after_effect: bool) -> None:
    scene = due_scene()
    old_value = scene.value
    with pytest.raises(Killed):
        scene.run(effects=watched(scene, kill_at=gap, kill_after_effect=after_effect))
    assert scene.works(scene.value)

    (outcome,) = scene.run(effects=watched(scene))

    (key,) = scene.keys().values()
    assert (outcome.failure, outcome.step.name) == (None, "idle")
    assert (key.key_value, key.name) == (scene.value, "deploy")
    assert scene.value != old_value
    assert (scene.record.pending, scene.record.superseded) == (None, ())


@pytest.mark.parametrize("gap", range(10))
def test_a_first_run_killed_at_any_point_is_finished_by_the_next(gap: int) -> None:
    scene = Scene()
    with pytest.raises(Killed):
        scene.run(effects=Effects(kill_at=gap, kill_after_effect=True))

    (outcome,) = scene.run()

    (key,) = scene.keys().values()
    assert (outcome.failure, key.key_value, key.name) == (None, scene.value, "deploy")


def test_a_create_that_lands_after_its_sender_was_killed_makes_no_second_key() -> None:
    scene = due_scene()
    scene.emulator.faults.add([{"kind": "late", "method": "POST", "path": "/v1/apikeys$", "seconds": 150}])
    with pytest.raises(Killed):
        scene.run(effects=watched(scene, kill_on="POST /v1/apikeys"))
    scene.visitor.ask("GET", "/v1/apikeys")

    (outcome,) = scene.run(effects=watched(scene))
    scene.pass_time(200)
    scene.emulator.settle()
    scene.pass_time(3 * HOUR_SECONDS)
    scene.run(effects=watched(scene))

    assert outcome.failure is None
    assert [key.key_value for key in scene.keys().values()] == [scene.value]


def test_the_next_run_leaves_a_fresh_announcement_alone_until_its_lease_is_over() -> None:
    scene = due_scene()
    with pytest.raises(Killed):
        scene.run(effects=Effects(kill_on="POST /v1/apikeys"))
    killed_at = scene.emulator.clock.now()

    scene.run()

    assert scene.emulator.clock.now() - killed_at >= 119
