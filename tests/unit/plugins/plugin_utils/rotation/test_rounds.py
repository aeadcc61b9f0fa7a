# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Many slots move together."""

from __future__ import annotations

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.engine import Settings, rotate_slots
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.loaded import Loaded
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.outcome import SlotOutcome
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Orders, Slot
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import (
    DAY_SECONDS,
    Effects,
    EmulatorClock,
    MemoryStore,
    Scene,
)

NAMES = [f"slot{number:02}" for number in range(12)]


def run(scene: Scene, *, concurrency: int) -> tuple[list[SlotOutcome], Effects]:
    effects = Effects()
    scene.emulator.change_settings(keys_per_identity=99)
    slots = [scene.make_slot(name, overlap_hours=0, soak_hours=0, keys_per_identity=99) for name in NAMES]
    ports = scene.ports(effects)
    return rotate_slots(slots, ports, Orders(), Settings(concurrency), check_mode=False, unforeseen=repr), effects


@pytest.mark.parametrize("concurrency", [1, 8])
def test_all_slots_rotate_with_one_commit_and_one_list_a_round(concurrency: int) -> None:
    scene = Scene()
    run(scene, concurrency=concurrency)
    scene.pass_time(91 * DAY_SECONDS)

    outcomes, effects = run(scene, concurrency=concurrency)

    assert [(outcome.slot.name, outcome.failure) for outcome in outcomes] == [(name, None) for name in NAMES]
    assert {outcome.taken for outcome in outcomes} == {("intend", "publish", "disable", "delete")}
    assert effects.done.count("commit") == 5
    assert effects.done.count("GET /v1/apikeys") == 5
    assert effects.done.count("POST /v1/apikeys") == len(NAMES)
    assert {key.key_value for key in scene.keys().values()} == set(scene.store.values.values())


class StoreWithEvents(MemoryStore):
    """Remembers the order in which it was used."""

    events: list[str]

    def refresh(self) -> None:
        self.events.append("refresh")

    def load(self, slot: Slot) -> Loaded:
        self.events.append("load")
        return super().load(slot)


def test_the_store_is_refreshed_once_before_the_records_of_each_round_are_read() -> None:
    scene, effects = Scene(), Effects()
    store = StoreWithEvents(scene.store, effects)
    store.events = []
    slots = [scene.make_slot(name) for name in NAMES[:3]]

    rotate_slots(slots, scene.ports(effects, store), Orders(), Settings(), check_mode=False, unforeseen=repr)

    rounds = " ".join(store.events).split("refresh")[1:]
    assert {each.split().count("load") for each in rounds} == {3}
    # One to see what is published by the slots, then one for each list of the keys.
    assert len(rounds) == 1 + effects.done.count("GET /v1/apikeys")


def test_settling_is_waited_for_once_by_all_slots_together() -> None:
    scene = Scene()
    started = scene.emulator.clock.now()

    run(scene, concurrency=1)

    assert scene.emulator.clock.now() - started < 10


class SlowClock(EmulatorClock):
    """Each look at it takes a while, as a log-in does."""

    def monotonic(self) -> float:
        self.sleep(0.2)
        return super().monotonic()


def test_slots_that_log_in_one_after_the_other_still_settle_and_publish_together() -> None:
    scene, effects = Scene(), Effects()
    scene.emulator.change_settings(keys_per_identity=99)
    slots = [scene.make_slot(name, keys_per_identity=99) for name in NAMES]
    ports = scene.ports(effects)
    ports.client.clock = SlowClock(scene.emulator)

    rotate_slots(slots, ports, Orders(), Settings(1), check_mode=False, unforeseen=repr)

    # Announced, and published.
    assert effects.done.count("commit") == 2


def test_a_slot_that_fails_with_something_unforeseen_stops_no_other() -> None:
    scene = Scene()
    run(scene, concurrency=1)
    scene.store.records["slot03"] = object()  # type: ignore[assignment]  # a defect, planted
    scene.pass_time(91 * DAY_SECONDS)

    outcomes, _effects = run(scene, concurrency=1)

    assert [outcome.slot.name for outcome in outcomes if outcome.failure] == ["slot03"]
    assert "AttributeError" in (outcomes[3].failure or "")
    assert sum(outcome.changed for outcome in outcomes) == len(NAMES) - 1


def test_each_slot_tells_the_references_of_its_own_changes() -> None:
    scene = Scene()

    outcomes, _effects = run(scene, concurrency=8)

    told = [reference for outcome in outcomes for reference in outcome.transaction_ids]
    assert len(told) == len(set(told)) == 2 * len(NAMES)


def test_one_log_in_serves_all_workers() -> None:
    scene = Scene()

    _outcomes, effects = run(scene, concurrency=8)

    proofs = 2 * len(NAMES)
    assert effects.done.count("POST /identity/token") == 1 + proofs
