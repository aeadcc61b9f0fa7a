# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Service IDs and their groups."""

from __future__ import annotations

from typing import Any

import pytest
from iam_emulator import Visitor


@pytest.mark.parametrize("path", ["/v1/serviceids", "/v1/serviceids/"])
def test_a_service_id_is_created_and_listed_with_and_without_a_slash(user: Visitor, path: str) -> None:
    account_id = user.emulator.seed.account_id
    created = user.ask("POST", path, {"account_id": account_id, "name": "robot"})
    assert created.status == 201
    assert created.json()["iam_id"] == f"iam-{created.json()['id']}"
    assert user.ask("GET", path, account_id=account_id).json()["serviceids"] == [created.json()]
    assert user.ask("GET", path).status == 400


def test_a_name_is_matched_exactly(user: Visitor) -> None:
    wanted = user.create_service_id(name="robot")
    user.create_service_id(name="robot 2")
    assert [found["id"] for found in user.list_service_ids(name="robot")] == [wanted["id"]]


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"account_id": "another"},
        {"group_id": "unknown"},
        {"unique_instance_crns": "crn"},
        {"unique_instance_crns": [1]},
        {"apikey": {}},
        {"apikey": {"name": "a", "support_sessions": False}},
        {"apikey": {"name": "a", "apikey": "short"}},
        {"iam_id": "mine"},
    ],
)
def test_a_wrong_create_is_400_and_makes_nothing(user: Visitor, changes: dict[str, Any]) -> None:
    content = {"account_id": user.emulator.seed.account_id, "name": "robot", **changes}
    assert user.ask("POST", "/v1/serviceids", content).status == 400
    assert user.list_service_ids() == []


def test_a_first_key_comes_with_its_value_once(user: Visitor) -> None:
    robot = user.create_service_id(apikey={"name": "first", "store_value": True})
    assert user.log_in(robot["apikey"]["apikey"]).status == 200
    assert "apikey" not in user.ask("GET", f"/v1/serviceids/{robot['id']}").json()


def test_an_update_needs_the_tag_and_changes_only_what_is_sent(user: Visitor) -> None:
    robot = user.create_service_id(name="before", description="kept")
    url = f"/v1/serviceids/{robot['id']}"
    assert user.ask("PUT", url, {"name": "after"}).status == 400
    tag = user.ask("GET", url).headers["ETag"]
    changed = user.ask("PUT", url, {"name": "after"}, {"If-Match": tag}).json()
    assert (changed["name"], changed["description"]) == ("after", "kept")
    assert user.ask("PUT", url, {"name": "late"}, {"If-Match": tag}).status == 409


def test_deleting_a_service_id_deletes_its_keys(user: Visitor) -> None:
    robot = user.create_service_id(apikey={"name": "first"})
    assert user.ask("DELETE", f"/v1/serviceids/{robot['id']}").status == 204
    assert user.log_in(robot["apikey"]["apikey"]).json()["errorCode"] == "BXNIM0415E"
    assert user.ask("GET", f"/v1/serviceids/{robot['id']}").status == 404


def test_locks_keep_a_service_id(user: Visitor) -> None:
    robot = user.create_service_id(headers={"Entity-Lock": "true"}, apikey={"name": "first"})
    url = f"/v1/serviceids/{robot['id']}"
    assert user.ask("DELETE", url).status == 409
    assert user.ask("DELETE", f"{url}/lock").status == 204
    assert user.ask("POST", f"/v1/apikeys/{robot['apikey']['id']}/lock").status == 204
    assert user.ask("DELETE", url).status == 409
    assert user.ask("DELETE", f"/v1/apikeys/{robot['apikey']['id']}/lock").status == 204
    assert user.ask("DELETE", url).status == 204


def test_groups_part_service_ids(user: Visitor) -> None:
    account_id = user.emulator.seed.account_id
    group = user.ask("POST", "/v1/serviceid_groups", {"account_id": account_id, "name": "ci"}).json()
    robot = user.create_service_id(group_id=group["id"])
    assert user.list_service_ids() == []
    listed = user.list_service_ids(group_id=group["id"], show_group_id="true")
    assert [(found["id"], found["group_id"]) for found in listed] == [(robot["id"], group["id"])]


def test_a_group_has_a_life_cycle(user: Visitor) -> None:
    account_id = user.emulator.seed.account_id
    wish = {"account_id": account_id, "name": "ci"}
    group = user.ask("POST", "/v1/serviceid_groups", wish).json()
    url = f"/v1/serviceid_groups/{group['id']}"
    assert user.ask("POST", "/v1/serviceid_groups", wish).status == 409
    groups = user.ask("GET", "/v1/serviceid_groups", account_id=account_id).json()["serviceid_groups"]
    assert [found["name"] for found in groups] == ["default", "ci"]
    assert user.ask("GET", "/v1/serviceid_groups").json()["serviceid_groups"] == groups
    assert user.ask("GET", "/v1/serviceid_groups", account_id="another").status == 403
    tag = user.ask("GET", url).headers["ETag"]
    assert user.ask("PUT", url, {"name": "cd"}, {"If-Match": tag}).json()["name"] == "cd"
    robot = user.create_service_id(group_id=group["id"])
    assert user.ask("DELETE", url).status == 409
    assert user.ask("DELETE", f"/v1/serviceids/{robot['id']}").status == 204
    assert user.ask("DELETE", url).status == 204
    assert user.ask("DELETE", f"/v1/serviceid_groups/{groups[0]['id']}").status == 409
