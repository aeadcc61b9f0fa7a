# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a task of this collection wrote, IBM's own SDK reads back as it was declared."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._outcome import outcome
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._tasks import iam_api_key, iam_service_id
from iam_emulator import Emulator
from ibm_cloud_sdk_core.authenticators import IAMAuthenticator
from ibm_platform_services import IamIdentityV1


class Scene:
    """A fresh account behind HTTP, tasks of this collection, and IBM's client."""

    def __init__(self, emulator: Emulator, url: str) -> None:
        emulator.reset()
        self.seed = emulator.seed
        self.url = url
        self.ibm = IamIdentityV1(authenticator=IAMAuthenticator(self.seed.api_key, url=url))
        self.ibm.set_service_url(url)

    def run(self, module: Any, **options: Any) -> dict[str, Any]:
        """A task that has to succeed."""
        connection = {"api_key": self.seed.api_key, "iam_endpoint": self.url}
        defaults = {name: option.get("default") for name, option in module.SPEC["argument_spec"].items()}
        result: dict[str, Any] = outcome(module.run, {**defaults, **connection, **options}, False)
        assert not result.get("failed"), result
        return result


@pytest.fixture
def scene(served: tuple[Emulator, str]) -> Scene:
    return Scene(*served)


def test_a_service_id_and_its_key(scene: Scene, tmp_path: Path) -> None:
    robot = scene.run(iam_service_id, name="ci", description="builds")["service_id"]
    scene.run(
        iam_api_key,
        name="deploy",
        service_id="ci",
        description="for the pipeline",
        locked=True,
        disabled=True,
        file=str(tmp_path / "deploy.json"),
    )
    read = scene.ibm.get_service_id(robot["id"]).get_result()
    assert (read["name"], read["description"], read["iam_id"]) == ("ci", "builds", robot["iam_id"])
    (key,) = scene.ibm.list_api_keys(iam_id=robot["iam_id"]).get_result()["apikeys"]
    assert (key["name"], key["description"]) == ("deploy", "for the pipeline")
    assert (key["locked"], key["disabled"]) == (True, True)
    written = json.loads((tmp_path / "deploy.json").read_text())
    found = scene.ibm.get_api_keys_details(iam_api_key=written["apikey"]).get_result()
    assert (found["id"], written["id"]) == (key["id"], key["id"])


def test_a_key_that_was_changed(scene: Scene, tmp_path: Path) -> None:
    key_id = scene.run(iam_api_key, name="mine", file=str(tmp_path / "mine.json"))["api_key"]["id"]
    scene.run(iam_api_key, name="mine", description="new", disabled=True, file=str(tmp_path / "mine.json"))
    key = scene.ibm.get_api_key(key_id).get_result()
    assert (key["description"], key["disabled"], key["iam_id"]) == ("new", True, scene.seed.iam_id)


def test_a_key_of_ibms_client_that_a_task_deleted(scene: Scene) -> None:
    made = scene.ibm.create_api_key("made elsewhere", scene.seed.iam_id).get_result()
    assert scene.run(iam_api_key, name="made elsewhere", state="absent")["changed"]
    assert made["id"] not in {key["id"] for key in scene.ibm.list_api_keys().get_result()["apikeys"]}
