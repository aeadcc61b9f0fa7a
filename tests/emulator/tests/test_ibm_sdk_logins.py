# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""IBM's own authenticators log in here: with a key, as a trusted profile, from a compute resource."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from iam_emulator import Emulator, Visitor
from iam_emulator.scenery import link_compute_resource
from ibm_cloud_sdk_core import ApiException
from ibm_cloud_sdk_core.authenticators import (
    BearerTokenAuthenticator,
    ContainerAuthenticator,
    IAMAssumeAuthenticator,
    IAMAuthenticator,
)
from ibm_platform_services import IamIdentityV1


@pytest.fixture
def scene(served: tuple[Emulator, str]) -> tuple[Visitor, str]:
    """A fresh account and the address of its IAM."""
    emulator, url = served
    emulator.reset()
    return Visitor(emulator), url


def caller_of(authenticator: Any, url: str, account_id: str) -> str:
    """Whom IAM sees: the creator of a service ID made by this client."""
    service = IamIdentityV1(authenticator=authenticator)
    service.set_service_url(url)
    made = service.create_service_id(account_id, "made").get_result()
    shown = service.get_service_id(made["id"], include_history=True).get_result()
    caller: str = shown["history"][0]["iam_id"]
    return caller


@pytest.mark.parametrize("with_client", [False, True])
def test_an_api_key_logs_in(scene: tuple[Visitor, str], with_client: bool) -> None:
    user, url = scene
    seed = user.emulator.seed
    client = {"client_id": "bx", "client_secret": "bx"} if with_client else {}
    assert caller_of(IAMAuthenticator(seed.api_key, url=url, **client), url, seed.account_id) == seed.iam_id


def test_a_wrong_key_is_told_as_ibm_tells_it(scene: tuple[Visitor, str]) -> None:
    with pytest.raises(ApiException) as caught:
        IAMAuthenticator("x" * 44, url=scene[1]).token_manager.get_token()
    assert (caught.value.status_code, caught.value.http_response.json()["errorCode"]) == (400, "BXNIM0415E")


@pytest.mark.parametrize("by", ["id", "crn", "name"])
def test_a_key_and_a_profile_log_in_as_the_profile(scene: tuple[Visitor, str], by: str) -> None:
    user, url = scene
    seed = user.emulator.seed
    profile = user.create_profile(assumed_by=seed.iam_id)
    user.grant(profile["iam_id"], "Administrator")
    named = {f"iam_profile_{by}": profile[by]}
    if by == "name":
        named["iam_account_id"] = seed.account_id
    assert caller_of(IAMAssumeAuthenticator(seed.api_key, url=url, **named), url, seed.account_id) == profile["iam_id"]


@pytest.mark.parametrize("by", ["id", "name"])
def test_a_compute_resource_logs_in_as_the_profile(scene: tuple[Visitor, str], tmp_path: Path, by: str) -> None:
    user, url = scene
    profile = user.create_profile()
    user.grant(profile["iam_id"], "Administrator")
    token_file = tmp_path / "token"
    token_file.write_text(link_compute_resource(user.emulator.world, profile["id"]))
    authenticator = ContainerAuthenticator(
        cr_token_filename=str(token_file), url=url, **{f"iam_profile_{by}": profile[by]}
    )
    assert caller_of(authenticator, url, user.emulator.seed.account_id) == profile["iam_id"]


def test_a_ready_token_is_taken_as_it_is(scene: tuple[Visitor, str]) -> None:
    user, url = scene
    service = IamIdentityV1(authenticator=BearerTokenAuthenticator(user.log_in().json()["access_token"]))
    service.set_service_url(url)
    assert len(service.list_api_keys().get_result()["apikeys"]) == 1
