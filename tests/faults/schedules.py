# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every schedule of faults over a rotation: the real engine, the emulator in process, a store in memory.

Left out, to try thousands: HTTP, the client's own repetitions, the cipher and the disk. Those have tests of their own;
what is tried here is the protocol.
"""

from __future__ import annotations

import contextlib
import json
import typing as t
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field, replace

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import SystemClock
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.credentials import Credentials
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.deadline import Deadline, one_deadline
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import CannotConnect, error_from_reply
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.transport import Reply
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.engine import rotate_slots
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.history import History
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.loaded import Loaded
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.outcome import SlotOutcome
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.ports import (
    NotWritten,
    Ports,
    SlotChange,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Orders, Slot
from ansible_collections.cloudkeys.ibmcloud.tests.faults.explored import Chance, Memory, state_before_act, state_of
from ansible_collections.cloudkeys.ibmcloud.tests.faults.invariants import (
    FileState,
    Ledger,
    Violated,
    check_instant,
    check_says,
    check_write,
    file_state,
)
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import (
    ONE_AT_A_TIME,
    EmulatorClock,
    MemoryStore,
    Scene,
    first_moment,
)
from iam_emulator import Emulator, Request
from iam_emulator.seeds import Randomness

GENERATED_SLOT_ID_BITS = 32

Undo = t.Callable[[], None]
# The ports of a run, and the world -> those with a history.
Equip = t.Callable[[Ports, "World"], Ports]

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


def every_fault(effects: int) -> Iterator[Fault]:
    """Each kind at each effect; what lands late lands before each effect of the next run."""
    for at in range(effects):
        for kind in FAULTS[:-1]:
            yield Fault(at, kind)
        for lands_at in range(effects):
            yield Fault(at, "lands late", lands_at)


@dataclass(frozen=True)
class Visit:
    """Somebody acts before the n-th port call of a run; what `act` answers undoes it, None: it cannot be undone."""

    at: int
    act: t.Callable[[World], Undo | None]


class RepeatableScene(Scene):
    """A scene in which all that is drawn follows from what happened."""

    def __init__(self, **policy: t.Any) -> None:
        self.chance = Chance()
        super().__init__(**policy)

    def make_emulator(self) -> Emulator:
        return Emulator(clock=first_moment, randomness=self.chance)

    def draw_value(self) -> str:
        return Randomness(self.chance).key_value()

    def draw_slot_id(self) -> str:
        return f"{self.chance.getrandbits(GENERATED_SLOT_ID_BITS):08x}"


@dataclass
class World:
    """One scene with what is to be true of it at every instant."""

    scene: RepeatableScene
    fault: Fault | None = None
    visit: Visit | None = None
    done: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    late: t.Callable[[], t.Any] | None = None
    lands_at: int = 0
    late_since: float = 0.0
    ledger: Ledger = field(default_factory=Ledger)
    undo: Undo | None = None
    has_been_visited: bool = False
    # How many of these are older than the run that is disturbed.
    versions_before: int = 0
    # A run that was given an order has ended well.
    was_obeyed: bool = False
    versions: list[FileState] = field(default_factory=list)
    # What the run that is under way was told, and when; with the world it says what comes next.
    heard: int = 0
    depth: int = 0
    memory: Memory | None = None
    # Where in the schedule the next run comes, and what was undone by what.
    stage: Hashable = None
    acted_on: int = 0
    # What the runs kept, if they keep a history; `equip` gives them one.
    history: bytes = b""
    equip: Equip | None = None

    def come_between(self, name: str) -> None:
        """Let somebody else act before this port call, if it is their turn."""
        number = len(self.calls)
        self.calls.append(name)
        visit = self.visit
        if visit is not None and visit.at == number:
            self.visit = None
            self.let_act(visit.act)
        self.pass_by()

    def let_act(self, act: t.Callable[[World], Undo | None]) -> None:
        """Somebody acts now."""
        self.has_been_visited = True
        if self.memory is not None:
            self.acted_on = hash(state_before_act(self))
        self.undo = act(self)

    def pass_by(self) -> None:
        """Go on only if no other schedule came to the same."""
        if self.memory is None or self.depth or self.late is not None or not self.has_been_visited:
            return
        fault, to_come = self.fault, None
        if fault is not None and fault.at >= len(self.done):
            to_come = fault.at - len(self.done), fault.kind, fault.lands_at
        drawn = self.scene.chance.getstate() if self.calls else None
        self.memory.pass_by((state_of(self), self.acted_on, self.stage, self.heard, to_come, drawn))

    def hear(self, answer: Hashable) -> None:
        """What a port answers to the run."""
        if self.memory is not None:
            self.heard = hash((self.heard, self.scene.emulator.clock.now(), answer))

    def perform(self, name: str, effect: t.Callable[[], t.Any]) -> t.Any:
        """Do an effect of a run, with what the schedule says of it."""
        self.come_between(name)
        number = len(self.done)
        self.done.append(name)
        if self.late is not None and number >= self.lands_at:
            self._land()
        kind = self.fault.kind if self.fault and self.fault.at == number else None
        if kind == "killed before":
            raise Killed
        if kind == "lands late":
            self.late, self.lands_at = effect, self.fault.lands_at if self.fault else 0
            self.late_since = self.scene.emulator.clock.now()
            raise Killed
        if kind == "nothing done":
            self.hear("no answer")
            raise CannotConnect(f"no answer to {name}", may_have_happened=True)
        answer = self._checked(effect)
        if kind == "killed after":
            raise Killed
        if kind == "answer lost":
            self.hear("no answer")
            raise CannotConnect(f"no answer to {name}", may_have_happened=True)
        return answer

    def _land(self) -> None:
        late, self.late = self.late, None
        if late is None:
            return
        before = set(self.scene.keys())
        self._checked(late)
        if self.scene.emulator.clock.now() >= self.late_since + self.scene.slot.policy.lease_seconds:
            # No request outlives its lease (docs/architecture.md): what this one made is nobody's.
            made = [key for key_id, key in self.scene.keys().items() if key_id not in before]
            self.ledger.struck_out |= {text for key in made for text in (key.id, key.key_value)}
            self.ledger.is_counted = False

    def _checked(self, effect: t.Callable[[], t.Any]) -> t.Any:
        before = file_state(self.scene)
        answer = effect()
        after = file_state(self.scene)
        if after != before:
            self.versions.append(before)
            check_write(self.scene, self.ledger, before, after)
        check_instant(self.scene, self.ledger)
        return answer

    def run(
        self, fault: Fault | None = None, visit: Visit | None = None, *, api_key: str | None = None, **orders: t.Any
    ) -> SlotOutcome | None:
        """One run; None when it was killed."""
        self.fault, self.visit, self.done, self.calls, self.heard = fault, visit, [], [], 0
        self.pass_by()
        self.scene.chance.begin_run(self, self.depth)
        self.ledger.leaked_ids |= orders.get("compromised_ids", frozenset())
        told: list[str] = []
        client = IamClient(
            t.cast(t.Any, DirectTransport(self)),
            Credentials(api_key or self.scene.emulator.seed.api_key),
            clock=EmulatorClock(self.scene.emulator),
        )
        ports = Ports(
            client,
            WatchedStore(self),
            protect=lambda secret: None,
            tell=told.append,
            draw_value=self.scene.draw_value,
            draw_slot_id=self.scene.draw_slot_id,
        )
        if self.equip is not None:
            ports = self.equip(ports, self)
        try:
            (outcome,) = rotate_slots(
                [self.scene.slot], ports, Orders(**orders), ONE_AT_A_TIME, check_mode=False, unforeseen=_raise
            )
            if ports.history is not None and not _is_kept(ports.history):
                return None
        except Killed:
            return None
        finally:
            self.fault = self.visit = None
            if self.equip is not None:
                # What a person does next is no change of a run's.
                self.versions.append(file_state(self.scene))
        check_says(self.scene, outcome, orders.get("compromised_ids", ()), len(told))
        return outcome

    @contextlib.contextmanager
    def seen_as(self, slot: Slot) -> Iterator[None]:
        """Meanwhile this slot and its owner are what is looked at."""
        mine = self.scene.slot, self.scene.owner
        self.scene.slot = slot
        if slot.iam_id != mine[0].iam_id:
            self.scene.owner = {"id": slot.iam_id.removeprefix("iam-"), "iam_id": slot.iam_id}
        try:
            yield
        finally:
            self.scene.slot, self.scene.owner = mine

    def run_of_somebody_else(self, slot: Slot, api_key: str | None = None, **orders: t.Any) -> SlotOutcome | None:
        """A whole run that comes between two port calls of the one that is under way."""
        mine = self.fault, self.visit, self.done, self.calls, self.late, self.heard
        self.late = None
        self.depth += 1
        try:
            with self.seen_as(slot):
                return self.run(api_key=api_key, **orders)
        finally:
            self.fault, self.visit, self.done, self.calls, self.late, self.heard = mine
            self.depth -= 1


class DirectTransport:
    """Hands requests to the emulator without HTTP."""

    def __init__(self, world: World) -> None:
        self._world = world

    def one_request(self) -> t.ContextManager[Deadline]:
        return one_deadline(SystemClock())

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
        # A token is nothing that a run decides by; who holds it follows from the world.
        self._world.hear((answer.status, answer.body if path != "/identity/token" else self._world.depth))
        decoded = json.loads(answer.body) if answer.body else None
        if answer.status >= 400:
            raise error_from_reply(answer.status, decoded, action, None)
        return Reply(answer.status, decoded, answer.headers.get("ETag"), None)


class WatchedStore(MemoryStore):
    """The store in memory, its commits being effects too."""

    def __init__(self, world: World) -> None:
        super().__init__(world.scene.store, t.cast(t.Any, world))
        self._world = world

    def load(self, slot: Slot) -> Loaded:
        self._world.come_between("load")
        loaded = super().load(slot)
        self._world.hear((_unopened(loaded), self._world.scene.store.stamp))
        return loaded

    def commit(self, changes: t.Sequence[SlotChange]) -> list[Loaded | NotWritten]:
        answers = super().commit(changes)
        self._world.hear(tuple(_unopened(each) if isinstance(each, Loaded) else each for each in answers))
        return answers


def _unopened(loaded: Loaded) -> Hashable:
    """What a run was told, and left closed: what a value is follows from the file, which is part of the world."""
    return replace(loaded, held=None), loaded.has_value


def _is_kept(history: History) -> bool:
    """Whether the last lines of a run are in its history; without them the task is red, and the next run adds them."""
    with contextlib.suppress(CannotConnect):
        history.flush()
    return not history.waiting


def _raise(error: Exception) -> str:
    raise Violated(f"stop: unexpected {type(error).__name__}", str(error)) from error
