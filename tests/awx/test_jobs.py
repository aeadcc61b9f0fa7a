# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Jobs as AWX starts them: each in a folder that goes away, so that the repository alone carries on."""

from __future__ import annotations

from ansible_collections.cloudkeys.ibmcloud.tests.awx.awx import VAULT_FILE, Awx
from ansible_collections.cloudkeys.ibmcloud.tests.awx.scene import JobScene
from ansible_collections.cloudkeys.ibmcloud.tests.faults.slots import NINETY_ONE_DAYS_SECONDS

HOUR_SECONDS = 3600
SLOTS = 10
USER_TASKS = {"probe": "probe", "handover": "hand_over"}
EVERY_ACCOUNT = """\
---
- name: Rotate the API keys of every account
  hosts: all
  gather_facts: false
  roles:
    - role: cloudkeys.ibmcloud.rotate_api_keys
"""
LOG_IN_WITH_THE_VALUE = """\
---
- name: Log in with the value
  cloudkeys.ibmcloud.iam_caller_info:
    api_key: "{{ lookup('cloudkeys.ibmcloud.ansible_vault_value', slot.value_path, file=slot.file) }}"
  vars:
    slot: "{{ rotate_api_keys_slot }}"
"""


def writes(scene: JobScene, since: int) -> list[str]:
    return [
        f"{entry['method']} {entry['path']}"
        for entry in scene.server.log()[since:]
        if entry["method"] != "GET" and entry["path"] != "/identity/token"
    ]


def test_ten_slots_are_rotated_by_three_jobs(scene: JobScene) -> None:
    wishes, policy = scene.wishes(SLOTS), {"soak_hours": 0, "settle_seconds": 0}
    scene.make_due(*wishes)
    old_values = [scene.value(wish["name"]) for wish in wishes]

    published = scene.awx.run(wishes, **policy)
    assert published.artifacts["rotate_api_keys_summary"]["localhost"]["failed"] == 0
    assert [scene.server.logs_in(str(value)) for value in old_values] == [True] * SLOTS
    pushed, asked = scene.remote.tip, len(scene.server.log())

    idle = scene.awx.run(wishes, **policy)
    assert "changed=0" in idle.output
    assert (scene.remote.tip, writes(scene, asked)) == (pushed, [])

    scene.server.steer("clock", {"advance_seconds": 73 * HOUR_SECONDS})
    scene.awx.run(wishes, **policy)
    scene.check_finished(*wishes)
    assert [scene.server.logs_in(str(value)) for value in old_values] == [False] * SLOTS


def test_a_job_prints_one_line_a_slot_and_hands_on_ids_counts_and_dates(scene: JobScene) -> None:
    wishes = scene.wishes(3)
    scene.make_due(*wishes)

    job = scene.awx.run(wishes, settle_seconds=0)

    lines = [line for line in job.output.splitlines() if ": overlap, goes on at " in line]
    assert len(lines) == 3
    summary = job.artifacts["rotate_api_keys_summary"]["localhost"]
    keys = {key["id"] for wish in wishes for key in scene.keys(wish["name"])}
    assert (summary["slots"], summary["failed"]) == (3, 0)
    assert set(summary["changed_ids"]) | set(summary["superseded_ids"]) == keys
    assert summary["next_at"].startswith("20")


def test_a_vault_password_without_an_id_is_typed_too(scene: JobScene) -> None:
    job = scene.start(asks=True)

    assert job.wait() == 0, job.output
    assert "!vault" in scene.remote.read(VAULT_FILE)


def test_check_mode_pushes_nothing(scene: JobScene) -> None:
    scene.make_due()
    before, asked = scene.remote.tip, len(scene.server.log())

    job = scene.start(check=True)

    assert job.wait() == 0, job.output
    assert "deploy: now intend" in job.output
    assert (scene.remote.tip, writes(scene, asked)) == (before, [])


def test_a_vault_file_in_the_project_folder_is_refused_before_anything(awx: Awx, scene: JobScene) -> None:
    (awx.checkout / "secrets.yml").write_text("---\n", encoding="utf-8")
    (awx.checkout / "slots.yml").write_text("---\n{}\n", encoding="utf-8")
    asked = len(scene.server.log())

    job = scene.start(scene.wish(file="secrets.yml"), git=None)

    assert job.wait() == 1
    assert "Keep the vault file in Git: set git" in " ".join(job.output.split())
    assert scene.server.log()[asked:] == []


