# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Two real runs over the same slot at the same time: both end well, and there is one key."""

from __future__ import annotations

from ansible_collections.cloudkeys.ibmcloud.tests.faults.slots import VARIABLE, SlotScene

# Slow answers make the two runs meet in the middle of their work.
LATENCY_MS = 50


def run_twice_at_once(scene: SlotScene) -> None:
    scene.server.steer("latency", {"milliseconds": LATENCY_MS})
    runs = [scene.start(), scene.start()]
    assert [run.wait() for run in runs] == [0, 0], "\n".join(run.output for run in runs)
    scene.server.steer("latency", {"milliseconds": 0})


def test_two_rotations_at_once_make_one_successor(due_scene: SlotScene) -> None:
    old_value = due_scene.value

    run_twice_at_once(due_scene)

    due_scene.check_finished()
    assert due_scene.value != old_value
    assert due_scene.workplace.record(VARIABLE)["current"]["generation"] == 2


def test_two_first_runs_at_once_make_one_key(scene: SlotScene) -> None:
    run_twice_at_once(scene)

    scene.check_finished()
    assert scene.workplace.record(VARIABLE)["current"]["generation"] == 1
