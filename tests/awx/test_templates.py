# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The job templates beside the rotation: their jobs, as AWX starts them, and the message that AWX makes of each."""

from __future__ import annotations

import json
import shutil
import textwrap
import typing as t

import pytest
import requests
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible_collections.cloudkeys.ibmcloud.tests.awx.awx import LOCAL, Awx, Job
from ansible_collections.cloudkeys.ibmcloud.tests.awx.rules import message_of
from ansible_collections.cloudkeys.ibmcloud.tests.awx.scene import JobScene
from ansible_collections.cloudkeys.ibmcloud.tests.faults.iam_server import ROOT
from ansible_collections.cloudkeys.ibmcloud.tests.faults.workplace import VAULT_ID, VAULT_PASSWORD

ACCOUNTS = ["acme-prod", "acme-test"]
# As AWX injects them for a credential whose other fields were left blank.
BLANK = {"IBMCLOUD_ACCOUNT_ID": "", "CLOUDKEYS_GIT_TOKEN": "", "CLOUDKEYS_LEAKED_VALUES_FILE": ""}


class _Loader(yaml.SafeLoader):
    """Takes what is marked `!unsafe` as a text."""


_Loader.add_constructor("!unsafe", lambda _loader, node: str(node.value))
SLACK: str = yaml.load(  # its loader is a safe one
    (ROOT / "docs/examples/awx/notifications.yml").read_text(encoding="utf-8"), Loader=_Loader
)["cloudkeys_slack_message"]


def told(name: str, job: Job) -> str:
    """What a chat is told about a job."""
    return message_of(SLACK, {"name": name, "status": "failed", "artifacts": job.artifacts})


def sealed(value: str) -> str:
    """A line of a vaulted file, as `ansible-vault encrypt_string` makes it."""
    vault: t.Any = VaultLib([(VAULT_ID, VaultSecret(VAULT_PASSWORD.encode()))])
    return f"account_api_key: !vault |\n{textwrap.indent(vault.encrypt(value, vault_id=VAULT_ID).decode(), '  ')}"


@pytest.fixture
def accounts(awx: Awx) -> dict[str, str]:
    """The keys that log in to two accounts, vaulted in the project; the credential of the template has a third one."""
    awx.credentials.update(BLANK)
    other = requests.post(f"{awx.server.url}/__emulator__/accounts", json={}, timeout=10).json()
    values = {"acme-prod": awx.server.api_key, "acme-test": str(other["api_key"])}
    shutil.copytree(ROOT / "docs/examples/many_accounts/inventory", awx.checkout / "inventory")
    for name, value in values.items():
        file = awx.checkout / "inventory/host_vars" / name / "vault.yml"
        file.write_text(f"---\n{sealed(value)}", encoding="utf-8")
    awx.credentials["IBMCLOUD_API_KEY"] = "key-of-no-account-at-all-0123456789-0123456789"
    return values


def audit(awx: Awx, **extra_vars: t.Any) -> Job:
    given = {"audit_api_keys_fail_on": "high", "audit_api_keys_git": awx.git, **extra_vars}
    return awx.start([], playbook="audit.yml", extra_vars=given)


def report(awx: Awx) -> dict[str, t.Any]:
    found: dict[str, t.Any] = json.loads(awx.remote.read("reports/api-keys.json"))
    return found


def test_an_audit_pushes_its_report_and_the_next_one_compares_with_it(awx: Awx, scene: JobScene) -> None:
    awx.credentials.update(BLANK)
    before = scene.remote.tip

    job = audit(awx, audit_accounts="")
    assert job.wait() == 0, job.output
    assert scene.remote.git("rev-list", "--count", f"{before}..main") == "1"
    first = report(awx)["accounts"][0]["made_at"]
    awx.server.steer("clock", {"advance_seconds": 200 * 86_400})
    late = audit(awx, audit_accounts=None)
    assert late.wait() == 1

    assert report(awx)["accounts"][0]["trend"]["compared_with"] == first
    assert late.artifacts["audit_api_keys_files"]["localhost"][0] == "main:reports/api-keys.html"
    assert "localhost: 1 keys, 1 high" in told("Audit API keys", late)
    assert "the audit found 1 high" in " ".join(late.output.split())


def test_accounts_with_a_vaulted_key_each_are_on_one_page_in_the_repository(awx: Awx, accounts: dict[str, str]) -> None:
    job = audit(awx, audit_accounts="ibm_accounts")

    assert job.wait() == 0, job.output
    assert [each["name"] for each in report(awx)["accounts"]] == ACCOUNTS
    assert report(awx)["missing"] == []
    assert "API keys of 2 accounts" in awx.remote.read("reports/api-keys.html")
    assert set(job.artifacts["audit_api_keys_counts"]) == set(ACCOUNTS)
    assert "acme-test: 1 keys, 0 high" in told("Audit API keys", job)
    assert awx.workplace.leaks(set(accounts.values())) == []


def test_accounts_with_a_vaulted_key_each_are_rotated(awx: Awx, accounts: dict[str, str]) -> None:
    for name in ACCOUNTS:
        slot = {"name": "own", "file": f"accounts/{name}.yml", "key_name": "own"}
        slots = awx.checkout / "inventory/host_vars" / name / "slots.yml"
        slots.write_text(json.dumps({"rotate_api_keys_slots": [slot]}), encoding="utf-8")

    job = awx.start(t.cast("t.Any", None), playbook="rotate_accounts.yml", until="published")

    assert job.wait() == 0, job.output
    assert all("own: !vault" in awx.remote.read(f"accounts/{name}.yml") for name in ACCOUNTS)
    message = told("Rotate API keys", job)
    assert "acme-prod: 0 of 1 slots failed" in message
    assert "own: idle" in message
    assert awx.workplace.leaks(set(accounts.values())) == []


