# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is true of a scene at every instant, of every write of a run, and of what a run says at its end."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field
from datetime import datetime, timezone

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.outcome import SlotOutcome
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import Record
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import Scene

# A whole rotation takes seven steps, and tells of each once; lost commits and leases come on top.
MOST_LINES_OF_A_RUN = 16
NO_CLEAR_STOP = re.compile(r"unexpected|not at rest after|a defect|^IBM Cloud IAM answered 400")


class Violated(BaseException):
    """Something that has to hold does not. No `Exception`, so that no run takes it for a failure of its slot."""

    def __init__(self, kind: str, detail: str = "") -> None:
        super().__init__(f"{kind}: {detail}" if detail else kind)
        self.kind = kind


@dataclass(frozen=True)
class FileState:
    """What the vault file holds."""

    records: dict[str, Record]
    values: dict[str, str]

    @property
    def key_values(self) -> set[str]:
        """Every value in it, wherever it is kept."""
        found = {value.rstrip("\n") for value in self.values.values()}
        for record in self.records.values():
            kept = [record.pending, *record.superseded]
            found |= {each.key_value for each in kept if each is not None and each.key_value}
        return found

    @property
    def recorded_values(self) -> set[str]:
        return FileState(self.records, {}).key_values

    @property
    def known_ids(self) -> set[str]:
        return {key_id for record in self.records.values() for key_id in record.known_ids}


def file_state(scene: Scene) -> FileState:
    return FileState(dict(scene.store.records), dict(scene.store.values))


@dataclass
class Ledger:
    """What people and tools did to a scene, which is not the rotation's fault, and what of theirs has to stay."""

    leaked_ids: frozenset[str] = frozenset()
    # Keys that somebody else shut or deleted.
    taken_ids: set[str] = field(default_factory=set)
    taken_values: set[str | None] = field(default_factory=set)
    # What a person wrote into a variable, by variable.
    persons_values: dict[str, str] = field(default_factory=dict)
    # Ids and values that a person struck from a record: that person knows them.
    struck_out: set[str | None] = field(default_factory=set)
    # A request took longer than its lease, which no real one can (docs/architecture.md).
    has_outlived: bool = False
    # Keys that are not ours, with their versions.
    foreign: dict[str, str] = field(default_factory=dict)
    # Other entries of the file.
    bystanders: dict[str, t.Any] = field(default_factory=dict)
    # Somebody changed records or markers, so the number of our keys follows from nothing any more.
    is_counted: bool = True
    account_of: dict[str, str] = field(default_factory=dict)


def all_keys(scene: Scene) -> dict[str, t.Any]:
    """The keys of all accounts, by id."""
    return {key_id: key for world in scene.emulator.worlds.values() for key_id, key in world.keys.items()}


def logs_in(scene: Scene, key_value: str | None) -> bool:
    return any(key.key_value == key_value and not key.disabled for key in all_keys(scene).values())


def note_accounts(scene: Scene, ledger: Ledger) -> None:
    """Remember whose each key is, for when it is gone."""
    ledger.account_of.update({key_id: key.account_id for key_id, key in all_keys(scene).items()})


def check_instant(scene: Scene, ledger: Ledger) -> None:
    """What holds after each call of a port, the middle of a run included."""
    record, value = scene.store.records.get(scene.slot.variable), scene.value
    leaked_values = {key.key_value for key_id, key in scene.keys().items() if key_id in ledger.leaked_ids}
    is_taken_away = value in ledger.taken_values | leaked_values or bool(
        record and record.current and record.current.id in ledger.leaked_ids
    )
    if value and value not in ledger.persons_values.values() and not is_taken_away and not logs_in(scene, value):
        raise Violated("I1: the published value does not log in")
    _check_overlaps(scene, ledger, record)
    _check_count(scene, ledger, record)
    _check_not_ours(scene, ledger)
    _check_one_account(scene, ledger)


def _check_overlaps(scene: Scene, ledger: Ledger, record: Record | None) -> None:
    now = datetime.fromtimestamp(scene.emulator.clock.now(), timezone.utc)
    overlap = scene.slot.policy.overlap
    for entry in record.superseded if record and overlap else ():
        if entry.id in ledger.leaked_ids | ledger.taken_ids or now >= entry.superseded_at + overlap:
            continue
        key = all_keys(scene).get(entry.id)
        if key is None or key.disabled:
            raise Violated("I2: an overlap was cut short", entry.id)


