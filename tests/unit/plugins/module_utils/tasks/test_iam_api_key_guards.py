# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which key is meant, what must not happen to it, and what IBM Cloud never allows."""

from __future__ import annotations

from dataclasses import replace

import pytest
from iam_emulator.tokens import mint_token

CREATE, LOOK_UP = "POST /v1/apikeys", "GET /v1/apikeys/details"
LATER = "2027-06-01T00:00+0000"


def test_an_expiry_is_set_changed_and_taken_away(scene, manage):
    manage(name="one", expires_at="2027-03-01T01:00:30+01:00", reveal=True)
    assert scene.keys("one")[0]["expires_at"] == "2027-03-01T00:00+0000"

    for expires_at, shown in ((LATER, LATER), ("", None)):
        result = manage(name="one", expires_at=expires_at)
        assert (result["changed"], result["api_key"]["expires_at"]) == (True, shown)
        assert scene.keys("one")[0].get("expires_at") == shown
        assert manage(name="one", expires_at=expires_at)["changed"] is False
        assert manage(name="one")["changed"] is False, "not to set it is not to clear it"


@pytest.mark.parametrize("options", [{}, {"discard_value": True}])
def test_an_expiry_in_the_past_is_refused(scene, manage, options):
    if not options:
        scene.user.create_key(name="one")
    result = manage(name="one", expires_at="2026-12-31T00:00Z", **options)

    assert "lies in the past" in result["msg"]
    assert scene.writes() == []


def test_an_expiry_that_has_come_meanwhile_is_no_error(scene, manage):
    manage(name="one", expires_at=LATER, reveal=True)
    scene.emulator.clock.advance(365 * 24 * 3600)

    assert manage(name="one", expires_at=LATER)["changed"] is False


def test_an_expiry_that_iam_does_not_take_away_is_told(scene, manage):
    manage(name="one", expires_at=LATER, reveal=True)
    update = scene.emulator.world.note_change
    key = next(key for key in scene.emulator.world.keys.values() if key.name == "one")

    def note_change(entity, *more):
        key.expires_at = key.expires_at or 1_900_000_000.0
        update(entity, *more)

    scene.emulator.world.note_change = note_change
    assert "accepted another expires_at" in manage(name="one", expires_at="")["msg"]


def test_leaks_and_sessions_are_set_and_changed(scene, manage):
    manage(name="one", action_when_leaked="delete", support_sessions=True, reveal=True)
    key = scene.keys("one")[0]
    assert (key["action_when_leaked"], key["support_sessions"]) == ("delete", True)

    assert manage(name="one", action_when_leaked="none", support_sessions=False)["changed"]
    key = scene.keys("one")[0]
    assert (key["action_when_leaked"], key["support_sessions"]) == ("none", False)
    assert manage(name="one", action_when_leaked="none", support_sessions=False)["changed"] is False


@pytest.mark.parametrize("options", [{"name": "first key"}, {"id": True}, {"key_value": True}])
@pytest.mark.parametrize("what", [{"state": "absent"}, {"disabled": True}])
@pytest.mark.parametrize("check_mode", [True, False])
def test_the_key_that_logs_in_is_not_taken_away(scene, manage, options, what, check_mode):
    given = {"id": scene.emulator.seed.api_key_id, "key_value": scene.api_key, "name": "first key"}
    result = manage(check_mode, **{name: given[name] for name in options}, **what)

    assert "is the one that this task logs in with" in result["msg"]
    assert "`allow_self: true`" in result["msg"]
    assert scene.writes() == []


@pytest.mark.parametrize("what", [{"state": "absent"}, {"disabled": True}])
def test_nor_is_the_key_that_takes_a_trusted_profile_on(scene, manage, what):
    profile = scene.user.create_profile(assumed_by=scene.iam_id)
    scene.user.grant(profile["iam_id"], "Administrator")
    client = scene.connect(profile_id=profile["id"], api_key=scene.api_key)

    result = manage(id=scene.emulator.seed.api_key_id, client=client, **what)

    assert "is the one that this task logs in with" in result["msg"]
    assert scene.writes() == []


def test_the_key_that_logs_in_is_taken_away_with_leave(scene, manage):
    assert manage(name="first key", state="absent", allow_self=True)["changed"]
    assert scene.keys("first key") == []


def test_who_the_key_is_is_asked_only_about_own_keys_that_go(scene, manage):
    robot = scene.user.create_service_id(name="robot", apikey={"name": "one"})["id"]
    scene.user.create_key(name="mine")
    for options in (
        {"service_id": robot, "name": "one", "disabled": True},
        {"service_id": robot, "name": "one", "state": "absent"},
        {"name": "mine", "description": "new", "locked": True},
        {"name": "mine", "locked": False},
        {"name": "none", "state": "absent"},
    ):
        assert "msg" not in manage(**options)
        assert LOOK_UP not in scene.sent()


def test_a_token_has_no_key_that_could_be_taken_away(scene, manage):
    token = scene.user.log_in().json()["access_token"]
    result = manage(client=scene.connect(token=token), name="first key", state="absent")

    assert result["changed"]


@pytest.mark.parametrize(("on_duplicate", "place"), [("oldest", 0), ("newest", -1)])
def test_one_of_several_is_meant_when_the_user_says_which(scene, manage, on_duplicate, place):
    ids = []
    for _time in range(3):
        ids.append(scene.user.create_key(name="one")["id"])
        scene.emulator.clock.advance(60)
    result = manage(name="one", description="new", on_duplicate=on_duplicate)

    assert result["api_key"]["id"] == ids[place]
    assert sorted(result["duplicates"]) == sorted(set(ids) - {ids[place]})
    assert [key["id"] for key in scene.keys("one") if key.get("description") == "new"] == [ids[place]]


