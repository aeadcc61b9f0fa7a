# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What iam_service_id_info reads."""

from __future__ import annotations

import pytest

LOG_IN, LIST, GROUPS = "POST /identity/token", "GET /v1/serviceids", "GET /v1/serviceid_groups"
DAY_SECONDS = 24 * 3600


def names(result):
    return [each["name"] for each in result["service_ids"]]


@pytest.fixture
def robots(scene):
    """Two service IDs of one name, and one in a group of its own."""
    group = scene.user.ask("POST", "/v1/serviceid_groups", {"account_id": scene.account_id, "name": "edge"}).json()
    made = [
        scene.user.create_service_id(name="ci", description="first"),
        scene.user.create_service_id(name="ci", unique_instance_crns=["crn:a"]),
        scene.user.create_service_id(name="gateway", group_id=group["id"]),
    ]
    return [*made, group]


@pytest.mark.parametrize(
    ("options", "expected", "sent"),
    [
        ({}, ["ci", "ci"], [LIST]),
        ({"name": "ci"}, ["ci", "ci"], [LIST]),
        ({"name": "c"}, [], [LIST]),
        ({"filter": 'description co "first"'}, ["ci"], [LIST]),
        ({"service_id_group": "edge"}, ["gateway"], [GROUPS, LIST]),
        ({"all_groups": True}, ["ci", "ci", "gateway"], [GROUPS, LIST, LIST]),
        ({"all_groups": True, "name": "gateway"}, ["gateway"], [GROUPS, LIST, LIST]),
    ],
)
def test_service_ids_are_found_group_by_group(scene, robots, list_robots, options, expected, sent):
    assert names(list_robots(**options)) == expected
    assert scene.sent() == [LOG_IN, *sent]


def test_an_id_finds_one_in_any_group_and_an_unknown_one_none(scene, robots, list_robots):
    assert names(list_robots(id=robots[2]["id"])) == ["gateway"]
    assert list_robots(id="ServiceId-unknown")["service_ids"] == []


def test_what_is_told_of_one(scene, robots, list_robots):
    scene.clock.sleep(3 * DAY_SECONDS)
    (told,) = list_robots(id=robots[1]["id"])["service_ids"]

    assert (told["iam_id"], told["age_days"], told["unique_instance_crns"]) == (robots[1]["iam_id"], 3, ["crn:a"])
    assert (told["description"], told["locked"]) == ("", False)
    assert told["group_id"].startswith("ServiceIdGroup-")
    assert not told.keys() & {"history", "activity", "last_used_days", "entity_tag"}


@pytest.mark.parametrize("by", ["id", "name"])
def test_history_and_activity_come_when_asked_for(scene, list_robots, by):
    robot = scene.user.create_service_id(name="ci", apikey={"name": "first"})
    scene.user.log_in(robot["apikey"]["apikey"])
    scene.clock.sleep(2 * DAY_SECONDS)
    (told,) = list_robots(include_history=True, include_activity=True, **{by: robot[by]})["service_ids"]

    assert [entry["action"] for entry in told["history"]] == ["CREATE"]
    assert told["activity"] == {"authn_count": 1, "last_authn": "2027-01-01T00:00+0000"}
    assert told["last_used_days"] == 2


def test_one_that_never_logged_in_was_never_used(scene, list_robots):
    scene.user.create_service_id(name="ci")
    (told,) = list_robots(include_activity=True)["service_ids"]

    assert (told["activity"], told["last_used_days"]) == ({"authn_count": 0, "last_authn": None}, None)


def test_one_that_is_deleted_while_it_is_looked_at_is_left_out(scene, list_robots):
    scene.user.create_service_id(name="ci")
    scene.faults({"kind": "status", "status": 404, "path": "serviceids/ServiceId"})

    assert list_robots(include_activity=True)["service_ids"] == []


def test_long_lists_are_read_to_their_end(scene, list_robots):
    for number in range(101):
        scene.user.create_service_id(name=f"ci-{number}")

    assert len(list_robots()["service_ids"]) == 101
    assert scene.sent() == [LOG_IN, LIST, LIST]


def test_a_key_of_a_service_id_in_a_group_is_found_by_both_names(scene, robots, list_keys):
    scene.user.create_key(iam_id=robots[2]["iam_id"], name="its")

    assert [key["name"] for key in list_keys(service_id="gateway", service_id_group="edge")["api_keys"]] == ["its"]
    failed = list_keys(service_id="gateway")["msg"]
    assert "in the default service-ID group of this account" in failed
    assert "`service_id_group` names another group" in failed


def test_a_group_without_a_service_id_is_an_error(list_keys):
    assert "goes with `service_id`" in list_keys(service_id_group="edge")["msg"]


@pytest.mark.parametrize("named_by", ["name", "id"])
def test_a_key_of_a_service_id_in_a_group_is_found_and_not_made_again(scene, manage, list_keys, named_by):
    group = scene.user.ask("POST", "/v1/serviceid_groups", {"account_id": scene.account_id, "name": "edge"}).json()
    robot = scene.user.create_service_id(name="robot", group_id=group["id"])
    scene.emulator.change_settings(keys_need_group=True)
    owner = {"service_id": robot[named_by], "service_id_group": "edge"}

    first = manage(name="deploy", discard_value=True, **owner)
    second = manage(name="deploy", discard_value=True, **owner)

    assert (first["changed"], second["changed"]) == (True, False)
    assert [key["name"] for key in list_keys(**owner)["api_keys"]] == ["deploy"]
