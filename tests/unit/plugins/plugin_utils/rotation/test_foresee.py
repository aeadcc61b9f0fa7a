# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Check mode shows the record as the run that follows writes it first."""

from __future__ import annotations

import itertools
import json
import typing as t
from dataclasses import replace

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.foresee import NOT_DRAWN_YET
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import Record, describe_record
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Place
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.step_table import STEPS
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.view import ActName
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import (
    DAY_SECONDS,
    HOUR_SECONDS,
    Effects,
    Killed,
    Scene,
)

Orders = dict[str, t.Any]


def prepared(step: str) -> tuple[Scene, Orders]:
    """A scene whose next step is this one, and what the run is asked for."""
    scene = Scene()
    if step == "intend":
        return scene, {}
    scene.run()
    if step == "unpublish":
        scene.slot = replace(scene.slot, is_wanted=False)
        return scene, {}
    if step == "mark_leaked":
        return scene, {"compromised_ids": frozenset(scene.record.known_ids)}
    if step == "retire_found":
        found = scene.visitor.create_key(name="older", iam_id=scene.owner["iam_id"])
        scene.slot = replace(scene.slot, retire_ids=frozenset({found["id"]}))
        return scene, {}
    if step == "note_hand_over":
        scene.slot = replace(scene.slot, has_hand_over=True)
        return scene, {"handed_over_ids": frozenset(scene.record.known_ids)}
    return _in_a_rotation(scene, step)


def _in_a_rotation(scene: Scene, step: str) -> tuple[Scene, Orders]:
    scene.pass_time(91 * DAY_SECONDS)
    if step in {"create", "publish", "withdraw"}:
        with pytest.raises(Killed):
            scene.run(effects=Effects(kill_on="POST /v1/apikeys", kill_after_effect=step != "create"))
        scene.pass_time(600)
        new_ids = {key_id for key_id, key in scene.keys().items() if key.name == "deploy (next)"}
        return scene, {"withdraw_ids": frozenset(new_ids)} if step == "withdraw" else {}
    scene.run()
    (old,) = scene.record.superseded
    if step == "roll_back":
        return scene, {"rollback_to_ids": frozenset({old.id})}
    scene.pass_time(4 * DAY_SECONDS)
    if step == "delete":
        scene.run()
        scene.pass_time(8 * DAY_SECONDS)
    return scene, {}


def shape(record: Record | None) -> t.Any:
    """The record without values, times and the numbers that are drawn."""
    return _without_times({**describe_record(record), "slot_id": None, "revision": None} if record else None)


def _without_times(data: t.Any) -> t.Any:
    if isinstance(data, dict):
        return {name: bool(value) if name.endswith("_at") else _without_times(value) for name, value in data.items()}
    return [_without_times(entry) for entry in data] if isinstance(data, list) else data


STEPS_WITH_A_WRITE = {
    *("intend", "create", "publish", "withdraw", "mark_leaked", "note_hand_over", "disable", "delete", "retire_found"),
    *("unpublish", "roll_back"),
}


@pytest.mark.parametrize("step", sorted(STEPS_WITH_A_WRITE))
def test_check_mode_shows_what_the_run_writes_first(step: str) -> None:
    scene, orders = prepared(step)
    (checked,) = scene.run(check_mode=True, **orders)
    with pytest.raises(Killed):
        scene.run(effects=Effects(kill_on="commit", kill_after_effect=True), **orders)

    first = checked.foreseen[0]
    assert checked.step.name == first.step.name == step
    # What is announced, or, of a step that announces nothing, what it concludes.
    shown = first.record if first.announced == checked.before else first.announced
    assert shape(shown) == shape(scene.record)
    # Every commit counts the revision on; one that writes nothing else would announce nothing.
    assert shown is not None
    assert replace(shown, revision=0) != (checked.before and replace(checked.before, revision=0))


@pytest.mark.parametrize("step", sorted(STEPS_WITH_A_WRITE))
def test_check_mode_shows_the_way_that_the_run_takes(step: str) -> None:
    scene, orders = prepared(step)
    (checked,) = scene.run(check_mode=True, **orders)
    (outcome,) = scene.run(**orders)

    way = list(itertools.takewhile(lambda each: not each.step.rests, checked.foreseen))
    rest = checked.foreseen[len(way)]
    told = [each.step.name for each in way if STEPS[t.cast(ActName, each.step.name)].changes]
    assert told == list(outcome.taken)
    assert rest.step.name == outcome.step.name
    assert (rest.record and rest.record.revision) == (outcome.after and outcome.after.revision)
    assert shape_without_ids(rest.record) == shape_without_ids(outcome.after)


def shape_without_ids(record: Record | None) -> t.Any:
    """A key that is yet to be made has no id."""
    last = record.last_generation if record else None

    def without_new_id(data: dict[str, t.Any]) -> dict[str, t.Any]:
        return {**data, "id": None} if data.get("generation") == last else data

    return json.loads(json.dumps(shape(record)), object_hook=without_new_id)


