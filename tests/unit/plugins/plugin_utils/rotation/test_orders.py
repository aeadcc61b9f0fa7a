# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a person orders: a leaked key, a way back, stages with a probe and a hand-over between them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import (
    DAY_SECONDS,
    HOUR_SECONDS,
    Effects,
    Killed,
    Scene,
)


def rotated(**words: object) -> tuple[Scene, str, str]:
    """A slot in its overlap -> the scene, the id and the value of the key before."""
    scene = Scene(**words)
    scene.run()
    old_id, old_value = scene.published_id, scene.value
    scene.pass_time(91 * DAY_SECONDS)
    scene.run()
    assert old_value is not None
    return scene, old_id, old_value


# ---- a leaked key


def test_a_leaked_key_is_disabled_first_then_replaced_and_deleted_at_once() -> None:
    scene = Scene()
    scene.run()
    leaked_id, leaked_value = scene.published_id, scene.value
    effects = Effects()

    (outcome,) = scene.run(effects=effects, compromised_ids=frozenset({leaked_id}))

    assert (outcome.failure, outcome.step.name) == (None, "idle")
    assert outcome.taken == ("mark_leaked", "disable_leaked", "intend", "publish", "delete")
    assert effects.done.index(f"POST /v1/apikeys/{leaked_id}/disable") < effects.done.index("POST /v1/apikeys")
    assert leaked_id not in set(scene.keys())
    assert not scene.works(leaked_value)
    assert scene.works(scene.value)


def test_the_same_order_once_more_changes_nothing() -> None:
    scene = Scene()
    scene.run()
    leaked_id = scene.published_id
    scene.run(compromised_ids=frozenset({leaked_id}))

    assert scene.run(compromised_ids=frozenset({leaked_id}))[0].changed is False


def test_a_leaked_key_can_be_replaced_first_to_have_no_outage() -> None:
    scene = Scene()
    scene.run()
    leaked_id, effects = scene.published_id, Effects()
    effects.watch = lambda: None

    (outcome,) = scene.run(effects=effects, compromised_ids=frozenset({leaked_id}), leak_response="replace_first")

    assert outcome.taken == ("mark_leaked", "intend", "publish", "delete")
    assert f"POST /v1/apikeys/{leaked_id}/disable" not in effects.done
    assert leaked_id not in set(scene.keys())


def test_a_leaked_key_in_its_overlap_is_deleted_at_once() -> None:
    scene, old_id, _old_value = rotated()

    (outcome,) = scene.run(compromised_ids=frozenset({old_id}))

    assert outcome.taken == ("mark_leaked", "delete")
    assert old_id not in set(scene.keys())
    assert scene.works(scene.value)


def test_a_leaked_key_that_the_run_logs_in_with_is_replaced_before_it_is_shut() -> None:
    scene = Scene()
    scene.run()
    leaked_id, leaked_value = scene.published_id, scene.value

    (outcome,) = scene.run(api_key=leaked_value, compromised_ids=frozenset({leaked_id}))

    assert "so it was left working. First give the new value, deploy of secrets.yml" in (outcome.failure or "")
    assert "disable_leaked" not in outcome.taken
    assert scene.value != leaked_value
    assert scene.works(scene.value)
    assert scene.run(api_key=scene.value)[0].taken == ("delete",)
    assert leaked_id not in set(scene.keys())


@pytest.mark.parametrize("gap", range(20))
def test_a_run_about_a_leaked_key_killed_at_any_point_is_finished_by_the_next_without_the_order(gap: int) -> None:
    scene = Scene()
    scene.run()
    leaked_id = scene.published_id
    with pytest.raises(Killed):
        scene.run(effects=Effects(kill_at=gap), compromised_ids=frozenset({leaked_id}))
    was_flagged = scene.record.current is None or scene.record.current.compromised or scene.published_id != leaked_id

    (outcome,) = scene.run()

    assert outcome.failure is None
    assert (leaked_id in set(scene.keys())) == (not was_flagged)
    assert scene.works(scene.value)


# ---- a way back


def test_a_replaced_key_becomes_the_published_one_again() -> None:
    scene, old_id, old_value = rotated()
    newer_id = scene.published_id

    (outcome,) = scene.run(rollback_to_ids=frozenset({old_id}))

    assert outcome.taken == ("roll_back",)
    assert (scene.published_id, scene.value) == (old_id, old_value)
    assert [entry.id for entry in scene.record.superseded] == [newer_id]
    assert scene.works(old_value)


