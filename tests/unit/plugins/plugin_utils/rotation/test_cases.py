# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The cases a user meets: keys that were there before, copies, the end of a slot, other ways to make a key."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.engine import Settings, rotate_slots
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Orders, Place
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import (
    DAY_SECONDS,
    HOUR_SECONDS,
    Effects,
    Killed,
    MemoryStore,
    Scene,
)


def with_a_key_by_hand(**words: object) -> tuple[Scene, str]:
    """A key that a person made, its value in the variable -> the scene and the key's id."""
    scene = Scene(**words)
    made = scene.visitor.create_key(name="deploy", iam_id=scene.owner["iam_id"], description="made by hand")
    scene.store.values["deploy"] = made["apikey"]
    return scene, made["id"]


# ---- keys that were there before


def test_a_key_made_by_hand_is_taken_over_and_marked() -> None:
    scene, key_id = with_a_key_by_hand(on_missing_record="adopt")

    (outcome,) = scene.run()

    (key,) = scene.keys().values()
    assert (outcome.taken, outcome.step.name) == (("adopt", "finish_publishing"), "idle")
    assert (key.id, key.description) == (key_id, f"made by hand [cloudkeys {scene.record.slot_id}/1]")
    scene.pass_time(91 * DAY_SECONDS)
    assert scene.run()[0].taken == ("intend", "publish")


def test_a_locked_key_is_taken_over_and_locked_again() -> None:
    scene, _key_id = with_a_key_by_hand(on_missing_record="adopt")
    (key,) = scene.keys().values()
    key.locked = True

    scene.run()

    assert (key.locked, "cloudkeys" in key.description) == (True, True)


@pytest.mark.parametrize(
    ("what", "words"), [("unknown", "nothing to adopt"), ("disabled", "disabled"), ("foreign", "belongs to")]
)
def test_what_cannot_be_adopted_stops_the_slot(what: str, words: str) -> None:
    scene, _key_id = with_a_key_by_hand(on_missing_record="adopt")
    (key,) = scene.keys().values()
    if what == "unknown":
        scene.store.values["deploy"] = "x" * 44
    elif what == "disabled":
        key.disabled = True
    else:
        scene.store.values["deploy"] = scene.emulator.seed.api_key
    scene.emulator.requests.clear()

    (outcome,) = scene.run()

    assert words in (outcome.failure or "")
    assert (scene.writes(), scene.store.records) == ([], {})


def test_a_found_key_is_retired_only_when_its_id_is_named_and_after_the_new_one_is_published() -> None:
    scene = Scene(on_missing_record="replace", overlap_hours=0, soak_hours=0, quiet_hours=0)
    found = scene.visitor.create_key(name="deploy", iam_id=scene.owner["iam_id"])
    scene.run()
    assert scene.works(found["apikey"])
    assert scene.works(scene.value)

    (outcome,) = scene.run(replace(scene.slot, retire_ids=frozenset({found["id"]})))

    assert outcome.taken == ("retire_found", "disable", "delete")
    assert [key.key_value for key in scene.keys().values()] == [scene.value]


# ---- records that do not add up


@pytest.mark.parametrize("is_noticed", ["when it is due", "when it is verified"])
def test_another_key_s_value_stops_the_slot_before_it_is_replaced(is_noticed: str) -> None:
    scene = Scene()
    scene.run()
    other = scene.visitor.create_key(name="other", iam_id=scene.owner["iam_id"])
    scene.store.values["deploy"] = other["apikey"]
    scene.pass_time(91 * DAY_SECONDS if is_noticed == "when it is due" else DAY_SECONDS)
    scene.emulator.requests.clear()

    (outcome,) = scene.run(verify_values=is_noticed == "when it is verified")

    assert "somebody edited" in (outcome.failure or "")
    assert scene.writes() == []


@pytest.mark.parametrize("is_noticed", ["when it is due", "when it is verified", "because it is missing"])
def test_a_lost_value_gets_a_successor_and_the_old_key_keeps_its_overlap(is_noticed: str) -> None:
    scene = Scene()
    scene.run()
    old_id, old_value = scene.record.known_ids, scene.value
    scene.store.values["deploy"] = "y" * 44
    if is_noticed == "because it is missing":
        del scene.store.values["deploy"]
    scene.pass_time(91 * DAY_SECONDS if is_noticed == "when it is due" else DAY_SECONDS)

    (outcome,) = scene.run(verify_values=is_noticed == "when it is verified")

    assert (outcome.taken, outcome.step.name) == (("intend", "publish"), "overlap")
    assert "no value that IBM Cloud knows" in outcome.warnings[0]
    assert scene.works(scene.value)
    assert scene.works(old_value)
    assert {entry.id for entry in scene.record.superseded} == old_id
    assert scene.run(verify_values=True)[0].taken == ()


