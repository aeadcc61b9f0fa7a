# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the rotation refuses, and what keeps it right when the world is not as it should be."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.outcome import SlotOutcome
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import Record, Superseded
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import SlotStopped
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import (
    DAY_SECONDS,
    HOUR_SECONDS,
    START,
    Effects,
    Killed,
    Scene,
)


def published_id(record: Record) -> str:
    assert record.current is not None
    return record.current.id


def scene_with_a_pending_key() -> Scene:
    """A run was killed right after it made the successor."""
    scene = Scene(overlap_hours=0, soak_hours=0)
    scene.run()
    scene.pass_time(91 * DAY_SECONDS)
    effects = Effects(kill_on="POST /v1/apikeys", kill_after_effect=True)
    with pytest.raises(Killed):
        scene.run(effects=effects)
    assert effects.done[-1] == "POST /v1/apikeys"
    return scene


def edit_pending_value(scene: Scene, key_value: str) -> None:
    pending = scene.record.pending
    assert pending is not None
    scene.store.records["deploy"] = replace(scene.record, pending=replace(pending, key_value=key_value))


def supersede_by_hand(scene: Scene, key_id: str) -> None:
    current = scene.record.current
    assert current is not None
    entry = Superseded(1, key_id, current.published_at)
    scene.store.records["deploy"] = replace(scene.record, superseded=(entry,))


def test_the_published_key_stays_even_when_the_record_calls_it_superseded() -> None:
    scene = Scene(overlap_hours=0, soak_hours=0)
    scene.run()
    supersede_by_hand(scene, published_id(scene.record))

    (outcome,) = scene.run()

    assert "published one" in (outcome.failure or "")
    assert scene.works(scene.value)


@pytest.mark.parametrize("name", ["other", "deploy"])
def test_the_published_key_of_another_slot_stays(name: str) -> None:
    scene = Scene(overlap_hours=0, soak_hours=0)
    other = replace(scene.make_slot("other"), name=name)
    scene.run(scene.slot, other)
    supersede_by_hand(scene, published_id(scene.store.records["other"]))

    (outcome, _other) = scene.run(scene.slot, other)

    assert "is the published one of another slot and stays" in (outcome.failure or "")
    assert scene.works(scene.store.values["other"])


def test_a_key_that_another_slot_takes_over_in_this_run_stays() -> None:
    scene = Scene(overlap_hours=0, soak_hours=0)
    scene.run()
    made = scene.visitor.create_key(name="other", iam_id=scene.owner["iam_id"])
    scene.store.values["other"] = made["apikey"]
    other = scene.make_slot("other", on_missing_record="adopt")

    first, second = scene.run(replace(scene.slot, retire_ids=frozenset({made["id"]})), other)

    assert "of another slot and stays" in (first.failure or "")
    assert (second.failure, second.step.name) == (None, "idle")
    assert scene.works(made["apikey"])


def test_the_number_of_a_withdrawn_key_is_never_used_again() -> None:
    scene = Scene(overlap_hours=0, soak_hours=0, keys_per_identity=99)
    scene.run()
    scene.pass_time(91 * DAY_SECONDS)
    scene.emulator.change_settings(keys_per_identity=1)
    scene.run()
    scene.emulator.change_settings(keys_per_identity=20)

    scene.run()

    (key,) = scene.keys().values()
    assert key.description == f"[cloudkeys {scene.record.slot_id}/3]"


def test_a_key_lost_during_an_overlap_does_not_hide_the_one_before() -> None:
    scene = Scene()
    scene.run()
    first_id, first_value = published_id(scene.record), scene.value
    scene.pass_time(91 * DAY_SECONDS)
    scene.run()
    scene.visitor.ask("DELETE", f"/v1/apikeys/{published_id(scene.record)}")

    (outcome,) = scene.run()

    assert outcome.taken == ("intend", "publish")
    assert first_id in {entry.id for entry in scene.record.superseded}
    assert scene.works(first_value)
    assert scene.works(scene.value)


def test_a_superseded_key_keeps_its_value_on_record_for_a_way_back() -> None:
    scene = Scene()
    scene.run()
    old_value = scene.value
    scene.pass_time(91 * DAY_SECONDS)

    scene.run()

    assert [entry.key_value for entry in scene.record.superseded] == [old_value]


