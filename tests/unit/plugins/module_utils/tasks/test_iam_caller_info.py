# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whom iam_caller_info tells."""

from __future__ import annotations

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._tasks.iam_caller_info import run


def test_a_user_is_told_with_one_request(scene):
    assert run({}, False, scene.connect()) == {
        "changed": False,
        "caller": {
            "iam_id": scene.iam_id,
            "type": "user",
            "id": None,
            "account_id": scene.account_id,
            "name": "First User",
            "email": "first.user@example.com",
            "token_expires_at": "2027-01-01T01:00+0000",
            "token_lifetime_seconds": 3600,
        },
    }
    assert scene.sent() == ["POST /identity/token"]


def test_a_service_id_is_told_with_its_id(scene):
    robot = scene.user.create_service_id(name="ci", apikey={"name": "first"})
    caller = run({}, False, scene.connect(api_key=robot["apikey"]["apikey"]))["caller"]

    assert (caller["type"], caller["id"], caller["iam_id"]) == ("serviceid", robot["id"], robot["iam_id"])
    assert (caller["name"], caller["email"]) == ("ci", None)


def test_a_trusted_profile_is_told_with_its_id(scene):
    profile = scene.user.create_profile(name="rotator", assumed_by=scene.iam_id)
    caller = run({}, False, scene.connect(api_key=scene.api_key, profile_id=profile["id"]))["caller"]

    assert (caller["type"], caller["id"], caller["iam_id"]) == ("profile", profile["id"], profile["iam_id"])
    assert (caller["name"], caller["account_id"]) == ("rotator", scene.account_id)


def test_the_life_of_the_token_is_that_of_the_account(scene):
    scene.user.ask(
        "PUT",
        f"/v1/accounts/{scene.account_id}/settings/identity",
        {"system_access_token_expiration_in_seconds": "900"},
        {"If-Match": "*"},
    )
    caller = run({}, False, scene.connect())["caller"]

    assert (caller["token_lifetime_seconds"], caller["token_expires_at"]) == (900, "2027-01-01T00:15+0000")