def test_the_whole_way_of_a_key_that_is_due_is_foreseen_with_its_dates() -> None:
    scene = Scene()
    scene.run()
    scene.pass_time(91 * DAY_SECONDS)

    (checked,) = scene.run(check_mode=True)

    names = [each.step.name for each in checked.foreseen]
    assert names == ["intend", "publish", "overlap", "disable", "soak", "delete", "idle"]
    days = [round((each.at - checked.foreseen[0].at).total_seconds() / DAY_SECONDS, 1) for each in checked.foreseen]
    assert days == [0, 0, 0, 3, 3, 10, 10]
    assert scene.record == checked.before


@pytest.mark.parametrize(
    "words",
    [
        {"locked": True},
        {"copies": (Place("other.yml", "copy"),)},
        {"key_source": "iam"},
        {"use_marker": False},
        {"expires_in_days": 200, "description": "by us"},
    ],
    ids=lambda words: next(iter(words)),
)
def test_the_way_of_every_kind_of_slot_is_foreseen(words: dict[str, t.Any]) -> None:
    scene = Scene(overlap_hours=0, soak_hours=0, quiet_hours=0, **words)
    scene.run()
    scene.pass_time(91 * DAY_SECONDS)
    (checked,) = scene.run(check_mode=True)

    (outcome,) = scene.run()

    names = [each.step.name for each in checked.foreseen]
    assert names == ["intend", "publish", "disable", "delete", "idle"]
    assert names == [*outcome.taken, outcome.step.name]


def test_check_mode_asks_what_the_first_step_would_ask() -> None:
    scene = Scene()
    scene.run()
    scene.pass_time(91 * DAY_SECONDS)
    scene.store.values["deploy"] = scene.visitor.create_key(name="other", iam_id=scene.owner["iam_id"])["apikey"]

    (checked,) = scene.run(check_mode=True)

    assert "somebody edited one of them" in (checked.failure or "")


def test_check_mode_tries_whether_the_record_could_be_written() -> None:
    scene = Scene()
    scene.store.why_not_writable = "secrets.yml cannot be written"

    (checked,) = scene.run(check_mode=True)

    assert checked.failure == "secrets.yml cannot be written"


def test_every_date_that_is_foreseen_comes_true() -> None:
    scene = Scene()
    scene.run()
    scene.pass_time(91 * DAY_SECONDS)
    (checked,) = scene.run(check_mode=True)
    start = scene.emulator.clock.now()
    came_true = []

    for each in checked.foreseen:
        if each.step.rests and each.step.next_at:
            (outcome,) = scene.run()
            came_true.append(outcome.step.name)
            scene.pass_time(
                (each.step.next_at - checked.foreseen[0].at).total_seconds() + start + 120 - scene.emulator.clock.now()
            )

    assert came_true == ["overlap", "soak", "idle"]


def test_a_slot_that_ends_leaves_no_record() -> None:
    scene = Scene(overlap_hours=0, soak_hours=0, quiet_hours=0)
    scene.run()
    scene.slot = replace(scene.slot, is_wanted=False)
    with pytest.raises(Killed):
        scene.run(effects=Effects(kill_on="commit", kill_on_skips=4))

    (checked,) = scene.run(check_mode=True)

    assert [each.step.name for each in checked.foreseen] == ["drop_record", "gone"]
    assert (checked.before is None, checked.foreseen[-1].record) == (False, None)


def test_what_rests_shows_no_difference() -> None:
    scene = Scene()
    scene.run()

    (checked,) = scene.run(check_mode=True)

    assert [each.record for each in checked.foreseen] == [checked.before]


def test_the_id_of_a_slot_that_does_not_exist_yet_is_not_invented() -> None:
    (checked,) = Scene().run(check_mode=True)

    assert {each.record.slot_id for each in checked.foreseen if each.record} == {NOT_DRAWN_YET}


def steps_of(scene: Scene, **orders: t.Any) -> list[str]:
    (outcome,) = scene.run(check_mode=True, **orders)
    return [each.step.name for each in itertools.takewhile(lambda each: not each.step.rests, outcome.foreseen)]


@pytest.mark.parametrize("hours", [0, 1], ids=["may still land", "has landed"])
def test_the_way_back_to_a_disabled_key_is_foreseen_as_it_goes(hours: int) -> None:
    scene = Scene()
    scene.run()
    old_id = scene.published_id
    scene.pass_time(91 * DAY_SECONDS)
    scene.run()
    scene.pass_time(73 * HOUR_SECONDS)
    assert scene.run()[0].taken == ("disable",)
    scene.pass_time(hours * HOUR_SECONDS)
    orders = {"rollback_to_ids": frozenset({old_id})}

    foreseen = steps_of(scene, **orders)

    assert ("enable" in foreseen, foreseen[-1]) == (True, "roll_back")
    # It is announced, waited for, and carried out; a run counts that as one step.
    told = list(dict.fromkeys(name for name in foreseen if name != "wait"))
    assert told == list(scene.run(**orders)[0].taken)


@pytest.mark.parametrize("key_name", ["deploy", "of another name"])
def test_the_adopting_of_a_key_is_foreseen_whether_or_not_its_name_tells_it(key_name: str) -> None:
    scene = Scene(on_missing_record="adopt")
    made = scene.visitor.create_key(name=key_name, iam_id=scene.owner["iam_id"])
    scene.store.values["deploy"] = made["apikey"]

    assert steps_of(scene)[0] == "adopt"
    assert scene.run()[0].taken[0] == "adopt"
