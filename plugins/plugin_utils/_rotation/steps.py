# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Carries out one step of one slot through the ports.

The record leads: no write goes to IAM unless the committed record announces it, and none after a lost commit.
"""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey, NewKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import BadCredentials, Refused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.apply import apply_change
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.marker import (
    Marker,
    join_description,
    split_description,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.plan import plan_key
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.wish import KeyWish
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation import prove
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.asks import Steps
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.plan import Step, pending_key
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import (
    Current,
    Pending,
    Record,
    Superseded,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import SlotStopped
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot_run import SlotRun


def take_step(run: SlotRun, step: Step) -> Steps:
    """Carry out a planned step; raises CommitLost when the plan is out of date, SlotStopped or an IamError."""
    yield from STEPS[step.name](run, step)


def intended_record(run: SlotRun) -> Record:
    """The record as it would be with the next generation announced, its value drawn."""
    before = run.loaded.record or Record(run.ports.draw_slot_id())
    generation = before.last_generation + 1
    key_value = run.ports.draw_value()
    run.ports.protect(key_value)
    return replace(before, last_generation=generation, pending=Pending(generation, run.moment(), key_value))


def _intend(run: SlotRun, step: Step) -> Steps:
    yield from run.commit(intended_record(run))
    yield from _send_create(run)


def _create(run: SlotRun, step: Step) -> Steps:
    yield from run.commit(replace(run.record, pending=replace(run.pending, started_at=run.moment())))
    yield from _send_create(run)


def _send_create(run: SlotRun) -> Steps:
    pending = run.pending
    if not run.is_in_time(pending.started_at):
        return
    new = NewKey(
        name=run.slot.next_key_name,
        iam_id=run.slot.iam_id,
        account_id=run.slot.account_id,
        key_value=pending.key_value,
        description=join_description(_text_for_successor(run), _marker(run, pending)),
    )
    try:
        made = run.iam.api_keys.create(new)
    except BadCredentials:
        raise
    except Refused as error:
        yield from _withdraw_because(run, str(error))
        return
    run.made[made.id] = made


def _publish(run: SlotRun, step: Step) -> Steps:
    """Prove the new key, then publish it in one commit: the variable and `current` change together."""
    pending = run.pending
    try:
        yield from prove.prove(run.iam, run.slot, pending.key_value)
        key = yield from prove.find_key(run.iam, pending.key_value, _marker(run, pending))
        prove.prove_again(run.iam, run.slot, pending.key_value)
    except prove.NeverLogsIn as error:
        yield from _withdraw_because(run, str(error))
        return
    now, old, superseded = run.moment(), run.record.current, run.record.superseded
    if old is not None:
        superseded += (Superseded(old.generation, old.id, now, run.loaded.published_value),)
    current = Current(pending.generation, key.id, published_at=now)
    yield from run.commit(replace(run.record, current=current, pending=None, superseded=superseded), pending.key_value)
    yield from _tidy(run, step)


def _tidy(run: SlotRun, step: Step) -> Steps:
    """Give the published key its name and its lock."""
    if run.record.current is None:
        raise ValueError("this step needs a published key")
    key = yield from prove.read_key(run.iam, run.record.current.id)
    wish = KeyWish(
        iam_id=run.slot.iam_id,
        account_id=run.slot.account_id,
        id=key.id,
        name=run.slot.key_name,
        locked=True if run.slot.locked else None,
        unlock=True,
    )
    apply_change(run.iam.api_keys, plan_key(key, wish), wish, run.ports.draw_value)


def _withdraw(run: SlotRun, step: Step) -> Steps:
    """Take the pending key back: announce it, delete the key if there is one, forget it; its number is burnt."""
    pending = run.pending
    yield from run.commit(replace(run.record, pending=replace(pending, withdrawing_at=run.moment())))
    listed = pending_key(run.record, run.seen) if run.seen else None
    key = run.iam.api_keys.find_by_value(pending.key_value) or listed
    if key is not None:
        prove.check_is_ours(key, _marker(run, pending))
        run.guard(key.id)
        run.delete_in_iam(key)
        run.made.pop(key.id, None)
    yield from run.commit(replace(run.record, pending=None))


def _disable(run: SlotRun, step: Step) -> Steps:
    entry, key, announced = _entry(run, step), _key(run, step), run.moment()
    run.guard(entry.id)
    yield from run.commit(run.record.with_superseded(replace(entry, disabling_at=announced)))
    if run.is_in_time(announced) and key and not key.disabled:
        if key.locked:
            run.iam.api_keys.unlock(key.id)
        run.iam.api_keys.disable(key.id)


def _delete(run: SlotRun, step: Step) -> Steps:
    entry, key, announced = _entry(run, step), _key(run, step), run.moment()
    run.guard(entry.id)
    yield from run.commit(run.record.with_superseded(replace(entry, deleting_at=announced)))
    if not run.is_in_time(announced):
        return
    if key is not None:
        run.delete_in_iam(key)
    yield from run.commit(run.record.without_superseded(entry.id))


STEPS: dict[str, t.Callable[[SlotRun, Step], Steps]] = {
    "intend": _intend,
    "create": _create,
    "publish": _publish,
    "tidy": _tidy,
    "withdraw": _withdraw,
    "disable": _disable,
    "delete": _delete,
}


def _withdraw_because(run: SlotRun, why: str) -> Steps:
    yield from _withdraw(run, Step("withdraw", why))
    raise SlotStopped(f"the new key was withdrawn and the old one is untouched: {why}")


def _text_for_successor(run: SlotRun) -> str:
    if run.slot.description is not None:
        return run.slot.description
    old = run.seen.key(run.record.current.id) if run.seen and run.record.current else None
    return split_description(old.description)[0] if old else ""


def _marker(run: SlotRun, pending: Pending) -> Marker:
    return Marker(run.record.slot_id, pending.generation)


def _entry(run: SlotRun, step: Step) -> Superseded:
    return next(entry for entry in run.record.superseded if entry.id == step.key_id)


def _key(run: SlotRun, step: Step) -> ApiKey | None:
    return run.seen.key(step.key_id) if run.seen else None
