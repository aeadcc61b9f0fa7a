# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Many keys in one task: the same as one by one, with few requests, and no key's failure hides another."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest
from iam_emulator.refusals import Refusal

LOG_IN, LIST, CREATE = "POST /identity/token", "GET /v1/apikeys", "POST /v1/apikeys"
ON_CREATE = {"method": "POST", "path": "^/v1/apikeys$"}


@pytest.fixture
def robots(scene):
    """Ids of three service IDs."""
    return [scene.user.create_service_id(name=f"robot {number}")["id"] for number in range(3)]


def declare(robots, *names, **options):
    return [{"service_id": robot, "name": name, **options} for robot in robots for name in names]


def without_what_is_random(result):
    """Ids in the order in which they appear; which reference a change got depends on nothing that matters."""
    text = re.sub(r"emul8ed-[0-9a-f]+", "TRANSACTION", json.dumps(result, sort_keys=True))
    ids = dict.fromkeys(re.findall(r"ApiKey-[0-9a-f-]{36}", text))
    for number, key_id in enumerate(ids):
        text = text.replace(key_id, f"ApiKey-{number}")
    return re.sub(r'"key_value": "[^"]+"', '"key_value": "VALUE"', text)


@pytest.mark.parametrize("concurrency", [1, 3, 32])
def test_each_identity_is_listed_once_and_each_missing_key_created_once(scene, robots, manage_all, concurrency):
    keys = declare(robots, "a", "b", discard_value=True)
    result = manage_all(keys, concurrency=concurrency)

    assert Counter(scene.sent()) == {LOG_IN: 1, LIST: 3, CREATE: 6}
    assert result["changed"]
    assert [(part["changed"], part["name"]) for part in result["outcomes"]] == [(True, "a"), (True, "b")] * 3
    assert [part["api_key"]["iam_id"] for part in result["outcomes"]] == [
        f"iam-{robot}" for robot in robots for _key in "ab"
    ]
    assert len(result["transaction_ids"]) == 6

    again = manage_all(keys, concurrency=concurrency)
    assert Counter(scene.sent()) == {LOG_IN: 1, LIST: 3}
    assert (again["changed"], again["diff"]) == (False, {"before": {}, "after": {}})


def test_a_service_id_by_its_name_is_looked_up_once(scene, robots, manage_all):
    manage_all(declare(["robot 0", "robot 1"], "a", "b", discard_value=True))

    assert Counter(scene.sent()) == {LOG_IN: 1, "GET /v1/serviceids": 2, LIST: 2, CREATE: 4}


MIXED = [
    {"name": "new", "reveal": True, "locked": True},
    {"name": "changed", "description": "new"},
    {"name": "same"},
    {"name": "gone", "state": "absent"},
    {"name": "locked", "description": "new"},
    {"name": "nobody keeps it"},
    {"name": "twin", "state": "absent"},
]


def prepare(scene, robots):
    """The same account for every run, whatever ran before."""
    for robot in robots:
        for name in ("changed", "same", "gone", "twin", "twin"):
            scene.user.create_key(name=name, iam_id=f"iam-{robot}")
        scene.user.create_key(name="locked", iam_id=f"iam-{robot}", headers={"Entity-Lock": "true"})


def test_the_result_does_not_depend_on_the_concurrency(scene, manage_all):
    seen = []
    for concurrency in (1, 2, 8, 32):
        scene.emulator.reset()
        scene.user.token = ""
        robots = [scene.user.create_service_id(name=f"robot {number}")["id"] for number in range(5)]
        prepare(scene, robots)
        keys = [{"service_id": f"robot {number}", **key} for number in range(5) for key in MIXED]
        shown = without_what_is_random(manage_all(keys, concurrency=concurrency))
        for number, robot in enumerate(robots):
            shown = shown.replace(robot, f"ServiceId-{number}")
        seen.append(shown)

    assert len(set(seen)) == 1


def test_a_key_that_fails_hides_no_other(scene, robots, manage_all, tmp_path):
    prepare(scene, robots[:1])
    keys = [{"service_id": robots[0], **key} for key in MIXED]
    keys.append({"service_id": robots[1], "name": "kept", "file": str(tmp_path / "kept.json")})
    result = manage_all(keys)
    parts = result["outcomes"]

    assert result["failed"]
    assert result["changed"]
    assert [part["failed"] for part in parts] == [False, False, False, False, True, True, True, False]
    assert parts[0]["key_value"] == scene.keys("new")[0]["apikey"]
    assert json.loads((tmp_path / "kept.json").read_text())["id"] == parts[7]["api_key"]["id"]
    assert parts[7]["file"] == str(tmp_path / "kept.json")
    assert "`unlock: true` allows it" in parts[4]["msg"]
    assert len(parts[6]["candidates"]) == 2
    assert "3 API keys failed, the others are as declared" in result["msg"]
    assert f"locked of {robots[0]}: API key" in result["msg"]
    assert parts[0]["key_value"] not in result["msg"] + json.dumps(result["diff"])


def test_of_many_failures_the_message_tells_five(robots, manage_all):
    result = manage_all(declare(robots, "a", "b", "c"))

    assert "9 API keys failed" in result["msg"]
    assert "and 4 more, see `outcomes`" in result["msg"]


@pytest.mark.parametrize("status", [403, 404, 500])
def test_an_identity_that_cannot_be_listed_fails_alone(scene, robots, manage_all, status):
    serve = scene.emulator.serve

    def refuse(request):
        if request.query.get("iam_id") == f"iam-{robots[1]}":
            return scene.emulator.refuse(request, Refusal(status, "no"))
        return serve(request)

    scene.emulator.serve = refuse
    result = manage_all(declare(robots, "a", discard_value=True))

    assert [part["failed"] for part in result["outcomes"]] == [False, True, False]
    assert len(scene.keys("a")) == 2


