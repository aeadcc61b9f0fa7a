# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What cannot be finished is not begun: a clear message, a failed run, and no request that makes a key."""

from __future__ import annotations

import os
import socket
import typing as t

import pytest
from ansible_collections.cloudkeys.ibmcloud.tests.faults.kills import CREATE
from ansible_collections.cloudkeys.ibmcloud.tests.faults.slots import SlotScene
from ansible_collections.cloudkeys.ibmcloud.tests.faults.workplace import VAULT_ID


def refuse(scene: SlotScene, *message: str, **asked: t.Any) -> None:
    """Run, and expect a failure that says all of this and changed nothing."""
    keys, content = scene.keys(), _content(scene)
    already = len(scene.server.log())

    run = scene.start(**asked)

    code, told = run.wait(), " ".join(run.output.split())
    assert code != 0, told
    assert [part for part in message if part not in told] == [], told
    assert [entry for entry in scene.server.log()[already:] if CREATE.fits(entry)] == []
    assert (scene.keys(), _content(scene)) == (keys, content)


def _content(scene: SlotScene) -> bytes:
    return scene.workplace.vault_file.read_bytes() if scene.workplace.vault_file.is_file() else b""


def test_a_folder_that_may_not_be_written(due_scene: SlotScene) -> None:
    folder = due_scene.workplace.vault_file.parent
    folder.chmod(0o555)
    try:
        refuse(due_scene, f"the folder of {due_scene.workplace.vault_file} may not be written")
    finally:
        folder.chmod(0o755)


def test_a_folder_that_does_not_exist(scene: SlotScene) -> None:
    os.unlink(scene.workplace.vault_file)
    scene.workplace.vault_file = scene.workplace.root / "elsewhere" / "secrets.yml"

    refuse(scene, f"the folder of {scene.workplace.vault_file} does not exist")


def test_no_vault_secret(scene: SlotScene) -> None:
    refuse(scene, "no vault secret is loaded; run Ansible with --vault-id", vault_ids=[])


def test_no_vault_secret_for_a_key_that_is_due(due_scene: SlotScene) -> None:
    refuse(due_scene, "no vault secret is loaded; run Ansible with --vault-id", vault_ids=[])


def test_several_vault_ids_and_none_chosen(scene: SlotScene) -> None:
    refuse(scene, f"several vault ids are loaded ({VAULT_ID}, prod)", "vault_id", vault_ids=[VAULT_ID, "prod"])


def test_another_vault_password(due_scene: SlotScene) -> None:
    due_scene.workplace.password_file.write_text("not the one", encoding="utf-8")

    refuse(due_scene, f"none of the loaded vault ids ({VAULT_ID}) opens what is encrypted under '{VAULT_ID}'")


def test_a_file_that_is_not_yaml(scene: SlotScene) -> None:
    scene.workplace.vault_file.write_text("region: [eu-de\n", encoding="utf-8")

    refuse(scene, str(scene.workplace.vault_file), "not valid YAML")


def test_a_server_that_cannot_be_reached(due_scene: SlotScene) -> None:
    refuse(due_scene, "cannot be reached", IBMCLOUD_IAM_API_ENDPOINT=f"http://127.0.0.1:{_closed_port()}")


def _closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.mark.parametrize(
    ("login", "message"),
    [("x" * 44, "the API key is unknown"), ("", "no credentials: set the option api_key")],
    ids=["unknown", "none"],
)
def test_bad_credentials(due_scene: SlotScene, login: str, message: str) -> None:
    refuse(due_scene, message, IBMCLOUD_API_KEY=login)
