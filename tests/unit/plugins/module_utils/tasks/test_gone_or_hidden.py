# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`state: absent` is content only where it is proven that nothing is there; no proxy proves it, and no missing role."""

from __future__ import annotations

import json

import pytest

LOG_IN, LIST, GET = "POST /identity/token", "GET /v1/apikeys", "GET /v1/apikeys/ID"
LOOK_UP, DELETE = "GET /v1/apikeys/details", "DELETE /v1/apikeys/ID"
LIST_ROBOTS, GET_ROBOT = "GET /v1/serviceids", "GET /v1/serviceids/ROBOT"


@pytest.fixture
def robot(scene):
    return scene.user.create_service_id(name="robot", apikey={"name": "one"})


@pytest.fixture
def connect_as(scene):
    """A client of a new user with these roles, in an IAM that hides what one may not see."""

    def connect_as(*roles):
        visitor = scene.user.add_user("Somebody", *roles)
        scene.emulator.change_settings(foreign_key_status=404)
        return scene.connect(api_key=visitor.key_value)

    return connect_as


def sent(scene, robot):
    return [line.replace(robot["id"], "ROBOT") for line in scene.sent()]


# ---- what cannot be an id

NO_IDS = ["null", "zzz", "IBMid-1", "a" * 44]


@pytest.mark.parametrize("state", ["absent", "present"])
@pytest.mark.parametrize("key_id", [*NO_IDS, "ServiceId-1"])
def test_what_is_no_id_of_a_key_is_not_gone(scene, manage, key_id, state):
    """It may be a value in the wrong place, whose key works, so it is not quoted either."""
    result = manage(id=key_id, state=state)

    assert "`id` is not the id of an API key" in result["msg"]
    assert key_id not in result["msg"].replace("ApiKey-1", "")


@pytest.mark.parametrize("service_id", [*NO_IDS, "ApiKey-1", "iam-ServiceId-1"])
def test_what_is_no_id_of_a_service_id_is_not_gone(scene, manage_robot, service_id):
    assert "`id` is not the id of a service ID" in manage_robot(id=service_id, state="absent")["msg"]


@pytest.mark.parametrize("key_value", ["a" * 44 + " ", "a" * 44 + "\n", "apikey=" + "a" * 44])
def test_a_value_that_was_pasted_as_an_id_is_not_quoted(manage, key_value):
    result = manage(id=key_value, state="absent")

    assert "not the id of an API key" in result["msg"]
    assert "aaa" not in str(result)


# ---- one key by its id


def test_a_second_run_by_id_costs_one_look_at_the_whole_account(scene, robot, manage):
    key_id = robot["apikey"]["id"]
    assert manage(id=key_id, state="absent")["changed"]
    result = manage(id=key_id, state="absent")

    assert (result["changed"], "msg" in result) == (False, False)
    assert scene.sent() == [LOG_IN, GET, LIST]


def test_a_second_run_by_id_and_owner_looks_at_the_owners_list(scene, robot, manage, connect_as):
    operator = connect_as("Operator")
    options = {"id": robot["apikey"]["id"], "service_id": robot["id"], "state": "absent"}
    assert manage(client=operator, **options)["changed"]
    scene.forget_requests()
    result = manage(client=operator, **options)

    assert (result["changed"], "msg" in result) == (False, False)
    assert sent(scene, robot) == [GET, GET_ROBOT, LIST]


def test_a_second_run_of_many_ids_looks_at_the_account_once(scene, robot, manage_all):
    more = [scene.user.create_key(name=f"k{n}", iam_id=robot["iam_id"])["id"] for n in range(9)]
    keys = [{"id": key_id, "state": "absent"} for key_id in (robot["apikey"]["id"], *more)]
    assert manage_all(keys)["changed"]
    result = manage_all(keys)

    assert (result["changed"], "msg" in result) == (False, False)
    assert sorted(scene.sent()) == sorted([LOG_IN, *[GET] * 10, LIST])


@pytest.mark.parametrize("roles", [(), ("Viewer",), ("API key reviewer",)])
@pytest.mark.parametrize("names_owner", [True, False])
@pytest.mark.parametrize("check_mode", [True, False])
def test_whoever_may_not_see_a_key_is_not_told_that_it_is_gone(
    scene, robot, manage, connect_as, roles, names_owner, check_mode
):
    owner = {"service_id": robot["id"]} if names_owner else {}
    result = manage(check_mode, client=connect_as(*roles), id=robot["apikey"]["id"], state="absent", **owner)

    assert result["failed"]
    assert "hides it from this caller" in result["msg"]
    assert ("log in with a role" if names_owner else "name its owner with `service_id` or `iam_id`") in result["msg"]
    assert len(scene.keys("one")) == 1


