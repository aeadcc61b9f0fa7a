# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a task with iam_service_id sends and returns."""

from __future__ import annotations

import re

import pytest

LOG_IN, LIST, KEYS = "POST /identity/token", "GET /v1/serviceids", "GET /v1/apikeys"
GROUPS, GET = "GET /v1/serviceid_groups", "GET /v1/serviceids"
PUT, LOCK, UNLOCK = "PUT /v1/serviceids", "POST /v1/serviceids/lock", "DELETE /v1/serviceids/lock"


def lines(scene):
    return [re.sub(r"/ServiceId-[0-9a-f-]+", "", line) for line in scene.sent()]


def robots(scene):
    return scene.user.list_service_ids()


@pytest.mark.parametrize(
    ("options", "changed", "sent"),
    [
        ({"name": "one"}, False, [LOG_IN, LIST]),
        ({"name": "one", "description": "old"}, False, [LOG_IN, LIST]),
        ({"name": "two", "state": "absent"}, False, [LOG_IN, LIST]),
        ({"name": "two", "description": "new"}, True, [LOG_IN, LIST, "POST /v1/serviceids"]),
        ({"name": "one", "description": "new"}, True, [LOG_IN, LIST, "PUT /v1/serviceids"]),
        ({"name": "one", "description": ""}, True, [LOG_IN, LIST, "PUT /v1/serviceids"]),
        ({"name": "one", "unique_instance_crns": ["crn:b", "crn:a"]}, False, [LOG_IN, LIST]),
        ({"name": "one", "unique_instance_crns": []}, True, [LOG_IN, LIST, "PUT /v1/serviceids"]),
        ({"name": "one", "locked": False}, False, [LOG_IN, LIST]),
        ({"name": "one", "locked": True}, True, [LOG_IN, LIST, LOCK]),
        ({"name": "two", "locked": True}, True, [LOG_IN, LIST, "POST /v1/serviceids"]),
        ({"name": "two", "service_id_group": "default"}, True, [LOG_IN, GROUPS, LIST, "POST /v1/serviceids"]),
        ({"name": "one", "description": "new", "locked": True}, True, [LOG_IN, LIST, "PUT /v1/serviceids", LOCK]),
        ({"name": "one", "state": "absent"}, True, [LOG_IN, LIST, KEYS, "DELETE /v1/serviceids"]),
    ],
)
def test_a_task_sends_what_it_needs_and_check_mode_foretells_it(scene, manage_robot, options, changed, sent):
    scene.user.create_service_id(name="one", description="old", unique_instance_crns=["crn:a", "crn:b"])
    before = robots(scene)
    foretold = manage_robot(check_mode=True, **options)
    assert scene.writes() == []
    assert robots(scene) == before

    done = manage_robot(**options)
    assert lines(scene) == sent
    assert (foretold["changed"], done["changed"]) == (changed, changed)
    for side in ("before", "after"):
        for member in ("name", "description", "locked", "unique_instance_crns"):
            assert foretold["diff"][side].get(member) == done["diff"][side].get(member)
    assert manage_robot(**options)["changed"] is False


def test_a_service_id_is_told_when_it_is_there_and_null_when_it_is_not(scene, manage_robot):
    assert manage_robot(check_mode=True, name="one")["service_id"] is None
    made = manage_robot(name="one")["service_id"]

    assert (made["name"], made["iam_id"]) == ("one", f"iam-{made['id']}")
    assert manage_robot(name="one", state="absent")["service_id"] is None


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_service_id_with_keys_is_not_deleted_by_the_way(scene, manage_robot, check_mode):
    robot = scene.user.create_service_id(name="one", apikey={"name": "its key"})
    result = manage_robot(check_mode, name="one", state="absent")

    assert result["failed"]
    assert result["candidates"] == [robot["apikey"]["id"]]
    assert "still has 1 API keys" in result["msg"]
    assert scene.writes() == []
    assert manage_robot(check_mode, name="one", state="absent", delete_keys=True)["changed"]
    assert len(robots(scene)) == int(check_mode)


@pytest.mark.parametrize("state", ["present", "absent"])
def test_an_ambiguous_name_fails_with_the_ids(scene, manage_robot, state):
    ids = sorted(scene.user.create_service_id(name="one")["id"] for _time in range(2))
    result = manage_robot(name="one", state=state)

    assert result["candidates"] == ids
    assert scene.writes() == []


@pytest.mark.parametrize(
    "fault", [{"kind": "status", "status": 409}, {"kind": "status", "status": 412}, {"kind": "cut_after"}]
)
def test_a_change_in_between_is_read_again_once(scene, manage_robot, fault):
    scene.user.create_service_id(name="one", description="old")
    scene.faults({**fault, "method": "PUT"})
    result = manage_robot(name="one", description="new")

    assert "msg" not in result
    assert result["changed"]
    assert [robot["description"] for robot in robots(scene)] == ["new"]


