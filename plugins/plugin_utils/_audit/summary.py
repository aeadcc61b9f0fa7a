# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a report says first: totals, controls, what changed since the report before, what nobody looked at; pure."""

from __future__ import annotations

import typing as t
from datetime import datetime, timedelta

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import parse_time
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.controls import (
    PASS,
    all_controls,
    control_states,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.rules import RULE_BY_NAME, SEVERITIES, Rule

# An account that was audited so much earlier than the newest one is not part of the same audit: of a daily one neither.
STALE_AFTER = timedelta(hours=6)
LONG_OPEN = timedelta(days=30)
COUNTED = ("keys", "high", "medium", "low", "excused")

Data = dict[str, t.Any]


def totals(found: Data) -> dict[str, int]:
    """The counts of all accounts together."""
    return {name: sum(each["counts"][name] for each in found["accounts"]) for name in COUNTED}


def trend_of(found: Data) -> Data | None:
    """What is new, mended, still open and open for long, in all accounts; None when there was no report before."""
    compared = [each for each in found["accounts"] if each["trend"]["compared_with"]]
    if not compared:
        return None
    open_now = [
        each for account in compared for key in account["keys"] for each in key["findings"] if not each["exception"]
    ]
    new = sum(each["trend"]["new"] for each in compared)
    newest = parse_time(found["made_at"])
    return {
        "new": new,
        "mended": sum(each["trend"]["mended_count"] for each in compared),
        "still_open": len(open_now) - new,
        "long_open": sum(newest - parse_time(each["since"]) > LONG_OPEN for each in open_now),
        "not_seen": sum(len(each["trend"]["not_seen"]) for each in compared),
        "long_days": LONG_OPEN.days,
    }


def history_of(found: Data) -> dict[str, list[int]]:
    """Each count over time, all accounts together: at each time what was known last of each of them."""
    accounts = [each["trend"]["points"] for each in found["accounts"]]
    times = sorted({point["made_at"] for points in accounts for point in points})
    history: dict[str, list[int]] = {name: [] for name in COUNTED}
    for moment in times:
        known = [[point for point in points if point["made_at"] <= moment][-1:] for points in accounts]
        for name in COUNTED:
            history[name].append(sum(point[name] for points in known for point in points))
    return history


def is_stale(found: Data, account: Data) -> bool:
    """Whether an account was not audited with the others, so that what is told of it is old."""
    return parse_time(found["made_at"]) - parse_time(account["made_at"]) > STALE_AFTER


def unsure(found: Data) -> list[str]:
    """Sentences on accounts of which nothing was found out, now or lately."""
    texts = [f"the account {name}: it has no report in this folder" for name in found["missing"]]
    for account in found["accounts"]:
        if is_stale(found, account):
            texts.append(
                f"the account {account['name']} since {account['made_at']}: what is shown of it is of that day"
            )
    return texts


def not_checked(found: Data) -> list[str]:
    """What nobody looked at, with the account's name where there are several."""
    is_one = len(found["accounts"]) == 1 and not found["missing"]
    return [
        *unsure(found),
        *(
            text if is_one else f"{text} (account {account['name']})"
            for account in found["accounts"]
            for text in account["not_checked"]
        ),
    ]


def by_rule(found: Data) -> list[tuple[Rule, dict[str, list[str]]]]:
    """The rules that found something, the worst first, with the ids of the keys in each account."""
    ids: dict[str, dict[str, list[str]]] = {}
    for account in found["accounts"]:
        for key in account["keys"]:
            for name in dict.fromkeys(each["rule"] for each in key["findings"] if not each["exception"]):
                ids.setdefault(name, {}).setdefault(account["name"], []).append(key["id"])
    rules = [rule for rule in RULE_BY_NAME.values() if rule.name in ids]
    return [(rule, ids[rule.name]) for rule in sorted(rules, key=lambda rule: SEVERITIES.index(rule.severity))]


def counted(by_account: t.Mapping[str, t.Sequence[str]]) -> int:
    """How many keys of all accounts."""
    return sum(len(ids) for ids in by_account.values())


def passing(found: Data) -> list[str]:
    """For each control how many accounts pass, as a text."""
    count = len(found["accounts"]) + len(found["missing"])
    states = [control_states(account) for account in found["accounts"] if not is_stale(found, account)]
    return [
        f"{sum(each[number]['state'] == PASS for each in states)}/{count} pass" for number in range(len(all_controls()))
    ]


def made_at(found: Data) -> datetime:
    """When the newest account was audited."""
    return parse_time(found["made_at"])
