# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Fills the local emulator with the keys of a team that has been busy for a year, and audits them.

python tests/demo/report.py FOLDER
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import NewKey, draw_key_value
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient, open_client
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import format_time
from run import LOGIN_VARIABLES, QUIET, emulator, post

DAY_SECONDS = 24 * 3600
TODAY = 400
# Day, owner, name, and what else there is to say of it; days count from a year and a month ago.
KEYS: list[tuple[int, str, str, dict[str, t.Any]]] = [
    (0, "billing", "export", {"description": "monthly export", "is_used": True}),
    (20, "backup", "nightly", {"locked": True}),
    (35, "backup", "restore-test", {}),
    (120, "ci-deploy", "legacy-import", {"is_used": True}),
    (190, "monitoring", "probe", {"is_used": True}),
    (262, "ci-deploy", "deploy", {"description": "[cloudkeys 3f9a2c7d/4]", "is_used": True}),
    (280, "monitoring", "grafana", {"is_used": True, "expires_after_days": 130}),
    (315, "ci-deploy", "pull", {"is_used": True, "locked": True}),
    (322, "billing", "export", {"is_used": True}),
    (330, "ci-deploy", "push", {"is_used": True, "locked": True}),
    (345, "monitoring", "alerts", {"is_used": True, "expires_after_days": 90}),
    (360, "backup", "weekly", {"is_used": True, "locked": True}),
    (371, "ci-deploy", "sign", {"description": "[cloudkeys 9b0c1d2e/2]", "is_used": True, "locked": True}),
    (383, "ci-deploy", "cache", {"is_used": True}),
    (396, "ci-deploy", "deploy (next)", {"description": "[cloudkeys 3f9a2c7d/5]"}),
]
EXCEPTIONS = """\
- key: nightly
  owner: the backup team
  reason: the appliance is replaced in spring
  expires: "2099-12-31"
"""


def main(folder: str) -> int:
    target = Path(folder).resolve()
    target.mkdir(parents=True, exist_ok=True)
    (target / "exceptions.yml").write_text(EXCEPTIONS, encoding="utf-8")
    with emulator() as ready:
        fill(ready)
        login = {"IBMCLOUD_API_KEY": ready["api_key"], "IBMCLOUD_IAM_API_ENDPOINT": ready["url"]}
        environ = {name: value for name, value in os.environ.items() if name not in LOGIN_VARIABLES}
        chosen = {
            "audit_api_keys_folder": str(target),
            "audit_api_keys_exceptions_file": str(target / "exceptions.yml"),
            "audit_api_keys_account_owner_ids": [ready["iam_id"]],
            "audit_api_keys_fail_on": "none",
        }
        command = ["ansible-playbook", "cloudkeys.ibmcloud.audit", "-e", json.dumps(chosen)]
        done = subprocess.run(command, env={**environ, **QUIET, **login}, check=False, stdin=subprocess.DEVNULL)
    print(f"\nThe report: {target / 'api-keys.html'}")
    return done.returncode


def fill(ready: dict[str, str]) -> None:
    """Make the keys, day by day, and use those that are in use."""
    owners: dict[str, str] = {}
    used: list[str] = []
    today = 0
    for day, owner, name, words in KEYS:
        post(ready["url"], "clock", {"advance_seconds": (day - today) * DAY_SECONDS})
        today = day
        client = open_client({"api_key": ready["api_key"], "iam_endpoint": ready["url"]}, {}, lambda secret: None)
        if owner not in owners:
            owners[owner] = client.service_ids.create(owner, ready["account_id"], description=None).iam_id
        value = make(client, owners[owner], name, words)
        used += [value] if words.get("is_used") else []
    post(ready["url"], "clock", {"advance_seconds": (TODAY - today) * DAY_SECONDS})
    client = open_client({"api_key": ready["api_key"], "iam_endpoint": ready["url"]}, {}, lambda secret: None)
    for value in used:
        client.log_in_with(value)


def make(client: IamClient, iam_id: str, name: str, words: dict[str, t.Any]) -> str:
    """One key; its value is returned."""
    value, days = draw_key_value(), words.get("expires_after_days")
    expires_at = format_time(client.now() + timedelta(days=days)) if days else None
    new = NewKey(name, iam_id, client.caller().account_id, value, words.get("description"), words.get("locked", False))
    client.api_keys.create(replace(new, expires_at=expires_at))
    return value


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
