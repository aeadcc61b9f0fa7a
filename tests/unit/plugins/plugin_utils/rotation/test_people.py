# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""People edit variables, copies and descriptions while a rotation is under way: nothing of theirs is given up."""

from __future__ import annotations

import copy
import typing as t
from dataclasses import replace

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import Superseded
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Place
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import (
    DAY_SECONDS,
    Effects,
    Killed,
    Scene,
)
from iam_emulator import Visitor

# ---- a value that a person put into the variable


def of_the_owner(scene: Scene) -> str:
    return str(scene.visitor.create_key(name="theirs", iam_id=scene.owner["iam_id"])["apikey"])


def of_a_user(scene: Scene) -> str:
    return str(scene.visitor.create_key(name="theirs")["apikey"])


def of_another_account(scene: Scene) -> str:
    return scene.emulator.add_account().api_key


def disabled_elsewhere(scene: Scene) -> str:
    seed = scene.emulator.add_account()
    there = Visitor(scene.emulator, seed.api_key)
    made = there.create_key(name="theirs", iam_id=seed.iam_id)
    there.ask("POST", f"/v1/apikeys/{made['id']}/disable")
    return str(made["apikey"])


THEIRS = [of_the_owner, of_a_user, of_another_account, disabled_elsewhere]
each_value = pytest.mark.parametrize("theirs", THEIRS, ids=lambda make: make.__name__)


def staged_first_key() -> Scene:
    scene = Scene()
    scene.run(until="staged")
    return scene


def staged_successor() -> Scene:
    scene = Scene()
    scene.run()
    scene.pass_time(91 * DAY_SECONDS)
    scene.run(until="staged")
    return scene


def due() -> Scene:
    scene = Scene()
    scene.run()
    scene.pass_time(91 * DAY_SECONDS)
    return scene


def in_overlap() -> Scene:
    scene = due()
    scene.run()
    return scene


def not_wanted() -> Scene:
    scene = Scene()
    scene.run()
    scene.slot = replace(scene.slot, is_wanted=False)
    return scene


def stopped_by(scene: Scene, theirs: str, **orders: t.Any) -> None:
    """A run and a check mode leave their value alone, and the keys and the record with it; both say so."""
    scene.store.values["deploy"], scene.store.stamp = theirs, scene.store.stamp + 1
    before = copy.deepcopy((scene.store.records, scene.store.values))
    keys = {key_id: (key.disabled, key.name) for key_id, key in scene.keys().items()}
    for check_mode in (True, False):
        (outcome,) = scene.run(check_mode=check_mode, **orders)
        assert "deploy" in (outcome.failure or "")
        assert theirs not in (outcome.failure or "")
        assert not outcome.changed
    assert (scene.store.records, scene.store.values) == before
    assert {key_id: (key.disabled, key.name) for key_id, key in scene.keys().items()} == keys


@each_value
@pytest.mark.parametrize(
    "scene_of", [staged_first_key, staged_successor, due, not_wanted], ids=lambda make: make.__name__
)
def test_a_value_that_works_is_not_overwritten(
    scene_of: t.Callable[[], Scene], theirs: t.Callable[[Scene], str]
) -> None:
    scene = scene_of()

    stopped_by(scene, theirs(scene))


@each_value
def test_a_way_back_does_not_lead_over_a_value_of_somebody_s(theirs: t.Callable[[Scene], str]) -> None:
    scene = in_overlap()
    (old,) = scene.record.superseded

    stopped_by(scene, theirs(scene), rollback_to_ids=frozenset({old.id}))


@each_value
def test_verifying_stops_at_a_value_of_somebody_s(theirs: t.Callable[[Scene], str]) -> None:
    scene = Scene()
    scene.run()
    scene.pass_time(DAY_SECONDS)

    stopped_by(scene, theirs(scene), verify_values=True)


def test_a_value_that_comes_while_the_new_key_is_proven_is_not_overwritten() -> None:
    scene = due()
    theirs, effects = of_the_owner(scene), Effects()

    def somebody_writes() -> None:
        if "POST /identity/token" in effects.done[-1:] and "POST /v1/apikeys" in effects.done:
            scene.store.values["deploy"], scene.store.stamp = theirs, scene.store.stamp + 1
            effects.watch = lambda: None

    effects.watch = somebody_writes
    (outcome,) = scene.run(effects=effects)

    assert "deploy" in (outcome.failure or "")
    assert scene.value == theirs


