# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What leaves the work of a playbook out, on the command line or in the settings of a machine, leaves no run green."""

from __future__ import annotations

import json

import pytest
from ansible_collections.cloudkeys.ibmcloud.tests.guides.desk import Desk

HERE = ["rotate", "plan", "doctor", "import_keys", "rekey", "history"]
SAID = json.dumps(
    {"import_keys_values": "x" * 44, "rekey_paths": ["nowhere"], "rekey_to": "prod", "history_file": "nowhere.jsonl"}
)


@pytest.mark.parametrize("playbook", [*HERE, "audit"])
def test_tags_for_other_playbooks_leave_nothing_out(desk: Desk, playbook: str) -> None:
    desk.write("slots.yml", json.dumps({"rotate_api_keys_slots": [{"name": "x", "file": "nowhere/x.yml"}]}))
    desk.server.steer("clock", {"advance_seconds": 120 * 24 * 3600})

    command = f"ansible-playbook cloudkeys.ibmcloud.{playbook} --vault-id prod@prompt -e @slots.yml -e '{SAID}'"
    shown = desk.run(f"! ANSIBLE_RUN_TAGS=deploy {command} 2>&1")

    assert "failed=1" in shown


def test_tags_for_other_playbooks_leave_no_task_of_the_user_out(desk: Desk) -> None:
    desk.make_slot()
    desk.write("probe.yml", "- ansible.builtin.debug:\n    msg: the probe of the user\n")

    shown = desk.rotate("--tags", "deploy", "-e", f"rotate_api_keys_probe_tasks={desk.folder}/probe.yml")

    assert "the probe of the user" in shown
    assert "publish (generation 1" in shown


@pytest.mark.parametrize(
    ("playbook", "name"), [("audit", "audit_accounts"), ("whose", "leak_accounts"), ("revoke_leaked", "leak_accounts")]
)
def test_accounts_that_refer_to_nothing_are_not_this_machine(desk: Desk, playbook: str, name: str) -> None:
    said = json.dumps(
        {name: "{{ a_group_that_nobody_gave }}", "whose_ids": ["ApiKey-x"], "revoke_leaked_ids": ["ApiKey-x"]}
    )

    shown = desk.run(f"! ansible-playbook cloudkeys.ibmcloud.{playbook} -e '{said}' 2>&1")

    assert "a_group_that_nobody_gave" in shown
    assert "TASK" not in shown


@pytest.mark.parametrize("playbook", HERE)
def test_a_limit_that_leaves_this_machine_out_is_red(desk: Desk, playbook: str) -> None:
    desk.write("hosts", "web\nlocalhost\n")
    desk.write("others", "web\n")
    command = f"ansible-playbook cloudkeys.ibmcloud.{playbook} -i hosts --limit"

    for limit in ("web", "@others", "all:!localhost"):
        assert "leaves out localhost" in desk.run(f"! {command} '{limit}' 2>&1")


def test_a_limit_with_this_machine_runs(desk: Desk) -> None:
    desk.write("history.jsonl", "")
    desk.write("hosts", "web\nlocalhost\n")
    desk.write("some", "web\nlocalhost\n")

    for limit in ("all", "web,localhost", "@some"):
        shown = desk.run(
            f"ansible-playbook cloudkeys.ibmcloud.history -i hosts --limit {limit} --skip-tags other,all"
            " -e history_file=history.jsonl"
        )
        assert "nothing that was asked for is in the history" in shown


@pytest.mark.parametrize(
    ("playbook", "task"),
    [
        ("doctor", "Show the answers"),
        ("doctor", "Fail when there is something to do"),
        ("audit", "Fail when something bad was found"),
        ("import_keys", "Show the slots, which no file has yet"),
        ("import_keys", "Fail when something was not imported"),
        ("whose", "Fail when no account could be asked"),
        ("revoke_leaked", "Fail unless every leaked key is dead"),
        ("rotate", "Fail when a slot needs a person"),
    ],
)
def test_to_start_behind_the_work_is_red(desk: Desk, playbook: str, task: str) -> None:
    shown = desk.run(f"! ansible-playbook cloudkeys.ibmcloud.{playbook} --start-at-task '{task}' 2>&1")

    assert "--start-at-task has passed over" in " ".join(shown.split())


@pytest.mark.parametrize("tag", ["always", "other,tagged"])
@pytest.mark.parametrize("playbook", [*HERE, "audit", "whose", "revoke_leaked"])
def test_to_skip_the_tags_of_all_tasks_is_red(desk: Desk, playbook: str, tag: str) -> None:
    shown = desk.run(f"! ANSIBLE_SKIP_TAGS={tag} ansible-playbook cloudkeys.ibmcloud.{playbook} 2>&1")

    assert "leaves out all that this playbook does" in " ".join(shown.split())


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({}, "no history was named"),
        ({"history_file": ""}, "no history was named"),
        (
            {"history_file": "h", "history_since": "2026-02-01", "history_until": "2026-01-01"},
            "since is not before until",
        ),
    ],
)
def test_a_history_that_nobody_can_tell_is_red(desk: Desk, said: dict[str, str], told: str) -> None:
    desk.write("h", "")

    assert told in desk.run(f"! ansible-playbook cloudkeys.ibmcloud.history -e '{json.dumps(said)}' 2>&1")


def test_a_question_about_nothing_is_red_and_says_so(desk: Desk) -> None:
    shown = desk.run("! ansible-playbook cloudkeys.ibmcloud.whose 2>&1")

    assert "localhost could not be asked: no id and no value was given" in " ".join(shown.split())
