# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A rotation to which a store, IAM or a person gives an answer that it cannot go on with: told, and no key is lost."""

from __future__ import annotations

import typing as t
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.git_errors import GitError
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.engine import Settings, rotate_slots
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.history import History, HistoryRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.rotation_task import rotate
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.same_file import first_spellings
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Orders, Place
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import VaultFileError
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.git.remote import BRANCH, Remote
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import (
    DAY_SECONDS,
    Effects,
    MemoryStore,
    Scene,
)
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.test_git_store import (
    MOMENT,
    OWN,
    SLOT,
    opening,
)
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.test_rotation_task import (
    options,
    run,
    slot,
)


def test_a_branch_that_cannot_be_fetched_any_more_fails_all_slots_and_touches_no_key() -> None:
    scene = Scene()
    scene.run()
    scene.pass_time(91 * DAY_SECONDS)
    scene.emulator.requests.clear()

    class Unreachable(MemoryStore):
        times = 0

        def refresh(self) -> None:
            self.times += 1
            if self.times > 1:
                raise GitError("the repository cannot be read")

    ports = scene.ports(Effects(), Unreachable(scene.store, Effects()))
    slots = [scene.slot, scene.make_slot("other")]
    outcomes = rotate_slots(slots, ports, Orders(), Settings(), check_mode=False, unforeseen=repr)

    assert [each.failure for each in outcomes] == ["the repository cannot be read"] * 2
    assert scene.writes() == []
    assert scene.works(scene.value)


def test_a_value_that_came_to_the_old_place_after_a_move_stops_the_slot_and_stays() -> None:
    """It may be the only copy of a working key."""
    scene = Scene()
    scene.run()
    old = scene.store.records["deploy"]
    scene.slot = replace(scene.slot, variable="new_deploy", moved_from=Place("secrets.yml", "deploy"))
    scene.run()
    moved = replace(old, moved_to=Place("secrets.yml", "new_deploy"))
    scene.store.records["deploy"], scene.store.values["deploy"] = moved, "of a person"
    scene.store.stamp += 1

    (outcome,) = scene.run()

    assert "that variable holds another value since" in (outcome.failure or "")
    assert scene.store.values["deploy"] == "of a person"


def test_the_history_that_cannot_be_kept_in_the_end_is_told_and_the_run_is_red() -> None:
    class Refusing(History):
        def flush(self) -> None:
            raise HistoryRefused("the history is not in Git: refused")

    scene = Scene()
    history = Refusing(t.cast(t.Any, None), "history", now=lambda: MOMENT, scrub=str)
    ports = replace(scene.ports(Effects()), history=history)

    result = rotate(options(slot()), ports, check_mode=False, unforeseen=str)

    assert result["failed"]
    assert "the history is not in Git: refused" in result["msg"]
    assert scene.works(scene.value)


def test_whether_there_is_a_key_to_go_back_to_may_not_be_told() -> None:
    scene = Scene()
    run(scene, slot())
    unknown = "ApiKey-00000000-0000-4000-8000-000000000000"
    scene.emulator.faults.add([{"kind": "status", "status": 403, "times": 99, "path": f"/v1/apikeys/{unknown}"}])

    result = run(scene, slot(), rollback_to_ids=[unknown])

    assert result["failed"]
    assert "whether there is such a key cannot be told: " in result["msg"]
    assert scene.works(scene.value)


def test_a_place_that_leads_through_a_date_is_refused() -> None:
    scene = Scene()

    with pytest.raises(TaskRefused, match="leads through a key that is a date; rename that key"):
        run(scene, slot(variable=["keys", date(2026, 1, 1), "value"]))

    assert scene.keys() == {}


def test_a_copy_that_others_overwrite_without_end_is_told_by_its_branch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote = Remote(tmp_path / "remote.git")
    source = replace(SLOT, copies=(Place("copy.yml", "copied"),))
    with opening(remote) as opened:
        opened.store.load(source)
        remote.never_rests(tmp_path / "pushes")
        with pytest.raises(VaultFileError, match="others keep pushing to"):
            opened.store.copy(source, "the-value", OWN)
        assert "copy.yml" not in remote.git("ls-tree", "--name-only", BRANCH)


def test_a_file_below_a_folder_that_nobody_finds_is_known_by_its_path() -> None:
    def finds_nothing(_path: str) -> t.NoReturn:
        raise FileNotFoundError

    paths = ["/gone/secrets.yml", "/gone/other.yml"]

    assert first_spellings([*paths, paths[0]], finds_nothing) == {path: path for path in paths}
