# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lists: whose keys, in which order, page by page, filtered."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from iam_emulator import Emulator, Visitor


def names_of(entities: list[dict[str, Any]]) -> list[Any]:
    return [entity["name"] for entity in entities]


def test_one_by_one_all_keys_are_found_in_order(user: Visitor) -> None:
    for number in range(3):
        user.create_key(name=f"key {number}")
    assert names_of(user.list_keys(pagesize="1")) == ["first key", "key 0", "key 1", "key 2"]


def test_links_lead_to_the_host_that_the_client_used(user: Visitor) -> None:
    user.create_key()
    page = user.ask("GET", "http://127.0.0.1:8080/v1/apikeys", pagesize="1").json()
    assert (page["offset"], page["limit"]) == (0, 1)
    assert page["first"].startswith("http://127.0.0.1:8080/v1/apikeys?")
    assert "previous" not in page
    following = user.ask("GET", page["next"]).json()
    assert (following["offset"], "next" in following, "previous" in following) == (1, False, True)
    assert user.ask("GET", following["previous"]).json()["apikeys"] == page["apikeys"]


def test_a_page_token_also_works_beside_the_original_parameters(user: Visitor) -> None:
    user.create_key(name="second")
    page = user.ask("GET", "/v1/apikeys", pagesize="1").json()
    token = page["next"].partition("pagetoken=")[2].replace("%3D", "=")
    again = user.ask("GET", "/v1/apikeys", pagesize="1", pagetoken=token).json()
    assert names_of(again["apikeys"]) == ["second"]


@pytest.mark.parametrize(
    "query",
    [
        {"pagesize": "0"},
        {"pagesize": "101"},
        {"pagesize": "many"},
        {"pagesize": "9" * 5000},
        {"pagetoken": "nonsense"},
        {"scope": "world"},
        {"sort": "modified_at"},
        {"order": "up"},
        {"include_history": "maybe"},
        {"iam_id": "iam-ServiceId-unknown"},
        {"filter": 'name eq "a"'},
        {"filter": "name sw a"},
        {"filter": 'iam_id sw "a"'},
        {"filter": '(name sw "a"'},
        {"filter": 'name sw "a" name sw "b"'},
        {"filter": ""},
        {"filter": "name ?"},
    ],
)
def test_a_wrong_list_is_400(user: Visitor, query: dict[str, str]) -> None:
    assert user.ask("GET", f"/v1/apikeys?{urlencode(query)}").status == 400


def test_other_accounts_and_other_users_are_403(user: Visitor) -> None:
    assert user.ask("GET", "/v1/apikeys", account_id="another").status == 403
    assert user.ask("GET", "/v1/apikeys", iam_id="IBMid-somebodyelse").status == 403
    assert user.ask("GET", "/v1/serviceids", account_id="another").status == 403


def test_an_account_wide_list_tells_users_and_service_ids_apart(user: Visitor) -> None:
    robot = user.create_service_id()
    user.create_key(name="of the robot", iam_id=robot["iam_id"])
    assert names_of(user.list_keys()) == ["first key"]
    assert names_of(user.list_keys(iam_id=robot["iam_id"])) == ["of the robot"]
    assert names_of(user.list_keys(scope="account")) == ["first key", "of the robot"]
    assert names_of(user.list_keys(scope="account", type="user")) == ["first key"]
    assert names_of(user.list_keys(scope="account", type="serviceid")) == ["of the robot"]


def test_an_account_wide_list_sees_the_keys_of_the_default_group_only(emulator: Emulator, user: Visitor) -> None:
    group_id = user.ask("POST", "/v1/serviceid_groups", {"account_id": emulator.seed.account_id, "name": "ci"}).json()[
        "id"
    ]
    robot = user.create_service_id(group_id=group_id, apikey={"name": "hidden"})
    assert names_of(user.list_keys(scope="account")) == ["first key"]
    assert names_of(user.list_keys(scope="account", type="serviceid", group_id=group_id)) == ["hidden"]
    assert names_of(user.list_keys(iam_id=robot["iam_id"])) == ["hidden"]
    emulator.change_settings(keys_need_group=True)
    assert names_of(user.list_keys(iam_id=robot["iam_id"])) == []
    assert names_of(user.list_keys(iam_id=robot["iam_id"], group_id=group_id)) == ["hidden"]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('name sw "al"', ["alpha"]),
        ('name ew "a"', ["alpha", "beta"]),
        ('name co "ET"', []),
        ('name co_ci "ET"', ["beta"]),
        ('description sw_ci "the"', ["alpha"]),
        ('name sw "a" or name sw "b"', ["alpha", "beta"]),
        ('name sw "a" or name sw "b" and description sw "x"', ["alpha"]),
        ('(name sw "a" or name sw "b") AND description co "first"', ["alpha"]),
        (r'name co "\""', ['say "gamma"']),
    ],
)
def test_filters_select(user: Visitor, expression: str, expected: list[str]) -> None:
    user.create_key(name="alpha", description="The first")
    user.create_key(name="beta")
    user.create_key(name='say "gamma"')
    assert names_of(user.list_keys(filter=expression, pagesize="1")) == expected


def test_lists_sort(user: Visitor) -> None:
    user.create_key(name="b")
    user.create_key(name="a")
    assert names_of(user.list_keys(sort="name", order="desc", pagesize="2")) == ["first key", "b", "a"]
