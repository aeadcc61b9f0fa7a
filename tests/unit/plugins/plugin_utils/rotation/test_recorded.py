# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which slot a key is of, by the records of vault files."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import pytest
from ansible.parsing.vault import VaultSecret
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.file_store import FileStore
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.ports import SlotChange
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import (
    Current,
    Pending,
    Record,
    Superseded,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.recorded import slot_labels, slots_by_key_id
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Slot
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.cipher import Cipher

CIPHER = Cipher([("dev", VaultSecret(b"password of dev"))])
MOMENT = datetime(2026, 6, 1, 12, 0, 7, tzinfo=timezone.utc)
RECORD = Record(
    "12345678",
    2,
    3,
    Current(2, "K1", MOMENT),
    Pending(3, MOMENT, "the-pending-value", id="K2"),
    (Superseded(1, "K0", MOMENT, "the-old-value"),),
)


def write(path: Path, variable: str, record: Record) -> None:
    store = FileStore(CIPHER, lambda secret: None)
    slot = Slot(variable, str(path), variable, variable, "iam-ServiceId-1", "acc")
    store.commit([SlotChange(slot, store.load(slot), record, "the-value")])


def test_each_key_of_a_record_is_told_with_its_place_and_state(tmp_path: Path) -> None:
    first, second = tmp_path / "first.yml", tmp_path / "second.yml"
    write(first, "deploy", RECORD)
    write(second, "build", Record("87654321", 1, 1, Current(1, "K9", MOMENT)))
    write(second, "fresh", Record("87654322", 1, 2, None, Pending(2, MOMENT, "another-value")))

    assert slots_by_key_id([str(first), str(second), str(first)], CIPHER) == {
        "K0": {"file": str(first), "variable": "deploy", "state": "replaced"},
        "K1": {"file": str(first), "variable": "deploy", "state": "published"},
        "K2": {"file": str(first), "variable": "deploy", "state": "pending"},
        "K9": {"file": str(second), "variable": "build", "state": "published"},
    }


def test_a_file_without_records_has_no_slots(tmp_path: Path) -> None:
    path = tmp_path / "vars.yml"
    path.write_text("region: eu-de\n", encoding="utf-8")

    assert slots_by_key_id([str(path)], CIPHER) == {}


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TaskRefused, match="there is no vault file"):
        slots_by_key_id([str(tmp_path / "none.yml")], CIPHER)


def test_a_file_that_is_no_yaml_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "broken.yml"
    path.write_text("region: [eu-de\n", encoding="utf-8")

    with pytest.raises(TaskRefused, match="vault_files: "):
        slots_by_key_id([str(path)], CIPHER)


def test_a_record_that_cannot_be_read_is_refused_because_its_keys_would_look_like_those_of_nobody(
    tmp_path: Path,
) -> None:
    path = tmp_path / "secrets.yml"
    write(path, "deploy", replace(RECORD, pending=None))
    path.write_text(path.read_text(encoding="utf-8").replace("K1", "[]"), encoding="utf-8")

    with pytest.raises(TaskRefused, match=r"the record of deploy .* cannot be read"):
        slots_by_key_id([str(path)], CIPHER)


@pytest.mark.parametrize("text", ["[deploy]", "deploy", "5", "true", "false", "[]", '""', "0"])
def test_records_that_are_no_mapping_are_refused_and_never_taken_for_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "secrets.yml"
    path.write_text(f"cloudkeys_records: {text}\n", encoding="utf-8")

    with pytest.raises(TaskRefused, match=r"record_files: cloudkeys_records in .* is no mapping"):
        slots_by_key_id([str(path)], CIPHER, "record_files")


@pytest.mark.parametrize("text", ["", " {}", " ~"])
def test_an_empty_mapping_of_records_has_no_slots(tmp_path: Path, text: str) -> None:
    path = tmp_path / "secrets.yml"
    path.write_text(f"cloudkeys_records:{text}\n", encoding="utf-8")

    assert slots_by_key_id([str(path)], CIPHER) == {}


@pytest.mark.parametrize("name", ["5", "~", "true"])
def test_a_record_of_a_slot_that_is_called_by_no_text_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "secrets.yml"
    write(path, "deploy", RECORD)
    path.write_text(path.read_text(encoding="utf-8").replace("  deploy:", f"  {name}:"), encoding="utf-8")

    with pytest.raises(TaskRefused, match=r"the record of .* cannot be read"):
        slots_by_key_id([str(path)], CIPHER)


@pytest.mark.parametrize("is_first", [True, False])
def test_what_a_move_has_left_behind_tells_only_of_keys_that_the_new_place_does_not(
    tmp_path: Path, is_first: bool
) -> None:
    old, new = str(tmp_path / "old.yml"), str(tmp_path / "new.yml")
    write(Path(old), "deploy", replace(RECORD, moved_to="build of new.yml"))
    rotated = replace(RECORD, current=Current(3, "K2", MOMENT), pending=None)
    write(Path(new), "build", replace(rotated, superseded=(Superseded(2, "K1", MOMENT),)))

    slots = slots_by_key_id([old, new] if is_first else [new, old], CIPHER)

    assert {key_id: (each["file"], each["state"]) for key_id, each in slots.items()} == {
        "K0": (old, "replaced"),
        "K1": (new, "replaced"),
        "K2": (new, "published"),
    }


def test_a_slot_is_called_by_its_variable_and_where_two_files_have_it_by_the_file_too() -> None:
    places = {
        "1": ("/srv/host_vars/a/vault.yml", "deploy"),
        "2": ("/srv/host_vars/b/vault.yml", "deploy"),
        "3": ("/srv/host_vars/b/vault.yml", "deploy"),
        "4": ("/srv/host_vars/b/vault.yml", "backup"),
    }

    labels = slot_labels({key_id: {"file": file, "variable": variable} for key_id, (file, variable) in places.items()})

    assert list(labels.values()) == ["deploy (a/vault.yml)", "deploy (b/vault.yml)", "deploy (b/vault.yml)", "backup"]
    assert slot_labels({}) == {}