def test_the_value_of_a_way_back_has_to_be_that_key_s() -> None:
    scene = in_overlap()
    (old,) = scene.record.superseded
    wrong = replace(old, key_value=of_the_owner(scene))
    scene.store.records["deploy"] = replace(scene.record, superseded=(wrong,))
    value = scene.value

    (outcome,) = scene.run(rollback_to_ids=frozenset({old.id}))

    assert "value that is on record for it" in (outcome.failure or "")
    assert scene.value == value


def test_once_the_value_is_back_the_run_goes_on() -> None:
    scene = staged_successor()
    ours = scene.value
    stopped_by(scene, of_the_owner(scene))
    assert ours is not None
    scene.store.values["deploy"] = ours

    (outcome,) = scene.run()

    assert outcome.failure is None
    assert "publish" in outcome.taken


# ---- copies


def with_a_copy(theirs: str) -> Scene:
    scene = Scene()
    scene.slot = replace(scene.slot, copies=(Place("other.yml", "copied"),))
    scene.store.values["copied"] = theirs
    return scene


def test_the_first_write_of_a_copy_overwrites_nothing() -> None:
    scene = with_a_copy("a password of somebody's")

    (outcome,) = scene.run()

    assert "copied of other.yml" in (outcome.failure or "")
    assert scene.store.values["copied"] == "a password of somebody's"
    assert scene.works(scene.value)


def test_a_copy_that_somebody_changed_is_not_taken_away_with_its_slot() -> None:
    scene = Scene()
    scene.slot = replace(scene.slot, copies=(Place("other.yml", "copied"),))
    scene.run()
    scene.store.values["copied"] = "a password of somebody's"
    scene.slot = replace(scene.slot, is_wanted=False)

    (outcome,) = scene.run()

    assert outcome.failure
    assert scene.store.values["copied"] == "a password of somebody's"


def test_a_foreign_copy_is_in_no_leak_s_way() -> None:
    scene = Scene()
    scene.slot = replace(scene.slot, copies=(Place("other.yml", "copied"),))
    scene.run()
    leaked_id, leaked_value = scene.published_id, scene.value
    scene.store.values["copied"] = "a password of somebody's"

    (outcome,) = scene.run(compromised_ids=frozenset({leaked_id}))

    assert "copied" in (outcome.failure or "")
    assert not scene.works(leaked_value)
    assert scene.works(scene.value)


# ---- markers


def take_marker_away(scene: Scene, key_id: str, description: str = "") -> None:
    scene.keys()[key_id].description = description


def killed_after_the_create(**words: t.Any) -> Scene:
    scene = Scene(**words)
    scene.run()
    scene.pass_time(91 * DAY_SECONDS)
    with pytest.raises(Killed):
        scene.run(effects=Effects(kill_on="POST /v1/apikeys", kill_after_effect=True))
    return scene


def new_id(scene: Scene) -> str:
    return next(key_id for key_id, key in scene.keys().items() if key.name == "deploy (next)")


@pytest.mark.parametrize("description", ["", "reset by another tool"])
def test_a_pending_key_whose_marker_is_gone_is_found_by_its_value_and_marked_again(description: str) -> None:
    scene = killed_after_the_create()
    key_id = new_id(scene)
    take_marker_away(scene, key_id, description)

    (outcome,) = scene.run()

    assert outcome.failure is None
    assert "create" not in outcome.taken
    assert scene.published_id == key_id
    assert scene.keys()[key_id].description.startswith(description)
    assert "[cloudkeys " in scene.keys()[key_id].description


def test_markers_that_are_switched_on_halfway_are_put_on() -> None:
    scene = Scene(use_marker=False)
    scene.run(until="staged")
    scene.slot = replace(scene.slot, use_marker=True)

    (outcome,) = scene.run()

    assert outcome.failure is None
    assert "[cloudkeys " in scene.keys()[scene.published_id].description


