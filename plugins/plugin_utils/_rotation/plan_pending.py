# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The successor on its way: made, proven, staged, published or withdrawn; pure."""

from __future__ import annotations

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import parse_time
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.marker import split_description
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import Pending, Record
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Orders
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.view import (
    CLOCKS_AGREE_WITHIN,
    Step,
    View,
    wait_for_lease,
)


def plan_pending(view: View, record: Record, orders: Orders) -> Step | None:
    """The next step of the successor on its way; None without one."""
    pending = record.pending
    if pending is None:
        return None
    key, name = view.pending_key(), f"generation {pending.generation}"
    why_rejected = view.rejected.get(pending.announcement)
    if why_rejected is not None:
        is_safe = record.current is not None and not record.current.compromised
        told = f"the new key was withdrawn{' and the old one is untouched' if is_safe else ''}: {why_rejected}"
        return Step("withdraw", why_rejected, key.id if key else None, fails_with=told)
    has_other_owner = pending.iam_id not in (None, view.slot.iam_id)
    if pending.withdrawing_at is not None or not view.slot.is_wanted or has_other_owner:
        busy = wait_for_lease(view.slot, pending.withdrawing_at or pending.started_at, view.now)
        why = f"{name} was made for {pending.iam_id}" if has_other_owner else f"{name} is being withdrawn"
        return busy or Step("withdraw", why, key.id if key else None)
    if pending.key_value is None or key is None:
        return wait_for_lease(view.slot, pending.started_at, view.now) or _plan_unmade(view, pending, key)
    return _plan_proof(view, pending, key, orders)


def _plan_unmade(view: View, pending: Pending, key: ApiKey | None) -> Step:
    name = f"generation {pending.generation}"
    if pending.key_value is None:
        return _plan_lost_answer(view, pending, key)
    if pending.id is not None:
        # Made anew it would have another id than the record says.
        return Step("withdraw", f"the new key {pending.id} is gone")
    return Step("create", f"{name} was announced but does not exist yet")


def _plan_lost_answer(view: View, pending: Pending, key: ApiKey | None) -> Step:
    """IAM chose the value, and its answer never came: without its marker nobody can tell the key."""
    name = f"generation {pending.generation}"
    since = pending.started_at - CLOCKS_AGREE_WITHIN
    unmarked = [
        each.id
        for each in view.keys
        if key is None
        and view.slot.is_unfinished_name(each.name)
        and split_description(each.description)[1] is None
        and (each.created_at is None or parse_time(each.created_at) >= since)
    ]
    if unmarked:
        return Step(
            "stop",
            f"the answer to the request for {name} was lost, and {', '.join(unmarked)} may be that key: somebody took "
            f"its marker away. Nothing was changed; put {view.marker(pending.generation)} at the end of its "
            "description, or delete it",
        )
    return Step("withdraw", f"the value of {name} was lost with the answer", key.id if key else None)


def _plan_proof(view: View, pending: Pending, key: ApiKey, orders: Orders) -> Step:
    name = f"generation {pending.generation}"
    if orders.may_publish(key.id):
        return Step("publish", f"{name} exists: prove it and publish it", key.id)
    if pending.generation not in view.proven:
        return Step("prove", f"{name} exists: prove it", key.id)
    return Step("staged", f"the new key {key.id} logs in and is not published yet", key.id)
