# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a task with iam_api_key sends and returns."""

from __future__ import annotations

import json

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._declared.value_destination import DeclaredDestination

LOG_IN, LIST, GET = "POST /identity/token", "GET /v1/apikeys", "GET /v1/apikeys/ID"
CREATE, UPDATE, DELETE = "POST /v1/apikeys", "PUT /v1/apikeys/ID", "DELETE /v1/apikeys/ID"
LOOK_UP, DISABLE = "GET /v1/apikeys/details", "POST /v1/apikeys/ID/disable"


@pytest.fixture
def existing(scene):
    return scene.user.create_key(name="one", description="old")


@pytest.mark.parametrize(
    ("options", "sent"),
    [
        ({"name": "one"}, [LOG_IN, LIST]),
        ({"name": "one", "description": "old", "locked": False, "disabled": False}, [LOG_IN, LIST]),
        ({"name": "two", "state": "absent"}, [LOG_IN, LIST]),
        ({"name": "two", "discard_value": True, "locked": True, "disabled": True}, [LOG_IN, LIST, CREATE]),
        ({"name": "two", "reveal": True}, [LOG_IN, LIST, CREATE]),
        ({"name": "one", "description": "new"}, [LOG_IN, LIST, UPDATE]),
        # Whoever deletes or disables a key of its own may cut off the branch it sits on: that takes one look.
        ({"name": "one", "state": "absent"}, [LOG_IN, LIST, LOOK_UP, DELETE]),
        ({"name": "one", "disabled": True}, [LOG_IN, LIST, LOOK_UP, DISABLE]),
        ({"name": "one", "state": "absent", "allow_self": True}, [LOG_IN, LIST, DELETE]),
        ({"id": True}, [LOG_IN, GET]),
        ({"id": True, "description": "old"}, [LOG_IN, GET]),
        ({"id": True, "description": "new"}, [LOG_IN, GET, UPDATE]),
        ({"id": True, "name": "new"}, [LOG_IN, GET, UPDATE]),
        ({"id": True, "state": "absent"}, [LOG_IN, GET, LOOK_UP, DELETE]),
        ({"id": True, "state": "absent", "allow_self": True}, [LOG_IN, GET, DELETE]),
        ({"name": "one", "expires_at": "2027-06-01T00:00Z"}, [LOG_IN, LIST, UPDATE]),
        ({"name": "two", "key_source": "iam", "reveal": True}, [LOG_IN, LIST, CREATE]),
    ],
)
def test_no_request_more_than_needed_is_sent(scene, existing, manage, options, sent):
    result = manage(**{**options, **({"id": existing["id"]} if "id" in options else {})})

    assert "msg" not in result
    assert scene.sent() == sent
    assert result["changed"] is (len(sent) > 2)


def test_a_file_costs_no_request_more(scene, manage, tmp_path):
    manage(name="new", file=str(tmp_path / "key.json"))
    assert scene.sent() == [LOG_IN, LIST, CREATE]

    manage(name="new", file=str(tmp_path / "key.json"))
    assert scene.sent() == [LOG_IN, LIST]


def test_a_service_id_by_its_name_costs_one_request_more_and_by_its_id_none(scene, manage):
    robot = scene.user.create_service_id(name="robot", apikey={"name": "one"})
    manage(name="one", service_id="robot")
    assert scene.sent() == [LOG_IN, "GET /v1/serviceids", LIST]

    manage(name="one", service_id=robot["id"])
    assert scene.sent() == [LOG_IN, LIST]


@pytest.mark.parametrize(
    "options",
    [
        {"name": "two", "reveal": True},
        {"name": "two", "file": True},
        {"name": "one", "description": "new", "disabled": True, "locked": True},
        {"name": "one", "state": "absent"},
        {"name": "one"},
    ],
)
def test_check_mode_writes_nothing_and_tells_the_same(scene, existing, manage, tmp_path, options):
    if "file" in options:
        options = {**options, "file": str(tmp_path / "key.json")}
    foretold = manage(check_mode=True, **options)
    assert scene.writes() == []
    assert list(tmp_path.iterdir()) == []
    assert [key["description"] for key in scene.keys("one")] == ["old"]
    assert "key_value" not in foretold

    done = manage(**options)
    assert (foretold["changed"], foretold["diff"]) == (done["changed"], done["diff"])


def test_a_second_run_changes_nothing(manage):
    options = {"name": "new", "description": "text", "locked": True, "disabled": True, "reveal": True}
    first, second = manage(**options), manage(**options)

    assert (first["changed"], second["changed"]) == (True, False)
    assert second["api_key"] == first["api_key"]
    assert second["diff"]["before"] == second["diff"]["after"]
    assert first["transaction_ids"]
    assert second["transaction_ids"] == []


def test_a_value_is_returned_once_and_only_to_who_asked(scene, manage):
    first = manage(name="new", reveal=True)
    (key,) = scene.keys("new")

    assert first["key_value"] == key["apikey"]
    assert scene.user.log_in(key["apikey"]).status == 200
    assert "key_value" not in manage(name="new", reveal=True)
    assert "key_value" not in manage(name="other", discard_value=True)


