# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is planned for many slots, owners and orders comes true, day by day; tests/faults/test_year.py has the plots."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.engine import Settings
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Place
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import (
    DAY_SECONDS,
    HOUR_SECONDS,
    Effects,
    Killed,
    Scene,
)
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.years import Year
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

AT_ONCE = {"overlap_hours": 0, "soak_hours": 0, "quiet_hours": 0}


def begun(scene: Scene) -> Scene:
    """With its first key, an hour ago."""
    (outcome,) = scene.run()
    assert outcome.failure is None
    scene.pass_time(HOUR_SECONDS)
    return scene


def _replaced() -> Year:
    scene = Scene(on_missing_record="replace")
    made = scene.visitor.create_key(name="deploy", iam_id=scene.owner["iam_id"])
    scene.slot = replace(scene.slot, retire_ids=frozenset({made["id"]}))
    return Year(scene, [scene.slot])


def _other_owner() -> Year:
    scene = begun(Scene())
    other = scene.visitor.create_service_id(name="other", account_id=scene.emulator.seed.account_id)
    scene.slot = replace(scene.slot, iam_id=other["iam_id"])
    return Year(scene, [scene.slot])


def _handed_over() -> Year:
    scene = Scene()
    scene.slot = replace(scene.slot, has_hand_over=True)
    return Year(scene, [scene.slot], hands_over=True)


def _hand_over_that_failed() -> Year:
    scene = Scene()
    scene.slot = replace(scene.slot, has_hand_over=True)
    return Year(begun(scene), [scene.slot], hands_over=True)


def _hand_over_never_told() -> Year:
    scene = Scene(expires_in_days=130)
    scene.slot = replace(scene.slot, has_hand_over=True)
    return Year(begun(scene), [scene.slot])


def _staged_for_ever() -> Year:
    scene = begun(Scene())
    scene.pass_time(91 * DAY_SECONDS)
    return Year(scene, [scene.slot], {"until": "staged"}, days=0)


def _in_use(on_previous_in_use: str) -> Year:
    scene = begun(Scene(on_previous_in_use=on_previous_in_use, quiet_hours=50))
    old_value = str(scene.value)
    scene.pass_time(91 * DAY_SECONDS)
    scene.run()
    scene.pass_time(80 * HOUR_SECONDS)
    scene.client(Effects(), api_key=old_value).log_in_with(old_value)
    scene.pass_time(HOUR_SECONDS)
    return Year(scene, [scene.slot])


def _copied() -> Year:
    scene = begun(Scene(copies=(Place("other.yml", "copy"),)))
    del scene.store.values["copy"]
    return Year(scene, [scene.slot])


def _orphan(is_used: bool) -> Year:
    scene = begun(Scene())
    made = scene.visitor.create_key(
        name="deploy (next)", iam_id=scene.owner["iam_id"], description=f"[cloudkeys {scene.record.slot_id}/1]"
    )
    if is_used:
        scene.client(Effects()).log_in_with(made["apikey"])
    return Year(scene, [scene.slot])


def _pending_of_a_killed_run() -> Year:
    scene = begun(Scene(key_source="iam", locked=True))
    scene.pass_time(91 * DAY_SECONDS)
    with pytest.raises(Killed):
        scene.run(effects=Effects(kill_on="POST /v1/apikeys", kill_after_effect=True))
    return Year(scene, [scene.slot])


def _disabled_by_a_person() -> Year:
    scene = begun(Scene(expires_in_days=130))
    scene.keys()[scene.published_id].disabled = True
    return Year(scene, [scene.slot])


def _leaked_and_wanted_by_nobody() -> Year:
    scene = begun(Scene())
    scene.slot = replace(scene.slot, is_wanted=False)
    return Year(scene, [scene.slot], {"compromised_ids": frozenset({scene.published_id})})


def _only_leaked() -> Year:
    scene = begun(Scene())
    scene.pass_time(91 * DAY_SECONDS)
    scene.run()
    (old,) = scene.record.superseded
    return Year(scene, [scene.slot], {"compromised_ids": frozenset({old.id}), "only_leaked": True})


