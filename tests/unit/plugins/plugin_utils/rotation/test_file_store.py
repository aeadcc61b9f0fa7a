# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Records in a real vault file."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import pytest
from ansible.parsing.vault import VaultSecret
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.file_store import FileStore
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.loaded import Loaded
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.move import move_slot
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.ports import (
    CommitLost,
    NotWritten,
    SlotChange,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import (
    Current,
    Pending,
    Record,
    Superseded,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Place, Slot, SlotStopped
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.cipher import Cipher
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.storage import Storage
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import (
    ChangedMeanwhile,
    VaultFileError,
)

MOMENT = datetime(2026, 6, 1, 12, 0, 7, tzinfo=timezone.utc)
OWN = frozenset({"old-value"})
RECORD = Record(
    "12345678",
    2,
    3,
    Current(2, "K1", MOMENT),
    Pending(3, MOMENT, "the-pending-value"),
    (Superseded(1, "K0", MOMENT, "the-old-value"),),
)


@pytest.fixture
def store() -> FileStore:
    return FileStore(Cipher([("dev", VaultSecret(b"password of dev"))]), lambda secret: None)


@pytest.fixture
def slot(tmp_path: Path) -> Slot:
    return Slot("deploy", str(tmp_path / "secrets.yml"), "deploy", "deploy", "iam-ServiceId-1", "acc")


def commit(store: FileStore, slot: Slot, loaded: Loaded, record: Record, value: str | None = None) -> Loaded:
    (answer,) = store.commit([SlotChange(slot, loaded, record, value)])
    if isinstance(answer, NotWritten):
        raise CommitLost if answer.why is None else VaultFileError(answer.why)
    return answer


def test_a_missing_file_is_an_empty_slot_and_is_made_for_the_owner_only(store: FileStore, slot: Slot) -> None:
    loaded = store.load(slot)
    assert (loaded.record, loaded.published_value) == (None, None)

    commit(store, slot, loaded, RECORD, "the-value")

    assert os.stat(slot.file).st_mode & 0o777 == 0o600
    again = store.load(slot)
    assert (again.record, again.published_value) == (RECORD, "the-value")


def test_ids_and_times_are_clear_and_no_value_is(store: FileStore, slot: Slot) -> None:
    commit(store, slot, store.load(slot), RECORD, "the-value")

    text = Path(slot.file).read_text(encoding="utf-8")

    assert "K1" in text
    assert "2026-06-01T12:00:07+0000" in text
    assert [secret for secret in ("the-value", "the-pending-value", "the-old-value") if secret in text] == []


def test_a_commit_of_what_is_no_longer_there_is_lost(store: FileStore, slot: Slot) -> None:
    loaded = store.load(slot)
    other_run = FileStore(Cipher([("dev", VaultSecret(b"password of dev"))]), lambda secret: None)
    commit(other_run, slot, other_run.load(slot), RECORD)

    with pytest.raises(CommitLost):
        commit(store, slot, loaded, replace(RECORD, revision=3), "the-value")

    assert store.load(slot).record == RECORD


@pytest.mark.parametrize("way", ["commit", "check"])
def test_a_change_that_the_file_system_does_not_tell_is_found_by_the_commit(
    store: FileStore, slot: Slot, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = commit(store, slot, store.load(slot), RECORD, "the-value")
    other = FileStore(Cipher([("dev", VaultSecret(b"password of dev"))]), lambda secret: None)
    commit(other, slot, other.load(slot), replace(RECORD, revision=9))
    monkeypatch.setattr(Storage, "seems_to_be", lambda storage, identity: True)

    assert store.load(slot).record == RECORD
    change = SlotChange(slot, loaded, replace(RECORD, revision=3), None)
    if way == "commit":
        assert isinstance(store.commit([change])[0], NotWritten)
    else:
        with pytest.raises(CommitLost):
            store.check(change)

    assert store.load(slot).record == replace(RECORD, revision=9)


def test_a_file_put_back_to_what_it_was_is_another_file(store: FileStore, slot: Slot, tmp_path: Path) -> None:
    commit(store, slot, store.load(slot), RECORD)
    loaded, content = store.load(slot), Path(slot.file).read_bytes()
    Path(slot.file).write_bytes(b"somebody: else\n")
    Path(slot.file).write_bytes(content)
    assert store.load(slot).record == loaded.record

    with pytest.raises(CommitLost):
        commit(store, slot, loaded, replace(RECORD, revision=3))


def test_a_secret_that_stays_keeps_its_cipher_text(store: FileStore, slot: Slot) -> None:
    loaded = commit(store, slot, store.load(slot), RECORD, "the-value")
    before = set(Path(slot.file).read_text(encoding="utf-8").split())

    commit(store, slot, loaded, replace(RECORD, revision=4, pending=None))

    after = Path(slot.file).read_text(encoding="utf-8").split()
    assert [word for word in after if word not in before] == ["4"]


def test_a_file_that_did_not_change_is_read_once_for_all_its_slots(
    store: FileStore, slot: Slot, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(store, slot, store.load(slot), RECORD, "the-value")
    read, reads = Storage.read, list[str]()
    monkeypatch.setattr(Storage, "read", lambda storage: (reads.append(storage.path), read(storage))[1])

    for name in ("deploy", "second", "third"):
        store.load(replace(slot, variable=name))
    assert reads == []
    Path(slot.file).write_text(Path(slot.file).read_text(encoding="utf-8") + "# a comment\n", encoding="utf-8")
    store.load(slot)

    assert reads == [slot.file]


def test_a_value_that_changes_its_place_keeps_its_cipher_text(store: FileStore, slot: Slot) -> None:
    first = replace(RECORD, pending=None, superseded=())
    commit(store, slot, store.load(slot), first, "the-value")
    pending = replace(first, pending=Pending(3, MOMENT, "the-next-value"))
    commit(store, slot, store.load(slot), pending)
    before = Path(slot.file).read_text(encoding="utf-8")

    published = replace(first, current=Current(3, "K2", MOMENT), superseded=(Superseded(2, "K1", MOMENT, "the-value"),))
    commit(store, slot, store.load(slot), published, "the-next-value")

    after = Path(slot.file).read_text(encoding="utf-8")
    assert sorted(cipher_texts(after)) == sorted(cipher_texts(before))
    assert len(set(cipher_texts(after))) == 2
    loaded = store.load(slot)
    assert loaded.record
    assert loaded.record.superseded[0].key_value == "the-value"
    assert loaded.published_value == "the-next-value"


def test_a_value_does_not_take_another_vault_id_along(slot: Slot) -> None:
    ids = [("dev", VaultSecret(b"password of dev")), ("prod", VaultSecret(b"password of prod"))]
    pending = replace(RECORD, pending=Pending(3, MOMENT, "the-next-value"), superseded=())
    under_prod = FileStore(Cipher(ids), lambda secret: None, vault_id="prod")
    commit(under_prod, slot, under_prod.load(slot), pending, "the-value")
    store = FileStore(Cipher(ids), lambda secret: None, vault_id="dev")

    commit(store, slot, store.load(slot), replace(pending, pending=None), "the-next-value")

    text = Path(slot.file).read_text(encoding="utf-8")
    assert re.findall(r"AES256;(\w+)", text) == ["dev"]
    assert store.load(slot).published_value == "the-next-value"


def cipher_texts(text: str) -> list[str]:
    return ["".join(each.split()) for each in re.findall(r"\$ANSIBLE_VAULT[^\n]*\n((?:\s+[0-9a-f]+\n)+)", text)]


def test_check_writes_nothing(store: FileStore, slot: Slot) -> None:
    store.check(SlotChange(slot, store.load(slot), RECORD))

    assert not os.path.exists(slot.file)


@pytest.mark.parametrize(
    ("content", "words"),
    [("deploy: [1, 2]\n", "not a text"), ("cloudkeys_records: {deploy: {slot_id: x}}\n", "somebody edited it")],
)
def test_a_file_that_makes_no_sense_stops_the_slot(store: FileStore, slot: Slot, content: str, words: str) -> None:
    Path(slot.file).write_text(content, encoding="utf-8")

    with pytest.raises(SlotStopped, match=words):
        store.load(slot)


def test_every_value_that_is_read_is_protected(slot: Slot) -> None:
    cipher, told = Cipher([("dev", VaultSecret(b"password of dev"))]), list[str]()
    store = FileStore(cipher, told.append)
    commit(store, slot, store.load(slot), RECORD, "the-value")

    assert store.load(slot).published_value == "the-value"

    assert set(told) == {"the-value", "the-pending-value", "the-old-value"}


def test_slots_of_one_file_are_written_together_and_one_that_is_out_of_date_is_dropped(
    store: FileStore, slot: Slot
) -> None:
    other = replace(slot, name="other", variable="other")
    old, new = store.load(slot), store.load(other)
    Path(slot.file).write_text("somebody: else\n", encoding="utf-8")
    new = store.load(other)

    dropped, written = store.commit([SlotChange(slot, old, RECORD, "a"), SlotChange(other, new, RECORD, "b")])

    assert dropped == NotWritten()
    assert isinstance(written, Loaded)
    assert (store.load(slot).published_value, store.load(other).published_value) == (None, "b")


def test_what_this_run_wrote_itself_does_not_put_its_other_slots_out_of_date(store: FileStore, slot: Slot) -> None:
    other = replace(slot, name="other", variable="other")
    first, second = store.load(slot), store.load(other)
    commit(store, slot, first, RECORD, "a")

    commit(store, other, second, RECORD, "b")

    assert (store.load(slot).published_value, store.load(other).published_value) == ("a", "b")


def test_a_copy_in_a_file_with_records_does_not_hide_what_somebody_else_wrote_there(
    store: FileStore, slot: Slot, tmp_path: Path
) -> None:
    source = replace(slot, file=str(tmp_path / "a.yml"), copies=(Place(slot.file, "copied"),))
    loaded = store.load(slot)
    other_run = FileStore(Cipher([("dev", VaultSecret(b"password of dev"))]), lambda secret: None)
    commit(other_run, slot, other_run.load(slot), RECORD)

    store.copy(source, "the-value", OWN)

    with pytest.raises(CommitLost):
        commit(store, slot, loaded, replace(RECORD, revision=99))
    assert store.load(slot).record == RECORD


def test_a_copy_that_goes_leaves_a_file_that_is_not_there_alone(store: FileStore, slot: Slot, tmp_path: Path) -> None:
    source = replace(slot, copies=(Place(str(tmp_path / "copy.yml"), "copied"),))

    store.copy(source, None, OWN)

    assert not (tmp_path / "copy.yml").exists()


@pytest.mark.parametrize(("writers", "is_written"), [(1, True), (9, False)])
def test_a_copy_that_others_write_meanwhile_is_tried_again_and_given_up(
    slot: Slot, tmp_path: Path, writers: int, is_written: bool
) -> None:
    copy = tmp_path / "copy.yml"
    copy.write_text("theirs: 0\n", encoding="utf-8")
    others = iter(range(1, writers + 1))

    class Meddling(Cipher):
        """Somebody writes the file between reading and writing it: a value is encrypted in between."""

        def seal(self, *words: object, **more: object) -> str:
            number = next(others, None)
            if number is not None:
                copy.write_text(f"theirs: {number}\n", encoding="utf-8")
            return super().seal(*words, **more)  # type: ignore[arg-type]  # as it was called

    store = FileStore(Meddling([("dev", VaultSecret(b"password of dev"))]), lambda secret: None)
    source = replace(slot, copies=(Place(str(copy), "copied"),))

    if is_written:
        store.copy(source, "the-value", OWN)
    else:
        with pytest.raises(ChangedMeanwhile):
            store.copy(source, "the-value", OWN)
    assert ("copied: !vault" in copy.read_text(encoding="utf-8")) == is_written
    assert "theirs" in copy.read_text(encoding="utf-8")


@pytest.mark.parametrize("new", ["another file", "another variable"])
def test_a_slot_moves_between_files_and_within_one(store: FileStore, slot: Slot, tmp_path: Path, new: str) -> None:
    commit(store, slot, store.load(slot), RECORD, "the-value")
    place = Place(slot.file, slot.variable)
    file = str(tmp_path / "vars" / "new.yml") if new == "another file" else slot.file
    (tmp_path / "vars").mkdir()
    moved = replace(slot, file=file, variable="new_name", moved_from=place)

    assert move_slot(store, moved, lambda loaded: None, check_mode=False)

    assert store.load(moved).record == replace(RECORD, revision=RECORD.revision + 1)
    assert store.load(moved).published_value == "the-value"
    assert (store.load(slot).record, store.load(slot).published_value) == (None, None)


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_slot_that_cannot_be_written_where_it_goes_stays_where_it_is(
    store: FileStore, slot: Slot, tmp_path: Path, check_mode: bool
) -> None:
    commit(store, slot, store.load(slot), RECORD, "the-value")
    moved = replace(slot, file=str(tmp_path / "no" / "folder.yml"), moved_from=Place(slot.file, slot.variable))

    with pytest.raises(VaultFileError):
        move_slot(store, moved, lambda loaded: None, check_mode=check_mode)

    assert (store.load(slot).record, store.load(slot).published_value) == (RECORD, "the-value")
