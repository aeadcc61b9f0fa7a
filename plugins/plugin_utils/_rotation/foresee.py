# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the next step would write into the record, for check mode; nothing is written or sent."""

from __future__ import annotations

import typing as t
from datetime import datetime

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation import record_changes
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import Record
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.seen import Step
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot_run import SlotRun

NOT_DRAWN_YET = "(drawn when the record is made)"

# For the steps with one commit, and the first commit of those with more. The others write nothing into the record.
FORESEEN: dict[str, t.Callable[[Record, Step, datetime], t.Optional[Record]]] = {
    "intend": lambda record, step, now: record_changes.with_pending(record, now, None),
    "create": lambda record, step, now: record_changes.announced_again(record, now),
    "publish": lambda record, step, now: record_changes.published(record, str(step.key_id), now, None),
    "withdraw": lambda record, step, now: record_changes.withdrawing(record, now),
    "note_hand_over": lambda record, step, now: record_changes.handed_over(record, now),
    "flag": lambda record, step, now: record_changes.flagged(record, step.key_id),
    "disable": lambda record, step, now: record_changes.disabling(record, step.key_id, now),
    "delete": lambda record, step, now: record_changes.deleting(record, step.key_id, now),
    "retire_found": lambda record, step, now: record_changes.with_retired_key(record, str(step.key_id), now),
    "unpublish": lambda record, step, now: record_changes.unpublished(record, now, None),
    "roll_back": lambda record, step, now: record_changes.swapped(
        record, next(entry for entry in record.superseded if entry.id == step.key_id), now, None
    ),
    "forget": lambda record, step, now: None,
}


def foresee(run: SlotRun, step: Step) -> Record | None:
    """The record after the next step; values are left out."""
    before = run.loaded.record
    if step.name not in FORESEEN:
        return before
    return FORESEEN[step.name](before or Record(NOT_DRAWN_YET), step, run.moment())