def test_whoever_may_not_see_a_key_of_many_is_not_told_that_it_is_gone(scene, robot, manage_all, connect_as):
    result = manage_all([{"id": robot["apikey"]["id"], "state": "absent"}], client=connect_as())

    assert result["failed"]
    assert "hides it from this caller" in result["msg"]


def test_an_operator_names_the_owner_of_a_key_that_may_be_a_users(scene, manage, connect_as):
    result = manage(client=connect_as("Operator"), id=scene.emulator.seed.api_key_id, state="absent")

    assert "log in as an Administrator" in result["msg"]
    assert len(scene.keys("first key")) == 2


def test_the_own_list_tells_of_the_own_keys(scene, manage, connect_as):
    client = connect_as()
    iam_id = client.caller().iam_id
    scene.forget_requests()
    result = manage(client=client, id="ApiKey-" + "0" * 36, iam_id=iam_id, state="absent")

    assert (result["changed"], "msg" in result) == (False, False)
    assert scene.sent() == [GET, LIST]


# ---- one key by its value


def test_a_value_that_is_dead_is_gone(scene, robot, manage, connect_as):
    key = robot["apikey"]
    assert manage(key_value=key["apikey"], state="absent")["changed"]
    for client in (scene.connect(), connect_as()):
        scene.forget_requests()
        result = manage(client=client, key_value=key["apikey"], state="absent")
        assert (result["changed"], "msg" in result) == (False, False)
        assert scene.sent() == [LOG_IN, LOOK_UP, LOG_IN]


def test_a_value_that_logs_in_is_not_gone_however_iam_hides_its_key(scene, robot, manage, connect_as):
    other_account = scene.emulator.add_account()
    for client in (connect_as(), scene.connect(api_key=other_account.api_key)):
        result = manage(client=client, key_value=robot["apikey"]["apikey"], state="absent")
        assert f"this value logs in, as {robot['iam_id']} of account {scene.account_id}" in result["msg"]
        assert robot["apikey"]["apikey"] not in json.dumps(result)
    assert len(scene.keys("one")) == 1


# ---- a delete that IAM answers with 404


@pytest.mark.parametrize("role", ["Editor", "API key reviewer"])
def test_a_delete_that_iam_does_not_allow_is_not_told_as_done(scene, robot, manage, connect_as, role):
    result = manage(client=connect_as(role), name="one", service_id=robot["id"], state="absent")

    assert result["failed"]
    assert "answered 404 to delete API key" in result["msg"]
    assert len(scene.keys("one")) == 1


@pytest.mark.parametrize("role", ["Editor", "API key reviewer"])
def test_a_purge_that_iam_does_not_allow_is_not_told_as_done(scene, robot, manage_all, connect_as, role):
    owner = {"service_id": robot["id"]}
    result = manage_all([], client=connect_as(role), purge=True, purge_all=True, identities=[owner])

    assert (result["failed"], result["purged"]) == (True, [])
    assert "answered 404 to delete API key" in result["msg"]


@pytest.mark.parametrize("options", [{"name": "one"}, {"id": True}])
def test_a_delete_whose_answer_was_lost_is_told_as_done(scene, robot, manage, options):
    client = scene.connect()
    scene.faults({"kind": "cut_after", "method": "DELETE"})
    key_id = robot["apikey"]["id"]
    given = {"id": key_id} if "id" in options else {**options, "service_id": robot["id"]}
    result = manage(client=client, state="absent", **given)

    assert (result["changed"], scene.keys("one")) == (True, [])


# ---- a proxy


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 412, 422])
@pytest.mark.parametrize("page", [{}, {"body": ""}, {"body": '{"error": "gone"}', "content_type": "application/json"}])
@pytest.mark.parametrize("what", ["by id", "by value", "delete", "service ID", "delete service ID"])
def test_a_proxys_page_is_neither_gone_nor_a_lack_of_rights(scene, robot, manage, manage_robot, status, page, what):
    client = scene.connect()
    client.caller()
    tasks = {
        "by id": ("GET", "apikeys/ApiKey", lambda: manage(client=client, id=robot["apikey"]["id"], state="absent")),
        "by value": (
            "GET",
            "details",
            lambda: manage(client=client, key_value=robot["apikey"]["apikey"], state="absent"),
        ),
        "delete": ("DELETE", "apikeys", lambda: manage(client=client, id=robot["apikey"]["id"], state="absent")),
        "service ID": ("GET", "serviceids/", lambda: manage_robot(id=robot["id"], state="absent", delete_keys=True)),
        "delete service ID": (
            "DELETE",
            "serviceids/",
            lambda: manage_robot(name="robot", state="absent", delete_keys=True),
        ),
    }
    method, path, task = tasks[what]
    scene.faults({"kind": "proxy_page", "status": status, "method": method, "path": path, "times": 9, **page})
    result = task()

    assert result["failed"]
    assert f"what answered {status} to" in result["msg"]
    assert "is iam.cloud.ibm.com right, or is there a proxy in between?" in result["msg"]
    assert "lacks a role" not in result["msg"]
    assert len(scene.keys("one")) == 1


