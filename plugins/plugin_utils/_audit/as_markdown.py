# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A report as Markdown, short enough for the output of a job."""

from __future__ import annotations

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.as_data import counts, last_login
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.audit import Finding, Report, Row, remedy
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._out.for_readers import for_markdown

MOST_ROWS = 50


def to_markdown(report: Report) -> str:
    """Counts, what was found, what to do, and the worst keys."""
    found = counts(report)
    lines = [
        f"# API keys of account {for_markdown(report.account_id)}, {report.made_at:%Y-%m-%d}",
        "",
        f"{found['keys']} keys: {found['high']} high, {found['medium']} medium, {found['low']} low findings, "
        f"{found['excused']} excused.",
        *_not_checked(report),
        *_rules(report),
        *_worst(report),
        *_exceptions(report),
    ]
    return "\n".join(lines) + "\n"


def _not_checked(report: Report) -> list[str]:
    return ["", *(f"- Not checked: {for_markdown(text)}" for text in report.not_checked)] if report.not_checked else []


def _rules(report: Report) -> list[str]:
    lines = []
    for rule, findings in report.by_rule():
        controls = "; ".join(f"{each.source}, {each.number}" for each in rule.controls)
        lines += ["", f"## {rule.title}: {len(findings)} ({rule.severity})", "", rule.advice]
        lines += ["", f"Control: {controls}."] if controls else []
        lines += ["", *(f"    {line}" for line in remedy(report, rule, findings).split("\n"))] if rule.task else []
    return lines


def _worst(report: Report) -> list[str]:
    rows = [row for row in report.rows if row.severity]
    if not rows:
        return ["", "Nothing was found."]
    left = len(rows) - MOST_ROWS
    return [
        "",
        "## Keys",
        "",
        "| severity | key | owner | age | last log-in | findings |",
        "|---|---|---|---|---|---|",
        *(_row(row) for row in rows[:MOST_ROWS]),
        *(["", f"And {left} more: see the other formats."] if left > 0 else []),
    ]


def _row(row: Row) -> str:
    key = row.key
    cells = (
        str(row.severity),
        f"{for_markdown(key.name)} {for_markdown(key.id)}",
        for_markdown(key.owner_name or key.owner_id),
        f"{key.age_days} d",
        last_login(key),
        "; ".join(_finding(each) for each in row.findings if not each.exemption),
    )
    return f"| {' | '.join(cells)} |"


def _finding(found: Finding) -> str:
    return f"{found.rule.title}: {for_markdown(found.detail)}"


def _exceptions(report: Report) -> list[str]:
    lines = [
        f"- {for_markdown(each.key.name)} {for_markdown(each.key.id)}, {each.rule.title}: "
        f"{for_markdown(each.exemption.reason)} ({for_markdown(each.exemption.owner)}, until {each.exemption.expires})"
        for each in report.excused[:MOST_ROWS]
        if each.exemption
    ]
    lines += [f"- {for_markdown(each.key)}: fits nothing any more" for each in report.idle_exceptions]
    return ["", "## Exceptions", "", *lines] if lines else []
