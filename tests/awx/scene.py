# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Slots whose vault file is in the repository: prepared by the engine itself, then rotated by jobs."""

from __future__ import annotations

import os
import typing as t

from ansible.parsing.vault import VaultSecret
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient, open_client
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.engine import Settings, rotate_slots
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.open_store import StoreContext, open_store
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.policy import Policy
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.ports import Ports
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Orders, Slot
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.cipher import Cipher
from ansible_collections.cloudkeys.ibmcloud.tests.awx.awx import VAULT_FILE, Awx, Job
from ansible_collections.cloudkeys.ibmcloud.tests.faults.slots import AT_ONCE, NINETY_ONE_DAYS_SECONDS
from ansible_collections.cloudkeys.ibmcloud.tests.faults.slots import VAULT_FILE as FIRST_CONTENT
from ansible_collections.cloudkeys.ibmcloud.tests.faults.workplace import VAULT_ID, VAULT_PASSWORD


class JobScene:
    """A repository with a vault file that has comments, and a fresh service ID."""

    def __init__(self, awx: Awx) -> None:
        self.awx = awx
        self.server = awx.server
        self.remote = awx.remote
        self.remote.write(VAULT_FILE, FIRST_CONTENT)
        self.iam_id = self._client().service_ids.create("ci", self.server.account_id, description=None).iam_id

    @property
    def own_iam_id(self) -> str:
        """Who the jobs log in as."""
        return self._client().caller().iam_id

    def wish(self, name: str = "deploy", **others: t.Any) -> dict[str, t.Any]:
        slot = {"name": name, "file": VAULT_FILE, "iam_id": self.iam_id, "key_name": name, "locked": True}
        return {**slot, **others}

    def wishes(self, count: int) -> list[dict[str, t.Any]]:
        return [self.wish(f"key_{number}") for number in range(count)]

    def start(self, *wishes: dict[str, t.Any], **variables: t.Any) -> Job:
        """A job that does a whole rotation."""
        return self.awx.start(list(wishes) or [self.wish()], **{**AT_ONCE, **variables})

    def make_due(self, *wishes: dict[str, t.Any]) -> None:
        """Publish the first keys, and let them grow old."""
        slots = [
            Slot(
                variable=wish["name"],
                account_id=self.server.account_id,
                policy=Policy(settle_seconds=0),
                **{name: wish[name] for name in ("name", "file", "iam_id", "key_name", "locked")},
            )
            for wish in wishes or [self.wish()]
        ]
        secret: t.Any = VaultSecret(VAULT_PASSWORD.encode())
        context = StoreContext(Cipher([(VAULT_ID, secret)]), lambda value: None, lambda line: None, os.environ)
        params = {"git": self.remote.options(), "vault_id": None}
        with open_store(params, context) as opened:
            ports = Ports(self._client(), opened.store, protect=lambda secret: None, tell=lambda line: None)
            outcomes = rotate_slots(slots, ports, Orders(), Settings(), check_mode=False, unforeseen=repr)
        assert [outcome.failure for outcome in outcomes] == [None] * len(slots)
        self.server.steer("clock", {"advance_seconds": NINETY_ONE_DAYS_SECONDS})

    def value(self, name: str = "deploy") -> str | None:
        self.awx.pull()
        return self.awx.workplace.value(name)

    def record(self, name: str = "deploy") -> dict[str, t.Any]:
        self.awx.pull()
        return self.awx.workplace.record(name)

    def keys(self, name: str = "deploy") -> list[dict[str, t.Any]]:
        """The keys of a slot, a successor included."""
        return [key for key in self.server.keys_of(self.iam_id) if key["name"] in (name, f"{name} (next)")]

    def published(self) -> list[str]:
        """What the history says was published, newest first."""
        lines = [line for message in self.remote.messages() for line in message.splitlines()]
        return [line for line in lines if line.endswith(" published")]

    def check_after_a_crash(self) -> None:
        """What holds at every instant: the file is whole, its value logs in, and no value is left in clear."""
        value = self.value()
        assert value is None or self.server.logs_in(value), "the published value does not log in"
        assert len(self.keys()) <= 2
        self.check_file()

    def check_finished(self, *wishes: dict[str, t.Any], generation: int = 2) -> None:
        """One key a slot, the published one; nothing on its way, nothing published twice."""
        for wish in wishes or [self.wish()]:
            name = wish["name"]
            (key,) = self.keys(name)
            record = self.record(name)
            current = record["current"]
            assert (key["id"], key["name"], key["locked"], key["disabled"]) == (current["id"], name, True, False)
            assert key["description"] == f"[cloudkeys {record['slot_id']}/{current['generation']}]"
            assert (record["pending"], record["superseded"]) == (None, [])
            assert current["generation"] == generation
            assert self.server.logs_in(str(self.value(name)))
        assert len(self.published()) == len(set(self.published()))
        self.check_file()

    def check_file(self) -> None:
        self.awx.pull()
        workplace = self.awx.workplace
        assert workplace.leaks(workplace.secrets()) == []
        assert self.remote.read(VAULT_FILE).startswith(FIRST_CONTENT.rstrip())

    def _client(self) -> IamClient:
        options = {"api_key": self.server.api_key, "iam_endpoint": self.server.url}
        return open_client(options, {}, lambda secret: None)