def test_a_pending_key_with_another_s_marker_is_one_clear_stop() -> None:
    scene = killed_after_the_create()
    take_marker_away(scene, new_id(scene), "[cloudkeys 00000001/2]")

    (outcome,) = scene.run()

    assert "neither its marker nor its name" in (outcome.failure or "")
    assert len(scene.told) < 20
    assert scene.works(scene.value)


def test_a_key_whose_value_iam_chose_and_whose_marker_is_gone_is_one_clear_stop() -> None:
    scene = killed_after_the_create(key_source="iam")
    key_id = new_id(scene)
    take_marker_away(scene, key_id)
    scene.pass_time(300)

    (outcome,) = scene.run()

    assert key_id in (outcome.failure or "")
    assert key_id in set(scene.keys())
    assert outcome.taken == ()


def test_a_key_is_taken_over_with_the_marker_of_a_record_that_was_lost() -> None:
    scene = Scene(on_missing_record="adopt")
    scene.run()
    key_id, value = scene.published_id, scene.value
    scene.store.records.clear()

    assert scene.run()[0].failure is None
    (outcome,) = scene.run()

    assert (outcome.step.name, outcome.taken) == ("idle", ())
    assert (scene.published_id, scene.value) == (key_id, value)
    assert scene.record.slot_id in scene.keys()[key_id].description


def test_two_slots_do_not_take_a_key_from_each_other_for_ever() -> None:
    scene = Scene(on_missing_record="adopt")
    scene.run()
    assert scene.value is not None
    other = replace(scene.slot, name="second", variable="second", key_name="second")
    scene.store.values["second"] = scene.value

    (second,) = scene.run(other)
    assert second.failure is None
    (first,) = scene.run()

    assert "marker of another slot" in (first.failure or "")
    assert scene.run(other)[0].step.name == "idle"


def test_two_slots_that_adopted_one_key_do_not_take_it_from_each_other() -> None:
    scene = Scene(on_missing_record="adopt")
    scene.run()
    scene.store.records.clear()
    scene.run()
    other = replace(scene.slot, name="second", variable="second", key_name="second")
    scene.store.values["second"] = str(scene.value)
    scene.run(other)

    assert "marker of another slot" in (scene.run()[0].failure or "")
    assert scene.run(other)[0].step.name == "idle"


def test_one_run_does_not_adopt_the_published_key_of_another_slot() -> None:
    scene = Scene(on_missing_record="adopt")
    scene.run()
    assert scene.value is not None
    other = replace(scene.slot, name="second", variable="second", key_name="second")
    scene.store.values["second"] = scene.value

    _first, second = scene.run(scene.slot, other)

    assert "another slot of this run" in (second.failure or "")
    assert "second" not in scene.store.records


# ---- absent, and present again


def test_a_slot_that_is_wanted_again_gets_a_key_at_once() -> None:
    scene = not_wanted()
    scene.run()
    assert scene.value is None
    scene.slot = replace(scene.slot, is_wanted=True)

    (outcome,) = scene.run()

    assert outcome.taken[:2] == ("intend", "publish")
    assert scene.works(scene.value)
    assert [each.generation for each in scene.record.superseded] == [1]


# ---- names


def test_a_key_is_called_as_the_slot_says_when_that_changed_while_it_was_staged() -> None:
    scene = staged_first_key()
    scene.slot = replace(scene.slot, key_name="another name")

    scene.run()

    assert scene.keys()[scene.published_id].name == "another name"


# ---- what puts a key in order is in nobody's way


def test_a_key_that_cannot_be_put_in_order_is_replaced_when_it_is_due() -> None:
    scene = due()
    take_marker_away(scene, scene.published_id)
    scene.emulator.faults.add(
        [{"kind": "status", "status": 400, "method": "PUT", "path": f"/v1/apikeys/{scene.published_id}"}]
    )

    (outcome,) = scene.run()

    assert outcome.failure is None
    assert "publish" in outcome.taken
    assert "could not be mended" in outcome.warnings[0]


# ---- records that name what is not the slot's