@pytest.mark.parametrize("state", ["disabled", "unknown to the lookup for a while", "new"])
def test_a_value_that_does_not_log_in_for_another_reason_is_not_lost(state: str) -> None:
    scene = Scene()
    scene.run()
    if state != "new":
        scene.pass_time(DAY_SECONDS)
    (key,) = scene.keys().values()
    if state == "disabled":
        key.disabled = True
    elif state == "new":
        scene.store.values["deploy"] = "y" * 44
    effects = Effects(hidden_from_lookups=state == "unknown to the lookup for a while")

    (outcome,) = scene.run(effects=effects, verify_values=True)

    assert outcome.taken == ()
    assert list(scene.keys()) == [key.id]


def test_verifying_costs_one_lookup_a_slot_and_no_log_in_with_its_value() -> None:
    scene = Scene()
    scene.run()
    scene.pass_time(DAY_SECONDS)
    scene.emulator.requests.clear()

    scene.run(verify_values=True)

    asked = [entry["path"] for entry in scene.emulator.requests]
    assert asked == ["/identity/token", "/v1/apikeys", "/v1/apikeys/details"]


def test_there_is_no_way_back_to_a_key_whose_value_was_lost() -> None:
    scene = Scene()
    scene.run()
    (lost_id,) = scene.record.known_ids
    scene.store.values["deploy"] = "y" * 44
    scene.pass_time(91 * DAY_SECONDS)
    scene.run()
    value = scene.value

    (outcome,) = scene.run(rollback_to_ids=frozenset({lost_id}))

    assert f"no way back to {lost_id}" in (outcome.failure or "")
    assert scene.value == value


@pytest.mark.parametrize("on_missing_record", ["fail", "replace"])
def test_a_successor_without_a_record_is_a_sign_of_a_lost_record(on_missing_record: str) -> None:
    scene = Scene(on_missing_record=on_missing_record)
    scene.run(until="staged")
    scene.store.records.clear()
    (left,) = scene.keys()

    (outcome,) = scene.run()

    if on_missing_record == "fail":
        assert left in (outcome.failure or "")
        assert list(scene.keys()) == [left]
    else:
        assert outcome.step.name == "idle"
        assert left in set(scene.keys())


def test_new_keys_expire_when_they_are_told_to() -> None:
    scene = Scene(expires_in_days=120)
    scene.run()

    (key,) = scene.keys().values()
    assert key.expires_at == pytest.approx(scene.emulator.clock.now() + 120 * DAY_SECONDS, abs=120)
    scene.pass_time(89 * DAY_SECONDS)
    assert scene.run()[0].step.name == "idle"


def test_a_published_key_with_another_slot_s_marker_stops_the_slot() -> None:
    scene = Scene()
    scene.run()
    (key,) = scene.keys().values()
    key.description = "[cloudkeys 00000000/1]"

    assert "another slot" in (scene.run()[0].failure or "")


def test_a_marker_that_a_person_took_off_is_put_back() -> None:
    scene = Scene()
    scene.run()
    (key,) = scene.keys().values()
    key.description = "tidied up"

    assert scene.run()[0].taken == ("finish_publishing",)
    assert key.description == f"tidied up [cloudkeys {scene.record.slot_id}/1]"


# ---- copies, and the end of a slot


def copies_slot(scene: Scene) -> None:
    scene.slot = replace(scene.slot, copies=(Place("b.yml", "copy_b"), Place("c.yml", "copy_c")))


def test_copies_are_written_at_publish_and_mended_by_every_run() -> None:
    scene = Scene()
    copies_slot(scene)
    scene.run()
    assert scene.store.values["copy_b"] == scene.store.values["copy_c"] == scene.value
    del scene.store.values["copy_c"]

    assert scene.run()[0].taken == ("copy",)
    assert scene.store.values["copy_c"] == scene.value


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_copy_that_holds_what_somebody_else_put_there_is_left_alone(check_mode: bool) -> None:
    scene = Scene()
    copies_slot(scene)
    scene.run()
    scene.store.values["copy_c"] = "a password of somebody's"

    (outcome,) = scene.run(check_mode=check_mode)

    assert "copy_c" in (outcome.failure or "")
    assert scene.store.values["copy_c"] == "a password of somebody's"


