# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Slot + record + keys seen + now -> the next Step and the reason: pure.

The rules are those of docs/architecture.md, "The rotation protocol". Retiring comes before starting anew.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from datetime import datetime, timedelta

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import parse_time
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.marker import Marker, split_description
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import (
    Current,
    Pending,
    Record,
    Superseded,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Slot

StepName = t.Literal[
    "idle", "overlap", "soak", "wait", "stop", "intend", "create", "publish", "tidy", "withdraw", "disable", "delete"
]

# The steps after which a run has nothing more to do for a slot.
RESTING: frozenset[str] = frozenset({"idle", "overlap", "soak", "stop"})

# IAM's servers tell the time at log-in; a token is a moment older than what is recorded by it.
CLOCKS_AGREE_WITHIN = timedelta(minutes=2)


@dataclass(frozen=True)
class Step:
    """What to do next with a slot; `next_at` is when a resting slot goes on, `key_id` the key it is about.

    `trusts_record` is False when the record is older than IAM: then nothing at all may be written.
    """

    name: StepName
    reason: str
    key_id: t.Optional[str] = None
    next_at: t.Optional[datetime] = None
    trusts_record: bool = True


@dataclass(frozen=True)
class Seen:
    """What a run knows of the world: IAM's time, all keys of the identity, and whether the variable has a value."""

    now: datetime
    keys: tuple[ApiKey, ...]
    has_value: bool

    def key(self, key_id: str | None) -> ApiKey | None:
        return next((key for key in self.keys if key.id == key_id), None)

    def marked(self, slot_id: str) -> list[tuple[ApiKey, Marker]]:
        """The keys that carry the slot's marker."""
        marks = ((key, split_description(key.description)[1]) for key in self.keys)
        return [(key, marker) for key, marker in marks if marker and marker.slot_id == slot_id]


def plan_slot(slot: Slot, record: Record | None, seen: Seen) -> Step:
    """Decide the next step of a slot."""
    if record is None:
        return _plan_first(slot, seen)
    return (
        _stop_if_behind(record, seen)
        or _plan_pending(slot, record, seen)
        or _plan_if_unusable(slot, record, seen)
        or _plan_tidy(slot, record, seen)
        or _plan_superseded(slot, record, seen)
        or _plan_current(slot, record, seen)
    )


def pending_key(record: Record, seen: Seen) -> ApiKey | None:
    """The key of the pending generation: by its recorded id, else by its marker."""
    pending = record.pending
    if pending is None:
        return None
    if pending.id:
        return seen.key(pending.id)
    marked = seen.marked(record.slot_id)
    return next((key for key, marker in marked if marker.generation == pending.generation), None)


def _plan_first(slot: Slot, seen: Seen) -> Step:
    namesakes = [key.id for key in seen.keys if key.name == slot.key_name]
    if slot.policy.on_missing_record != "replace" and namesakes:
        return Step(
            "stop",
            f"{slot.file} has no record of this slot, but there is an API key {slot.key_name!r} already: "
            f"{', '.join(namesakes)}. Nothing was changed. Delete or rename it, or say `on_missing_record: replace` "
            "to make a new key and leave that one alone",
        )
    return _begin(slot, seen)


def _begin(slot: Slot, seen: Seen) -> Step:
    if seen.has_value:
        return Step(
            "stop",
            f"{slot.file} has no published key of this slot on record, but the variable {slot.variable} has a value. "
            "It may be the only copy of a working key, so it is not overwritten: remove it or name another variable",
        )
    return _room_for_one_more(slot, seen) or Step("intend", "no key yet: make the first one")


def _stop_if_behind(record: Record, seen: Seen) -> Step | None:
    ahead = [key.id for key, marker in seen.marked(record.slot_id) if marker.generation > record.last_generation]
    if not ahead:
        return None
    return Step(
        "stop",
        f"IBM Cloud has newer keys of this slot than the record knows ({', '.join(ahead)}): the vault file is an old "
        "copy or was reverted. Nothing was changed; bring the newest version of the file back",
        trusts_record=False,
    )


def _plan_pending(slot: Slot, record: Record, seen: Seen) -> Step | None:
    pending = record.pending
    if pending is None:
        return None
    key = pending_key(record, seen)
    if pending.withdrawing_at is not None:
        busy = _someone_is_at_it(slot, pending.withdrawing_at, seen.now)
        return busy or Step("withdraw", f"generation {pending.generation} is being withdrawn", key.id if key else None)
    if key is not None:
        return Step("publish", f"generation {pending.generation} exists: prove it and publish it", key.id)
    busy = _someone_is_at_it(slot, pending.started_at, seen.now)
    return busy or Step("create", f"generation {pending.generation} was announced but does not exist yet")


def _plan_tidy(slot: Slot, record: Record, seen: Seen) -> Step | None:
    """What a crash right after publishing left undone: the name and the lock of the published key."""
    key = seen.key(record.current.id) if record.current else None
    if key is None:
        return None
    if key.name == slot.next_key_name:
        return Step("tidy", f"the published key is still called {key.name!r}", key.id)
    if slot.locked and not key.locked:
        return Step("tidy", "the published key is to be locked", key.id)
    return None


def _plan_superseded(slot: Slot, record: Record, seen: Seen) -> Step | None:
    """The next step of the oldest key on its way out; other keys on their way out wait for it."""
    for entry in sorted(record.superseded, key=lambda each: each.generation):
        return _plan_retiring(slot, entry, seen)
    return None


def _plan_retiring(slot: Slot, entry: Superseded, seen: Seen) -> Step:
    key, policy, now = seen.key(entry.id), slot.policy, seen.now
    if entry.deleting_at is not None or key is None:
        busy = _someone_is_at_it(slot, entry.deleting_at, now)
        return busy or Step("delete", "its deletion is announced" if key else "it is gone from IBM Cloud", entry.id)
    overlap_ends = entry.superseded_at + policy.overlap
    if policy.overlap and now < overlap_ends:
        return Step("overlap", f"the key before, {entry.id}, still works for whoever has it", entry.id, overlap_ends)
    if entry.disabling_at is None or not key.disabled:
        busy = _someone_is_at_it(slot, entry.disabling_at, now)
        return busy or Step("disable", "its overlap is over", entry.id)
    soak_ends = entry.disabling_at + policy.soak
    if policy.soak and now < soak_ends:
        return Step("soak", f"the key before, {entry.id}, is disabled and can be enabled again", entry.id, soak_ends)
    return Step("delete", "its soak is over", entry.id)


def _plan_if_unusable(slot: Slot, record: Record, seen: Seen) -> Step | None:
    """The published key does not work: replace it if it is gone, and let nothing else happen if somebody shut it.

    This comes before retiring: while the published key is shut, the key before may be all that its users have.
    """
    if record.current is None:
        return None
    key = seen.key(record.current.id)
    if key is None:
        return _room_for_one_more(slot, seen) or Step("intend", f"the published key {record.current.id} is gone")
    if key.disabled or (key.expires_at and parse_time(key.expires_at) <= seen.now):
        state = "disabled" if key.disabled else "expired"
        return Step("stop", f"the published key {key.id} is {state}. Somebody meant that: nothing was changed", key.id)
    return None


def _plan_current(slot: Slot, record: Record, seen: Seen) -> Step:
    key = seen.key(record.current.id) if record.current else None
    if record.current is None or key is None:
        return _begin(slot, seen)
    due_at, why = _due(slot, record.current, key)
    if seen.now < due_at:
        return Step("idle", f"the key {key.id} is not due", key.id, due_at)
    return _room_for_one_more(slot, seen) or Step("intend", why, key.id)


def _due(slot: Slot, current: Current, key: ApiKey) -> tuple[datetime, str]:
    """When the published key has to be replaced, and why then."""
    policy = slot.policy
    born = parse_time(key.created_at) if key.created_at else current.published_at
    reasons = [(born + timedelta(days=policy.max_age_days), f"the key is older than {policy.max_age_days:g} days")]
    if key.expires_at:
        ahead = timedelta(days=policy.rotate_before_expiry_days)
        reasons.append((parse_time(key.expires_at) - ahead, f"the key expires at {key.expires_at}"))
    # IAM counts in minutes, so the record says whether a key was published since the moment the user named.
    if policy.rotate_if_older_than is not None and current.published_at < policy.rotate_if_older_than:
        reasons.append((current.published_at, "the user asked for a newer key"))
    return min(reasons)


def _room_for_one_more(slot: Slot, seen: Seen) -> Step | None:
    limit = slot.policy.keys_per_identity
    if len(seen.keys) < limit:
        return None
    return Step(
        "stop",
        f"{slot.iam_id} has {len(seen.keys)} API keys and may have {limit}: a rotation needs one free place. "
        "Nothing was changed; delete a key that is not needed (or set keys_per_identity if IBM raised the limit)",
    )


def _someone_is_at_it(slot: Slot, announced_at: datetime | None, now: datetime) -> Step | None:
    """An announcement younger than the lease belongs to the run that made it; its request may still land."""
    if announced_at is None or now >= announced_at + slot.policy.lease:
        return None
    if announced_at > now + CLOCKS_AGREE_WITHIN:
        return Step("stop", f"the record announces a change for {announced_at:%Y-%m-%dT%H:%M:%SZ}, in the future")
    return Step(
        "wait", "another run, or one that was stopped, announced a change", None, announced_at + slot.policy.lease
    )


def orphans(slot: Slot, record: Record, seen: Seen) -> list[ApiKey]:
    """Keys with the slot's marker that no entry of the record needs and that are old enough to be nobody's.

    `seen` has to be listed before `record` was read. A key of a higher generation is not among them: then the record
    is older than IAM.
    """
    oldest_allowed = seen.now - timedelta(minutes=slot.policy.orphan_min_age_minutes)
    return [
        key
        for key, marker in seen.marked(record.slot_id)
        if key.id not in record.known_ids
        and not _is_pending_without_id(record.pending, marker)
        and marker.generation <= record.last_generation
        and key.created_at is not None
        and parse_time(key.created_at) < oldest_allowed
    ]


def _is_pending_without_id(pending: Pending | None, marker: Marker) -> bool:
    return pending is not None and pending.id is None and pending.generation == marker.generation