def test_all_of_a_name_are_deleted_on_request(scene, manage):
    ids = [scene.user.create_key(name="one")["id"] for _time in range(3)]
    assert manage(True, name="one", state="absent", on_duplicate="all")["changed"]
    assert len(scene.keys("one")) == 3
    result = manage(name="one", state="absent", on_duplicate="all")

    assert (result["changed"], result["duplicates"], scene.keys("one")) == (True, ids[1:], [])
    assert manage(name="one", state="absent", on_duplicate="all")["changed"] is False


def test_all_are_looked_at_before_the_first_is_deleted(scene, manage):
    scene.user.create_key(name="one")
    scene.user.create_key(name="one", headers={"Entity-Lock": "true"})
    result = manage(name="one", state="absent", on_duplicate="all")

    assert "is locked, so it is not deleted" in result["msg"]
    assert scene.writes() == []


def test_a_leaked_value_is_enough_to_delete_a_key(scene, manage):
    key = scene.user.create_key(name="one", apikey="leaked-" + "x" * 32)
    result = manage(key_value=key["apikey"], state="absent")

    assert (result["changed"], result["diff"]["before"]["id"], scene.keys("one")) == (True, key["id"], [])
    assert manage(key_value=key["apikey"], state="absent")["changed"] is False
    assert "leaked-" not in str(result)


def test_a_leaked_value_is_enough_to_disable_a_key(scene, manage):
    key = scene.user.create_key(name="one")

    assert manage(key_value=key["apikey"], disabled=True)["changed"]
    assert scene.keys("one")[0]["disabled"]


def test_a_key_named_by_its_value_alone_is_never_created(scene, manage):
    result = manage(key_value="v" * 44)

    assert "there is no API key with this value" in result["msg"]
    assert scene.writes() == []


def test_a_value_of_somebody_elses_key_is_refused_when_the_owner_is_named(scene, manage):
    robot = scene.user.create_service_id(name="robot", apikey={"name": "one"})
    result = manage(key_value=robot["apikey"]["apikey"], iam_id=scene.iam_id, state="absent")

    assert "belongs to iam-ServiceId-" in result["msg"]


@pytest.fixture
def colleague(scene):
    """Another user of the account, with a key of the name `theirs`."""
    mine = scene.emulator.world.keys[scene.emulator.seed.api_key_id]
    other = {"id": "ApiKey-" + "0" * 36, "iam_id": "IBMid-colleague", "name": "theirs", "key_value": "t" * 44}
    theirs = replace(mine, **other)
    scene.emulator.world.add_key(theirs)
    return theirs


@pytest.mark.parametrize("check_mode", [True, False])
def test_nobody_creates_a_key_for_somebody_else(scene, colleague, manage, check_mode):
    result = manage(check_mode, name="one", iam_id=colleague.iam_id, discard_value=True)

    assert "IBM Cloud lets nobody create an API key for somebody else: IBMid-colleague has to log in" in result["msg"]
    assert scene.writes() == []


def test_the_key_of_a_colleague_is_found_among_those_of_the_account(scene, colleague, manage):
    mine = scene.user.create_key(name="theirs")
    assert manage(name="theirs", iam_id=colleague.iam_id, disabled=True)["changed"]
    assert colleague.disabled
    assert scene.emulator.requests[1]["query"] == {
        "account_id": scene.account_id,
        "scope": "account",
        "type": "user",
        "pagesize": "100",
    }
    assert manage(name="theirs", iam_id=colleague.iam_id, state="absent")["changed"]
    assert [key["id"] for key in scene.keys("theirs")] == [mine["id"]]


def test_whoever_may_not_look_at_a_colleagues_keys_is_told_who_may(scene, colleague, manage):
    client = scene.connect()
    scene.faults({"kind": "status", "status": 403, "method": "GET"})
    result = manage(client=client, name="one", iam_id=colleague.iam_id, discard_value=True)

    assert "only an Administrator on IAM Identity sees these. Nobody can create a key for another user" in result["msg"]


def test_whoever_logs_in_as_a_profile_is_told_that_it_has_no_keys(scene, manage):
    profile = scene.user.create_profile(name="deployer")
    token = mint_token(scene.emulator.world, profile["iam_id"], "grant")["access_token"]
    scene.emulator.requests.clear()
    for options, words in (
        ({}, "the trusted profile deployer, which has no API keys"),
        ({"iam_id": "iam-Profile-2"}, "a trusted profile has no API keys of its own"),
    ):
        result = manage(client=scene.connect(token=token), name="one", discard_value=True, **options)
        assert words in result["msg"]
    assert scene.sent() == []


@pytest.mark.parametrize(("owner", "is_told"), [("user", True), ("robot", False)])
def test_a_refused_create_of_an_own_key_may_be_a_restriction_of_the_account(scene, manage, owner, is_told):
    scene.user.create_service_id(name="robot")
    client = scene.connect()
    scene.faults({"kind": "status", "status": 403, "method": "POST", "path": "apikeys"})
    named = {"service_id": "robot"} if owner == "robot" else {}
    result = manage(client=client, name="one", discard_value=True, **named)

    assert ("the role User API key creator" in result["msg"]) is is_told
