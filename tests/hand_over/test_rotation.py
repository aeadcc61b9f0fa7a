# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whole rotations with the guide's examples: a slot's places get the value, and its tasks get its data as it is."""

from __future__ import annotations

import base64
import json
import textwrap
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible_collections.cloudkeys.ibmcloud.tests.faults.iam_server import ROOT
from ansible_collections.cloudkeys.ibmcloud.tests.faults.slots import AT_ONCE, VARIABLE, SlotScene
from ansible_collections.cloudkeys.ibmcloud.tests.faults.workplace import VAULT_ID, VAULT_PASSWORD, Run
from ansible_collections.cloudkeys.ibmcloud.tests.hand_over.awx import Awx, Credential
from ansible_collections.cloudkeys.ibmcloud.tests.hand_over.github import GitHub
from ansible_collections.cloudkeys.ibmcloud.tests.hand_over.gitlab import GitLab
from ansible_collections.cloudkeys.ibmcloud.tests.hand_over.kubernetes import Cluster
from ansible_collections.cloudkeys.ibmcloud.tests.hand_over.scene import LONGEST_RUN_SECONDS, HandOver
from ansible_collections.cloudkeys.ibmcloud.tests.hand_over.secrets_manager import SecretsManager
from ansible_collections.cloudkeys.ibmcloud.tests.hand_over.service import Service
from ansible_collections.cloudkeys.ibmcloud.tests.hand_over.vault import Vault

EXAMPLES = ROOT / "docs/examples"
LIKE_A_TEMPLATE = "{{ 1 + 1 }}{% if %}"
SHOWS_DATA = """\
- name: Write down what the slot tells
  ansible.builtin.copy:
    content: "{{ rotate_api_keys_slot.data | to_json }}"
    dest: "{{ playbook_dir | dirname }}/../../../told.json"
    mode: "0600"
"""


@pytest.fixture
def scene(slot: HandOver) -> SlotScene:
    """A service ID and a vault file that no value is in yet."""
    return SlotScene(slot.workplace)


def rotate(slot: HandOver, scene: SlotScene, data: t.Any, tasks: str, *, check: bool = False) -> Run:
    chosen = {**AT_ONCE, "until": "published", "handover_tasks": tasks}
    run = slot.workplace.start_rotation(
        [{**scene.wish(), "data": data}], arguments=["--check"] if check else [], **chosen, **slot.environ
    )
    run.wait(LONGEST_RUN_SECONDS)
    return run


def test_every_service_of_the_example_gets_the_value(
    slot: HandOver, scene: SlotScene, start: t.Callable[[Service, str, str], None]
) -> None:
    (deploy, _other) = yaml.safe_load((EXAMPLES / "hand_over_places.yml").read_text())["rotate_api_keys_slots"]
    vault, cluster, manager, gitlab, github, awx = Vault(), Cluster(), SecretsManager(), GitLab(), GitHub(), Awx()
    manager.versions["0b5571f7-21e6-42b7-91c5-3f5ac9793a46"] = ["before"]
    awx.credentials = [Credential(1, "deploy", {"api_key": "before"})]
    for service, address, token in (
        (vault, "VAULT_ADDR", "VAULT_TOKEN"),
        (cluster, "K8S_AUTH_HOST", "K8S_AUTH_API_KEY"),
        (manager, "SECRETS_MANAGER_URL", "UNUSED"),
        (gitlab, "CI_SERVER_URL", "GITLAB_TOKEN"),
        (github, "GITHUB_API_URL", "GITHUB_TOKEN"),
        (awx, "CONTROLLER_HOST", "CONTROLLER_OAUTH_TOKEN"),
    ):
        start(service, address, token)
    # As a site has it whose own authority is known to the machine.
    slot.environ["SSL_CERT_FILE"] = str(slot.ca_file)
    gitlab.echoes = True

    run = rotate(slot, scene, deploy["data"], "hand_over/to_places.yml")
    assert run.wait() != 0, run.output
    assert "handing it over failed" in " ".join(run.output.split())
    assert scene.workplace.record(VARIABLE)["current"].get("handed_over_at") is None
    gitlab.echoes = False
    run = rotate(slot, scene, deploy["data"], "hand_over/to_places.yml")

    assert run.wait() == 0, run.output
    assert scene.workplace.record(VARIABLE)["current"].get("handed_over_at")
    variable = next(iter(gitlab.variables.values()))
    (credential,) = awx.credentials
    secret = next(iter(cluster.secrets.values()))
    assert [len(service.writes) for service in (vault, cluster, manager, awx)] == [1, 1, 1, 1]
    versions = next(iter(manager.versions.values()))
    held = [variable["value"], credential.inputs["api_key"], versions[-1], *github.opened.values()]
    held += [(vault.current("ci/deploy") or {})["api_key"], base64.b64decode(secret.data["api_key"]).decode()]
    assert held == [scene.value] * 6
    slot.value = str(scene.value)
    slot.check_nothing_leaked()


