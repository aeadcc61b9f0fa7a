# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Gone is what IAM says, the owner's list confirms and a log-in does not contradict; anything else is told."""

from __future__ import annotations

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import (
    CannotConnect,
    Invalid,
    NotFound,
    NotPermitted,
    NotUnderstood,
    OutcomeUnknown,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.gone import (
    absence_of,
    absence_of_value,
    delete_key,
)
from iam_emulator import Visitor

LOG_IN, LIST, GET = "POST /identity/token", "GET /v1/apikeys", "GET /v1/apikeys/ID"
NO_SUCH_ID = "ApiKey-00000000-0000-4000-8000-000000000000"


@pytest.fixture
def robot(scene):
    return scene.user.create_service_id(name="robot", apikey={"name": "one"})


@pytest.fixture
def owner(scene, robot):
    return (robot["iam_id"], scene.account_id)


@pytest.fixture
def deleted(scene, robot):
    """A key of the robot that was there once."""
    key = scene.user.create_key(name="two", iam_id=robot["iam_id"])
    scene.user.ask("DELETE", f"/v1/apikeys/{key['id']}")
    return key


@pytest.fixture
def colleague(scene):
    """Logged in as a user of the account without any role, in an IAM that hides what one may not see."""
    scene.emulator.change_settings(foreign_key_status=404)
    return scene.connect(api_key=scene.user.add_user().key_value)


def test_a_deleted_key_is_gone(scene, owner, deleted):
    absence = absence_of(scene.connect(), deleted["id"], owner=owner, key_value=deleted["apikey"])

    assert (absence.is_gone, absence.words) == (True, "")


def test_what_was_read_already_is_not_read_again(scene, owner, robot, deleted):
    client = scene.connect()
    listed = [robot["apikey"]["id"]]

    assert absence_of(client, deleted["id"], owner=owner, listed=listed, is_unknown=True).is_gone
    assert scene.sent() == [LOG_IN]
    assert absence_of(client, deleted["id"], owner=owner, listed=listed, key_value=deleted["apikey"]).is_gone
    assert scene.sent() == [LOG_IN, GET, LOG_IN]


def test_a_key_that_iam_shows_is_not_gone_and_nothing_more_is_asked(scene, owner, robot):
    absence = absence_of(scene.connect(), robot["apikey"]["id"], owner=owner, key_value="v" * 44)

    assert absence.reason == "shown"
    assert scene.sent() == [LOG_IN, GET]


@pytest.mark.parametrize("is_read", [True, False])
def test_a_key_on_its_owners_list_is_not_gone(scene, owner, robot, is_read):
    key_id = robot["apikey"]["id"]
    scene.emulator.world.keys[key_id].unknown_for["get"] = 9
    absence = absence_of(scene.connect(), key_id, owner=owner, listed={key_id} if is_read else None)

    assert absence.reason == "listed"
    assert key_id in absence.words


def test_the_list_is_read_to_its_last_page(scene, owner, robot):
    scene.emulator.change_settings(keys_per_identity=300)
    ids = [scene.user.create_key(name=f"k{n}", iam_id=robot["iam_id"])["id"] for n in range(210)]
    scene.emulator.world.keys[ids[-1]].unknown_for["get"] = 9

    assert absence_of(scene.connect(), ids[-1], owner=owner).reason == "listed"


def test_a_list_that_was_cut_proves_nothing(scene, owner, robot):
    scene.emulator.change_settings(keys_per_identity=300)
    for number in range(110):
        scene.user.create_key(name=f"k{number}", iam_id=robot["iam_id"])
    client = scene.connect()
    scene.faults({"kind": "cut_before", "path": "^/v1/apikeys$", "skip": 1, "times": 9})

    with pytest.raises(CannotConnect):
        absence_of(client, NO_SUCH_ID, owner=owner)


def test_the_keys_of_another_group_are_listed_with_it(scene):
    group = scene.user.ask("POST", "/v1/serviceid_groups", {"name": "edge", "account_id": scene.account_id}).json()
    robot = scene.user.create_service_id(group_id=group["id"], apikey={"name": "one"})
    scene.emulator.change_settings(keys_need_group=True)
    scene.emulator.world.keys[robot["apikey"]["id"]].unknown_for["get"] = 9
    owner = (robot["iam_id"], scene.account_id)

    assert absence_of(scene.connect(), robot["apikey"]["id"], owner=owner).reason == "listed"


def test_whoever_may_not_list_the_owners_keys_cannot_tell(scene, colleague, owner, robot, deleted):
    for key in (robot["apikey"], deleted):
        absence = absence_of(colleague, key["id"], owner=owner)
        assert absence.reason == "hidden"
        assert f"knows no API key {key['id']}, or hides it from this caller, like its owner {owner[0]}" in absence.words
    assert absence_of(colleague, scene.emulator.seed.api_key_id, owner=(scene.iam_id, scene.account_id)).reason == (
        "hidden"
    )


def test_a_list_that_is_refused_proves_nothing_even_of_a_value_that_is_dead(scene, owner, deleted):
    viewer = scene.user.add_user("Viewer", "Viewer")
    scene.emulator.change_settings(foreign_key_status=404)
    client = scene.connect(api_key=viewer.key_value)

    assert absence_of(client, deleted["id"], owner=owner, key_value=deleted["apikey"]).reason == "hidden"


def test_a_value_that_logs_in_is_never_gone_and_its_owner_is_named(scene, colleague, owner, robot):
    absence = absence_of(colleague, robot["apikey"]["id"], owner=owner, key_value=robot["apikey"]["apikey"])

    assert absence.reason == "works"
    assert f"logs in, as {robot['iam_id']} of account {scene.account_id}" in absence.words
    assert robot["apikey"]["apikey"] not in absence.words


def test_a_value_of_another_account_is_told_without_asking_for_the_key(scene, owner, robot):
    other = scene.emulator.add_account()
    client = scene.connect(api_key=other.api_key)
    absence = absence_of(client, robot["apikey"]["id"], owner=owner, key_value=robot["apikey"]["apikey"])

    assert absence.reason == "elsewhere"
    assert (
        f"belongs to account {scene.account_id}, and these credentials to account {other.account_id}" in absence.words
    )
    assert scene.sent() == [LOG_IN]
    without_owner = absence_of(client, robot["apikey"]["id"], key_value=robot["apikey"]["apikey"])
    assert (without_owner.reason, scene.account_id in without_owner.words) == ("works", True)


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (400, "BXNIM0462E", "that of a disabled one"),
        (401, "BXNIM0430E", "certain IP addresses"),
        (400, "BXNIM0439E", "cannot be told"),
        (403, "BXNIM9999E", "cannot be told"),
    ],
)
def test_a_log_in_that_is_refused_for_another_reason_proves_nothing(scene, owner, deleted, status, code, words):
    client = scene.connect()
    client.caller()
    scene.faults({"kind": "status", "status": status, "code": code, "path": "identity"})
    absence = absence_of(client, deleted["id"], owner=owner, key_value=deleted["apikey"])

    assert absence.reason == "refused"
    assert words in absence.words


