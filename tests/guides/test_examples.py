# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every playbook and every file of data in docs/examples is run, and does what it says."""

from __future__ import annotations

import json
import re
import shutil

import requests
import yaml
from ansible_collections.cloudkeys.ibmcloud.tests.guides.desk import EXAMPLES, Desk

ID_IN_EXAMPLES = "ApiKey-3f0c1d2e-4b5a-6978-8a9b-0c1d2e3f4a5b"


def titles() -> list[str]:
    (play,) = yaml.safe_load((EXAMPLES / "from_the_cli.yml").read_text(encoding="utf-8"))
    return [task["name"] for task in play["tasks"]]


def test_every_command_of_the_table_runs_and_changes_what_it_says(desk: Desk) -> None:
    desk.take("from_the_cli.yml")
    shown = desk.play("from_the_cli.yml")
    told = dict(re.findall(r"^TASK \[(.+)\] \**\n(?:API key .*\n)?(ok|changed): \[localhost\]", shown, re.MULTILINE))

    assert list(told) == titles()
    reads = ("Log in", "List", "Show", "Count", "Find")
    assert [name for name, how in told.items() if (how == "ok") != name.startswith(reads)] == []


def test_many_keys_are_made_once(desk: Desk) -> None:
    desk.take("many_keys.yml")

    assert "changed=2 " in desk.play("many_keys.yml")
    assert sorted(path.name for path in desk.folder.glob("*.json")) == ["deploy.json", "rollback.json", "test.json"]
    assert "changed=0 " in desk.play("many_keys.yml")


def test_a_playbook_of_one_s_own_rotates_with_probe_and_hand_over(desk: Desk) -> None:
    desk.make_slot()
    desk.ask("iam_service_id", "name=backup")
    desk.write(".ibmcloud/operator.json", json.dumps({"apikey": desk.server.api_key}))
    desk.take("rotate.yml")
    desk.take("probe.yml")
    desk.take("hand_over.yml", ("/run/", f"{desk.folder}/run-"))
    tasks = {"probe_tasks": "probe.yml", "handover_tasks": "hand_over.yml"}
    options = {f"rotate_api_keys_{name}": str(desk.folder / file) for name, file in tasks.items()}

    shown = desk.play("rotate.yml", "-e", f"'{json.dumps(options)}'")

    assert "deploy_api_key: note_hand_over" in shown
    for slot in ("deploy_api_key", "backup_api_key"):
        assert desk.server.logs_in((desk.folder / f"run-{slot}").read_text(encoding="utf-8").strip())


def test_a_key_of_terraform_is_replaced_and_is_on_its_way_out(desk: Desk) -> None:
    desk.make_slot()
    desk.ask("iam_api_key", "service_id=ci-deploy name=deploy file=terraform.json")
    made = json.loads((desk.folder / "terraform.json").read_text(encoding="utf-8"))
    desk.take("from_terraform.yml", (ID_IN_EXAMPLES, made["id"]), as_name="slots.yml")

    shown = desk.rotate()

    assert f"the key before, {made['id']}, still works" in shown
    assert desk.server.logs_in(made["apikey"])


def test_the_plan_of_a_rotation_is_in_the_page_of_the_audit(desk: Desk) -> None:
    desk.make_slot()
    desk.take("plan.yml")
    (desk.folder / "reports").mkdir()

    desk.play("plan.yml", "-e", "@slots.yml", "-e audit_api_keys_fail_on=none")

    page = (desk.folder / "reports/api-keys.html").read_text(encoding="utf-8")
    assert "What the rotation of" in page
    assert "Keys made from" in page


def test_what_a_rotation_told_is_in_the_page_of_the_audit_and_a_broken_line_stops_it(desk: Desk) -> None:
    desk.make_slot()
    desk.play(
        "cloudkeys.ibmcloud.rotate",
        "-e",
        "@slots.yml",
        """-e '{"rotate_api_keys_history": {"file": "history.jsonl"}}'""",
    )
    (desk.folder / "reports").mkdir()
    options = (
        "-e audit_api_keys_folder=reports -e audit_api_keys_fail_on=none -e audit_api_keys_history_files=history.jsonl"
    )

    desk.play("cloudkeys.ibmcloud.audit", options)

    (account,) = json.loads((desk.folder / "reports/api-keys.json").read_text(encoding="utf-8"))["accounts"]
    assert account["history"]["count"] == 2
    assert [(each["what"], each["slot"]) for each in account["history"]["events"]] == [
        ("published", "deploy_api_key"),
        ("made", "deploy_api_key"),
    ]
    page = (desk.folder / "reports/api-keys.html").read_bytes()
    assert b"2 events in the history" in page
    with (desk.folder / "history.jsonl").open("a", encoding="utf-8") as history:
        history.write("<<<<<<< hunter2\n")
    shown = desk.run(f"! ansible-playbook cloudkeys.ibmcloud.audit {options} -vvvv 2>&1")
    assert "line 3 of " in shown
    assert "hunter2" not in shown
    assert (desk.folder / "reports/api-keys.html").read_bytes() == page