def test_the_data_of_a_slot_is_no_template(slot: HandOver, scene: SlotScene) -> None:
    tasks = slot.work / "tasks.yml"
    told = slot.work / "told.json"
    tasks.write_text(SHOWS_DATA.replace("{{ playbook_dir | dirname }}/../../../told.json", str(told)))
    data = {"text": LIKE_A_TEMPLATE, LIKE_A_TEMPLATE: [1, True, None, "0600"], "quotes": 'it\'s "so"'}
    unsafe = yaml.safe_dump({"given": data}).replace("'{{", "!unsafe '{{")
    (slot.work / "given.yml").write_text(unsafe)

    run = slot.workplace.start_playbook(
        "cloudkeys.ibmcloud.rotate",
        {
            "rotate_api_keys_slots": [{**scene.wish(), "data": "{{ given }}"}],
            "rotate_api_keys_handover_tasks": str(tasks),
            "rotate_api_keys_until": "published",
        },
        arguments=["-e", f"@{slot.work}/given.yml"],
    )

    assert run.wait(LONGEST_RUN_SECONDS) == 0, run.output
    assert yaml.safe_load(told.read_text()) == data


def test_a_vaulted_value_among_the_data_is_refused_before_anything_is_done(slot: HandOver, scene: SlotScene) -> None:
    vault: t.Any = VaultLib([(VAULT_ID, VaultSecret(VAULT_PASSWORD.encode()))])
    sealed = vault.encrypt("short one", vault_id=VAULT_ID).decode()
    wish = "".join(f"    {name}: {json.dumps(value)}\n" for name, value in scene.wish().items())
    text = f"    data:\n      place:\n        - password: !vault |\n{textwrap.indent(sealed, ' ' * 12)}"
    (slot.work / "slots.yml").write_text(f"rotate_api_keys_slots:\n  -\n{wish}{text}")

    run = slot.workplace.start_playbook("cloudkeys.ibmcloud.rotate", {}, arguments=["-e", f"@{slot.work}/slots.yml"])

    assert run.wait(LONGEST_RUN_SECONDS) != 0, run.output
    assert "data holds a secret of this run" in " ".join(run.output.split())
    assert "short one" not in run.output
    assert scene.keys() == []


def test_tasks_of_one_s_own_may_have_the_ready_ones_done(
    slot: HandOver, scene: SlotScene, start: t.Callable[[Service, str, str], None]
) -> None:
    vault = Vault()
    start(vault, "VAULT_ADDR", "VAULT_TOKEN")
    example = Path(slot.work / "hand_over_of_my_own.yml")
    example.write_text((EXAMPLES / "hand_over_of_my_own.yml").read_text())
    place = {"to": "vault_kv2", "path": "ci/deploy", "ca_file": str(slot.ca_file)}

    run = rotate(slot, scene, {"hand_over": [place], "team": "team A"}, str(example))

    assert run.wait() == 0, run.output
    assert "team A has a new key, ApiKey-" in run.output
    assert vault.versions == {"ci/deploy": [{"api_key": scene.value}]}
