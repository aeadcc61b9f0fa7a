# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a plan is made of: the world as a run sees it, and the step that follows."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.marker import Marker, split_description
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import Record
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Orders, Slot

RestName = t.Literal["idle", "later", "staged", "hand_over", "published", "overlap", "in_use", "soak", "stop", "gone"]
ActName = t.Literal[
    "wait", "move", "adopt", "intend", "create", "prove", "publish", "tidy", "copy", "note_hand_over", "withdraw",
    "observe", "disable", "delete", "flag", "shut", "roll_back", "retire_found", "unpublish", "forget",
]  # fmt: skip
StepName = t.Union[RestName, ActName]

# After these a run has nothing more to do for a slot.
RESTING: frozenset[str] = frozenset(t.get_args(RestName))

# These rest on keys that exist, whatever others there are.
AT_REST_WITH_KEYS: frozenset[RestName] = frozenset({"idle", "hand_over", "published", "overlap", "in_use", "soak"})

# These change something that lasts; the others look, wait or prove.
CHANGING: frozenset[str] = frozenset(t.get_args(ActName)) - {"wait", "prove", "observe"}

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
    """What a run knows of the world.

    `pending_id` is the key found by the pending value, for slots without markers. `last_logins` holds the keys whose
    activity was read in this run (None: never). `proven` are the generations that this run has logged in with.
    `value_is_lost` when IAM was asked and does not know the value in the variable.
    """

    now: datetime
    keys: tuple[ApiKey, ...]
    has_value: bool
    orders: Orders = field(default_factory=Orders)
    has_stale_copies: bool = False
    pending_id: t.Optional[str] = None
    login_key_id: t.Optional[str] = None
    last_logins: t.Mapping[str, t.Optional[datetime]] = field(default_factory=dict)
    proven: frozenset[int] = frozenset()
    value_is_lost: bool = False

    def key(self, key_id: str | None) -> ApiKey | None:
        return next((key for key in self.keys if key.id == key_id), None)

    def marked(self, slot_id: str) -> list[tuple[ApiKey, Marker]]:
        """The keys that carry the slot's marker."""
        marks = ((key, split_description(key.description)[1]) for key in self.keys)
        return [(key, marker) for key, marker in marks if marker and marker.slot_id == slot_id]


def pending_key(record: Record, seen: Seen) -> ApiKey | None:
    """The key of the pending generation: by its id, else by its marker."""
    pending = record.pending
    if pending is None:
        return None
    if pending.id or seen.pending_id:
        return seen.key(pending.id or seen.pending_id)
    marked = seen.marked(record.slot_id)
    return next((key for key, marker in marked if marker.generation == pending.generation), None)


def wait_for_lease(slot: Slot, announced_at: datetime | None, now: datetime) -> Step | None:
    """An announcement younger than the lease belongs to the run that made it; its request may still land."""
    if announced_at is None or now >= announced_at + slot.policy.lease:
        return None
    if announced_at > now + CLOCKS_AGREE_WITHIN:
        return Step("stop", f"the record announces a change for {announced_at:%Y-%m-%dT%H:%M:%SZ}, in the future")
    return Step(
        "wait", "another run, or one that was stopped, announced a change", None, announced_at + slot.policy.lease
    )
