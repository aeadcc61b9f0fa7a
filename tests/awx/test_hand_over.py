# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The example gives new keys to AWX credentials, the one that the job logs in with included."""

from __future__ import annotations

import textwrap
import typing as t

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible_collections.cloudkeys.ibmcloud.tests.awx.awx import VAULT_FILE
from ansible_collections.cloudkeys.ibmcloud.tests.awx.controller import Controller, Credential, serve
from ansible_collections.cloudkeys.ibmcloud.tests.awx.scene import JobScene
from ansible_collections.cloudkeys.ibmcloud.tests.faults.slots import AT_ONCE, NINETY_ONE_DAYS_SECONDS
from ansible_collections.cloudkeys.ibmcloud.tests.faults.workplace import VAULT_ID, VAULT_PASSWORD

TOKEN = "token-of-the-controller"
HAND_OVER = {"handover_tasks": "{{ playbook_dir }}/hand_over.yml", **AT_ONCE}


@pytest.fixture
def controller(scene: JobScene) -> t.Iterator[Controller]:
    inputs = {"api_key": scene.server.api_key, "account_id": scene.server.account_id, "note": "a secret that stays"}
    credentials = [
        Credential(7, "operator", dict(inputs), ("api_key", "note")),
        Credential(8, "deploy", {**inputs, "api_key": "the first value"}, ("api_key", "note")),
    ]
    with serve(TOKEN, credentials) as controller:
        scene.awx.credentials.update(CONTROLLER_HOST=controller.url, CONTROLLER_OAUTH_TOKEN=TOKEN)
        yield controller


def others(credential: Credential) -> dict[str, str]:
    return {name: value for name, value in credential.inputs.items() if name != "api_key"}


def test_a_credential_gets_the_new_key_and_keeps_its_other_inputs(scene: JobScene, controller: Controller) -> None:
    credential = controller.credentials[1]
    before = others(credential)

    job = scene.awx.run([scene.wish()], **HAND_OVER)

    assert credential.inputs["api_key"] == scene.value()
    assert others(credential) == before
    assert TOKEN not in job.output


def test_a_name_that_no_credential_has_keeps_the_hand_over_open(scene: JobScene, controller: Controller) -> None:
    controller.credentials[1].name = "somebody else's"

    job = scene.awx.start([scene.wish()], **HAND_OVER)

    assert job.wait() == 1
    assert "AWX shows 0 credentials named deploy" in " ".join(job.output.split())
    assert scene.record()["current"]["handed_over_at"] is None


def test_the_key_that_the_job_logs_in_with_is_replaced_by_one_job_and_retired_by_the_next(
    scene: JobScene, controller: Controller
) -> None:
    credential, old_value = controller.credentials[0], scene.server.api_key
    vault: t.Any = VaultLib([(VAULT_ID, VaultSecret(VAULT_PASSWORD.encode()))])
    sealed = textwrap.indent(vault.encrypt(old_value, vault_id=VAULT_ID).decode(), "  ")
    scene.remote.write(VAULT_FILE, f"---\noperator: !vault |\n{sealed}")
    (key,) = scene.server.keys_of(scene.own_iam_id)
    slot = {"name": "operator", "file": VAULT_FILE, "key_name": key["name"]}
    scene.awx.run([slot], on_missing_record="adopt", until="published", **HAND_OVER)
    scene.server.steer("clock", {"advance_seconds": NINETY_ONE_DAYS_SECONDS})

    scene.awx.run([slot], until="published", **HAND_OVER)
    new_value = credential.inputs["api_key"]
    assert new_value == scene.value("operator") != old_value
    assert [scene.server.logs_in(value) for value in (old_value, new_value)] == [True, True]

    scene.awx.credentials["IBMCLOUD_API_KEY"] = new_value
    scene.awx.run([slot], **HAND_OVER)
    assert [scene.server.logs_in(value) for value in (old_value, new_value)] == [False, True]
