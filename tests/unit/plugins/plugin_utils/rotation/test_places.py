# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How much a run begins: places under the limit of keys, one rotation of a slot, and failures that are enough."""

from __future__ import annotations

import typing as t
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.engine import Settings, rotate_slots
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.outcome import SlotOutcome
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Orders, Slot
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import (
    DAY_SECONDS,
    START,
    Effects,
    Killed,
    Scene,
)

AT_ONCE = {"overlap_hours": 0.0, "soak_hours": 0.0, "quiet_hours": 0.0}


def crowd(number: int, *, others: int = 0, **words: t.Any) -> tuple[Scene, list[Slot]]:
    """That many slots of one owner, each with a key, and other keys of that owner."""
    scene = Scene()
    slots = [scene.make_slot(f"slot{index}", **words) for index in range(number)]
    for each in scene.run(*slots):
        assert each.failure is None
    for _other in range(others):
        scene.visitor.create_key(name="other", iam_id=scene.owner["iam_id"])
    return scene, slots


def steps(outcomes: t.Iterable[SlotOutcome]) -> list[str]:
    return [outcome.step.name for outcome in outcomes]


# ---- places


def test_an_operator_whose_keys_fill_all_places_but_one_gets_all_of_them_rotated() -> None:
    scene, slots = crowd(19)
    first_ids = set(scene.keys())
    scene.pass_time(80 * DAY_SECONDS)
    told_later = 0
    for _day in range(220):
        scene.pass_time(DAY_SECONDS)
        outcomes = scene.run(*slots)
        assert [outcome.failure for outcome in outcomes] == [None] * 19
        assert len(scene.keys()) <= 20
        for outcome in outcomes:
            if outcome.step.name == "later":
                told_later += 1
                assert outcome.step.next_at is not None
        if not first_ids & set(scene.keys()):
            break

    assert not first_ids & set(scene.keys())
    assert told_later


def test_the_place_that_is_free_goes_to_the_most_urgent_and_the_others_learn_when() -> None:
    scene, slots = crowd(3, others=16)
    scene.keys()[published_id(scene, slots[1])].created_at -= timedelta(days=5).total_seconds()
    scene.pass_time(91 * DAY_SECONDS)
    now = datetime.fromtimestamp(START, timezone.utc) + timedelta(days=91)
    scene.emulator.requests.clear()

    outcomes = scene.run(*slots)

    assert steps(outcomes) == ["later", "overlap", "later"]
    assert [outcome.failure for outcome in outcomes] == [None] * 3
    assert scene.writes().count("POST /v1/apikeys") == 1
    for outcome in (outcomes[0], outcomes[2]):
        assert outcome.step.next_at is not None
        assert timedelta(0) <= outcome.step.next_at - now - timedelta(days=10) < timedelta(minutes=10)
    assert {scene.store.records[slot.variable].last_generation for slot in (slots[0], slots[2])} == {1}


def test_check_mode_hands_the_places_out_as_the_run_does() -> None:
    scene, slots = crowd(3, others=16)
    scene.pass_time(91 * DAY_SECONDS)

    assert steps(scene.run(*slots, check_mode=True)) == ["intend", "later", "later"]


def test_a_key_that_expired_comes_before_one_that_is_old() -> None:
    scene, slots = crowd(2, others=17)
    scene.keys()[published_id(scene, slots[1])].expires_at = START + 90 * DAY_SECONDS
    scene.pass_time(91 * DAY_SECONDS)

    assert steps(scene.run(*slots)) == ["later", "overlap"]


def test_no_place_that_gets_free_by_itself_is_a_failure() -> None:
    scene, slots = crowd(1, others=19)
    scene.pass_time(91 * DAY_SECONDS)

    (outcome,) = scene.run(*slots)

    assert "None gets free by itself" in (outcome.failure or "")
    assert scene.store.records["slot0"].last_generation == 1


def test_owners_have_places_of_their_own() -> None:
    scene, slots = crowd(1, others=19)
    other = scene.visitor.create_service_id(name="other", account_id=scene.emulator.seed.account_id)
    elsewhere = replace(scene.make_slot("elsewhere"), iam_id=other["iam_id"])
    scene.pass_time(91 * DAY_SECONDS)

    outcomes = scene.run(*slots, elsewhere)

    assert [bool(outcome.failure) for outcome in outcomes] == [True, False]