def _lives_as_long_as_the_one_before() -> Year:
    scene = begun(Scene())
    scene.keys()[scene.published_id].expires_at = scene.emulator.clock.now() + 70 * DAY_SECONDS
    return Year(scene, [scene.slot])


def crowd(count: int, places: int, *, hours_apart: float = 1.0, **words: t.Any) -> tuple[Scene, list[t.Any]]:
    """That many slots of one owner with so many places, each a while younger than the one before."""
    scene = Scene()
    scene.emulator.change_settings(keys_per_identity=places)
    slots = [scene.make_slot(f"slot{number}", keys_per_identity=places, **words) for number in range(count)]
    for slot in slots:
        assert scene.run(slot)[0].failure is None
        scene.pass_time(hours_apart * HOUR_SECONDS)
    return scene, slots


def _waves() -> Year:
    scene, slots = crowd(19, 20)
    scene.pass_time(89 * DAY_SECONDS)
    return Year(scene, slots, days=100)


def _no_place_but_one_ends() -> Year:
    scene, slots = crowd(4, 4)
    scene.pass_time(89 * DAY_SECONDS)
    return Year(scene, [*slots[:3], replace(slots[3], is_wanted=False)])


def _no_place() -> Year:
    scene, slots = crowd(4, 4)
    scene.pass_time(89 * DAY_SECONDS)
    return Year(scene, slots)


def _place_that_a_left_over_key_gives_back() -> Year:
    """What another slot has left over is old enough to go before the overlap ends that a slot waits for."""
    scene, slots = crowd(3, 5, hours_apart=5 * 24, orphan_min_age_minutes=2 * 24 * 60)
    scene.pass_time(76 * DAY_SECONDS)
    assert scene.run(slots[0])[0].failure is None
    scene.pass_time(3.9 * DAY_SECONDS)
    marker = f"[cloudkeys {scene.store.records['slot2'].slot_id}/1]"
    scene.visitor.create_key(name="slot2 (next)", iam_id=slots[2].iam_id, description=marker)
    scene.pass_time(0.2 * DAY_SECONDS)
    return Year(scene, slots, days=60)


def _batches() -> Year:
    scene, slots = crowd(7, 20, **AT_ONCE)
    return Year(scene, slots, settings=Settings(concurrency=1, batch_size=2))


def _batches_and_a_failure() -> Year:
    scene, slots = crowd(5, 20)
    scene.keys()[str(scene.store.records["slot1"].current.id)].disabled = True  # type: ignore[union-attr]  # it is published
    return Year(scene, slots, settings=Settings(concurrency=1, batch_size=2, stop_after_failures=2))


def _enough_failures() -> Year:
    scene, slots = crowd(5, 20)
    scene.keys()[str(scene.store.records["slot1"].current.id)].disabled = True  # type: ignore[union-attr]  # it is published
    return Year(scene, slots, settings=Settings(concurrency=1, stop_after_failures=1))


CASES: dict[str, t.Callable[[], Year]] = {
    "replaced, and the one before retired": _replaced,
    "another owner": _other_owner,
    "handed over": _handed_over,
    "a hand-over that failed": _hand_over_that_failed,
    "a hand-over that nobody tells of": _hand_over_never_told,
    "staged for ever": _staged_for_ever,
    "in use, waits": lambda: _in_use("wait"),
    "in use, warns": lambda: _in_use("warn"),
    "in use, fails": lambda: _in_use("fail"),
    "a copy was taken away": _copied,
    "an orphan": lambda: _orphan(is_used=False),
    "an orphan that logged in": lambda: _orphan(is_used=True),
    "pending of a killed run": _pending_of_a_killed_run,
    "disabled by a person": _disabled_by_a_person,
    "leaked and not wanted": _leaked_and_wanted_by_nobody,
    "only leaked": _only_leaked,
    "lives as long as the one before": _lives_as_long_as_the_one_before,
    "19 of 20 places": _waves,
    "no place, and one ends": _no_place_but_one_ends,
    "no place": _no_place,
    "a place that a left-over key gives back": _place_that_a_left_over_key_gives_back,
    "batches": _batches,
    "batches and a failure": _batches_and_a_failure,
    "enough failures": _enough_failures,
}