def _check_count(scene: Scene, ledger: Ledger, record: Record | None) -> None:
    ours = [key for key in scene.keys().values() if "cloudkeys" in (key.description or "")]
    listed = len(record.superseded) if record else 0
    # A key whose value IAM chose and whose answer was lost is only good for being withdrawn: one more of them.
    most = 2 if scene.slot.policy.key_source == "local" else 3
    if ledger.is_counted and len(ours) > most + listed:
        raise Violated("I4: too many keys", f"{len(ours)}")


def _check_not_ours(scene: Scene, ledger: Ledger) -> None:
    keys = all_keys(scene)
    for key_id, tag in ledger.foreign.items():
        if key_id not in keys:
            raise Violated("I5: a foreign key was deleted", key_id)
        if keys[key_id].entity_tag != tag:
            raise Violated("I5: a foreign key was changed", f"{key_id}: {keys[key_id].history[-1]['action']}")
    held: dict[str, t.Any] = {**scene.store.records, **scene.store.values}
    for name, content in ledger.bystanders.items():
        if held.get(name) != content:
            raise Violated("I14: another entry of the file was changed", name)
    for variable, value in ledger.persons_values.items():
        if scene.store.values.get(variable) != value:
            raise Violated("I14: a value that a person wrote was overwritten", variable)


def _check_one_account(scene: Scene, ledger: Ledger) -> None:
    note_accounts(scene, ledger)
    for variable, record in scene.store.records.items():
        accounts = {ledger.account_of[key_id] for key_id in record.known_ids if key_id in ledger.account_of}
        if len(accounts) > 1:
            raise Violated("I13: a record names keys of two accounts", variable)


def check_write(scene: Scene, ledger: Ledger, before: FileState, after: FileState) -> None:
    """What holds of a run's write to the vault file; what a key's deletion announced is dropped when it is done."""
    keys = all_keys(scene)
    by_value = {key.key_value: key for key in keys.values()}
    for key_value in before.key_values - after.key_values - ledger.struck_out:
        if key_value in by_value:
            raise Violated("I12: the only copy of a key's value was dropped", by_value[key_value].id)
    for key_id in before.known_ids - after.known_ids - ledger.struck_out:
        if key_id in keys:
            raise Violated("I12: a key that exists was forgotten", key_id)
    for variable, record in after.records.items():
        if record != before.records.get(variable):
            _check_pairs(record, before.records.get(variable), after.values.get(variable), by_value)


def _check_pairs(record: Record, before: Record | None, value: str | None, by_value: dict[str, t.Any]) -> None:
    """A value that a run writes is that of the key whose id is written with it."""
    kept = {(each.id, each.key_value) for each in record.superseded if each.key_value}
    kept -= {(each.id, each.key_value) for each in before.superseded} if before else set()
    if record.current is not None and (
        before is None or before.current is None or before.current.id != record.current.id
    ):
        kept.add((record.current.id, value))
    for key_id, key_value in kept:
        key = by_value.get(key_value)
        if key is not None and key.id != key_id:
            raise Violated("I11: a value was written as that of another key", f"that of {key.id} as {key_id}")


def check_says(scene: Scene, outcome: SlotOutcome, compromised_ids: t.Iterable[str], lines: int) -> None:
    """What holds of what a run says at its end."""
    failure = outcome.failure
    if failure is not None and NO_CLEAR_STOP.search(failure):
        raise Violated("stop: not a clear one", failure)
    if lines > MOST_LINES_OF_A_RUN:
        raise Violated("stop: too many steps", f"{lines}, {failure or outcome.step.name}")
    if failure is None:
        keys = all_keys(scene)
        still = [key_id for key_id in compromised_ids if key_id in keys and not keys[key_id].disabled]
        if still:
            raise Violated("I15: green, and a key that was to be revoked logs in", f"{still[0]}, {outcome.step.name}")


def check_is_published(scene: Scene) -> None:
    """What holds when a run that asked IAM for the published value says that all is well."""
    record, key = scene.store.records.get(scene.slot.variable), None
    # A line break behind it is told, and left alone.
    value = (scene.value or "").rstrip("\n")
    for key_id, each in all_keys(scene).items():
        key = each if each.key_value == value else key
        if record and record.current and key_id == record.current.id and each.iam_id != scene.slot.iam_id:
            raise Violated("I15: green, and the published key is another owner's", key_id)
    if scene.value is None or record is None or record.current is None:
        raise Violated("I15: green, and nothing is published")
    if key is None or key.disabled:
        raise Violated("I15: green, and the value in the variable does not log in")
    if key.id != record.current.id:
        raise Violated("I15: green, and the variable has another key's value", key.id)
