# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The plan of a rotation as the report draws it: numbers and dates, and no text of it; pure."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from datetime import datetime

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import parse_time

KINDS = {
    "made": ("intend", "create"),
    "disabled": ("disable", "disable_leaked"),
    "deleted": ("delete", "make_place", "withdraw"),
}


@dataclass(frozen=True)
class PlannedWeeks:
    """When keys are made, disabled and deleted, of how many slots, and how many of these need a person."""

    made_at: datetime
    slots: int
    need_a_person: int
    steps: dict[str, tuple[datetime, ...]]


def read_plan(plan: t.Mapping[str, t.Any]) -> PlannedWeeks:
    """Read `plan` of a rotation's result; raises TaskRefused for anything else, and quotes none of it."""
    try:
        steps = [step for slot in plan["slots"] for step in slot["steps"]]
        return PlannedWeeks(
            parse_time(plan["from"]),
            int(plan["total"]["slots"]),
            int(plan["total"]["need_a_person"]),
            {
                what: tuple(parse_time(step["at"]) for step in steps if step["step"] in names)
                for what, names in KINDS.items()
            },
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise TaskRefused(
            "plan is not what cloudkeys.ibmcloud.iam_api_key_rotation returns as `plan` in check mode: hand on the "
            "whole of it"
        ) from None
