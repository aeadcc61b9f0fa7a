# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A service ID that is to go, or one of its keys, is deleted by somebody else while the task looks at it."""

from __future__ import annotations

import typing as t

import pytest

ABSENT = {"name": "robot", "state": "absent", "delete_keys": True, "unlock": True}
LOCKED = {"Entity-Lock": "true"}


class SomebodyElse:
    """The calls of a client, on service IDs or on keys; before one of them somebody acts, once."""

    def __init__(self, calls, before, act) -> None:
        self._calls, self._before, self._act = calls, before, act

    def __getattr__(self, name: str) -> t.Any:
        if name == self._before:
            self._before = None
            self._act()
        return getattr(self._calls, name)


@pytest.fixture
def robot(scene):
    """Locked, with a locked key and one that is not."""
    robot = scene.user.create_service_id(name="robot", headers=LOCKED)
    keys = [scene.user.create_key(iam_id=robot["iam_id"], name=f"key {number}", headers=LOCKED) for number in range(2)]
    return {**robot, "key_ids": [key["id"] for key in keys]}


def unlocked_and_deleted(scene, what, *ids):
    for each in ids:
        scene.user.ask("DELETE", f"/v1/{what}/{each}/lock")
        scene.user.ask("DELETE", f"/v1/{what}/{each}")


def disturbed(scene, calls, before, act):
    """A client whose service IDs or keys somebody else acts on."""
    client = scene.connect()
    client.caller()
    setattr(client, calls, SomebodyElse(getattr(client, calls), before, act))
    scene.forget_requests()
    return client


def robot_goes(scene, robot, calls="service_ids", before="list_keys"):
    def act():
        unlocked_and_deleted(scene, "apikeys", *robot["key_ids"])
        unlocked_and_deleted(scene, "serviceids", robot["id"])

    return disturbed(scene, calls, before, act)


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize("by", ["id", "name"])
def test_one_that_goes_before_its_keys_are_listed_is_gone_and_not_by_the_task(
    scene, robot, manage_robot, by, check_mode
):
    named = {**{name: value for name, value in ABSENT.items() if name != "name"}, by: robot[by]}
    result = manage_robot(check_mode, client=robot_goes(scene, robot), **named)

    assert "msg" not in result
    assert (result["changed"], result["service_id"]) == (False, None)
    assert result["diff"] == {"before": {}, "after": {}}


@pytest.mark.parametrize(
    ("calls", "before"), [("service_ids", "unlock"), ("api_keys", "unlock"), ("service_ids", "delete")]
)
def test_one_that_goes_while_the_task_takes_it_away_is_gone(scene, robot, manage_robot, calls, before):
    result = manage_robot(client=robot_goes(scene, robot, calls, before), **ABSENT)

    assert "msg" not in result
    assert (result["changed"], result["service_id"]) == (True, None)
    assert scene.user.list_service_ids() == []


def test_one_that_goes_when_a_conflict_has_the_task_read_it_again_is_gone(scene, robot, manage_robot):
    scene.faults({"kind": "status", "status": 409, "method": "DELETE", "path": "serviceids/[^/]+$"})
    result = manage_robot(client=robot_goes(scene, robot, "service_ids", "get"), **ABSENT)

    assert "msg" not in result
    assert scene.user.list_service_ids() == []


def test_a_key_that_goes_before_it_is_unlocked_is_in_nobodys_way(scene, robot, manage_robot):
    client = disturbed(
        scene, "api_keys", "unlock", lambda: unlocked_and_deleted(scene, "apikeys", *robot["key_ids"][:1])
    )
    result = manage_robot(client=client, **ABSENT)

    assert "msg" not in result
    assert scene.user.list_service_ids() == []


@pytest.mark.parametrize("status", [400, 404])
@pytest.mark.parametrize(("method", "path"), [("GET", "v1/apikeys$"), ("DELETE", "serviceids/[^/]+/lock")])
def test_one_that_is_still_there_is_not_told_as_gone(scene, robot, manage_robot, method, path, status):
    scene.faults({"kind": "status", "status": status, "method": method, "path": path, "times": 9})
    result = manage_robot(**ABSENT)

    assert f"IBM Cloud IAM answered {status} to" in result["msg"]
    assert not result["changed"]
    assert [(each["id"], each["locked"]) for each in scene.user.list_service_ids()] == [(robot["id"], True)]


def test_one_that_is_hidden_by_its_id_and_still_listed_is_not_told_as_gone(scene, robot, manage_robot):
    scene.faults(
        {"kind": "status", "status": 400, "method": "GET", "path": "v1/apikeys$", "times": 9},
        {"kind": "status", "status": 404, "method": "GET", "path": "serviceids/ServiceId", "times": 9},
    )
    result = manage_robot(**ABSENT)

    assert f"lists service ID {robot['id']} and does not show it by its id" in result["msg"]


def test_one_that_is_to_stay_and_goes_is_told(scene, robot, manage_robot):
    client = robot_goes(scene, robot, "service_ids", "unlock")
    result = manage_robot(client=client, name="robot", description="new", unlock=True)

    assert "IBM Cloud IAM answered 404 to" in result["msg"]
