# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Copies of a value, and values as people leave them in files: line breaks, blanks, other people's words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from ansible.parsing.vault import VaultSecret
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.engine import Settings, rotate_slots
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.file_store import FileStore
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.outcome import SlotOutcome
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Orders, Place, Slot, SlotStopped
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.cipher import Cipher
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_file import Edit, VaultFile
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import (
    DAY_SECONDS,
    Effects,
    Scene,
)

CIPHER = Cipher([("dev", VaultSecret(b"password of dev"))])


def a_store() -> FileStore:
    return FileStore(CIPHER, lambda secret: None)


def write(path: Path, variable: str, text: str) -> None:
    VaultFile(str(path), CIPHER, create=True).apply([Edit((variable,), text)])


def run(scene: Scene, slot: Slot, *, check_mode: bool = False) -> SlotOutcome:
    ports = scene.ports(Effects(), a_store())
    (outcome,) = rotate_slots([slot], ports, Orders(), Settings(concurrency=1), check_mode=check_mode, unforeseen=str)
    return outcome


def a_slot(scene: Scene, tmp_path: Path, **policy: str) -> Slot:
    return replace(scene.make_slot("deploy", **policy), file=str(tmp_path / "secrets.yml"))


# ---- copies


def test_a_copy_that_somebody_fills_meanwhile_is_left_alone(tmp_path: Path) -> None:
    copy, store = tmp_path / "copy.yml", a_store()
    slot = Slot(
        "deploy", str(tmp_path / "a.yml"), "deploy", "deploy", "iam", "acc", copies=(Place(str(copy), "copied"),)
    )
    write(copy, "copied", "a password of somebody's")

    for value in ("the-value", None):
        with pytest.raises(SlotStopped, match="copied"):
            store.copy(slot, value, frozenset({"old-value"}))

    assert store.load(slot).foreign_copies == list(slot.copies)
    assert store.load(slot).stale_copies[0][1] == "a password of somebody's"


def test_a_variable_that_lost_its_value_is_not_copied() -> None:
    scene = Scene()
    scene.slot = replace(scene.slot, copies=(Place("other.yml", "copied"),))
    scene.run()
    good = scene.value
    scene.store.values["deploy"] = "nobody logs in with this"
    scene.store.values["copied"] = ""

    (outcome,) = scene.run()

    assert "so it is not copied" in (outcome.failure or "")
    assert scene.store.values["copied"] == ""
    assert scene.works(good)


@pytest.mark.parametrize("left", ["nobody logs in with this", None])
def test_a_value_that_only_a_copy_has_is_kept(left: str | None) -> None:
    scene = Scene()
    scene.slot = replace(scene.slot, copies=(Place("other.yml", "copied"),))
    scene.run()
    good, good_id = scene.value, scene.published_id
    scene.pass_time(DAY_SECONDS)
    scene.store.values.pop("deploy")
    if left:
        scene.store.values["deploy"] = left

    (outcome,) = scene.run()

    assert outcome.failure is None
    assert scene.store.values["copied"] == scene.value
    assert scene.value not in (good, left)
    assert [(each.id, each.key_value) for each in scene.record.superseded] == [(good_id, good)]


def test_check_mode_of_a_copy_ends() -> None:
    scene = Scene()
    scene.slot = replace(scene.slot, copies=(Place("other.yml", "copied"),))
    scene.run()
    del scene.store.values["copied"]

    (outcome,) = scene.run(check_mode=True)

    assert [each.step.name for each in outcome.foreseen][:2] == ["copy", "idle"]


# ---- values as they are in files


@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\n"])
def test_a_line_break_behind_the_value_is_read_as_none_and_told(tmp_path: Path, end: str) -> None:
    scene = Scene()
    made = scene.visitor.create_key(name="deploy", iam_id=scene.owner["iam_id"])
    slot = a_slot(scene, tmp_path, on_missing_record="adopt")
    write(tmp_path / "secrets.yml", "deploy", made["apikey"] + end)

    outcome = run(scene, slot)

    assert outcome.failure is None
    assert outcome.after is not None
    assert outcome.after.current is not None
    assert outcome.after.current.id == made["id"]
    assert any("line break" in warning for warning in outcome.warnings)


@pytest.mark.parametrize("blank", ["", " ", "\n", " \t\n"])
def test_a_blank_text_is_no_value(tmp_path: Path, blank: str) -> None:
    scene = Scene()
    slot = a_slot(scene, tmp_path)
    write(tmp_path / "secrets.yml", "deploy", blank)

    assert run(scene, slot).failure is None
    assert scene.works(a_store().load(slot).published_value)


def test_two_line_breaks_are_no_reason_to_write_a_copy_anew(tmp_path: Path) -> None:
    scene = Scene()
    slot = replace(a_slot(scene, tmp_path), copies=(Place(str(tmp_path / "copy.yml"), "copied"),))
    run(scene, slot)
    value = a_store().load(slot).published_value
    write(tmp_path / "copy.yml", "copied", f"{value}\n")

    assert run(scene, slot).taken == ()
