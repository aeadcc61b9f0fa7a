# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A run for leaked keys does what the leak asks for, and nothing else, however much is due."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Place
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import (
    DAY_SECONDS,
    Effects,
    Killed,
    Scene,
)


def leak(*ids: str, **more: t.Any) -> dict[str, t.Any]:
    return {"compromised_ids": frozenset(ids), "only_leaked": True, **more}


def test_a_slot_without_a_leaked_key_is_left_alone_though_it_is_due() -> None:
    scene = Scene()
    scene.run()
    other = scene.make_slot("other")
    scene.run(other)
    scene.pass_time(200 * DAY_SECONDS)
    before = (scene.store.values["other"], scene.store.records["other"])
    leaked = scene.published_id

    mine, its = scene.run(scene.slot, other, **leak(leaked))

    assert mine.taken == ("mark_leaked", "disable_leaked", "intend", "publish", "delete")
    assert (its.step.name, its.taken, its.failure) == ("idle", (), None)
    assert (scene.store.values["other"], scene.store.records["other"]) == before


@pytest.mark.parametrize("state", ["no record", "overlap over", "staged", "left over", "not wanted", "retire_ids"])
def test_nothing_is_due_in_such_a_run(state: str) -> None:
    scene = Scene()
    slot = scene.slot
    if state != "no record":
        scene.run()
        scene.pass_time(91 * DAY_SECONDS)
    if state == "overlap over":
        scene.run()
        scene.pass_time(30 * DAY_SECONDS)
    if state == "staged":
        scene.run(until="staged")
    if state == "left over":
        marker = f"[cloudkeys {scene.record.slot_id}/1]"
        scene.visitor.create_key(name="deploy", iam_id=scene.owner["iam_id"], description=marker)
        scene.pass_time(2 * DAY_SECONDS)
    if state == "not wanted":
        slot = replace(slot, is_wanted=False)
    if state == "retire_ids":
        found = scene.visitor.create_key(name="found", iam_id=scene.owner["iam_id"])
        slot = replace(slot, retire_ids=frozenset({found["id"]}))
    keys, values, records = set(scene.keys()), dict(scene.store.values), dict(scene.store.records)
    scene.emulator.requests.clear()

    (outcome,) = scene.run(slot, **leak("ApiKey-of-somebody-else"))

    assert (outcome.step.name, outcome.taken, outcome.swept, outcome.failure) == ("idle", (), (), None)
    assert (set(scene.keys()), scene.store.values, scene.store.records) == (keys, values, records)
    assert scene.writes() == []


def test_of_a_slot_whose_leak_is_closed_it_is_not_said_that_no_key_of_it_leaked() -> None:
    scene = Scene()
    scene.run()
    leaked = scene.published_id
    scene.run(**leak(leaked))

    (outcome,) = scene.run(**leak(leaked))

    assert (outcome.step.name, outcome.taken) == ("idle", ())
    assert outcome.step.reason == "it has no key that leaked, or none any more, so it is left alone"


def test_a_leaked_key_of_a_slot_that_is_not_wanted_gets_no_successor() -> None:
    scene = Scene()
    scene.run()
    leaked = scene.published_id

    (outcome,) = scene.run(replace(scene.slot, is_wanted=False), **leak(leaked))

    assert (outcome.failure, outcome.taken[-1]) == (None, "delete")
    assert (scene.keys(), scene.store.values) == ({}, {})


def test_a_leaked_key_that_somebody_deleted_meanwhile_is_replaced() -> None:
    scene = Scene()
    scene.run()
    leaked, value = scene.published_id, scene.value
    with pytest.raises(Killed):
        scene.run(**leak(leaked), effects=Effects(kill_on="commit", kill_after_effect=True))
    scene.pass_time(600)
    scene.visitor.ask("DELETE", f"/v1/apikeys/{leaked}")

    (outcome,) = scene.run(**leak(leaked))

    assert (outcome.failure, scene.works(scene.value), scene.value != value) == (None, True, True)