def test_a_run_killed_between_two_copies_is_finished_before_anything_is_retired() -> None:
    scene = Scene(overlap_hours=0, soak_hours=0, quiet_hours=0)
    copies_slot(scene)
    scene.run()
    scene.pass_time(91 * DAY_SECONDS)
    effects = Effects()
    effects.watch = lambda: setattr(effects, "kill_at", len(effects.done)) if effects.done[-1] == "copy" else None
    with pytest.raises(Killed):
        scene.run(effects=effects)
    assert scene.store.values["copy_b"] != scene.store.values["copy_c"]

    (outcome,) = scene.run()

    assert outcome.taken.index("copy") < outcome.taken.index("disable")
    assert {scene.store.values[name] for name in ("deploy", "copy_b", "copy_c")} == {scene.value}


def test_a_slot_that_is_not_wanted_any_more_is_retired_and_forgotten() -> None:
    scene = Scene()
    copies_slot(scene)
    scene.run()
    value = scene.value
    ended = replace(scene.slot, is_wanted=False)

    assert scene.run(ended)[0].taken == ("unpublish",)
    assert scene.store.values == {}
    assert scene.works(value)
    scene.pass_time(72 * HOUR_SECONDS)
    assert scene.run(ended)[0].taken == ("disable",)
    scene.pass_time(168 * HOUR_SECONDS)
    assert scene.run(ended)[0].taken == ("delete", "drop_record")
    assert (scene.store.records, scene.keys()) == ({}, {})
    assert scene.run(ended)[0].changed is False


# ---- who still uses the old key


def in_use(**policy: object) -> Scene:
    scene = Scene(**policy)
    scene.run()
    old_value = scene.value
    scene.pass_time(91 * DAY_SECONDS)
    scene.run()
    scene.pass_time(72 * HOUR_SECONDS)
    scene.visitor.log_in(old_value)
    return scene


def test_an_old_key_that_is_in_use_is_disabled_with_a_warning() -> None:
    (outcome,) = in_use().run()

    assert outcome.taken == ("disable",)
    assert "still logged in" in outcome.warnings[0]


def test_an_old_key_that_is_in_use_can_be_waited_for_and_not_for_ever() -> None:
    scene = in_use(on_previous_in_use="wait", wait_at_most_days=2)
    old_value = scene.record.superseded[0].key_value

    assert scene.run()[0].step.name == "in_use"
    scene.pass_time(24 * HOUR_SECONDS)
    scene.visitor.log_in(old_value)
    assert scene.run()[0].changed is False
    scene.pass_time(25 * HOUR_SECONDS - 3600)
    scene.visitor.log_in(old_value)
    assert "somebody still uses it" in (scene.run()[0].failure or "")
    assert scene.works(old_value)
    scene.pass_time(25 * HOUR_SECONDS)
    assert scene.run()[0].taken == ("disable",)


def test_a_last_login_that_is_not_understood_stops_the_slot_and_leaves_the_key() -> None:
    scene = in_use()
    old_value = scene.record.superseded[0].key_value

    def say_it_otherwise(name: str, body: t.Any) -> None:
        if "activity" in body:
            body["activity"]["last_authn"] = "recently"

    (outcome,) = scene.run(effects=Effects(rewrite=say_it_otherwise))

    assert "`quiet_hours: 0`" in (outcome.failure or "")
    assert scene.works(old_value)


def test_an_old_key_that_is_in_use_can_be_a_failure() -> None:
    scene = in_use(on_previous_in_use="fail")

    assert "somebody still uses it" in (scene.run()[0].failure or "")


# ---- other ways to make a key


def test_without_markers_descriptions_stay_as_they_are() -> None:
    scene = Scene(overlap_hours=0, soak_hours=0, quiet_hours=0)
    scene.slot = replace(scene.slot, use_marker=False, description="ours")
    scene.run()
    scene.pass_time(91 * DAY_SECONDS)

    scene.run()

    (key,) = scene.keys().values()
    assert (key.description, key.key_value) == ("ours", scene.value)


@pytest.mark.parametrize("gap", range(20))
def test_without_markers_a_killed_run_is_finished_too(gap: int) -> None:
    scene = Scene(overlap_hours=0, soak_hours=0, quiet_hours=0)
    scene.slot = replace(scene.slot, use_marker=False)
    scene.run()
    scene.pass_time(91 * DAY_SECONDS)
    with pytest.raises(Killed):
        scene.run(effects=Effects(kill_at=gap, kill_after_effect=True))

    assert scene.run()[0].failure is None
    assert [key.key_value for key in scene.keys().values()] == [scene.value]


