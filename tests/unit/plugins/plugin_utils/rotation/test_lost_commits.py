# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Somebody else writes the file between a plan and its commit: the plan is made anew, and nothing is counted twice."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.engine import Settings, rotate_slots
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.loaded import Loaded
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Orders, Place, Slot
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import (
    DAY_SECONDS,
    Effects,
    MemoryStore,
    Scene,
)


def lose_commits(scene: Scene, which: t.Callable[[int], bool]) -> None:
    """Let somebody write into the file right before these commits, counted from 1."""
    commits = 0

    def write() -> None:
        nonlocal commits
        commits += 1
        scene.store.stamp += which(commits)

    scene.store.before_commit = write


def test_a_rotation_that_could_not_be_announced_has_taken_no_place_of_the_batch() -> None:
    scene = Scene()
    lose_commits(scene, lambda number: number == 1)

    (outcome,) = rotate_slots(
        [scene.slot], scene.ports(Effects()), Orders(), Settings(1, batch_size=1), check_mode=False, unforeseen=repr
    )

    assert (outcome.taken, outcome.step.name) == (("intend", "publish"), "idle")


@pytest.mark.parametrize("lost", [2, 3], ids=["the announcement", "the conclusion"])
def test_a_withdrawal_whose_commit_was_lost_is_planned_anew(lost: int) -> None:
    scene = Scene()
    scene.emulator.faults.add([{"kind": "status", "status": 403, "method": "POST", "path": "^/v1/apikeys$"}])
    lose_commits(scene, lambda number: number == lost)

    (outcome,) = scene.run()

    assert "the new key was withdrawn" in (outcome.failure or "")
    assert scene.record.pending is None


def test_a_slot_whose_file_others_keep_changing_gives_up() -> None:
    scene = Scene()
    scene.emulator.requests.clear()
    lose_commits(scene, lambda number: True)

    (outcome,) = scene.run()

    assert "not at rest after 40 steps: other runs keep changing secrets.yml" in (outcome.failure or "")
    assert scene.writes() == []


class RefreshedStore(MemoryStore):
    """Shows what others wrote only after a refresh, as a repository does."""

    shown: int = 0

    def refresh(self) -> None:
        self.shown = self._disk.stamp

    def load(self, slot: Slot) -> Loaded:
        loaded = super().load(slot)
        return loaded if self.shown == self._disk.stamp else replace(loaded, version=-1)

    def commit(self, changes: t.Any) -> t.Any:
        answers = super().commit(changes)
        # What this run wrote itself it knows.
        self.shown = self._disk.stamp if all(isinstance(each, Loaded) for each in answers) else self.shown
        return answers


def test_a_move_that_was_overtaken_reads_anew_what_others_wrote() -> None:
    scene = Scene()
    scene.run()
    lose_commits(scene, lambda number: number == 1)
    moved = replace(scene.slot, variable="elsewhere", moved_from=Place("secrets.yml", "deploy"))
    effects = Effects()

    (outcome,) = rotate_slots(
        [moved],
        scene.ports(effects, RefreshedStore(scene.store, effects)),
        Orders(),
        Settings(1),
        check_mode=False,
        unforeseen=repr,
    )

    assert (outcome.failure, outcome.taken) == (None, ("move",))


def test_after_publishing_the_keys_are_listed_before_another_one_goes() -> None:
    scene = Scene(overlap_hours=0, soak_hours=0, quiet_hours=0)
    scene.run()
    scene.pass_time(91 * DAY_SECONDS)
    (staged,) = scene.run(until="staged")
    # Somebody has given it its name already, so that nothing is left to finish.
    scene.keys()[staged.pending_id or ""].name = "deploy"
    effects = Effects()

    (outcome,) = scene.run(effects=effects)

    assert outcome.taken == ("publish", "disable", "delete")
    published, disabled, *_rest = [number for number, name in enumerate(effects.done) if name == "commit"]
    assert "GET /v1/apikeys" in effects.done[published:disabled]


def test_what_is_never_written_is_not_told_as_taken() -> None:
    scene = Scene()

    def somebody_writes() -> None:
        scene.store.stamp += 1

    scene.store.before_commit = somebody_writes
    (outcome,) = scene.run()

    assert "keep changing" in (outcome.failure or "")
    assert (outcome.taken, outcome.changed) == ((), False)
