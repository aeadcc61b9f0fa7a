# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Replicas that lag, people who touch the keys of a slot meanwhile, and disks that are slow at the wrong moment."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Place
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.view import require
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import (
    DAY_SECONDS,
    HOUR_SECONDS,
    Effects,
    Killed,
    Scene,
)


def scene_with_a_due_key(**words: t.Any) -> Scene:
    scene = Scene(**words)
    scene.run()
    scene.pass_time(91 * DAY_SECONDS)
    return scene


def lock(scene: Scene, key_id: str) -> None:
    scene.visitor.ask("POST", f"/v1/apikeys/{key_id}/lock")


# ---- replicas that lag


def test_a_new_key_that_stays_unknown_is_left_for_the_next_run_and_the_old_one_untouched() -> None:
    scene = scene_with_a_due_key()
    old_value = scene.value
    scene.emulator.change_settings(unknown_reads=10_000)

    (outcome,) = scene.run()

    assert "still unknown to IBM Cloud" in (outcome.failure or "")
    assert scene.value == old_value
    assert scene.works(old_value)
    assert scene.record.pending is not None


def test_a_new_key_that_cannot_be_found_by_its_value_is_not_published() -> None:
    scene = Scene()

    def keep_the_value(name: str, body: t.Any) -> None:
        if name == "POST /v1/apikeys":
            del body["apikey"]

    (outcome,) = scene.run(effects=Effects(hidden_from_lookups=True, rewrite=keep_the_value))

    assert "cannot be found by its value" in (outcome.failure or "")
    assert scene.value is None


def test_a_disabled_key_is_not_taken_for_a_lost_value() -> None:
    scene = Scene()
    scene.run()
    scene.visitor.ask("POST", f"/v1/apikeys/{scene.published_id}/disable")

    (outcome,) = scene.run(effects=Effects(hidden_from_lookups=True), verify_values=True)

    assert outcome.warnings == ()
    assert len(scene.keys()) == 1


# ---- people who touch the keys


def test_a_key_that_a_person_unlocked_is_locked_again_and_nothing_else_is_sent() -> None:
    scene = Scene(locked=True)
    scene.run()
    scene.visitor.ask("DELETE", f"/v1/apikeys/{scene.published_id}/lock")
    scene.emulator.requests.clear()

    (outcome,) = scene.run()

    assert outcome.taken == ("finish_publishing",)
    assert scene.writes() == [f"POST /v1/apikeys/{scene.published_id}/lock"]


def test_a_leaked_key_that_is_locked_is_disabled_and_replaced_all_the_same() -> None:
    scene = Scene(locked=True)
    scene.run()
    leaked_id, leaked_value = scene.published_id, scene.value

    (outcome,) = scene.run(compromised_ids=frozenset({leaked_id}))

    assert (outcome.failure, outcome.taken) == (None, ("mark_leaked", "disable_leaked", "intend", "publish", "delete"))
    assert not scene.works(leaked_value)
    assert list(scene.keys()) == [scene.published_id]


def test_an_old_key_that_a_person_locked_is_disabled_and_deleted_when_its_time_has_come() -> None:
    scene = scene_with_a_due_key()
    old_id = scene.published_id
    scene.run()
    lock(scene, old_id)
    scene.pass_time(73 * HOUR_SECONDS)

    assert scene.run()[0].taken == ("disable",)
    assert scene.keys()[old_id].disabled

    lock(scene, old_id)
    scene.pass_time(169 * HOUR_SECONDS)

    assert scene.run()[0].taken == ("delete",)
    assert list(scene.keys()) == [scene.published_id]


def test_a_disabled_key_that_a_person_locked_can_be_gone_back_to() -> None:
    scene = scene_with_a_due_key()
    old_id, old_value = scene.published_id, scene.value
    scene.run()
    scene.pass_time(73 * HOUR_SECONDS)
    scene.run()
    lock(scene, old_id)

    (outcome,) = scene.run(rollback_to_ids=frozenset({old_id}))

    assert (outcome.failure, scene.value) == (None, old_value)
    assert scene.works(old_value)


def test_an_old_key_that_a_person_deleted_is_forgotten() -> None:
    scene = scene_with_a_due_key()
    old_id = scene.published_id
    scene.run()
    scene.visitor.ask("DELETE", f"/v1/apikeys/{old_id}")

    (outcome,) = scene.run()

    assert outcome.taken == ("delete",)
    assert scene.record.superseded == ()


def test_an_old_key_that_a_person_disabled_is_not_disabled_twice() -> None:
    scene = scene_with_a_due_key()
    old_id = scene.published_id
    scene.run()
    scene.visitor.ask("POST", f"/v1/apikeys/{old_id}/disable")
    scene.pass_time(73 * HOUR_SECONDS)
    scene.emulator.requests.clear()

    (outcome,) = scene.run()

    assert (outcome.taken, scene.writes()) == (("disable",), [])


# ---- slow disks


@pytest.mark.parametrize("hours", [73, 73 + 169])
def test_what_was_announced_too_long_ago_is_not_sent_by_this_run(hours: int) -> None:
    scene = scene_with_a_due_key()
    scene.run()
    scene.pass_time(73 * HOUR_SECONDS)
    if hours > 73:
        scene.run()
        scene.pass_time(169 * HOUR_SECONDS)
    scene.emulator.requests.clear()

    def a_slow_disk() -> None:
        scene.store.before_commit = lambda: None
        scene.pass_time(61)

    scene.store.before_commit = a_slow_disk
    effects = Effects(kill_on="commit", kill_on_skips=1)
    with pytest.raises(Killed):
        scene.run(effects=effects)

    assert scene.writes() == []


def test_a_move_that_others_keep_from_being_written_stops_the_slot() -> None:
    scene = Scene()
    scene.run()
    scene.slot = replace(scene.slot, variable="new_deploy", moved_from=Place("secrets.yml", "deploy"))

    def another_run_writes() -> None:
        scene.store.stamp += 1

    scene.store.before_commit = another_run_writes

    (outcome,) = scene.run()

    assert "other runs keep changing the files" in (outcome.failure or "")
    assert scene.works(scene.store.values["deploy"])


def test_a_step_says_what_it_lacks() -> None:
    with pytest.raises(ValueError, match="this step needs a record"):
        require(None, "a record")


def test_a_lock_of_a_person_is_back_although_a_read_after_unlocking_is_stale() -> None:
    scene, effects = Scene(), Effects()
    scene.run()
    key = scene.keys()[scene.published_id]
    key.name, key.locked = scene.slot.next_key_name, True

    def say_that_it_is_locked(name: str, body: dict[str, object]) -> None:
        if name == f"GET /v1/apikeys/{key.id}":
            body["locked"] = True

    effects.rewrite = say_that_it_is_locked
    (outcome,) = scene.run(effects=effects)

    assert (outcome.failure, key.name, key.locked) == (None, "deploy", True)
