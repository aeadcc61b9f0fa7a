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
from datetime import datetime, timedelta
from pathlib import Path

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import NewKey, draw_key_value
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient, open_client
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import format_time
from stage import LOGIN_VARIABLES, QUIET, emulator, post

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
# What a rotation of the two marked slots would have told: day, slot, its id, generation, what, why.
EVENTS = [
    (262, "deploy", "3f9a2c7d", 4, "published", "generation 4 exists: prove it and publish it"),
    (265, "deploy", "3f9a2c7d", 3, "disabled", "its overlap is over"),
    (272, "deploy", "3f9a2c7d", 3, "deleted", "its soak is over"),
    (282, "sign", "9b0c1d2e", 1, "adopted", "the variable has its value"),
    (371, "sign", "9b0c1d2e", 2, "published", "generation 2 exists: prove it and publish it"),
    (371, "sign", "9b0c1d2e", 2, "handed_over", ""),
    (374, "sign", "9b0c1d2e", 1, "disabled", "its overlap is over"),
    (381, "sign", "9b0c1d2e", 1, "deleted", "its soak is over"),
    (396, "deploy", "3f9a2c7d", 5, "made", "the key is older than 90 days"),
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
    # Each sample is another account; the one before would stand beside it.
    (target / "api-keys.json").unlink(missing_ok=True)
    (target / "exceptions.yml").write_text(EXCEPTIONS, encoding="utf-8")
    with emulator() as ready:
        lines = [json.dumps(line) for line in fill(ready)]
        (target / "history.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        login = {"IBMCLOUD_API_KEY": ready["api_key"], "IBMCLOUD_IAM_API_ENDPOINT": ready["url"]}
        environ = {name: value for name, value in os.environ.items() if name not in LOGIN_VARIABLES}
        chosen = {
            "audit_api_keys_folder": str(target),
            "audit_api_keys_exceptions_file": str(target / "exceptions.yml"),
            "audit_api_keys_history_files": [str(target / "history.jsonl")],
            "audit_api_keys_account_owner_ids": [ready["iam_id"]],
            "audit_api_keys_fail_on": "none",
        }
        command = ["ansible-playbook", "cloudkeys.ibmcloud.audit", "-e", json.dumps(chosen)]
        done = subprocess.run(command, env={**environ, **QUIET, **login}, check=False, stdin=subprocess.DEVNULL)
    print(f"\nThe report: {target / 'api-keys.html'}")
    return done.returncode


def fill(ready: dict[str, str]) -> list[dict[str, t.Any]]:
    """Make the keys, day by day, and use those that are in use; what a rotation would have told of them."""
    owners: dict[str, str] = {}
    ids: dict[str, str] = {}
    used: list[str] = []
    today = 0
    for day, owner, name, words in KEYS:
        post(ready["url"], "clock", {"advance_seconds": (day - today) * DAY_SECONDS})
        today = day
        client = open_client({"api_key": ready["api_key"], "iam_endpoint": ready["url"]}, {}, lambda secret: None)
        if owner not in owners:
            owners[owner] = client.service_ids.create(owner, ready["account_id"], description=None).iam_id
        key_id, value = make(client, owners[owner], name, words)
        ids[words.get("description", name)] = key_id
        used += [value] if words.get("is_used") else []
    post(ready["url"], "clock", {"advance_seconds": (TODAY - today) * DAY_SECONDS})
    client = open_client({"api_key": ready["api_key"], "iam_endpoint": ready["url"]}, {}, lambda secret: None)
    for value in used:
        client.log_in_with(value)
    return [told(event, client.now(), ready["account_id"], ids) for event in EVENTS]


def make(client: IamClient, iam_id: str, name: str, words: dict[str, t.Any]) -> tuple[str, str]:
    """One key; its id and value are returned."""
    value, days = draw_key_value(), words.get("expires_after_days")
    expires_at = format_time(client.now() + timedelta(days=days)) if days else None
    new = NewKey(name, iam_id, client.caller().account_id, value, words.get("description"), words.get("locked", False))
    return client.api_keys.create(replace(new, expires_at=expires_at)).id, value


def told(event: tuple[t.Any, ...], now: datetime, account_id: str, ids: dict[str, str]) -> dict[str, t.Any]:
    """The line of a history; a key that is gone by now has an id that is made up."""
    day, slot, slot_id, generation, what, why = event
    old, new = (
        ids.get(f"[cloudkeys {slot_id}/{each}]", f"ApiKey-{slot_id}-4b5a-6978-8a9b-0c1d2e3f4a{each:02}")
        for each in (generation - 1, generation)
    )
    return {
        "id": f"{slot_id}/{generation}/{what}/{day}",
        "what": what,
        "at": f"{now - timedelta(days=TODAY - day):%Y-%m-%dT%H:%M:%S+0000}",
        "slot": slot,
        "variable": f"{slot}_api_key",
        "slot_id": slot_id,
        "generation": generation,
        "account_id": account_id,
        "key_id": new,
        "by": "awx",
        "job": str(day),
        **({"why": why} if why else {}),
        **({"old_id": old} if what == "published" else {}),
    }


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
