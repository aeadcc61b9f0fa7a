# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One slot of a workplace: prepared in no time by the engine itself, then rotated by real runs."""

from __future__ import annotations

import os
import re
import signal
import time
import typing as t

from ansible.parsing.vault import VaultSecret
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient, open_client
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.engine import Settings, rotate_slots
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.file_store import FileStore
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.policy import LEAST_LEASE_SECONDS, Policy
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.ports import Ports
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Orders, Slot
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.cipher import Cipher
from ansible_collections.cloudkeys.ibmcloud.tests.faults.iam_server import POLL_SECONDS, IamServer
from ansible_collections.cloudkeys.ibmcloud.tests.faults.workplace import (
    VAULT_ID,
    VAULT_PASSWORD,
    Run,
    Workplace,
    worker_of,
)

VARIABLE = "deploy_api_key"
KEY_NAME = "deploy"
NINETY_ONE_DAYS_SECONDS = 91 * 24 * 3600
VAULT_FILE = """\
---
# Secrets of the deployment. This comment stays.
deploy_region: eu-de   # not a secret

list:
- one   # and so does this one
"""
# One run does a whole rotation.
AT_ONCE = {"overlap_hours": 0, "soak_hours": 0, "settle_seconds": 0.1, "orphan_min_age_minutes": 0}
# After so long nobody leaves an announcement alone any more; tests move IAM's clock on instead of waiting.
OVER_A_LEASE_SECONDS = LEAST_LEASE_SECONDS + 1
# A run that waits for another one is done soon after that, or waits for the end of a lease.
GRACE_SECONDS = 6
# Of runs that share a machine with whatever else is tested there.
LONGEST_BUSY_SECONDS = 180
WAITS = re.compile(r": waiting \d+ s ")


class SlotScene:
    """A slot of a fresh service ID; its key is locked, so that a rotation has every step there is."""

    def __init__(self, workplace: Workplace) -> None:
        self.workplace = workplace
        self.server = workplace.server
        workplace.vault_file.write_text(VAULT_FILE, encoding="utf-8")
        self.iam_id = self._client().service_ids.create("ci", self.server.account_id, description=None).iam_id

    def start(self, *, vault_ids: t.Sequence[str] = (VAULT_ID,), **variables: t.Any) -> Run:
        """Begin a real run."""
        chosen = {**AT_ONCE, **variables}
        return self.workplace.start_rotation([self.wish()], vault_ids=vault_ids, **chosen)

    def wish(self) -> dict[str, t.Any]:
        return {
            "name": VARIABLE,
            "file": str(self.workplace.vault_file),
            "iam_id": self.iam_id,
            "key_name": KEY_NAME,
            "locked": True,
        }

    def make_due(self) -> None:
        """Publish the first key, and let it grow old."""
        make_due(self.workplace, self._client(), [self.wish()])

    def pass_lease(self) -> None:
        """Whoever announced something before this is gone, as far as a run can tell that begins after it."""
        self.server.steer("clock", {"advance_seconds": OVER_A_LEASE_SECONDS})

    def keys(self) -> list[dict[str, t.Any]]:
        return self.server.keys_of(self.iam_id)

    @property
    def value(self) -> str | None:
        return self.workplace.value(VARIABLE)

    def check_after_a_crash(self) -> None:
        """What holds at every instant: the file is whole, its value logs in, and nothing lies around in clear."""
        if self.value is not None:
            assert self.server.logs_in(self.value), "the published value does not log in"
        assert len(self.keys()) <= 2
        self.check_file()

    def check_finished(self) -> None:
        """One key, the published one; nothing on its way."""
        (key,) = self.keys()
        record = self.workplace.record(VARIABLE)
        assert (key["id"], key["name"], key["locked"], key["disabled"]) == (
            record["current"]["id"],
            KEY_NAME,
            True,
            False,
        )
        assert key["description"] == f"[cloudkeys {record['slot_id']}/{record['current']['generation']}]"
        assert (record["pending"], record["superseded"]) == (None, [])
        assert self.server.logs_in(str(self.value))
        self.check_file()

    def check_file(self) -> None:
        assert self.workplace.leaks(self.workplace.secrets()) == []
        assert self.workplace.vault_file.read_text(encoding="utf-8").startswith(VAULT_FILE)

    def _client(self) -> IamClient:
        return client_of(self.server)


def end_unless_waiting(*runs: Run) -> None:
    """Wait for runs, which have to go well; one that only waits for a lease to end is killed, harmlessly."""
    wait_while_busy(runs, [lambda run=run: run.output for run in runs])
    for run in runs:
        if run.is_running:
            kill_with_worker(run.pid)
            run.kill()
        else:
            assert run.wait() == 0, run.output


def wait_while_busy(runs: t.Sequence[Run], outputs: t.Sequence[t.Callable[[], str]]) -> None:
    """Return when all runs have ended, or a while after the last of them has begun to wait for a lease."""
    give_up_at = time.monotonic() + LONGEST_BUSY_SECONDS
    is_waiting = False
    while any(run.is_running for run in runs) and time.monotonic() < give_up_at:
        if not is_waiting and all(not run.is_running or WAITS.search(show()) for run, show in zip(runs, outputs)):
            is_waiting, give_up_at = True, time.monotonic() + GRACE_SECONDS
        time.sleep(POLL_SECONDS)
    assert is_waiting or not any(run.is_running for run in runs), "\n".join(show() for show in outputs)


def kill_with_worker(pid: int) -> None:
    """The main process of a run must not see the end of its worker, which may be in a session of its own."""
    worker = worker_of(pid)
    os.kill(pid, signal.SIGSTOP)
    os.kill(worker, signal.SIGKILL)
    os.killpg(pid, signal.SIGKILL)


def client_of(server: IamServer) -> IamClient:
    """A client as a person with the first key has it."""
    return open_client({"api_key": server.api_key, "iam_endpoint": server.url}, {}, lambda secret: None)


def make_due(workplace: Workplace, client: IamClient, wishes: t.Sequence[dict[str, t.Any]]) -> None:
    """Publish the first key of each slot, and let them grow old."""
    publish(workplace, client, wishes)
    workplace.server.steer("clock", {"advance_seconds": NINETY_ONE_DAYS_SECONDS})


def publish(workplace: Workplace, client: IamClient, wishes: t.Sequence[dict[str, t.Any]]) -> None:
    """Publish the first key of each slot."""
    slots = [
        Slot(
            variable=wish["name"],
            account_id=workplace.server.account_id,
            policy=Policy(settle_seconds=0),
            **wish,
        )
        for wish in wishes
    ]
    secret: t.Any = VaultSecret(VAULT_PASSWORD.encode())
    store = FileStore(Cipher([(VAULT_ID, secret)]), lambda value: None)
    ports = Ports(client, store, protect=lambda secret: None, tell=lambda line: None)
    outcomes = rotate_slots(slots, ports, Orders(), Settings(batch_size=len(slots)), check_mode=False, unforeseen=repr)
    assert [outcome.failure for outcome in outcomes if outcome.failure] == []
