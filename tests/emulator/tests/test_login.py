# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""POST /identity/token and what its tokens are good for."""

from __future__ import annotations

from typing import Any

import jwt
import pytest
from iam_emulator import Emulator, Request, Settings, Visitor

NEW_YEAR_2027 = 1_798_761_600.0


def claims_of(emulator: Emulator, token: str) -> dict[str, Any]:
    published = emulator.handle(Request("GET", "/identity/keys")).json()["keys"][0]
    assert published["kid"] == jwt.get_unverified_header(token)["kid"]
    public_key = jwt.PyJWK(published)
    claims: dict[str, Any] = jwt.decode(
        token, public_key, algorithms=["RS256"], options={"verify_exp": False, "verify_iat": False}
    )
    return claims


def test_a_token_says_who_the_user_is_and_verifies_with_the_published_key(emulator: Emulator, user: Visitor) -> None:
    answer = user.log_in().json()
    claims = claims_of(emulator, answer["access_token"])
    assert (claims["iam_id"], claims["account"]["bss"]) == (emulator.seed.iam_id, emulator.seed.account_id)
    assert (claims["iat"], claims["exp"]) == (1_798_761_600, 1_798_765_200)
    assert (answer["expires_in"], answer["expiration"]) == (3600, 1_798_765_200)
    assert (answer["refresh_token"], answer["token_type"]) == ("not_supported", "Bearer")


def test_a_token_of_a_service_id_says_so(emulator: Emulator, user: Visitor) -> None:
    robot = user.create_service_id(apikey={"name": "first"})
    claims = claims_of(emulator, user.log_in(robot["apikey"]["apikey"]).json()["access_token"])
    assert (claims["iam_id"], claims["sub"], claims["sub_type"]) == (robot["iam_id"], robot["id"], "ServiceId")


@pytest.mark.parametrize(
    ("form", "bxnim_code"),
    [
        ({"apikey": "nobody has this value"}, "BXNIM0415E"),
        ({"apikey": ""}, "BXNIM0109E"),
        ({"grant_type": ""}, "BXNIM0109E"),
        ({"grant_type": "password"}, "BXNIM0106E"),
        ({"response_type": "cloud_iam,uaa"}, "BXNIM0106E"),
    ],
)
def test_a_bad_log_in_is_400_in_token_style(user: Visitor, form: dict[str, str], bxnim_code: str) -> None:
    answer = user.log_in(**form)
    assert (answer.status, answer.json()["errorCode"]) == (400, bxnim_code)
    assert answer.json()["context"]["requestId"] == answer.headers["Transaction-Id"]


def test_a_locked_key_logs_in(user: Visitor) -> None:
    key = user.create_key(headers={"Entity-Lock": "true"})
    assert user.log_in(key["apikey"]).status == 200


def test_a_deleted_key_is_unknown_but_its_token_goes_on(emulator: Emulator, user: Visitor) -> None:
    key = user.create_key()
    holder = Visitor(emulator, key["apikey"])
    assert holder.ask("DELETE", f"/v1/apikeys/{key['id']}").status == 204
    assert holder.log_in().json()["errorCode"] == "BXNIM0415E"
    assert holder.ask("GET", "/v1/apikeys").status == 200


def test_a_disabled_key_does_not_log_in_until_it_is_enabled(user: Visitor) -> None:
    key = user.create_key(headers={"Entity-Disable": "true"})
    refused = user.log_in(key["apikey"])
    assert (refused.status, refused.json()["errorCode"]) == (400, "BXNIM0462E")
    user.ask("DELETE", f"/v1/apikeys/{key['id']}/disable")
    assert user.log_in(key["apikey"]).status == 200


def test_an_expired_key_does_not_log_in() -> None:
    emulator = Emulator(
        clock=lambda: NEW_YEAR_2027, settings=Settings(expired_login_code="BXNIM0999E", expired_login_status=401)
    )
    user = Visitor(emulator)
    key = user.create_key(expires_at="2027-01-02T00:00+0000")
    assert user.log_in(key["apikey"]).status == 200
    emulator.clock.advance(24 * 3600)
    refused = user.log_in(key["apikey"])
    assert (refused.status, refused.json()["errorCode"]) == (401, "BXNIM0999E")


def test_log_ins_are_counted(emulator: Emulator, user: Visitor) -> None:
    key = user.create_key()
    url = f"/v1/apikeys/{key['id']}"
    assert user.ask("GET", url, include_activity="true").json()["activity"] == {"authn_count": 0}
    emulator.clock.advance(90)
    user.log_in(key["apikey"])
    activity = user.ask("GET", url, include_activity="true").json()["activity"]
    assert activity == {"authn_count": 1, "last_authn": "2027-01-01T00:01+0000"}


def test_calls_without_a_valid_token_are_401(emulator: Emulator, user: Visitor) -> None:
    user.ask("GET", "/v1/apikeys")
    for authorization in ("", "Basic eDp5", "Bearer x.y.z", f"Bearer {user.token[:-9]}AAAAAAAAA"):
        answer = user.ask("GET", "/v1/apikeys", headers={"Authorization": authorization})
        assert (answer.status, answer.json()["errors"][0]["code"]) == (401, "invalid_access_token")
    emulator.clock.advance(3600)
    assert user.ask("GET", "/v1/apikeys").status == 401
