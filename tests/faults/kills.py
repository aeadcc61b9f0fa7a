# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The gaps of a rotation, and how a real run is killed in one of them."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ansible_collections.cloudkeys.ibmcloud.tests.faults.iam_server import Entry
from ansible_collections.cloudkeys.ibmcloud.tests.faults.slots import SlotScene
from ansible_collections.cloudkeys.ibmcloud.tests.faults.workplace import Run, worker_of

# Enough to find the worker and to set the trap between a run's log-in and its next request but one.
LATENCY_MS = 150

When = t.Literal["before", "after"]


@dataclass(frozen=True)
class Gap:
    """A request of a rotation that changes or proves something; `skip` lets earlier ones of its kind through."""

    name: str
    method: str
    path: str
    skip: int = 0

    def fits(self, entry: Entry) -> bool:
        return entry["method"] == self.method and bool(re.search(self.path, entry["path"]))


CHECK = Gap("look-up of the published value", "GET", "/v1/apikeys/details$")
CREATE = Gap("create", "POST", "/v1/apikeys$")
PROVE = Gap("first log-in of the proof", "POST", "/identity/token$")
PROVE_AGAIN = Gap("second log-in of the proof", "POST", "/identity/token$", skip=1)
RENAME = Gap("rename", "PUT", "/v1/apikeys/[^/]+$")
LOCK = Gap("lock", "POST", "/lock$")
FIND_OWN = Gap("look-up of the key that the run logs in with", "GET", "/v1/apikeys/details$", skip=1)
UNLOCK = Gap("unlock", "DELETE", "/lock$")
DISABLE = Gap("disable", "POST", "/disable$")
DELETE = Gap("delete", "DELETE", "/v1/apikeys/[^/]+$")

# A first run has no published value to look up.
GAPS_OF_A_FIRST_RUN = (CREATE, PROVE, PROVE_AGAIN, RENAME, LOCK)
GAPS = (CHECK, CREATE, PROVE, PROVE_AGAIN, RENAME, LOCK, FIND_OWN, UNLOCK, DISABLE, DELETE)


def changes_or_proves(entry: Entry) -> bool:
    return bool(entry["method"] != "GET" or entry["path"].endswith("/details"))


def kill_everything(scene: SlotScene, gap: Gap, when: When, **variables: t.Any) -> None:
    """Run, and let all processes of the run die in this gap: power cut, out of memory, end of the container."""
    run = _run_until_logged_in(scene, **variables)
    worker = worker_of(run.pid)
    # What the main process would do when its worker is gone has no part in this.
    run.stop()
    _kill_at(scene, worker, gap, when)
    run.kill()


def kill_like_awx(scene: SlotScene, gap: Gap, when: When) -> int:
    """Run, and kill the main process group in this gap, as AWX cancels a job.

    Since ansible-core 2.19 the worker is in a session of its own and goes on; returns its process id.
    """
    run = _run_until_logged_in(scene)
    worker = worker_of(run.pid)
    _kill_at(scene, run.pid, gap, when)
    run.wait()
    return worker


def _run_until_logged_in(scene: SlotScene, **variables: t.Any) -> Run:
    server = scene.server
    server.steer("latency", {"milliseconds": LATENCY_MS})
    already = len(server.log())
    run = scene.start(**variables)
    server.wait_for("log-in of the run", lambda log: len(log) > already)
    return run


def _kill_at(scene: SlotScene, pid: int, gap: Gap, when: When) -> None:
    trap = {"kind": "kill", "pid": pid, "when": when, "method": gap.method, "path": gap.path, "skip": gap.skip}
    scene.server.steer("faults", [trap])
    scene.server.steer("latency", {"milliseconds": 0})
    scene.server.wait_for(gap.name, lambda log: any(entry.get("fault") == "kill" for entry in log))