def test_a_leaked_key_without_a_place_makes_one() -> None:
    scene, slots = crowd(1, others=19)
    leaked_id, leaked_value = published_id(scene, slots[0]), scene.store.values["slot0"]

    (outcome,) = scene.run(*slots, compromised_ids=frozenset({leaked_id}))

    assert outcome.failure is None
    assert outcome.taken[:5] == ("mark_leaked", "disable_leaked", "make_place", "intend", "publish")
    assert "deleted before there was a successor" in outcome.warnings[0]
    assert leaked_id not in set(scene.keys())
    assert not scene.works(leaked_value)
    assert scene.works(scene.store.values["slot0"])
    assert leaked_id not in scene.store.records["slot0"].known_ids


def test_a_leaked_key_makes_a_place_though_its_neighbours_have_looked_before() -> None:
    scene, slots = crowd(20)
    leaked_id = published_id(scene, slots[7])

    outcomes = scene.run(*slots, compromised_ids=frozenset({leaked_id}))

    assert [outcome.failure for outcome in outcomes] == [None] * 20
    assert scene.works(scene.store.values["slot7"])
    assert leaked_id not in set(scene.keys())


def test_a_leaked_key_that_is_to_be_replaced_first_makes_no_place() -> None:
    scene, slots = crowd(1, others=19)
    leaked_id = published_id(scene, slots[0])

    (outcome,) = scene.run(*slots, compromised_ids=frozenset({leaked_id}), leak_response="replace_first")

    assert "None gets free" in (outcome.failure or "")
    assert scene.works(scene.store.values["slot0"])


def test_a_leaked_key_that_the_run_logs_in_with_is_not_deleted_to_make_a_place() -> None:
    scene, slots = crowd(1, others=19)
    value = scene.store.values["slot0"]

    (outcome,) = scene.run(*slots, api_key=value, compromised_ids=frozenset({published_id(scene, slots[0])}))

    assert "has no place for its successor" in (outcome.failure or "")
    assert scene.works(value)


def test_leaked_keys_do_not_wait_for_a_batch() -> None:
    scene, slots = crowd(4)
    leaked = {slot: scene.store.values[slot.variable] for slot in slots}
    ports = scene.ports(Effects())
    ids = frozenset(published_id(scene, slot) for slot in slots)

    outcomes = rotate_slots(
        slots, ports, Orders(compromised_ids=ids), Settings(1, batch_size=1), check_mode=False, unforeseen=str
    )

    assert [outcome.failure for outcome in outcomes] == [None] * 4
    assert not any(scene.works(value) for value in leaked.values())
    assert all(scene.works(scene.store.values[slot.variable]) for slot in slots)


def test_a_key_of_the_owner_before_frees_a_place_of_that_owner() -> None:
    scene, slots = crowd(2, others=18)
    for key_id, key in list(scene.keys().items()):
        if key.name == "other" and len(scene.keys()) > 20 - 1:
            scene.visitor.ask("DELETE", f"/v1/apikeys/{key_id}")
    other = scene.visitor.create_service_id(name="other", account_id=scene.emulator.seed.account_id)
    changed = replace(slots[0], iam_id=other["iam_id"])
    assert scene.run(changed)[0].failure is None
    scene.visitor.create_key(name="other", iam_id=scene.owner["iam_id"])
    scene.pass_time(91 * DAY_SECONDS)

    _first, second = scene.run(replace(changed, policy=replace(changed.policy, overlap_hours=2400.0)), slots[1])

    assert (second.step.name, second.failure) == ("later", None)


def published_id(scene: Scene, slot: Slot) -> str:
    current = scene.store.records[slot.variable].current
    assert current is not None
    return current.id


# ---- once a run


def test_a_run_replaces_a_key_once_whatever_makes_it_due_again() -> None:
    scene = Scene(**AT_ONCE, rotate_if_older_than=datetime(2099, 1, 1, tzinfo=timezone.utc))
    scene.run()
    first = scene.record.last_generation

    (outcome,) = scene.run()

    assert scene.record.last_generation == first + 1
    assert (outcome.step.name, outcome.failure) == ("later", None)
    assert "once" in outcome.step.reason


def ids_of_two(scene: Scene) -> tuple[str, str]:
    scene.run()
    scene.pass_time(91 * DAY_SECONDS)
    scene.run()
    return scene.record.superseded[0].id, scene.published_id


def test_an_order_to_go_back_is_carried_out_once_though_it_stays_in_a_variable() -> None:
    scene = Scene()
    old_id, new_id = ids_of_two(scene)
    order = {"rollback_to_ids": frozenset({old_id})}

    scene.run(**order)
    assert scene.published_id == old_id
    for _run in range(92):
        scene.pass_time(DAY_SECONDS)
        (outcome,) = scene.run(**order)
    assert scene.record.last_generation == 3
    newest = scene.published_id
    assert newest not in (old_id, new_id)

    for _run in range(3):
        scene.pass_time(DAY_SECONDS)
        (outcome,) = scene.run(**order)
        assert scene.published_id == newest
        assert "was carried out" in outcome.warnings[0]