def test_a_value_nobody_knows_is_not_overwritten_by_a_first_key() -> None:
    scene = staged_first_key()
    scene.store.values["deploy"], scene.store.stamp = "a password of somebody's", scene.store.stamp + 1

    (outcome,) = scene.run()

    assert "holds a value already" in (outcome.failure or "")
    assert scene.value == "a password of somebody's"


def foreign_key(scene: Scene) -> t.Any:
    return scene.visitor.create_key(name="theirs (next)", iam_id=scene.owner["iam_id"])


def test_a_key_that_somebody_put_on_record_is_not_touched() -> None:
    scene = Scene()
    scene.run()
    theirs = foreign_key(scene)
    assert scene.record.current is not None
    current = replace(scene.record.current, id=theirs["id"])
    scene.store.records["deploy"] = replace(scene.record, current=current)

    (outcome,) = scene.run()

    assert "somebody edited one of them" in (outcome.failure or "")
    assert scene.keys()[theirs["id"]].name == "theirs (next)"
    assert scene.works(scene.value)


def test_a_replaced_key_that_somebody_put_on_record_is_not_touched() -> None:
    scene = in_overlap()
    theirs = foreign_key(scene)
    (old,) = scene.record.superseded
    scene.store.records["deploy"] = replace(scene.record, superseded=(replace(old, id=theirs["id"]),))
    scene.pass_time(4 * DAY_SECONDS)

    (outcome,) = scene.run()

    assert "says so: somebody edited" in (outcome.failure or "")
    assert not scene.keys()[theirs["id"]].disabled


@pytest.mark.parametrize("value", [None, "nobody-has-this-value-of-forty-four-letters-"])
@pytest.mark.parametrize("is_rotated", [False, True])
def test_a_key_that_only_the_record_calls_replaced_is_not_touched(value: str | None, is_rotated: bool) -> None:
    scene = Scene()
    other = scene.make_slot("other")
    scene.run(scene.slot, other)
    current = scene.store.records["other"].current
    theirs = current.id if is_rotated and current else foreign_key(scene)["id"]
    assert scene.record.current is not None
    entry = Superseded(1, theirs, scene.record.current.published_at, value)
    scene.store.records["deploy"] = replace(scene.record, last_generation=2, superseded=(entry,))
    scene.pass_time(4 * DAY_SECONDS)

    (outcome,) = scene.run()

    words = "it carries the marker of another slot" if is_rotated else "says so: somebody edited"
    assert words in (outcome.failure or "")
    assert not scene.keys()[theirs].disabled


def test_a_key_with_a_copied_description_is_not_swept() -> None:
    scene = Scene()
    scene.run()
    theirs = foreign_key(scene)["id"]
    scene.keys()[theirs].name = "theirs"
    scene.keys()[theirs].description = scene.keys()[scene.published_id].description
    scene.pass_time(DAY_SECONDS)

    (outcome,) = scene.run()

    assert (outcome.failure, outcome.swept) == (None, ())
    assert theirs in set(scene.keys())


# ---- what is left when a record is lost


@pytest.mark.parametrize("has_value", [True, False])
def test_a_slot_whose_record_was_lost_is_not_gone(has_value: bool) -> None:
    scene = not_wanted()
    scene.store.records.clear()
    if not has_value:
        scene.store.values.clear()

    (outcome,) = scene.run()

    assert "has no record of this slot" in (outcome.failure or "")
    assert len(scene.keys()) == 1


def forget_the_replaced_key(scene: Scene) -> str:
    (old,) = scene.record.superseded
    scene.store.records["deploy"] = replace(scene.record, superseded=())
    return old.id


def test_a_leaked_key_that_only_its_marker_ties_to_the_slot_is_deleted() -> None:
    scene = in_overlap()
    leaked_id = forget_the_replaced_key(scene)

    (outcome,) = scene.run(compromised_ids=frozenset({leaked_id}))

    assert outcome.failure is None
    assert leaked_id not in set(scene.keys())


