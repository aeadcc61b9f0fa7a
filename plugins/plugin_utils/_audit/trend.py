# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How a report came out beside the one before it; pure. What could not be seen this time is not mended."""

from __future__ import annotations

import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.controls import is_checked

# A report a week for two years.
MOST_POINTS = 104
# What is told one by one; how many there are is told beside it.
MOST_MENDED = 50

Data = dict[str, t.Any]
# Key and rule.
Place = tuple[str, str]


def with_trend(account: Data, before: Data | None) -> Data:
    """The account with `since` in each finding, and `trend`: what is new, mended, and not seen since the report before.

    A second report of the same minute tells what the first one told.
    """
    account = _dated(account, _since(before) if before else {})
    if before is None:
        trend: Data = {
            "compared_with": None,
            "policy_changed": False,
            "new": 0,
            "mended_count": 0,
            "mended": [],
            "not_seen": [],
        }
    else:
        trend = _compared(account, before)
    return {**account, "trend": {**trend, "points": _points(account, before)}}


def _compared(account: Data, before: Data) -> Data:
    is_again = before["made_at"] == account["made_at"]
    compared_with = before["trend"]["compared_with"] if is_again else before["made_at"]
    here = {(key["id"], each["rule"]) for key in account["keys"] for each in key["findings"]}
    gone = [each for place, each in sorted(_open_then(before).items()) if place not in here]
    keys = {key["id"]: key for key in account["keys"]}
    mended = [each for each in gone if _would_be_found(account, keys.get(each["key_id"]), each)]
    told = {_place(each) for each in mended}
    not_seen = [each for each in gone if _place(each) not in told]
    count = len(mended)
    if is_again:
        kept = [each for each in before["trend"]["mended"] if _place(each) not in here]
        mended, count = [*kept, *mended], before["trend"]["mended_count"] + count
    found_now = [each["since"] == account["made_at"] for each in _open(account).values()]
    return {
        "compared_with": compared_with,
        "policy_changed": before["policy"] != account["policy"],
        "new": sum(found_now) if compared_with else 0,
        "mended_count": count,
        "mended": mended[:MOST_MENDED],
        "not_seen": not_seen,
    }


def _dated(account: Data, since: t.Mapping[Place, str]) -> Data:
    now = account["made_at"]
    keys = [
        {**key, "findings": [{**each, "since": since.get((key["id"], each["rule"]), now)} for each in key["findings"]]}
        for key in account["keys"]
    ]
    return {**account, "keys": keys}


def _since(before: Data) -> dict[Place, str]:
    """When each thing was found first."""
    found = {(key["id"], each["rule"]): each["since"] for key in before["keys"] for each in key["findings"]}
    return {**{_place(each): each["since"] for each in before["trend"]["not_seen"]}, **found}


def _open_then(before: Data) -> dict[Place, Data]:
    """What counted, and what counted earlier and was not seen."""
    return {**{_place(each): each for each in before["trend"]["not_seen"]}, **_open(before)}


def _open(account: Data) -> dict[Place, Data]:
    return {
        (key["id"], each["rule"]): {
            "key_id": key["id"],
            "name": key["name"],
            "owner_id": key["owner_id"],
            "rule": each["rule"],
            "since": each["since"],
        }
        for key in account["keys"]
        for each in key["findings"]
        if each["exception"] is None
    }


def _place(gone: Data) -> Place:
    return (gone["key_id"], gone["rule"])


def _would_be_found(account: Data, key: Data | None, gone: Data) -> bool:
    """Whether this audit would have found it, if it were still so; a key that is in no full list is gone."""
    if key is not None:
        return is_checked(account, key, gone["rule"])
    return bool(account["is_whole"]) and (not account["owner_ids"] or gone["owner_id"] in account["owner_ids"])


def _points(account: Data, before: Data | None) -> list[Data]:
    earlier = [each for each in before["trend"]["points"] if each["made_at"] != account["made_at"]] if before else []
    return [*earlier, {"made_at": account["made_at"], **account["counts"]}][-MOST_POINTS:]
