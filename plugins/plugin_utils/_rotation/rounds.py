# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Moves many slots: each as far as it can go now, and one slot's failure never hides the others' results."""

from __future__ import annotations

import contextlib
import typing as t
from dataclasses import dataclass, replace

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import IamError
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.plan import RESTING, Seen, Step, plan_slot
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.ports import CommitLost, Ports
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import Record, to_data
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Slot, SlotStopped
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot_run import SlotRun
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.steps import intended_record, take_step
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.sweep import sweep
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.errors import VaultFileError

# Of a slot in one run: a whole rotation takes six; the rest is for commits that were lost to other runs.
MOST_STEPS = 40

FORESEEN = (IamError, VaultFileError, SlotStopped)


@dataclass(frozen=True)
class SlotOutcome:
    """What became of a slot; `taken` are the steps that this run carried out, `step` is where it rests."""

    slot: Slot
    step: Step
    taken: tuple[str, ...] = ()
    before: t.Optional[Record] = None
    after: t.Optional[Record] = None
    swept: tuple[str, ...] = ()
    failure: t.Optional[str] = None
    transaction_ids: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        return bool(self.taken or self.swept)


def rotate_slots(
    slots: t.Sequence[Slot], ports: Ports, *, check_mode: bool, unforeseen: t.Callable[[Exception], str]
) -> list[SlotOutcome]:
    """Move every slot as far as it can go now; `unforeseen` turns an exception nobody expected into a safe text."""
    published = {slot.name: _published_id(slot, ports) for slot in slots}
    outcomes = []
    for slot in slots:
        foreign = frozenset(key_id for name, key_id in published.items() if key_id and name != slot.name)
        already = len(ports.client.transaction_ids)
        progress = SlotProgress(SlotRun(slot, ports, foreign), ports)
        try:
            progress.check() if check_mode else progress.go()
        except FORESEEN as error:
            progress.failure = str(error)
        except Exception as error:
            progress.failure = unforeseen(error)
        outcome = replace(progress.outcome(), transaction_ids=tuple(ports.client.transaction_ids[already:]))
        published[slot.name] = outcome.after.current.id if outcome.after and outcome.after.current else None
        outcomes.append(outcome)
    return outcomes


def _published_id(slot: Slot, ports: Ports) -> str | None:
    try:
        record = ports.store.load(slot).record
    except FORESEEN:
        # Its own turn tells what is wrong with it.
        return None
    return record.current.id if record and record.current else None


class SlotProgress:
    """The way of one slot through one run."""

    def __init__(self, run: SlotRun, ports: Ports):
        self.failure: str | None = None
        self._run = run
        self._ports = ports
        self._step = Step("stop", "it was not looked at")
        self._taken: list[str] = []
        self._swept: list[str] = []
        self._before: Record | None = None
        self._looked = False

    def check(self) -> None:
        """Look and plan, and try whether the record could be written."""
        self._look()
        if self._step.name == "intend":
            self._ports.store.check(self._run.slot, self._run.loaded, intended_record(self._run))

    def go(self) -> None:
        """Take steps until the slot rests."""
        for _turn in range(MOST_STEPS):
            seen = self._look()
            if self._step.name in RESTING:
                self._sweep()
                return
            if self._step.name == "wait":
                self._wait(seen)
                continue
            self._ports.tell(f"{self._run.slot.name}: {self._step.name} ({self._step.reason})")
            self._taken.append(self._step.name)
            try:
                take_step(self._run, self._step)
            except CommitLost:
                self._taken.pop()
                self._ports.tell(f"{self._run.slot.name}: the vault file changed meanwhile, looking again")
        raise SlotStopped(f"not at rest after {MOST_STEPS} steps: other runs keep changing {self._run.slot.file}")

    def outcome(self) -> SlotOutcome:
        failure = self.failure or (self._step.reason if self._step.name == "stop" else None)
        return SlotOutcome(
            slot=self._run.slot,
            step=self._step,
            taken=tuple(self._taken),
            before=self._before,
            after=self._run.loaded.record,
            swept=tuple(self._swept),
            failure=failure,
        )

    def _sweep(self) -> None:
        if self._step.trusts_record:
            # A commit that is lost to another run leaves its orphan to the next sweep.
            with contextlib.suppress(CommitLost):
                self._swept = sweep(self._run)

    def _look(self) -> Seen:
        seen = self._run.observe()
        if not self._looked:
            self._before, self._looked = self._run.loaded.record, True
        self._step = plan_slot(self._run.slot, self._run.loaded.record, seen)
        return seen

    def _wait(self, seen: Seen) -> None:
        seconds = max(0.0, (self._step.next_at - seen.now).total_seconds()) if self._step.next_at else 0.0
        self._ports.tell(f"{self._run.slot.name}: waiting {seconds:.0f} s ({self._step.reason})")
        self._ports.client.clock.sleep(seconds + 0.1)


def describe_record(record: Record | None) -> dict[str, t.Any]:
    """A record for people and diffs: everything but the values."""
    return {} if record is None else t.cast("dict[str, t.Any]", _without_values(to_data(record)))


def _without_values(data: t.Any) -> t.Any:
    if isinstance(data, dict):
        return {name: _without_values(member) for name, member in data.items() if name != "key_value"}
    if isinstance(data, list):
        return [_without_values(member) for member in data]
    return data
