# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The steps that a person orders: a leaked key, a way back, a hand-over that is done, a key taken over."""

from __future__ import annotations

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import UnknownKeyValue
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation import prove, record_changes
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.asks import Copy, Pause, Steps
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.needed import needed
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import Current, Record, Superseded
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.seen import Step
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import SlotStopped
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot_run import SlotRun


def flag(run: SlotRun, step: Step) -> Steps:
    """Write down that a key leaked, before anything is done about it: it is never used again."""
    yield from run.commit(record_changes.flagged(run.record, step.key_id))


def shut(run: SlotRun, step: Step) -> Steps:
    """Disable the published key, because it leaked; the flag on record announces it."""
    key = run.key(step.key_id)
    if key is not None:
        if key.locked:
            run.iam.api_keys.unlock(key.id)
        run.iam.api_keys.disable(key.id)
    yield from ()


def note_hand_over(run: SlotRun, step: Step) -> Steps:
    yield from run.commit(record_changes.handed_over(run.record, run.moment()))


def adopt(run: SlotRun, step: Step) -> Steps:
    """Take over the key whose value the variable holds; name and marker follow as for any published key."""
    value = run.loaded.published_value
    key = run.iam.api_keys.find_by_value(value) if value else None
    if key is None:
        raise SlotStopped(
            f"{run.slot.file}: {run.slot.variable} holds no value that IBM Cloud knows, so there is nothing to adopt"
        )
    if (key.iam_id, key.account_id) != (run.slot.iam_id, run.slot.account_id):
        raise SlotStopped(f"the value in {run.slot.variable} belongs to {key.iam_id}, not to {run.slot.iam_id}")
    if key.disabled:
        raise SlotStopped(f"the value in {run.slot.variable} belongs to {key.id}, which is disabled")
    record = Record(run.ports.draw_slot_id(), last_generation=1, current=Current(1, key.id, run.moment()))
    yield from run.commit(record)


def roll_back(run: SlotRun, step: Step) -> Steps:
    """Make a replaced key the published one again, in one commit that swaps the two.

    Once a disable was announced it may still land, so an enable is announced and sent only when that is over.
    """
    entry, key = run.entry(step.key_id), needed(run.key(step.key_id), "a key")
    key_value = needed(entry.key_value, "the key's value")
    if entry.disabling_at is not None or key.disabled:
        yield from _enable(run, entry)
    try:
        prove.log_in(run.iam, run.slot, key_value)
    except (prove.NeverLogsIn, UnknownKeyValue) as error:
        raise SlotStopped(f"there is no way back to {entry.id} yet, nothing was swapped: {error}") from None
    yield from _swap(run, run.entry(step.key_id))


def _enable(run: SlotRun, entry: Superseded) -> Steps:
    yield from run.commit(record_changes.enabling(run.record, entry.id, run.moment()))
    if entry.disabling_at is not None:
        lands_until = entry.disabling_at + run.slot.policy.lease
        seconds = (lands_until - run.iam.now()).total_seconds()
        if seconds > 0:
            yield Pause(seconds, "an announced disable of the key may still land")
            yield from run.commit(record_changes.enabling(run.record, entry.id, run.moment()))
    key = run.iam.api_keys.get(entry.id)
    if key.disabled:
        if key.locked:
            run.iam.api_keys.unlock(key.id)
        run.iam.api_keys.enable(key.id)


def _swap(run: SlotRun, entry: Superseded) -> Steps:
    after = record_changes.swapped(run.record, entry, run.moment(), run.loaded.published_value)
    yield from run.commit(after, entry.key_value)
    yield Copy()
