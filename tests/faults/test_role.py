# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The role as people use it: with answers left blank, twice in a play, and started in its middle."""

from __future__ import annotations

import json
import re
import typing as t

import pytest
import yaml
from ansible_collections.cloudkeys.ibmcloud.tests.faults.iam_server import ROOT
from ansible_collections.cloudkeys.ibmcloud.tests.faults.slots import VARIABLE, SlotScene

SPEC = ROOT / "roles/rotate_api_keys/meta/argument_specs.yml"
BLANKS = pytest.mark.parametrize("blank", ["", "  ", None], ids=["empty", "blanks", "null"])
# What the refusal of each says; all others count as not set.
REFUSED = {
    "slots": "must not be blank|argument 'rotate_api_keys_slots'|Elements value for option 'rotate_api_keys_slots'",
    "until": "must not be blank|value of rotate_api_keys_until must be one of",
    "only_leaked": "must not be blank",
    "git": "must not be blank|argument 'rotate_api_keys_git' is of type",
}


def variables_of_the_role() -> set[str]:
    options = yaml.safe_load(SPEC.read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]
    return {name.removeprefix("rotate_api_keys_") for name in options}


def on_one_line(output: str) -> str:
    return " ".join(output.split())


@BLANKS
def test_what_is_blank_is_not_set(scene: SlotScene, blank: str | None) -> None:
    unset = dict.fromkeys(variables_of_the_role() - REFUSED.keys(), blank)

    run = scene.workplace.start_rotation([scene.wish()], **unset)
    assert run.wait() == 0, run.output

    assert f"{VARIABLE}: idle" in run.output
    assert "skipping: [localhost]" in run.output
    scene.check_finished()


@BLANKS
@pytest.mark.parametrize("name", REFUSED)
def test_what_would_widen_a_run_is_refused_when_it_is_blank(scene: SlotScene, name: str, blank: str | None) -> None:
    asked = {"slots": [scene.wish()], name: blank}

    run = scene.workplace.start_rotation(asked.pop("slots"), **asked)

    assert run.wait() != 0
    assert re.search(REFUSED[name], on_one_line(run.output)), run.output
    assert scene.keys() == []


@BLANKS
@pytest.mark.parametrize("member", ["name", "file", "iam_id"])
def test_a_slot_that_is_blank_where_it_must_not_be_is_refused(scene: SlotScene, member: str, blank: str | None) -> None:
    run = scene.workplace.start_rotation([{**scene.wish(), member: blank}])

    assert run.wait() != 0
    told = on_one_line(run.output)
    assert f"`slots[0].{member}` must not be blank" in told
    assert scene.keys() == []


TWICE = """\
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.include_role:
        name: cloudkeys.ibmcloud.rotate_api_keys
      vars:
        rotate_api_keys_slots: "{{ [told[0]] }}"
    - ansible.builtin.include_role:
        name: cloudkeys.ibmcloud.rotate_api_keys
      vars:
        rotate_api_keys_slots: "{{ [told[1]] }}"
    # A slot that is named again counts once.
    - ansible.builtin.include_role:
        name: cloudkeys.ibmcloud.rotate_api_keys
      vars:
        rotate_api_keys_slots: "{{ told }}"
"""
SHOWN = {"ANSIBLE_SHOW_CUSTOM_STATS": "true", "ANSIBLE_CALLBACK_RESULT_FORMAT": "json"}


def summary(output: str) -> dict[str, t.Any]:
    found = re.search(r"^\tRUN: (\{.*\})", output, flags=re.MULTILINE)
    assert found, output
    told: dict[str, t.Any] = json.loads(found[1])["rotate_api_keys_summary"]["localhost"]
    return told


def test_the_artifact_of_a_role_that_is_used_twice_is_about_both(scene: SlotScene) -> None:
    second = {**scene.wish(), "name": "second_api_key", "key_name": "second"}
    playbook = scene.workplace.root / "work" / "twice.yml"
    playbook.write_text(TWICE, encoding="utf-8")

    run = scene.workplace.start_playbook(str(playbook), {"told": [scene.wish(), second]}, SHOWN)
    assert run.wait() == 0, run.output

    records = [scene.workplace.record(name) for name in (VARIABLE, "second_api_key")]
    told = summary(run.output)
    assert (told["slots"], told["failed"], told["superseded_ids"]) == (2, 0, [])
    assert told["changed_ids"] == [record["current"]["id"] for record in records]
    assert told["next_at"]


