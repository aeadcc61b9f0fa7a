# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who lacks a right reads which role is needed, and what IBM Cloud never allows, with IAM's own references."""

from __future__ import annotations

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.advice import advice_for
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import NewKey, draw_key_value
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import (
    Conflict,
    Invalid,
    NotPermitted,
)

EVERYBODY_BUT_VIEWERS = "Editor, Operator or Administrator"


def new_key(scene, iam_id):
    return NewKey("new", iam_id, scene.account_id, draw_key_value())


# What a user without any role tries, and what they read.
TRIES = {
    "read a key of a service ID": (
        lambda client, robot, _scene: client.api_keys.get(robot["apikey"]["id"]),
        f"{EVERYBODY_BUT_VIEWERS} for keys of service IDs, Administrator for keys of other users",
    ),
    "read a key of another user": (
        lambda client, _robot, scene: client.api_keys.get(scene.emulator.seed.api_key_id),
        "Administrator for keys of other users",
    ),
    "list keys": (
        lambda client, robot, scene: client.api_keys.list(robot["iam_id"], scene.account_id),
        f"{EVERYBODY_BUT_VIEWERS} for keys of service IDs, Administrator for all keys",
    ),
    "change": (
        lambda client, robot, _scene: client.api_keys.update(robot["apikey"]["id"], {"name": "x"}, "*"),
        EVERYBODY_BUT_VIEWERS,
    ),
    "lock": (lambda client, robot, _scene: client.api_keys.lock(robot["apikey"]["id"]), EVERYBODY_BUT_VIEWERS),
    "delete": (
        lambda client, robot, _scene: client.api_keys.delete(robot["apikey"]["id"]),
        "lacks a role on the service IAM Identity: Operator or Administrator",
    ),
    "create for a service ID": (
        lambda client, robot, scene: client.api_keys.create(new_key(scene, robot["iam_id"])),
        "Operator or Administrator to create keys of service IDs",
    ),
    "create for another user": (
        lambda client, _robot, scene: client.api_keys.create(new_key(scene, scene.iam_id)),
        "IBM Cloud lets nobody create an API key for another user",
    ),
    "read a service ID": (
        lambda client, robot, _scene: client.service_ids.get(robot["id"]),
        "Viewer, Editor, Operator or Administrator",
    ),
    "list service IDs": (
        lambda client, _robot, scene: list(client.service_ids.search(scene.account_id)),
        "Viewer, Editor, Operator or Administrator",
    ),
    "list groups": (
        lambda client, _robot, scene: client.service_ids.list_groups(scene.account_id),
        "Viewer, Editor, Operator or Administrator",
    ),
    "change a service ID": (
        lambda client, robot, _scene: client.service_ids.update(robot["id"], {"name": "x"}, "*"),
        EVERYBODY_BUT_VIEWERS,
    ),
    "lock a service ID": (lambda client, robot, _scene: client.service_ids.lock(robot["id"]), EVERYBODY_BUT_VIEWERS),
    "delete a service ID": (
        lambda client, robot, _scene: client.service_ids.delete(robot["id"]),
        "lacks a role on the service IAM Identity: Operator or Administrator",
    ),
}


@pytest.mark.parametrize("what", TRIES)
def test_who_lacks_a_role_reads_which_one(scene, what):
    attempt, expected = TRIES[what]
    robot = scene.user.create_service_id(apikey={"name": "its key"})
    client = scene.connect(api_key=scene.user.add_user().key_value)

    with pytest.raises(NotPermitted) as caught:
        attempt(client, robot, scene)
    assert expected in str(caught.value)
    assert "answered 403" in str(caught.value)
    assert f"(BXNIM0513E, transaction {caught.value.transaction_id})" in str(caught.value)


@pytest.mark.parametrize(
    ("restriction", "attempt", "role"),
    [
        (
            "restrict_create_platform_apikey",
            lambda client, scene: client.api_keys.create(new_key(scene, scene.iam_id)),
            "User API key creator",
        ),
        (
            "restrict_create_service_id",
            lambda client, scene: client.service_ids.create("x", scene.account_id),
            "Service ID creator",
        ),
    ],
)
def test_a_restricted_account_says_which_role_is_needed(scene, restriction, attempt, role):
    url = f"/v1/accounts/{scene.account_id}/settings/identity"
    scene.user.ask("PUT", url, {restriction: "RESTRICTED"}, {"If-Match": "*"})

    with pytest.raises(NotPermitted, match=f"even for its owner: the caller needs the role {role}"):
        attempt(scene.connect(), scene)


def test_a_trusted_profile_has_no_keys(scene):
    profile = scene.user.create_profile(assumed_by=scene.iam_id)
    client = scene.connect(profile_id=profile["id"], api_key=scene.api_key)

    with pytest.raises(Invalid, match="a trusted profile has no API keys"):
        client.api_keys.create(new_key(scene, profile["iam_id"]))


def test_a_locked_key_that_stops_a_delete_is_named_as_the_reason():
    assert "a locked one" in advice_for("DELETE", "/v1/serviceids/ServiceId-1", None, "IBMid-1")[Conflict]


@pytest.mark.parametrize(("method", "path"), [("POST", "/identity/token"), ("GET", "/v1/accounts/x/settings/identity")])
def test_what_is_not_in_the_table_means_what_it_always_does(method, path):
    assert advice_for(method, path, None, "IBMid-1") == {}


@pytest.mark.parametrize(("owner", "role"), [("user", "User API key creator"), ("robot", "Operator or Administrator")])
def test_a_missing_role_is_named_once(scene, manage, owner, role):
    robot = scene.user.create_service_id(name="robot")
    client = scene.connect()
    scene.faults({"kind": "status", "status": 403, "method": "POST", "path": "apikeys"})
    named = {"service_id": robot["id"]} if owner == "robot" else {}
    result = manage(client=client, name="one", discard_value=True, **named)

    assert result["msg"].count(role) == 1
    assert result["msg"].count("IAM Identity") == 1
