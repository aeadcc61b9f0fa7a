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
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.plan_pending import plan_pending
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.plan_retiring import (
    plan_found,
    plan_leaked,
    plan_superseded,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.plan_start import (
    begin,
    plan_first,
    published_is_disabled,
    start,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import (
    Current,
    Record,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Orders, Slot, foreign_copy
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.view import (
    AT_REST_WITH_KEYS,
    Step,
    View,
    orphaned,
    replaced_value,
    wait_for_lease,
)


def plan_slot(view: View, orders: Orders) -> Step:
    """Decide the next step of a slot."""
    record = view.loaded.record
    if record is None:
        return plan_first(view)
    return (
        stop_if_moved(record)
        or stop_if_behind(view, record)
        or plan_owners_note(view, record)
        or plan_orders(view, record, orders)
        or plan_pending(view, record, orders)
        or _plan_if_unusable(view, record, orders)
        or stop_if_put_back(view)
        or plan_finish(view, record)
        or plan_leaked(view, record, orders)
        or _stop_if_marked_by_another(view, record)
        or plan_copies(view)
        or plan_found(view, record)
        or plan_hand_over(view, record)
        or plan_end(view, record)
        or _plan_if_urgent(view, record, orders)
        or plan_superseded(view, record, orders)
        or _plan_current(view, record)
    )


def stop_if_moved(record: Record) -> Step | None:
    if record.moved_to is None:
        return None
    return Step(
        "stop",
        f"this slot was moved to {record.moved_to}. Nothing was changed; declare it there, with "
        "`moved_from` as long as this record is here",
        trusts_record=False,
    )


def stop_if_behind(view: View, record: Record) -> Step | None:
    ahead = [key.id for key, marker in view.marked(record.slot_id) if marker.generation > record.last_generation]
    if not ahead:
        return None
    return Step(
        "stop",
        f"IBM Cloud has newer keys of this slot than the record knows ({', '.join(ahead)}): the vault file is an old "
        "copy or was reverted. Nothing was changed; bring the newest version of the file back",
        trusts_record=False,
    )


def plan_owners_note(view: View, record: Record) -> Step | None:
    """A record that does not say whose its keys are is completed once IAM has shown them."""
    shown = [key for key in record.keys if key.id and view.key(key.id)]
    if record.account_id is not None and all(key.iam_id for key in shown):
        return None
    return Step("note_owners", "the record did not say whose its keys are") if shown or not record.keys else None


def _plan_if_unusable(view: View, record: Record, orders: Orders) -> Step | None:
    """The published key does not work: replace it if that is nobody's wish, and let nothing else happen if it is.

    This comes before retiring: while the published key is shut, the key before may be all that its users have.
    """
    current = record.current
    if current is None or not view.slot.is_wanted:
        return None
    key = view.key(current.id)
    if key is None:
        return start(view, f"the published key {current.id} is gone")
    if current.compromised:
        return plan_leaked_current(view, current, key, orders)
    if key.disabled:
        return plan_leaked(view, record, orders) or published_is_disabled(key)
    why = None
    if key.expires_at and parse_time(key.expires_at) <= view.now:
        why = f"the published key {key.id} expired at {key.expires_at}"
    elif not view.has_value or view.value_is_lost:
        why = f"{view.slot.variable} does not hold its value any more"
    return start(view, why, key.id) if why else None


def stop_if_put_back(view: View) -> Step | None:
    """The value of a replaced key in the variable is what its users have: that key is not retired under them."""
    held_id = view.holds_replaced_id if view.current_key() is not None else None
    return Step("stop", replaced_value(view, held_id), held_id) if held_id else None


def plan_leaked_current(view: View, current: Current, key: ApiKey, orders: Orders) -> Step:
    """A leaked key may not live anyway, so without a place for its successor it makes that place."""
    step = start(view, f"the published key {key.id} leaked", key.id)
    if step.name == "intend" or view.has_place or orders.leak_response != "disable_first":
        return step
    if key.id == view.login_key_id:
        return Step(
            "stop",
            f"the leaked key {key.id} is the one that this run logs in with, and {view.slot.iam_id} has no place for "
            "its successor. It still works, for whoever has it too. Delete a key that is not needed, or log in with "
            "another one, and run again at once",
            key.id,
        )
    busy = wait_for_lease(view.slot, current.deleting_at, view.now)
    why = f"the leaked key {key.id} is deleted first, because {view.slot.iam_id} has no place for one more key"
    return busy or Step("make_place", why, key.id)


def plan_finish(view: View, record: Record) -> Step | None:
    """What a crash right after publishing left undone: name, lock and marker.

    What IAM does not let us mend (`unfit`) is told, and stands in nobody's way.
    """
    key, current = view.current_key(), record.current
    if key is None or current is None or key.id in view.unfit or _marker_of_another(key, record):
        return None
    wanted = view.marker(current.generation)
    left_undone = {
        "the published key lacks the marker of this slot": (
            wanted is not None and split_description(key.description)[1] != wanted
        ),
        f"the published key is still called {key.name!r}": view.slot.is_unfinished_name(key.name),
        "the published key is to be locked": view.slot.locked and view.slot.is_wanted and not key.locked,
    }
    why = next((reason for reason, holds in left_undone.items() if holds), None)
    return Step("finish_publishing", why, key.id) if why else None


def _marker_of_another(key: ApiKey, record: Record) -> Marker | None:
    """The marker of another slot; not the one that the user let us take over."""
    marker, displaced = split_description(key.description)[1], record.current and record.current.displaced_marker
    return marker if marker and marker.slot_id != record.slot_id and str(marker) != displaced else None


def _stop_if_marked_by_another(view: View, record: Record) -> Step | None:
    key = view.current_key()
    marker = _marker_of_another(key, record) if key else None
    if key is None or marker is None:
        return None
    return Step(
        "stop",
        f"the published key {key.id} carries the marker of another slot: {marker}. Nothing was changed; let only one "
        "slot have this key, and take the marker away if that is this one",
        key.id,
    )


def plan_copies(view: View) -> Step | None:
    """The copies follow before a key is retired that somebody may have from them."""
    key = view.current_key()
    if key is None or not view.loaded.stale_copies:
        return None
    if view.loaded.foreign_copies:
        return Step("stop", foreign_copy(view.loaded.foreign_copies[0]), key.id)
    return Step("copy", "a copy does not hold the published value", key.id)


def plan_hand_over(view: View, record: Record) -> Step | None:
    current = record.current
    if current is None or not view.slot.has_hand_over or current.handed_over_at is not None or not view.slot.is_wanted:
        return None
    return Step("hand_over", f"the key {current.id} is published and has to be handed over", current.id)


def plan_end(view: View, record: Record) -> Step | None:
    if view.slot.is_wanted:
        return None
    if record.current is not None:
        return Step("unpublish", "the slot is not wanted any more", record.current.id)
    if view.loaded.foreign_copies:
        return Step("stop", foreign_copy(view.loaded.foreign_copies[0]))
    if view.loaded.stale_copies:
        return Step("copy", "a copy still holds the value of the slot")
    for left in orphaned(view, record):
        return Step("retire_found", f"{left.id} carries the marker of the slot, and no record needs it", left.id)
    return None if record.superseded else Step("drop_record", "the last key of the slot is gone")


def _plan_if_urgent(view: View, record: Record, orders: Orders) -> Step | None:
    """What does not wait for the keys before to be retired: a slot without a key, and a change of owner."""
    key = view.current_key()
    if not view.slot.is_wanted or (record.current is not None and key is None):
        return None
    owner = (record.current.iam_id if record.current else None) or (key.iam_id if key else None)
    if owner == view.slot.iam_id:
        return None
    if record.current is None:
        step = begin(view)
    else:
        why = f"the slot is declared for {view.slot.iam_id}, and the published key is {owner}'s"
        step = start(view, why, record.current.id)
    if step.name == "intend":
        return step
    # What is retired meanwhile makes a place.
    retiring = plan_superseded(view, record, orders)
    return step if retiring is None or retiring.rests else retiring


def _plan_current(view: View, record: Record) -> Step:
    key = view.current_key()
    if record.current is None or key is None:
        return begin(view)
    due_at, why = due(view.slot, record.current, key)
    if view.now < due_at:
        return Step("idle", f"the key {key.id} is not due", key.id, due_at)
    return _stop_if_due_at_once(view, key) or start(view, why, key.id, due_at)


def due(slot: Slot, current: Current, key: ApiKey) -> tuple[datetime, str]:
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


def _stop_if_due_at_once(view: View, key: ApiKey) -> Step | None:
    """A successor inherits how long its key lives; one that expires before it may be replaced would follow each run."""
    life, ahead = view.life_of_successor, timedelta(days=view.slot.policy.rotate_before_expiry_days)
    if life is None or life > ahead:
        return None
    return Step(
        "stop",
        f"{key.id} lives for {life / timedelta(days=1):g} days and so would its successor, which would be due at "
        f"once, because `rotate_before_expiry_days` is {ahead / timedelta(days=1):g}. Nothing was changed; say "
        "`expires_in_days`, or rotate less long before the expiry",
        key.id,
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
    found = orphaned(view, record)
    return [key for key in found if key.created_at is not None and parse_time(key.created_at) < oldest_allowed]


def plan_sweep(view: View, rest: Step) -> Step | None:
    """What is left to do where a slot rests: clear away what runs that were stopped have left."""
    left = orphans(view) if rest.trusts_record and not view.orders.only_leaked else []
    return Step("sweep", f"no record needs {', '.join(key.id for key in left)}") if left else None


def has_nothing_to_do(view: View, step: Step) -> bool:
    """Whether a list of the whole account is enough: the slot rests, and no key is left over."""
    return step.name in AT_REST_WITH_KEYS and not orphans(view)