def test_a_run_that_is_started_in_the_middle_of_the_role_goes_on(due_scene: SlotScene) -> None:
    old_value = due_scene.value

    run = due_scene.start(arguments=["--start-at-task", "Rotate the API keys"])

    assert run.wait() == 0, run.output
    due_scene.check_finished()
    assert due_scene.value != old_value


def test_a_run_that_is_started_behind_the_rotation_is_not_done(due_scene: SlotScene) -> None:
    run = due_scene.start(arguments=["--start-at-task", "Fail when a slot needs a person"])

    assert run.wait() != 0
    assert "--start-at-task has passed over the rotation" in run.output


@pytest.mark.parametrize("named", [{}, {"revoke_leaked_ids": None}, {"revoke_leaked_values": ["", None]}], ids=str)
def test_nothing_that_leaked_is_nothing_to_revoke(due_scene: SlotScene, named: dict[str, t.Any]) -> None:
    asked = {"rotate_api_keys_slots": [due_scene.wish()], **named}

    run = due_scene.workplace.start_playbook("cloudkeys.ibmcloud.revoke_leaked", asked)

    assert run.wait() != 0
    assert "nothing was said to be leaked" in on_one_line(run.output)
    assert len(due_scene.keys()) == 1


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"max_age_days": 0}, "policy: TO DO, max_age_days is 0, and has to be from 1"),
        ({"lease_seconds": 10}, "policy: TO DO, lease_seconds is 10, and has to be from 120"),
        ({"max_age_days": "", "key_source": None, "keys_per_identity": " "}, "policy: fine, no new key"),
        ({}, "policy: fine, no new key"),
    ],
    ids=str,
)
def test_the_doctor_tells_what_a_rotation_would_refuse_of_the_policy(
    due_scene: SlotScene, given: dict[str, t.Any], says: str
) -> None:
    policy = {f"rotate_api_keys_{name}": value for name, value in given.items()}

    run = due_scene.workplace.start_playbook(
        "cloudkeys.ibmcloud.doctor", {"rotate_api_keys_slots": [due_scene.wish()], **policy}
    )

    run.wait()
    assert says in on_one_line(run.output), run.output


def test_a_quiet_night_of_twenty_slots_is_a_few_lines(scene: SlotScene) -> None:
    names = [f"key_{number}" for number in range(20)]
    slots = [{**scene.wish(), "name": name, "key_name": name} for name in names]
    assert scene.workplace.start_rotation(slots).wait() == 0

    run = scene.workplace.start_rotation(slots)
    assert run.wait() == 0, run.output

    told = [line for line in run.output.splitlines() if line.strip()]
    assert "  20 slots: 20 idle" in told
    assert len(told) < 12, run.output

    run = scene.workplace.start_rotation(slots, ANSIBLE_DISPLAY_SKIPPED_HOSTS="false")
    assert run.wait() == 0, run.output
    assert len(run.output.splitlines()) < 12, run.output


@pytest.mark.parametrize(("report", "count"), [("all", 2), ("none", 0)])
def test_how_much_is_shown_is_said(scene: SlotScene, report: str, count: int) -> None:
    run = scene.workplace.start_rotation([scene.wish()], report=report)
    assert run.wait() == 0, run.output

    run = scene.workplace.start_rotation([scene.wish()], report=report)
    assert run.wait() == 0, run.output

    assert len(re.findall("(?m)^  [^ ]", run.output)) == count


MISSING = {
    "no such file": "nowhere.yml",
    "no such absolute file": "/nowhere/probe.yml",
    "in a template": "{{ playbook_dir }}/{{ 'no' }}where.yml",
    "no tasks": "{{ folder_of_the_test }}/no_tasks.yml",
}


@pytest.mark.parametrize("kind", ["probe", "handover"])
@pytest.mark.parametrize("path", MISSING.values(), ids=MISSING.keys())
def test_tasks_that_are_not_there_are_missed_before_a_key_is_made(scene: SlotScene, path: str, kind: str) -> None:
    folder = scene.workplace.vault_file.parent
    (folder / "no_tasks.yml").write_text("just: a mapping\n", encoding="utf-8")

    tasks = path.replace("{{ folder_of_the_test }}", str(folder))
    run = scene.workplace.start_rotation([scene.wish()], **{f"{kind}_tasks": tasks})

    assert run.wait() != 0
    assert re.search("(?i)could not find or access|must contain a list of tasks", on_one_line(run.output)), run.output
    assert scene.keys() == []
