# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A wish is carried out step by step, also when somebody else is at the same key."""

from __future__ import annotations

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import Conflict, IamError, NotPermitted
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.key_wish import KeyWish
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.run import reconcile_key

PUT = {"method": "PUT"}
IN_USE = {"kind": "status", "status": 409}


def reconcile(scene, client, check_mode=False, **wanted):
    wish = KeyWish(**{"iam_id": scene.iam_id, "account_id": scene.account_id, "name": "one", **wanted})
    return reconcile_key(client, wish, check_mode=check_mode)


def the_key(scene, name="one"):
    (key,) = scene.keys(name)
    return key


@pytest.mark.parametrize("stale_tag_status", [409, 412])
def test_a_key_that_somebody_else_changed_is_read_and_planned_again(scene, stale_tag_status):
    scene.user.create_key(name="one", description="old")
    client = scene.connect()
    scene.faults({"kind": "status", "status": stale_tag_status, **PUT})
    outcome = reconcile(scene, client, description="new")

    assert outcome.change.changed
    assert the_key(scene)["description"] == "new"
    assert scene.sent().count("PUT /v1/apikeys/ID") == 2
    assert scene.sent().count("GET /v1/apikeys") == 2


def test_a_second_conflict_is_an_error(scene):
    scene.user.create_key(name="one", description="old")
    client = scene.connect()
    scene.faults({**IN_USE, **PUT, "times": 9})

    with pytest.raises(Conflict):
        reconcile(scene, client, description="new")
    assert scene.sent().count("PUT /v1/apikeys/ID") == 2


def test_a_change_whose_answer_was_lost_counts_as_a_change(scene):
    scene.user.create_key(name="one", description="old")
    client = scene.connect()
    scene.faults({"kind": "cut_after", **PUT})
    outcome = reconcile(scene, client, description="new")

    assert the_key(scene)["description"] == "new"
    assert outcome.change.changed, "the second reading finds it done, by us"
    assert (outcome.change.before["description"], outcome.key.description) == ("old", "new")


@pytest.mark.parametrize("already_so_status", [409, 204])
def test_a_locked_key_is_locked_again_after_a_change(scene, already_so_status):
    scene.emulator.change_settings(already_so_status=already_so_status)
    scene.user.create_key(name="one", headers={"Entity-Lock": "true"})
    client = scene.connect()
    reconcile(scene, client, description="new", disabled=True, unlock=True)
    key = the_key(scene)

    assert (key["description"], key["disabled"], key["locked"]) == ("new", True, True)
    assert [line.split()[0] + line[-5:] for line in scene.writes()] == [
        "DELETE/lock",
        "PUTys/ID",
        "POSTsable",
        "POST/lock",
    ]


@pytest.mark.parametrize(
    ("fault", "wanted", "is_error"),
    [
        ({**IN_USE, **PUT}, {"description": "new"}, False),
        ({**IN_USE, **PUT, "times": 9}, {"description": "new"}, True),
        ({"kind": "status", "status": 403, **PUT}, {"description": "new"}, True),
        ({"kind": "status", "status": 403, "path": "disable"}, {"disabled": True}, True),
        ({"kind": "status", "status": 500, "times": 9, **PUT}, {"description": "new"}, True),
        ({"kind": "status", "status": 403, "method": "DELETE", "path": "apikeys/[^/]*$"}, {"state": "absent"}, True),
        ({"kind": "status_after_effect", "status": 400, "method": "DELETE", "path": "lock"}, {"disabled": True}, True),
    ],
)
def test_a_key_that_was_locked_is_not_left_unlocked_by_a_failure(scene, fault, wanted, is_error):
    scene.user.create_key(name="one", headers={"Entity-Lock": "true"})
    client = scene.connect()
    scene.faults(fault)
    if is_error:
        with pytest.raises(IamError):
            reconcile(scene, client, unlock=True, **wanted)
    else:
        assert reconcile(scene, client, unlock=True, **wanted).change.changed

    assert the_key(scene)["locked"]


def test_a_failure_keeps_its_own_error_when_the_lock_fails_too(scene):
    scene.user.create_key(name="one", headers={"Entity-Lock": "true"})
    client = scene.connect()
    scene.faults(
        {"kind": "status", "status": 403, **PUT},
        {"kind": "status", "status": 500, "times": 99, "method": "POST", "path": "lock"},
    )

    with pytest.raises(NotPermitted, match="to change API key"):
        reconcile(scene, client, unlock=True, description="new")


@pytest.mark.parametrize(
    "wanted",
    [{}, {"description": "new"}, {"state": "absent"}, {"disabled": True, "locked": True}, {"name": "another"}],
)
def test_check_mode_sends_no_write_and_plans_the_same(scene, wanted):
    scene.user.create_key(name="one", description="old")
    client = scene.connect()
    planned = reconcile(scene, client, check_mode=True, **wanted)
    assert scene.writes() == []

    assert planned.change == reconcile(scene, client, **wanted).change


def test_a_key_that_vanishes_in_between_counts_as_deleted(scene):
    scene.user.create_key(name="one")
    client = scene.connect()
    scene.faults({"kind": "status_after_effect", "status": 503, "method": "DELETE"})

    assert reconcile(scene, client, state="absent").change.changed
    assert scene.keys("one") == []


def test_an_unknown_id_is_never_created(scene):
    client = scene.connect()
    with pytest.raises(TaskRefused, match="with `id` a key is never created"):
        reconcile(scene, client, id="ApiKey-1")

    assert reconcile(scene, client, id="ApiKey-1", state="absent").change.changed is False
    assert scene.writes() == []


def test_a_key_of_another_identity_is_not_touched_by_its_id(scene):
    robot = scene.user.create_service_id(name="robot", apikey={"name": "one"})
    client = scene.connect()

    with pytest.raises(TaskRefused, match="nothing was changed"):
        reconcile(scene, client, id=robot["apikey"]["id"], state="absent")
    assert scene.writes() == []