def test_a_second_conflict_is_an_error(scene, manage_robot):
    scene.user.create_service_id(name="one", description="old")
    scene.faults({"kind": "status", "status": 409, "method": "PUT", "times": 9})

    assert "409 to change service ID" in manage_robot(name="one", description="new")["msg"]
    assert lines(scene).count("PUT /v1/serviceids") == 2


CREATE = {"description": "first", "unique_instance_crns": ["crn:a"], "locked": True}
CHANGE = {"description": "second", "unique_instance_crns": [], "locked": False}
# What each step of a life may send, a cold log-in included; check mode sends what comes before the first write.
BUDGETS = [
    (CREATE, [LOG_IN, LIST, "POST /v1/serviceids"], [LOG_IN, LIST]),
    (CHANGE, [LOG_IN, LIST, UNLOCK, GET, PUT], [LOG_IN, LIST]),
    ({"state": "absent"}, [LOG_IN, LIST, KEYS, "DELETE /v1/serviceids"], [LOG_IN, LIST]),
]


def test_a_life_in_twelve_steps_keeps_to_its_budget(scene, manage_robot):
    for options, sent_for_change, sent_for_nothing in BUDGETS:
        reads = [line for line in sent_for_change[:3] if line.startswith("GET") or line == LOG_IN]
        for is_due in (True, False):
            for check_mode in (True, False):
                result = manage_robot(check_mode, name="life", **options)
                assert "msg" not in result
                assert result["changed"] is is_due
                assert (result["diff"]["before"] != result["diff"]["after"]) is is_due
                expected = sent_for_nothing if not is_due else reads if check_mode else sent_for_change
                assert lines(scene) == expected


def test_clearing_is_not_the_same_as_not_setting(scene, manage_robot):
    scene.user.create_service_id(name="one", description="old", unique_instance_crns=["crn:a"])
    assert manage_robot(name="one")["changed"] is False
    cleared = manage_robot(name="one", description="", unique_instance_crns=[])["service_id"]

    assert (cleared["description"], cleared["unique_instance_crns"]) == ("", [])
    assert "description" not in robots(scene)[0]


def test_an_id_takes_over_and_renames(scene, manage_robot):
    robot = scene.user.create_service_id(name="old")
    result = manage_robot(id=robot["id"], name="new")

    assert lines(scene) == [LOG_IN, GET, PUT]
    assert (result["changed"], robots(scene)[0]["name"]) == (True, "new")
    assert manage_robot(id=robot["id"], name="new")["changed"] is False
    assert manage_robot(id=robot["id"], state="absent")["changed"] is True
    assert manage_robot(id=robot["id"], state="absent")["changed"] is False
    assert f"there is no service ID {robot['id']}" in manage_robot(id=robot["id"])["msg"]


@pytest.mark.parametrize("options", [{"description": "new"}, {"state": "absent"}])
@pytest.mark.parametrize("check_mode", [True, False])
def test_a_locked_service_id_needs_the_users_word(scene, manage_robot, options, check_mode):
    scene.user.create_service_id(name="one", description="old", headers={"Entity-Lock": "true"})
    result = manage_robot(check_mode, name="one", **options)

    assert "is locked" in result["msg"]
    assert "`unlock: true` allows it" in result["msg"]
    assert scene.writes() == []


def test_what_was_unlocked_for_a_change_is_locked_again(scene, manage_robot):
    scene.user.create_service_id(name="one", description="old", headers={"Entity-Lock": "true"})
    result = manage_robot(name="one", description="new", unlock=True)

    assert lines(scene) == [LOG_IN, LIST, UNLOCK, GET, PUT, LOCK]
    assert (result["changed"], result["service_id"]["locked"]) == (True, True)
    assert [(each["description"], each["locked"]) for each in robots(scene)] == [("new", True)]
    assert manage_robot(name="one", description="new", unlock=True)["changed"] is False


def test_what_was_unlocked_for_a_change_that_fails_is_locked_again(scene, manage_robot):
    scene.user.create_service_id(name="one", description="old", headers={"Entity-Lock": "true"})
    scene.faults({"kind": "status", "status": 403, "method": "PUT"})
    result = manage_robot(name="one", description="new", unlock=True)

    assert "403 to change service ID" in result["msg"]
    assert [(each["description"], each["locked"]) for each in robots(scene)] == [("old", True)]


def test_locked_keys_are_not_deleted_by_the_way_and_no_key_goes_before_that_is_known(scene, manage_robot):
    robot = scene.user.create_service_id(name="one", apikey={"name": "free"})
    locked = scene.user.create_key(iam_id=robot["iam_id"], headers={"Entity-Lock": "true"})
    result = manage_robot(name="one", state="absent", delete_keys=True)

    assert result["candidates"] == [locked["id"]]
    assert scene.writes() == []
    assert manage_robot(name="one", state="absent", delete_keys=True, unlock=True)["changed"]
    assert robots(scene) == []


