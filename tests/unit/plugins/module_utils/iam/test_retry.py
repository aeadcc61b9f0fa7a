# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which requests are sent again, after which pause, and for how long."""

from __future__ import annotations

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam import retry
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import (
    CannotConnect,
    IamError,
    ServiceFailed,
    TooBusy,
)

GET = {"method": "GET", "path": "apikeys/"}


@pytest.fixture
def key_id(scene):
    return scene.user.create_key(name="one")["id"]


@pytest.mark.parametrize(
    ("method", "path", "repeatable"),
    [
        ("GET", "/v1/apikeys", True),
        ("PUT", "/v1/apikeys/ApiKey-1", True),
        ("DELETE", "/v1/apikeys/ApiKey-1", True),
        ("POST", "/v1/apikeys/ApiKey-1/lock", True),
        ("POST", "/identity/token", True),
        ("POST", "/v1/apikeys", False),
        ("POST", "/v1/serviceids", False),
    ],
)
def test_only_a_create_is_not_repeatable(method, path, repeatable):
    assert retry.is_repeatable(method, path) is repeatable
    assert [retry.may_repeat(method, path, status) for status in (500, 502, 503, 504)] == [repeatable] * 4
    assert retry.may_repeat(method, path, 429)
    assert not any(retry.may_repeat(method, path, status) for status in (200, 400, 401, 403, 404, 409, 412, 422))


@pytest.mark.parametrize(
    "kind",
    [
        *({"kind": "cut_before"}, {"kind": "cut_after"}, {"kind": "status", "status": 503}),
        *({"kind": "proxy_page", "status": status} for status in (429, 500, 502, 503, 504)),
    ],
)
def test_a_read_is_sent_again(scene, key_id, kind):
    client = scene.connect()
    scene.faults({**kind, **GET, "times": 2})

    assert client.api_keys.get(key_id).name == "one"
    assert scene.sent().count("GET /v1/apikeys/ID") == 3
    assert len(scene.clock.pauses) == 2


@pytest.mark.parametrize(
    ("verb", "request_line"),
    [
        ("lock", "POST /v1/apikeys/ID/lock"),
        ("disable", "POST /v1/apikeys/ID/disable"),
        ("delete", "DELETE /v1/apikeys/ID"),
    ],
)
def test_a_switch_or_a_delete_with_a_lost_answer_is_sent_again_and_ends_well(scene, key_id, verb, request_line):
    client = scene.connect()
    scene.faults({"kind": "cut_after", "method": "POST|DELETE", "path": "apikeys/"})
    getattr(client.api_keys, verb)(key_id)

    assert scene.writes() == [request_line] * 2


def test_the_servers_own_pause_wins(scene, key_id):
    client = scene.connect()
    scene.faults({"kind": "status", "status": 429, "retry_after": 7, **GET})
    client.api_keys.get(key_id)

    assert scene.clock.pauses == [7]


@pytest.mark.parametrize("retry_after", [21, 3600])
def test_a_pause_longer_than_the_budget_is_not_waited_for(scene, key_id, retry_after):
    client = scene.connect()
    scene.faults({"kind": "status", "status": 429, "retry_after": retry_after, **GET})

    with pytest.raises(TooBusy):
        client.api_keys.get(key_id)
    assert scene.clock.pauses == []


def test_pauses_add_up_to_the_budget_at_most(scene, key_id):
    client = scene.connect()
    scene.faults({"kind": "status", "status": 429, "retry_after": 8, "times": 99, **GET})

    with pytest.raises(TooBusy):
        client.api_keys.get(key_id)
    assert scene.clock.pauses == [8, 8]
    assert sum(scene.clock.pauses) <= retry.RETRY_BUDGET_SECONDS


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "status", "status": 500}, ServiceFailed),
        ({"kind": "status", "status": 429}, TooBusy),
        ({"kind": "cut_before"}, CannotConnect),
    ],
)
def test_pauses_grow_and_end(scene, key_id, fault, error):
    client = scene.connect()
    scene.faults({**fault, **GET, "times": 99})

    with pytest.raises(error):
        client.api_keys.get(key_id)
    assert scene.sent().count("GET /v1/apikeys/ID") <= 1 + retry.ATTEMPTS_AFTER_THE_FIRST
    assert len(scene.clock.pauses) >= 2
    assert sum(scene.clock.pauses) <= retry.RETRY_BUDGET_SECONDS
    assert max(scene.clock.pauses) <= retry.LONGEST_PAUSE_SECONDS


def test_the_budget_is_each_requests_own(scene, key_id):
    client = scene.connect()
    for _time in range(3):
        scene.faults({"kind": "status", "status": 429, "retry_after": 15, **GET})
        client.api_keys.get(key_id)

    assert scene.clock.pauses == [15, 15, 15]


def test_a_service_id_whose_answer_was_lost_is_not_made_twice(scene):
    client = scene.connect()
    scene.faults({"kind": "cut_after", "method": "POST", "path": "serviceids"})

    with pytest.raises(IamError) as caught:
        client.service_ids.create("robot", scene.account_id, None)
    assert caught.value.may_have_happened
    assert len(scene.user.list_service_ids()) == 1
