# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Check mode tries the first writes of all slots of a file together, and alone only where that is refused."""

from __future__ import annotations

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.loaded import Loaded
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.ports import SlotChange
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.preview import to_try_alone
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import SlotStopped
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import MemoryStore, Scene


def test_a_file_is_tried_once_however_many_slots_it_has() -> None:
    scene = Scene()
    slots = [scene.make_slot(f"slot{number}") for number in range(30)]
    writes = [SlotChange(slot, Loaded(), None) for slot in slots]
    calls: list[int] = []

    assert list(to_try_alone(writes, lambda *changes: calls.append(len(changes)))) == []
    assert calls == [30]


def test_writes_that_are_refused_together_are_tried_alone() -> None:
    scene = Scene()
    writes = [SlotChange(scene.make_slot(name), Loaded(), None) for name in ("one", "two")]

    def check(*_changes: SlotChange) -> None:
        raise SlotStopped("no")

    assert list(to_try_alone(writes, check)) == writes


def test_a_run_in_check_mode_asks_once_for_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene()
    slots = [scene.make_slot(f"slot{number}") for number in range(3)]
    calls: list[int] = []
    monkeypatch.setattr(MemoryStore, "check", lambda _self, *changes: calls.append(len(changes)))

    outcomes = scene.run(*slots, check_mode=True)

    assert [outcome.failure for outcome in outcomes] == [None] * 3
    assert calls == [3]
