# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The playbook for leaked keys, with answers that name none, and with the key of a slot that it was not given."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.cloudkeys.ibmcloud.tests.guides.desk import Desk
from ansible_collections.cloudkeys.ibmcloud.tests.guides.test_commands import record

REVOKE = "ansible-playbook cloudkeys.ibmcloud.revoke_leaked --vault-id prod@prompt"


@pytest.mark.parametrize(
    "answers",
    [
        {},
        {"revoke_leaked_ids": ""},
        {"revoke_leaked_ids": None, "revoke_leaked_values": ["", " "]},
        {"rotate_api_keys_compromised_values_file": " "},
    ],
    ids=str,
)
def test_a_run_that_names_no_leaked_key_fails(desk: Desk, answers: dict[str, t.Any]) -> None:
    desk.make_slot()

    shown = desk.run(f"! {REVOKE} -e @slots.yml -e '{json.dumps(answers)}'")

    assert "nothing was said to be leaked" in shown
    assert not list((desk.folder / "group_vars/all").iterdir())


def test_the_key_of_a_slot_of_others_is_disabled_and_named(desk: Desk) -> None:
    desk.make_slot()
    desk.rotate()
    leaked = record(desk)["current"]["id"]
    answers = json.dumps({"rotate_api_keys_slots": [], "revoke_leaked_ids": [leaked, ""]})

    shown = " ".join(desk.run(f"{REVOKE} -e '{answers}'").split())

    assert f"DEAD: entry 1 of `ids`: {leaked} (deploy) of ci-deploy in account " in shown
    assert "disabled: it belongs to a slot that was not among these, [cloudkeys " in shown
    assert '"disabled": true' in desk.ask("iam_api_key_info", f"id={leaked}")

    desk.run(f"{REVOKE} -e @slots.yml -e '{json.dumps({'revoke_leaked_ids': [leaked]})}'")
    assert record(desk)["current"]["id"] != leaked


@pytest.mark.parametrize(
    "name", ["rotate_api_keys_slots", "rotate_api_keys_git", "revoke_leaked_values", "revoke_leaked_folder"]
)
def test_a_variable_that_refers_to_nothing_is_not_taken_for_none(desk: Desk, name: str) -> None:
    """The key of a slot would be disabled, a value not looked for, or the record gone with the folder of the job."""
    desk.make_slot()
    desk.rotate()
    leaked = record(desk)["current"]["id"]
    answers = json.dumps({"revoke_leaked_ids": [leaked], name: "{{ of_another_file }}"})

    shown = desk.run(f"! {REVOKE} -e @slots.yml -e '{answers}' 2>&1")

    assert "'of_another_file' is undefined" in " ".join(shown.split())
    assert '"disabled": false' in desk.ask("iam_api_key_info", f"id={leaked}")