def test_a_key_with_the_marker_goes_with_the_slot() -> None:
    scene = Scene(overlap_hours=0.0, soak_hours=0.0, quiet_hours=0.0)
    scene.run()
    scene.slot = replace(scene.slot, policy=replace(scene.slot.policy, overlap_hours=72.0))
    scene.pass_time(91 * DAY_SECONDS)
    scene.run()
    forget_the_replaced_key(scene)
    scene.slot = replace(scene.slot, is_wanted=False, policy=replace(scene.slot.policy, overlap_hours=0.0))

    (outcome,) = scene.run()

    assert outcome.step.name == "gone"
    assert scene.keys() == {}


def test_a_pending_key_that_somebody_deleted_is_made_again_and_published_by_its_own_id() -> None:
    scene, effects = Scene(use_marker=False), Effects()

    def somebody_deletes() -> None:
        if effects.done[-1] == "POST /v1/apikeys":
            (key_id,) = scene.keys()
            scene.visitor.ask("DELETE", f"/v1/apikeys/{key_id}")
            effects.watch = lambda: None

    effects.watch = somebody_deletes
    (outcome,) = scene.run(effects=effects)

    if outcome.failure is None:
        assert scene.keys()[scene.published_id].key_value == scene.value
    else:
        scene.run()
    assert scene.keys()[scene.published_id].key_value == scene.value


@pytest.mark.parametrize("days", [1, 4, 92])
@pytest.mark.parametrize("check_mode", [True, False])
def test_a_replaced_value_that_somebody_put_back_keeps_its_key(days: int, check_mode: bool) -> None:
    scene = in_overlap()
    (old,) = scene.record.superseded
    assert old.key_value is not None
    new_value = scene.value
    scene.store.values["deploy"] = old.key_value
    scene.pass_time(days * DAY_SECONDS)

    (outcome,) = scene.run(check_mode=check_mode)

    assert "somebody put it back" in (outcome.failure or "")
    assert scene.works(old.key_value)
    assert scene.works(new_value)


def test_a_value_that_was_put_back_by_hand_is_gone_back_to_by_order() -> None:
    scene = in_overlap()
    (old,) = scene.record.superseded
    new_id = scene.published_id
    assert old.key_value is not None
    scene.store.values["deploy"] = old.key_value

    (outcome,) = scene.run(rollback_to_ids=frozenset({old.id}))

    assert outcome.failure is None
    assert scene.published_id == old.id
    assert [(each.id, each.key_value) for each in scene.record.superseded] == [(new_id, None)]


def test_a_leaked_key_goes_though_an_old_value_was_put_back() -> None:
    scene = in_overlap()
    (old,) = scene.record.superseded
    leaked_id, leaked_value = scene.published_id, scene.value
    assert old.key_value is not None
    scene.store.values["deploy"] = old.key_value

    (outcome,) = scene.run(compromised_ids=frozenset({leaked_id}))

    assert outcome.failure is None
    assert not scene.works(leaked_value)
    assert scene.works(scene.value)
    assert old.key_value in {each.key_value for each in scene.record.superseded}


def test_a_pending_value_that_is_another_s_is_given_up_after_a_while() -> None:
    scene = killed_after_the_create()
    assert scene.record.pending is not None
    wrong = replace(scene.record.pending, key_value="nobody-has-this-value-of-forty-four-letters-")
    scene.store.records["deploy"] = replace(scene.record, pending=wrong)
    scene.pass_time(2 * 3600)

    (outcome,) = scene.run()
    assert outcome.failure
    assert "untouched" in outcome.failure
    (outcome,) = scene.run()

    assert outcome.failure is None
    assert scene.works(scene.value)


def test_two_slots_with_one_record_are_refused() -> None:
    scene = Scene(overlap_hours=0.0, soak_hours=0.0, quiet_hours=0.0)
    scene.run()
    twin = replace(scene.slot, name="twin", variable="twin", key_name="twin")
    scene.store.records["twin"], scene.store.values["twin"] = scene.record, str(scene.value)
    scene.pass_time(91 * DAY_SECONDS)
    before = copy.deepcopy((scene.store.records, scene.store.values))

    for outcome in scene.run(scene.slot, twin):
        assert "one and the same record" in (outcome.failure or "")

    assert (scene.store.records, scene.store.values) == before


