# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lists are read to their end."""

from __future__ import annotations

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import (
    Invalid,
    ListBrokenOff,
    NotFound,
    NotUnderstood,
    ServiceFailed,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.pages import each_entry
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.transport import Reply


def listed(scene):
    return scene.connect().api_keys.list(scene.iam_id, scene.account_id)


@pytest.mark.parametrize(("keys", "requests"), [(99, 1), (100, 1), (101, 2), (250, 3)])
def test_every_page_is_read(scene, keys, requests):
    scene.emulator.change_settings(keys_per_identity=300)
    names = ["first key", *(scene.user.create_key(name=f"key {number}")["name"] for number in range(1, keys))]

    assert [key.name for key in listed(scene)] == names
    assert scene.sent() == ["POST /identity/token", *["GET /v1/apikeys"] * requests]
    assert {each["query"]["pagesize"] for each in scene.emulator.requests if each["query"]} == {"100"}


def test_a_list_that_breaks_off_is_an_error_and_no_shorter_list(scene):
    scene.emulator.change_settings(keys_per_identity=300)
    for number in range(120):
        scene.user.create_key(name=f"key {number}")
    scene.faults({"kind": "status", "status": 500, "path": "apikeys", "skip": 1, "times": 99})

    with pytest.raises(ServiceFailed):
        listed(scene)


@pytest.mark.parametrize("status", [400, 404, 422])
def test_a_page_that_is_refused_says_nothing_of_whose_the_list_is_but_the_first_one_does(scene, status):
    scene.emulator.change_settings(keys_per_identity=300)
    for number in range(120):
        scene.user.create_key(name=f"key {number}")
    refused = {"kind": "status", "status": status, "path": "apikeys"}
    scene.faults({**refused, "skip": 1})
    with pytest.raises(ListBrokenOff, match=f"answered {status} to list the API keys") as caught:
        listed(scene)

    assert "the pages before this one were given, so it says nothing of whose list it is" in str(caught.value)
    assert caught.value.transaction_id
    scene.faults(refused)
    with pytest.raises((Invalid, NotFound)):
        listed(scene)


def pages(*bodies):
    """Answers in this order; the last one again and again."""
    queries = []

    def send(method, path, action, query):
        queries.append(query)
        return Reply(200, bodies[min(len(queries), len(bodies)) - 1], None, None)

    return send, queries


def read(send):
    return list(each_entry(send, "/v1/things", "things", {"account_id": "a", "iam_id": None}, "list the things"))


def test_the_questions_own_parameters_go_along_with_every_page_token():
    send, queries = pages({"things": [1], "next": "https://x/v1/things?pagetoken=t1"}, {"things": [2]})

    assert read(send) == [1, 2]
    assert queries == [
        {"account_id": "a", "pagesize": 100},
        {"account_id": "a", "pagesize": 100, "pagetoken": "t1"},
    ]


def test_pages_in_a_circle_are_noticed():
    send, queries = pages(
        {"things": [1], "next": "https://x?pagetoken=t1"},
        {"things": [2], "next": "https://x?pagetoken=t2"},
        {"things": [3], "next": "https://x?pagetoken=t1"},
    )

    with pytest.raises(NotUnderstood, match="names the same page again"):
        read(send)
    assert len(queries) == 3


@pytest.mark.parametrize("body", [None, [], "text", {}, {"things": None}, {"things": {"a": 1}}])
def test_an_answer_without_the_list_is_an_error_and_not_an_empty_list(body):
    with pytest.raises(NotUnderstood, match="holds no list of things"):
        read(pages(body)[0])


@pytest.mark.parametrize("link", [None, "", "https://x/v1/things", "https://x/v1/things?pagetoken="])
def test_without_a_page_token_the_list_has_ended(link):
    assert read(pages({"things": [1], "next": link})[0]) == [1]


@pytest.mark.parametrize("link", [5, True, [], {}, "https://[::1", "https://x\u2100y/?pagetoken=t"])
def test_whether_another_page_follows_is_not_guessed(link):
    with pytest.raises(NotUnderstood, match="in no known form whether another page follows"):
        read(pages({"things": [1], "next": link})[0])
