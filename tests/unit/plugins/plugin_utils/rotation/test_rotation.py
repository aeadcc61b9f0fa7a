# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The life of a slot, against the emulator."""

from __future__ import annotations

from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import (
    DAY_SECONDS,
    HOUR_SECONDS,
    Scene,
)


def test_the_first_run_makes_proves_and_publishes_a_key() -> None:
    scene = Scene()

    (outcome,) = scene.run()

    (key,) = scene.keys().values()
    assert outcome.taken == ("intend", "publish")
    assert (key.name, key.key_value) == ("deploy", scene.value)
    assert key.description == f"[cloudkeys {scene.record.slot_id}/1]"
    assert scene.record.pending is None


def test_a_second_run_sends_no_write_and_logs_in_with_no_value_of_the_slot() -> None:
    scene = Scene()
    scene.run()
    logins_before = {key_id: key.authn_count for key_id, key in scene.keys().items()}
    scene.emulator.requests.clear()

    (outcome,) = scene.run()

    assert (outcome.step.name, outcome.changed, scene.writes()) == ("idle", False, [])
    assert {key_id: key.authn_count for key_id, key in scene.keys().items()} == logins_before
    assert [entry["path"] for entry in scene.emulator.requests] == ["/identity/token", "/v1/apikeys"]


def test_a_whole_rotation_takes_the_old_key_away_in_its_time() -> None:
    scene = Scene()
    scene.run()
    old_value, old_id = scene.value, scene.record.current.id  # type: ignore[union-attr]  # published by the run before

    scene.pass_time(91 * DAY_SECONDS)
    (published,) = scene.run()
    assert (published.taken, published.step.name) == (("intend", "publish"), "overlap")
    assert scene.works(old_value)
    assert scene.works(scene.value)

    scene.pass_time(71 * HOUR_SECONDS)
    assert scene.run()[0].changed is False
    assert scene.works(old_value)

    scene.pass_time(HOUR_SECONDS)
    assert scene.run()[0].taken == ("disable",)
    assert not scene.works(old_value)
    assert old_id in set(scene.keys())

    scene.pass_time(168 * HOUR_SECONDS)
    assert scene.run()[0].taken == ("delete",)
    assert list(scene.keys()) == [scene.record.current.id]  # type: ignore[union-attr]  # there is a published key
    assert scene.record.superseded == ()


def test_check_mode_tells_the_next_step_and_changes_nothing() -> None:
    scene = Scene()

    (outcome,) = scene.run(check_mode=True)

    assert (outcome.step.name, outcome.changed) == ("intend", False)
    assert (scene.keys(), scene.store.records, scene.value, scene.writes()[1:]) == ({}, {}, None, [])


def test_a_locked_slot_is_locked_again_and_its_old_keys_still_go() -> None:
    scene = Scene(locked=True, overlap_hours=0, soak_hours=0)
    scene.run()
    scene.pass_time(91 * DAY_SECONDS)

    scene.run()

    (key,) = scene.keys().values()
    assert (key.locked, key.key_value) == (True, scene.value)


def test_the_description_is_inherited_and_the_marker_moves_on() -> None:
    scene = Scene(overlap_hours=0, soak_hours=0)
    scene.run()
    (key,) = scene.keys().values()
    key.description = f"deploys from CI {key.description}"
    scene.pass_time(91 * DAY_SECONDS)

    scene.run()

    (key,) = scene.keys().values()
    assert key.description == f"deploys from CI [cloudkeys {scene.record.slot_id}/2]"


def test_a_new_key_that_is_unknown_for_a_while_is_waited_for() -> None:
    scene = Scene()
    scene.emulator.change_settings(unknown_reads=2)

    (outcome,) = scene.run()

    assert outcome.failure is None
    assert scene.works(scene.value)


def test_a_key_over_the_limit_is_withdrawn_and_the_old_one_stays() -> None:
    scene = Scene(keys_per_identity=99)
    scene.run()
    old_value = scene.value
    scene.emulator.change_settings(keys_per_identity=1)
    scene.pass_time(91 * DAY_SECONDS)

    (outcome,) = scene.run()

    assert "BXNIM0151E" in (outcome.failure or "")
    assert (scene.value, scene.record.pending, scene.record.last_generation) == (old_value, None, 2)
    assert scene.works(old_value)


