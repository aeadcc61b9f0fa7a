# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Account settings, limits, and several accounts side by side."""

from __future__ import annotations

import pytest
from iam_emulator import Emulator, Visitor


@pytest.fixture
def settings_url(emulator: Emulator) -> str:
    return f"/v1/accounts/{emulator.seed.account_id}/settings/identity"


@pytest.fixture
def limits_url(emulator: Emulator) -> str:
    return f"/v1/accounts/{emulator.seed.account_id}/limits/identity"


def test_settings_change_one_by_one_under_their_tag(user: Visitor, settings_url: str) -> None:
    before = user.ask("GET", settings_url)
    assert before.json()["restrict_create_platform_apikey"] == "NOT_SET"
    assert "history" not in before.json()
    wish = {"session_expiration_in_seconds": "900"}
    assert user.ask("PUT", settings_url, wish).status == 400
    after = user.ask("PUT", settings_url, wish, {"If-Match": before.headers["ETag"]})
    assert after.json()["session_expiration_in_seconds"] == "900"
    assert after.headers["ETag"] == after.json()["entity_tag"] != before.headers["ETag"]
    assert user.ask("PUT", settings_url, wish, {"If-Match": before.headers["ETag"]}).status == 409
    assert user.ask("GET", settings_url, include_history="true").json()["history"]


@pytest.mark.parametrize(
    "wish",
    [
        {"restrict_create_service_id": "MAYBE"},
        {"restrict_user_list_visibility": "NOT_SET"},
        {"mfa": "LEVEL9"},
        {"system_access_token_expiration_in_seconds": 900},
        {"system_access_token_expiration_in_seconds": "899"},
        {"system_access_token_expiration_in_seconds": "3601"},
        {"max_sessions_per_identity": "0"},
        {"session_invalidation_in_seconds": "-900"},
        {"unknown": "x"},
    ],
)
def test_a_wrong_setting_is_400_and_changes_nothing(user: Visitor, settings_url: str, wish: dict[str, object]) -> None:
    before = user.ask("GET", settings_url).json()
    assert user.ask("PUT", settings_url, wish, {"If-Match": "*"}).status == 400
    assert user.ask("GET", settings_url).json() == before


def test_effective_settings_show_what_counts(emulator: Emulator, user: Visitor) -> None:
    shown = user.ask("GET", f"/v1/accounts/{emulator.seed.account_id}/effective_settings/identity").json()
    assert shown["effective"]["restrict_create_service_id"] == "NOT_RESTRICTED"
    assert shown["account"]["restrict_create_service_id"] == "NOT_SET"


def test_tokens_live_as_long_as_the_account_says(user: Visitor, settings_url: str) -> None:
    user.ask("PUT", settings_url, {"system_access_token_expiration_in_seconds": "900"}, {"If-Match": "*"})
    assert user.log_in().json()["expires_in"] == 900


def test_limits_count_what_is_asked_for(emulator: Emulator, user: Visitor, limits_url: str) -> None:
    robot = user.create_service_id(apikey={"name": "first"})
    assert user.ask("GET", limits_url).json()["apikeys_per_identity"] == {"limit": 20}
    asked = user.ask("GET", limits_url, apikeys_per_identity=f"{robot['iam_id']},{emulator.seed.iam_id}")
    expected = [{"iam_id": robot["iam_id"], "count": 1}, {"iam_id": emulator.seed.iam_id, "count": 1}]
    assert asked.json()["apikeys_per_identity"] == {"limit": 20, "identities": expected}
    body = {
        "apikeys_per_identity": [robot["iam_id"]],
        "serviceids_per_group": [emulator.world.default_group_id],
        "serviceid_groups": True,
        "profiles": True,
    }
    posted = user.ask("POST", limits_url, body).json()
    assert posted["apikeys_per_identity"]["identities"] == expected[:1]
    assert posted["serviceids_per_group"]["serviceid_groups"][0]["count"] == 1
    assert (posted["serviceid_groups"]["count"], posted["profiles"]) == (1, {"limit": 2000, "count": 0})


def test_limits_are_checked(user: Visitor, limits_url: str) -> None:
    assert user.ask("POST", limits_url, {"profiles": "yes"}).status == 400
    assert user.ask("POST", limits_url, {"apikeys_per_identity": [1]}).status == 400
    assert user.ask("POST", limits_url, {"unknown": True}).status == 400
    assert user.ask("GET", limits_url, profiles="maybe").status == 400
    assert user.ask("GET", "/v1/accounts/another/limits/identity").status == 403


def test_accounts_do_not_see_each_other(emulator: Emulator, user: Visitor) -> None:
    second = emulator.add_account()
    stranger = Visitor(emulator, second.api_key)
    assert [key["id"] for key in stranger.list_keys()] == [second.api_key_id]
    assert stranger.ask("GET", f"/v1/apikeys/{emulator.seed.api_key_id}").status == 404
    assert stranger.ask("GET", "/v1/apikeys/details", headers={"IAM-ApiKey": emulator.seed.api_key}).status == 404
    assert user.ask("GET", "/v1/serviceids", account_id=second.account_id).status == 403
    emulator.change_settings(keys_per_identity=1)
    assert stranger.ask("POST", "/v1/apikeys", {"name": "a", "iam_id": second.iam_id}).status == 422


def test_a_value_is_taken_once_in_all_accounts(emulator: Emulator, user: Visitor) -> None:
    value = user.create_key()["apikey"]
    second = emulator.add_account()
    content = {"name": "a", "iam_id": second.iam_id, "apikey": value}
    assert Visitor(emulator, second.api_key).ask("POST", "/v1/apikeys", content).status == 409


def test_a_reset_forgets_other_accounts(emulator: Emulator) -> None:
    second = emulator.add_account()
    emulator.reset()
    assert Visitor(emulator, second.api_key).log_in().json()["errorCode"] == "BXNIM0415E"
