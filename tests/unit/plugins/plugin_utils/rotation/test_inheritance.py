# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a successor has from the key before, beside its name and its text."""

from __future__ import annotations

import typing as t
from dataclasses import replace
from datetime import datetime, timezone

import pytest
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import (
    DAY_SECONDS,
    Scene,
)


def adopted(scene: Scene, **properties: t.Any) -> str:
    """A key that somebody made by hand, taken over by the slot."""
    made = scene.visitor.create_key(name="deploy", iam_id=scene.owner["iam_id"], **properties)
    scene.store.values["deploy"] = made["apikey"]
    return str(made["id"])


def successor_of(scene: Scene, key_id: str) -> t.Any:
    scene.pass_time(91 * DAY_SECONDS)
    for outcome in scene.run():
        assert outcome.failure is None
    assert scene.published_id != key_id
    return scene.keys()[scene.published_id]


def test_a_lock_is_inherited() -> None:
    scene = Scene(on_missing_record="adopt")
    key_id = adopted(scene)
    scene.visitor.ask("POST", f"/v1/apikeys/{key_id}/lock")
    scene.run()

    assert successor_of(scene, key_id).locked
    assert scene.keys()[key_id].name == "deploy"


def test_a_lock_that_a_person_took_off_stays_off() -> None:
    scene = Scene(on_missing_record="adopt")
    key_id = adopted(scene)
    scene.visitor.ask("POST", f"/v1/apikeys/{key_id}/lock")
    scene.run()
    new = successor_of(scene, key_id)
    scene.visitor.ask("DELETE", f"/v1/apikeys/{new.id}/lock")

    scene.run()

    assert not new.locked


def test_the_length_of_life_is_inherited() -> None:
    scene = Scene(on_missing_record="adopt", rotate_before_expiry_days=30.0)
    born = scene.emulator.clock.now()
    key_id = adopted(scene, expires_at=moment(born + 100 * DAY_SECONDS))
    scene.run()

    new = successor_of(scene, key_id)

    assert abs(new.expires_at - new.created_at - 100 * DAY_SECONDS) < 120


def test_what_the_policy_says_comes_before_what_is_inherited() -> None:
    scene = Scene(on_missing_record="adopt", expires_in_days=200.0)
    key_id = adopted(scene, expires_at=moment(scene.emulator.clock.now() + 100 * DAY_SECONDS))
    scene.run()

    new = successor_of(scene, key_id)

    assert abs(new.expires_at - new.created_at - 200 * DAY_SECONDS) < 120


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_successor_that_would_be_due_at_once_is_refused(check_mode: bool) -> None:
    scene = Scene(on_missing_record="adopt")
    adopted(scene, expires_at=moment(scene.emulator.clock.now() + 20 * DAY_SECONDS))
    scene.run()

    (outcome,) = scene.run(check_mode=check_mode)

    assert "expires_in_days" in (outcome.failure or "")
    assert scene.record.last_generation == 1


def test_check_mode_of_a_take_over_shows_what_the_run_does_with_a_key_that_is_due() -> None:
    scene = Scene(on_missing_record="adopt")
    adopted(scene)
    scene.pass_time(91 * DAY_SECONDS)

    (checked,) = scene.run(check_mode=True)
    (outcome,) = scene.run()

    foreseen = [each.step.name for each in checked.foreseen if not each.step.rests]
    assert foreseen[: len(outcome.taken)] == list(outcome.taken)
    assert "publish" in foreseen


def test_check_mode_refuses_a_take_over_as_the_run_does() -> None:
    scene = Scene(on_missing_record="adopt")
    scene.store.values["deploy"] = "no key has this value"

    (checked,) = scene.run(check_mode=True)
    (outcome,) = scene.run()

    assert checked.failure == outcome.failure
    assert "nothing to adopt" in (outcome.failure or "")


@pytest.mark.parametrize("check_mode", [False, True])
def test_what_is_not_inherited_is_told_beforehand(check_mode: bool) -> None:
    scene = Scene(on_missing_record="adopt")
    seed = scene.emulator.seed
    made = scene.visitor.create_key(name="deploy", iam_id=seed.iam_id, support_sessions=True)
    scene.store.values["deploy"] = made["apikey"]
    scene.slot = replace(scene.slot, iam_id=seed.iam_id)
    scene.run()
    scene.slot = replace(scene.slot, iam_id=scene.owner["iam_id"])

    (outcome,) = scene.run(check_mode=check_mode)

    assert any("does not inherit that it supports sessions" in warning for warning in outcome.warnings)
    assert outcome.failure is None


def moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M+0000")