@pytest.mark.parametrize("after_effect", [False, True])
@pytest.mark.parametrize("gap", range(20))
def test_with_values_that_iam_chooses_a_killed_run_loses_nothing(gap: int, after_effect: bool) -> None:
    scene = Scene(overlap_hours=0, soak_hours=0, quiet_hours=0, key_source="iam")
    scene.run()
    scene.pass_time(91 * DAY_SECONDS)
    with pytest.raises(Killed):
        scene.run(effects=Effects(kill_at=gap, kill_after_effect=after_effect))
    assert scene.works(scene.value)

    (outcome,) = scene.run()

    assert outcome.failure is None
    assert [key.key_value for key in scene.keys().values()] == [scene.value]


def test_successors_inherit_what_ibm_does_when_they_leak() -> None:
    scene = Scene(overlap_hours=0, soak_hours=0, quiet_hours=0)
    scene.run()
    (key,) = scene.keys().values()
    key.action_when_leaked = "delete"
    scene.pass_time(91 * DAY_SECONDS)

    scene.run()

    assert [key.action_when_leaked for key in scene.keys().values()] == ["delete"]


def test_a_pending_key_of_iam_that_a_person_deletes_is_withdrawn_and_another_one_made() -> None:
    scene = Scene(key_source="iam")
    scene.run(until="staged")
    (key_id,) = scene.keys()
    scene.visitor.ask("DELETE", f"/v1/apikeys/{key_id}")
    scene.pass_time(HOUR_SECONDS)

    (outcome,) = scene.run()

    assert (outcome.failure, outcome.taken) == (None, ("withdraw", "intend", "publish"))
    assert [key.key_value for key in scene.keys().values()] == [scene.value]


# ---- a run begins only so much


def test_a_run_begins_so_many_rotations_at_most() -> None:
    scene = Scene()
    slots = [scene.make_slot(f"slot{number}") for number in range(5)]
    ports = scene.ports(Effects())

    outcomes = rotate_slots(slots, ports, Orders(), Settings(1, batch_size=2), check_mode=False, unforeseen=repr)

    assert [outcome.step.name for outcome in outcomes] == ["idle", "idle", "later", "later", "later"]
    assert len(scene.keys()) == 2


def test_after_so_many_failures_nothing_new_is_begun() -> None:
    scene = Scene()
    scene.visitor.create_key(name="slot0", iam_id=scene.owner["iam_id"])
    slots = [scene.make_slot(f"slot{number}") for number in range(3)]
    store = MemoryStore(scene.store, Effects())
    ports = scene.ports(Effects(), store)

    outcomes = rotate_slots(
        slots, ports, Orders(), Settings(1, stop_after_failures=0), check_mode=False, unforeseen=repr
    )

    assert [outcome.step.name for outcome in outcomes] == ["stop", "later", "later"]


def test_a_slot_that_cannot_even_be_looked_at_counts_as_a_failure_at_once() -> None:
    scene = Scene()
    slots = [scene.make_slot("one", problem="its owner is not known"), scene.make_slot("two")]
    settings = Settings(1, stop_after_failures=1)

    outcomes = rotate_slots(slots, scene.ports(Effects()), Orders(), settings, check_mode=False, unforeseen=repr)

    assert [outcome.step.name for outcome in outcomes] == ["stop", "later"]
    assert not scene.keys()


def test_a_slot_that_was_put_in_order_in_part_counts_as_changed() -> None:
    scene = Scene()
    scene.slot = replace(scene.slot, locked=True)
    scene.run()
    key_id = scene.published_id
    scene.visitor.ask("DELETE", f"/v1/apikeys/{key_id}/lock")
    scene.keys()[key_id].name = "deploy (next)"
    scene.emulator.faults.add(
        [{"kind": "status", "status": 403, "method": "POST", "path": f"/v1/apikeys/{key_id}/lock"}]
    )

    (outcome,) = scene.run()

    assert scene.keys()[key_id].name == "deploy"
    assert "could not be mended" in outcome.warnings[0]
    assert outcome.changed


def test_each_of_two_keys_that_take_the_same_step_is_told() -> None:
    scene = Scene()
    scene.run()
    found = [scene.visitor.create_key(name=name, iam_id=scene.owner["iam_id"])["id"] for name in ("one", "two")]
    scene.slot = replace(scene.slot, retire_ids=frozenset(found))

    assert scene.run()[0].taken == ("retire_found", "retire_found")