def test_a_pending_key_that_is_shut_is_withdrawn_and_deleted() -> None:
    scene = scene_with_a_pending_key()
    old_value = scene.value
    pending_key = next(key for key in scene.keys().values() if key.key_value != old_value)
    pending_key.disabled = True

    (outcome,) = scene.run()

    assert "withdrawn" in (outcome.failure or "")
    assert [key.key_value for key in scene.keys().values()] == [old_value]
    assert (scene.value, scene.record.pending) == (old_value, None)


def test_a_withdrawal_is_on_record_before_the_key_is_deleted() -> None:
    scene = scene_with_a_pending_key()
    next(key for key in scene.keys().values() if key.key_value != scene.value).disabled = True
    effects = Effects()
    with_the_delete: list[bool] = []
    effects.watch = lambda: with_the_delete.append(
        scene.record.pending is not None and scene.record.pending.withdrawing_at is not None
    )

    scene.run(effects=effects)

    assert with_the_delete[next(n for n, name in enumerate(effects.done) if name.startswith("DELETE"))]


def test_a_record_that_is_too_old_sweeps_nothing() -> None:
    scene = Scene()
    scene.run()
    marker = f"[cloudkeys {scene.record.slot_id}/1]"
    orphan = scene.visitor.create_key(name="deploy (next)", iam_id=scene.owner["iam_id"], description=marker)
    old_records, old_values = dict(scene.store.records), dict(scene.store.values)
    scene.pass_time(91 * DAY_SECONDS)

    scene.visitor.create_key(
        name="deploy", iam_id=scene.owner["iam_id"], description=f"[cloudkeys {scene.record.slot_id}/2]"
    )
    scene.store.records, scene.store.values = old_records, old_values

    (outcome,) = scene.run()

    assert "reverted" in (outcome.failure or "")
    assert orphan["id"] in set(scene.keys())


def scene_with_an_orphan() -> tuple[Scene, str]:
    """A key with the slot's marker that no entry needs, old enough to be swept."""
    scene = Scene()
    scene.run()
    marker = f"[cloudkeys {scene.record.slot_id}/1]"
    orphan = scene.visitor.create_key(name="deploy (next)", iam_id=scene.owner["iam_id"], description=marker)
    scene.pass_time(3 * HOUR_SECONDS)
    return scene, orphan["id"]


def test_an_orphan_that_another_run_has_just_put_on_record_is_not_swept() -> None:
    scene, orphan_id = scene_with_an_orphan()
    loads = 0

    def another_run_records_it() -> None:
        nonlocal loads
        loads += 1
        if loads == 3:
            supersede_by_hand(scene, orphan_id)

    scene.store.before_load = another_run_records_it
    (outcome,) = scene.run()

    assert (loads, outcome.swept) == (3, ())
    assert orphan_id in set(scene.keys())


def test_nothing_is_swept_when_the_record_cannot_be_read_again() -> None:
    scene, orphan_id = scene_with_an_orphan()
    loads = 0

    def the_file_goes_away() -> None:
        nonlocal loads
        loads += 1
        if loads == 3:
            raise SlotStopped("the file is gone")

    scene.store.before_load = the_file_goes_away
    (outcome,) = scene.run()

    assert (outcome.failure, outcome.swept) == ("the file is gone", ())
    assert orphan_id in set(scene.keys())


def test_the_record_is_read_before_the_keys_are_listed() -> None:
    scene, effects = Scene(), Effects()
    scene.store.before_load = lambda: scene.store.effects.done.append("load")

    scene.run(effects=effects)

    listed, committed = effects.done.index("GET /v1/apikeys"), effects.done.index("commit")
    assert "load" in effects.done[:listed]
    assert "load" not in effects.done[listed:committed]


def test_a_key_that_lists_do_not_show_yet_is_not_made_again() -> None:
    scene = Scene()
    scene.emulator.change_settings(unknown_reads=3)

    scene.run()

    assert len(scene.keys()) == 1
    assert scene.emulator.clock.now() - START < 60