@pytest.mark.parametrize("options", [{}, {"description": "new"}, {"disabled": True}])
def test_a_value_that_iam_keeps_is_not_revealed_either(scene, manage, options):
    robot = scene.user.create_service_id(name="robot", apikey={"name": "one", "store_value": True})
    result = manage(id=robot["apikey"]["id"], reveal=True, **options)

    assert "msg" not in result
    assert robot["apikey"]["apikey"] not in json.dumps(result)


@pytest.mark.parametrize("taker", [{"reveal": True}, {"file": True}, {"discard_value": True}])
def test_a_value_is_nowhere_but_where_it_was_asked_for(scene, manage, tmp_path, capfd, taker):
    options = {**taker, "file": str(tmp_path / "key.json")} if "file" in taker else taker
    result = manage(name="new", **options)
    result.pop("key_value", None)

    assert scene.keys("new")[0]["apikey"] not in json.dumps(result) + "".join(capfd.readouterr())


def test_a_key_whose_value_nobody_would_keep_is_not_made(scene, manage):
    result = manage(name="new")

    assert result["failed"]
    assert "nothing would keep it" in result["msg"]
    assert scene.writes() == []


@pytest.mark.parametrize("options", [{"name": "one"}, {"name": "one", "state": "absent"}])
def test_an_ambiguous_name_fails_with_the_ids(scene, existing, manage, options):
    other = scene.user.create_key(name="one")
    result = manage(**options)

    assert result["failed"]
    assert result["candidates"] == sorted([existing["id"], other["id"]])
    assert scene.writes() == []


def test_the_twins_of_a_slot_are_told(scene, manage):
    ids = [scene.user.create_key(name="one", description=f"[cloudkeys 3f9a2c7d/{n}]")["id"] for n in (2, 10)]
    result = manage(name="one")

    assert (result["api_key"]["id"], result["duplicates"]) == (ids[1], [ids[0]])


def test_the_rotations_marker_survives_a_change_and_is_not_shown(scene, manage):
    scene.user.create_key(name="one", description="old [cloudkeys 3f9a2c7d/2]")
    result = manage(name="one", description="new")

    assert result["api_key"]["description"] == "new"
    assert scene.keys("one")[0]["description"] == "new [cloudkeys 3f9a2c7d/2]"
    assert manage(name="one", description="new")["changed"] is False


@pytest.mark.parametrize(
    "options",
    [
        {"name": "x", "service_id": "ServiceId-none", "discard_value": True},
        {"name": "x", "service_id": "ServiceId-none", "state": "absent"},
        {"name": "x", "iam_id": "iam-ServiceId-none", "discard_value": True},
        {"name": "x", "service_id": "no such robot", "discard_value": True},
    ],
)
def test_an_unknown_service_id_is_named_and_nothing_is_made(scene, manage, options):
    result = manage(**options)

    assert result["failed"]
    assert "there is no service ID" in result["msg"]
    assert scene.writes() == []


def test_an_ambiguous_service_id_fails_with_the_ids(scene, manage):
    ids = sorted(scene.user.create_service_id(name="robot")["id"] for _time in range(2))
    result = manage(name="x", service_id="robot", discard_value=True)

    assert result["candidates"] == ids
    assert "Say which one is meant by its id" in result["msg"]


def test_a_failure_names_iams_reference_once(scene, existing, manage):
    scene.faults({"kind": "status", "status": 403, "method": "DELETE"})
    result = manage(name="one", state="absent")

    (transaction_id,) = result["transaction_ids"]
    assert result["msg"].count(transaction_id) == 1
    assert "lacks a role" in result["msg"]


def test_a_lost_answer_still_reveals_the_value_of_the_one_key(scene, manage):
    client = scene.connect()
    scene.faults({"kind": "cut_after", "method": "POST", "path": "apikeys"})
    result = manage(client=client, name="new", reveal=True)
    (key,) = scene.keys("new")

    assert (result["api_key"]["id"], result["key_value"]) == (key["id"], key["apikey"])


def test_a_create_that_nobody_can_settle_is_not_tried_with_another_value(scene, manage):
    scene.emulator.change_settings(unknown_reads=99)
    client = scene.connect()
    scene.faults({"kind": "cut_after", "method": "POST", "path": "apikeys"})
    result = manage(client=client, name="new", reveal=True)

    assert result["failed"]
    assert "may still make the key" in result["msg"]
    assert len(scene.keys("new")) == 1


def test_where_a_value_goes_does_not_show_in_a_repr(scene):
    place = DeclaredDestination(scene.connect(), {"file": None, "key_value": "s3cret"}, False)

    assert "s3cret" not in repr(place)


def test_an_owner_that_is_deleted_between_the_list_and_the_create_is_named(scene, manage):
    robot = scene.user.create_service_id(name="robot")
    client = scene.connect()
    client.caller()
    serve = scene.emulator.serve

    def serve_late(request):
        if request.method == "POST" and request.path == "/v1/apikeys":
            scene.emulator.world.service_ids.clear()
        return serve(request)

    scene.emulator.serve = serve_late
    result = manage(client=client, name="one", service_id=robot["id"], discard_value=True)

    assert f"there is no service ID {robot['id']} any more" in result["msg"]
    assert scene.sent().count(f"GET /v1/serviceids/{robot['id']}") == 1
