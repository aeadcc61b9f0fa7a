# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which control an account passes; pure. What nobody could look at is no pass."""

from __future__ import annotations

import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.rules import ALL_RULES, Control

Data = dict[str, t.Any]
FAIL, NOT_CHECKED, IN_PART, PASS = "fail", "not checked", "in part", "pass"


def all_controls() -> list[Control]:
    """In the order of their numbers."""
    return sorted({each for rule in ALL_RULES for each in rule.controls}, key=lambda each: (each.source, each.number))


def control_states(account: Data) -> list[Data]:
    """For each control what an account is judged: `fail`, `not checked`, `in part` (chosen identities only), `pass`."""
    return [_state(account, control) for control in all_controls()]


def _state(account: Data, control: Control) -> Data:
    names = {rule.name for rule in ALL_RULES if control in rule.controls}
    found = [each for key in account["keys"] for each in key["findings"] if each["rule"] in names]
    failing = sum(each["exception"] is None for each in found)
    looked = account["is_whole"] and all(is_checked(account, key, name) for name in names for key in account["keys"])
    nobody = not account["policy"]["account_owner_ids"] and "owner_key" in names
    if failing:
        state = FAIL
    elif not looked or nobody:
        state = NOT_CHECKED
    else:
        state = IN_PART if account["owner_ids"] else PASS
    return {
        "source": control.source,
        "number": control.number,
        "title": control.title,
        "state": state,
        "findings": failing,
        "excused": len(found) - failing,
    }


def is_checked(account: Data, key: Data, rule_name: str) -> bool:
    """Whether this audit could have found this of this key."""
    policy = account["policy"]
    if rule_name == "unused":
        return key["is_inactive"] is not None or key["disabled"]
    can: dict[str, t.Any] = {
        "owner_key": policy["account_owner_ids"],
        "left_over": account["records_read"],
        "no_expiry": policy["require_expiry"],
        "not_locked": policy["require_lock"],
    }
    return bool(can.get(rule_name, True))
