# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Allow lists of addresses, large and hostile answers, as the emulator tells them: what a task says of them."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import (
    BadCredentials,
    IamError,
    NotUnderstood,
)

SEEN = "it saw the address 203.0.113.9"


def allow(scene: t.Any, addresses: str) -> None:
    url = f"/v1/accounts/{scene.account_id}/settings/identity"
    assert scene.user.ask("PUT", url, {"allowed_ip_addresses": addresses}, {"If-Match": "*"}).status == 200
    scene.emulator.change_settings(caller_address="203.0.113.9")


def test_a_log_in_from_another_address_names_it_and_what_to_do(scene: t.Any, manage: t.Any) -> None:
    allow(scene, "198.51.100.0/24")
    failed = manage(name="one", description="x")

    for words in (SEEN, "An administrator adds it", "AWX", "BXNIM0430E"):
        assert words in failed["msg"]
    assert scene.api_key not in str(failed)


@pytest.mark.parametrize("status", [401, 403])
def test_so_does_a_request_with_a_token_that_is_still_good(scene: t.Any, status: int) -> None:
    client = scene.connect()
    client.caller()
    scene.emulator.change_settings(address_refused_status=status)
    allow(scene, "198.51.100.0/24")

    with pytest.raises(BadCredentials, match=SEEN) as caught:
        client.api_keys.list(scene.iam_id, scene.account_id)
    assert "role" not in str(caught.value)


@pytest.mark.parametrize(
    "details",
    ["", "5 addresses", "not 203.0.113.999", "203.0.113.9 and 203.0.113.8", "a-10.0.0.1", "10.0.0.1.2", "x{}", "{}"],
)
def test_no_other_text_is_taken_from_the_refusal(scene: t.Any, details: str) -> None:
    told = details.replace("{}", scene.api_key)
    scene.faults({"kind": "status", "status": 401, "code": "BXNIM0430E", "details": told, "path": "identity"})

    with pytest.raises(BadCredentials) as caught:
        scene.connect().caller()
    assert "it saw the address" not in str(caught.value)
    assert scene.api_key not in str(caught.value)


@pytest.mark.parametrize("code", ["BXNIM0410E", "BXNIM0415E", "BXNIM0430E", "BXNIM0436E", "BXNIM0439E", "BXNIM0999E"])
def test_a_log_in_refusal_that_quotes_the_key_shows_none_of_it(scene: t.Any, code: str) -> None:
    quoted = f"BXNIM0102E: Provided API key {scene.api_key} could not be found"
    scene.faults({"kind": "status", "status": 400, "code": code, "details": quoted, "path": "identity"})

    with pytest.raises(BadCredentials) as caught:
        scene.connect().caller()
    assert scene.api_key not in str(caught.value)


@pytest.mark.parametrize(("megabytes", "is_read"), [(1, True), (15, True), (17, False), (200, False)])
@pytest.mark.parametrize("packed", [True, False])
def test_an_answer_of_a_size_that_iam_never_gives_is_not_understood(
    scene: t.Any, megabytes: int, is_read: bool, packed: bool
) -> None:
    client = scene.connect()
    client.caller()
    scene.faults({"kind": "large", "path": "apikeys", "megabytes": megabytes, "packed": packed})

    if is_read:
        assert client.api_keys.list(scene.iam_id, scene.account_id)
    else:
        with pytest.raises(NotUnderstood):
            client.api_keys.list(scene.iam_id, scene.account_id)


@pytest.mark.parametrize(
    "members",
    [
        {"id": "../../identity/token"},
        {"id": "ApiKey-1\n- shell: reboot"},
        {"id": "ApiKey-\x00"},
        {"id": "ApiKey-{{ lookup('pipe', 'id') }}"},
        {"iam_id": 5},
        {"description": 5},
        {"expires_at": [1]},
        {"created_at": "9999-12-31T23:59-14:00"},
        {"locked": "yes"},
        {"apikeys": {}},
        {"next": 5},
    ],
)
def test_a_hostile_member_changes_nothing(scene: t.Any, manage: t.Any, members: dict[str, t.Any]) -> None:
    scene.user.create_key(name="one", description="d", expires_at="2028-01-01T00:00+0000")
    scene.emulator.change_settings(keys_per_identity=200)
    client = scene.connect()
    client.caller()
    if "next" in members:
        for number in range(120):
            scene.user.create_key(name=f"many-{number}")
    scene.forget_requests()
    scene.faults({"kind": "altered", "method": "GET", "path": "^/v1/apikeys", "members": members, "times": 9})

    failed = manage(client=client, name="one", description="another")

    assert failed["failed"]
    assert scene.writes() == []
    assert "reboot" not in failed["msg"]


def test_a_past_time_is_refused_by_us_whatever_iam_takes(scene: t.Any, manage: t.Any) -> None:
    scene.user.create_key(name="one")
    for name in ("one", "new"):
        failed = manage(name=name, discard_value=True, expires_at="2020-01-01T00:00+0000")
        assert failed["failed"], failed
        assert scene.writes() == []


def test_a_creator_without_a_role_manages_its_own_service_id(scene: t.Any) -> None:
    ada = scene.user.add_user("Ada")
    robot = ada.create_service_id(name="hers")
    client = scene.connect(api_key=ada.key_value)

    assert client.service_ids.list_named("hers", scene.account_id)[0].id == robot["id"]
    assert client.api_keys.list(robot["iam_id"], scene.account_id) == []
    assert client.service_ids.delete(robot["id"])
    with pytest.raises(IamError):
        client.api_keys.list(scene.user.create_service_id(name="other")["iam_id"], scene.account_id)
