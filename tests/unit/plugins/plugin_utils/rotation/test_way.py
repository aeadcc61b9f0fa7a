# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""docs/architecture.md names the files of a rotation in the order in which a real one enters them."""

from __future__ import annotations

import re
import sys
import types
import typing as t
from pathlib import Path

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.parsing.vault import VaultSecret
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation import rotation_task
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.arguments import SPEC
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.open_store import StoreContext, open_store
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.cipher import Cipher
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import (
    DAY_SECONDS,
    Effects,
    Scene,
)
from tree import CHECKOUT

PLUGINS = CHECKOUT / "plugins"
ROTATION = PLUGINS / "plugin_utils/_rotation"
SECTION = (CHECKOUT / "docs/architecture.md").read_text(encoding="utf-8").split("## The way of one slot")[1]
TABLE, BESIDE = SECTION.split("\n## ")[0].split("Not on this way")


def rotate_one(scene: Scene, folder: Path) -> dict[str, t.Any]:
    """As the action does it: open the store, rotate, and close the store."""
    slot = {"name": "deploy", "file": str(folder / "secrets.yml"), "iam_id": scene.owner["iam_id"]}
    given = {"slots": [slot], "concurrency": 1, "overlap_hours": 0, "soak_hours": 0}
    checked = ArgumentSpecValidator(**SPEC).validate(given)
    assert checked.error_messages == []
    cipher = Cipher([("dev", VaultSecret(b"password of dev"))])
    around = StoreContext(cipher, lambda secret: None, scene.told.append, {})
    with open_store(checked.validated_parameters, around) as opened:
        ports = scene.ports(Effects(), opened.store)
        return rotation_task.rotate(checked.validated_parameters, ports, check_mode=False, unforeseen=str)


def place_of(file: str) -> str | None:
    """A file of the rotation by its name, one of another room by that; None for what is in no room of ours."""
    path = Path(file).resolve()
    if path.parent == ROTATION:
        return path.name
    is_in_a_room = path.parent.parent in (PLUGINS / "plugin_utils", PLUGINS / "module_utils")
    return f"{path.parent.name}/" if is_in_a_room else None


@pytest.fixture(scope="module")
def entered(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Where a function of ours was called for the first time, while a key was replaced and deleted."""
    scene, folder = Scene(), tmp_path_factory.mktemp("way")
    rotate_one(scene, folder)
    scene.pass_time(91 * DAY_SECONDS)
    places: dict[str | None, None] = {}

    def note(frame: types.FrameType, event: str, _argument: t.Any) -> None:
        if event == "call":
            places[place_of(frame.f_code.co_filename)] = None

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        result = rotate_one(scene, folder)
    finally:
        sys.setprofile(before)
    assert result["slots"][0]["taken"] == ["intend", "publish", "disable", "delete"]
    return [place for place in places if place]


def test_the_files_stand_there_in_the_order_in_which_a_rotation_enters_them(entered: list[str]) -> None:
    cells = [line.split("|")[1] for line in TABLE.splitlines() if line.startswith("| `")]
    told = [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]

    assert told == entered


def test_files_of_the_rotation_that_it_does_not_enter_are_told_beside(entered: list[str]) -> None:
    files = {path.name for path in ROTATION.glob("*.py")} - {"__init__.py"}

    assert set(re.findall(r"`(\w+\.py)`", BESIDE)) == files - set(entered)
