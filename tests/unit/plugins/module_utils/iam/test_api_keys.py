# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The single calls on API keys and service IDs."""

from __future__ import annotations

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import format_time
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.entities import Activity
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import (
    Conflict,
    Invalid,
    NotFound,
    NotUnderstood,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.service_ids import ServiceId

NO_SUCH_ID = "ApiKey-00000000-0000-4000-8000-000000000000"


@pytest.fixture
def key(scene):
    return scene.user.create_key(name="one", description="what for")


@pytest.mark.parametrize("already_so_status", [409, 204])
@pytest.mark.parametrize(
    ("verb", "member", "expected"),
    [
        ("lock", "locked", True),
        ("unlock", "locked", False),
        ("disable", "disabled", True),
        ("enable", "disabled", False),
    ],
)
def test_what_is_so_already_is_done(scene, key, already_so_status, verb, member, expected):
    scene.emulator.change_settings(already_so_status=already_so_status)
    client = scene.connect()
    for _time in range(2):
        getattr(client.api_keys, verb)(key["id"])

        assert getattr(client.api_keys.get(key["id"]), member) is expected


def test_a_conflict_for_another_reason_is_not_taken_for_done(scene, key):
    client = scene.connect()
    client.api_keys.lock(key["id"])

    with pytest.raises(Conflict):
        client.api_keys.disable(key["id"])


def test_a_key_that_is_gone_counts_as_deleted(scene, key):
    client = scene.connect()

    assert [client.api_keys.delete(key["id"]) for _time in range(2)] == [True, False]


def test_a_read_tells_the_version_and_a_change_demands_it(scene, key):
    client = scene.connect()
    read = client.api_keys.get(key["id"])
    assert client.api_keys.update(key["id"], {"name": "two"}, read.entity_tag).name == "two"

    with pytest.raises(Conflict):
        client.api_keys.update(key["id"], {"name": "three"}, read.entity_tag)
    with pytest.raises(NotUnderstood, match="cannot be changed safely"):
        client.api_keys.update(key["id"], {"name": "three"}, None)
    assert scene.sent().count("PUT /v1/apikeys/ID") == 2


def test_a_value_that_nobody_has_is_found_nowhere(scene):
    client = scene.connect()

    assert client.api_keys.find_by_value("v" * 44) is None
    assert client.api_keys.find_by_value(scene.api_key).name == "first key"


@pytest.mark.parametrize("odd_id", ["", "..", "a/b", "a?b=c", "a b", "a%2e", "ApiKey-1/lock"])
@pytest.mark.parametrize("part", ["api_keys", "service_ids"])
def test_an_id_that_would_lead_to_another_address_is_refused(scene, part, odd_id):
    client = scene.connect()
    for call in (getattr(client, part).get, getattr(client, part).delete):
        with pytest.raises(Invalid, match="not the id of"):
            call(odd_id)

    assert scene.sent() == []


def test_an_unknown_id_is_not_found(scene):
    with pytest.raises(NotFound):
        scene.connect().api_keys.get(NO_SUCH_ID)


def test_the_login_keys_id_is_asked_for_once(scene):
    client = scene.connect()

    assert {client.login_key_id() for _time in range(3)} == {scene.emulator.seed.api_key_id}
    assert scene.sent() == ["POST /identity/token", "GET /v1/apikeys/details"]


def test_a_token_has_no_login_key(scene):
    assert scene.connect(token=scene.user.log_in().json()["access_token"]).login_key_id() is None


def test_a_keys_log_ins_are_told(scene, key):
    client = scene.connect()
    assert client.api_keys.read_activity(key["id"]) == Activity(0, None)
    scene.user.log_in(key["apikey"])

    assert client.api_keys.read_activity(key["id"]) == Activity(1, format_time(client.now()))


def test_only_service_ids_of_exactly_that_name_are_found(scene):
    for name in ("robot", "robot", "robot 2"):
        scene.user.create_service_id(name=name)
    client = scene.connect()

    assert len(client.service_ids.list_named("robot", scene.account_id)) == 2
    assert client.service_ids.list_named("rob", scene.account_id) == []


@pytest.mark.parametrize("kind", [ApiKey, ServiceId])
@pytest.mark.parametrize("entry", [None, [], "x", {}, {"id": "a"}, {"id": 5, "name": "n", "iam_id": "i"}])
def test_an_entry_without_identity_is_not_understood(kind, entry):
    with pytest.raises(NotUnderstood):
        kind.from_iam(entry, "look")


def test_what_iam_adds_one_day_does_not_disturb():
    entry = {"id": "ApiKey-1", "name": "n", "iam_id": "i", "brand_new": 1}

    assert ApiKey.from_iam(entry, "look").id == "ApiKey-1"


def test_references_of_changes_are_collected_and_of_reads_are_not(scene, key):
    client = scene.connect()
    client.api_keys.lock(key["id"])
    client.api_keys.get(key["id"])

    assert client.transaction_ids == [scene.emulator.requests[1]["transaction_id"]]
