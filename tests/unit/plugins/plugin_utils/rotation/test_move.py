# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A slot that is declared somewhere else now takes its record and its value along, whatever happens on the way."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Place, SlotStopped, check_slots
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import (
    DAY_SECONDS,
    Effects,
    Killed,
    Scene,
)

# Mark the old place, write the new one, clear the old one.
WRITES_OF_A_MOVE = 3


def moved_scene(**policy: object) -> Scene:
    """A slot with a published key, declared from now on as `new_deploy`."""
    scene = Scene(**policy)
    scene.run()
    scene.slot = replace(scene.slot, variable="new_deploy", moved_from=Place("secrets.yml", "deploy"))
    return scene


def test_record_and_value_come_along_and_the_old_place_is_cleared() -> None:
    scene = moved_scene()
    record, value = scene.store.records["deploy"], scene.store.values["deploy"]
    scene.emulator.requests.clear()

    (outcome,) = scene.run()

    assert (outcome.taken, outcome.step.name, outcome.changed) == (("move",), "idle", True)
    assert (scene.store.values, list(scene.store.records)) == ({"new_deploy": value}, ["new_deploy"])
    assert (scene.record.slot_id, scene.record.current) == (record.slot_id, record.current)
    assert scene.writes() == []


def test_a_slot_that_was_moved_already_stays_as_it_is() -> None:
    scene = moved_scene()
    scene.run()

    (outcome,) = scene.run()

    assert (outcome.taken, outcome.changed) == ((), False)


def test_check_mode_tells_the_move_and_writes_nothing() -> None:
    scene = moved_scene()

    (outcome,) = scene.run(check_mode=True)

    assert (outcome.step.name, outcome.taken) == ("move", ())
    assert list(scene.store.records) == ["deploy"]


def test_a_slot_is_moved_in_the_middle_of_a_rotation_and_goes_on() -> None:
    scene = Scene()
    scene.run()
    scene.pass_time(91 * DAY_SECONDS)
    with pytest.raises(Killed):
        scene.run(effects=Effects(kill_on="POST /v1/apikeys", kill_after_effect=True))
    scene.slot = replace(scene.slot, variable="new_deploy", moved_from=Place("secrets.yml", "deploy"))

    (outcome,) = scene.run()

    assert (outcome.taken, outcome.step.name) == (("move", "publish"), "overlap")
    assert scene.record.current
    assert scene.record.current.generation == 2
    assert scene.works(scene.value)


@pytest.mark.parametrize("after_effect", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("write", range(WRITES_OF_A_MOVE))
def test_a_move_killed_at_any_write_is_finished_by_the_next_run(write: int, after_effect: bool) -> None:
    scene = moved_scene()
    record, value = scene.store.records["deploy"], scene.store.values["deploy"]
    with pytest.raises(Killed):
        scene.run(effects=Effects(kill_on="commit", kill_on_skips=write, kill_after_effect=after_effect))
    assert value in scene.store.values.values()

    (outcome,) = scene.run()

    assert (outcome.failure, scene.store.values) == (None, {"new_deploy": value})
    assert (scene.record.current, list(scene.store.records)) == (record.current, ["new_deploy"])


@pytest.mark.parametrize("write", range(1, WRITES_OF_A_MOVE))
def test_a_run_that_still_declares_the_old_place_stops_once_the_move_has_begun(write: int) -> None:
    scene = moved_scene()
    with pytest.raises(Killed):
        scene.run(effects=Effects(kill_on="commit", kill_on_skips=write))
    scene.pass_time(91 * DAY_SECONDS)
    scene.emulator.requests.clear()

    (outcome,) = scene.run(scene.make_slot("deploy"))

    assert "moved to new_deploy of secrets.yml" in (outcome.failure or "")
    assert scene.writes() == []


def test_a_run_at_the_old_place_that_is_overtaken_by_the_move_writes_nothing_more() -> None:
    scene = Scene()
    scene.run()
    scene.pass_time(91 * DAY_SECONDS)
    mover = replace(scene.slot, variable="new_deploy", moved_from=Place("secrets.yml", "deploy"))

    def move_once() -> None:
        scene.store.before_commit = lambda: None
        scene.run(mover, until="staged")

    scene.store.before_commit = move_once
    (outcome,) = scene.run()

    # The whole move went between a look and its commit: what is left there is a slot without record and value.
    assert outcome.failure is not None
    assert list(scene.store.records) == ["new_deploy"]
    assert scene.works(scene.store.values["new_deploy"])


def test_the_old_variable_stays_when_it_is_a_copy() -> None:
    scene = moved_scene()
    scene.slot = replace(scene.slot, copies=(Place("secrets.yml", "deploy"),))

    scene.run()

    assert scene.store.values == {"deploy": scene.value, "new_deploy": scene.value}
    scene.pass_time(91 * DAY_SECONDS)
    scene.run()
    assert scene.store.values == {"deploy": scene.value, "new_deploy": scene.value}


def test_a_value_in_the_new_place_is_not_overwritten() -> None:
    scene = moved_scene()
    scene.store.values["new_deploy"] = "z" * 44

    (outcome,) = scene.run()

    assert "only copy" in (outcome.failure or "")
    assert (scene.store.values["new_deploy"], list(scene.store.records)) == ("z" * 44, ["deploy"])


def test_two_records_that_say_nothing_of_a_move_stop_the_slot() -> None:
    scene = moved_scene()
    scene.store.records["new_deploy"] = scene.store.records["deploy"]

    (outcome,) = scene.run()

    assert "both have a record" in (outcome.failure or "")
    assert list(scene.store.records) == ["deploy", "new_deploy"]


def test_a_slot_cannot_be_moved_from_where_another_one_is() -> None:
    scene = moved_scene()

    with pytest.raises(SlotStopped, match="both use the variable deploy"):
        check_slots([scene.slot, replace(scene.make_slot("other"), variable="deploy")])


@pytest.mark.parametrize("place", ["deploy", "new_deploy"])
def test_a_record_that_was_edited_in_the_middle_of_a_move_is_not_dropped(place: str) -> None:
    scene = Scene()
    scene.run()
    moved = replace(scene.slot, file="new.yml", variable="new_deploy", moved_from=Place("secrets.yml", "deploy"))
    with pytest.raises(Killed):
        scene.run(moved, effects=Effects(kill_on="commit", kill_on_skips=1, kill_after_effect=True))
    before = scene.store.records[place]
    assert before.current is not None
    edited = replace(before, current=replace(before.current, id="ApiKey-of-somebody"))
    scene.store.records[place] = edited
    scene.store.stamp += 1

    (outcome,) = scene.run(moved)

    assert "one of the two records was edited meanwhile" in (outcome.failure or "")
    assert scene.store.records[place] == edited
    scene.store.records[place] = before
    assert scene.run(moved)[0].failure is None
    assert "deploy" not in scene.store.records
