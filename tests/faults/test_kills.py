# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A real run dies by SIGKILL in any gap of a rotation: nothing is lost, and the next run finishes the job."""

from __future__ import annotations

import json
import time

import pytest
from ansible_collections.cloudkeys.ibmcloud.tests.faults.iam_server import LONGEST_WAIT_SECONDS
from ansible_collections.cloudkeys.ibmcloud.tests.faults.kills import (
    CREATE,
    DELETE,
    DISABLE,
    GAPS,
    GAPS_OF_A_FIRST_RUN,
    Gap,
    When,
    changes_or_proves,
    kill_everything,
    kill_like_awx,
)
from ansible_collections.cloudkeys.ibmcloud.tests.faults.slots import SlotScene, end_unless_waiting
from ansible_collections.cloudkeys.ibmcloud.tests.faults.workplace import is_alive

each_gap = pytest.mark.parametrize("gap", GAPS, ids=lambda gap: gap.name)
before_and_after = pytest.mark.parametrize("when", ["before", "after"])


def finish(scene: SlotScene) -> None:
    """The run after the crash, a lease later."""
    scene.pass_lease()
    run = scene.start()
    assert run.wait() == 0, run.output
    scene.check_finished()


def test_the_gaps_below_are_all_there_are(due_scene: SlotScene) -> None:
    already = len(due_scene.server.log())
    assert due_scene.start().wait() == 0

    # The first request is the log-in of the run itself.
    sent = [entry for entry in due_scene.server.log()[already + 1 :] if changes_or_proves(entry)]
    assert [gap.name for gap, entry in zip(GAPS, sent) if not gap.fits(entry)] == []
    assert len(sent) == len(GAPS)


@pytest.mark.daily_slice
@before_and_after
@each_gap
def test_a_rotation_killed_in_any_gap_is_finished_by_the_next_run(due_scene: SlotScene, gap: Gap, when: When) -> None:
    old_value = due_scene.value
    kill_everything(due_scene, gap, when)
    due_scene.check_after_a_crash()

    finish(due_scene)

    assert due_scene.value != old_value


@pytest.mark.daily_slice
@pytest.mark.parametrize("gap", GAPS_OF_A_FIRST_RUN, ids=lambda gap: gap.name)
def test_a_first_run_killed_in_any_gap_is_finished_by_the_next_run(scene: SlotScene, gap: Gap) -> None:
    kill_everything(scene, gap, "after")
    scene.check_after_a_crash()

    finish(scene)


@pytest.mark.daily_slice
@before_and_after
@pytest.mark.parametrize("gap", [CREATE, DISABLE], ids=lambda gap: gap.name)
def test_a_worker_that_outlives_its_canceled_job_and_the_next_run_do_not_harm_each_other(
    due_scene: SlotScene, gap: Gap, when: When
) -> None:
    worker = kill_like_awx(due_scene, gap, when)
    try:
        due_scene.check_after_a_crash()
        end_unless_waiting(due_scene.start())
    finally:
        wait_for_end(worker)

    due_scene.check_after_a_crash()
    finish(due_scene)


def wait_for_end(worker: int) -> None:
    give_up_at = time.monotonic() + LONGEST_WAIT_SECONDS
    while is_alive(worker) and time.monotonic() < give_up_at:
        time.sleep(0.05)
    assert not is_alive(worker)


@pytest.mark.daily_slice
@pytest.mark.parametrize("gap", [CREATE, DISABLE, DELETE], ids=lambda gap: gap.name)
def test_the_history_of_a_killed_rotation_tells_everything_once(due_scene: SlotScene, gap: Gap) -> None:
    history = due_scene.workplace.root / "work" / "history.jsonl"
    kill_everything(due_scene, gap, "after", history={"file": str(history)})
    due_scene.pass_lease()
    run = due_scene.start(history={"file": str(history)})
    assert run.wait() == 0, run.output

    lines = [json.loads(line) for line in history.read_text(encoding="utf-8").splitlines()]
    told = [line["what"] for line in lines if line["generation"] == 2]
    assert sorted(told) == ["made", "published"]
    assert sorted(line["what"] for line in lines if line["generation"] == 1) == ["deleted", "disabled", "published"]