@pytest.mark.parametrize("limit", [None, "acme-prod"])
def test_a_leak_is_closed_in_the_account_that_it_is_of(awx: Awx, accounts: dict[str, str], limit: str | None) -> None:
    """The slots of each account are in the inventory, and the repository is that of `slots.yml`, also with a limit."""
    (awx.checkout / "slots.yml").write_text(json.dumps({"rotate_api_keys_git": awx.git}), encoding="utf-8")
    for name in ACCOUNTS:
        slots = {"rotate_api_keys_slots": [{"name": "second", "file": f"{name}.yml", "key_name": "second"}]}
        (awx.checkout / "inventory/host_vars" / name / "slots.yml").write_text(json.dumps(slots), encoding="utf-8")
    made = awx.start(t.cast("t.Any", None), playbook="rotate_accounts.yml", until="published")
    assert made.wait() == 0, made.output
    (leaked,) = made.artifacts["rotate_api_keys_summary"]["acme-prod"]["changed_ids"]

    job = awx.start(
        t.cast("t.Any", None),
        playbook="revoke_leaked.yml",
        git=None,
        until="retired",
        settle_seconds=0,
        limit=limit,
        extra_vars={"leak_accounts": "ibm_accounts", "leaked_ids": leaked},
    )

    assert job.wait() == 0, job.output
    assert job.artifacts["revoke_leaked_all_dead"]
    assert f"DEAD: entry 1 of `ids`: {leaked}" in told("Revoke leaked keys", job)
    assert "generation 2 published" in "".join(awx.remote.messages())


@pytest.mark.parametrize(
    "hosts", [{}, {"ibm_accounts": {"hosts": {"acme-prod": {}}}}], ids=["no account", "another limit"]
)
def test_a_rotation_of_no_account_is_red(awx: Awx, hosts: dict[str, t.Any]) -> None:
    """An inventory of AWX may have localhost, too, so that a limit leaves something."""
    (awx.checkout / "inventory").mkdir()
    everybody = {"ungrouped": {"hosts": {"localhost": LOCAL}}, **hosts}
    (awx.checkout / "inventory/hosts.json").write_text(json.dumps(everybody), encoding="utf-8")

    job = awx.start([], playbook="rotate_accounts.yml", limit="localhost")

    assert job.wait() == 1
    assert "has no host in the group ibm_accounts, so nothing was rotated" in " ".join(job.output.split())


def test_a_blank_place_for_the_report_shows_it_only(awx: Awx, scene: JobScene) -> None:
    awx.credentials.update(BLANK)
    before = scene.remote.tip

    job = audit(awx, audit_api_keys_git=" ", audit_api_keys_folder="")

    assert job.wait() == 0, job.output
    assert "# API keys" in job.output
    assert scene.remote.tip == before


def test_a_branch_that_may_not_be_pushed_to_is_red_and_the_report_is_shown(awx: Awx, scene: JobScene) -> None:
    scene.remote.hook("pre-receive", "echo 'branch main is protected'\nexit 1\n")

    job = audit(awx)

    assert job.wait() == 1
    assert "# API keys" in job.output
    assert "is not in Git, and is in this result only" in " ".join(job.output.split())


def test_a_rotation_that_fails_tells_which_slot_and_what_comes_next(scene: JobScene) -> None:
    scene.make_due()
    wrong = scene.wish("billing", iam_id="iam-ServiceId-00000000-0000-4000-8000-000000000000")

    job = scene.start(scene.wish(), wrong, settle_seconds=0)

    assert job.wait() == 1
    summary = job.artifacts["rotate_api_keys_summary"]["localhost"]
    message = told("Rotate API keys", job)
    assert f"localhost: 1 of 2 slots failed: billing; next {summary['next_at']} deploy: idle" in message


def test_the_doctor_tells_what_there_is_to_do(awx: Awx, scene: JobScene) -> None:
    awx.credentials.update(BLANK)
    fine = awx.start([scene.wish()], playbook="doctor.yml")
    assert fine.wait() == 0, fine.output
    assert fine.artifacts["doctor_to_do"] == []

    scene.remote.git("update-ref", "refs/heads/elsewhere", "main")
    bad = awx.start([scene.wish()], playbook="doctor.yml", git={**awx.git, "branch": "not-there"})
    assert bad.wait() == 1
    assert bad.artifacts["doctor_to_do"]
    assert all(name in told("Check", bad) for name in bad.artifacts["doctor_to_do"])


@pytest.mark.parametrize("days", ["", "100"])
def test_a_plan_is_shown_and_pushes_nothing(awx: Awx, scene: JobScene, days: str) -> None:
    """The survey may stay blank."""
    awx.credentials.update(BLANK)
    scene.make_due()
    before = scene.remote.tip

    job = awx.start([scene.wish()], playbook="plan.yml", plan_days=days)

    assert job.wait() == 0, job.output
    assert "deploy" in job.output
    assert scene.remote.tip == before