@pytest.mark.parametrize("options", [{}, {"locked": False}], ids=["said nothing", "locked: false"])
def test_locks_are_put_back_when_the_delete_fails(scene, manage_robot, options):
    robot = scene.user.create_service_id(name="one", headers={"Entity-Lock": "true"})
    key = scene.user.create_key(iam_id=robot["iam_id"], headers={"Entity-Lock": "true"})
    scene.faults({"kind": "status", "status": 403, "method": "DELETE", "path": "serviceids/[^/]+$"})
    result = manage_robot(name="one", state="absent", delete_keys=True, unlock=True, **options)

    assert "403 to delete service ID" in result["msg"]
    assert robots(scene)[0]["locked"]
    assert scene.user.ask("GET", f"/v1/apikeys/{key['id']}").json()["locked"]


def test_a_key_that_was_locked_meanwhile_stops_the_delete_with_the_reason(scene, manage_robot):
    scene.user.create_service_id(name="one", apikey={"name": "free"})
    scene.faults({"kind": "status", "status": 409, "method": "DELETE", "times": 2})

    assert (
        "not all of its API keys could be deleted" in manage_robot(name="one", state="absent", delete_keys=True)["msg"]
    )


def test_nobody_deletes_the_service_id_that_is_logged_in_by_the_way(scene, manage_robot):
    robot = scene.user.create_service_id(name="one", apikey={"name": "login"})
    scene.user.grant(robot["iam_id"], "Operator")
    login = {"api_key": robot["apikey"]["apikey"], "name": "one", "state": "absent", "delete_keys": True}

    assert "is the one that this task logs in as" in manage_robot(**login)["msg"]
    assert len(robots(scene)) == 1
    profile = scene.user.create_profile(assumed_by=robot["iam_id"])
    scene.user.grant(profile["iam_id"], "Administrator")
    assert "is the one that this task logs in as" in manage_robot(**login, profile_id=profile["id"])["msg"]
    assert len(robots(scene)) == 1
    assert manage_robot(**login, allow_self=True)["changed"]


@pytest.fixture
def edge(scene):
    """A group of service IDs beside the default one."""
    return scene.user.ask("POST", "/v1/serviceid_groups", {"account_id": scene.account_id, "name": "edge"}).json()


@pytest.mark.parametrize("by", ["id", "name"])
def test_a_group_has_service_ids_of_its_own(scene, manage_robot, edge, by):
    scene.user.create_service_id(name="one")
    made = manage_robot(name="one", service_id_group=edge[by])

    assert (made["changed"], made["service_id"]["group_id"]) == (True, edge["id"])
    assert manage_robot(name="one", service_id_group=edge[by])["changed"] is False
    scene.user.create_key(iam_id=made["service_id"]["iam_id"])
    assert "still has 1 API keys" in manage_robot(name="one", service_id_group=edge[by], state="absent")["msg"]
    assert manage_robot(name="one", service_id_group=edge[by], state="absent", delete_keys=True)["changed"]
    assert len(robots(scene)) == 1


def test_keys_in_a_group_are_seen_before_a_delete_even_if_iam_wants_the_group(scene, manage_robot, edge):
    robot = scene.user.create_service_id(name="one", group_id=edge["id"], apikey={"name": "its key"})
    scene.emulator.change_settings(keys_need_group=True)

    assert "still has 1 API keys" in manage_robot(id=robot["id"], state="absent")["msg"]


def test_without_a_group_only_the_default_one_is_searched(scene, manage_robot, edge):
    scene.user.create_service_id(name="one", group_id=edge["id"])

    assert manage_robot(name="one", state="absent")["changed"] is False
    assert manage_robot(name="one")["changed"] is True


def test_an_unknown_group_is_an_error_that_lists_those_that_exist(scene, manage_robot, edge):
    result = manage_robot(name="one", service_id_group="egde")

    assert "no service-ID group called 'egde'" in result["msg"]
    assert "there are: default, edge" in result["msg"]
    assert scene.writes() == []


def test_a_service_id_does_not_move_to_another_group(scene, manage_robot, edge):
    robot = scene.user.create_service_id(name="one")

    assert "does not move" in manage_robot(id=robot["id"], service_id_group="edge")["msg"]


@pytest.mark.parametrize("name", ["", "  "])
def test_a_name_is_not_empty(scene, manage_robot, name):
    assert "`name` must not be blank" in manage_robot(name=name)["msg"]


def test_a_restricted_account_says_which_role_is_needed(scene, manage_robot):
    url = f"/v1/accounts/{scene.account_id}/settings/identity"
    scene.user.ask("PUT", url, {"restrict_create_service_id": "RESTRICTED"}, {"If-Match": "*"})
    result = manage_robot(name="one")

    assert "the caller needs the role Service ID creator" in result["msg"]
    assert "BXNIM0513E" in result["msg"]
