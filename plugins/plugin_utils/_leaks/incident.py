# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The record of a leak run, for those who ask in the morning: who did what when, and nothing secret. Pure."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._leaks.items import nothing_found
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._leaks.merged import Entry
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._out.for_readers import for_markdown

KEPT = (
    *("place", "given_as", "id", "name", "iam_id", "owner", "account_id", "rotation_marker", "last_used_at", "slot"),
    *("verdict", "how", "command", "tokens_end_at"),
)


def as_json(started_at: str, ended_at: str, accounts: t.Sequence[Entry], told: Entry) -> str:
    """The record for machines."""
    record = {
        "started_at": started_at,
        "ended_at": ended_at,
        "run_by": [_who(account) for account in accounts],
        "verdicts": [{name: entry.get(name) for name in KEPT} for entry in told["verdicts"]],
        "problems": told["problems"],
        "nothing_found_in": told["nothing_in"],
        "transaction_ids": [each for account in accounts for each in account.get("transaction_ids") or []],
    }
    return json.dumps(record, indent=2) + "\n"


def _who(account: Entry) -> Entry:
    caller = account.get("caller") or {}
    names = {name: caller.get(name) for name in ("iam_id", "name", "email")}
    return {
        "host": account["name"],
        "account_id": account.get("account_id"),
        **names,
        "problem": account.get("problem"),
    }


def as_markdown(started_at: str, ended_at: str, accounts: t.Sequence[Entry], told: Entry) -> str:
    """The record for people; names come from the cloud, so nothing in them is markup."""
    lines = [
        "# Leaked API keys",
        "",
        f"From {for_markdown(started_at)} to {for_markdown(ended_at)}, by IBM Cloud's clock.",
        "",
    ]
    for account in map(_who, accounts):
        who = account["name"] or account["email"] or account["iam_id"] or "nobody"
        asked = (
            f"could not be asked: {for_markdown(account['problem'])}"
            if account["problem"]
            else f"run by {for_markdown(who)}"
        )
        lines.append(
            f"- {for_markdown(account['host'])}, account {for_markdown(account['account_id'] or 'unknown')}: {asked}"
        )
    lines += [
        "",
        "| verdict | given | key | owner | account | how | last token ends |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [_row(entry) for entry in told["verdicts"]]
    lines += ["", f"Not done: {for_markdown('; '.join(told['problems']))}"] if told["problems"] else []
    lines += ["", *nothing_found(told["nothing_in"])] if told["nothing_in"] else []
    references = [each for account in accounts for each in account.get("transaction_ids") or []]
    lines += ["", f"IBM Cloud's references of the changes: {for_markdown(', '.join(references)) or 'none'}", ""]
    return "\n".join(lines)


def _row(entry: Entry) -> str:
    owner = entry.get("owner") or {}
    name = f" ({entry['name']})" if entry["name"] else ""
    key = f"{entry['id'] or 'not known'}{name}"
    cells = (
        *(key, owner.get("name") or owner.get("email") or entry["iam_id"]),
        *(entry["account_id"], entry["how"], entry["tokens_end_at"]),
    )
    # Where it was given is told in our own words.
    return (
        "| " + " | ".join([entry["verdict"], entry["place"], *(for_markdown(str(cell or "")) for cell in cells)]) + " |"
    )