@pytest.mark.parametrize("name", CASES)
def test_the_plan_of_a_year_comes_true(name: str) -> None:
    assert CASES[name]().differences() == []


POLICIES = st.fixed_dictionaries(
    {
        "max_age_days": st.sampled_from([12, 30, 90]),
        "overlap_hours": st.sampled_from([0, 24, 72, 80]),
        "soak_hours": st.sampled_from([0, 48, 168]),
        "quiet_hours": st.sampled_from([0, 24]),
        "settle_seconds": st.sampled_from([0, 5]),
        "on_previous_in_use": st.sampled_from(["wait", "warn", "fail"]),
        "expires_in_days": st.sampled_from([None, 140]),
        "key_source": st.sampled_from(["local", "iam"]),
        "locked": st.booleans(),
    }
)


@given(
    policies=st.lists(POLICIES, min_size=1, max_size=4),
    places=st.integers(3, 6),
    batch_size=st.sampled_from([1, 2, 50]),
    stop_after_failures=st.sampled_from([None, 1, 2]),
    age_days=st.sampled_from([0, 3, 11, 29, 92]),
    order=st.sampled_from(["none", "leak", "back", "absent", "disabled", "other owner", "retire"]),
    which=st.integers(0, 3),
    leak_response=st.sampled_from(["disable_first", "replace_first"]),
)
@settings(
    max_examples=25, deadline=None, derandomize=True, phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
def test_any_plan_comes_true(
    policies: list[dict[str, t.Any]],
    places: int,
    batch_size: int,
    stop_after_failures: int | None,
    age_days: int,
    order: str,
    which: int,
    leak_response: str,
) -> None:
    scene = Scene()
    scene.emulator.change_settings(keys_per_identity=places)
    slots = [
        scene.make_slot(f"slot{number}", keys_per_identity=places, **words) for number, words in enumerate(policies)
    ]
    made = [slot for slot in slots if scene.run(slot)[0].failure is None]
    scene.pass_time(age_days * DAY_SECONDS)
    scene.run(*slots)
    scene.pass_time(7 * HOUR_SECONDS)
    orders = _ordered(scene, slots, made[which % len(made)], order)
    if "compromised_ids" in orders:
        orders["leak_response"] = leak_response
    pace = Settings(concurrency=1, batch_size=batch_size, stop_after_failures=stop_after_failures)

    assert Year(scene, slots, orders, pace, days=120).differences() == []


def _ordered(scene: Scene, slots: list[t.Any], slot: t.Any, order: str) -> dict[str, t.Any]:
    """Let something be asked of this slot, or done to it, before the plan is made."""
    record, number = scene.store.records[slot.name], slots.index(slot)
    assert record.current is not None
    if order == "leak":
        return {"compromised_ids": frozenset({record.current.id})}
    if order == "back" and record.superseded:
        return {"rollback_to_ids": frozenset({record.superseded[0].id})}
    if order == "disabled":
        scene.keys()[record.current.id].disabled = True
    elif order == "absent":
        slots[number] = replace(slot, is_wanted=False)
    elif order == "retire":
        answer = scene.visitor.ask("POST", "/v1/apikeys", {"name": "found", "iam_id": slot.iam_id})
        # There may be no place for it.
        slots[number] = replace(slot, retire_ids=frozenset({answer.json()["id"]} if answer.status < 400 else set()))
    elif order == "other owner":
        other = scene.visitor.create_service_id(name="other", account_id=slot.account_id)
        slots[number] = replace(slot, iam_id=other["iam_id"])
    return {}
