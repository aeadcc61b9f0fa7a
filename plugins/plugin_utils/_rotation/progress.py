# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The way of one slot through one run, as a generator of what it asks of its round."""

from __future__ import annotations

import contextlib
import threading
import typing as t
from collections.abc import Generator
from dataclasses import dataclass

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.asks import Ask, Move, Pause, Steps
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.foresee import foresee
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.needed import needed
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.plan import orphans, plan_slot
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.ports import CommitLost, SlotChange
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import Record
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.seen import (
    AT_REST_WITH_KEYS,
    CHANGING,
    RESTING,
    Step,
    pending_key,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Place, Slot, SlotStopped
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot_run import SlotRun
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.steps import intended_record
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.sweep import sweep
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.take import take_step

# Of a slot in one run: a whole rotation takes six; the rest is for commits that were lost to other runs.
MOST_STEPS = 40
MOST_MOVES = 3


@dataclass(frozen=True)
class SlotOutcome:
    """What became of a slot; `taken` are the steps that this run carried out, `step` is where it rests.

    In check mode `foreseen` is the record after that step.
    """

    slot: Slot
    step: Step
    taken: tuple[str, ...] = ()
    before: t.Optional[Record] = None
    after: t.Optional[Record] = None
    swept: tuple[str, ...] = ()
    failure: t.Optional[str] = None
    transaction_ids: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    pending_id: t.Optional[str] = None
    foreseen: t.Optional[Record] = None

    @property
    def changed(self) -> bool:
        has_written = self.before != self.after or bool(self.transaction_ids) or {"copy", "move"} & {*self.taken}
        return bool(self.swept) or bool(self.taken and has_written)


class Batch:
    """How many rotations a run begins, so that a bad day stays a small one; shared by the slots of a run."""

    def __init__(self, size: int, stop_after_failures: int | None):
        self.failures = 0
        self._left = size
        self._size = size
        self._stop_after_failures = stop_after_failures
        self._lock = threading.Lock()

    @property
    def why_not(self) -> str:
        if self._has_failed_enough:
            return f"{self.failures} slots failed"
        return f"a run begins {self._size} rotations at most (batch_size)"

    def admits_one_more(self) -> bool:
        """Take one of the places that are left."""
        with self._lock:
            if self._has_failed_enough or self._left <= 0:
                return False
            self._left -= 1
            return True

    @property
    def _has_failed_enough(self) -> bool:
        return self._stop_after_failures is not None and self.failures >= self._stop_after_failures


class SlotProgress:
    """Takes steps until the slot rests; in check mode it only looks."""

    def __init__(self, run: SlotRun, batch: Batch, *, check_mode: bool):
        self.run = run
        self._batch = batch
        self.failure: str | None = None
        self.check_mode = check_mode
        self._step = Step("stop", "it was not looked at")
        self._taken: list[str] = []
        self._swept: list[str] = []
        self._before: Record | None = None
        self._has_looked = False
        self._foreseen: Record | None = None

    def steps(self) -> Steps:
        """The whole way; raises what a step raises."""
        if self.run.slot.problem:
            raise SlotStopped(self.run.slot.problem)
        has_moved = bool(self.run.slot.moved_from) and (yield from self._move())
        if self.check_mode and not has_moved:
            yield from self._check()
        elif not self.check_mode:
            yield from self._go()

    def outcome(self) -> SlotOutcome:
        """Where the slot is now."""
        failure = self.failure or (self._step.reason if self._step.name == "stop" else None)
        return SlotOutcome(
            slot=self.run.slot,
            step=self._step,
            taken=tuple(self._taken),
            before=self._before,
            after=self.run.loaded.record,
            swept=tuple(self._swept),
            failure=failure,
            transaction_ids=tuple(self.run.iam.transaction_ids),
            warnings=tuple(self.run.warnings),
            pending_id=self._pending_id(),
            foreseen=self._foreseen,
        )

    def _pending_id(self) -> str | None:
        record, seen = self.run.loaded.record, self.run.seen
        key = pending_key(record, seen) if record and seen else None
        return key.id if key else None

    def _move(self) -> Generator[Ask, t.Any, bool]:
        """Bring the slot here first -> whether there was anything to bring; in check mode that is its next step."""
        for _try in range(MOST_MOVES):
            try:
                has_moved: bool = yield Move()
            except CommitLost:
                continue
            if has_moved:
                place = t.cast(Place, self.run.slot.moved_from)
                self._step = Step("move", f"the slot was in {place.variable} of {place.file}")
                self._taken += [] if self.check_mode else ["move"]
                self._tell(f"move ({self._step.reason})")
            return has_moved
        raise SlotStopped("it cannot be moved: other runs keep changing the files")

    def _check(self) -> Steps:
        """Look and plan, and try whether the record could be written."""
        yield from self._look()
        self._foreseen = foresee(self.run, self._step)
        if self._step.name == "intend":
            self.run.ports.store.check(SlotChange(self.run.slot, self.run.loaded, intended_record(self.run)))

    def _go(self) -> Steps:
        for _turn in range(MOST_STEPS):
            yield from self._look()
            if self._step.name in RESTING:
                yield from self._sweep()
                return
            if self._step.name == "wait":
                yield Pause(self._seconds_until_next(), self._step.reason)
                continue
            if self._step.name == "intend" and not self._may_begin():
                return
            yield from self._take()
        raise SlotStopped(f"not at rest after {MOST_STEPS} steps: other runs keep changing {self.run.slot.file}")

    def _may_begin(self) -> bool:
        why_not = None
        if not self.run.ports.orders.may_begin:
            why_not = "rotations begin in the stage before the probe"
        elif not self._batch.admits_one_more():
            why_not = self._batch.why_not
        if why_not:
            self._step = Step("later", f"due ({self._step.reason}), and put off: {why_not}", self._step.key_id)
        return why_not is None

    def _take(self) -> Steps:
        step = self._step
        self._tell(f"{step.name} ({step.reason})")
        if step.name in CHANGING:
            self._taken.append(step.name)
        try:
            yield from take_step(self.run, step)
        except CommitLost:
            self._taken.pop()
            self._tell("somebody else changed the vault file meanwhile, looking again")

    def _look(self) -> Steps:
        """See and plan; what only a question to IAM can tell is asked here, and planned with."""
        is_first = not self._has_looked
        yield from self.run.look(is_glance=is_first)
        if is_first:
            self._before, self._has_looked = self.run.loaded.record, True
        self._step = self._plan()
        if not self.run.has_seen_all and not self._has_nothing_to_do():
            yield from self.run.look()
            self._step = self._plan()
        if self._step.name == "observe":
            self.run.observe(self._step.key_id)
            self._step = self._plan()

    def _has_nothing_to_do(self) -> bool:
        """Whether a glance is enough: the slot rests, and no key is left over."""
        seen, record = self.run.seen, self.run.loaded.record
        if self._step.name not in AT_REST_WITH_KEYS or seen is None or record is None:
            return False
        return not orphans(self.run.slot, record, seen)

    def _plan(self) -> Step:
        return plan_slot(self.run.slot, self.run.loaded.record, needed(self.run.seen, "a look at the keys"))

    def _sweep(self) -> Steps:
        if self._step.trusts_record:
            # A commit that is lost to another run leaves its orphan to the next sweep.
            with contextlib.suppress(CommitLost):
                self._swept = yield from sweep(self.run)

    def _seconds_until_next(self) -> float:
        if self._step.next_at is None or self.run.seen is None:
            return 0.0
        return max(0.0, (self._step.next_at - self.run.seen.now).total_seconds()) + 0.1

    def _tell(self, line: str) -> None:
        self.run.ports.tell(f"{self.run.slot.name}: {line}")
