# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An audit as plain data: one account of the JSON whose shape is docs/schemas/api-key-audit-2.json; pure."""

from __future__ import annotations

import typing as t
from datetime import datetime

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import MINUTE_FORM
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.audit import Finding, Report, Row
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.controls import control_states
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.planned_weeks import Plan, planned_weeks
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.rules import ALL_RULES, SEVERITIES
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.told_events import events_of
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.history import Line

# With several accounts in a folder each has another one.
SLOTS_FILE = "slots.yml"

Data = dict[str, t.Any]


def account_data(
    report: Report,
    name: str | None = None,
    slots: Data | None = None,
    plan: Plan | None = None,
    history: t.Sequence[Line] | None = None,
) -> Data:
    """What was found in one account, as mappings, lists, texts and numbers; times are IAM's, in UTC.

    `name` is what people call the account, else its id; `slots` says in which file how many slots are suggested, `plan`
    what the rotation will do, `history` what rotations of any account have done, the oldest first.
    """
    found: Data = {
        "name": name or report.account_id,
        "account_id": report.account_id,
        "made_at": _time(report.made_at),
        "login_key_id": report.login_key_id,
        "owner_ids": sorted(report.owner_ids),
        "is_whole": report.is_whole,
        "records_read": report.records_read,
        "policy": {
            "max_age_days": report.policy.max_age_days,
            "unused_after_days": report.policy.unused_after_days,
            "expires_soon_days": report.policy.expires_soon_days,
            "require_expiry": report.policy.require_expiry,
            "require_lock": report.policy.require_lock,
            "account_owner_ids": sorted(report.policy.account_owner_ids),
        },
        "counts": counts(report),
        "not_checked": list(report.not_checked),
        "slots": slots or {"file": SLOTS_FILE, "count": 0},
        "plan": planned_weeks(plan, report.made_at) if plan else None,
        "history": events_of(history, report.account_id) if history is not None else None,
        "keys": [_row(row) for row in report.rows],
        "idle_exceptions": [
            {"key": each.key, "owner": each.owner, "reason": each.reason, "expires": each.expires.isoformat()}
            for each in report.idle_exceptions
        ],
    }
    return {**found, "controls": control_states(found)}


def rules_data() -> list[Data]:
    """All that is looked for."""
    return [
        {
            "name": rule.name,
            "severity": rule.severity,
            "title": rule.title,
            "advice": rule.advice,
            "controls": [f"{each.source}, {each.number}: {each.title}" for each in rule.controls],
        }
        for rule in ALL_RULES
    ]


def counts(report: Report) -> dict[str, int]:
    """How many keys, findings of each severity, and findings that somebody answers for."""
    found = {severity: report.count(severity) for severity in SEVERITIES}
    return {"keys": len(report.rows), **found, "excused": len(report.excused)}


def last_login(key: Data) -> str:
    """When the key logged in last, as far as IAM's report tells; it names no date of a key that is in use."""
    if key["is_inactive"] is None:
        return "not known"
    if not key["is_inactive"]:
        return "recently"
    return str(key["last_login_at"])[: len("2026-06-01")] if key["last_login_at"] else "never"


def _row(row: Row) -> Data:
    key = row.key
    return {
        "id": key.id,
        "name": key.name,
        "owner_id": key.owner_id,
        "owner_name": key.owner_name,
        "owner_kind": key.owner_kind,
        "description": key.description,
        "marker": str(key.marker) if key.marker else None,
        "created_at": _time(key.created_at),
        "age_days": key.age_days,
        "expires_at": _time(key.expires_at),
        "expires_in_days": key.expires_in_days,
        "is_inactive": key.is_inactive,
        "last_login_at": _time(key.last_login_at),
        "locked": key.locked,
        "disabled": key.disabled,
        "severity": row.severity,
        "findings": [_finding(each) for each in row.findings],
    }


def _finding(found: Finding) -> Data:
    excuse = found.exemption
    return {
        "rule": found.rule.name,
        "severity": found.rule.severity,
        "detail": found.detail,
        "exception": {"owner": excuse.owner, "reason": excuse.reason, "expires": excuse.expires.isoformat()}
        if excuse
        else None,
    }


def _time(moment: datetime | None) -> str | None:
    return moment.strftime(MINUTE_FORM) if moment else None
