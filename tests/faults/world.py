# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The world in which a rotation is disturbed: the real engine, the emulator in process, a store in memory.

Left out, to try thousands: HTTP, the client's own repetitions, the cipher and the disk. Those have tests of their own;
what is tried here is the protocol.
"""

from __future__ import annotations

import contextlib
import functools
import typing as t
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.credentials import Credentials
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import CannotConnect
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.engine import rotate_slots
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.history import History
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.outcome import SlotOutcome
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.ports import Ports
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Orders, Slot
from ansible_collections.cloudkeys.ibmcloud.tests.faults.chance import RepeatableScene
from ansible_collections.cloudkeys.ibmcloud.tests.faults.disturbances import Fault, Killed, Undo, Visit
from ansible_collections.cloudkeys.ibmcloud.tests.faults.explored import (
    Memory,
    Moment,
    Point,
    state_before_act,
    state_of,
)
from ansible_collections.cloudkeys.ibmcloud.tests.faults.invariants import (
    FileState,
    Ledger,
    Violated,
    all_keys,
    check_instant,
    check_says,
    check_write,
    file_state,
    note_accounts,
)
from ansible_collections.cloudkeys.ibmcloud.tests.faults.watched_ports import (
    DirectTransport,
    WatchedStore,
    writes_nothing,
)
from ansible_collections.cloudkeys.ibmcloud.tests.faults.ways_back import kept
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import (
    ONE_AT_A_TIME,
    EmulatorClock,
)

DEPTH_OF_ACT = -1

# The ports of a run, and the world -> those with a history.
Equip = t.Callable[[Ports, "World"], Ports]


@dataclass
class World:
    """One scene with what is to be true of it at every instant."""

    scene: RepeatableScene
    fault: Fault | None = None
    visit: Visit | None = None
    done: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    late: functools.partial[t.Any] | None = None
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
    # Where in the schedule the next run comes, and what an act would undo.
    stage: Hashable = None
    way_back: int = hash(None)
    # Where somebody could act, and what could still go wrong from there; kept in a run in which nobody acts.
    points: list[Point] | None = None
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
        if self.points is not None and not self.depth:
            self.points.append(self.point(name))
        self.pass_by(name)
        # A copy answers nothing, and may change nothing: that it was asked for is what tells before from after.
        self.hear(name)

    def let_act(self, act: t.Callable[[World], Undo | None]) -> None:
        """Somebody acts now."""
        self.has_been_visited = True
        drawn = self.scene.chance.getstate()
        # What is drawn for an act follows from the world alone, too, and not from the run that it disturbs.
        self.scene.chance.begin_run(self, DEPTH_OF_ACT)
        try:
            self.undo = act(self)
        finally:
            self.scene.chance.setstate(drawn)
        note_accounts(self.scene, self.ledger)
        self.way_back = hash(kept(self.undo if self.memory is not None else None))

    def take_back(self) -> None:
        """What somebody did is undone, if anything undoes it."""
        if self.undo is not None:
            self.undo()
        self.undo, self.way_back = None, hash(None)

    def point(self, call: str | None) -> Point:
        """Where somebody could act now: before this port call, or after the run."""
        in_run = (self.heard, self.scene.chance.getstate(), self._late_after) if call is not None else None
        return Point(hash((state_before_act(self), in_run)), len(self.done), call)

    @property
    def _late_after(self) -> int | None:
        """How many effects of this run were done, if that decides when something lands."""
        return len(self.done) if self.late is not None else None

    def compare_with(self, memory: Memory) -> None:
        """From here on this is another schedule, and goes on as far as it is not the same as one that is remembered."""
        memory.begin()
        self.memory, self.has_been_visited = memory, True

    def pass_by(self, call: str | None = None) -> None:
        """Go on only if no other schedule came to the same."""
        if self.memory is None or self.depth or not self.has_been_visited:
            return
        if self.late is not None and writes_nothing(self.late):
            self.late = None
        fault, to_come = self.fault, None
        if fault is not None and fault.at >= len(self.done):
            to_come = fault.at - len(self.done), fault.kind, fault.lands_at
        if_killed = hash((state_of(self), self.way_back))
        in_run = (self.heard, self.scene.chance.getstate(), self._late_after) if call is not None else None
        self.memory.pass_by(Moment(hash((if_killed, self.stage, in_run)), if_killed, call), to_come)

    def pass_by_end(self) -> None:
        """The run in which somebody acted is over, or died."""
        if self.memory is not None:
            here = hash((state_of(self), self.way_back))
            self.memory.pass_by(Moment(here, here, None))

    def hear(self, answer: Hashable) -> None:
        """What a port answers to the run."""
        if self.memory is not None:
            self.heard = hash((self.heard, self.scene.emulator.clock.now(), answer))

    def perform(self, name: str, effect: functools.partial[t.Any]) -> t.Any:
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
        before, file_before, tags_before = set(self.scene.keys()), file_state(self.scene), self._tags()
        self._checked(late)
        has_changed = (file_before, tags_before) != (file_state(self.scene), self._tags())
        is_over = self.scene.emulator.clock.now() >= self.late_since + self.scene.slot.policy.lease_seconds
        if has_changed and is_over:
            # No request outlives its lease (docs/architecture.md): what this one made is nobody's.
            made = [key for key_id, key in self.scene.keys().items() if key_id not in before]
            self.ledger.struck_out |= {text for key in made for text in (key.id, key.key_value)}
            self.ledger.is_counted = False

    def _tags(self) -> dict[str, str]:
        return {key_id: key.entity_tag for key_id, key in all_keys(self.scene).items()}

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
        note_accounts(self.scene, self.ledger)
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


def _is_kept(history: History) -> bool:
    """Whether the last lines of a run are in its history; without them the task is red, and the next run adds them."""
    with contextlib.suppress(CannotConnect):
        history.flush()
    return not history.waiting


def _raise(error: Exception) -> str:
    raise Violated(f"stop: unexpected {type(error).__name__}", str(error)) from error
