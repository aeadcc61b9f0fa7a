# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The plan of a task as plain data: a total, what comes for each slot, the places of each owner; no value is in it."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import format_time
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.marker import split_description
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.outcome import SlotOutcome
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.planned_slot import Planned
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Orders
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.view import View
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.year_lines import plan_lines
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.year_plan import Pace, SeenSlot, plan_year

# A plan tells of no step that only looks or waits.
NOT_TOLD = frozenset({"wait", "observe", "prove"})
RETIRES = frozenset({"disable", "delete", "disable_leaked", "make_place"})
NEVER = "never"

Data = dict[str, t.Any]
LastLogins = Mapping[str, t.Optional[datetime]]


def plan_of(outcomes: Sequence[SlotOutcome], orders: Orders, pace: Pace) -> Data:
    """What is to come, from what check mode has seen of each slot."""
    seen = seen_slots(outcomes)
    ways = plan_year(seen, orders, pace)
    last_logins: dict[str, datetime | None] = {}
    for each in seen:
        last_logins.update(each.view.last_logins if each.view else {})
    slots = [_slot(outcome, way, last_logins) for outcome, way in zip(outcomes, ways)]
    starts = [each.view.now for each in seen if each.view]
    plan: Data = {
        "days": pace.days,
        "from": format_time(min(starts)) if starts else None,
        "until": format_time(min(starts) + timedelta(days=pace.days)) if starts else None,
        "total": _total(slots),
        "slots": slots,
        "places": _places(seen, ways),
    }
    return {**plan, "report": plan_lines(plan)}


def seen_slots(outcomes: Sequence[SlotOutcome]) -> list[SeenSlot]:
    """What check mode has seen, as a plan begins from it."""
    return [_seen(each) for each in outcomes]


def _seen(outcome: SlotOutcome) -> SeenSlot:
    first = outcome.foreseen[0].step if outcome.foreseen else None
    is_move = first is not None and first.name == "move"
    # A stop that the plan itself finds may come to its end as days go by.
    is_planned = outcome.failure is None or (outcome.step.name == "stop" and bool(outcome.foreseen))
    return SeenSlot(outcome.view, None if is_planned else outcome.failure, first if is_move else None)


def _slot(outcome: SlotOutcome, way: Sequence[Planned], last_logins: LastLogins) -> Data:
    begins = next((each.before for each in way if each.step.name == "intend"), None)
    return {
        "name": outcome.slot.name,
        "file": outcome.slot.file,
        "variable": outcome.slot.variable,
        "iam_id": outcome.slot.iam_id,
        "now": _now(outcome),
        "steps": [_step(each, last_logins) for each in way if each.step.name not in NOT_TOLD],
        "inherits": _inherited(begins) if begins else [],
        "does_not_inherit": begins.not_inherited() if begins else [],
    }


def _now(outcome: SlotOutcome) -> Data:
    """Where the slot is before the first run: as it rests, or with the step that it waits for."""
    view = outcome.view
    record = view.loaded.record if view else None
    key = view.current_key() if view else None
    return {
        "step": "stop" if outcome.failure else outcome.step.name,
        "reason": outcome.told_failure or outcome.step.reason,
        "key_id": record.current.id if record and record.current else None,
        "created_at": key.created_at if key else None,
        "expires_at": key.expires_at if key else None,
        "superseded_ids": [each.id for each in record.superseded] if record else [],
    }


def _step(planned: Planned, last_logins: LastLogins) -> Data:
    step, current = planned.step, planned.after.loaded.record and planned.after.loaded.record.current
    key_id = step.key_id or (current.id if current and step.name == "adopt" else None)
    is_known = key_id in last_logins and step.name in RETIRES | {"intend", "overlap", "in_use", "soak"}
    last = last_logins.get(str(key_id))
    return {
        "step": step.name,
        "at": format_time(planned.at),
        "until": format_time(step.next_at) if step.rests and step.next_at else None,
        "rests": step.rests,
        "key_id": key_id,
        "reason": step.reason,
        "last_login_at": (format_time(last) if last else NEVER) if is_known else None,
        "provided": _provided(planned),
    }


