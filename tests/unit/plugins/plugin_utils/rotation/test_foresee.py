# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Check mode shows the record as the run that follows writes it first."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.foresee import FORESEEN, NOT_DRAWN_YET
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import Record, describe_record
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import (
    DAY_SECONDS,
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
    if step == "flag":
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


@pytest.mark.parametrize("step", sorted(FORESEEN.keys() - {"forget"}))
def test_check_mode_shows_what_the_run_writes_first(step: str) -> None:
    scene, orders = prepared(step)
    (checked,) = scene.run(check_mode=True, **orders)
    with pytest.raises(Killed):
        scene.run(effects=Effects(kill_on="commit", kill_after_effect=True), **orders)

    assert checked.step.name == step
    assert shape(checked.foreseen) == shape(scene.record)
    assert checked.foreseen != checked.before


def test_a_slot_that_ends_leaves_no_record() -> None:
    scene = Scene(overlap_hours=0, soak_hours=0, quiet_hours=0)
    scene.run()
    scene.slot = replace(scene.slot, is_wanted=False)
    with pytest.raises(Killed):
        scene.run(effects=Effects(kill_on="commit", kill_on_skips=4))

    (checked,) = scene.run(check_mode=True)

    assert (checked.step.name, checked.before is None, checked.foreseen) == ("forget", False, None)


def test_what_rests_shows_no_difference() -> None:
    scene = Scene()
    scene.run()

    (checked,) = scene.run(check_mode=True)

    assert checked.foreseen == checked.before


def test_the_id_of_a_slot_that_does_not_exist_yet_is_not_invented() -> None:
    (checked,) = Scene().run(check_mode=True)

    assert checked.foreseen
    assert checked.foreseen.slot_id == NOT_DRAWN_YET
