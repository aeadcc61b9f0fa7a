# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Answers of IAM's form about something else than was asked for: from a cache, or without the query."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import NewKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import NotUnderstood

VALUE = "v" * 44


class Two:
    """A client, and two things of each kind; whatever is asked, the answer is about the second."""

    def __init__(self, scene: t.Any) -> None:
        self.scene = scene
        self.keys = [scene.user.create_key(name=name) for name in ("one", "two")]
        self.robots = [scene.user.create_service_id(name=name) for name in ("one", "two")]
        self.client = scene.connect()
        self.client.caller()

    def answers(self, body: t.Any, status: int = 200, **where: t.Any) -> None:
        text = body if isinstance(body, str) else json.dumps(body)
        page = {"kind": "proxy_page", "status": status, "body": text, "content_type": "application/json"}
        self.scene.faults({**page, "path": "^/v1", **where})


@pytest.fixture
def two(scene: t.Any) -> Two:
    return Two(scene)


OF_A_KEY: dict[str, t.Callable[[Two, str], t.Any]] = {
    "get": lambda two, key_id: two.client.api_keys.get(key_id),
    "read": lambda two, key_id: two.client.api_keys.read(key_id, include_history="true"),
    "activity": lambda two, key_id: two.client.api_keys.read_activity(key_id),
    "update": lambda two, key_id: two.client.api_keys.update(key_id, {"name": "x"}, "1-a"),
}
OF_A_SERVICE_ID: dict[str, t.Callable[[Two, str], t.Any]] = {
    "get": lambda two, its_id: two.client.service_ids.get(its_id),
    "read": lambda two, its_id: two.client.service_ids.read(its_id, include_history="true"),
    "update": lambda two, its_id: two.client.service_ids.update(its_id, {"name": "x"}, "1-a"),
}


@pytest.mark.parametrize("call", OF_A_KEY)
def test_another_key_is_not_the_one_that_was_asked_for(two: Two, call: str) -> None:
    two.answers({**two.keys[1], "activity": {"authn_count": 0}})

    with pytest.raises(NotUnderstood, match="another API key"):
        OF_A_KEY[call](two, two.keys[0]["id"])


@pytest.mark.parametrize("call", OF_A_SERVICE_ID)
def test_another_service_id_is_not_the_one_that_was_asked_for(two: Two, call: str) -> None:
    two.answers(two.robots[1])

    with pytest.raises(NotUnderstood, match="another service ID"):
        OF_A_SERVICE_ID[call](two, two.robots[0]["id"])


def test_a_service_id_whose_two_ids_differ_is_not_understood(two: Two) -> None:
    # Keys would be made for somebody else.
    two.answers({**two.robots[0], "iam_id": two.robots[1]["iam_id"]})

    with pytest.raises(NotUnderstood, match="its iam_id"):
        two.client.service_ids.get(two.robots[0]["id"])


@pytest.mark.parametrize("member", ["iam_id", "account_id"])
def test_a_list_with_the_key_of_somebody_else_is_not_understood(two: Two, member: str) -> None:
    foreign = {**two.keys[0], member: {"iam_id": "IBMid-another", "account_id": "another"}[member]}
    two.answers({"apikeys": [two.keys[1], foreign]})

    with pytest.raises(NotUnderstood, match=f"API key {foreign['id']}.* of another"):
        two.client.api_keys.list(two.scene.iam_id, two.scene.account_id)


def test_a_list_of_the_keys_of_one_service_id_has_no_others(two: Two) -> None:
    robot = two.client.service_ids.get(two.robots[0]["id"])
    two.answers({"apikeys": [two.keys[0]]})

    with pytest.raises(NotUnderstood, match="of another owner"):
        two.client.service_ids.list_keys(robot)


def test_a_service_id_of_another_account_is_not_listed(two: Two) -> None:
    two.answers({"serviceids": [{**two.robots[0], "account_id": "another"}]})

    with pytest.raises(NotUnderstood, match="of another account"):
        two.client.service_ids.list_named("one", two.scene.account_id)


def test_an_entry_that_two_pages_have_counts_once(two: Two) -> None:
    address = "https://elsewhere.example/v1/apikeys?pagetoken=2"
    two.answers({"apikeys": [two.keys[0]], "next": address})
    two.answers({"apikeys": [two.keys[0], two.keys[1]]})

    listed = two.client.api_keys.list(two.scene.iam_id, two.scene.account_id)

    assert [key.name for key in listed] == ["one", "two"]
    assert len(two.scene.emulator.requests) == 3


MEMBERS = {"name": "another", "iam_id": "IBMid-another", "account_id": "another", "apikey": "w" * 44}


@pytest.mark.parametrize("member", MEMBERS)
def test_a_create_that_tells_of_another_key_is_looked_for(two: Two, member: str) -> None:
    told = {**two.keys[0], "name": "new", "apikey": VALUE, member: MEMBERS[member]}
    two.answers(told, 201, method="POST")

    made = two.client.api_keys.create(NewKey("new", two.scene.iam_id, two.scene.account_id, VALUE))

    assert [key["id"] for key in two.scene.keys("new")] == [made.id]


def test_a_create_is_done_with_201_only(two: Two) -> None:
    two.answers({**two.keys[0], "name": "new", "apikey": VALUE}, 202, method="POST")

    made = two.client.api_keys.create(NewKey("new", two.scene.iam_id, two.scene.account_id, VALUE))

    assert [key["id"] for key in two.scene.keys("new")] == [made.id]


@pytest.mark.parametrize("member", ["name", "account_id"])
def test_a_service_id_of_another_name_or_account_is_not_the_one_that_was_made(two: Two, member: str) -> None:
    two.answers({**two.robots[0], member: "another"}, 201, method="POST")

    with pytest.raises(NotUnderstood) as caught:
        two.client.service_ids.create("one", two.scene.account_id)
    assert caught.value.may_have_happened


@pytest.mark.parametrize("status", [201, 202, 203, 205, 206, 207, 226, 299])
def test_a_read_is_answered_with_200_only(two: Two, status: int) -> None:
    two.answers(two.keys[0], status)

    with pytest.raises(NotUnderstood):
        two.client.api_keys.get(two.keys[0]["id"])


@pytest.mark.parametrize(
    "spoil",
    [
        '"disabled": true, "disabled": false',
        '"name": "one", "name": "two"',
        '"description": NaN',
        '"description": Infinity',
        '"x": -Infinity',
        '"x": 1e999',
        f'"x": {"9" * 400}',
        f'"x": [{{"y": {"9" * 5000}}}]',
    ],
)
def test_json_that_two_readers_read_differently_is_not_understood(two: Two, spoil: str) -> None:
    plain = {name: value for name, value in two.keys[0].items() if f'"{name}"' not in spoil}
    two.answers(f"{json.dumps(plain)[:-1]}, {spoil}}}")

    with pytest.raises(NotUnderstood):
        two.client.api_keys.get(two.keys[0]["id"])
