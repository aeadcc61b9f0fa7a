# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where one list of the whole account takes the place of many; what it does not show is asked for by itself."""

from __future__ import annotations

import re
from collections import Counter

import pytest

LOG_IN, LIST, CREATE = "POST /identity/token", "GET /v1/apikeys", "POST /v1/apikeys"
SERVICE_IDS = "GET /v1/serviceids"
# Two pages of 100 keys are allowed for 16 identities.
ROBOTS = 16


@pytest.fixture
def robots(scene):
    """Service IDs with a key each."""
    made = [scene.user.create_service_id(name=f"robot {number}") for number in range(ROBOTS)]
    for robot in made:
        scene.user.create_key(name="deploy", iam_id=robot["iam_id"])
    scene.sent()
    return made


def declare(robots, **options):
    return [{"iam_id": robot["iam_id"], "name": "deploy", "discard_value": True, **options} for robot in robots]


def test_keys_that_are_as_declared_cost_one_list(scene, robots, manage_all):
    result = manage_all(declare(robots))

    assert Counter(scene.sent()) == {LOG_IN: 1, LIST: 1}
    assert [part["api_key"]["iam_id"] for part in result["outcomes"]] == [robot["iam_id"] for robot in robots]
    assert not result["changed"]


def test_fewer_identities_are_listed_each(scene, robots, manage_all):
    manage_all(declare(robots[1:]))

    assert Counter(scene.sent()) == {LOG_IN: 1, LIST: ROBOTS - 1}


@pytest.mark.parametrize(
    ("options", "more"),
    [
        ({"description": "new"}, {LIST: 2, "PUT /v1/apikeys/ID": 1}),
        ({"name": "missing"}, {LIST: 2, CREATE: 1}),
        ({"state": "absent"}, {LIST: 2, "DELETE /v1/apikeys/ID": 1}),
    ],
    ids=["changed", "missing", "not wanted"],
)
def test_whoever_needs_a_change_is_listed_again(scene, robots, manage_all, options, more):
    keys = declare(robots)
    keys[3].update(options)

    result = manage_all(keys)

    sent = Counter(re.sub("ApiKey-[0-9a-f-]+", "ID", each) for each in scene.sent())
    # A delete asks first which key the task logs in with.
    sent.pop("GET /v1/apikeys/details", None)
    assert sent == {LOG_IN: 1, **more}
    assert [part["changed"] for part in result["outcomes"]].index(True) == 3


def test_twins_are_still_an_error(scene, robots, manage_all):
    scene.user.create_key(name="deploy", iam_id=robots[3]["iam_id"])
    scene.sent()

    result = manage_all(declare(robots))

    assert Counter(scene.sent()) == {LOG_IN: 1, LIST: 2}
    assert [number for number, part in enumerate(result["outcomes"]) if part["failed"]] == [3]


def test_an_account_that_is_too_large_is_given_up(scene, robots, manage_all):
    crowd = [scene.user.create_service_id(name=f"crowd {number}") for number in range(10)]
    for number in range(200):
        scene.user.create_key(name=f"key {number}", iam_id=crowd[number % 10]["iam_id"])
    scene.sent()

    result = manage_all(declare(robots))

    assert Counter(scene.sent()) == {LOG_IN: 1, LIST: 2 + ROBOTS}
    assert not result["changed"]


def test_whoever_may_not_list_the_account_lists_each(scene, robots, manage_all):
    scene.emulator.faults.add([{"kind": "status", "status": 403, "method": "GET", "path": "/v1/apikeys$"}])

    result = manage_all(declare(robots))

    assert Counter(scene.sent()) == {LOG_IN: 1, LIST: 1 + ROBOTS}
    assert not result["changed"]


def test_a_purge_judges_by_what_belongs_to_each(scene, robots, manage_all):
    result = manage_all(declare(robots), purge=True)

    assert Counter(scene.sent())[LIST] == ROBOTS
    assert result["purged"] == []


def test_names_of_service_ids_cost_one_list(scene, robots, manage_all):
    keys = [{"service_id": robot["name"], "name": "deploy", "discard_value": True} for robot in robots]

    result = manage_all(keys)

    assert Counter(scene.sent()) == {LOG_IN: 1, SERVICE_IDS: 1, LIST: 1}
    assert [part["api_key"]["iam_id"] for part in result["outcomes"]] == [robot["iam_id"] for robot in robots]


@pytest.mark.parametrize(("made", "words"), [(0, "no service ID called"), (2, "2 service IDs are called")])
def test_a_name_that_is_missing_or_given_twice_is_told(scene, robots, manage_all, made, words):
    for _twin in range(made):
        scene.user.create_service_id(name="nobody or two")
    keys = [{"service_id": robot["name"], "name": "deploy", "discard_value": True} for robot in robots]
    keys[5]["service_id"] = "nobody or two"

    result = manage_all(keys)

    assert [part["failed"] for part in result["outcomes"]].count(True) == 1
    assert words in result["outcomes"][5]["msg"]