def test_a_rollback_asked_for_again_does_not_swap_again() -> None:
    scene, old_id, old_value = rotated()
    scene.run(rollback_to_ids=frozenset({old_id}))

    assert scene.run(rollback_to_ids=frozenset({old_id}))[0].changed is False
    assert scene.value == old_value


def test_a_disabled_key_is_enabled_before_it_is_published_again() -> None:
    scene, old_id, old_value = rotated()
    scene.pass_time(73 * HOUR_SECONDS)
    assert scene.run()[0].taken == ("disable",)
    started = scene.emulator.clock.now()

    scene.run(rollback_to_ids=frozenset({old_id}))

    assert scene.works(old_value)
    assert scene.value == old_value
    assert scene.emulator.clock.now() - started >= 115, "the announced disable may still have landed"


def test_a_key_whose_disabling_another_run_announced_since_it_was_enabled_is_enabled_anew() -> None:
    scene, old_id, old_value = rotated()
    scene.pass_time(73 * HOUR_SECONDS)
    scene.run()
    effects = Effects()
    announced_at: list[float] = []

    def another_run_gives_the_rollback_up() -> None:
        if f"DELETE /v1/apikeys/{old_id}/disable" in effects.done:
            scene.store.before_commit = lambda: None
            scene.pass_time(130)
            with pytest.raises(Killed):
                scene.run(effects=Effects(kill_on=f"POST /v1/apikeys/{old_id}/disable"))
            announced_at.append(scene.emulator.clock.now())

    scene.store.before_commit = another_run_gives_the_rollback_up
    (outcome,) = scene.run(effects=effects, rollback_to_ids=frozenset({old_id}))

    assert (outcome.failure, scene.value) == (None, old_value)
    assert scene.emulator.clock.now() - announced_at[0] >= 115, "the disable announced last may still have landed"


def test_a_replaced_key_that_does_not_log_in_is_not_published_again() -> None:
    scene, old_id, _old_value = rotated()
    newer = scene.value
    refused = {"kind": "status", "method": "POST", "path": "/identity/token", "status": 400, "code": "BXNIM0462E"}
    scene.emulator.faults.add([{**refused, "skip": 1}])
    (outcome,) = scene.run(rollback_to_ids=frozenset({old_id}))

    assert "nothing was swapped" in (outcome.failure or "")
    assert scene.value == newer


def test_there_is_no_way_back_to_a_key_that_leaked_or_goes() -> None:
    scene, old_id, _old_value = rotated()
    with pytest.raises(Killed):
        scene.run(effects=Effects(kill_on=f"DELETE /v1/apikeys/{old_id}"), compromised_ids=frozenset({old_id}))
    newer = scene.value

    (outcome,) = scene.run(rollback_to_ids=frozenset({old_id}))

    assert "no way back" in (outcome.failure or "")
    assert scene.value == newer


def test_there_is_no_way_back_in_a_slot_that_is_not_wanted() -> None:
    scene, old_id, _old_value = rotated()
    newer = scene.value
    scene.slot = replace(scene.slot, is_wanted=False)

    (outcome,) = scene.run(rollback_to_ids=frozenset({old_id}))

    assert (outcome.taken, outcome.step.name, scene.value) == ((), "stop", newer)
    assert "not wanted" in (outcome.failure or "")


def test_a_rollback_takes_back_a_successor_that_is_on_its_way() -> None:
    scene, old_id, old_value = rotated()
    scene.visitor.ask("DELETE", f"/v1/apikeys/{scene.published_id}")
    with pytest.raises(Killed):
        scene.run(effects=Effects(kill_on="POST /v1/apikeys", kill_after_effect=True))
    assert scene.record.pending is not None

    (outcome,) = scene.run(rollback_to_ids=frozenset({old_id}))

    assert outcome.taken == ("withdraw", "roll_back", "delete")
    assert (scene.record.pending, scene.value) == (None, old_value)
    assert list(scene.keys()) == [old_id]


