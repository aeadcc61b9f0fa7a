# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Two runs over the same slot at the same time: at most one publishes a generation, and both end cleanly."""

from __future__ import annotations

import contextlib
import typing as t
from dataclasses import replace
from datetime import timedelta

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.engine import Settings, rotate_slots
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.outcome import SlotOutcome
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import Pending, Record
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Orders, SlotStopped
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import (
    DAY_SECONDS,
    Effects,
    Killed,
    Scene,
)


@pytest.mark.parametrize("turn", range(5))
def test_a_second_run_in_the_middle_of_the_first_leaves_one_key_that_works(turn: int) -> None:
    scene = Scene(overlap_hours=0, soak_hours=0)
    scene.run()
    scene.pass_time(91 * DAY_SECONDS)
    seconds: list[SlotOutcome] = []
    commits = 0

    def run_another() -> None:
        nonlocal commits
        commits += 1
        if commits == turn + 1:
            effects = scene.store.effects
            scene.store.before_commit = lambda: None
            seconds.extend(scene.run())
            scene.store.effects = effects

    scene.store.before_commit = run_another
    (first,) = scene.run()

    assert (first.failure, [second.failure for second in seconds]) == (None, [None])
    assert [key.key_value for key in scene.keys().values()] == [scene.value]
    assert scene.record.last_generation == 2


@pytest.mark.parametrize("locked", [False, True], ids=["unlocked", "locked"])
def test_two_runs_that_put_the_same_published_key_right_both_end_well(locked: bool) -> None:
    scene = Scene()
    scene.slot = replace(scene.slot, locked=locked)
    scene.run()
    scene.pass_time(91 * DAY_SECONDS)
    seconds: list[SlotOutcome] = []
    effects = Effects()

    def come_between() -> None:
        # The first run has published the key and is about to give it its name.
        is_about_to = effects.done[-1].startswith("commit") and scene.record.pending is None
        if is_about_to and scene.record.last_generation == 2 and not seconds:
            seconds.extend(scene.run())

    effects.watch = come_between
    (first,) = scene.run(effects=effects)

    assert (first.failure, [second.failure for second in seconds]) == (None, [None])
    assert (first.warnings, seconds[0].warnings) == ((), ())
    assert seconds[0].taken == ("finish_publishing",)
    current = scene.record.current
    assert current
    assert (scene.keys()[current.id].name, scene.keys()[current.id].locked) == ("deploy", locked)


def test_a_published_key_that_can_never_be_put_right_is_told_and_in_nobodys_way() -> None:
    scene = Scene()
    scene.emulator.faults.add([{"kind": "status", "status": 409, "method": "PUT", "times": 99}])

    (outcome,) = scene.run()

    tries = [entry for entry in scene.emulator.requests if entry["method"] == "PUT"]
    assert "409" in outcome.warnings[0]
    assert (outcome.step.name, outcome.failure) == ("idle", None)
    assert len(tries) == 4
    assert scene.works(scene.value)


def test_a_key_that_iam_refused_and_another_run_made_since_is_published() -> None:
    scene, effects = Scene(), Effects()
    scene.emulator.faults.add([{"kind": "status", "status": 400, "method": "POST", "path": "/v1/apikeys"}])

    def another_run_makes_it() -> None:
        if "POST /v1/apikeys" in effects.done:
            scene.store.before_commit = lambda: None
            scene.pass_time(130)
            with pytest.raises(Killed):
                scene.run(effects=Effects(kill_on="POST /v1/apikeys", kill_after_effect=True))

    scene.store.before_commit = another_run_makes_it
    (outcome,) = scene.run(effects=effects)

    assert (outcome.failure, outcome.taken) == (None, ("intend", "publish"))
    assert [key.key_value for key in scene.keys().values()] == [scene.value]


def come_between(scene: Scene, load: int, **kill: t.Any) -> None:
    """Have another run, which is killed there, write after the run that follows has read a record so many times."""
    loads = 0

    def act() -> None:
        nonlocal loads
        loads += 1
        if loads == load:
            scene.store.after_load = lambda: None
            effects = scene.store.effects
            with contextlib.suppress(Killed):
                scene.run(effects=Effects(kill_after_effect=True, **kill))
            scene.store.effects = effects

    scene.store.after_load = act