@pytest.mark.parametrize("is_killed", [True, False])
def test_the_copies_of_a_slot_that_is_not_wanted_go_too(is_killed: bool) -> None:
    scene = Scene()
    scene.slot = replace(scene.slot, copies=(Place("other.yml", "copied"),))
    scene.run()
    scene.slot = replace(scene.slot, is_wanted=False)
    if is_killed:
        with pytest.raises(Killed):
            scene.run(effects=Effects(kill_on="copy"))
    for _day in range(12):
        (outcome,) = scene.run()
        scene.pass_time(DAY_SECONDS)

    assert outcome.step.name == "gone"
    assert "copied" not in scene.store.values


def test_a_leaked_key_goes_though_the_published_one_was_disabled() -> None:
    scene = in_overlap()
    (old,) = scene.record.superseded
    scene.visitor.ask("POST", f"/v1/apikeys/{scene.published_id}/disable")

    (outcome,) = scene.run(compromised_ids=frozenset({old.id}))

    assert "is disabled" in (outcome.failure or "")
    assert old.id not in set(scene.keys())


def test_an_order_to_withdraw_what_is_published_is_not_passed_over() -> None:
    scene = Scene()
    scene.run()

    (outcome,) = scene.run(withdraw_ids=frozenset({scene.published_id}))

    assert "is published already" in (outcome.failure or "")


# ---- leaks, when the record or the variable was edited


def test_a_leaked_key_that_stands_on_record_only_is_not_disabled() -> None:
    scene = Scene()
    scene.run()
    theirs = foreign_key(scene)
    assert scene.record.current is not None
    current = replace(scene.record.current, id=theirs["id"], compromised=True)
    scene.store.records["deploy"] = replace(scene.record, current=current)

    (outcome,) = scene.run()

    assert "somebody edited one of them" in (outcome.failure or "")
    assert not scene.keys()[theirs["id"]].disabled


def test_a_leaked_key_that_is_not_the_one_on_record_is_not_written_down() -> None:
    scene = Scene()
    scene.run()
    leaked_id, before = scene.published_id, scene.record
    assert before.current is not None
    edited = replace(before, current=replace(before.current, id=foreign_key(scene)["id"]))
    scene.store.records["deploy"] = edited

    (outcome,) = scene.run(compromised_ids=frozenset({leaked_id}))
    assert "somebody edited one of them" in (outcome.failure or "")
    assert scene.record == edited
    scene.store.records["deploy"] = before

    assert scene.run(compromised_ids=frozenset({leaked_id}))[0].failure is None
    assert leaked_id not in set(scene.keys())


def test_a_run_is_red_while_a_leaked_key_works() -> None:
    scene, effects = Scene(), Effects()
    scene.run()
    leaked_id, leaked_value = scene.published_id, scene.value

    def somebody_takes_the_value_away() -> None:
        if scene.store.records["deploy"].last_generation == 2 and scene.published_id != leaked_id:
            scene.store.values.pop("deploy", None)
            scene.store.stamp += 1
            effects.watch = lambda: None

    effects.watch = somebody_takes_the_value_away
    (outcome,) = scene.run(effects=effects, compromised_ids=frozenset({leaked_id}), leak_response="replace_first")

    assert scene.works(leaked_value)
    assert f"{leaked_id} leaked and still works" in (outcome.failure or "")


def test_the_value_of_a_withdrawn_key_is_not_dropped_while_it_may_work() -> None:
    scene = killed_after_the_create(use_marker=False)
    pending_value = scene.record.pending.key_value if scene.record.pending else None
    scene.pass_time(300)

    (outcome,) = scene.run(effects=Effects(hidden_from_lookups=True), withdraw_ids=frozenset())

    assert outcome.failure
    assert scene.works(pending_value)
    assert scene.record.pending is not None


def test_an_owner_that_was_deleted_is_told_by_name() -> None:
    scene = Scene()
    scene.run()
    scene.visitor.ask("DELETE", f"/v1/serviceids/{scene.owner['id']}")

    (outcome,) = scene.run()

    assert f"no list of the keys of {scene.owner['iam_id']}" in (outcome.failure or "")