@pytest.mark.parametrize(("switch", "state"), [("lock", "locked"), ("disable", "disabled")])
@pytest.mark.parametrize("status", [200, 201, 409, 412])
def test_a_proxys_page_is_neither_done_nor_already_so(scene, robot, manage, switch, state, status):
    client = scene.connect()
    client.caller()
    scene.faults({"kind": "proxy_page", "status": status, "method": "POST", "path": switch, "times": 9, "body": "{}"})
    result = manage(client=client, id=robot["apikey"]["id"], **{state: True})

    assert result["failed"]
    assert not scene.keys("one")[0][state]


# ---- service IDs


def test_a_second_run_by_the_id_of_a_service_id_costs_one_list(scene, robot, manage_robot):
    options = {"id": robot["id"], "state": "absent", "delete_keys": True}
    assert manage_robot(**options)["changed"]
    result = manage_robot(**options)

    assert (result["changed"], "msg" in result) == (False, False)
    assert sent(scene, robot) == [LOG_IN, GET_ROBOT, LIST_ROBOTS]


@pytest.mark.parametrize("check_mode", [True, False])
def test_whoever_may_not_see_a_service_id_is_not_told_that_it_is_gone(scene, robot, manage_robot, check_mode):
    visitor = scene.user.add_user()
    scene.emulator.change_settings(foreign_key_status=404)
    result = manage_robot(check_mode, id=robot["id"], state="absent", delete_keys=True, api_key=visitor.key_value)

    assert result["failed"]
    assert "hides it from this caller, who may not list those of the account" in result["msg"]


def test_a_delete_of_a_service_id_that_iam_does_not_allow_is_not_told_as_done(scene, robot, manage_robot):
    visitor = scene.user.add_user("Editor", "Editor")
    scene.emulator.change_settings(foreign_key_status=404)
    result = manage_robot(name="robot", state="absent", delete_keys=True, api_key=visitor.key_value)

    assert result["failed"]
    assert "IBM Cloud IAM still shows it" in result["msg"]
    assert scene.user.list_service_ids()


def test_a_service_id_that_is_hidden_by_its_id_and_listed_is_not_told_as_deleted(scene, robot, manage_robot):
    scene.faults({"kind": "status", "status": 404, "method": "DELETE|GET", "path": "serviceids/", "times": 2})
    result = manage_robot(name="robot", state="absent", delete_keys=True)

    assert result["failed"]
    assert f"lists service ID {robot['id']} and does not show it by its id" in result["msg"]


def test_a_delete_of_a_service_id_whose_answer_was_lost_is_done(scene, robot, manage_robot):
    scene.faults({"kind": "cut_after", "method": "DELETE"})

    assert manage_robot(name="robot", state="absent", delete_keys=True)["changed"]
    assert scene.user.list_service_ids() == []


# ---- the file of a key


def test_a_file_whose_key_is_only_hidden_is_not_overwritten(scene, robot, manage, connect_as, tmp_path):
    path = tmp_path / "key.json"
    manage(name="kept", service_id=robot["id"], file=str(path))
    before = path.read_text()
    for client in (connect_as(), scene.connect(api_key=scene.emulator.add_account().api_key)):
        result = manage(client=client, name="mine", file=str(path))
        assert "may be the only copy of its value" in result["msg"]
        assert path.read_text() == before


def test_a_file_whose_key_is_gone_is_used_again(scene, robot, manage, tmp_path):
    path = tmp_path / "key.json"
    manage(name="kept", service_id=robot["id"], file=str(path))
    manage(name="kept", service_id=robot["id"], state="absent")

    assert manage(name="kept", service_id=robot["id"], file=str(path))["changed"]
    assert json.loads(path.read_text())["id"] == scene.keys("kept")[0]["id"]
