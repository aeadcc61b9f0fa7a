# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run shows on the terminal, and what it hands on to the next job; pure.

A night in which nothing happened is one line.
"""

from __future__ import annotations

import re
import typing as t
from datetime import datetime, timedelta

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import format_time
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._shown import shown
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.outcome import SlotOutcome
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.rotation_result import line_of_slot

REPORTS = ("all", "changes", "steps", "none")
# These rest, and somebody may want to know.
_TO_LOOK_AT = frozenset({"in_use", "later", "hand_over", "staged", "stop"})
_SOON = timedelta(days=7)
# A notification has to be read on a phone.
_MOST_TOLD = 5
# The next job of a workflow gets an artifact as variables, in which it may look for templates, and chats take what is
# in such brackets for an order.
_OBEYED = re.compile("[{<]")


def report_lines(outcomes: t.Sequence[SlotOutcome], report: str | None, now: datetime) -> list[str]:
    """The lines of the slots that are asked for, and one about all of them; what check mode shows is its plan."""
    if report not in ("all", "changes"):
        return []
    told = [each for each in outcomes if report == "all" or _is_told(each)]
    return [*map(line_of_slot, told), *([_about_all(outcomes, now)] if outcomes else [])]


def handed_on(earlier: t.Mapping[str, t.Any], slots: t.Sequence[t.Mapping[str, t.Any]]) -> dict[str, t.Any]:
    """What is known of the slots of all tasks so far; one that is named again counts once. Ids, dates and names."""
    now = {
        f"{slot['file']}: {slot['variable']}": [
            *(slot["step"], slot["superseded_ids"], slot["next_at"]),
            _OBEYED.sub(lambda found: f"\\x{ord(found.group()):02x}", shown(slot["name"])),
        ]
        for slot in slots
    }
    changed = [slot["new_id"] for slot in slots if slot["taken"] and slot["new_id"]]
    return {
        "slots": {**(earlier.get("slots") or {}), **now},
        "changed_ids": list(dict.fromkeys([*(earlier.get("changed_ids") or []), *changed])),
    }


def summary_of(known: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The artifact of a job: ids, counts and dates, with the names of the first slots that failed or go on."""
    told = list(known["slots"].values())
    failed = [name for step, _superseded, _next_at, name in told if step == "failed"]
    dated = sorted((next_at, name, step) for step, _superseded, next_at, name in told if next_at and step != "failed")
    return {
        "slots": len(told),
        "failed": len(failed),
        "failed_slots": failed[:_MOST_TOLD],
        "changed_ids": known["changed_ids"],
        "superseded_ids": [key_id for _step, superseded, _next_at, _name in told for key_id in superseded],
        "next_at": min((next_at for _step, _superseded, next_at, _name in told if next_at), default=""),
        "next": [f"{next_at} {name}: {step}" for next_at, name, step in dated[:_MOST_TOLD]],
    }


def _is_told(outcome: SlotOutcome) -> bool:
    return bool(outcome.failure or outcome.changed or outcome.step.name in _TO_LOOK_AT)


def _about_all(outcomes: t.Sequence[SlotOutcome], now: datetime) -> str:
    groups: dict[str, list[SlotOutcome]] = {}
    for each in outcomes:
        groups.setdefault(_state(each, now), []).append(each)
    order = sorted(groups, key=lambda state: (state != "idle", state == "FAILED", state == "due", state))
    parts = [f"{len(groups[state])} {state}{_when(state, groups[state], now)}" for state in order]
    return f"{len(outcomes)} slot{'s' if len(outcomes) > 1 else ''}: {', '.join(parts)}"


def _state(outcome: SlotOutcome, now: datetime) -> str:
    step = outcome.step
    if outcome.failure:
        return "FAILED"
    is_soon = step.name == "idle" and step.next_at is not None and step.next_at - now <= _SOON
    return "due" if is_soon else step.name


def _when(state: str, outcomes: t.Sequence[SlotOutcome], now: datetime) -> str:
    """When the first of them goes on; an idle key has its day, and nobody has to wait for it."""
    moments = [each.step.next_at for each in outcomes if each.step.next_at]
    if state in ("idle", "FAILED") or not moments:
        return ""
    if state == "due":
        days = max(0, (min(moments) - now).days)
        return f" in {days} day{'s' if days != 1 else ''}" if days else " within a day"
    return f" until {format_time(min(moments))}"