def test_a_published_key_that_a_stale_list_lacks_is_not_lost() -> None:
    scene = Scene()
    scene.run()

    (outcome,) = scene.run(effects=Effects(hidden_from_lists=frozenset({published_id(scene.record)})))

    assert (outcome.step.name, outcome.taken) == ("idle", ())


def test_a_stale_list_after_disabling_does_not_disable_again() -> None:
    scene = Scene(overlap_hours=0, soak_hours=1)
    scene.run()
    scene.pass_time(91 * DAY_SECONDS)
    effects = Effects()

    def lists_are_stale_from_now() -> None:
        if effects.done[-1] == "commit" and any(entry.disabling_at for entry in scene.record.superseded):
            scene.emulator.change_settings(stale_pages=1)

    effects.watch = lists_are_stale_from_now
    started = scene.emulator.clock.now()
    (outcome,) = scene.run(effects=effects)

    assert (outcome.taken, outcome.step.name) == (("intend", "publish", "disable"), "soak")
    assert scene.emulator.clock.now() - started < 60


def test_a_request_that_missed_the_first_half_of_its_lease_is_announced_again() -> None:
    scene = Scene()

    def a_slow_disk() -> None:
        scene.store.before_commit = lambda: None
        scene.pass_time(61)

    scene.store.before_commit = a_slow_disk
    (outcome,) = scene.run()

    assert outcome.taken == ("intend", "create", "publish")


def test_a_pending_value_that_belongs_to_somebody_else_is_not_published() -> None:
    scene = scene_with_a_pending_key()
    old_value = scene.value
    edit_pending_value(scene, scene.emulator.seed.api_key)

    (outcome,) = scene.run()

    assert "logs in as" in (outcome.failure or "")
    assert scene.value == old_value


def test_a_pending_value_of_a_key_without_our_marker_is_not_published() -> None:
    scene = scene_with_a_pending_key()
    old_value = scene.value
    foreign = scene.visitor.create_key(name="foreign", iam_id=scene.owner["iam_id"])
    edit_pending_value(scene, foreign["apikey"])

    (outcome,) = scene.run()

    assert "marker" in (outcome.failure or "")
    assert scene.value == old_value
    assert foreign["id"] in set(scene.keys())


def withdraws_the_value_of(scene: Scene, key_value: str) -> SlotOutcome:
    """The slot is not wanted any more, and its record has another key's value for the one that is being made."""
    edit_pending_value(scene, key_value)
    scene.slot = replace(scene.slot, is_wanted=False)
    scene.pass_time(300)
    return scene.run()[0]


def test_a_withdrawn_key_without_our_marker_and_name_is_left() -> None:
    scene = scene_with_a_pending_key()
    foreign = scene.visitor.create_key(name="foreign", iam_id=scene.owner["iam_id"])

    outcome = withdraws_the_value_of(scene, foreign["apikey"])

    assert "neither its marker nor its name" in (outcome.failure or "")
    assert foreign["id"] in set(scene.keys())


def test_the_key_of_another_slot_is_not_withdrawn() -> None:
    scene = Scene(use_marker=False)
    other = replace(scene.slot, name="other", variable="other", key_name="other (next)")
    scene.run(scene.slot, other)
    scene.pass_time(91 * DAY_SECONDS)
    scene.run(until="staged")
    edit_pending_value(scene, scene.store.values["other"])
    scene.slot = replace(scene.slot, is_wanted=False)

    outcome, _other = scene.run(scene.slot, replace(other, policy=replace(other.policy, max_age_days=900.0)))

    assert "published one of another slot" in (outcome.failure or "")
    assert scene.works(scene.store.values["other"])


def test_the_published_key_of_another_slot_is_not_swept() -> None:
    scene = Scene()
    other = scene.make_slot("other")
    scene.run(scene.slot, other)
    key_id = published_id(scene.store.records["other"])
    scene.keys()[key_id].description = f"[cloudkeys {scene.record.slot_id}/1]"
    scene.keys()[key_id].name = "deploy (next)"
    scene.pass_time(DAY_SECONDS)

    outcome, _other = scene.run(scene.slot, other)

    assert "published one of another slot" in (outcome.failure or "")
    assert key_id in set(scene.keys())
