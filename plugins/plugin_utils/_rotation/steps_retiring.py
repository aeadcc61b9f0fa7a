# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The steps by which an old key goes: observe, disable, delete; and those that end a slot."""

from __future__ import annotations

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation import record_changes
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.asks import Copy, Steps
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.needed import needed
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.seen import Step
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot_run import SlotRun


def disable(run: SlotRun, step: Step) -> Steps:
    entry, key, announced = run.entry(step.key_id), run.key(step.key_id), run.moment()
    run.guard(entry.id)
    yield from run.commit(record_changes.disabling(run.record, entry.id, announced))
    if run.is_in_time(announced) and key and not key.disabled:
        if key.locked:
            run.iam.api_keys.unlock(key.id)
        run.iam.api_keys.disable(key.id)


def delete(run: SlotRun, step: Step) -> Steps:
    entry, key, announced = run.entry(step.key_id), run.key(step.key_id), run.moment()
    run.guard(entry.id)
    yield from run.commit(record_changes.deleting(run.record, entry.id, announced))
    if not run.is_in_time(announced):
        return
    if key is not None:
        run.delete_in_iam(key)
    yield from run.commit(run.record.without_superseded(entry.id))


def retire_found(run: SlotRun, step: Step) -> Steps:
    """Put a key that the user named on its way out."""
    yield from run.commit(record_changes.with_retired_key(run.record, needed(step.key_id, "a key"), run.moment()))


def unpublish(run: SlotRun, step: Step) -> Steps:
    """The slot ends: its variable and copies go, and its key is retired like any other."""
    after = record_changes.unpublished(run.record, run.moment(), run.loaded.published_value)
    yield from run.commit(after, removes_value=True)
    yield Copy()


def forget(run: SlotRun, step: Step) -> Steps:
    yield from run.drop_record()