@pytest.mark.parametrize("has_keys", [True, False])
def test_whether_an_owner_without_keys_exists_is_looked_up_once(scene, robots, manage_all, has_keys):
    if has_keys:
        scene.user.create_key(name="c", iam_id=f"iam-{robots[0]}")
    assert manage_all(declare(robots[:1], "a", "b", state="absent"))["changed"] is False

    assert scene.sent() == [LOG_IN, LIST] + ([] if has_keys else ["GET /v1/serviceids/" + robots[0]])


def test_an_unknown_service_id_fails_alone(robots, manage_all):
    keys = declare([robots[0], "ServiceId-none", "no such robot", robots[1]], "a", discard_value=True)
    result = manage_all(keys)

    assert [part["failed"] for part in result["outcomes"]] == [False, True, True, False]
    assert "there is no service ID" in result["outcomes"][1]["msg"]


def test_a_defect_in_one_key_is_told_with_the_others(scene, robots, manage_all, monkeypatch):
    secret = "-".join(["s3cret", "text"])

    def broken(_file):
        raise RuntimeError(secret)

    monkeypatch.setattr("os.path.isdir", broken)
    keys = [*declare(robots[:1], "a", file="a.json"), *declare(robots[1:2], "b", reveal=True)]
    result = manage_all(keys)

    assert result["outcomes"][0]["msg"].startswith("Unexpected RuntimeError at ")
    assert secret not in json.dumps(result)
    assert result["outcomes"][1]["key_value"] == scene.keys("b")[0]["apikey"]


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ([{"name": "a"}, {"name": "b"}, {"name": "a"}], "the key a of IBMid-"),
        ([{"id": "ApiKey-1"}, {"id": "ApiKey-1", "state": "absent"}], "the key ApiKey-1"),
        ([{"name": "a", "file": "x.json"}, {"name": "b", "file": "./x.json"}], "the file /"),
        ([{"key_value": "v" * 44}, {"key_value": "v" * 44}], "a key with the same `key_value`"),
    ],
)
def test_what_is_declared_twice_is_refused_before_anything_is_done(scene, manage_all, keys, says):
    result = manage_all(keys)

    assert f"`keys` names more than once: {says}" in result["msg"]
    assert "v" * 44 not in result["msg"]
    assert scene.sent() == [LOG_IN]


def test_the_same_name_of_two_owners_is_not_twice(robots, manage_all):
    assert "msg" not in manage_all([*declare(robots, "a", discard_value=True), {"name": "a", "discard_value": True}])


@pytest.mark.parametrize("concurrency", [0, 33])
def test_a_concurrency_out_of_bounds_is_refused(scene, manage_all, concurrency):
    assert "`auto` or a number from 1 to 32" in manage_all([{"name": "a"}], concurrency=concurrency)["msg"]


def test_check_mode_writes_nothing_and_tells_the_same(scene, robots, manage_all, tmp_path):
    prepare(scene, robots)
    keys = [{"service_id": robot, **key} for robot in robots for key in MIXED[:4]]
    keys.append({"service_id": robots[0], "name": "kept", "file": str(tmp_path / "kept.json")})
    options = {"purge": True, "unlock": True}
    foretold = manage_all(keys, True, **options)
    assert (scene.writes(), list(tmp_path.iterdir())) == ([], [])

    done = manage_all(keys, **options)
    assert [part["changed"] for part in foretold["outcomes"]] == [part["changed"] for part in done["outcomes"]]
    assert foretold["diff"] == done["diff"]
    assert (foretold["purged"], foretold["kept"]) == (done["purged"], done["kept"])
    assert done["purged"]


@pytest.mark.parametrize("concurrency", [1, 8])
def test_which_key_is_one_too_many_is_not_up_to_timing(scene, robots, manage_all, concurrency):
    names = [f"key {number}" for number in range(25)]
    result = manage_all(declare(robots[:2], *names, discard_value=True), concurrency=concurrency)

    assert [part["failed"] for part in result["outcomes"]] == ([False] * 20 + [True] * 5) * 2
    assert "as many API keys as it may have" in result["outcomes"][20]["msg"]


def test_a_full_identity_gets_a_new_key_where_an_old_one_goes(scene, robots, manage_all):
    for number in range(20):
        scene.user.create_key(name=f"old {number}", iam_id=f"iam-{robots[0]}")
    keys = [
        *declare(robots[:1], "old 7", state="absent"),
        *declare(robots[:1], "new", discard_value=True),
    ]

    assert "msg" not in manage_all(keys)


def test_own_keys_and_those_of_a_service_id_go_together(scene, robots, manage_all):
    mine = scene.user.create_key(name="mine")
    keys = [
        {"name": "other", "discard_value": True},
        {"id": mine["id"], "disabled": True},
        *declare(robots[:1], "a", discard_value=True),
    ]
    result = manage_all(keys)

    assert "msg" not in result
    assert [part["api_key"]["iam_id"] for part in result["outcomes"]] == [
        scene.iam_id,
        scene.iam_id,
        f"iam-{robots[0]}",
    ]
    assert scene.keys("mine")[0]["disabled"]


def test_a_lost_answer_makes_no_second_key_here_either(scene, robots, manage_all):
    client = scene.connect()
    scene.faults(*[{"kind": "cut_after", **ON_CREATE}] * 3)
    result = manage_all(declare(robots, "a", "b", reveal=True), client=client)

    assert "msg" not in result
    assert sorted(part["key_value"] for part in result["outcomes"]) == sorted(
        key["apikey"] for name in "ab" for key in scene.keys(name)
    )
