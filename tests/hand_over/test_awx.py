# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A credential of AWX gets the value, and a mark by which a later run knows that it has."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.cloudkeys.ibmcloud.tests.hand_over.awx import Awx, Credential
from ansible_collections.cloudkeys.ibmcloud.tests.hand_over.scene import KEY_ID, HandOver, changes, new_value
from ansible_collections.cloudkeys.ibmcloud.tests.hand_over.service import Service

Place = dict[str, t.Any]
MARK = f"[cloudkeys {KEY_ID}]"
OTHERS = {"account_id": "0af1", "note": "a secret that stays"}


@pytest.fixture
def awx(start: t.Callable[[Service, str, str], None]) -> Awx:
    awx = Awx()
    awx.credentials = [
        Credential(7, "somebody's", {"api_key": "theirs"}),
        Credential(8, "deploy", {**OTHERS, "api_key": "the value before"}, "Of the build [cloudkeys ApiKey-old]"),
    ]
    start(awx, "CONTROLLER_HOST", "CONTROLLER_OAUTH_TOKEN")
    return awx


@pytest.fixture
def place(slot: HandOver) -> Place:
    return {"to": "awx_credential", "ca_file": str(slot.ca_file)}


def test_the_credential_of_the_slots_name_gets_the_value_once(slot: HandOver, awx: Awx, place: Place) -> None:
    assert changes(slot.run(place))

    assert awx.credentials[1] == Credential(8, "deploy", {**OTHERS, "api_key": slot.value}, f"Of the build {MARK}")
    assert awx.credentials[0].inputs == {"api_key": "theirs"}
    assert not changes(slot.run(place))
    slot.publish(new_value())
    assert changes(slot.run(place, key_id="ApiKey-next"))
    assert awx.credentials[1].inputs["api_key"] == slot.value
    assert awx.credentials[1].description == "Of the build [cloudkeys ApiKey-next]"


def test_a_run_that_is_killed_after_the_write_is_finished_by_the_next(slot: HandOver, awx: Awx, place: Place) -> None:
    slot.kill_after_write(awx, place)

    assert not changes(slot.run(place))
    assert awx.credentials[1].inputs["api_key"] == slot.value


def test_check_mode_says_what_it_would_do_and_writes_nothing(slot: HandOver, awx: Awx, place: Place) -> None:
    told = slot.run(place, check=True)

    assert f"would give {KEY_ID} to the credential deploy" in told
    assert changes(told)
    assert awx.writes == []


@pytest.mark.parametrize("given", ["/api/controller/", "api/controller", " /api/controller "])
def test_the_gateway_of_the_platform_has_a_path_of_its_own(slot: HandOver, awx: Awx, place: Place, given: str) -> None:
    awx.prefix = "/api/controller"

    slot.run(place, CONTROLLER_OPTIONAL_API_URLPATTERN_PREFIX=given)

    assert awx.credentials[1].inputs["api_key"] == slot.value
    assert {request.path.split("/v2/")[0] for request in awx.requests} == {"/api/controller"}


def test_a_prefix_that_is_no_path_goes_nowhere(slot: HandOver, awx: Awx, place: Place) -> None:
    told = slot.fail(place, CONTROLLER_OPTIONAL_API_URLPATTERN_PREFIX="/api/../x?y=")

    assert "a path such as /api/controller/" in told
    assert awx.requests == []


@pytest.mark.parametrize("blank", ["", " ", "True", "yes"])
def test_a_certificate_of_nobody_is_not_accepted(slot: HandOver, awx: Awx, blank: str) -> None:
    assert "answered -1" in slot.fail({"to": "awx_credential"}, CONTROLLER_VERIFY_SSL=blank)
    assert awx.requests == []


@pytest.mark.parametrize("no", ["False", "false", "no", "0"])
def test_a_certificate_of_nobody_is_accepted_on_demand(slot: HandOver, awx: Awx, no: str) -> None:
    slot.run({"to": "awx_credential"}, CONTROLLER_VERIFY_SSL=no)

    assert awx.credentials[1].inputs["api_key"] == slot.value


def test_what_is_neither_yes_nor_no_does_not_turn_the_check_off(slot: HandOver, awx: Awx) -> None:
    told = slot.fail({"to": "awx_credential"}, CONTROLLER_VERIFY_SSL="{{ verify_ssl }}")

    assert "CONTROLLER_VERIFY_SSL has to be true or false" in told
    assert awx.requests == []


def test_what_awx_refuses_is_told_without_the_value(slot: HandOver, awx: Awx, place: Place) -> None:
    awx.credentials.append(Credential(9, "twice", {}))
    awx.credentials.append(Credential(10, "twice", {}))
    places = [{**place, "name": "nobody"}, {**place, "name": "twice"}, {**place, "input": "apikey"}]

    told = slot.refusals(*({"hand_over": [each]} for each in places))

    assert "AWX shows 0 credentials named nobody" in told[0]
    assert "AWX shows 2 credentials named twice" in told[1]
    assert "Additional properties are not allowed" in told[2]
    awx.echoes = True
    assert "answered 400: " in slot.fail(place)
