# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The steps by which a new key comes: intend, create, prove, publish, tidy, and withdraw when it is no good.

The record leads: no write goes to IAM unless the committed record announces it, and none after a lost commit.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey, NewKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import format_time
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import (
    BadCredentials,
    Conflict,
    NotFound,
    Refused,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.marker import (
    join_description,
    split_description,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation import prove, record_changes
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.asks import Copy, Steps
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.needed import needed
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.published import value_is_lost
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import Pending, Record
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.seen import Step, pending_key
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import SlotStopped
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot_run import SlotRun

# With other runs, of one slot in one run.
MOST_CONFLICTS = 3


def intended_record(run: SlotRun) -> Record:
    """The record as it would be with the next generation announced; its value is drawn unless IAM is to choose it."""
    before, key_value = run.loaded.record or Record(run.ports.draw_slot_id()), None
    if run.slot.policy.key_source == "local":
        key_value = run.ports.draw_value()
        run.ports.protect(key_value)
    return record_changes.with_pending(before, run.moment(), key_value)


def intend(run: SlotRun, step: Step) -> Steps:
    _check_published_value(run)
    yield from run.commit(intended_record(run))
    yield from _send_create(run)


def create(run: SlotRun, step: Step) -> Steps:
    yield from run.commit(record_changes.announced_again(run.record, run.moment()))
    yield from _send_create(run)


def prove_only(run: SlotRun, step: Step) -> Steps:
    """Log in with the new key, and leave publishing to a later stage."""
    try:
        yield from prove.prove(run.iam, run.slot, _value(run))
    except prove.NeverLogsIn as error:
        yield from _withdraw_because(run, str(error))
        return
    run.proven.add(run.pending.generation)


def publish(run: SlotRun, step: Step) -> Steps:
    """Prove the new key, then publish it in one commit: the variable and `current` change together."""
    pending, key_value = run.pending, _value(run)
    try:
        proven_at = yield from prove.prove(run.iam, run.slot, key_value)
        marker = run.marker(pending.generation)
        key = run.made_with(key_value, marker) or (yield from prove.find_key(run.iam, key_value))
        prove.check_is_ours(key, marker)
        prove.prove_again(run.iam, run.slot, key_value, proven_at)
    except prove.NeverLogsIn as error:
        yield from _withdraw_because(run, str(error))
        return
    after = record_changes.published(run.record, key.id, run.moment(), run.loaded.published_value)
    yield from run.commit(after, key_value)
    yield Copy()
    yield from _tidy(run, key)


def copy(run: SlotRun, step: Step) -> Steps:
    yield Copy()


def tidy(run: SlotRun, step: Step) -> Steps:
    """Give the published key its name, its marker and its lock.

    Nothing announces this, so another run may do the same: what is left then is planned anew.
    """
    current = needed(run.record.current, "a published key")
    key = yield from prove.read_key(run.iam, current.id)
    yield from _tidy(run, key)


def _tidy(run: SlotRun, key: ApiKey) -> Steps:
    try:
        yield from _put_right(run, key)
    except (Conflict, NotFound):
        # Somebody changed it since it was read, or it is too new to be known everywhere.
        run.conflicts += 1
        if run.conflicts > MOST_CONFLICTS:
            raise


def _put_right(run: SlotRun, key: ApiKey) -> Steps:
    if not key.entity_tag:
        key = yield from prove.read_key(run.iam, key.id)
    changes = _changes_of_published(run, key)
    wants_lock = key.locked or (run.slot.locked and run.slot.is_wanted)
    if changes:
        if key.locked:
            run.iam.api_keys.unlock(key.id)
            key = yield from prove.read_key(run.iam, key.id)
        run.iam.api_keys.update(key.id, changes, key.entity_tag)
    if wants_lock and (changes or not key.locked):
        run.iam.api_keys.lock(key.id)


def withdraw(run: SlotRun, step: Step) -> Steps:
    """Take the pending key back: announce it, delete the key if there is one, forget it; its number is burnt."""
    pending = run.pending
    yield from run.commit(record_changes.withdrawing(run.record, run.moment()))
    listed = pending_key(run.record, run.seen) if run.seen else None
    key = (run.iam.api_keys.find_by_value(pending.key_value) if pending.key_value else None) or listed
    if key is not None:
        prove.check_is_ours(key, run.marker(pending.generation))
        run.guard(key.id)
        run.delete_in_iam(key)
        run.made.pop(key.id, None)
    yield from run.commit(replace(run.record, pending=None))


def _send_create(run: SlotRun) -> Steps:
    pending = run.pending
    if not run.is_in_time(pending.started_at):
        return
    try:
        made = run.iam.api_keys.create(_new_key(run, pending))
    except BadCredentials:
        raise
    except Refused as error:
        yield from _withdraw_because(run, str(error))
        return
    run.made[made.id] = made
    if pending.key_value is None:
        yield from _record_value(run, made)


def _record_value(run: SlotRun, made: ApiKey) -> Steps:
    """The value that IAM chose is nowhere but here: it goes on record before anything else."""
    if not made.key_value:
        raise SlotStopped(f"IBM Cloud sent no value for API key {made.id}; the next run withdraws it and makes another")
    run.ports.protect(made.key_value)
    yield from run.commit(record_changes.with_value_of_iam(run.record, made.id, made.key_value))


def _new_key(run: SlotRun, pending: Pending) -> NewKey:
    """The successor inherits what the slot does not say."""
    old = run.key(run.record.current.id) if run.record.current else None
    inherited = split_description(old.description)[0] if old else ""
    text = inherited if run.slot.description is None else run.slot.description
    return NewKey(
        name=run.slot.next_key_name,
        iam_id=run.slot.iam_id,
        account_id=run.slot.account_id,
        key_value=pending.key_value,
        description=join_description(text, run.marker(pending.generation)),
        expires_at=_expiry(run),
        action_when_leaked=old.action_when_leaked if old else None,
        # Only users' keys have sessions; IAM refuses the word for a service ID's.
        support_sessions=True if old and old.support_sessions else None,
    )


def _expiry(run: SlotRun) -> str | None:
    days = run.slot.policy.expires_in_days
    return format_time(run.iam.now() + timedelta(days=days)) if days else None


def _changes_of_published(run: SlotRun, key: ApiKey) -> dict[str, str]:
    text, marker = split_description(key.description)
    wanted = run.marker(run.record.current.generation) if run.record.current else None
    changes = {"name": run.slot.key_name} if key.name == run.slot.next_key_name else {}
    if wanted is not None and marker != wanted:
        changes["description"] = join_description(text, wanted)
    return changes


def _check_published_value(run: SlotRun) -> None:
    """Refuse to start from a record that does not add up; a value that is lost is what a successor is for."""
    current = run.loaded.record.current if run.loaded.record else None
    if current is None or run.key(current.id) is None:
        return
    if value_is_lost(run.iam, run.slot, run.loaded):
        run.warnings.append(
            f"{run.slot.variable} holds no value that IBM Cloud knows, so nobody who reads it can log in; "
            f"{current.id}, which was published, gets a successor"
        )


def _value(run: SlotRun) -> str:
    return needed(run.pending.key_value, "the value of the pending key")


def _withdraw_because(run: SlotRun, why: str) -> Steps:
    yield from withdraw(run, Step("withdraw", why))
    raise SlotStopped(f"the new key was withdrawn and the old one is untouched: {why}")