@pytest.mark.parametrize("gap", range(9))
def test_a_rollback_killed_at_any_point_leaves_a_published_value_that_works(gap: int) -> None:
    scene, old_id, old_value = rotated()
    scene.pass_time(73 * HOUR_SECONDS)
    scene.run()
    with pytest.raises(Killed):
        scene.run(effects=Effects(kill_at=gap, kill_after_effect=True), rollback_to_ids=frozenset({old_id}))
    assert scene.works(scene.value)

    (outcome,) = scene.run(rollback_to_ids=frozenset({old_id}))

    assert (outcome.failure, scene.value) == (None, old_value)
    assert scene.works(old_value)


def test_a_rollback_that_was_given_up_ends_with_the_old_key_disabled_again() -> None:
    scene, old_id, old_value = rotated()
    scene.pass_time(73 * HOUR_SECONDS)
    scene.run()
    with pytest.raises(Killed):
        scene.run(
            effects=Effects(kill_on=f"DELETE /v1/apikeys/{old_id}/disable", kill_after_effect=True),
            rollback_to_ids=frozenset({old_id}),
        )
    assert scene.works(old_value)

    assert scene.run()[0].taken == ("disable",)
    assert not scene.works(old_value)
    assert scene.works(scene.value)


# ---- stages


def test_a_staged_key_is_proven_and_not_published() -> None:
    scene = Scene()
    scene.run()
    old_value = scene.value
    scene.pass_time(91 * DAY_SECONDS)

    (outcome,) = scene.run(until="staged")

    assert (outcome.step.name, outcome.taken, scene.value) == ("staged", ("intend",), old_value)
    assert outcome.pending_id in set(scene.keys())
    assert scene.record.pending is not None
    assert scene.works(scene.record.pending.key_value)


def test_a_staged_run_repeated_logs_in_again_and_makes_nothing_new() -> None:
    scene = Scene()
    scene.run(until="staged")

    (again,) = scene.run(until="staged")

    assert (again.step.name, again.changed, len(scene.keys())) == ("staged", False, 1)


def test_a_key_that_does_not_pass_its_probe_is_withdrawn_and_the_published_one_is_untouched() -> None:
    scene = Scene()
    scene.run()
    old_value, old_tag = scene.value, next(iter(scene.keys().values())).entity_tag
    scene.pass_time(91 * DAY_SECONDS)
    (staged,) = scene.run(until="staged")

    (outcome,) = scene.run(until="staged", withdraw_ids=frozenset({staged.pending_id or ""}))

    (key,) = [key for key in scene.keys().values() if key.id != outcome.pending_id]
    assert outcome.taken[:1] == ("withdraw",)
    assert (scene.value, key.entity_tag) == (old_value, old_tag)
    assert staged.pending_id not in set(scene.keys())


def test_the_overlap_begins_when_the_hand_over_is_done() -> None:
    scene = Scene()
    scene.run()
    slot = scene.make_slot("deploy", has_hand_over=True)
    scene.run(slot, handed_over_ids=frozenset({scene.published_id}))
    scene.pass_time(91 * DAY_SECONDS)
    (published,) = scene.run(slot, until="published")
    assert published.step.name == "hand_over"

    scene.pass_time(100 * HOUR_SECONDS)
    assert scene.run(slot)[0].step.name == "hand_over", "repeated until it succeeds, and nothing is retired"
    (handed,) = scene.run(slot, handed_over_ids=frozenset({scene.published_id}))
    assert (handed.taken, handed.step.name) == (("note_hand_over",), "overlap")
    scene.pass_time(71 * HOUR_SECONDS)
    assert scene.run(slot)[0].step.name == "overlap"
    scene.pass_time(HOUR_SECONDS)
    assert scene.run(slot)[0].taken == ("disable",)


def test_a_run_until_published_retires_nothing() -> None:
    scene, _old_id, old_value = rotated()
    scene.pass_time(80 * HOUR_SECONDS)

    assert scene.run(until="published")[0].changed is False
    assert scene.works(old_value)


def test_a_way_back_leads_to_no_key_that_does_not_log_in() -> None:
    scene = Scene()
    scene.run()
    scene.pass_time(91 * DAY_SECONDS)
    scene.run()
    (old,) = scene.record.superseded
    scene.keys()[old.id].expires_at = scene.emulator.clock.now() - DAY_SECONDS
    value = scene.value

    (outcome,) = scene.run(rollback_to_ids=frozenset({old.id}))

    assert "no way back" in (outcome.failure or "")
    assert scene.value == value
