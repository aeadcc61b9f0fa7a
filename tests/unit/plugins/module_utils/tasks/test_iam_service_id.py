# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a task with iam_service_id sends and returns."""

from __future__ import annotations

import pytest

LOG_IN, LIST, KEYS = "POST /identity/token", "GET /v1/serviceids", "GET /v1/apikeys"


def lines(scene):
    return [line.partition("/ServiceId")[0] for line in scene.sent()]


def robots(scene):
    return scene.user.list_service_ids()


@pytest.mark.parametrize(
    ("options", "changed", "sent"),
    [
        ({"name": "one"}, False, [LOG_IN, LIST]),
        ({"name": "one", "description": "old"}, False, [LOG_IN, LIST]),
        ({"name": "two", "state": "absent"}, False, [LOG_IN, LIST]),
        ({"name": "two", "description": "new"}, True, [LOG_IN, LIST, "POST /v1/serviceids"]),
        ({"name": "one", "description": "new"}, True, [LOG_IN, LIST, LIST, "PUT /v1/serviceids"]),
        ({"name": "one", "description": ""}, True, [LOG_IN, LIST, LIST, "PUT /v1/serviceids"]),
        ({"name": "one", "state": "absent"}, True, [LOG_IN, LIST, KEYS, "DELETE /v1/serviceids"]),
    ],
)
def test_a_task_sends_what_it_needs_and_check_mode_foretells_it(scene, manage_robot, options, changed, sent):
    scene.user.create_service_id(name="one", description="old")
    before = robots(scene)
    foretold = manage_robot(check_mode=True, **options)
    assert scene.writes() == []
    assert robots(scene) == before

    done = manage_robot(**options)
    assert lines(scene) == sent
    assert (foretold["changed"], done["changed"]) == (changed, changed)
    for side in ("before", "after"):
        for member in ("name", "description"):
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
