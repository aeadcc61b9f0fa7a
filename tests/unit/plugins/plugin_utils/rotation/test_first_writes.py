# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Check mode tries the first writes of all slots of a file together, and alone only where that is refused."""

from __future__ import annotations

import typing as t
from dataclasses import replace
from pathlib import Path

import pytest
from ansible.parsing.vault import VaultSecret
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.engine import rotate_slots
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.file_store import FileStore
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.loaded import Loaded
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.ports import SlotChange
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.preview import refusals
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Orders, Slot, SlotStopped
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.cipher import Cipher
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_file import (
    Committed,
    Edit,
    Snapshot,
    VaultFile,
    VaultFileError,
)
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import (
    ONE_AT_A_TIME,
    Effects,
    MemoryStore,
    Scene,
)


def changes_of(*names: str) -> list[SlotChange]:
    scene = Scene()
    return [SlotChange(scene.make_slot(name), Loaded(), None) for name in names]


def test_a_file_is_tried_once_however_many_slots_it_has() -> None:
    calls: list[int] = []

    found = refusals(changes_of(*(f"slot{number}" for number in range(30))), lambda *all_: calls.append(len(all_)), str)

    assert (found, calls) == ({}, [30])


def test_the_slot_that_is_refused_alone_is_the_one_that_is_told_of() -> None:
    def check(*changes: SlotChange) -> None:
        if any(change.slot.variable == "two" for change in changes):
            raise SlotStopped("no")

    assert refusals(changes_of("one", "two", "three"), check, str) == {1: "no"}


def test_what_is_refused_together_only_is_told_of_all() -> None:
    def check(*changes: SlotChange) -> None:
        if len(changes) > 1:
            raise SlotStopped("not both")

    assert refusals(changes_of("one", "two"), check, str) == {0: "not both", 1: "not both"}


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_slot_whose_place_is_wrong_is_told_of_and_stops_no_other_of_its_file(
    tmp_path: Path, check_mode: bool
) -> None:
    scene = Scene()
    file = tmp_path / "vault.yml"
    file.write_text("---\nshared: &one ''\nalias: *one\n", encoding="utf-8")
    store = FileStore(Cipher([("default", VaultSecret(b"a password"))]), lambda _secret: None)
    slots = [replace(scene.make_slot(name), file=str(file)) for name in ("good", "shared")]

    ports = scene.ports(Effects(), store)
    outcomes = rotate_slots(slots, ports, Orders(), ONE_AT_A_TIME, check_mode=check_mode, unforeseen=repr)

    assert outcomes[0].failure is None
    assert "the anchor in line 2 is used by an alias" in str(outcomes[1].failure)
    assert outcomes[0].step.name == ("intend" if check_mode else "idle")
    assert ("good" in file.read_text(encoding="utf-8")) is not check_mode


def test_a_wrong_place_beside_a_file_that_somebody_changed_is_told_in_the_same_run(tmp_path: Path) -> None:
    scene, effects = Scene(), Effects()
    file = tmp_path / "vault.yml"
    file.write_text("---\nshared: &one ''\nalias: *one\n", encoding="utf-8")
    store = FileStore(Cipher([("default", VaultSecret(b"a password"))]), lambda _secret: None)
    slots = [replace(scene.make_slot(name), file=str(file)) for name in ("good", "shared")]

    def write() -> None:
        # Behind the look, and before the first announcement.
        if effects.done.count("GET /v1/apikeys") == 1 and effects.done[-1] == "GET /v1/apikeys":
            with file.open("a", encoding="utf-8") as opened:
                opened.write("# a note\n")

    effects.watch = write
    outcomes = rotate_slots(
        slots, scene.ports(effects, store), Orders(), ONE_AT_A_TIME, check_mode=False, unforeseen=repr
    )

    assert (outcomes[0].failure, outcomes[0].step.name) == (None, "idle")
    assert "the anchor in line 2 is used by an alias" in str(outcomes[1].failure)
    assert "# a note" in file.read_text(encoding="utf-8")


class CountingStore(MemoryStore):
    """How many changes it was asked about at a time."""

    asked: list[int]

    def check(self, *changes: SlotChange) -> None:
        self.asked.append(len(changes))


def test_a_run_in_check_mode_asks_once_for_a_file() -> None:
    scene = Scene()
    store = CountingStore(scene.store, scene.store.effects)
    store.asked = []
    slots = [scene.make_slot(f"slot{number}") for number in range(3)]

    ports = scene.ports(scene.store.effects, store)
    outcomes = rotate_slots(slots, ports, Orders(), ONE_AT_A_TIME, check_mode=True, unforeseen=repr)

    assert [outcome.failure for outcome in outcomes] == [None] * 3
    assert store.asked == [3]


def test_each_file_is_tried_by_itself_and_told_in_the_words_that_are_safe() -> None:
    scene = Scene()
    changes = [
        SlotChange(replace(scene.make_slot(name), file=file), Loaded(), None)
        for name, file in (("one", "a.yml"), ("two", "b.yml"), ("three", "a.yml"))
    ]

    together: list[set[str]] = []

    def check(*tried: SlotChange) -> None:
        together.append({change.slot.file for change in tried})
        if tried[0].slot.file == "b.yml":
            raise RuntimeError("a secret")

    assert refusals(changes, check, lambda _error: "safe") == {1: "safe"}
    assert together == [{"a.yml"}, {"b.yml"}, {"b.yml"}]


def test_what_is_refused_is_told_of_the_slot_that_begins_and_not_of_one_that_rests(tmp_path: Path) -> None:
    scene, file = Scene(), tmp_path / "vault.yml"
    good, shared = (replace(scene.make_slot(name), file=str(file)) for name in ("good", "shared"))

    def run(*slots: Slot, check_mode: bool) -> list[str | None]:
        store = FileStore(Cipher([("default", VaultSecret(b"a password"))]), lambda _secret: None)
        ports, settings = scene.ports(Effects(), store), ONE_AT_A_TIME
        outcomes = rotate_slots(slots, ports, Orders(), settings, check_mode=check_mode, unforeseen=repr)
        return [outcome.failure for outcome in outcomes]

    assert run(good, check_mode=False) == [None]
    with file.open("a", encoding="utf-8") as stream:
        stream.write("shared: &one ''\nalias: *one\n")

    rests, begins = run(good, shared, check_mode=True)
    assert rests is None
    assert "is used by an alias" in str(begins)


@pytest.mark.parametrize("is_other_now", [False, True])
def test_a_write_that_fails_for_all_slots_of_a_file_is_told_of_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_other_now: bool
) -> None:
    scene, write = Scene(), VaultFile.commit

    def commit(file: VaultFile, snapshot: Snapshot, edits: t.Sequence[Edit], **options: t.Any) -> Committed:
        if options.get("check_mode"):
            return write(file, snapshot, edits, **options)
        if is_other_now:
            Path(file.path).write_text("of: somebody\n", encoding="utf-8")
        raise VaultFileError("the disk is full")

    monkeypatch.setattr(VaultFile, "commit", commit)
    store = FileStore(Cipher([("default", VaultSecret(b"a password"))]), lambda _secret: None)
    slots = [replace(scene.make_slot(name), file=str(tmp_path / "vault.yml")) for name in ("one", "two")]

    ports = scene.ports(Effects(), store)
    outcomes = rotate_slots(slots, ports, Orders(), ONE_AT_A_TIME, check_mode=False, unforeseen=repr)

    assert [outcome.failure for outcome in outcomes] == ["the disk is full"] * 2
