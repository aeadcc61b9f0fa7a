# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whose keys iam_api_key_info lists, and what it keeps to itself."""

from __future__ import annotations

import json

import pytest

A_DAY = 24 * 3600


def test_own_keys_are_listed_with_their_ages_and_without_values(scene, list_keys):
    scene.clock.sleep(10 * A_DAY)
    scene.user.create_key(name="short", expires_at="2027-01-21T00:00+0000", description="x [cloudkeys 3f9a2c7d/5]")
    scene.clock.sleep(3 * A_DAY + 5)
    result = list_keys()
    first, short = result["api_keys"]

    assert (first["age_days"], first["expires_in_days"]) == (13, None)
    assert (short["age_days"], short["expires_in_days"]) == (3, 6)
    assert (short["description"], short["rotation_marker"]) == ("x", "[cloudkeys 3f9a2c7d/5]")
    assert scene.api_key not in json.dumps(result)
    assert scene.sent() == ["POST /identity/token", "GET /v1/apikeys"]


def test_a_stored_value_is_never_returned(scene, list_keys):
    key = scene.user.create_service_id(name="robot", apikey={"name": "kept", "store_value": True})["apikey"]
    shown = [list_keys(id=key["id"]), list_keys(service_id="robot"), list_keys(service_id="robot", name="kept")]

    assert [len(each["api_keys"]) for each in shown] == [1, 1, 1]
    assert key["apikey"] not in json.dumps(shown)


@pytest.mark.parametrize(
    ("options", "names"),
    [({}, ["first key", "a", "b", "b"]), ({"name": "b"}, ["b", "b"]), ({"name": "B"}, []), ({"id": "ApiKey-1"}, [])],
)
def test_only_what_was_asked_for_is_listed(scene, list_keys, options, names):
    for name in ("a", "b", "b"):
        scene.user.create_key(name=name)

    assert [key["name"] for key in list_keys(**options)["api_keys"]] == names


@pytest.mark.parametrize("service_id", ["ServiceId-none", "no such robot"])
def test_an_unknown_service_id_is_an_error_and_not_an_empty_list(list_keys, service_id):
    result = list_keys(service_id=service_id)

    assert result["failed"]
    assert "there is no service ID" in result["msg"]


def test_a_service_id_without_keys_has_an_empty_list(scene, list_keys):
    scene.user.create_service_id(name="robot")

    assert list_keys(service_id="robot")["api_keys"] == []


def test_a_key_of_somebody_else_is_refused(scene, list_keys):
    key = scene.user.create_service_id(name="robot", apikey={"name": "one"})["apikey"]
    result = list_keys(id=key["id"], iam_id=scene.iam_id)

    assert "belongs to iam-ServiceId-" in result["msg"]
