# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The reports of all accounts in one folder; pure. What lies there is the report before this one."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.as_data import rules_data
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.shape import ACCOUNT, fits
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.trend import with_trend

SCHEMA_VERSION = 2
Data = dict[str, t.Any]


def document(account: Data, earlier: t.Sequence[Data] = (), expected: t.Sequence[str] = ()) -> Data:
    """All accounts of a folder with this one as it is now.

    `earlier` are those that lie there, with `expected` only the ones that it names; whom it names and nobody has
    audited yet is `missing`. Raises TaskRefused when the account lies there under another name.
    """
    kept = {each["name"]: each for each in earlier if not expected or each["name"] in expected}
    before = kept.pop(account["name"], None)
    _refuse_another(account, [*kept.values(), *([before] if before else [])])
    accounts = sorted([*kept.values(), with_trend(account, before)], key=lambda each: str(each["name"]))
    present = {each["name"] for each in accounts}
    return {
        "schema_version": SCHEMA_VERSION,
        "made_at": max(each["made_at"] for each in accounts),
        "missing": [name for name in expected if name not in present],
        "rules": rules_data(),
        "accounts": accounts,
    }


def read_accounts(text: str) -> list[Data]:
    """The accounts of a document that lies in a folder; raises ValueError when it is none of ours."""
    try:
        found = json.loads(text)
    except RecursionError:
        raise ValueError("no report of this form") from None
    if not isinstance(found, dict) or found.get("schema_version") != SCHEMA_VERSION:
        raise ValueError("no report of this form")
    accounts = found.get("accounts")
    if not isinstance(accounts, list) or not all(fits(each, ACCOUNT) for each in accounts):
        raise ValueError("no report of this form")
    return accounts


def to_json(found: Data) -> str:
    """As a text in which nothing is hidden: JSON escapes the rest of what a terminal obeys."""
    text = json.dumps(found, indent=1, ensure_ascii=True, sort_keys=False)
    return text.replace("\x7f", "\\u007f") + "\n"


def _refuse_another(account: Data, others: t.Sequence[Data]) -> None:
    for other in others:
        same_id, same_name = other["account_id"] == account["account_id"], other["name"] == account["name"]
        if same_id != same_name:
            raise TaskRefused(
                f"the report in this folder has the account {other['account_id']} as {other['name']}, and this is the "
                f"account {account['account_id']}, named {account['name']}: give each account one name (account_name), "
                "or use another folder. No report was written"
            )
