# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the user ordered comes before what the policy wants: leaked keys, withdrawals, rollbacks, hand-overs; pure."""

from __future__ import annotations

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import Record, Superseded
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Orders
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.view import Step, View, orphaned


def plan_orders(view: View, record: Record, orders: Orders) -> Step | None:
    """The next step that an order asks for; None when all are carried out."""
    return (
        plan_leak(view, record, orders)
        or _plan_rollback(view, record, orders)
        or plan_hand_over_note(view, record, orders)
        or _plan_forgetting(record, orders)
    )


def plan_leak(view: View, record: Record, orders: Orders) -> Step | None:
    """What a leak asks for, and a new key that is no good."""
    return _plan_leak(view, record, orders) or _plan_withdraw(view, record, orders)


def _plan_leak(view: View, record: Record, orders: Orders) -> Step | None:
    """A leaked key is marked on record first, so it is never used again, whatever happens next."""
    leaked, current = orders.compromised_ids, record.current
    if current is not None and current.id in leaked and not current.compromised:
        return Step("mark_leaked", f"the published key {current.id} leaked", current.id)
    for entry in record.superseded:
        if entry.id in leaked and not entry.compromised:
            return Step("mark_leaked", f"the key {entry.id} leaked", entry.id)
    for found in orphaned(view, record):
        if found.id in leaked:
            return Step("retire_found", f"{found.id}, which leaked, carries the marker of the slot", found.id)
    key = view.key(current.id) if current is not None and current.compromised else None
    if key is None or key.disabled or orders.leak_response != "disable_first":
        return None
    if key.id == view.login_key_id:
        # Without it the run could not make a successor any more.
        return None
    return Step("disable_leaked", f"the leaked key {key.id} is disabled before anything else", key.id)


def _plan_forgetting(record: Record, orders: Orders) -> Step | None:
    """An order that was carried out counts as carried out as long as it stands."""
    for entry in record.superseded:
        if entry.rollback_is_done and entry.id not in orders.rollback_to_ids:
            return Step("forget_order", f"nobody orders {entry.id} back any more", entry.id)
    return None


def why_leak_is_open(view: View, orders: Orders, rest: Step) -> str | None:
    """Why a run that goes all the way is not well where it rests: a leaked key of the slot still works."""
    record = view.loaded.record
    if record is None or rest.name == "stop" or orders.until != "retired":
        return None
    marked = {each.id for each in (record.current, *record.superseded) if each is not None and each.compromised}
    leaked = marked | (record.known_ids & orders.compromised_ids)
    alive = sorted(key.id for key in view.keys if key.id in leaked and not key.disabled)
    return f"{', '.join(alive)} leaked and still works: {rest.reason}" if alive else None


def _plan_withdraw(view: View, record: Record, orders: Orders) -> Step | None:
    if record.current is not None and record.current.id in orders.withdraw_ids:
        return Step(
            "stop",
            f"{record.current.id} was to be withdrawn, and is published already. Nothing was changed; name the key "
            "before in `rollback_to_ids` to go back to it",
            record.current.id,
        )
    key = view.pending_key()
    if key is None or key.id not in orders.withdraw_ids | orders.compromised_ids:
        return None
    why = "leaked" if key.id in orders.compromised_ids else "did not pass its probe"
    return Step("withdraw", f"the new key {key.id} {why}", key.id)


def _plan_rollback(view: View, record: Record, orders: Orders) -> Step | None:
    named = sorted(record.known_ids & orders.rollback_to_ids)
    if len(named) > 1:
        told = " and ".join(named)
        return Step("stop", f"`rollback_to_ids` names {told}, two keys of this slot. Nothing was changed; say which")
    wanted = (each for each in record.superseded if each.id in named and not each.rollback_is_done)
    entry = next(wanted, None)
    if entry is None:
        return _stop_if_struck_out(view, record, orders)
    if view.has_replaced:
        return Step(
            "stop",
            f"a run replaces a key once, and this one has done so already: run again to go back to {entry.id}",
            entry.id,
        )
    refusal = _why_no_way_back(entry, view)
    if refusal:
        return Step("stop", f"there is no way back to {entry.id}: {refusal}", entry.id)
    if record.pending is not None:
        key = view.pending_key()
        return Step("withdraw", "a rollback was asked for", key.id if key else None)
    return _plan_enable(view, entry) or Step("roll_back", f"{entry.id} is made the published key again", entry.id)


def _stop_if_struck_out(view: View, record: Record, orders: Orders) -> Step | None:
    """A key of this slot is ordered back that the record has lost: nothing else happens as long as that is so."""
    lost = sorted(
        key.id for key, _marker in view.marked(record.slot_id) if key.id in orders.rollback_to_ids - record.known_ids
    )
    if not lost:
        return None
    return Step(
        "stop",
        f"there is no way back to {lost[0]}: it is there and carries the marker of this slot, and the record does not "
        "have it any more, so its value is not known. Nothing was changed; bring the newest version of the vault file "
        "back that has it, or take the id off `rollback_to_ids`",
        lost[0],
        trusts_record=False,
    )


def _plan_enable(view: View, entry: Superseded) -> Step | None:
    """Once a disable was announced it may still land: an enable is announced, and sent when that is over."""
    key = view.key(entry.id)
    if (entry.id, entry.enabling_at) in view.enabled:
        return None
    if entry.disabling_at is None and key is not None and not key.disabled:
        return None
    if entry.disabling_at is not None and entry.enabling_at is not None:
        lands_until = entry.disabling_at + view.slot.policy.lease
        if view.now < lands_until:
            return Step("wait", "an announced disable of the key may still land", entry.id, lands_until)
    return Step("enable", f"{entry.id} has to be enabled before it is published again", entry.id)


def _why_no_way_back(entry: Superseded, view: View) -> str | None:
    if not view.slot.is_wanted:
        return "the slot is not wanted any more"
    if entry.compromised:
        return "it leaked"
    if entry.deleting_at is not None:
        return "its deletion is announced"
    if entry.key_value is None:
        return "its value is not on record"
    if entry.iam_id not in (None, view.slot.iam_id):
        return f"it is a key of {entry.iam_id}, and the slot is {view.slot.iam_id}'s: declare the owner that it had"
    return None if view.key(entry.id) else "it is gone from IBM Cloud"


def plan_hand_over_note(view: View, record: Record, orders: Orders) -> Step | None:
    current = record.current
    if current is None or current.handed_over_at is not None or current.id not in orders.handed_over_ids:
        return None
    return Step("note_hand_over", f"the key {current.id} was handed over", current.id)
