# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A slot that fails while another run changes its record is looked at again, wherever it fails; any other is not."""

from __future__ import annotations

import typing as t
from dataclasses import replace
from pathlib import Path

import pytest
from ansible.parsing.vault import VaultSecret
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.engine import Settings, rotate_slots
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.file_store import FileStore
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.loaded import Loaded
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.outcome import SlotOutcome
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import Record
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Orders, Place, Slot, SlotStopped
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.cipher import Cipher
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import (
    DAY_SECONDS,
    Effects,
    MemoryStore,
    Scene,
)

LISTING = {"kind": "status", "status": 403, "method": "GET", "path": "^/v1/apikeys$", "times": 1}
LOOK_UP = {"kind": "status", "status": 403, "method": "GET", "path": "^/v1/apikeys/details$", "times": 1}


class RefreshedStore(MemoryStore):
    """Shows what others wrote only after a refresh, as a repository does; one refresh can fail."""

    records: dict[str, Record]
    refreshes = 0
    fails_at: int | None = None

    def refresh(self) -> None:
        self.refreshes += 1
        if self.refreshes == self.fails_at:
            raise SlotStopped("the repository does not answer")
        self.records = dict(self._disk.records)

    def load(self, slot: Slot) -> Loaded:
        return replace(super().load(slot), record=self.records.get(slot.variable))


def run_with(scene: Scene, store: MemoryStore, effects: Effects, *, check_mode: bool = False) -> SlotOutcome:
    ports = scene.ports(effects, store)
    (outcome,) = rotate_slots([scene.slot], ports, Orders(), Settings(1), check_mode=check_mode, unforeseen=repr)
    return outcome


def once(scene: Scene, is_time: t.Callable[[], bool], fault: dict[str, t.Any] | None) -> t.Callable[[], None]:
    """Have another run, and then IAM refuse something once."""
    came: list[bool] = []

    def come() -> None:
        if not came and is_time():
            came.append(True)
            effects, watch = scene.store.effects, scene.store.after_load
            scene.store.after_load = lambda: None
            scene.run()
            scene.store.effects, scene.store.after_load = effects, watch
            if fault:
                scene.emulator.faults.add([fault])

    return come


@pytest.mark.parametrize("check_mode", [False, True], ids=["run", "check"])
@pytest.mark.parametrize("is_refreshed", [False, True], ids=["file", "repository"])
def test_a_slot_that_cannot_be_listed_looks_again_if_its_record_is_another(
    check_mode: bool, is_refreshed: bool
) -> None:
    scene, loads = Scene(), [0]

    def is_second() -> bool:
        loads[0] += 1
        return loads[0] == 2

    scene.store.after_load = once(scene, is_second, LISTING)
    effects = Effects()
    store = RefreshedStore(scene.store, effects) if is_refreshed else MemoryStore(scene.store, effects)

    outcome = run_with(scene, store, effects, check_mode=check_mode)

    assert (outcome.failure, outcome.step.name) == (None, "idle")
    assert len(scene.keys()) == 1


def test_a_question_before_a_step_is_asked_again_if_the_record_is_another() -> None:
    scene = Scene(overlap_hours=0, soak_hours=0)
    scene.run()
    scene.pass_time(91 * DAY_SECONDS)
    effects = Effects()
    effects.watch = once(scene, lambda: effects.done[-1] == "GET /v1/apikeys", LOOK_UP)

    outcome = run_with(scene, MemoryStore(scene.store, effects), effects)

    assert outcome.failure is None
    assert [key.key_value for key in scene.keys().values()] == [scene.value]
    assert scene.record.last_generation == 2


@pytest.mark.parametrize("is_changed", [True, False], ids=["with another run", "alone"])
def test_an_act_that_fails_is_planned_anew_only_if_the_record_is_another_now(is_changed: bool) -> None:
    scene, effects = Scene(), Effects()
    refusal = {"kind": "status", "status": 401, "method": "POST", "path": "^/v1/apikeys$", "times": 2}

    def come() -> None:
        if effects.done[-1] == "commit" and effects.done.count("commit") == 1:
            scene.emulator.faults.add([refusal])
            record = scene.record
            scene.store.records["deploy"] = replace(record, revision=record.revision + is_changed)
            scene.store.stamp += is_changed

    effects.watch = come
    outcome = run_with(scene, MemoryStore(scene.store, effects), effects)

    assert (outcome.failure is None) == is_changed
    assert len(scene.keys()) == is_changed


class UncopiedStore(MemoryStore):
    """Refuses copies, once or always."""

    copies = 0
    changes_record = False

    def copy(self, slot: Slot, published_value: str | None, own_values: frozenset[str]) -> None:
        self.copies += 1
        if self.changes_record and self.copies > 1:
            super().copy(slot, published_value, own_values)
            return
        if self.changes_record:
            record = self._disk.records[slot.variable]
            self._disk.records[slot.variable] = replace(record, revision=record.revision + 1)
            self._disk.stamp += 1
        raise SlotStopped("the copy cannot be written")


@pytest.mark.parametrize("changes_record", [False, True], ids=["alone", "with another run"])
def test_a_copy_that_fails_is_tried_again_only_if_the_record_is_another_now(changes_record: bool) -> None:
    scene, effects = Scene(), Effects()
    scene.slot = replace(scene.slot, copies=(Place(scene.slot.file, "copied"),))
    store = UncopiedStore(scene.store, effects)
    store.changes_record = changes_record

    outcome = run_with(scene, store, effects)

    assert outcome.failure == (None if changes_record else "the copy cannot be written")
    assert store.copies == (2 if changes_record else 1)
    assert scene.record.last_generation == len(scene.keys()) == 1


def test_a_failure_stays_what_it_was_when_the_store_cannot_be_asked_again() -> None:
    scene, effects = Scene(), Effects()
    scene.emulator.faults.add([LISTING])
    store = RefreshedStore(scene.store, effects)
    # One for the published keys, one for the look.
    store.fails_at = 3

    outcome = run_with(scene, store, effects)

    assert "403" in str(outcome.failure)
    assert store.refreshes == 3


@pytest.mark.parametrize("is_once", [True, False], ids=["once", "always"])
def test_check_mode_looks_again_when_the_file_changes_before_the_trial(tmp_path: Path, is_once: bool) -> None:
    scene, effects = Scene(), Effects()
    path = tmp_path / "secrets.yml"
    path.write_text("region: eu-de\n", encoding="utf-8")
    scene.slot = replace(scene.slot, file=str(path))
    store = FileStore(Cipher([("dev", VaultSecret(b"password of dev"))]), lambda secret: None)

    def write() -> None:
        if effects.done[-1] == "GET /v1/apikeys" and not (is_once and effects.done.count("GET /v1/apikeys") > 1):
            with path.open("a", encoding="utf-8") as file:
                file.write("# a note\n")

    effects.watch = write
    ports = scene.ports(effects, store)
    (outcome,) = rotate_slots([scene.slot], ports, Orders(), Settings(1), check_mode=True, unforeseen=repr)

    assert (outcome.failure is None) == is_once
    assert is_once or "other runs keep changing" in str(outcome.failure)
    assert [each.step.name for each in outcome.foreseen][:2] == ["intend", "publish"]
    assert "cloudkeys_records" not in path.read_text(encoding="utf-8")
