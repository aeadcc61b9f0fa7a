# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who may do what: roles on the service IAM Identity, and what needs none."""

from __future__ import annotations

import pytest
from iam_emulator import Emulator, Settings, Visitor

Request = tuple[str, str, dict[str, object] | None]

# What each request needs: roles that have it, of all in the table. {robot}, {key}: a service ID and a key of it;
# {own}: the first user, {mine}: that user's key.
LIST_KEYS: Request = ("GET", "/v1/apikeys?iam_id=iam-{robot}", None)
LIST_ALL: Request = ("GET", "/v1/apikeys?scope=account", None)
GET_KEY: Request = ("GET", "/v1/apikeys/{key}", None)
CREATE_KEY: Request = ("POST", "/v1/apikeys", {"name": "a", "iam_id": "iam-{robot}"})
UPDATE_KEY: Request = ("PUT", "/v1/apikeys/{key}", {"name": "b"})
LOCK_KEY: Request = ("POST", "/v1/apikeys/{key}/lock", None)
DISABLE_KEY: Request = ("POST", "/v1/apikeys/{key}/disable", None)
DELETE_KEY: Request = ("DELETE", "/v1/apikeys/{key}", None)
GET_ANOTHERS_KEY: Request = ("GET", "/v1/apikeys/{mine}", None)
DELETE_ANOTHERS_KEY: Request = ("DELETE", "/v1/apikeys/{mine}", None)
GET_ROBOT: Request = ("GET", "/v1/serviceids/{robot}", None)
LIST_ROBOTS: Request = ("GET", "/v1/serviceids?account_id={account}", None)
UPDATE_ROBOT: Request = ("PUT", "/v1/serviceids/{robot}", {"name": "b"})
DELETE_ROBOT: Request = ("DELETE", "/v1/serviceids/{robot}", None)
CREATE_GROUP: Request = ("POST", "/v1/serviceid_groups", {"name": "a", "account_id": "{account}"})
CREATE_PROFILE: Request = ("POST", "/v1/profiles", {"name": "a", "account_id": "{account}"})
CREATE_REPORT: Request = ("POST", "/v1/activity/accounts/{account}/report", None)
CHANGE_SETTINGS: Request = ("PUT", "/v1/accounts/{account}/settings/identity", {"mfa": "TOTP"})

ALLOWED: list[tuple[Request, str]] = [
    (LIST_KEYS, "Administrator Editor Operator APIkeyreviewer ServiceConfigurationReader"),
    (LIST_ALL, "Administrator"),
    (GET_KEY, "Administrator Editor Operator"),
    (CREATE_KEY, "Administrator Operator"),
    (UPDATE_KEY, "Administrator Editor Operator"),
    (LOCK_KEY, "Administrator Editor Operator"),
    (DISABLE_KEY, "Administrator Editor Operator"),
    (DELETE_KEY, "Administrator Operator"),
    (GET_ANOTHERS_KEY, "Administrator"),
    (DELETE_ANOTHERS_KEY, "Administrator"),
    (GET_ROBOT, "Administrator Editor Operator Viewer"),
    (LIST_ROBOTS, "Administrator Editor Operator Viewer"),
    (UPDATE_ROBOT, "Administrator Editor Operator"),
    (DELETE_ROBOT, "Administrator Operator"),
    (CREATE_GROUP, "Administrator"),
    (CREATE_PROFILE, "Administrator"),
    (CREATE_REPORT, "Administrator ServiceConfigurationReader"),
    (CHANGE_SETTINGS, "Administrator"),
]
ROLES = ["Administrator", "Editor", "Operator", "Viewer", "API key reviewer", "Service Configuration Reader"]


@pytest.mark.parametrize("role", [*ROLES, None])
@pytest.mark.parametrize(("request_", "allowed"), ALLOWED)
def test_a_role_allows_what_ibm_documents(
    emulator: Emulator, user: Visitor, request_: Request, allowed: str, role: str | None
) -> None:
    robot = user.create_service_id(apikey={"name": "first"})
    places = {
        "robot": robot["id"],
        "key": robot["apikey"]["id"],
        "mine": emulator.seed.api_key_id,
        "account": emulator.seed.account_id,
    }
    method, url, content = request_
    filled = content and {name: str(value).format(**places) for name, value in content.items()}
    second = user.add_user("Second User", *([role] if role else []))
    answer = second.ask(method, url.format(**places), filled, {"If-Match": "*"})
    is_allowed = bool(role) and str(role).replace(" ", "") in allowed.split()
    assert answer.status < 300 if is_allowed else answer.status == 403, answer.body
    assert is_allowed or answer.json()["errors"][0]["message_code"] == "BXNIM0513E"


def test_users_manage_their_own_keys_without_a_role(user: Visitor) -> None:
    second = user.add_user()
    iam_id = second.list_keys()[0]["iam_id"]
    key = second.ask("POST", "/v1/apikeys", {"name": "mine", "iam_id": iam_id}).json()
    url = f"/v1/apikeys/{key['id']}"
    assert second.ask("GET", "/v1/apikeys/details", headers={"IAM-ApiKey": key["apikey"]}).status == 200
    assert second.ask("PUT", url, {"name": "b"}, {"If-Match": "*"}).status == 200
    assert second.ask("DELETE", url).status == 204


