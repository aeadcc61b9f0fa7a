# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A job dies by SIGKILL, as a cancel does it, at each write of IAM and at each push: the next job finishes the work."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest
from ansible_collections.cloudkeys.ibmcloud.tests.awx.awx import Job
from ansible_collections.cloudkeys.ibmcloud.tests.awx.scene import JobScene
from ansible_collections.cloudkeys.ibmcloud.tests.faults.kills import (
    CREATE,
    DELETE,
    DISABLE,
    LATENCY_MS,
    LOCK,
    RENAME,
    UNLOCK,
    Gap,
    When,
)
from ansible_collections.cloudkeys.ibmcloud.tests.faults.slots import (
    OVER_A_LEASE_SECONDS,
    kill_with_worker,
    wait_while_busy,
)
from ansible_collections.cloudkeys.ibmcloud.tests.faults.workplace import child_of, is_alive, worker_of

WRITES = (CREATE, RENAME, LOCK, UNLOCK, DISABLE, DELETE)
# Of a rotation: announce, publish, announce the disable, announce the delete, forget the old key.
PUSHES = 5
TRAP = Path(__file__).with_name("trap.py")


def set_trap(scene: JobScene, at: int | None, when: str) -> None:
    """Have the job killed at one of the pushes from now on."""
    for name in ("pre-receive", "post-receive"):
        scene.remote.hook(name, f"exec {sys.executable} {TRAP} {name}\n")
    (scene.remote.path / "pushes").write_text("")
    (scene.remote.path / "trap.json").write_text(json.dumps({"at": at, "when": when}))


def kill_at(scene: JobScene, gap: Gap, when: When, *, spare_worker: bool = False) -> int:
    """Run a job and let it die in this gap, its worker too unless that is spared; returns the worker."""
    scene.server.steer("latency", {"milliseconds": LATENCY_MS})
    already = len(scene.server.log())
    job = scene.start()
    scene.server.wait_for("log-in of the job", lambda log: len(log) > already)
    main = child_of(job.run.pid)
    worker = worker_of(main)
    if not spare_worker:
        # What the main process would do when its worker is gone has no part in this.
        os.kill(main, signal.SIGSTOP)
    pid = main if spare_worker else worker
    trap = {"kind": "kill", "pid": pid, "when": when, "method": gap.method, "path": gap.path, "skip": gap.skip}
    scene.server.steer("faults", [trap])
    scene.server.steer("latency", {"milliseconds": 0})
    scene.server.wait_for(gap.name, lambda log: any(entry.get("fault") == "kill" for entry in log))
    if not spare_worker:
        os.killpg(main, signal.SIGKILL)
    assert job.wait() == 1
    return worker


def finish(scene: JobScene) -> Job:
    """The job after the crash, a lease later."""
    scene.server.steer("clock", {"advance_seconds": OVER_A_LEASE_SECONDS})
    job = scene.start()
    assert job.wait() == 0, job.output
    scene.check_finished()
    return job


def end_unless_waiting(job: Job) -> None:
    """Wait for a job, which has to go well; one that only waits for a lease to end is killed, harmlessly."""
    shown = job.folder / "artifacts" / "1" / "stdout"
    wait_while_busy([job.run], [lambda: shown.read_text(encoding="utf-8") if shown.exists() else ""])
    is_waiting = job.run.is_running
    if is_waiting:
        kill_with_worker(child_of(job.run.pid))
    assert job.wait() == int(is_waiting), job.output


@pytest.mark.every_day
def test_the_writes_and_pushes_below_are_all_there_are(scene: JobScene) -> None:
    scene.make_due()
    set_trap(scene, None, "never")
    already = len(scene.server.log())

    assert scene.start().wait() == 0

    written = [entry for entry in scene.server.log()[already:] if entry["method"] != "GET"]
    written = [entry for entry in written if entry["path"] != "/identity/token"]
    assert [gap.name for gap, entry in zip(WRITES, written) if not gap.fits(entry)] == []
    assert len(written) == len(WRITES)
    assert len((scene.remote.path / "pushes").read_text()) == PUSHES


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("gap", WRITES, ids=lambda gap: gap.name)
def test_a_job_killed_at_a_write_of_iam_is_finished_by_the_next(scene: JobScene, gap: Gap, when: When) -> None:
    scene.make_due()
    old_value = scene.value()

    kill_at(scene, gap, when)
    scene.check_after_a_crash()

    finish(scene)
    assert scene.value() != old_value


@pytest.mark.parametrize("when", ["before", "after", "late"])
@pytest.mark.parametrize("at", range(PUSHES))
def test_a_job_killed_at_a_push_is_finished_by_the_next(scene: JobScene, at: int, when: str) -> None:
    scene.make_due()
    old_value, pushed = scene.value(), len(scene.remote.messages())
    set_trap(scene, at, when)

    assert scene.start().wait() == 1

    scene.check_after_a_crash()
    assert len(scene.remote.messages()) == pushed + at + (when == "after")
    finish(scene)
    assert scene.value() != old_value


def test_a_worker_that_outlives_its_cancelled_job_and_the_next_job_do_not_harm_each_other(scene: JobScene) -> None:
    scene.make_due()

    worker = kill_at(scene, CREATE, "before", spare_worker=True)
    end_unless_waiting(scene.start())

    give_up_at = time.monotonic() + 30
    while is_alive(worker) and time.monotonic() < give_up_at:
        time.sleep(0.05)
    scene.check_after_a_crash()
    finish(scene)
