# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Jobs give new keys to AWX credentials, the one that they log in with included."""

from __future__ import annotations

import textwrap
import typing as t

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible_collections.cloudkeys.ibmcloud.tests.awx.awx import VAULT_FILE
from ansible_collections.cloudkeys.ibmcloud.tests.awx.scene import JobScene
from ansible_collections.cloudkeys.ibmcloud.tests.certificates import make_certificate
from ansible_collections.cloudkeys.ibmcloud.tests.faults.slots import AT_ONCE, NINETY_ONE_DAYS_SECONDS
from ansible_collections.cloudkeys.ibmcloud.tests.faults.workplace import VAULT_ID, VAULT_PASSWORD
from ansible_collections.cloudkeys.ibmcloud.tests.hand_over.awx import Awx, Credential
from ansible_collections.cloudkeys.ibmcloud.tests.hand_over.service import serve

HAND_OVER = {"handover_tasks": "hand_over/to_places.yml", **AT_ONCE}
# The type of the credential says whether the certificate of the controller is verified.
PLACES = {"hand_over": [{"to": "awx_credential"}]}


@pytest.fixture
def controller(scene: JobScene, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Awx]:
    inputs = {"api_key": scene.server.api_key, "account_id": scene.server.account_id, "note": "a secret that stays"}
    controller = Awx()
    controller.credentials = [
        Credential(7, "operator", dict(inputs)),
        Credential(8, "deploy", {**inputs, "api_key": "the first value"}),
    ]
    with serve(controller, *make_certificate(tmp_path_factory.mktemp("tls"))):
        scene.awx.credentials.update(
            CONTROLLER_HOST=controller.url, CONTROLLER_OAUTH_TOKEN=controller.token, CONTROLLER_VERIFY_SSL="False"
        )
        yield controller


def others(credential: Credential) -> dict[str, str]:
    return {name: value for name, value in credential.inputs.items() if name != "api_key"}


def test_a_credential_gets_the_new_key_and_keeps_its_other_inputs(scene: JobScene, controller: Awx) -> None:
    credential = controller.credentials[1]
    before = others(credential)

    job = scene.awx.run([scene.wish(data=PLACES)], **HAND_OVER)

    assert credential.inputs["api_key"] == scene.value()
    assert others(credential) == before
    assert controller.token not in job.output


def test_a_name_that_no_credential_has_keeps_the_hand_over_open(scene: JobScene, controller: Awx) -> None:
    controller.credentials[1].name = "somebody else's"

    job = scene.awx.start([scene.wish(data=PLACES)], **HAND_OVER)

    assert job.wait() == 1
    assert "AWX shows 0 credentials named deploy" in " ".join(job.output.split())
    assert scene.record()["current"].get("handed_over_at") is None


def test_the_key_that_the_job_logs_in_with_is_replaced_by_one_job_and_retired_by_the_next(
    scene: JobScene, controller: Awx
) -> None:
    credential, old_value = controller.credentials[0], scene.server.api_key
    vault: t.Any = VaultLib([(VAULT_ID, VaultSecret(VAULT_PASSWORD.encode()))])
    sealed = textwrap.indent(vault.encrypt(old_value, vault_id=VAULT_ID).decode(), "  ")
    scene.remote.write(VAULT_FILE, f"---\noperator: !vault |\n{sealed}")
    (key,) = scene.server.keys_of(scene.own_iam_id)
    slot = {"name": "operator", "file": VAULT_FILE, "key_name": key["name"], "data": PLACES}
    scene.awx.run([slot], on_missing_record="adopt", until="published", **HAND_OVER)
    scene.server.steer("clock", {"advance_seconds": NINETY_ONE_DAYS_SECONDS})

    scene.awx.run([slot], until="published", **HAND_OVER)
    new_value = credential.inputs["api_key"]
    assert new_value == scene.value("operator") != old_value
    assert [scene.server.logs_in(value) for value in (old_value, new_value)] == [True, True]

    scene.awx.credentials["IBMCLOUD_API_KEY"] = new_value
    scene.awx.run([slot], **HAND_OVER)
    assert [scene.server.logs_in(value) for value in (old_value, new_value)] == [False, True]
