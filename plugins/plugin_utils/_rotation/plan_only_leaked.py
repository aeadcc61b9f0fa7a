# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The next step of a slot in any run; one that is only about leaked keys leaves everything else alone. Pure."""

from __future__ import annotations

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation import plan, plan_orders
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.plan_pending import plan_pending
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.plan_retiring import plan_superseded
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.plan_start import start
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import Record
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Orders
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.view import (
    Step,
    View,
    current_leaked,
    orphaned,
)


def next_step(view: View, orders: Orders) -> Step:
    """Decide the next step of a slot, by all that the policy wants, or by the leak alone."""
    return _plan_only_leaked(view, orders) if orders.only_leaked else plan.plan_slot(view, orders)


def holds_leaked(record: Record, orders: Orders) -> bool:
    """Whether a record names a key that leaked, by this run's orders or by those of a run before."""
    marked = any(each is not None and each.compromised for each in (record.current, *record.superseded))
    return marked or bool(record.known_ids & orders.compromised_ids)


def _plan_only_leaked(view: View, orders: Orders) -> Step:
    record = view.loaded.record
    if record is None:
        return Step("idle", "it has no record, so no leaked key is its own")
    if not view.has_replaced and not _is_concerned(view, record, orders):
        noted = plan_orders.plan_hand_over_note(view, record, orders)
        return noted or Step("idle", "it has no key that leaked, or none any more, so it is left alone")
    return (
        plan.stop_if_moved(record)
        or plan.stop_if_behind(view, record)
        or plan.plan_owners_note(view, record)
        or plan_orders.plan_leak(view, record, orders)
        or plan_orders.plan_hand_over_note(view, record, orders)
        or (plan_pending(view, record, orders) if current_leaked(view) else None)
        or _plan_published(view, record, orders)
        or plan.stop_if_put_back(view)
        or plan.plan_finish(view, record)
        or _plan_own_copies(view)
        or _plan_replaced(view, record, orders)
        or plan.plan_copies(view)
        or plan.plan_hand_over(view, record)
        or Step("idle", "the leak is closed, and nothing else is done in this run")
    )


def _is_concerned(view: View, record: Record, orders: Orders) -> bool:
    pending = view.pending_key()
    ids = {key.id for key in orphaned(view, record)} | ({pending.id} if pending else set())
    return holds_leaked(record, orders) or bool(ids & orders.compromised_ids)


def _plan_published(view: View, record: Record, orders: Orders) -> Step | None:
    """The published key leaked: it is replaced, or taken away with a slot that is not wanted."""
    current = record.current
    if current is None or not current.compromised:
        return None
    if not view.slot.is_wanted:
        return plan.plan_end(view, record)
    key = view.key(current.id)
    if key is None:
        return start(view, f"the published key {current.id} is gone")
    return plan.plan_leaked_current(view, current, key, orders)


def _plan_own_copies(view: View) -> Step | None:
    """Before the leaked key goes, because afterwards no record says that this run has something left to do."""
    return None if view.loaded.foreign_copies else plan.plan_copies(view)


def _plan_replaced(view: View, record: Record, orders: Orders) -> Step | None:
    """A replaced key that leaked; after the hand-over where the user wants no outage."""
    if not any(entry.compromised for entry in record.superseded):
        return None
    handing = None if orders.leak_response == "disable_first" else plan.plan_hand_over(view, record)
    return handing or plan_superseded(view, record, orders)
