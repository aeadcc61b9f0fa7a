# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The keys of a page as its script reads them: a line of JSON each, which the page escapes like any text; pure.

Forty thousand rows of a table are 14 megabytes and half a minute in a browser, so the script makes those that are seen.
"""

from __future__ import annotations

import json
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._shown import shown
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.as_csv import title_of
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.as_data import last_login
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.rules import RULE_BY_NAME, SEVERITIES
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.history_shown import in_words

DATE_LENGTH = len("2026-06-01")
MINUTE_LENGTH = len("2026-06-01T09:30")

Data = dict[str, t.Any]


def page_rows(found: Data) -> Data:
    """`names` of accounts, owners (name, kind) and findings, and `rows` with the numbers of these; the worst first."""
    owners: dict[tuple[str, str], int] = {}
    rules = {name: number for number, name in enumerate(RULE_BY_NAME)}
    rows = [
        _row(key, number, owners, [_finding(each, rules, found["made_at"]) for each in key["findings"]])
        for number, account in enumerate(found["accounts"])
        for key in account["keys"]
    ]
    # Stable: within an account the order is that of its report.
    rows.sort(key=lambda row: (row[0], -row[5]))
    names = {
        "accounts": [shown(account["name"]) for account in found["accounts"]],
        "owners": [[shown(name), kind] for name, kind in owners],
        "rules": [title_of(name) for name in rules],
    }
    return {"names": _line(names), "rows": [_line(row) for row in rows]}


def page_events(found: Data) -> Data:
    """`accounts` that have a history, `kinds` of events in words, and `rows`, the newest event first.

    The account of a row is its number among the names of `page_rows`.
    """
    accounts = [(number, account) for number, account in enumerate(found["accounts"]) if account["history"]]
    events = [(number, event) for number, account in accounts for event in account["history"]["events"]]
    events.sort(key=lambda each: str(each[1]["at"]), reverse=True)
    return {
        "accounts": dict(accounts),
        "kinds": sorted({in_words(event["what"]) for _number, event in events}),
        "rows": [_line(_event(number, event)) for number, event in events],
    }


def _line(value: t.Any) -> str:
    """In what is shown nothing is left to escape but quotes and backslashes, so the line stays as it is."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _row(key: Data, account: int, owners: dict[tuple[str, str], int], findings: list[t.Any]) -> list[t.Any]:
    return [
        SEVERITIES.index(key["severity"]) if key["severity"] else len(SEVERITIES),
        account,
        shown(key["id"]),
        shown(key["name"]),
        owners.setdefault((key["owner_name"] or key["owner_id"], key["owner_kind"]), len(owners)),
        key["age_days"],
        last_login(key),
        key["expires_at"][:DATE_LENGTH] if key["expires_at"] else "",
        (1 if key["disabled"] else 0) + (2 if key["locked"] else 0),
        findings,
    ]


def _event(account: int, event: Data) -> list[t.Any]:
    told = ("slot", "key_id", "old_id", "by", "job", "why")
    at = event["at"][:MINUTE_LENGTH].replace("T", " ")
    return [account, at, in_words(event["what"]), *(shown(event[name] or "") for name in told)]


def _finding(found: Data, rules: t.Mapping[str, int], newest: str) -> list[t.Any]:
    excuse = found["exception"]
    since = "" if found["since"] == newest else found["since"][:DATE_LENGTH]
    told = [rules[found["rule"]], shown(found["detail"]), since]
    return [*told, shown(f"{excuse['owner']} until {excuse['expires']}: {excuse['reason']}")] if excuse else told
