# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Values that IAM keeps, that IAM draws, that the user brings; and keys that are recreated."""

from __future__ import annotations

import json
import os

import pytest

LOG_IN, LIST, GET = "POST /identity/token", "GET /v1/apikeys", "GET /v1/apikeys/ID"
CREATE, DELETE, LOOK_UP = "POST /v1/apikeys", "DELETE /v1/apikeys/ID", "GET /v1/apikeys/details"
OWN = "own-value-of-thirty-two-characters-or-more"
ON_CREATE = {"method": "POST", "path": "^/v1/apikeys$"}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "key.json"


@pytest.fixture
def robot(scene):
    return scene.user.create_service_id(name="robot")["id"]


@pytest.fixture
def make(manage, robot):
    """A task about the key `one` of a service ID."""

    def make(check_mode=False, **options):
        return manage(check_mode, **{"name": "one", "service_id": robot, **options})

    return make


def the_key(scene, name="one"):
    (key,) = scene.keys(name)
    return key


def test_a_stored_value_is_given_whenever_it_is_asked_for(scene, make):
    first, second = make(store_value=True, reveal=True), make(store_value=True, reveal=True)

    assert (first["changed"], second["changed"]) == (True, False)
    assert first["key_value"] == second["key_value"] == the_key(scene)["apikey"]
    assert scene.sent() == [LOG_IN, LIST, GET]


def test_a_stored_value_is_read_only_when_somebody_wants_it(scene, make, path):
    make(store_value=True, file=str(path))
    for options in ({"store_value": True}, {"store_value": True, "file": str(path)}, {"store_value": False}):
        assert make(**options)["changed"] is False
        assert scene.sent() == [LOG_IN, LIST]


@pytest.mark.parametrize("other", [None, "announced"])
def test_a_missing_file_of_a_stored_value_is_written_again(scene, make, path, other):
    make(store_value=True)
    if other:
        path.write_text(json.dumps({"name": "one", "apikey": "no-key-has-this-value-at-all-0123456789"}))
    assert make(check_mode=True, store_value=True, file=str(path))["changed"]
    assert path.exists() is bool(other)

    result = make(store_value=True, file=str(path))
    assert result["changed"]
    assert the_key(scene)["apikey"] not in json.dumps(result)
    assert json.loads(path.read_text())["apikey"] == the_key(scene)["apikey"]
    assert path.stat().st_mode & 0o777 == 0o600
    assert make(store_value=True, file=str(path))["changed"] is False


def test_a_stored_value_does_not_overwrite_the_file_of_another_key(scene, make, path):
    make(name="other", file=str(path))
    before = path.read_bytes()
    make(store_value=True)
    result = make(store_value=True, file=str(path))

    assert "is not overwritten" in result["msg"]
    assert path.read_bytes() == before


def test_a_value_that_is_not_stored_cannot_be_had_again(scene, make, path):
    make(discard_value=True)
    for options in ({"reveal": True}, {"file": str(path)}):
        result = make(store_value=True, **options)
        assert "IBM Cloud keeps no value of it" in result["msg"]
        assert "`recreate: true`" in result["msg"]
    assert scene.writes() == []


def test_who_does_not_know_that_the_value_is_stored_is_told(scene, make, path):
    make(store_value=True)
    told = make(file=str(path))["msg"]

    assert "IBM Cloud keeps its value, and `store_value: true` writes it there. Other ways: rotate the key" in told
    assert the_key(scene)["apikey"] not in told
    assert scene.sent() == [LOG_IN, LIST, GET]
    for options in ({"store_value": False}, {"on_missing_file": "ignore"}):
        assert "IBM Cloud keeps its value" not in make(file=str(path), **options).get("msg", "")
        assert scene.sent() == [LOG_IN, LIST]
    assert not path.exists()


def test_where_that_cannot_be_asked_the_task_fails_for_its_own_reason(scene, make, path):
    make(store_value=True)
    scene.faults({"kind": "status", "status": 403, "method": "GET", "path": "/v1/apikeys/ApiKey"})

    assert "A value cannot be read again" in make(file=str(path))["msg"]


def test_a_stored_value_of_a_key_that_is_named_by_its_id_alone_goes_into_a_file(scene, make, manage, path):
    key_id = make(store_value=True)["api_key"]["id"]

    assert manage(id=key_id, store_value=True, file=str(path))["changed"]
    assert json.loads(path.read_text())["apikey"] == the_key(scene)["apikey"]
    assert manage(id=key_id, store_value=True, file=str(path))["changed"] is False
    assert scene.writes() == []


def test_of_a_user_s_key_no_value_is_stored(scene, manage, path):
    key_id = scene.user.create_key(name="mine")["id"]

    for options in ({"reveal": True}, {"file": str(path)}):
        assert "IBM Cloud keeps no value of it" in manage(id=key_id, store_value=True, **options)["msg"]
    assert not path.exists()


def test_a_key_that_is_disabled_on_the_way_still_gives_its_stored_value(scene, robot, manage, make):
    key_id = make(store_value=True)["api_key"]["id"]
    result = manage(id=key_id, service_id=robot, store_value=True, reveal=True, description="new")

    assert result["changed"]
    assert result["key_value"] == the_key(scene)["apikey"]


@pytest.mark.parametrize("options", [{"store_value": True}, {"key_value": OWN}])
def test_a_value_that_somebody_has_needs_no_other_taker(scene, make, options):
    assert make(**options)["changed"]
    assert "key_value" not in make(**options)


@pytest.mark.parametrize(("asked", "is_sent"), [(None, False), (False, False), (True, True)])
def test_iam_is_always_told_whether_to_keep_the_value_of_a_service_ids_key(scene, make, asked, is_sent):
    make(store_value=asked, reveal=True)

    assert scene.emulator.world.keys[the_key(scene)["id"]].is_value_stored is is_sent


