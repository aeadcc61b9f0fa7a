# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How a key goes that was replaced, or found: overlap, a look at who still uses it, disable, soak, delete; pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.marker import split_description
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import Record, Superseded
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Orders
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.view import (
    Step,
    View,
    wait_for_lease,
)


def plan_found(view: View, record: Record) -> Step | None:
    """Keys that were there before the slot, and that the user named to be retired once it has a key of its own."""
    if record.current is None:
        return None
    found = sorted((key.id, key) for key in view.keys if key.id in view.slot.retire_ids - record.known_ids)
    for key_id, key in found:
        marker = split_description(key.description)[1]
        if key_id in view.foreign_ids or (marker is not None and marker.slot_id != record.slot_id):
            whose = (
                f"carries the marker of another slot, {marker}" if marker else "another slot of this run has published"
            )
            return Step(
                "stop",
                f"`retire_ids` names {key_id}, which {whose}. Nothing was changed; take the id off `retire_ids`, or "
                "the marker off the key if no slot has it any more",
                key_id,
            )
    return Step("retire_found", f"the user named {found[0][0]} to be retired", found[0][0]) if found else None


def plan_leaked(view: View, record: Record, orders: Orders) -> Step | None:
    """A replaced key that leaked goes before the hand-over, unless the user wants no outage."""
    if orders.leak_response != "disable_first" or not any(entry.compromised for entry in record.superseded):
        return None
    return plan_superseded(view, record, orders)


def plan_superseded(view: View, record: Record, orders: Orders) -> Step | None:
    """The next step of one key on its way out: a leaked one first, then the oldest; others wait for it."""
    entries = sorted(record.superseded, key=lambda each: (not each.compromised, each.generation))
    if not entries:
        return None
    step = _plan_retiring(view, record, entries[0])
    if step.rests or step.name == "wait" or orders.until == "retired" or entries[0].compromised:
        return step
    return Step("published", f"the key before, {entries[0].id}, is retired by a run until `retired`", entries[0].id)


def _plan_retiring(view: View, record: Record, entry: Superseded) -> Step:
    key, policy, now = view.key(entry.id), view.slot.policy, view.now
    if entry.deleting_at is not None or key is None or entry.compromised:
        why = "it leaked" if entry.compromised else "its deletion is announced" if key else "it is gone from IBM Cloud"
        return wait_for_lease(view.slot, entry.deleting_at, now) or Step("delete", why, entry.id)
    if entry.enabling_at is not None:
        # A rollback was stopped half-way; while its lease lasts it may still enable the key.
        return wait_for_lease(view.slot, entry.enabling_at, now) or Step(
            "disable", "a rollback to it was given up", entry.id
        )
    overlap_ends = _overlap_ends(view, record, entry)
    if policy.overlap and now < overlap_ends:
        how = "is disabled already, before its overlap is over" if key.disabled else "still works for whoever has it"
        return Step("overlap", f"the key before, {entry.id}, {how}", entry.id, overlap_ends)
    if entry.disabling_at is None or not key.disabled:
        busy = wait_for_lease(view.slot, entry.disabling_at, now)
        in_use = None if key.disabled else _plan_in_use(view, entry, overlap_ends)
        return busy or in_use or Step("disable", "its overlap is over", entry.id)
    soak_ends = entry.disabling_at + policy.soak
    if policy.soak and now < soak_ends:
        return Step("soak", f"the key before, {entry.id}, is disabled and can be enabled again", entry.id, soak_ends)
    return Step("delete", "its soak is over", entry.id)


def _overlap_ends(view: View, record: Record, entry: Superseded) -> datetime:
    """The overlap runs from the hand-over; without one, from the moment the key was replaced."""
    handed_over_at = record.current.handed_over_at if record.current else None
    return max(entry.superseded_at, handed_over_at or entry.superseded_at) + view.slot.policy.overlap


def places_freed_at(view: View, record: Record, iam_id: str) -> list[datetime]:
    """When the keys of this owner that are on their way out will be deleted, at the earliest."""
    entries = [entry for entry in record.superseded if (entry.iam_id or view.slot.iam_id) == iam_id]
    return [_freed_at(view, record, entry) for entry in entries if view.key(entry.id) is not None]


def _freed_at(view: View, record: Record, entry: Superseded) -> datetime:
    if entry.deleting_at is not None or entry.compromised:
        return view.now
    disabled_at = entry.disabling_at or max(view.now, _overlap_ends(view, record, entry))
    return disabled_at + view.slot.policy.soak


def _plan_in_use(view: View, entry: Superseded, overlap_ends: datetime) -> Step | None:
    """Look when the key last logged in before it is disabled; None when it may be."""
    policy = view.slot.policy
    if not policy.quiet or (policy.on_previous_in_use == "warn" and entry.id in view.last_logins):
        return None
    if entry.id not in view.last_logins:
        return Step("observe", "its overlap is over: is it still in use?", entry.id)
    last = view.last_logins[entry.id]
    if last is None or view.now >= last + policy.quiet:
        return None
    used = f"the key before, {entry.id}, logged in at {last:%Y-%m-%dT%H:%MZ}, so somebody still uses it"
    gives_up_at = overlap_ends + timedelta(days=policy.wait_at_most_days)
    if policy.on_previous_in_use == "wait" and view.now < gives_up_at:
        return Step("in_use", used, entry.id, min(last + policy.quiet, gives_up_at))
    return Step("stop", f"{used}. Find it and give it the new value; the old key is left enabled", entry.id)
