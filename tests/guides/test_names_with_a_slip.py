# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A variable that has a slip in its name is read by nobody, and no run is green without what it says."""

from __future__ import annotations

import json
import re

import pytest
from ansible_collections.cloudkeys.ibmcloud.tests.guides.desk import Desk
from ansible_collections.cloudkeys.ibmcloud.tests.guides.test_commands import record


@pytest.mark.parametrize("playbook", ["rotate", "plan"])
@pytest.mark.parametrize(
    "name",
    [
        "rollback_to_id",
        "roll_back_to_ids",
        "compromised_id",
        "leaked_ids",
        "verify_value",
        "rotate_older_than",
        "max_age_day",
        "overlap_hour",
        "expire_in_days",
        "stop_after_failure",
        "untill",
    ],
)
def test_an_order_that_nobody_reads_is_red(desk: Desk, playbook: str, name: str) -> None:
    desk.make_slot()
    answers = json.dumps({f"rotate_api_keys_{name}": ["ApiKey-x"], "rotate_api_keys_rollback_to_ids": []})

    shown = desk.run(
        f"! ansible-playbook cloudkeys.ibmcloud.{playbook} --vault-id prod@prompt -e @slots.yml -e '{answers}' 2>&1"
    )

    assert f"rotate_api_keys_{name}: no variable of the role is called like that" in " ".join(shown.split())


@pytest.mark.parametrize(
    "name",
    [
        "revoke_leaked_id",
        "revoke_leaked_value",
        "revoke_leaked_deleted",
        "revoke_leaked_files",
        "rotate_api_keys_compromised_id",
    ],
)
def test_a_leak_run_that_would_pass_over_an_answer_does_nothing(desk: Desk, name: str) -> None:
    desk.make_slot()
    desk.rotate()
    leaked = record(desk)["current"]["id"]
    answers = json.dumps({"revoke_leaked_ids": [leaked], name: "ApiKey-x"})

    shown = desk.run(
        f"! ansible-playbook cloudkeys.ibmcloud.revoke_leaked --vault-id prod@prompt -e @slots.yml -e '{answers}' 2>&1"
    )

    assert f"{name}: this playbook has no variable of that name" in " ".join(shown.split())
    assert '"disabled": false' in desk.ask("iam_api_key_info", f"id={leaked}")


@pytest.mark.parametrize(
    ("playbook", "name"),
    [
        ("rekey", "rekey_excludes"),
        ("import_keys", "import_keys_slot_file"),
        ("import_keys", "import_key_files"),
        ("whose", "whose_value_file"),
        ("whose", "leak_account"),
        ("history", "history_slots"),
        ("doctor", "doctor_try_to_create"),
        ("doctor", "rotate_api_keys_max_age_day"),
        ("audit", "audit_account"),
        ("audit", "audit_api_keys_fail_no"),
        ("audit", "audit_api_keys_folders"),
        ("revoke_leaked", "leaks_accounts"),
    ],
)
def test_a_playbook_that_would_pass_over_a_name_does_nothing(desk: Desk, playbook: str, name: str) -> None:
    desk.write("history.jsonl", "")
    said = json.dumps(
        {
            "rekey_paths": ["."],
            "rekey_to": "prod",
            "history_file": "history.jsonl",
            "import_keys_values": "x" * 44,
            "whose_ids": "ApiKey-x",
            "revoke_leaked_ids": "ApiKey-x",
            name: "x",
        }
    )
    before = len(desk.server.log())

    shown = desk.run(f"! ansible-playbook cloudkeys.ibmcloud.{playbook} --vault-id prod@prompt -e '{said}' 2>&1")

    assert re.search(f"{name}: (this playbook has|no) (no )?variable of ", " ".join(shown.split()))
    assert len(desk.server.log()) == before
