# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A report as JSON and as CSV. The shape of the JSON is that of docs/schemas/api-key-audit-1.json."""

from __future__ import annotations

import csv
import io
import json
import typing as t
from datetime import datetime

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import MINUTE_FORM
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.audit import Finding, Report, Row
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.facts import KeyFacts
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.rules import ALL_RULES, SEVERITIES
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._out.for_readers import for_csv

SCHEMA_VERSION = 1
CSV_HEADER = (
    "severity", "id", "name", "owner", "owner_name", "age_days", "last_login", "expires_at", "locked", "disabled",
    "findings", "excused",
)  # fmt: skip


def to_data(report: Report) -> dict[str, t.Any]:
    """The whole report as mappings, lists, texts and numbers; times are IAM's, in UTC."""
    return {
        "schema_version": SCHEMA_VERSION,
        "account_id": report.account_id,
        "made_at": _time(report.made_at),
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
        "rules": [
            {
                "name": rule.name,
                "severity": rule.severity,
                "title": rule.title,
                "advice": rule.advice,
                "controls": [f"{each.source}, {each.number}: {each.title}" for each in rule.controls],
            }
            for rule in ALL_RULES
        ],
        "keys": [_row(row) for row in report.rows],
        "idle_exceptions": [
            {"key": each.key, "owner": each.owner, "reason": each.reason, "expires": each.expires.isoformat()}
            for each in report.idle_exceptions
        ],
    }


def counts(report: Report) -> dict[str, int]:
    """How many keys, findings of each severity, and findings that somebody answers for."""
    found = {severity: report.count(severity) for severity in SEVERITIES}
    return {"keys": len(report.rows), **found, "excused": len(report.excused)}


def to_json(report: Report) -> str:
    """The same as a text in which nothing is hidden: JSON escapes the rest of what a terminal obeys."""
    text = json.dumps(to_data(report), indent=1, ensure_ascii=True, sort_keys=False)
    return text.replace("\x7f", "\\u007f") + "\n"


def to_csv(report: Report) -> str:
    """One line a key, in the order of the report."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(CSV_HEADER)
    for row in report.rows:
        writer.writerow([for_csv(cell) for cell in _cells(row)])
    return out.getvalue()


def last_login(key: KeyFacts) -> str:
    """When the key logged in last, as far as IAM's report tells; it names no date of a key that is in use."""
    if key.is_inactive is None:
        return "not known"
    if not key.is_inactive:
        return "recently"
    return f"{key.last_login_at:%Y-%m-%d}" if key.last_login_at else "never"


def _cells(row: Row) -> list[str]:
    key = row.key
    return [
        row.severity or "",
        key.id,
        key.name,
        key.owner_id,
        key.owner_name or "",
        str(key.age_days),
        last_login(key),
        _time(key.expires_at) or "",
        "yes" if key.locked else "no",
        "yes" if key.disabled else "no",
        "; ".join(f"{each.rule.title}: {each.detail}" for each in row.findings if not each.exemption),
        "; ".join(f"{each.rule.title}: {each.exemption.reason}" for each in row.findings if each.exemption),
    ]


def _row(row: Row) -> dict[str, t.Any]:
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


def _finding(found: Finding) -> dict[str, t.Any]:
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