def test_nobody_creates_a_key_for_another_user(user: Visitor) -> None:
    second = user.add_user("Second User", "Administrator")
    content = {"name": "a", "iam_id": user.emulator.seed.iam_id}
    assert second.ask("POST", "/v1/apikeys", content).status == 403


def test_a_service_id_without_a_role_does_not_even_see_its_own_keys(emulator: Emulator, user: Visitor) -> None:
    robot = user.create_service_id(apikey={"name": "first"})
    holder = Visitor(emulator, robot["apikey"]["apikey"])
    assert holder.ask("GET", "/v1/apikeys", iam_id=robot["iam_id"]).status == 403
    user.grant(robot["iam_id"], "Operator")
    assert holder.ask("GET", "/v1/apikeys", iam_id=robot["iam_id"]).status == 200


def test_every_user_creates_service_ids_unless_the_account_restricts_it(emulator: Emulator, user: Visitor) -> None:
    second = user.add_user()
    content = {"name": "a", "account_id": emulator.seed.account_id}
    assert second.ask("POST", "/v1/serviceids", content).status == 201
    restrict(user, "restrict_create_service_id")
    assert [visitor.ask("POST", "/v1/serviceids", content).status for visitor in (second, user)] == [403, 403]
    user.grant(emulator.seed.iam_id, "Administrator", "Service ID creator")
    assert user.ask("POST", "/v1/serviceids", content).status == 201


def test_a_restriction_of_keys_binds_even_the_owner_and_leaves_keys_of_service_ids(
    emulator: Emulator, user: Visitor
) -> None:
    robot = user.create_service_id()
    restrict(user, "restrict_create_platform_apikey")
    content = {"name": "a", "iam_id": emulator.seed.iam_id}
    assert user.ask("POST", "/v1/apikeys", content).status == 403
    assert user.ask("POST", "/v1/apikeys", {**content, "iam_id": robot["iam_id"]}).status == 201
    user.grant(emulator.seed.iam_id, "User API key creator")
    assert user.ask("POST", "/v1/apikeys", content).status == 201


def restrict(user: Visitor, restriction: str) -> None:
    url = f"/v1/accounts/{user.emulator.seed.account_id}/settings/identity"
    assert user.ask("PUT", url, {restriction: "RESTRICTED"}, {"If-Match": "*"}).status == 200


def test_statuses_that_ibm_leaves_open_are_switches() -> None:
    user = Visitor(Emulator(settings=Settings(foreign_key_status=404, restricted_create_status=400)))
    second = user.add_user()
    assert second.ask("GET", f"/v1/apikeys/{user.emulator.seed.api_key_id}").status == 404
    restrict(user, "restrict_create_platform_apikey")
    assert user.ask("POST", "/v1/apikeys", {"name": "a", "iam_id": user.emulator.seed.iam_id}).status == 400


def test_a_role_can_be_granted_to_all_who_have_none() -> None:
    user = Visitor(Emulator(settings=Settings(granted_role="Operator")))
    robot = user.create_service_id(apikey={"name": "first"})
    holder = Visitor(user.emulator, robot["apikey"]["apikey"])
    assert holder.ask("GET", "/v1/apikeys", iam_id=robot["iam_id"]).status == 200


def test_what_the_caller_may_not_see_is_hidden_as_what_does_not_exist() -> None:
    user = Visitor(Emulator(settings=Settings(foreign_key_status=404)))
    robot = user.create_service_id(apikey={"name": "first"})
    second = user.add_user()
    key_url, robot_url, any_version = f"/v1/apikeys/{robot['apikey']['id']}", f"/v1/serviceids/{robot['id']}", "*"
    for method, url, content in (
        ("GET", key_url, None),
        ("PUT", key_url, {"name": "b"}),
        ("POST", f"{key_url}/lock", None),
        ("DELETE", f"{key_url}/disable", None),
        ("DELETE", key_url, None),
        ("GET", robot_url, None),
        ("PUT", robot_url, {"name": "b"}),
        ("POST", f"{robot_url}/lock", None),
        ("DELETE", robot_url, None),
    ):
        answers = [
            second.ask(method, each, content, {"If-Match": any_version}) for each in (url, url.replace("-", "-0"))
        ]
        assert [answer.status for answer in answers] == [404, 404]
        codes = {answer.json()["errors"][0]["message_code"] for answer in answers}
        assert codes == {"BXNIM0102E"}
    assert second.ask("GET", "/v1/apikeys/details", headers={"IAM-ApiKey": robot["apikey"]["apikey"]}).status == 404
    assert second.ask("GET", "/v1/apikeys", iam_id=robot["iam_id"]).status == 403
    assert user.ask("GET", key_url).status == 200