def test_a_published_key_that_is_gone_gets_a_successor_at_once() -> None:
    scene = Scene()
    scene.run()
    lost_id = scene.record.current.id  # type: ignore[union-attr]  # published by the run before
    scene.visitor.ask("DELETE", f"/v1/apikeys/{lost_id}")

    (outcome,) = scene.run()

    assert outcome.taken == ("intend", "publish", "delete")
    assert scene.works(scene.value)
    assert lost_id not in scene.record.known_ids


def test_a_published_key_that_somebody_disabled_is_left_alone() -> None:
    scene = Scene()
    scene.run()
    (key,) = scene.keys().values()
    key.disabled = True
    scene.emulator.requests.clear()

    (outcome,) = scene.run()

    assert "disabled" in (outcome.failure or "")
    assert scene.writes() == []


def test_the_key_that_the_run_logs_in_with_is_not_taken_away() -> None:
    scene = Scene(overlap_hours=0, soak_hours=0)
    scene.run()
    own_value = scene.value
    scene.pass_time(91 * DAY_SECONDS)

    (outcome,) = scene.run(api_key=own_value)

    assert "logs in with" in (outcome.failure or "")
    assert scene.works(own_value)
    assert scene.works(scene.value)
    (later,) = scene.run(api_key=scene.value)
    assert later.taken == ("disable", "delete")


def test_keys_that_are_not_ours_are_never_touched() -> None:
    scene = Scene(overlap_hours=0, soak_hours=0, orphan_min_age_minutes=0)
    for name, description in (("deploy (next)", None), ("other", "[cloudkeys 00000000/1]"), ("third", "by hand")):
        words = {"description": description} if description else {}
        scene.visitor.create_key(name=name, iam_id=scene.owner["iam_id"], **words)
    foreign = {key_id: key.entity_tag for key_id, key in scene.keys().items()}
    scene.run()
    scene.pass_time(91 * DAY_SECONDS)
    scene.run()

    assert {key_id: key.entity_tag for key_id, key in scene.keys().items() if key_id in foreign} == foreign


def test_an_orphan_is_swept_when_it_is_old_enough() -> None:
    scene = Scene()
    scene.run()
    marker = f"[cloudkeys {scene.record.slot_id}/1]"
    orphan = scene.visitor.create_key(name="deploy (next)", iam_id=scene.owner["iam_id"], description=marker)

    assert scene.run()[0].swept == ()
    scene.pass_time(121 * 60)
    assert scene.run()[0].swept == (orphan["id"],)
    assert orphan["id"] not in set(scene.keys())


def test_an_orphan_that_ever_logged_in_is_retired_with_an_overlap() -> None:
    scene = Scene()
    scene.run()
    marker = f"[cloudkeys {scene.record.slot_id}/1]"
    orphan = scene.visitor.create_key(name="deploy (next)", iam_id=scene.owner["iam_id"], description=marker)
    scene.visitor.log_in(orphan["apikey"])
    scene.pass_time(121 * 60)

    scene.run()

    assert scene.works(orphan["apikey"])
    assert [entry.id for entry in scene.record.superseded] == [orphan["id"]]


def test_an_old_copy_of_the_record_stops_the_slot_and_writes_nothing() -> None:
    scene = Scene()
    scene.run()
    old_records, old_values = dict(scene.store.records), dict(scene.store.values)
    scene.pass_time(91 * DAY_SECONDS)
    scene.run()
    scene.store.records, scene.store.values = old_records, old_values
    scene.emulator.requests.clear()

    (outcome,) = scene.run()

    assert "reverted" in (outcome.failure or "")
    assert (scene.writes(), scene.store.records) == ([], old_records)


def test_one_slot_that_fails_does_not_hide_the_others() -> None:
    scene = Scene()
    scene.visitor.create_key(name="taken", iam_id=scene.owner["iam_id"])

    failed, done = scene.run(scene.make_slot("taken"), scene.make_slot("deploy"))

    assert "already" in (failed.failure or "")
    assert (done.failure, done.taken) == (None, ("intend", "publish"))
