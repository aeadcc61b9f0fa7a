# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Trusted profiles, and the log-ins that take one on."""

from __future__ import annotations

from typing import Any

import jwt
import pytest
from iam_emulator import Emulator, Settings, Visitor
from iam_emulator.grants import ASSUME_GRANT, CR_TOKEN_GRANT
from iam_emulator.scenery import link_compute_resource


def claims_of(answer: Any) -> dict[str, Any]:
    assert answer.status == 200, answer.body
    claims: dict[str, Any] = jwt.decode(answer.json()["access_token"], options={"verify_signature": False})
    return claims


def assume(visitor: Visitor, **form: str) -> Any:
    token = visitor.log_in().json()["access_token"]
    return visitor.post_form(grant_type=ASSUME_GRANT, **{"access_token": token, **form})


def test_a_profile_has_a_life_cycle(user: Visitor) -> None:
    profile = user.create_profile(name="rotator", description="rotates", email="ops@example.com")
    url = f"/v1/profiles/{profile['id']}"
    assert profile["iam_id"] == f"iam-{profile['id']}"
    assert profile["crn"].endswith(f"::profile:{profile['id']}")
    tag = user.ask("GET", url).headers["ETag"]
    changed = user.ask("PUT", url, {"description": "", "email": ""}, {"If-Match": tag}).json()
    assert not changed.keys() & {"description", "email"}
    assert user.ask("PUT", url, {"name": "late"}, {"If-Match": tag}).status == 409
    assert user.ask("DELETE", url).status == 204
    assert user.ask("GET", url).status == 404


def test_a_name_is_taken_once(user: Visitor) -> None:
    first = user.create_profile(name="rotator")
    other = user.create_profile(name="other")
    again = {"name": "rotator", "account_id": user.emulator.seed.account_id}
    assert user.ask("POST", "/v1/profiles", again).status == 409
    assert user.ask("PUT", f"/v1/profiles/{other['id']}", {"name": "rotator"}, {"If-Match": "*"}).status == 409
    assert user.ask("PUT", f"/v1/profiles/{first['id']}", {"name": "rotator"}, {"If-Match": "*"}).status == 200


def test_profiles_are_listed_by_name_and_page(user: Visitor) -> None:
    for name in ("a", "b", "c"):
        user.create_profile(name=name)
    account = {"account_id": user.emulator.seed.account_id}
    page = user.ask("GET", "/v1/profiles", pagesize="2", **account).json()
    assert ([found["name"] for found in page["profiles"]], "next" in page) == (["a", "b"], True)
    assert [found["name"] for found in user.ask("GET", "/v1/profiles", name="c", **account).json()["profiles"]] == ["c"]
    assert user.ask("GET", "/v1/profiles").status == 400


@pytest.mark.parametrize("by", ["profile_id", "profile_crn", "profile_name"])
def test_a_listed_identity_assumes_a_profile(emulator: Emulator, user: Visitor, by: str) -> None:
    profile = user.create_profile(assumed_by=emulator.seed.iam_id)
    named = {
        "profile_id": {"profile_id": profile["id"]},
        "profile_crn": {"profile_crn": profile["crn"]},
        "profile_name": {"profile_name": profile["name"], "account": emulator.seed.account_id},
    }[by]
    claims = claims_of(assume(user, **named))
    assert (claims["iam_id"], claims["sub_type"]) == (profile["iam_id"], "Profile")
    assert claims["account"]["bss"] == emulator.seed.account_id


@pytest.mark.parametrize(
    ("form", "status", "code"),
    [
        ({"profile_id": "Profile-unknown"}, 400, "BXNIM0102E"),
        ({"profile_name": "a profile"}, 400, "BXNIM0109E"),
        ({"profile_name": "a profile", "account": "another"}, 400, "BXNIM0102E"),
        ({}, 400, "BXNIM0109E"),
        ({"profile_id": "{id}", "access_token": ""}, 400, "BXNIM0109E"),
        ({"profile_id": "{id}", "access_token": "x.y.z"}, 400, "BXNIM0401E"),
        ({"profile_id": "{id}"}, 403, "BXNIM0513E"),
    ],
)
def test_a_wrong_assumption_is_refused(user: Visitor, form: dict[str, str], status: int, code: str) -> None:
    profile = user.create_profile()
    answer = assume(user, **{name: value.format(**profile) for name, value in form.items()})
    assert (answer.status, answer.json()["errorCode"]) == (status, code)