def _provided(planned: Planned) -> str | None:
    """What nobody can foresee, and what it comes to."""
    policy, before = planned.before.slot.policy, planned.before
    entries = before.loaded.record.superseded if before.loaded.record else ()
    is_leaked = any(entry.id == planned.step.key_id and entry.compromised for entry in entries)
    if planned.step.name != "disable" or not policy.quiet or is_leaked:
        return None
    otherwise = {"wait": "otherwise it waits", "fail": "otherwise the slot fails", "warn": "otherwise the run warns"}
    quiet = f"nobody logs in with it in the {policy.quiet_hours:g} hours before"
    return f"{quiet}; {otherwise[policy.on_previous_in_use]}"


def _inherited(view: View) -> list[str]:
    """What a successor has of the key before (acts.new_key)."""
    old, slot = view.current_key(), view.slot
    if old is None:
        return []
    text, life = split_description(old.description)[0], view.life_of_successor
    return [
        *(["its description"] if text and slot.description is None else []),
        *(["its lock"] if old.locked else []),
        *([f"that it lives for {life / timedelta(days=1):g} days"] if life and not slot.policy.expires_in_days else []),
        *(["what IBM Cloud does when it leaks"] if old.action_when_leaked else []),
    ]


def _total(slots: Sequence[Data]) -> Data:
    """Counts over all slots; the first run's are those of now."""
    steps = [step for slot in slots for step in slot["steps"]]

    def count(*names: str) -> int:
        return sum(1 for step in steps if step["step"] in names)

    dates = [step["at"] for step in steps if not step["rests"]]
    return {
        "slots": len(slots),
        "need_a_person": sum(1 for slot in slots if slot["now"]["step"] == "stop" or _stops(slot)),
        "change": sum(1 for slot in slots if any(not step["rests"] for step in slot["steps"])),
        "put_off": sum(1 for slot in slots if any(step["step"] == "later" for step in slot["steps"])),
        "keys_made": count("intend", "create"),
        "keys_disabled": count("disable", "disable_leaked"),
        "keys_deleted": count("delete", "make_place", "withdraw"),
        "first_change_at": min(dates, default=None),
    }


def _stops(slot: Data) -> bool:
    return any(step["step"] == "stop" for step in slot["steps"])


def _places(seen: Sequence[SeenSlot], ways: Sequence[Sequence[Planned]]) -> list[Data]:
    """Of each owner for whom a key is to be made: how many it has, may have and needs, and when one gets free."""
    keys: dict[str, set[str]] = {}
    for view in (each.view for each in seen if each.view):
        for key in view.keys:
            keys.setdefault(key.iam_id, set()).add(key.id)
    wanted: dict[str, list[Data]] = {}
    limits: dict[str, int] = {}
    for way in ways:
        for iam_id, wish in _wishes(way):
            wanted.setdefault(iam_id, []).append(wish)
            limits[iam_id] = way[0].before.slot.policy.keys_per_identity
    freed = _freed(ways)
    return [
        {
            "iam_id": iam_id,
            "limit": limits[iam_id],
            "taken": len(keys.get(iam_id, ())),
            "free": max(0, limits[iam_id] - len(keys.get(iam_id, ()))),
            "needed": len({wish["slot"] for wish in wishes}),
            "waiting": [wish for wish in wishes if wish["put_off"]],
            "frees": freed.get(iam_id, []),
        }
        for iam_id, wishes in wanted.items()
    ]


def _wishes(way: Sequence[Planned]) -> t.Iterator[tuple[str, Data]]:
    """The places that a slot asks for, and when it gets each."""
    is_put_off = False
    for each in way:
        is_put_off = is_put_off or each.step.name == "later"
        if each.step.name == "intend":
            slot = each.before.slot
            yield slot.iam_id, {"slot": slot.name, "put_off": is_put_off, "begins_at": format_time(each.at)}
            is_put_off = False
    if is_put_off:
        slot = way[-1].before.slot
        yield slot.iam_id, {"slot": slot.name, "put_off": True, "begins_at": None}


def _freed(ways: Sequence[Sequence[Planned]]) -> dict[str, list[Data]]:
    freed: dict[str, list[Data]] = {}
    for each in (each for way in ways for each in way if each.step.name in {"delete", "withdraw", "make_place"}):
        key = each.before.key(each.step.key_id)
        if key is not None:
            told = {"at": format_time(each.at), "slot": each.before.slot.name, "key_id": key.id}
            freed.setdefault(key.iam_id, []).append(told)
    return {iam_id: sorted(told, key=lambda one: str(one["at"])) for iam_id, told in freed.items()}
