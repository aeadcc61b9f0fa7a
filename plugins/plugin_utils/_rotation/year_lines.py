# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A plan as lines for people: a total first, then who needs a person, then what comes soonest; pure."""

from __future__ import annotations

import itertools
import typing as t
from collections.abc import Sequence

# What one reads before going on to something else; the data has the rest.
MOST_LINES = 120
INDENT = "    "
# What stands beside the key that a step is about.
MAKES = frozenset({"intend", "create"})
NEEDS_A_REASON = frozenset({"later", "stop"})

Data = dict[str, t.Any]


def plan_lines(plan: Data) -> list[str]:
    """The lines of a plan; slots for which nothing comes are only counted."""
    stopped = [slot for slot in plan["slots"] if slot["now"]["step"] == "stop"]
    others = [slot for slot in plan["slots"] if slot["now"]["step"] != "stop"]
    busy = sorted((slot for slot in others if _first_to_tell(slot)), key=_first_to_tell)
    resting = [slot for slot in others if not _first_to_tell(slot)]
    lines = [_total(plan)]
    lines += _cut([_of_stopped(slot) for slot in stopped], "more slots need a person")
    lines += _cut([_of_busy(slot) for slot in busy], "more slots change later")
    return [*lines, *_of_resting(resting), *_of_places(plan["places"])]


def _total(plan: Data) -> str:
    total = plan["total"]
    parts = [
        f"{total['change']} change",
        f"{total['need_a_person']} {'needs' if total['need_a_person'] == 1 else 'need'} a person",
        f"{total['put_off']} put off",
    ]
    keys = f"keys made {total['keys_made']}, disabled {total['keys_disabled']}, deleted {total['keys_deleted']}"
    until = f", rotations that begin until {_day(plan['until'])}" if plan["until"] else ""
    slots = "1 slot" if total["slots"] == 1 else f"{total['slots']} slots"
    return f"PLAN of {slots}{until}, with a run each day: {', '.join(parts)}; {keys}"


def _cut(blocks: Sequence[list[str]], what: str) -> list[str]:
    """As many whole blocks as one reads, and how many there are besides."""
    lines: list[str] = []
    for number, block in enumerate(blocks):
        if lines and len(lines) + len(block) > MOST_LINES:
            return [*lines, f"... and {len(blocks) - number} {what}: `plan.slots` has them all"]
        lines += block
    return lines


def _of_stopped(slot: Data) -> list[str]:
    return [f"{slot['name']}: FAILED, {slot['now']['reason']}", *_runs(slot)]


def _of_busy(slot: Data) -> list[str]:
    return [f"{slot['name']}: now {_now(slot)}", *_runs(slot), *_inheritance(slot)]


def _now(slot: Data) -> str:
    now = slot["now"]
    key = f", key {now['key_id']} of {_day(now['created_at'])}" if now["key_id"] and now["created_at"] else ""
    return f"{now['step']}{key} ({now['reason']})"


def _runs(slot: Data) -> list[str]:
    """One line for each run that does something, with where the slot rests after it; what was said is not repeated."""
    if not _first_to_tell(slot):
        return []
    lines, said = [], {slot["now"]["reason"]}
    for at, steps in itertools.groupby(slot["steps"], key=lambda step: step["at"]):
        told = []
        for step in steps:
            told.append(_told(step, said))
            said |= {step["reason"], step["key_id"] if step["last_login_at"] else None}
        lines.append(f"{INDENT}{_minute(at)}  {', '.join(told)}")
    return lines


def _told(step: Data, said: t.Collection[str | None]) -> str:
    if step["rests"]:
        why = f" ({step['reason']})" if step["step"] in NEEDS_A_REASON and step["reason"] not in said else ""
        return f"then {step['step']}" + (f" until {_minute(step['until'])}" if step["until"] else "") + why
    about = [step["reason"]] if step["step"] in MAKES and step["reason"] not in said else []
    if step["last_login_at"] and step["key_id"] not in said:
        never = step["last_login_at"] == "never"
        about.append("it never logged in" if never else f"last log-in {_minute(step['last_login_at'])}")
    about += [f"if {step['provided']}"] if step["provided"] else []
    key = f" {step['key_id']}" if step["key_id"] and step["step"] not in MAKES else ""
    return f"{step['step']}{key}" + (f" ({'; '.join(about)})" if about else "")


def _inheritance(slot: Data) -> list[str]:
    parts = [f"inherits {', '.join(slot['inherits'])}"] if slot["inherits"] else []
    parts += [f"does not inherit {', '.join(slot['does_not_inherit'])}"] if slot["does_not_inherit"] else []
    return [f"{INDENT}the successor {'; it '.join(parts)}"] if parts else []


def _of_resting(slots: Sequence[Data]) -> list[str]:
    if not slots:
        return []
    ends = [(step["until"], slot["name"]) for slot in slots for step in slot["steps"][-1:] if step["until"]]
    first = min(ends, default=None)
    when = f"; the first that goes on is {first[1]}, {_day(first[0])}" if first else ""
    many = "1 slot has" if len(slots) == 1 else f"{len(slots)} slots have"
    return [f"{many} nothing to do in this time{when}"]


def _of_places(owners: Sequence[Data]) -> list[str]:
    """Of owners whose keys have to wait for each other."""
    lines = []
    for owner in owners:
        if not owner["waiting"] and owner["needed"] <= owner["free"]:
            continue
        begins = [f"{wish['slot']} {_day(wish['begins_at'])}" for wish in owner["waiting"] if wish["begins_at"]]
        later = sum(1 for wish in owner["waiting"] if not wish["begins_at"])
        parts = [f"{owner['taken']} of {owner['limit']} places taken", f"{owner['needed']} needed"]
        parts += (
            [f"free again {', '.join(dict.fromkeys(_day(each['at']) for each in owner['frees']))}"]
            if owner["frees"]
            else []
        )
        parts += [f"put off to {', '.join(begins)}"] if begins else []
        parts += [f"{later} put off for longer than this plan"] if later else []
        lines.append(f"{owner['iam_id']}: {'; '.join(parts)}")
    return _cut([[line] for line in lines], "more owners are short of places")


def _first_to_tell(slot: Data) -> str:
    """When the slot changes first, or does not although it is due; blank for never."""
    told = (str(step["at"]) for step in slot["steps"] if not step["rests"] or step["step"] in NEEDS_A_REASON)
    return next(told, "")


def _day(at: str | None) -> str:
    return at[:10] if at else "never"


def _minute(at: str | None) -> str:
    return at[:16].replace("T", " ") if at else "never"