def test_an_expired_token_assumes_nothing(emulator: Emulator, user: Visitor) -> None:
    profile = user.create_profile(assumed_by=emulator.seed.iam_id)
    token = user.log_in().json()["access_token"]
    emulator.clock.advance(3600)
    assert assume(user, access_token=token, profile_id=profile["id"]).json()["errorCode"] == "BXNIM0405E"


def test_who_is_taken_off_the_list_assumes_no_more(emulator: Emulator, user: Visitor) -> None:
    profile = user.create_profile(assumed_by=emulator.seed.iam_id)
    url = f"/v1/profiles/{profile['id']}/identities/user/{emulator.seed.iam_id}"
    assert user.ask("GET", url).json()["iam_id"] == emulator.seed.iam_id
    assert user.ask("DELETE", url).status == 204
    assert user.ask("GET", url).status == 404
    assert assume(user, profile_id=profile["id"]).status == 403


@pytest.mark.parametrize(
    ("identity_type", "content"),
    [
        ("user", {"type": "serviceid", "identifier": "{iam_id}"}),
        ("user", {"type": "user", "identifier": "IBMid-unknown"}),
        ("serviceid", {"type": "serviceid", "identifier": "ServiceId-unknown"}),
        ("crn", {"type": "crn", "identifier": "crn:v1"}),
        ("user", {"type": "user"}),
    ],
)
def test_a_wrong_identity_is_400(user: Visitor, identity_type: str, content: dict[str, str]) -> None:
    url = f"/v1/profiles/{user.create_profile()['id']}/identities"
    content = {name: value.format(iam_id=user.emulator.seed.iam_id) for name, value in content.items()}
    assert user.ask("POST", f"{url}/{identity_type}", content).status == 400
    assert user.ask("GET", url).json()["identities"] == []


def test_a_compute_resource_assumes_the_profile_that_it_is_linked_with(emulator: Emulator, user: Visitor) -> None:
    profile, other = user.create_profile(name="a"), user.create_profile(name="b")
    cr_token = link_compute_resource(emulator.world, profile["id"])

    def log_in(**form: str) -> Any:
        return user.post_form(grant_type=CR_TOKEN_GRANT, **{"cr_token": cr_token, **form})

    for named in ({"profile_id": profile["id"]}, {"profile_name": "a"}, {"profile_crn": profile["crn"]}):
        assert claims_of(log_in(**named))["iam_id"] == profile["iam_id"]
    assert log_in(profile_id=other["id"]).status == 403
    assert log_in().json()["errorCode"] == "BXNIM0109E"
    assert log_in(cr_token="made-up", profile_id=profile["id"]).json()["errorCode"] == "BXNIM0401E"


def test_a_profile_creates_keys_of_service_ids_with_a_role_and_none_of_users(emulator: Emulator, user: Visitor) -> None:
    robot = user.create_service_id()
    profile = user.create_profile(assumed_by=emulator.seed.iam_id)
    holder = Visitor(emulator)
    holder.token = assume(user, profile_id=profile["id"]).json()["access_token"]
    of_robot = {"name": "deploy", "iam_id": robot["iam_id"]}
    assert holder.ask("POST", "/v1/apikeys", of_robot).status == 403
    user.grant(profile["iam_id"], "Operator")
    assert holder.ask("POST", "/v1/apikeys", of_robot).status == 201
    assert holder.ask("POST", "/v1/apikeys", {"name": "a", "iam_id": emulator.seed.iam_id}).status == 403
    assert holder.ask("POST", "/v1/apikeys", {"name": "a", "iam_id": profile["iam_id"]}).status == 400


def test_what_a_refused_assumption_answers_is_a_switch() -> None:
    user = Visitor(Emulator(settings=Settings(assume_refused_status=400)))
    assert assume(user, profile_id=user.create_profile()["id"]).status == 400


def test_a_log_in_shows_in_the_activity_of_the_profile(emulator: Emulator, user: Visitor) -> None:
    profile = user.create_profile(assumed_by=emulator.seed.iam_id)
    assume(user, profile_id=profile["id"])
    shown = user.ask("GET", f"/v1/profiles/{profile['id']}", include_activity="true").json()
    assert shown["activity"] == {"authn_count": 1, "last_authn": "2027-01-01T00:00+0000"}
