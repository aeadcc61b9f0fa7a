# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Another run over the same slot, at any point of a run and ended at any point: neither of the two fails by it."""

from __future__ import annotations

import contextlib
import typing as t
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Place
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import (
    DAY_SECONDS,
    Effects,
    Killed,
    Scene,
)

OVER_A_LEASE_SECONDS = 700


def due_scene(**policy: t.Any) -> Scene:
    """A slot whose key is due; the one before goes at once unless the policy says otherwise."""
    scene = Scene(**{"overlap_hours": 0, "soak_hours": 0, **policy})
    scene.run()
    scene.pass_time(91 * DAY_SECONDS)
    return scene


def retiring_scene() -> Scene:
    """A slot whose replaced key may go."""
    scene = Scene()
    scene.run()
    for days in (91, 40):
        scene.pass_time(days * DAY_SECONDS)
        scene.run()
    return scene


def scene_with_copy() -> Scene:
    """A slot whose key is due, and whose copy was taken away."""
    scene = due_scene()
    scene.slot = replace(scene.slot, copies=(Place(scene.slot.file, "copied"),))
    return scene


def scene_without_markers() -> Scene:
    scene = Scene(overlap_hours=0, soak_hours=0)
    scene.slot = replace(scene.slot, use_marker=False)
    scene.run()
    scene.pass_time(91 * DAY_SECONDS)
    return scene


def unwanted_scene() -> Scene:
    """A slot that is to be gone."""
    scene = Scene(overlap_hours=0, soak_hours=0)
    scene.run()
    scene.slot = replace(scene.slot, is_wanted=False)
    return scene


def half_done_scene() -> Scene:
    """A slot whose last run was killed after it had made a key, a while ago."""
    scene = due_scene()
    with contextlib.suppress(Killed):
        scene.run(effects=Effects(kill_on="POST /v1/apikeys", kill_after_effect=True))
    scene.pass_time(OVER_A_LEASE_SECONDS)
    return scene


SCENES: dict[str, t.Callable[[], Scene]] = {
    "first": lambda: Scene(overlap_hours=0, soak_hours=0),
    "due": due_scene,
    "with overlap": lambda: due_scene(overlap_hours=24, soak_hours=24),
    "one place": lambda: due_scene(keys_per_identity=2),
    "retiring": retiring_scene,
    "copy": scene_with_copy,
    "without markers": scene_without_markers,
    "unwanted": unwanted_scene,
    "half done": half_done_scene,
}


def count_moments(make: t.Callable[[], Scene]) -> dict[str, int]:
    """How often an undisturbed run reads a record, and how many effects it has."""
    scene, effects, loads = make(), Effects(), [0]
    scene.store.after_load = lambda: loads.append(0)
    scene.run(effects=effects)
    return {"load": len(loads) - 1, "effect": len(effects.done)}


MOMENTS = [
    (name, kind, number)
    for name, make in SCENES.items()
    for kind, many in count_moments(make).items()
    for number in range(1, many + 1)
]


def run_with_another(scene: Scene, kind: str, number: int, killed_at: int | None, *, check_mode: bool) -> str | None:
    """Why a run fails after whose n-th load or effect another run takes place, which may be killed."""
    effects, seen = Effects(), 0

    def act() -> None:
        nonlocal seen
        seen += 1
        if seen == number:
            scene.store.after_load = effects.watch = lambda: None
            # A thread has one deadline for all that it sends, and the other run has its own.
            with contextlib.suppress(Killed), ThreadPoolExecutor(1) as another:
                others = Effects(kill_at=killed_at, kill_after_effect=True)
                (outcome,) = another.submit(scene.run, effects=others).result()
                assert outcome.failure is None
            scene.store.effects = effects

    if kind == "load":
        scene.store.after_load = act
    else:
        effects.watch = act
    (outcome,) = scene.run(effects=effects, check_mode=check_mode)
    return outcome.failure


@pytest.mark.daily_slice
@pytest.mark.parametrize("check_mode", [False, True], ids=["run", "check"])
@pytest.mark.parametrize(("name", "kind", "number"), MOMENTS)
def test_another_run_at_any_point_makes_nobody_fail(name: str, kind: str, number: int, check_mode: bool) -> None:
    ends = [None, *range(count_moments(SCENES[name])["effect"])]

    failures = {end: run_with_another(SCENES[name](), kind, number, end, check_mode=check_mode) for end in ends}

    assert {end: why for end, why in failures.items() if why is not None} == {}