@pytest.mark.parametrize("is_former", [False, True])
def test_an_owner_whose_list_breaks_off_is_not_told_as_deleted(is_former: bool) -> None:
    scene = Scene()
    scene.emulator.change_settings(keys_per_identity=300)
    scene.run()
    for number in range(120):
        scene.visitor.create_key(name=f"key {number}", iam_id=scene.owner["iam_id"])
    if is_former:
        now = scene.visitor.create_service_id(name="new", account_id=scene.emulator.seed.account_id)
        scene.slot = replace(scene.slot, iam_id=now["iam_id"])
    page = {"method": "GET", "path": "/v1/apikeys$", "skip": 2 if is_former else 1, "times": 9}
    scene.emulator.faults.add([{"kind": "status", "status": 400, **page}])
    value, record = scene.value, scene.record

    (outcome,) = scene.run()

    assert "the pages before this one were given" in (outcome.failure or "")
    assert "it was deleted" not in (outcome.failure or "")
    assert (scene.value, scene.record) == (value, record)


def test_an_adopted_key_that_lost_its_value_is_retired_with_the_marker_that_it_came_with() -> None:
    scene = Scene(on_missing_record="adopt", overlap_hours=0.0, soak_hours=0.0, quiet_hours=0.0)
    scene.run()
    old_id = scene.published_id
    scene.store.records.clear()
    with pytest.raises(Killed):
        scene.run(effects=Effects(kill_on="commit", kill_after_effect=True))
    scene.store.values.clear()

    (outcome,) = scene.run()

    assert outcome.failure is None
    assert old_id not in set(scene.keys())


def test_a_pending_key_that_somebody_renamed_is_published_under_its_own_name() -> None:
    scene = Scene(locked=True)
    scene.run()
    scene.pass_time(91 * DAY_SECONDS)
    (staged,) = scene.run(until="staged")
    key = scene.keys()[staged.pending_id or ""]
    key.name = "renamed by hand"

    (outcome,) = scene.run()

    assert (outcome.failure, outcome.warnings) == (None, ())
    assert (scene.published_id, key.name, key.locked) == (key.id, "deploy", True)


def test_a_published_key_that_somebody_renamed_keeps_that_name() -> None:
    scene = Scene()
    scene.run()
    scene.keys()[scene.published_id].name = "renamed by hand"

    (outcome,) = scene.run()

    assert (outcome.failure, outcome.step.name) == (None, "idle")
    assert scene.keys()[scene.published_id].name == "renamed by hand"


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("which", ["of this run", "marked", "marked and pending"])
def test_a_key_of_another_slot_is_not_retired_by_its_id(which: str, check_mode: bool) -> None:
    scene = Scene()
    other = scene.make_slot("other", use_marker=which != "of this run")
    scene.run(scene.slot, other)
    theirs = scene.store.records["other"].current
    assert theirs is not None
    named_id = theirs.id
    if which == "marked and pending":
        scene.pass_time(91 * DAY_SECONDS)
        (staged,) = scene.run(other, until="staged")
        named_id = staged.pending_id or ""
    slots = [replace(scene.slot, retire_ids=frozenset({named_id}))] + ([other] if which == "of this run" else [])
    scene.emulator.requests.clear()

    outcome = scene.run(*slots, check_mode=check_mode)[0]

    assert f"`retire_ids` names {named_id}" in (outcome.failure or "")
    assert [name for name in scene.writes() if named_id in name] == []
    assert not scene.keys()[named_id].disabled


def test_a_key_that_the_user_named_is_not_retired_once_it_is_another_slot_s() -> None:
    scene = Scene(overlap_hours=72)
    scene.run()
    found = foreign_key(scene)
    slot = replace(scene.slot, retire_ids=frozenset({found["id"]}))
    scene.run(slot)
    take_marker_away(scene, found["id"], "[cloudkeys 00000001/2]")
    scene.pass_time(80 * DAY_SECONDS / 10)

    (outcome,) = scene.run(slot)

    assert "it carries the marker of another slot, [cloudkeys 00000001/2]" in (outcome.failure or "")
    assert not scene.keys()[found["id"]].disabled
