# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rights on one service ID: its creator has all of them, and a role may be limited to it."""

from __future__ import annotations

import json

import pytest
from iam_emulator import Answer, Emulator, Request, Settings, Visitor


def use(visitor: Visitor, robot: dict[str, str]) -> list[int]:
    """The statuses of all that is done with a service ID and its keys."""
    made = visitor.ask("POST", "/v1/apikeys", {"name": "k", "iam_id": robot["iam_id"]})
    key = f"/v1/apikeys/{made.json()['id']}" if made.status == 201 else "/v1/apikeys/none"
    tag = {"If-Match": "*"}
    answers = [
        made,
        visitor.ask("GET", "/v1/apikeys", iam_id=robot["iam_id"]),
        visitor.ask("GET", key),
        visitor.ask("PUT", key, {"name": "l"}, tag),
        visitor.ask("POST", f"{key}/disable"),
        visitor.ask("DELETE", key),
        visitor.ask("GET", f"/v1/serviceids/{robot['id']}"),
        visitor.ask("PUT", f"/v1/serviceids/{robot['id']}", {"name": "m"}, tag),
    ]
    return [answer.status for answer in answers]


ALL_DONE = [201, 200, 200, 200, 204, 204, 200, 200]


def test_who_creates_a_service_id_is_its_administrator(user: Visitor) -> None:
    ada, bob = user.add_user("Ada"), user.add_user("Bob")
    robot = ada.create_service_id(name="hers")

    assert use(ada, robot) == ALL_DONE
    assert set(use(bob, robot)) <= {403, 404}
    assert ada.ask("DELETE", f"/v1/serviceids/{robot['id']}").status == 204


def test_a_restriction_of_the_account_comes_on_top(emulator: Emulator, user: Visitor) -> None:
    ada = user.add_user("Ada")
    settings = f"/v1/accounts/{emulator.seed.account_id}/settings/identity"
    user.ask("PUT", settings, {"restrict_create_service_id": "RESTRICTED"}, {"If-Match": "*"})

    answer = ada.ask("POST", "/v1/serviceids", {"name": "hers", "account_id": emulator.seed.account_id})

    assert answer.status == 403


def test_a_role_on_one_service_id_reaches_no_other(user: Visitor) -> None:
    robots = [user.create_service_id(name=name) for name in ("a", "b")]
    ada = user.add_user("Ada")
    user.grant(ada.ask("GET", "/v1/apikeys").json()["apikeys"][0]["iam_id"], "Operator", service_id=robots[0]["id"])

    assert use(ada, robots[0]) == ALL_DONE
    assert set(use(ada, robots[1])) <= {403, 404}
    assert [each["id"] for each in ada.list_service_ids()] == [robots[0]["id"]]
    assert ada.ask("GET", "/v1/apikeys", scope="account").status == 403


def test_a_list_may_take_a_role_on_the_account() -> None:
    emulator = Emulator(settings=Settings(lists_need_account_role=True))
    ada = Visitor(emulator).add_user("Ada")
    ada.create_service_id(name="hers")

    assert ada.ask("GET", f"/v1/serviceids?account_id={emulator.seed.account_id}").status == 403


def control(emulator: Emulator, name: str, content: object) -> Answer:
    return emulator.handle(Request("POST", f"/__emulator__/{name}", body=json.dumps(content).encode()))


def test_the_side_channel_limits_a_role_to_one_service_id(emulator: Emulator, user: Visitor) -> None:
    robots = [user.create_service_id(name=name, apikey={"name": "k"}) for name in ("operator", "managed")]
    limited = {"iam_id": robots[0]["iam_id"], "roles": ["Operator"], "service_id": robots[1]["id"]}

    assert control(emulator, "roles", limited).status == 204
    assert use(Visitor(emulator, robots[0]["apikey"]["apikey"]), robots[1]) == ALL_DONE
    assert control(emulator, "roles", {**limited, "service_id": "ServiceId-none"}).status == 404


@pytest.mark.parametrize(
    ("allowed", "is_taken"),
    [
        ("", True),
        ("203.0.113.9", True),
        ("198.51.100.1, 203.0.113.0/24", True),
        ("203.0.113.1-203.0.113.20", True),
        ("2001:db8::/32", False),
        ("198.51.100.0/24", False),
        ("203.0.113.10-203.0.113.20", False),
    ],
)
def test_the_account_takes_requests_from_allowed_addresses_only(
    emulator: Emulator, user: Visitor, allowed: str, is_taken: bool
) -> None:
    emulator.change_settings(caller_address="203.0.113.9")
    settings = f"/v1/accounts/{emulator.seed.account_id}/settings/identity"
    assert user.ask("PUT", settings, {"allowed_ip_addresses": allowed}, {"If-Match": "*"}).status == 200

    log_in, listed = user.log_in(), user.ask("GET", "/v1/apikeys")

    assert (log_in.status, listed.status) == ((200, 200) if is_taken else (401, 403))
    if not is_taken:
        assert log_in.json()["errorCode"] == "BXNIM0430E"
        assert "203.0.113.9" in log_in.json()["errorDetails"]
        assert listed.json()["errors"][0]["message_code"] == "BXNIM0430E"


@pytest.mark.parametrize("wrong", ["nowhere", "10.0.0.0/99", "10.0.0.1-", "10.0.0.1,x"])
def test_what_is_no_list_of_addresses_is_refused(emulator: Emulator, user: Visitor, wrong: str) -> None:
    settings = f"/v1/accounts/{emulator.seed.account_id}/settings/identity"

    assert user.ask("PUT", settings, {"allowed_ip_addresses": wrong}, {"If-Match": "*"}).status == 400


def test_a_key_may_have_a_list_of_its_own(emulator: Emulator, user: Visitor) -> None:
    made = user.create_key(name="limited")
    limited = Visitor(emulator, made["apikey"])
    assert limited.ask("GET", "/v1/apikeys").status == 200

    body = {"id": made["id"], "allowed_ip_addresses": "198.51.100.1"}
    assert control(emulator, "addresses", body).status == 204

    assert limited.log_in().status == 401
    assert limited.ask("GET", "/v1/apikeys").status == 403
    assert user.log_in().status == 200
    assert control(emulator, "addresses", {**body, "id": "ApiKey-none"}).status == 404
    assert control(emulator, "addresses", {**body, "allowed_ip_addresses": "x"}).status == 400


def test_an_update_takes_a_past_expiry_and_a_create_does_not(emulator: Emulator, user: Visitor) -> None:
    past = "2020-01-01T00:00+0000"
    key = user.create_key(name="old")

    changed = user.ask("PUT", f"/v1/apikeys/{key['id']}", {"expires_at": past}, {"If-Match": "*"})

    assert (changed.status, changed.json()["expires_at"]) == (200, past)
    assert user.log_in(key["apikey"]).status == 400
    body = {"name": "new", "iam_id": emulator.seed.iam_id, "expires_at": past}
    assert user.ask("POST", "/v1/apikeys", body).status == 400