def test_copies_and_hand_overs_of_other_slots_wait_for_their_own_run() -> None:
    scene = Scene()
    slot = replace(scene.slot, copies=(Place("copy.yml", "copy"),), has_hand_over=True)
    scene.run()

    (outcome,) = scene.run(slot, **leak("ApiKey-of-somebody-else"))

    assert (outcome.step.name, outcome.taken) == ("idle", ())
    assert "copy" not in scene.store.values


def test_a_replaced_key_that_leaked_goes_and_the_others_keep_their_overlap() -> None:
    scene = Scene(overlap_hours=24 * 30)
    scene.run()
    first = scene.published_id
    scene.pass_time(91 * DAY_SECONDS)
    scene.run()
    second = scene.published_id
    scene.run(compromised_ids=frozenset(), rollback_to_ids=frozenset())
    scene.pass_time(5 * DAY_SECONDS)

    (outcome,) = scene.run(**leak(first))

    assert outcome.taken == ("mark_leaked", "delete")
    assert (scene.published_id, first in set(scene.keys())) == (second, False)


def test_a_successor_that_leaked_on_its_way_is_withdrawn_and_no_other_made() -> None:
    scene = Scene()
    scene.run()
    published = scene.published_id
    scene.pass_time(91 * DAY_SECONDS)
    (staged,) = scene.run(until="staged")

    (outcome,) = scene.run(**leak(str(staged.pending_id)))

    assert outcome.taken == ("withdraw",)
    assert (scene.published_id, list(scene.keys())) == (published, [published])


def test_copies_and_the_hand_over_of_the_new_key_go_with_it() -> None:
    scene = Scene()
    slot = replace(scene.slot, copies=(Place("copy.yml", "copy"),), has_hand_over=True)
    scene.run(slot)
    scene.run(slot, handed_over_ids=frozenset({scene.published_id}))
    leaked, value = scene.published_id, scene.value

    (outcome,) = scene.run(slot, **leak(leaked, until="published"))

    assert outcome.step.name == "hand_over"
    assert leaked not in set(scene.keys())
    assert value != scene.value
    (noted,) = scene.run(slot, **leak(leaked, handed_over_ids=frozenset({scene.published_id})))
    assert noted.taken == ("note_hand_over",)
    assert scene.record.current is not None
    assert scene.record.current.handed_over_at is not None


@pytest.mark.parametrize("response", ["disable_first", "replace_first"])
def test_killed_anywhere_and_run_again_the_leak_is_closed(response: str) -> None:
    stop = 0
    while True:
        scene = Scene()
        slot = replace(scene.slot, copies=(Place("copy.yml", "copy"),))
        scene.run(slot)
        leaked, value = scene.published_id, scene.value
        try:
            scene.run(slot, effects=Effects(stop), **leak(leaked, leak_response=response))
            break
        except Killed:
            pass
        scene.pass_time(600)
        (outcome,) = scene.run(slot, **leak(leaked, leak_response=response))
        assert outcome.failure is None
        assert leaked not in set(scene.keys())
        assert not scene.works(value)
        assert scene.works(scene.value)
        assert scene.store.values.get("copy") in (None, scene.value)
        stop += 1
    assert stop > 5


def test_check_mode_tells_the_same_way() -> None:
    scene = Scene()
    scene.run()
    other = scene.make_slot("other")
    scene.run(other)
    scene.pass_time(200 * DAY_SECONDS)

    mine, its = scene.run(scene.slot, other, check_mode=True, **leak(scene.published_id))

    assert [each.step.name for each in mine.foreseen][:2] == ["mark_leaked", "disable_leaked"]
    assert its.step.name == "idle"


def test_a_slot_that_was_declared_elsewhere_is_moved_only_if_its_key_leaked() -> None:
    scene = Scene()
    scene.run()
    moved = replace(scene.slot, variable="new", name="new", moved_from=Place("secrets.yml", "deploy"))
    scene.run(moved, **leak("ApiKey-of-somebody-else"))
    assert "new" not in scene.store.values

    (outcome,) = scene.run(moved, **leak(scene.published_id))

    assert outcome.taken[0] == "move"
    assert scene.works(scene.store.values["new"])
