# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A slot's file under another vault password, with which the rotation goes on; and a repository."""

from __future__ import annotations

import json
import time

from ansible_collections.cloudkeys.ibmcloud.tests.guides.desk import Desk
from ansible_collections.cloudkeys.ibmcloud.tests.guides.test_commands import record

REKEY = json.dumps({"rekey_paths": ["group_vars"], "rekey_from": ["old"], "rekey_to": "new", "rekey_label": "prod"})


def test_the_record_of_a_slot_moves_and_the_rotation_goes_on_with_the_new_password(desk: Desk) -> None:
    desk.make_slot()
    desk.rotate()
    before = record(desk)
    (desk.folder / "new-password").write_text("the new vault password", encoding="utf-8")

    desk.run(
        f"ansible-playbook cloudkeys.ibmcloud.rekey --vault-id old@password --vault-id new@new-password -e '{REKEY}'"
    )

    (desk.folder / "new-password").rename(desk.folder / "password")
    assert "changed=0 " in desk.rotate()
    assert record(desk)["current"]["id"] == before["current"]["id"]
    # IAM tells the time in whole seconds, and records round it up once more.
    time.sleep(3)
    desk.rotate("-e", "rotate_api_keys_rotate_if_older_than=$(date -u +%Y-%m-%dT%H:%M:%S+0000)")
    assert record(desk)["current"]["id"] != before["current"]["id"]


def test_the_values_of_a_repository_move_in_one_commit(desk: Desk) -> None:
    desk.put_databases_under_the_old_password()
    desk.run("git init --quiet --bare --initial-branch main vars.git && git clone --quiet vars.git work 2>&1")
    desk.run("mv group_vars work && cd work && git add . && git commit --quiet --message Begin")
    desk.run("cd work && git push --quiet origin HEAD:main && git log --format=%an -1")
    desk.take("rekey_in_git.yml", ("git@git.example.com:platform/vars.git", str(desk.folder / "vars.git")))
    play = "ansible-playbook rekey_in_git.yml --vault-id old@old-password --vault-id prod@new-password"

    desk.run(play)

    assert desk.run("git --git-dir vars.git log --format=%s main").splitlines() == [
        "Move to another vault password",
        "Begin",
    ]
    look = "git --git-dir vars.git show main:group_vars/prod/databases.yml > moved.yml && "
    shown = desk.run(
        f"{look} ansible localhost -m ansible.builtin.debug -a var=databases[0].password -e @moved.yml "
        "--vault-id prod@new-password"
    )
    assert "hunter2" in shown
    desk.run(play)
    assert desk.run("git --git-dir vars.git rev-list --count main").strip() == "2"
