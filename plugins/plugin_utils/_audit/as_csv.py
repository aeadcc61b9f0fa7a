# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A report as CSV: one line a key, of all accounts; pure."""

from __future__ import annotations

import csv
import io
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.as_data import last_login
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.rules import RULE_BY_NAME
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._out.for_readers import for_csv

CSV_HEADER = (
    "account", "severity", "id", "name", "owner", "owner_name", "age_days", "last_login", "expires_at", "locked",
    "disabled", "findings", "excused",
)  # fmt: skip

Data = dict[str, t.Any]


def to_csv(found: Data) -> str:
    """One line a key, account by account, in the order of each report."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(CSV_HEADER)
    for account in found["accounts"]:
        for key in account["keys"]:
            writer.writerow([for_csv(cell) for cell in (account["name"], *_cells(key))])
    return out.getvalue()


def title_of(rule_name: str) -> str:
    """What people call a finding."""
    return RULE_BY_NAME[rule_name].title


def _cells(key: Data) -> list[str]:
    return [
        key["severity"] or "",
        key["id"],
        key["name"],
        key["owner_id"],
        key["owner_name"] or "",
        str(key["age_days"]),
        last_login(key),
        key["expires_at"] or "",
        "yes" if key["locked"] else "no",
        "yes" if key["disabled"] else "no",
        "; ".join(f"{title_of(each['rule'])}: {each['detail']}" for each in key["findings"] if not each["exception"]),
        "; ".join(
            f"{title_of(each['rule'])}: {each['exception']['reason']}" for each in key["findings"] if each["exception"]
        ),
    ]
