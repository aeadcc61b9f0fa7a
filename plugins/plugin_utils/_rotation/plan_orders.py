# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the user ordered comes before what the policy wants: leaked keys, withdrawals, rollbacks, hand-overs; pure."""

from __future__ import annotations

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import Record, Superseded
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.seen import Seen, Step, pending_key
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Slot


def plan_orders(slot: Slot, record: Record, seen: Seen) -> Step | None:
    """The next step that an order asks for; None when all are carried out."""
    return (
        _plan_leak(record, seen)
        or _plan_withdraw(record, seen)
        or _plan_rollback(record, seen)
        or _plan_hand_over_note(record, seen)
    )


def _plan_leak(record: Record, seen: Seen) -> Step | None:
    """A leaked key is flagged on record first, so it is never used again, whatever happens next."""
    leaked, current = seen.orders.compromised_ids, record.current
    if current is not None and current.id in leaked and not current.compromised:
        return Step("flag", f"the published key {current.id} leaked", current.id)
    for entry in record.superseded:
        if entry.id in leaked and not entry.compromised:
            return Step("flag", f"the key {entry.id} leaked", entry.id)
    key = seen.key(current.id) if current is not None and current.compromised else None
    if key is None or key.disabled or seen.orders.leak_response != "disable_first":
        return None
    if key.id == seen.login_key_id:
        # Without it the run could not make a successor any more.
        return None
    return Step("shut", f"the leaked key {key.id} is disabled before anything else", key.id)


def _plan_withdraw(record: Record, seen: Seen) -> Step | None:
    key = pending_key(record, seen)
    if key is None or key.id not in seen.orders.withdraw_ids | seen.orders.compromised_ids:
        return None
    why = "leaked" if key.id in seen.orders.compromised_ids else "did not pass its probe"
    return Step("withdraw", f"the new key {key.id} {why}", key.id)


def _plan_rollback(record: Record, seen: Seen) -> Step | None:
    wanted = seen.orders.rollback_to_ids
    entry = next((each for each in record.superseded if each.id in wanted), None)
    if entry is None:
        return None
    refusal = _why_no_way_back(entry, seen)
    if refusal:
        return Step("stop", f"there is no way back to {entry.id}: {refusal}", entry.id)
    if record.pending is not None:
        key = pending_key(record, seen)
        return Step("withdraw", "a rollback was asked for", key.id if key else None)
    return Step("roll_back", f"{entry.id} is made the published key again", entry.id)


def _why_no_way_back(entry: Superseded, seen: Seen) -> str | None:
    if entry.compromised:
        return "it leaked"
    if entry.deleting_at is not None:
        return "its deletion is announced"
    if entry.key_value is None:
        return "its value is not on record"
    return None if seen.key(entry.id) else "it is gone from IBM Cloud"


def _plan_hand_over_note(record: Record, seen: Seen) -> Step | None:
    current = record.current
    if current is None or current.handed_over_at is not None or current.id not in seen.orders.handed_over_ids:
        return None
    return Step("note_hand_over", f"the key {current.id} was handed over", current.id)
