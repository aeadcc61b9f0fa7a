# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which function carries out which step."""

from __future__ import annotations

import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation import steps, steps_ordered, steps_retiring
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.asks import Steps
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.seen import Step
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot_run import SlotRun

TAKERS: dict[str, t.Callable[[SlotRun, Step], Steps]] = {
    "intend": steps.intend,
    "create": steps.create,
    "prove": steps.prove_only,
    "publish": steps.publish,
    "copy": steps.copy,
    "tidy": steps.tidy,
    "withdraw": steps.withdraw,
    "disable": steps_retiring.disable,
    "delete": steps_retiring.delete,
    "retire_found": steps_retiring.retire_found,
    "unpublish": steps_retiring.unpublish,
    "forget": steps_retiring.forget,
    "flag": steps_ordered.flag,
    "shut": steps_ordered.shut,
    "note_hand_over": steps_ordered.note_hand_over,
    "adopt": steps_ordered.adopt,
    "roll_back": steps_ordered.roll_back,
}


def take_step(run: SlotRun, step: Step) -> Steps:
    """Carry out a planned step; raises CommitLost when the plan is out of date, SlotStopped or an IamError."""
    yield from TAKERS[step.name](run, step)
