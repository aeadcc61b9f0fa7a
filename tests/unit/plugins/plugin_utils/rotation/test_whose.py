# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whose keys are these, and are they really gone? Other accounts, other owners, colleagues who see less."""

from __future__ import annotations

import copy
import typing as t
from dataclasses import replace

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.outcome import SlotOutcome
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import Record
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Place
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import (
    DAY_SECONDS,
    Scene,
)
from iam_emulator import Visitor


def unchanged_by(scene: Scene, run: t.Callable[[], t.Any]) -> t.Any:
    """What the run answers; nothing was written, neither here nor in IAM."""
    before = copy.deepcopy((scene.store.records, scene.store.values))
    scene.emulator.requests.clear()
    answer = run()
    assert (scene.store.records, scene.store.values) == before
    assert scene.writes() == []
    return answer


def second_owner(scene: Scene, name: str = "other") -> str:
    """One more service ID of the same account."""
    made = scene.visitor.create_service_id(name=name, account_id=scene.emulator.seed.account_id)
    return str(made["iam_id"])


# ---- another account


def in_another_account(scene: Scene) -> dict[str, t.Any]:
    """Credentials of another account that has a service ID of the same name, and the slot as it is seen there."""
    seed = scene.emulator.add_account()
    there = Visitor(scene.emulator, seed.api_key)
    owner = there.create_service_id(name="ci", account_id=seed.account_id)
    slot = replace(scene.slot, account_id=seed.account_id, iam_id=owner["iam_id"])
    return {"slot": slot, "api_key": seed.api_key}


@pytest.mark.parametrize(
    "orders",
    [{}, {"check_mode": True}, {"verify_values": True}, {"until": "staged"}],
    ids=["run", "check mode", "verify", "staged"],
)
@pytest.mark.parametrize("is_due", [False, True])
def test_another_account_stops_the_slot_with_both_account_ids(orders: dict[str, t.Any], is_due: bool) -> None:
    scene = Scene()
    scene.run()
    scene.pass_time((91 if is_due else 1) * DAY_SECONDS)
    words = in_another_account(scene)

    (outcome,) = unchanged_by(scene, lambda: scene.run(words.pop("slot"), **words, **orders))

    assert scene.emulator.seed.account_id in (outcome.failure or "")
    assert outcome.slot.account_id in (outcome.failure or "")
    assert not outcome.changed


def test_another_account_stops_a_move_before_it_marks_the_old_place() -> None:
    scene = Scene()
    scene.run()
    words = in_another_account(scene)
    moved = replace(words["slot"], variable="elsewhere", moved_from=Place("secrets.yml", "deploy"))

    (outcome,) = unchanged_by(scene, lambda: scene.run(moved, api_key=words["api_key"]))

    assert "and this run logs in to account" in (outcome.failure or "")


def test_another_account_does_not_take_over_a_slot_whose_record_names_no_account() -> None:
    scene = Scene()
    scene.run()
    assert scene.record.current is not None
    old = replace(scene.record, account_id=None, current=replace(scene.record.current, iam_id=None))
    scene.store.records["deploy"] = old
    words = in_another_account(scene)

    (outcome,) = unchanged_by(scene, lambda: scene.run(words.pop("slot"), **words))

    assert "it is not proven that it is gone" in (outcome.failure or "")
    assert f"logs in, as {scene.owner['iam_id']} of account {scene.emulator.seed.account_id}" in (outcome.failure or "")


def test_a_record_that_does_not_say_whose_it_is_is_completed_once() -> None:
    scene = Scene()
    scene.run()
    assert scene.record.current is not None
    named = scene.record
    scene.store.records["deploy"] = replace(named, account_id=None, current=replace(scene.record.current, iam_id=None))

    assert scene.run()[0].taken == ("note_owners",)
    assert replace(scene.record, revision=0) == replace(named, revision=0)
    assert scene.run()[0].taken == ()


# ---- gone or only not seen


def colleague(scene: Scene) -> str:
    """The key of a user without roles, to whom IAM says that there are no keys of others."""
    scene.emulator.change_settings(foreign_key_status=404)
    return scene.visitor.add_user("Colleague").key_value


@pytest.mark.parametrize("is_due", [False, True])
@pytest.mark.parametrize("check_mode", [False, True])
def test_a_colleague_who_sees_no_keys_gives_none_up(is_due: bool, check_mode: bool) -> None:
    scene = Scene()
    scene.run()
    scene.pass_time((91 if is_due else 1) * DAY_SECONDS)
    api_key = colleague(scene)

    (outcome,) = unchanged_by(scene, lambda: scene.run(api_key=api_key, check_mode=check_mode))

    assert outcome.failure
    assert scene.works(scene.value)


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_slot_of_ones_own_keys_that_a_colleague_runs_names_both_owners(check_mode: bool) -> None:
    """Not only a role that the colleague lacks: nobody may have meant to have the slot's owner changed."""
    scene = Scene()
    scene.run()
    other = scene.visitor.add_user("Colleague")
    iam_id = other.ask("GET", "/v1/apikeys/details", headers={"IAM-ApiKey": other.key_value}).json()["iam_id"]
    own = replace(scene.slot, iam_id=iam_id)

    (outcome,) = unchanged_by(scene, lambda: scene.run(own, api_key=other.key_value, check_mode=check_mode))

    assert f"keys on record are of {scene.slot.iam_id}, and the slot is declared for {iam_id}" in str(outcome.failure)


