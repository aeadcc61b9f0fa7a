# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is told of an audit as metrics: numbers of keys and findings, and no key."""

from __future__ import annotations

import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import parse_time
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.as_metrics import known_of
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.rules import ALL_RULES
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._metrics.series import AUDIT, series

Data = dict[str, t.Any]
SLOTS = {"key-1": "deploy", "key-2": "deploy", "key-3": "backup", "gone": "old"}


def key(age_days: int, *rules: str, excused: bool = False, **words: t.Any) -> Data:
    found = [{"rule": rule, "severity": "high", "exception": {"owner": "a"} if excused else None} for rule in rules]
    created = {200: "2026-01-01T00:00+0000", 10: "2026-07-01T00:00+0000"}
    return {
        "id": "key-0",
        "age_days": age_days,
        "created_at": created[age_days],
        "expires_at": None,
        "expires_in_days": None,
        "disabled": False,
        "findings": found,
        **words,
    }


def account(*keys: Data) -> Data:
    return {
        "account_id": "0a1b",
        "counts": {"keys": len(keys), "high": 1, "medium": 0, "low": 0, "excused": 1},
        "not_checked": ["something"],
        "keys": list(keys),
        "controls": [{"source": "CIS", "number": "1.4", "state": "fail"}],
    }


def value(found: Data, name: str, **labels: str) -> int | None:
    return known_of(found, "prod", SLOTS).samples.get(series(f"{AUDIT}_{name}", "prod", **labels))


def test_keys_and_findings_are_counted_and_a_rule_that_found_nothing_is_none() -> None:
    found = account(key(200, "too_old"), key(10, "too_old", excused=True))

    assert [value(found, name) for name in ("keys", "excused_findings", "not_checked")] == [2, 1, 1]
    assert [value(found, "findings", severity=each) for each in ("high", "medium", "low")] == [1, 0, 0]
    told = {rule.name: value(found, "rule_findings", rule=rule.name, severity=rule.severity) for rule in ALL_RULES}
    assert told == {**dict.fromkeys(told, 0), "too_old": 1}
    assert value(found, "control_state", source="CIS", number="1.4", state="fail") == 1


def test_ages_are_of_the_oldest_and_of_how_many() -> None:
    found = account(key(200), key(10))

    assert value(found, "oldest_key_created_timestamp_seconds") == int(parse_time("2026-01-01T00:00+0000").timestamp())
    older = [value(found, "old_keys", days=days) for days in ("30", "90", "180", "365")]
    assert older == [1, 1, 1, 0]


def test_the_next_expiry_is_of_a_key_that_can_log_in() -> None:
    dates = {"expires_in_days": 5, "expires_at": "2026-07-20T00:00+0000"}
    found = account(
        key(10, expires_at="2026-07-01T00:00+0000", expires_in_days=-10),
        key(10, expires_at="2026-07-15T00:00+0000", expires_in_days=1, disabled=True),
        key(10, **dates),
    )

    assert value(found, "next_expiry_timestamp_seconds") == int(parse_time("2026-07-20T00:00+0000").timestamp())


def test_an_account_without_keys_has_no_oldest_one() -> None:
    assert value(account(), "keys") == 0
    assert value(account(), "oldest_key_created_timestamp_seconds") is None
    assert value(account(), "next_expiry_timestamp_seconds") is None


def test_findings_are_told_by_slot_of_the_keys_that_are_on_record() -> None:
    excused = key(200, "too_old", excused=True, id="key-3")
    found = account(
        key(200, "too_old", id="key-1"), key(10, "too_old", "unused", id="key-2"), excused, key(200, "unused")
    )

    told = {
        slot: [value(found, "slot_findings", slot=slot, severity=each) for each in ("high", "medium", "low")]
        for slot in ("deploy", "backup", "old", "unknown")
    }

    # Of `old` no key was looked at.
    nothing = [None, None, None]
    assert told == {"deploy": [3, 0, 0], "backup": [0, 0, 0], "old": nothing, "unknown": nothing}