def test_an_order_that_stood_too_long_may_be_given_anew_after_a_run_without_it() -> None:
    scene = Scene(overlap_hours=24 * 20)
    old_id, _new_id = ids_of_two(scene)
    order = {"rollback_to_ids": frozenset({old_id})}
    scene.run(**order)
    for _run in range(115):
        scene.pass_time(DAY_SECONDS)
        scene.run(**order)
    assert scene.published_id != old_id

    assert scene.run()[0].taken == ("forget_order",)
    (outcome,) = scene.run(**order)

    assert outcome.failure is None
    assert scene.published_id == old_id


def test_an_order_that_is_given_anew_leads_back_once_more() -> None:
    scene = Scene()
    old_id, _new_id = ids_of_two(scene)

    scene.run(rollback_to_ids=frozenset({old_id}))
    while scene.published_id == old_id:
        scene.pass_time(DAY_SECONDS)
        scene.run()
    scene.run(rollback_to_ids=frozenset({old_id}))

    assert scene.published_id == old_id


def test_two_ways_back_of_one_slot_are_refused() -> None:
    scene = Scene(overlap_hours=24 * 120)
    old_id, new_id = ids_of_two(scene)

    (outcome,) = scene.run(rollback_to_ids=frozenset({old_id, new_id}))

    assert "two keys of this slot" in (outcome.failure or "")
    assert scene.published_id == new_id


def test_a_way_back_to_a_key_that_is_due_again_is_one_step() -> None:
    scene = Scene(overlap_hours=24 * 120, expires_in_days=None)
    old_id, _new_id = ids_of_two(scene)
    scene.slot = replace(
        scene.slot,
        policy=replace(
            scene.slot.policy, overlap_hours=0.0, rotate_if_older_than=datetime(2099, 1, 1, tzinfo=timezone.utc)
        ),
    )

    (outcome,) = scene.run(rollback_to_ids=frozenset({old_id}))

    assert scene.published_id == old_id
    assert outcome.taken.count("roll_back") == 1
    assert "intend" not in outcome.taken


# ---- enough failures


def run_of(scene: Scene, slots: list[Slot], settings: Settings) -> list[SlotOutcome]:
    ports = scene.ports(Effects())
    return rotate_slots(slots, ports, Orders(), settings, check_mode=False, unforeseen=str)


def creates(scene: Scene) -> int:
    return scene.writes().count("POST /v1/apikeys")


@pytest.mark.parametrize("allowed", [1, 2, 5])
def test_no_more_rotations_are_under_way_than_may_fail(allowed: int) -> None:
    scene = Scene()
    slots = [scene.make_slot(f"slot{index}") for index in range(12)]
    scene.emulator.faults.add([{"kind": "status", "status": 403, "method": "POST", "path": "/v1/apikeys", "times": 99}])

    outcomes = run_of(scene, slots, Settings(concurrency=1, stop_after_failures=allowed))

    assert creates(scene) == allowed
    assert steps(outcomes).count("later") == 12 - allowed
    assert sum(1 for outcome in outcomes if outcome.failure) == allowed


def test_when_none_fails_all_come_through() -> None:
    scene = Scene()
    slots = [scene.make_slot(f"slot{index}") for index in range(7)]

    outcomes = run_of(scene, slots, Settings(concurrency=1, stop_after_failures=2))

    assert steps(outcomes) == ["idle"] * 7
    assert creates(scene) == 7


def test_a_slot_that_is_refused_before_it_begins_gives_its_place_back() -> None:
    scene, slots = crowd(2)
    scene.store.values["slot0"] = scene.store.values["slot1"]
    scene.pass_time(91 * DAY_SECONDS)

    outcomes = run_of(scene, slots, Settings(concurrency=1, batch_size=1))

    assert outcomes[0].failure
    assert steps(outcomes)[1] == "overlap"


def test_a_limit_that_is_lower_than_the_slot_says_is_told_by_the_option() -> None:
    scene, slots = crowd(1, others=19, keys_per_identity=25)
    scene.pass_time(91 * DAY_SECONDS)

    (outcome,) = scene.run(*slots)

    assert "keys_per_identity says 25" in (outcome.failure or "")
    assert scene.works(scene.store.values["slot0"])


def test_an_announcement_of_another_run_is_looked_at_before_its_lease_is_over() -> None:
    scene = Scene()
    with pytest.raises(Killed):
        scene.run(effects=Effects(kill_on="POST /v1/apikeys", kill_after_effect=False))

    scene.run()

    assert [line.split("waiting ")[1].split()[0] for line in scene.told if "waiting" in line][:2] == ["3", "12"]
