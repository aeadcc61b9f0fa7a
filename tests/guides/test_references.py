# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A variable of a playbook that refers to one that is not there ends the run; it does not count as not said."""

from __future__ import annotations

import json

import pytest
import requests
from ansible_collections.cloudkeys.ibmcloud.tests.guides.desk import Desk

VARIABLES = [
    ("audit", "audit_api_keys_git"),
    ("doctor", "rotate_api_keys_slots"),
    ("doctor", "rotate_api_keys_overlap_hours"),
    ("history", "history_file"),
    ("import_keys", "rotate_api_keys_slots"),
    ("rekey", "rekey_git"),
    ("revoke_leaked", "rotate_api_keys_git"),
    ("whose", "whose_vault_files"),
]


@pytest.mark.parametrize(("playbook", "name"), VARIABLES)
def test_a_variable_that_refers_to_nothing_is_told(desk: Desk, playbook: str, name: str) -> None:
    answers = json.dumps({name: "{{ of_another_file }}"})

    shown = desk.run(f"! ansible-playbook cloudkeys.ibmcloud.{playbook} -e '{answers}' 2>&1")

    assert "'of_another_file' is undefined" in " ".join(shown.split())


@pytest.mark.parametrize("key", [None, " ", "{{ of_another_file }}"], ids=["none", "blank", "of another file"])
@pytest.mark.parametrize(
    "command",
    [
        "audit -e audit_accounts=ibm_accounts -e audit_api_keys_folder=.",
        "whose -e leak_accounts=ibm_accounts -e whose_ids=ApiKey-1",
        "revoke_leaked -e leak_accounts=ibm_accounts -e revoke_leaked_ids=ApiKey-1",
    ],
)
def test_an_account_without_its_key_is_not_asked_as_another_one(desk: Desk, command: str, key: str | None) -> None:
    """The environment has a key, of an account that is not meant."""
    other = requests.post(f"{desk.server.url}/__emulator__/accounts", json={}, timeout=10).json()
    hosts = {"acme-prod": {"account_api_key": str(other["api_key"])}, "acme-test": {"account_api_key": key}}
    if key is None:
        del hosts["acme-test"]["account_api_key"]
    desk.write("inventory", json.dumps({"ibm_accounts": {"hosts": hosts}}))

    shown = " ".join(desk.run(f"! ansible-playbook cloudkeys.ibmcloud.{command} -i inventory 2>&1").split())

    told = "'of_another_file' is undefined" if key and key.strip() else "acme-test of"
    assert told in shown
    report = desk.folder / "api-keys.json"
    if report.exists():
        assert [each["name"] for each in json.loads(report.read_text(encoding="utf-8"))["accounts"]] == ["acme-prod"]


@pytest.mark.parametrize("key", ["", " ", None], ids=["empty", "blank", "none"])
def test_the_example_of_many_accounts_does_not_rotate_with_the_key_of_another(desk: Desk, key: str | None) -> None:
    desk.take("many_accounts/rotate.yml", as_name="rotate.yml")
    slots = [{"name": "deploy", "file": "vault.yml", "key_name": "deploy"}]
    host = {"rotate_api_keys_slots": slots, **({} if key is None else {"account_api_key": key})}
    desk.write("inventory", json.dumps({"ibm_accounts": {"hosts": {"acme-prod": host}}}))

    shown = desk.run(
        "! ansible-playbook -i inventory rotate.yml --vault-id prod@prompt -e '{\"rotate_api_keys_git\": null}' 2>&1"
    )

    assert "account_api_key" in shown
    assert '"name": "deploy"' not in desk.ask("iam_api_key_info")