def test_a_log_in_that_a_proxy_answers_proves_nothing(scene, owner, deleted):
    client = scene.connect()
    client.caller()
    scene.faults({"kind": "proxy_page", "status": 400, "path": "identity"})

    with pytest.raises(NotUnderstood):
        absence_of(client, deleted["id"], owner=owner, key_value=deleted["apikey"])


def test_the_keys_of_a_service_id_that_is_gone_are_gone_if_their_value_is_dead(scene, owner, robot):
    scene.user.ask("DELETE", f"/v1/serviceids/{robot['id']}")
    key = robot["apikey"]

    assert absence_of(scene.connect(), key["id"], owner=owner, key_value=key["apikey"]).is_gone
    assert absence_of(scene.connect(), key["id"], owner=owner).reason == "hidden"


class DeletedOnceRead:
    """The service IDs of a client; one that was read is deleted right after."""

    def __init__(self, scene, service_ids) -> None:
        self._scene, self._service_ids = scene, service_ids
        self.list_keys = service_ids.list_keys

    def get(self, service_id):
        found = self._service_ids.get(service_id)
        self._scene.user.ask("DELETE", f"/v1/serviceids/{service_id}")
        return found


@pytest.mark.parametrize(("is_value_known", "reason"), [(True, "gone"), (False, "hidden")])
def test_a_service_id_that_is_deleted_before_its_keys_are_listed_is_gone(scene, owner, deleted, is_value_known, reason):
    client = scene.connect()
    client.service_ids = DeletedOnceRead(scene, client.service_ids)
    key_value = deleted["apikey"] if is_value_known else None

    assert absence_of(client, deleted["id"], owner=owner, key_value=key_value).reason == reason


