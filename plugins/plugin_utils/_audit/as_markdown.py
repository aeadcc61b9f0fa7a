# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A report as Markdown, short enough for the output of a job; pure."""

from __future__ import annotations

import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.as_csv import title_of
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.as_data import SLOTS_FILE, last_login
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.audit import remedy
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.controls import all_controls, control_states
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.rules import SEVERITIES, Rule
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.summary import (
    by_rule,
    counted,
    is_stale,
    made_at,
    not_checked,
    totals,
    trend_of,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._out.for_readers import for_markdown

MOST_ROWS = 50
# Of many accounts, whose task is shown.
MOST_TASKS = 5

Data = dict[str, t.Any]


def to_markdown(found: Data) -> str:
    """Counts, controls, what was found, what to do, and the worst keys of all accounts."""
    count = totals(found)
    lines = [
        f"# {_title(found)}, {made_at(found):%Y-%m-%d}",
        "",
        f"{count['keys']} keys: {count['high']} high, {count['medium']} medium, {count['low']} low findings, "
        f"{count['excused']} excused.",
        *_trend(found),
        *_not_checked(found),
        *_controls(found),
        *(line for rule, ids in by_rule(found) for line in _rule(found, rule, ids)),
        *_worst(found),
        *_exceptions(found),
    ]
    return "\n".join(lines) + "\n"


def _title(found: Data) -> str:
    accounts = found["accounts"]
    if len(accounts) != 1 or found["missing"]:
        return f"API keys of {len(accounts) + len(found['missing'])} accounts"
    name, account_id = accounts[0]["name"], accounts[0]["account_id"]
    called = "" if name == account_id else f" {for_markdown(name)},"
    return f"API keys of account{called} {for_markdown(account_id)}"


def _trend(found: Data) -> list[str]:
    trend = trend_of(found)
    if trend is None:
        return []
    missed = f", {trend['not_seen']} not looked at this time" if trend["not_seen"] else ""
    return [
        "",
        f"Since the report before: {trend['new']} new, {trend['mended']} mended, {trend['still_open']} still open, "
        f"{trend['long_open']} open for more than {trend['long_days']} days{missed}.",
    ]


def _not_checked(found: Data) -> list[str]:
    texts = not_checked(found)
    return ["", *(f"- Not checked: {for_markdown(text)}" for text in texts)] if texts else []


def _controls(found: Data) -> list[str]:
    controls = all_controls()
    heads = " | ".join(each.short for each in controls)
    rows = []
    for account in found["accounts"]:
        states = " | ".join(_state(each) for each in control_states(account))
        called = for_markdown(account["name"]) + (" (not audited with the others)" if is_stale(found, account) else "")
        rows.append(f"| {called} | {states} |")
    rows += [f"| {for_markdown(name)} |{' not audited |' * len(controls)}" for name in found["missing"]]
    return ["", "## Controls", "", f"| account | {heads} |", f"|---|{'---|' * len(controls)}", *rows]


def _state(control: Data) -> str:
    excused = f", {control['excused']} excused" if control["excused"] else ""
    return f"{control['state']}{excused}"


def _rule(found: Data, rule: Rule, ids: t.Mapping[str, t.Sequence[str]]) -> list[str]:
    controls = "; ".join(f"{each.source}, {each.number}" for each in rule.controls)
    lines = ["", f"## {rule.title}: {counted(ids)} ({rule.severity})", "", rule.advice]
    lines += ["", f"Control: {controls}."] if controls else []
    for account, text in tasks_of(found, rule, ids):
        lines += ["", *([f"In the account {for_markdown(account)}:", ""] if account else [])]
        lines += [f"    {line}" for line in text.split("\n")]
    left = len(ids) - MOST_TASKS
    return lines + (["", f"And in {left} more accounts."] if "@ids@" in (rule.task or "") and left > 0 else [])


def tasks_of(found: Data, rule: Rule, ids: t.Mapping[str, t.Sequence[str]]) -> list[tuple[str, str]]:
    """The task of a rule, for each account that has to do with it where it names keys: account (or empty), YAML."""
    if not rule.task:
        return []
    login_key_ids = {account["name"]: account["login_key_id"] for account in found["accounts"]}
    tasks = [
        (account, remedy(rule, key_ids, made_at(found), login_key_ids[account]))
        for account, key_ids in list(ids.items())[:MOST_TASKS]
    ]
    if len(ids) == 1 or "@ids@" not in rule.task:
        tasks = [("", tasks[0][1])]
    if all(account["slots"]["file"] == SLOTS_FILE for account in found["accounts"]):
        return tasks
    # Each account has a file of its own, and the name that one of them tells came from a file.
    return [(account, text.replace("@" + SLOTS_FILE, "@slots-ACCOUNT_ID.yml")) for account, text in tasks]


def _worst(found: Data) -> list[str]:
    rows = [(account["name"], key) for account in found["accounts"] for key in account["keys"] if key["severity"]]
    rows.sort(key=lambda row: (SEVERITIES.index(row[1]["severity"]), -row[1]["age_days"]))
    if not rows:
        return ["", "Nothing was found."]
    left = len(rows) - MOST_ROWS
    return [
        "",
        "## Keys",
        "",
        "| severity | key | owner | age | last log-in | findings |",
        "|---|---|---|---|---|---|",
        *(
            _row(key, "" if len(found["accounts"]) == 1 else f" ({for_markdown(name)})")
            for name, key in rows[:MOST_ROWS]
        ),
        *(["", f"And {left} more: see the other formats."] if left > 0 else []),
    ]


def _row(key: Data, account: str) -> str:
    cells = (
        str(key["severity"]),
        f"{for_markdown(key['name'])} {for_markdown(key['id'])}",
        for_markdown(key["owner_name"] or key["owner_id"]) + account,
        f"{key['age_days']} d",
        last_login(key),
        "; ".join(_finding(each) for each in key["findings"] if not each["exception"]),
    )
    return f"| {' | '.join(cells)} |"


def _finding(found: Data) -> str:
    return f"{for_markdown(title_of(found['rule']))}: {for_markdown(found['detail'])}"


def _exceptions(found: Data) -> list[str]:
    excused = [
        (key, each, each["exception"])
        for account in found["accounts"]
        for key in account["keys"]
        for each in key["findings"]
        if each["exception"]
    ]
    lines = [
        f"- {for_markdown(key['name'])} {for_markdown(key['id'])}, {for_markdown(title_of(each['rule']))}: "
        f"{for_markdown(excuse['reason'])} ({for_markdown(excuse['owner'])}, until {excuse['expires']})"
        for key, each, excuse in excused[:MOST_ROWS]
    ]
    idle = [each for account in found["accounts"] for each in account["idle_exceptions"]]
    lines += [f"- {for_markdown(each['key'])}: fits nothing any more" for each in idle]
    return ["", "## Exceptions", "", *lines] if lines else []
