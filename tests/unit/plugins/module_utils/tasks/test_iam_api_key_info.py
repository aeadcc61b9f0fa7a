# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What iam_api_key_info finds in an account, and what it computes."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from iam_emulator import Visitor

A_DAY = 24 * 3600
LOG_IN, LIST, GET = "POST /identity/token", "GET /v1/apikeys", "GET /v1/apikeys/ID"


@pytest.fixture
def robots(scene):
    """Two service IDs with two keys each; the values of `a-2` and `b-2` are stored."""
    made = [scene.user.create_service_id(name=name) for name in ("a", "b")]
    for robot in made:
        for number in (1, 2):
            scene.user.create_key(name=f"{robot['name']}-{number}", iam_id=robot["iam_id"], store_value=number == 2)
    return made


def names(result):
    return [key["name"] for key in result["api_keys"]]


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"scope": "account"}, ["first key", "a-1", "a-2", "b-1", "b-2"]),
        ({"scope": "account", "type": "user"}, ["first key"]),
        ({"scope": "account", "type": "serviceid"}, ["a-1", "a-2", "b-1", "b-2"]),
        ({"scope": "account", "name": "b-1"}, ["b-1"]),
        ({"scope": "account", "filter": 'name sw "a" or name ew "-1"'}, ["a-1", "a-2", "b-1"]),
        ({"service_id": "b", "filter": 'name co "2"'}, ["b-2"]),
        ({"filter": 'name co_ci "FIRST"'}, ["first key"]),
        ({"filter": 'name co "nothing"'}, []),
    ],
)
def test_the_account_is_searched_as_asked(scene, robots, list_keys, options, found):
    assert names(list_keys(**options)) == found
    assert scene.sent().count(LIST) == 1


@pytest.mark.parametrize("options", [{"scope": "account"}, {"scope": "account", "include_activity": True}])
def test_no_value_is_returned_from_an_account_either(scene, robots, list_keys, options):
    shown = json.dumps(list_keys(**options))

    assert [key.name for key in scene.emulator.world.keys.values() if key.key_value in shown] == []


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"scope": "account", "service_id": "a"}, "reads the keys of every identity"),
        ({"scope": "account", "id": "ApiKey-1"}, "reads the keys of every identity"),
        ({"type": "user"}, "`type` goes with `scope: account`"),
        ({"filter": 'name eq "a"'}, "400 to list the API keys of IBMid-"),
    ],
)
def test_what_cannot_be_read_is_said(scene, list_keys, options, says):
    assert says in list_keys(**options)["msg"]


def test_the_keys_of_a_group_are_not_among_those_of_the_account_and_not_said_to_be_missing(scene, list_keys):
    group = scene.user.ask("POST", "/v1/serviceid_groups", {"account_id": scene.account_id, "name": "g"}).json()
    robot = scene.user.create_service_id(name="far", group_id=group["id"])
    scene.user.create_key(name="one", iam_id=robot["iam_id"])

    assert "one" not in names(list_keys(scope="account"))
    assert names(list_keys(service_id=robot["id"])) == ["one"]


@pytest.mark.parametrize("how", ["id", "name", "scope"])
def test_the_history_is_told_when_asked_for(scene, list_keys, how):
    key = scene.user.create_key(name="one")
    scene.user.ask("POST", f"/v1/apikeys/{key['id']}/lock")
    options = {"id": {"id": key["id"]}, "name": {"name": "one"}, "scope": {"scope": "account", "name": "one"}}[how]
    (found,) = list_keys(include_history=True, **options)["api_keys"]

    assert [entry["action"] for entry in found["history"]] == ["CREATE", "LOCK"]
    assert found["history"][0]["iam_id"] == scene.iam_id
    assert "history" not in list_keys(**options)["api_keys"][0]


@pytest.mark.parametrize("concurrency", [1, 8])
def test_activity_costs_one_request_a_key(scene, robots, list_keys, concurrency):
    used = scene.emulator.world.keys[scene.user.list_keys(iam_id=robots[0]["iam_id"])[0]["id"]]
    Visitor(scene.emulator, used.key_value).log_in()
    scene.emulator.clock.advance(3 * A_DAY + 120)
    result = list_keys(scope="account", type="serviceid", include_activity=True, concurrency=concurrency)

    assert [key["last_used_days"] for key in result["api_keys"]] == [3, None, None, None]
    assert [key["activity"]["authn_count"] for key in result["api_keys"]] == [1, 0, 0, 0]
    assert result["api_keys"][0]["activity"]["last_authn"] == "2027-01-01T00:00+0000"
    assert sorted(scene.sent()) == sorted([LOG_IN, LIST, *[GET] * 4])
    assert names(result) == ["a-1", "a-2", "b-1", "b-2"]


def test_a_key_that_is_deleted_while_it_is_looked_at_has_no_activity(scene, list_keys):
    scene.faults({"kind": "status", "status": 404, "path": "apikeys/."})
    (found,) = list_keys(include_activity=True)["api_keys"]

    assert (found["activity"], found["last_used_days"]) == (None, None)


def test_activity_that_may_not_be_read_is_an_error_and_not_never_used(scene, list_keys):
    scene.faults({"kind": "status", "status": 403, "path": "apikeys/."})

    assert "403 to read API key" in list_keys(include_activity=True)["msg"]


@pytest.fixture
def last_login_told_as(scene):
    """Let IAM tell the last log-in in another form; which one it uses is not documented."""

    def tell(text):
        handle = scene.emulator.handle

        def retold(request):
            answer = handle(request)
            body = re.sub(rb'"last_authn": "[^"]*"', f'"last_authn": "{text}"'.encode(), answer.body)
            return replace(answer, body=body)

        scene.emulator.handle = retold

    return tell


@pytest.mark.parametrize(
    "text", ["2026-12-31T00:00+0000", "2026-12-31T00:00:00.123Z", "2026-12-31T00:00:00+0000", "2026-12-30T19:00-05:00"]
)
def test_a_last_log_in_is_read_in_any_usual_form(list_keys, last_login_told_as, text):
    last_login_told_as(text)

    assert list_keys(include_activity=True)["api_keys"][0]["last_used_days"] == 1


def test_a_last_log_in_that_cannot_be_read_is_an_error_and_not_never(list_keys, last_login_told_as):
    last_login_told_as("last week")

    told = list_keys(include_activity=True)["msg"]

    assert "in a form that is not understood: its last_authn has a foreign form" in told
    assert "last week" not in told


@pytest.mark.parametrize(
    ("expires_at", "changed_after_days", "erased_at"),
    [
        (None, 0, None),
        ("2027-02-01T00:00+0000", 0, "2027-05-02T00:00+0000"),
        # A change puts it off.
        ("2027-02-01T00:00+0000", 60, "2027-05-31T00:00+0000"),
    ],
)
def test_the_date_on_which_ibm_erases_a_key_is_told(scene, list_keys, expires_at, changed_after_days, erased_at):
    key = scene.user.create_key(name="one", **({"expires_at": expires_at} if expires_at else {}))
    scene.emulator.clock.advance(changed_after_days * A_DAY)
    scene.user.token = ""
    scene.user.ask("POST", f"/v1/apikeys/{key['id']}/lock")

    assert list_keys(name="one")["api_keys"][0]["erased_at"] == erased_at
