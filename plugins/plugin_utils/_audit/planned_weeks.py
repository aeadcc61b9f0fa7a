# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The plan of a rotation as the report keeps and draws it: numbers and dates, and no text of it; pure."""

from __future__ import annotations

import typing as t
from datetime import datetime, timedelta

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import format_time, parse_time

KINDS = {
    "made": ("intend", "create"),
    "disabled": ("disable", "disable_leaked"),
    "deleted": ("delete", "make_place", "withdraw"),
}
WEEKS = 13

Data = dict[str, t.Any]
# When a plan was made, its slots, those that need a person, and the moments of each kind of step.
Plan = tuple[datetime, int, int, dict[str, list[datetime]]]


def read_plan(plan: t.Mapping[str, t.Any]) -> Plan:
    """Read `plan` of a rotation's result; raises TaskRefused for anything else, and quotes none of it."""
    try:
        steps = [step for slot in plan["slots"] for step in slot["steps"]]
        moments = {
            what: [parse_time(step["at"]) for step in steps if step["step"] in names] for what, names in KINDS.items()
        }
        total = plan["total"]
        return parse_time(plan["from"]), int(total["slots"]), int(total["need_a_person"]), moments
    except (KeyError, TypeError, ValueError, AttributeError):
        raise TaskRefused(
            "plan is not what cloudkeys.ibmcloud.iam_api_key_rotation returns as `plan` in check mode: hand on the "
            "whole of it"
        ) from None


def planned_weeks(plan: Plan, today: datetime) -> Data:
    """What is to come in each week from today on; what is past by then is not to come."""
    made_at, slots, need_a_person, moments = plan
    weeks = {}
    for what, found in moments.items():
        numbers = [(moment - today) // timedelta(days=7) for moment in found]
        weeks[what] = [numbers.count(number) for number in range(WEEKS)]
    return {"made_at": format_time(made_at), "slots": slots, "need_a_person": need_a_person, "weeks": weeks}
