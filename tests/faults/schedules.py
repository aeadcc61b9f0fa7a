# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every schedule of faults over a rotation: the real engine, the emulator in process, a store in memory.

Left out, to try thousands: HTTP, the client's own repetitions, the cipher and the disk. Those have tests of their own;
what is tried here is the protocol.
"""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass, field
from datetime import datetime, timezone

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.credentials import Credentials
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import CannotConnect, error_from_reply
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.transport import Reply
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.engine import rotate_slots
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.outcome import SlotOutcome
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.ports import Ports
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Orders
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import (
    ONE_AT_A_TIME,
    EmulatorClock,
    MemoryStore,
    Scene,
)
from iam_emulator import Request

FAULTS = ("killed before", "killed after", "answer lost", "nothing done", "lands late")


class Killed(BaseException):
    """The process died here."""


@dataclass(frozen=True)
class Fault:
    """What happens at the n-th effect of a run; a late one lands before the effect `lands_at` of the next run."""

    at: int
    kind: str
    lands_at: int = 0

    def __str__(self) -> str:
        return f"{self.kind} @{self.at}" + (f" lands @{self.lands_at}" if self.kind == "lands late" else "")


@dataclass
class World:
    """One scene with what is to be true of it at every instant."""

    scene: Scene
    fault: Fault | None = None
    done: list[str] = field(default_factory=list)
    late: t.Callable[[], t.Any] | None = None
    lands_at: int = 0
    foreign: dict[str, str] = field(default_factory=dict)
    leaked_ids: frozenset[str] = frozenset()

    def perform(self, name: str, effect: t.Callable[[], t.Any]) -> t.Any:
        """Do an effect of a run, with what the schedule says of it."""
        number = len(self.done)
        self.done.append(name)
        if self.late is not None and number >= self.lands_at:
            self._land()
        kind = self.fault.kind if self.fault and self.fault.at == number else None
        if kind == "killed before":
            raise Killed
        if kind == "lands late":
            self.late, self.lands_at = effect, self.fault.lands_at if self.fault else 0
            raise Killed
        if kind == "nothing done":
            raise CannotConnect(f"no answer to {name}", may_have_happened=True)
        answer = effect()
        self.check()
        if kind == "killed after":
            raise Killed
        if kind == "answer lost":
            raise CannotConnect(f"no answer to {name}", may_have_happened=True)
        return answer

    def _land(self) -> None:
        late, self.late = self.late, None
        if late is not None:
            late()
            self.check()

    def check(self) -> None:
        """What holds at every instant, the middle of a run included."""
        scene = self.scene
        value = scene.value
        record = scene.store.records.get("deploy")
        is_taken_away = record and record.current and record.current.id in self.leaked_ids
        assert value is None or is_taken_away or scene.works(value), "I1: the published value does not log in"
        now = datetime.fromtimestamp(scene.emulator.clock.now(), timezone.utc)
        for entry in record.superseded if record else ():
            overlap = scene.slot.policy.overlap
            in_overlap = overlap and now < entry.superseded_at + overlap and entry.id not in self.leaked_ids
            key = scene.emulator.world.keys.get(entry.id)
            assert not in_overlap or (key and not key.disabled), "I2: an overlap was cut short"
        ours = [key for key in scene.keys().values() if "cloudkeys" in (key.description or "")]
        listed = len(record.superseded) if record else 0
        # A key whose value IAM chose and whose answer was lost is only good for being withdrawn: one more of them.
        most = 2 if scene.slot.policy.key_source == "local" else 3
        assert len(ours) <= most + listed, "I4: too many keys"
        for key_id, tag in self.foreign.items():
            assert scene.keys()[key_id].entity_tag == tag, "I5: a foreign key was touched"

    def run(self, fault: Fault | None = None, **orders: t.Any) -> SlotOutcome | None:
        """One run; None when it was killed."""
        self.fault, self.done = fault, []
        self.leaked_ids |= orders.get("compromised_ids", frozenset())
        store = WatchedStore(self)
        client = IamClient(
            t.cast(t.Any, DirectTransport(self)),
            Credentials(self.scene.emulator.seed.api_key),
            clock=EmulatorClock(self.scene.emulator),
        )
        ports = Ports(client, store, protect=lambda secret: None, tell=lambda line: None)
        try:
            return rotate_slots(
                [self.scene.slot], ports, Orders(**orders), ONE_AT_A_TIME, check_mode=False, unforeseen=_raise
            )[0]
        except Killed:
            return None
        finally:
            self.fault = None


class DirectTransport:
    """Hands requests to the emulator without HTTP."""

    def __init__(self, world: World) -> None:
        self._world = world

    def send(self, method: str, path: str, action: str, **parts: t.Any) -> Reply:
        form, content = parts.get("form"), parts.get("json")
        headers = {"Host": "iam.example", **(parts.get("headers") or {})}
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = "&".join(f"{name}={value}" for name, value in form.items()).encode()
        else:
            headers["Content-Type"] = "application/json"
            body = json.dumps(content).encode() if content is not None else b""
        query = {name: str(value) for name, value in (parts.get("query") or {}).items()}
        request = Request(method, path, query, headers, body)
        answer = self._world.perform(f"{method} {path}", lambda: self._world.scene.emulator.handle(request))
        decoded = json.loads(answer.body) if answer.body else None
        if answer.status >= 400:
            raise error_from_reply(answer.status, decoded, action, None)
        return Reply(answer.status, decoded, answer.headers.get("ETag"), None)


class WatchedStore(MemoryStore):
    """The store in memory, its commits being effects too."""

    def __init__(self, world: World) -> None:
        super().__init__(world.scene.store, t.cast(t.Any, world))


def _raise(error: Exception) -> str:
    raise error
