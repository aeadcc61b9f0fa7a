# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""People, roles, accounts, compute resources and leaks over the side channel."""

from __future__ import annotations

import json
from typing import Any

import pytest
from iam_emulator import Emulator, Request, Visitor


def steer(emulator: Emulator, name: str, content: Any) -> Any:
    answer = emulator.handle(Request("POST", f"/__emulator__/{name}", body=json.dumps(content).encode()))
    assert answer.status in (200, 204), answer.body
    return answer.json() if answer.body else None


def test_a_user_joins_with_roles_and_a_key(emulator: Emulator) -> None:
    joined = steer(emulator, "users", {"name": "Ada Admin", "roles": ["Administrator"]})
    keys = Visitor(emulator, joined["api_key"]).list_keys(scope="account")
    assert {key["iam_id"] for key in keys} == {emulator.seed.iam_id, joined["iam_id"]}


def test_roles_are_given_and_taken(emulator: Emulator) -> None:
    joined = steer(emulator, "users", {"name": "Ada"})
    ada = Visitor(emulator, joined["api_key"])
    assert ada.ask("GET", "/v1/apikeys", scope="account").status == 403
    steer(emulator, "roles", {"iam_id": joined["iam_id"], "roles": ["Administrator"]})
    assert ada.ask("GET", "/v1/apikeys", scope="account").status == 200
    steer(emulator, "roles", {"iam_id": joined["iam_id"], "roles": []})
    assert ada.ask("GET", "/v1/apikeys", scope="account").status == 403


def test_a_second_account_has_users_of_its_own(emulator: Emulator) -> None:
    second = steer(emulator, "accounts", None)
    joined = steer(emulator, "users", {"name": "Bo", "account_id": second["account_id"]})
    assert joined["account_id"] == second["account_id"] != emulator.seed.account_id
    assert Visitor(emulator, joined["api_key"]).log_in().status == 200


def test_a_compute_resource_gets_a_token_for_a_profile(emulator: Emulator, user: Visitor) -> None:
    profile = user.create_profile()
    cr_token = steer(emulator, "compute_resources", {"profile_id": profile["id"]})["cr_token"]
    form = {"grant_type": "urn:ibm:params:oauth:grant-type:cr-token", "cr_token": cr_token}
    assert user.post_form(profile_id=profile["id"], **form).status == 200


def test_a_leak_disables_a_key(emulator: Emulator, user: Visitor) -> None:
    key = user.create_key()
    steer(emulator, "leaks", {"id": key["id"]})
    assert user.log_in(key["apikey"]).json()["errorCode"] == "BXNIM0462E"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("users", {}),
        ("users", {"name": "Ada", "roles": ["King"]}),
        ("users", {"name": "Ada", "account_id": "another"}),
        ("roles", {"roles": []}),
        ("roles", {"iam_id": "IBMid-nobody"}),
        ("compute_resources", {"profile_id": "Profile-unknown"}),
        ("leaks", {"id": "ApiKey-unknown"}),
        ("leaks", None),
        ("settings", {"granted_role": "King"}),
    ],
)
def test_what_makes_no_sense_is_refused(emulator: Emulator, name: str, content: Any) -> None:
    request = Request("POST", f"/__emulator__/{name}", body=json.dumps(content).encode())
    assert emulator.handle(request).status in (400, 404)