def test_an_own_value_logs_in_and_is_shown_nowhere(scene, make, path):
    result = make(key_value=OWN, file=str(path))

    assert scene.user.log_in(OWN).status == 200
    assert OWN not in json.dumps(result)
    assert json.loads(path.read_text())["apikey"] == OWN
    assert make(key_value=OWN, file=str(path))["changed"] is False
    assert scene.sent() == [LOG_IN, LIST]


def test_an_own_value_that_another_key_has_is_refused(scene, make):
    make(name="other", key_value=OWN)
    result = make(key_value=OWN)

    assert "409 to create API key" in result["msg"]
    assert scene.keys("one") == []


def test_an_own_value_is_not_compared_without_leave_to_recreate(scene, make):
    key_id = make(discard_value=True)["api_key"]["id"]

    assert make(key_value=OWN)["changed"] is False
    assert the_key(scene)["id"] == key_id


def test_iam_may_draw_the_value(scene, make, path):
    revealed = make(key_source="iam", reveal=True)
    assert scene.sent() == [LOG_IN, LIST, CREATE]
    assert revealed["key_value"] == the_key(scene)["apikey"]

    make(name="two", key_source="iam", file=str(path))
    assert json.loads(path.read_text())["apikey"] == the_key(scene, "two")["apikey"]


def test_a_lost_answer_with_a_value_of_iam_lists_the_candidates_and_guesses_nothing(scene, manage):
    scene.user.create_key(name="other")
    client = scene.connect()
    scene.faults({"kind": "cut_after", **ON_CREATE})
    result = manage(client=client, name="one", key_source="iam", reveal=True)

    assert result["candidates"] == [the_key(scene)["id"]]
    assert "nobody has its value" in result["msg"]
    assert scene.sent().count(CREATE) == 1


def test_a_lost_answer_without_a_key_says_to_look(scene, manage):
    client = scene.connect()
    scene.faults({"kind": "cut_before", **ON_CREATE})
    result = manage(client=client, name="one", key_source="iam", reveal=True)

    assert result["candidates"] == []
    assert "look for it before the next try" in result["msg"]


@pytest.mark.parametrize("locked", [False, True])
def test_a_key_of_iam_whose_value_cannot_be_written_is_deleted_again(scene, make, path, monkeypatch, locked):
    def full(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    result = make(key_source="iam", file=str(path), locked=locked)

    assert "so it was deleted" in result["msg"]
    assert scene.keys("one") == []
    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("made_with", "asked", "is_replaced"),
    [
        ({"discard_value": True}, {"file": True}, True),
        ({"discard_value": True}, {"file": True, "on_missing_file": "ignore"}, False),
        ({"discard_value": True}, {"store_value": True}, True),
        ({"store_value": True}, {"store_value": True}, False),
        ({"store_value": True}, {"store_value": False, "reveal": True}, True),
        ({"discard_value": True}, {"key_value": OWN}, True),
        ({"key_value": OWN}, {"key_value": OWN}, False),
        ({"discard_value": True}, {"reveal": True}, False),
    ],
)
def test_a_key_is_recreated_only_when_it_cannot_be_had_otherwise(scene, make, path, made_with, asked, is_replaced):
    old = make(description="text", expires_at="2027-06-01T00:00Z", **made_with)["api_key"]["id"]
    asked = {**asked, **({"file": str(path)} if "file" in asked else {})}
    foretold = make(check_mode=True, recreate=True, **asked)
    assert (scene.writes(), foretold["changed"], path.exists()) == ([], is_replaced, False)

    result = make(recreate=True, **asked)
    key = the_key(scene)
    assert (result["changed"], key["id"] != old, result["api_key"]["id"]) == (is_replaced, is_replaced, key["id"])
    assert (key["description"], key["expires_at"]) == ("text", "2027-06-01T00:00+0000")
    assert scene.writes() == ([CREATE, DELETE] if is_replaced else [])
    assert make(recreate=True, **asked)["changed"] is False


def test_a_recreated_key_is_there_before_the_old_one_goes(scene, make):
    make(discard_value=True)
    make(recreate=True, store_value=True)

    assert scene.writes() == [CREATE, DELETE]


def test_without_leave_nothing_is_recreated(scene, make, path):
    make(discard_value=True)

    assert "`recreate: true`" in make(file=str(path))["msg"]
    assert make(file=str(path), on_missing_file="ignore")["changed"] is False


def test_when_the_old_key_has_to_stay_the_new_one_goes_again(scene, manage, robot, path):
    manage(name="one", service_id=robot, locked=True, discard_value=True)
    old = the_key(scene)["id"]
    client = scene.connect()
    scene.faults({"kind": "status", "status": 403, "method": "DELETE", "path": f"{old}$"})
    result = manage(client=client, name="one", service_id=robot, file=str(path), recreate=True, unlock=True)

    assert "403 to delete API key" in result["msg"]
    assert (the_key(scene)["id"], the_key(scene)["locked"], path.exists()) == (old, True, False)


def test_when_nobody_knows_whether_the_old_key_is_gone_both_are_named(scene, manage, robot, path):
    manage(name="one", service_id=robot, discard_value=True)
    old = the_key(scene)["id"]
    client = scene.connect()
    scene.faults({"kind": "status", "status": 500, "times": 9, "method": "DELETE"})
    result = manage(client=client, name="one", service_id=robot, file=str(path), recreate=True)

    assert result["candidates"] == sorted(key["id"] for key in scene.keys("one"))
    assert old in result["msg"]
    assert json.loads(path.read_text())["apikey"] in [key["apikey"] for key in scene.keys("one")]
