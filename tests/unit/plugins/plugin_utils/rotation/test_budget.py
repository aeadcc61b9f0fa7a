# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a rotation costs: each request and each write of the vault file, in order."""

from __future__ import annotations

import re
import typing as t

import pytest
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import (
    DAY_SECONDS,
    HOUR_SECONDS,
    Effects,
    Scene,
)

LOG_IN = "POST /identity/token"
LIST = "GET /v1/apikeys"
# The value in the variable is that of the published key.
LOOK_BEHIND = "GET /v1/apikeys/details"
NEW_KEY = [LOOK_BEHIND, "commit", "POST /v1/apikeys", LIST]
PUBLISH = ["commit", "PUT /v1/apikeys/ID", LIST]


def cost_of(scene: Scene, effects: Effects | None = None) -> list[str]:
    effects = effects or Effects()
    (outcome,) = scene.run(effects=effects)
    assert outcome.failure is None
    return [re.sub("ApiKey-[0-9a-f-]+", "ID", name) for name in effects.done]


def due(**policy: float) -> Scene:
    scene = Scene(**policy)
    scene.run()
    scene.pass_time(91 * DAY_SECONDS)
    return scene


def test_a_slot_that_is_not_due_costs_a_login_and_a_list() -> None:
    scene = Scene()
    scene.run()

    assert cost_of(scene) == [LOG_IN, LIST]


def test_a_first_key_costs_two_writes_of_the_file() -> None:
    assert cost_of(Scene()) == [LOG_IN, LIST, *NEW_KEY[1:], LOG_IN, LOG_IN, *PUBLISH]


def test_a_successor_is_logged_in_with_twice_when_it_has_to_settle() -> None:
    assert cost_of(due()) == [LOG_IN, LIST, *NEW_KEY, LOG_IN, LOG_IN, *PUBLISH]


def test_a_successor_is_logged_in_with_once_when_it_need_not_settle() -> None:
    assert cost_of(due(settle_seconds=0)) == [LOG_IN, LIST, *NEW_KEY, LOG_IN, *PUBLISH]


@pytest.mark.parametrize(
    ("quiet_hours", "questions"),
    [(0, []), (24, ["GET /v1/apikeys/ID"])],
    ids=["unasked", "is it still in use"],
)
def test_an_old_key_costs_a_disable_and_a_delete(quiet_hours: float, questions: list[str]) -> None:
    scene = due(quiet_hours=quiet_hours)
    scene.run()
    own_id = "GET /v1/apikeys/details"
    scene.pass_time(73 * HOUR_SECONDS)

    assert cost_of(scene) == [LOG_IN, LIST, *questions, own_id, "commit", "POST /v1/apikeys/ID/disable", LIST]

    scene.pass_time(169 * HOUR_SECONDS)

    assert cost_of(scene) == [LOG_IN, LIST, own_id, "commit", "DELETE /v1/apikeys/ID", "commit", LIST]


@pytest.mark.parametrize("status", [404, 409, 412], ids=["too new", "changed meanwhile", "another version"])
def test_a_key_that_cannot_be_named_at_once_is_read_first(status: int) -> None:
    scene = due(settle_seconds=0)
    scene.emulator.faults.add([{"kind": "status", "status": status, "method": "PUT"}])

    cost = cost_of(scene)

    tidied = [LIST, "GET /v1/apikeys/ID", "PUT /v1/apikeys/ID", LIST]
    assert cost == [LOG_IN, LIST, *NEW_KEY, LOG_IN, "commit", "PUT /v1/apikeys/ID", *tidied]
    assert {key.name for key in scene.keys().values()} == {"deploy"}


def test_a_key_whose_making_got_no_answer_is_found_by_its_value() -> None:
    scene = due(settle_seconds=0)
    scene.emulator.faults.add([{"kind": "cut_after", "method": "POST", "path": "/v1/apikeys$"}])

    cost = cost_of(scene)

    by_value = "GET /v1/apikeys/details"
    assert cost == [LOG_IN, LIST, *NEW_KEY[:-1], by_value, LIST, LOG_IN, by_value, *PUBLISH]


@pytest.mark.parametrize(
    ("forgets", "more"),
    [
        ("apikey", ["GET /v1/apikeys/details", *PUBLISH]),
        ("description", ["GET /v1/apikeys/details", *PUBLISH]),
        ("entity_tag", ["commit", "GET /v1/apikeys/ID", *PUBLISH[1:]]),
    ],
)
def test_what_the_answer_to_a_create_does_not_tell_is_asked_for(forgets: str, more: list[str]) -> None:
    def forget(name: str, body: t.Any) -> None:
        if name == "POST /v1/apikeys":
            body[forgets] = None

    assert cost_of(due(settle_seconds=0), Effects(rewrite=forget)) == [LOG_IN, LIST, *NEW_KEY, LOG_IN, *more]


def test_a_login_is_repeated_when_the_round_took_long() -> None:
    scene, effects = due(settle_seconds=0), Effects()
    scene.emulator.faults.add([{"kind": "cut_after", "method": "POST", "path": "/v1/apikeys$"}])

    def look_up_slowly() -> None:
        """Twice: one request alone that takes so long would be given up."""
        proven = LOG_IN in effects.done[1:]
        if proven and effects.done[-1] == "GET /v1/apikeys/details":
            scene.pass_time(31)
            effects.hidden_from_lookups = effects.done[-2] == LOG_IN

    effects.watch = look_up_slowly
    (outcome,) = scene.run(effects=effects)

    assert outcome.failure is None
    assert effects.done.count(LOG_IN) == 1 + 2


def test_a_successor_is_published_after_the_settling_time() -> None:
    scene = due(settle_seconds=90)
    before = scene.emulator.clock.now()

    scene.run()

    assert 90 <= scene.emulator.clock.now() - before < 120