def retiring(scene: Scene) -> None:
    scene.run()
    scene.pass_time(91 * DAY_SECONDS)
    scene.run()


def test_a_colleague_who_sees_no_keys_forgets_no_replaced_key() -> None:
    scene = Scene()
    retiring(scene)
    scene.pass_time(4 * DAY_SECONDS)
    api_key = colleague(scene)

    (outcome,) = unchanged_by(scene, lambda: scene.run(api_key=api_key))

    assert outcome.failure


def test_a_key_that_was_deleted_is_gone_and_gets_a_successor() -> None:
    scene = Scene()
    scene.run()
    old_value = scene.value
    scene.visitor.ask("DELETE", f"/v1/apikeys/{scene.published_id}")

    (outcome,) = scene.run()

    assert outcome.failure is None
    assert "intend" in outcome.taken
    assert scene.value != old_value
    assert scene.works(scene.value)


def test_a_proof_that_a_key_is_gone_is_asked_for_once_a_run() -> None:
    scene = Scene()
    scene.run()
    scene.visitor.ask("DELETE", f"/v1/apikeys/{scene.published_id}")
    scene.emulator.requests.clear()

    scene.run()

    refused = [
        entry for entry in scene.emulator.requests if entry["path"] == "/identity/token" and entry["status"] == 400
    ]
    assert len(refused) <= 3


# ---- another owner


def rotated_for_another_owner(scene: Scene, **orders: t.Any) -> tuple[SlotOutcome, Record]:
    scene.run()
    before = scene.record
    scene.slot = replace(scene.slot, iam_id=second_owner(scene))
    scene.pass_time(DAY_SECONDS)
    (outcome,) = scene.run(**orders)
    return outcome, before


def test_a_change_of_owner_is_a_reason_to_rotate_with_overlap() -> None:
    scene = Scene()

    outcome, before = rotated_for_another_owner(scene)

    assert outcome.failure is None
    assert outcome.taken[:2] == ("intend", "publish")
    assert outcome.step.name == "overlap"
    assert any(f"the slot is declared for {scene.slot.iam_id}" in line for line in scene.told)
    assert before.current is not None
    assert scene.record.superseded[0].id == before.current.id
    assert scene.record.owners == {scene.slot.iam_id, scene.owner["iam_id"]}
    assert scene.emulator.world.keys[scene.published_id].iam_id == scene.slot.iam_id


def test_check_mode_tells_of_the_change_of_owner() -> None:
    scene = Scene()

    outcome, _before = rotated_for_another_owner(scene, check_mode=True)

    assert outcome.step.name == "intend"
    assert "declared for" in outcome.step.reason


def test_the_key_of_the_owner_before_is_retired_in_its_turn() -> None:
    scene = Scene()
    rotated_for_another_owner(scene)
    for _day in range(12):
        scene.pass_time(DAY_SECONDS)
        (outcome,) = scene.run()
        assert outcome.failure is None

    assert outcome.step.name == "idle"
    assert scene.keys() == {}
    assert scene.record.owners == {scene.slot.iam_id}


def test_a_change_of_owner_does_not_wait_for_an_overlap() -> None:
    scene = Scene()
    retiring(scene)
    scene.slot = replace(scene.slot, iam_id=second_owner(scene))

    (outcome,) = scene.run()

    assert "publish" in outcome.taken
    assert len(scene.record.superseded) == 2


def test_a_successor_made_for_the_owner_before_is_withdrawn() -> None:
    scene = Scene()
    scene.run()
    scene.pass_time(91 * DAY_SECONDS)
    scene.run(until="staged")
    assert scene.record.pending is not None
    staged_value = scene.record.pending.key_value
    scene.slot = replace(scene.slot, iam_id=second_owner(scene))
    scene.pass_time(DAY_SECONDS)

    (outcome,) = scene.run()

    assert outcome.taken[0] == "withdraw"
    assert "publish" in outcome.taken
    assert not scene.works(staged_value)


def test_an_owner_that_was_deleted_and_made_again_gets_a_key_at_once() -> None:
    scene = Scene()
    scene.run()
    scene.visitor.ask("DELETE", f"/v1/serviceids/{scene.owner['id']}")
    scene.slot = replace(scene.slot, iam_id=second_owner(scene, "ci"))

    (outcome,) = scene.run()

    assert outcome.failure is None
    assert scene.works(scene.value)


def test_there_is_no_way_back_to_a_key_of_another_owner() -> None:
    scene = Scene()
    _outcome, before = rotated_for_another_owner(scene)
    assert before.current is not None
    value = scene.value

    (outcome,) = scene.run(rollback_to_ids=frozenset({before.current.id}))

    assert "declare the owner" in (outcome.failure or "")
    assert scene.value == value


def test_a_key_that_a_colleague_may_not_delete_is_not_forgotten() -> None:
    scene = Scene()
    retiring(scene)
    (old,) = scene.record.superseded
    for days in (4, 8):
        scene.pass_time(days * DAY_SECONDS)
        api_key = None
        if days == 8:
            scene.emulator.change_settings(foreign_key_status=404)
            api_key = scene.visitor.add_user("Colleague", "API key reviewer").key_value
        (outcome,) = scene.run(api_key=api_key)

    assert outcome.failure
    assert old.id in set(scene.keys())
    assert old.id in scene.record.known_ids