def test_an_exception_is_taken_by_the_audit(desk: Desk) -> None:
    desk.take("exceptions.yml")
    desk.server.make_key("legacy-deploy", "k" * 44)
    desk.server.steer("clock", {"advance_seconds": 91 * 24 * 3600})

    shown = desk.play(
        "cloudkeys.ibmcloud.audit",
        "-e audit_api_keys_exceptions_file=exceptions.yml -e audit_api_keys_fail_on=none",
        "-e audit_api_keys_folder=.",
    )

    (account,) = json.loads((desk.folder / "api-keys.json").read_text(encoding="utf-8"))["accounts"]
    (legacy,) = [key for key in account["keys"] if key["name"] == "legacy-deploy"]
    assert "failed=0" in shown
    assert "team A" in json.dumps(legacy)


def test_the_vault_file_is_changed_in_one_write_and_then_by_what_was_read(desk: Desk) -> None:
    desk.take("vault_file.yml")
    file = desk.write("group_vars/prod/vault.yml", "---\nkeys:\n  ci:\n    region: eu-de\nold_api_key: gone soon\n")
    desk.write("new_keys.yml", "new_key: the new key\nci_key: the key of ci\n")

    assert "changed=1 " in desk.play("vault_file.yml", "-e @new_keys.yml")
    text = file.read_text(encoding="utf-8")
    assert (text.count("$ANSIBLE_VAULT"), "old_api_key" in text) == (2, False)
    assert "changed=0 " in desk.play("vault_file.yml", "-e @new_keys.yml")


def test_an_entry_of_a_list_is_set_and_the_rest_is_told_as_under_the_old_password(desk: Desk) -> None:
    desk.take("vault_places.yml")
    file = desk.put_databases_under_the_old_password()
    desk.write("new_password.yml", "new_password: hunter3\n")
    secrets = "--vault-id old@old-password --vault-id prod@new-password"
    play = f"ansible-playbook vault_places.yml {secrets} -e @new_password.yml"

    shown = desk.run(play)

    assert "databases / 1 / password" in shown
    assert "databases / 0 / password" not in shown
    assert file.read_text(encoding="utf-8").count("$ANSIBLE_VAULT;1.2;AES256;prod") == 2
    assert "changed=0 " in desk.run(play)


def test_two_accounts_are_rotated_side_by_side(desk: Desk) -> None:
    shutil.copytree(EXAMPLES / "many_accounts", desk.folder, dirs_exist_ok=True)
    other = requests.post(f"{desk.server.url}/__emulator__/accounts", json={}, timeout=10).json()
    for host, api_key in (("acme-prod", desk.server.api_key), ("acme-test", other["api_key"])):
        desk.write(f"inventory/host_vars/{host}/vault.yml", f"account_api_key: {api_key}\n")
        desk.run(f"IBMCLOUD_API_KEY={api_key} ansible localhost -m cloudkeys.ibmcloud.iam_service_id -a name=ci-deploy")
    desk.run("git init --quiet --bare --initial-branch main keys.git && git clone --quiet keys.git work 2>&1")
    desk.run("cd work && git commit --quiet --allow-empty --message Begin && git push --quiet origin HEAD:main")
    branch = json.dumps({"rotate_api_keys_git": {"repository": str(desk.folder / "keys.git"), "branch": "main"}})

    shown = desk.play("rotate.yml", "-i inventory", "-e", f"'{branch}'")

    assert shown.count("deploy_api_key: publish") == 2
    listed = desk.run("git --git-dir keys.git ls-tree -r --name-only main")
    assert listed.split() == ["accounts/acme-prod.yml", "accounts/acme-test.yml"]