@pytest.mark.parametrize(("status", "error"), [(400, Invalid), (404, NotFound)])
def test_no_list_of_a_service_id_that_is_still_there_proves_nothing(scene, owner, deleted, status, error):
    scene.faults({"kind": "status", "status": status, "path": "/v1/apikeys", "method": "GET", "skip": 1})

    with pytest.raises(error):
        absence_of(scene.connect(), deleted["id"], owner=owner, key_value=deleted["apikey"])


def test_without_an_owner_only_who_may_see_all_keys_can_tell(scene, deleted):
    administrator = scene.connect()
    assert absence_of(administrator, deleted["id"]).is_gone
    assert absence_of(administrator.branch(), NO_SUCH_ID).is_gone
    assert scene.sent() == [LOG_IN, GET, LIST, GET], "who the caller is does not change"

    operator = scene.connect(api_key=scene.user.add_user("Operator", "Operator").key_value)
    absence = absence_of(operator, deleted["id"])
    assert absence.reason == "hidden"
    assert "name its owner with `service_id` or `iam_id`, or log in as an Administrator" in absence.words


def test_whether_a_value_lives_is_told_to_everybody(scene, colleague, robot, deleted):
    assert absence_of_value(colleague, deleted["apikey"]).is_gone
    assert absence_of_value(colleague, robot["apikey"]["apikey"]).reason == "works"


# ---- deleting


def delete_as(scene, visitor, key_id, **settings):
    """A delete by a key that was read by somebody else before."""
    key = scene.connect().api_keys.get(key_id)
    scene.emulator.change_settings(**settings)
    delete_key(scene.connect(api_key=visitor.key_value), key)


def test_a_delete_whose_answer_was_lost_is_done(scene, robot):
    client = scene.connect()
    key = client.api_keys.get(robot["apikey"]["id"])
    scene.faults({"kind": "cut_after", "method": "DELETE"})
    delete_key(client, key)

    assert scene.keys("one") == []
    assert scene.sent().count("DELETE /v1/apikeys/ID") == 2


@pytest.mark.parametrize(
    ("role", "error", "words"),
    [
        ("Editor", NotPermitted, "IBM Cloud IAM still shows it: the caller may read it and lacks a role to delete it"),
        ("API key reviewer", OutcomeUnknown, "hides it from this caller"),
        ("Viewer", OutcomeUnknown, "hides it from this caller"),
    ],
)
def test_a_delete_that_iam_answers_with_404_is_not_taken_for_done(scene, robot, role, error, words):
    visitor = scene.user.add_user("Somebody", role)

    with pytest.raises(error, match="answered 404 to delete API key") as caught:
        delete_as(scene, visitor, robot["apikey"]["id"], foreign_key_status=404)
    assert words in str(caught.value)
    assert len(scene.keys("one")) == 1


def test_a_key_that_is_deleted_and_still_listed_is_not_told_as_gone(scene, robot):
    key = scene.connect().api_keys.get(robot["apikey"]["id"])
    scene.emulator.change_settings(stale_pages=1)
    Visitor(scene.emulator).ask("DELETE", f"/v1/apikeys/{key.id}")

    with pytest.raises(OutcomeUnknown, match="deleted this moment, then run again"):
        delete_key(scene.connect(), key)
    delete_key(scene.connect(), key)