def test_a_project_folder_that_lasts_is_taken_when_somebody_says_so(awx: Awx, scene: JobScene) -> None:
    (awx.checkout / "slots.yml").write_text("---\n{}\n", encoding="utf-8")

    job = scene.start(scene.wish(file="secrets.yml"), git=None, project_folder_lasts=True)

    assert job.wait() == 0, job.output
    assert len(scene.keys()) == 1


def test_a_protected_branch_is_one_clear_error_and_nothing_is_created(scene: JobScene) -> None:
    scene.remote.hook("pre-receive", "echo 'branch main is protected'\nexit 1\n")
    wishes = scene.wishes(SLOTS)

    job = scene.start(*wishes)

    assert job.wait() == 1
    (failure,) = (event["event_data"]["res"]["msg"] for event in job.events if event["event"] == "runner_on_failed")
    assert failure.count("Name a branch in git.branch that this job may push to") == 1
    assert "branch main is protected" in failure
    assert scene.server.keys_of(scene.iam_id) == []


def test_probe_and_hand_over_read_the_value_in_the_working_copy(awx: Awx, scene: JobScene) -> None:
    for name in ("probe", "hand_over"):
        (awx.checkout / f"{name}.yml").write_text(LOG_IN_WITH_THE_VALUE, encoding="utf-8")
    tasks = {f"{name}_tasks": f"{{{{ playbook_dir }}}}/{file}.yml" for name, file in USER_TASKS.items()}

    for generation in (1, 2):
        already = len(scene.server.log())
        job = scene.start(**tasks)
        assert job.wait() == 0, job.output

        # Each file of tasks is loaded, and skipped, before a key is made, and carried out once.
        assert job.output.count("Log in with the value]") == 2 * 2
        scene.check_finished(generation=generation)
        assert any(entry["path"] == "/identity/token" for entry in scene.server.log()[already:])
        assert list((awx.workplace.root / "tmp").iterdir()) == []
        scene.server.steer("clock", {"advance_seconds": NINETY_ONE_DAYS_SECONDS})


def test_a_probe_that_fails_withdraws_the_new_key(awx: Awx, scene: JobScene) -> None:
    (awx.checkout / "probe.yml").write_text("---\n- name: Say no\n  ansible.builtin.fail:\n", encoding="utf-8")
    scene.make_due()
    value = scene.value()

    job = scene.start(probe_tasks="{{ playbook_dir }}/probe.yml")

    assert job.wait() == 1
    assert "did not pass its probe" in " ".join(job.output.split())
    assert (scene.value(), len(scene.keys())) == (value, 1)


def test_accounts_are_hosts_that_are_rotated_side_by_side(awx: Awx, scene: JobScene) -> None:
    awx.hosts = ["acme-prod", "acme-test"]
    (awx.checkout / "rotate.yml").write_text(EVERY_ACCOUNT, encoding="utf-8")
    files = [f"accounts/{host}.yml" for host in awx.hosts]
    wish = scene.wish(
        "{{ inventory_hostname }}", variable="deploy_api_key", file="accounts/{{ inventory_hostname }}.yml"
    )

    job = scene.start(wish)

    assert job.wait() == 0, job.output
    assert ["deploy_api_key: !vault" in scene.remote.read(file) for file in files] == [True, True]
    summary = job.artifacts["rotate_api_keys_summary"]
    assert [summary[host]["slots"] for host in awx.hosts] == [1, 1]


def test_four_jobs_at_once_lose_no_update_and_publish_nothing_twice(scene: JobScene) -> None:
    wishes = scene.wishes(6)
    scene.make_due(*wishes)
    scene.server.steer("latency", {"milliseconds": 20})

    jobs = [scene.start(*(wishes[number % 6] for number in range(first, first + 3))) for first in (0, 2, 4, 5)]

    assert [job.wait() for job in jobs] == [0] * 4, "\n".join(job.output for job in jobs)
    scene.server.steer("latency", {"milliseconds": 0})
    scene.check_finished(*wishes)