@pytest.mark.parametrize("check_mode", [False, True], ids=["run", "check"])
@pytest.mark.parametrize("kill", [{"kill_on": "POST /v1/apikeys"}, {"kill_on": "commit", "kill_on_skips": 1}, {}])
@pytest.mark.parametrize("load", [1, 2])
def test_a_key_that_another_run_made_since_the_record_was_read_is_in_nobodys_way(
    load: int, kill: dict[str, t.Any], check_mode: bool
) -> None:
    scene = Scene()
    come_between(scene, load, **kill)

    (outcome,) = scene.run(check_mode=check_mode)

    assert outcome.failure is None
    assert len(scene.keys()) == 1
    assert scene.record.last_generation == 1
    assert check_mode or scene.works(scene.value)


@pytest.mark.parametrize("check_mode", [False, True], ids=["run", "check"])
@pytest.mark.parametrize("load", [1, 2])
def test_a_place_that_another_run_took_for_the_same_slot_is_not_missing(load: int, check_mode: bool) -> None:
    scene = Scene(keys_per_identity=2, overlap_hours=0, soak_hours=0)
    scene.run()
    scene.pass_time(91 * DAY_SECONDS)
    come_between(scene, load, kill_on="POST /v1/apikeys")

    (outcome,) = scene.run(check_mode=check_mode)

    assert outcome.failure is None
    assert scene.record.last_generation == 2
    assert check_mode or [key.key_value for key in scene.keys().values()] == [scene.value]


def test_a_failure_that_still_stands_when_the_record_is_read_again_is_one() -> None:
    scene = Scene()
    scene.run()
    scene.store.records.clear()
    scene.store.values.clear()
    loads = 0

    def count() -> None:
        nonlocal loads
        loads += 1

    scene.store.after_load = count
    (outcome,) = scene.run()

    assert "has no record of this slot" in str(outcome.failure)
    assert loads <= 3


@pytest.mark.parametrize("check_mode", [False, True], ids=["run", "check"])
def test_a_failure_stays_what_it_was_when_the_record_cannot_be_read_again(check_mode: bool) -> None:
    scene = Scene()
    scene.run()
    scene.store.records.clear()
    scene.store.values.clear()
    loads = 0

    def refuse() -> None:
        nonlocal loads
        loads += 1
        if loads > 2:
            raise SlotStopped("the file cannot be read")

    scene.store.before_load = refuse
    (outcome,) = scene.run(check_mode=check_mode)

    assert "has no record of this slot" in str(outcome.failure)
    assert loads > 2


@pytest.mark.parametrize("check_mode", [False, True], ids=["run", "check"])
def test_a_record_that_others_change_at_each_look_stops_the_slot_in_the_end(check_mode: bool) -> None:
    scene = Scene()
    with pytest.raises(Killed):
        scene.run(effects=Effects(kill_on="commit", kill_after_effect=True))

    def change() -> None:
        assert scene.record.pending
        assert scene.record.revision < 200
        pending = replace(scene.record.pending, started_at=scene.record.pending.started_at + timedelta(days=9))
        scene.store.records["deploy"] = replace(scene.record, pending=pending, revision=scene.record.revision + 1)

    scene.store.after_load = change
    (outcome,) = scene.run(check_mode=check_mode)

    assert ("in the future" if check_mode else "other runs keep changing") in str(outcome.failure)
    assert scene.keys() == {}


def test_what_stood_in_the_way_of_an_old_record_is_not_told_of_a_slot_that_is_put_off_now() -> None:
    scene = Scene()
    scene.run()
    scene.pass_time(91 * DAY_SECONDS)
    due = scene.record
    assert due.current
    announced = replace(due, pending=Pending(2, due.current.published_at + timedelta(days=999), "a" * 44))
    loads: list[Record] = []

    def change() -> None:
        # What is read next: the second one is the look.
        loads.append(scene.record)
        scene.store.records["deploy"] = announced if len(loads) == 1 else due

    scene.store.after_load = change
    (outcome,) = rotate_slots(
        [scene.slot],
        scene.ports(Effects()),
        Orders(),
        Settings(concurrency=1, batch_size=0),
        check_mode=False,
        unforeseen=repr,
    )

    assert loads[1] == announced
    assert (outcome.failure, outcome.step.name) == (None, "later")
