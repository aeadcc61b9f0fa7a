# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The token that the lookup iam_token hands out."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import Invalid
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._secrets import scrub
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._tasks.iam_token import bearer_token


@pytest.mark.parametrize(("minutes", "is_same"), [(0, True), (47, True), (49, False)])
def test_the_same_token_is_given_until_its_last_fifth(scene: t.Any, minutes: int, is_same: bool) -> None:
    client = scene.connect()
    first = bearer_token({}, client)
    scene.clock.sleep(60 * minutes)

    assert (bearer_token({}, client) == first) is is_same


def test_it_works_and_is_masked_from_now_on(scene: t.Any) -> None:
    token = bearer_token({}, scene.connect())
    answer = scene.user.ask("GET", "/v1/apikeys", headers={"Authorization": f"Bearer {token}"})

    assert answer.status == 200
    assert token not in scrub(f"header: Bearer {token}")


def test_a_ready_token_is_handed_on_without_the_word_bearer(scene: t.Any) -> None:
    token = scene.user.log_in().json()["access_token"]

    assert bearer_token({}, scene.connect(token=f"Bearer {token}")) == token


def test_a_token_of_another_account_is_not_handed_out(scene: t.Any) -> None:
    with pytest.raises(Invalid, match="account_id is"):
        bearer_token({}, scene.connect(account_id="f" * 32))
