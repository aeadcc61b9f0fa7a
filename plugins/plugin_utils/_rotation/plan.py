# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A slot as it is seen + what is asked of the run -> the next Step and the reason: pure.

The rules are those of docs/architecture.md, "The rotation protocol". Retiring comes before starting anew.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import parse_time
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.marker import Marker, split_description
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.plan_orders import plan_orders
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.plan_retiring import (
    plan_leaked,
    plan_superseded,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import Current, Pending, Record
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Orders, Slot
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.view import (
    Step,
    View,
    wait_for_lease,
)


def plan_slot(view: View, orders: Orders) -> Step:
    """Decide the next step of a slot."""
    record = view.loaded.record
    if record is None:
        return _plan_first(view)
    return (
        _stop_if_moved(record)
        or _stop_if_behind(view, record)
        or plan_orders(view, record, orders)
        or _plan_pending(view, record, orders)
        or _plan_if_unusable(view, record)
        or _plan_finish(view, record)
        or _plan_found(view, record)
        or plan_leaked(view, record, orders)
        or _plan_hand_over(view, record)
        or _plan_end(view.slot, record)
        or plan_superseded(view, record, orders)
        or _plan_current(view, record)
    )


def _plan_first(view: View) -> Step:
    if not view.slot.is_wanted:
        return Step("gone", "there is nothing of this slot")
    if view.slot.policy.on_missing_record == "adopt" and view.has_value:
        return Step("adopt", f"the value in {view.slot.variable} is taken over as it is")
    slot = view.slot
    namesakes = [key.id for key in view.keys if key.name == slot.key_name or _is_left_by_a_rotation(slot, key)]
    if view.slot.policy.on_missing_record != "replace" and namesakes:
        return Step(
            "stop",
            f"{view.slot.file} has no record of this slot, but there is an API key {view.slot.key_name!r} already: "
            f"{', '.join(namesakes)}. Nothing was changed. If the record is in another file or variable say "
            "`moved_from`, if the file was reverted bring its newest version back. Otherwise say `on_missing_record: "
            "adopt` if the key's value is in the variable, or `replace` to make a new key and leave that one alone "
            "(`retire_ids` names it to be retired)",
        )
    return _begin(view)


def _is_left_by_a_rotation(slot: Slot, key: ApiKey) -> bool:
    """A successor that a rotation was making: its record was somewhere, and is lost or in another file."""
    return key.name == slot.next_key_name and split_description(key.description)[1] is not None


def _begin(view: View) -> Step:
    if view.has_value:
        return Step(
            "stop",
            f"{view.slot.file} has no published key of this slot on record, but the variable {view.slot.variable} has "
            "a value. It may be the only copy of a working key, so it is not overwritten: say `on_missing_record: "
            "adopt`, remove the variable, or name another one",
        )
    return _room_for_one_more(view) or Step("intend", "no key yet: make the first one")


def _stop_if_moved(record: Record) -> Step | None:
    if record.moved_to is None:
        return None
    return Step(
        "stop",
        f"this slot was moved to {record.moved_to}. Nothing was changed; declare it there, with "
        "`moved_from` as long as this record is here",
        trusts_record=False,
    )


def _stop_if_behind(view: View, record: Record) -> Step | None:
    ahead = [key.id for key, marker in view.marked(record.slot_id) if marker.generation > record.last_generation]
    if not ahead:
        return None
    return Step(
        "stop",
        f"IBM Cloud has newer keys of this slot than the record knows ({', '.join(ahead)}): the vault file is an old "
        "copy or was reverted. Nothing was changed; bring the newest version of the file back",
        trusts_record=False,
    )


def _plan_pending(view: View, record: Record, orders: Orders) -> Step | None:
    pending = record.pending
    if pending is None:
        return None
    key, name = view.pending_key(), f"generation {pending.generation}"
    why_rejected = view.rejected.get(pending.announcement)
    if why_rejected is not None:
        told = f"the new key was withdrawn and the old one is untouched: {why_rejected}"
        return Step("withdraw", why_rejected, key.id if key else None, fails_with=told)
    if pending.withdrawing_at is not None or not view.slot.is_wanted:
        busy = wait_for_lease(view.slot, pending.withdrawing_at, view.now)
        return busy or Step("withdraw", f"{name} is being withdrawn", key.id if key else None)
    if pending.key_value is None or key is None:
        return wait_for_lease(view.slot, pending.started_at, view.now) or _plan_unmade(pending, key)
    return _plan_proof(view, pending, key, orders)


def _plan_unmade(pending: Pending, key: ApiKey | None) -> Step:
    name = f"generation {pending.generation}"
    if pending.key_value is None:
        return Step("withdraw", f"the value of {name} was lost with the answer", key.id if key else None)
    if pending.id is not None:
        # Made anew it would have another id than the record says.
        return Step("withdraw", f"the new key {pending.id} is gone")
    return Step("create", f"{name} was announced but does not exist yet")


def _plan_proof(view: View, pending: Pending, key: ApiKey, orders: Orders) -> Step:
    name = f"generation {pending.generation}"
    if orders.may_publish(key.id):
        return Step("publish", f"{name} exists: prove it and publish it", key.id)
    if pending.generation not in view.proven:
        return Step("prove", f"{name} exists: prove it", key.id)
    return Step("staged", f"the new key {key.id} logs in and is not published yet", key.id)


def _plan_if_unusable(view: View, record: Record) -> Step | None:
    """The published key does not work: replace it if it is gone, and let nothing else happen if somebody shut it.

    This comes before retiring: while the published key is shut, the key before may be all that its users have.
    """
    if record.current is None or not view.slot.is_wanted:
        return None
    key = view.key(record.current.id)
    if key is None:
        return _room_for_one_more(view) or Step("intend", f"the published key {record.current.id} is gone")
    if record.current.compromised:
        return _room_for_one_more(view) or Step("intend", f"the published key {key.id} leaked", key.id)
    if key.disabled or (key.expires_at and parse_time(key.expires_at) <= view.now):
        state = "disabled" if key.disabled else "expired"
        return Step(
            "stop", f"the published key {key.id} is {state}. Somebody decided that: nothing was changed", key.id
        )
    if view.has_value and not view.value_is_lost:
        return None
    return _room_for_one_more(view) or Step("intend", f"{view.slot.variable} does not hold its value any more", key.id)


def _plan_finish(view: View, record: Record) -> Step | None:
    """What a crash right after publishing left undone: name, lock, marker and copies."""
    key = view.key(record.current.id) if record.current else None
    if key is None or record.current is None:
        return None
    marker = split_description(key.description)[1]
    if marker is not None and marker.slot_id != record.slot_id:
        return Step("stop", f"the published key {key.id} carries the marker of another slot: {marker}", key.id)
    left_undone = {
        "the published key lacks the marker of this slot": (
            view.slot.use_marker and marker != Marker(record.slot_id, record.current.generation)
        ),
        f"the published key is still called {key.name!r}": key.name == view.slot.next_key_name,
        "the published key is to be locked": view.slot.locked and view.slot.is_wanted and not key.locked,
    }
    why = next((reason for reason, holds in left_undone.items() if holds), None)
    if why:
        return Step("finish_publishing", why, key.id)
    return Step("copy", "a copy does not hold the published value", key.id) if view.loaded.has_stale_copies else None


def _plan_found(view: View, record: Record) -> Step | None:
    """Keys that were there before the slot, and that the user named to be retired once it has a key of its own."""
    if record.current is None:
        return None
    found = sorted(key.id for key in view.keys if key.id in view.slot.retire_ids - record.known_ids)
    return Step("retire_found", f"the user named {found[0]} to be retired", found[0]) if found else None


def _plan_hand_over(view: View, record: Record) -> Step | None:
    current = record.current
    if current is None or not view.slot.has_hand_over or current.handed_over_at is not None or not view.slot.is_wanted:
        return None
    return Step("hand_over", f"the key {current.id} is published and has to be handed over", current.id)


def _plan_end(slot: Slot, record: Record) -> Step | None:
    if slot.is_wanted:
        return None
    if record.current is not None:
        return Step("unpublish", "the slot is not wanted any more", record.current.id)
    return None if record.superseded else Step("drop_record", "the last key of the slot is gone")


def _plan_current(view: View, record: Record) -> Step:
    key = view.key(record.current.id) if record.current else None
    if record.current is None or key is None:
        return _begin(view)
    due_at, why = _due(view.slot, record.current, key)
    if view.now < due_at:
        return Step("idle", f"the key {key.id} is not due", key.id, due_at)
    return _room_for_one_more(view) or Step("intend", why, key.id)


def _due(slot: Slot, current: Current, key: ApiKey) -> tuple[datetime, str]:
    """When the published key has to be replaced, and why then."""
    policy = slot.policy
    born = parse_time(key.created_at) if key.created_at else current.published_at
    # Somebody went back to this key for a reason: it is not replaced again at once because it is old.
    born = max(born, current.rolled_back_at or born)
    reasons = [(born + timedelta(days=policy.max_age_days), f"the key is older than {policy.max_age_days:g} days")]
    if key.expires_at:
        ahead = timedelta(days=policy.rotate_before_expiry_days)
        reasons.append((parse_time(key.expires_at) - ahead, f"the key expires at {key.expires_at}"))
    # IAM counts in minutes, so the record says whether a key was published since the moment the user named.
    if policy.rotate_if_older_than is not None and current.published_at < policy.rotate_if_older_than:
        reasons.append((current.published_at, "the user asked for a newer key"))
    return min(reasons)


def _room_for_one_more(view: View) -> Step | None:
    limit = view.slot.policy.keys_per_identity
    if len(view.keys) < limit:
        return None
    return Step(
        "stop",
        f"{view.slot.iam_id} has {len(view.keys)} API keys and may have {limit}: a rotation needs one free place. "
        "Nothing was changed; delete a key that is not needed (or set keys_per_identity if IBM raised the limit)",
    )


def orphans(view: View) -> list[ApiKey]:
    """Keys with the slot's marker that no entry of the record needs and that are old enough to be nobody's.

    The keys have to be listed before the record was read. A key of a higher generation is not among them: then the
    record is older than IAM.
    """
    record = view.loaded.record
    if record is None:
        return []
    oldest_allowed = view.now - timedelta(minutes=view.slot.policy.orphan_min_age_minutes)
    return [
        key
        for key, marker in view.marked(record.slot_id)
        if key.id not in record.known_ids
        and not _is_pending_without_id(record.pending, marker)
        and marker.generation <= record.last_generation
        and key.created_at is not None
        and parse_time(key.created_at) < oldest_allowed
    ]


def plan_sweep(view: View, rest: Step) -> Step | None:
    """What is left to do where a slot rests: clear away what runs that were stopped have left."""
    left = orphans(view) if rest.trusts_record else []
    return Step("sweep", f"no record needs {', '.join(key.id for key in left)}") if left else None


def _is_pending_without_id(pending: Pending | None, marker: Marker) -> bool:
    return pending is not None and pending.id is None and pending.generation == marker.generation
