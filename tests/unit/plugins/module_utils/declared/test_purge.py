# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What `purge` deletes, and everything that it leaves alone."""

from __future__ import annotations

import pytest


@pytest.fixture
def robot(scene):
    """A service ID with the keys `wanted`, `extra`, `locked`, `rotated` and `listed`."""
    made = scene.user.create_service_id(name="robot")
    for name, more in {
        "wanted": {},
        "extra": {},
        "locked": {"headers": {"Entity-Lock": "true"}},
        "rotated": {"description": "x [cloudkeys 3f9a2c7d/2]"},
        "listed": {},
    }.items():
        scene.user.create_key(name=name, iam_id=made["iam_id"], **more)
    return made["id"]


def names_of(scene, iam_id):
    return [key.name for key in scene.emulator.world.keys_of(iam_id)]


def of_the_robot(robot, key):
    """The same key with the robot as its owner, unless it says that it has none."""
    return {name: value for name, value in {"service_id": robot, **key}.items() if value is not False}


def wanted(robot, **more):
    return {"service_id": robot, "name": "wanted", **more}


def test_undeclared_keys_go_and_protected_ones_stay_with_a_reason(scene, robot, manage_all):
    listed = scene.keys("listed")[0]["id"]
    result = manage_all([wanted(robot)], purge=True, keep_ids=[listed])

    assert [key["name"] for key in result["purged"]] == ["extra"]
    assert names_of(scene, f"iam-{robot}") == ["wanted", "locked", "rotated", "listed"]
    assert {key["name"]: key["reason"] for key in result["kept"]} == {
        "locked": "it is locked, and `unlock` does not allow to delete it",
        "rotated": "it belongs to a rotation, [cloudkeys 3f9a2c7d/2]",
        "listed": "it is in `keep_ids`",
    }
    assert (result["changed"], "msg" in result) == (True, False)
    assert len(result["transaction_ids"]) == 1
    assert manage_all([wanted(robot)], purge=True, keep_ids=[listed])["changed"] is False


@pytest.mark.parametrize(
    "form",
    ["{0} ApiKey-2", "{0}\nApiKey-2", '["{0}"]', "['{0}']", "[{0}]", '"{0}"', "\u200b", "None", "null", "{{}}", "{1}"],
)
def test_what_is_no_id_protects_no_key_and_is_refused(scene, robot, manage_all, form):
    """A text of a survey is parted at its commas only, and the key that was meant would go."""
    listed = scene.keys("listed")[0]["id"]

    result = manage_all([wanted(robot)], purge=True, keep_ids=[form.format(listed, "v" * 44)])

    assert result["failed"]
    assert result["msg"].startswith("entry 1 of `keep_ids` is not the id of one API key. Nothing was changed")
    assert "listed" in names_of(scene, f"iam-{robot}")


def test_without_purge_nothing_is_looked_at(scene, robot, manage_all):
    result = manage_all([wanted(robot)])

    assert (result["purged"], result["kept"]) == ([], [])
    assert "extra" in names_of(scene, f"iam-{robot}")


def test_locked_keys_go_with_leave(scene, robot, manage_all):
    manage_all([wanted(robot)], purge=True, unlock=True)

    assert names_of(scene, f"iam-{robot}") == ["wanted", "rotated"]


def test_only_the_named_identities_are_purged(scene, robot, manage_all):
    other = scene.user.create_service_id(name="other", apikey={"name": "theirs"})
    scene.user.create_key(name="mine")
    manage_all([wanted(robot)], purge=True)

    assert names_of(scene, other["iam_id"]) == ["theirs"]
    assert names_of(scene, scene.iam_id) == ["first key", "mine"]


def test_the_key_that_logs_in_is_never_purged(scene, manage_all):
    scene.user.create_key(name="extra")
    result = manage_all([{"name": "mine", "discard_value": True}], purge=True, unlock=True)

    assert names_of(scene, scene.iam_id) == ["first key", "mine"]
    assert result["kept"] == [
        {
            "id": scene.emulator.seed.api_key_id,
            "name": "first key",
            "iam_id": scene.iam_id,
            "reason": "it is the key that this task logs in with",
        }
    ]


@pytest.mark.parametrize(
    ("keys", "options"),
    [
        ([], {"identities": [{"service_id": True}]}),
        ([{"name": "extra", "state": "absent"}], {}),
        # Keys of somebody else are declared, but none of this one.
        ([{"name": "mine", "service_id": False, "discard_value": True}], {"identities": [{"service_id": True}]}),
    ],
)
def test_an_identity_is_not_emptied_by_mistake(scene, robot, manage_all, keys, options):
    keys = [of_the_robot(robot, key) for key in keys]
    owners = {"identities": [{"service_id": robot}]} if options else {}
    result = manage_all(keys, purge=True, **owners)

    assert "`purge_all: true` allows it. Nothing was changed" in result["msg"]
    assert scene.writes() == []

    assert "msg" not in manage_all(keys, purge=True, purge_all=True, unlock=True, **owners)
    assert names_of(scene, f"iam-{robot}") == ["rotated"]


def test_no_keys_and_no_identities_is_nothing_to_do(scene, robot, manage_all):
    result = manage_all([], purge=True)

    assert (result["changed"], scene.writes()) == (False, [])


@pytest.mark.parametrize(
    "bad",
    [
        {"name": "twin"},
        {"name": "locked", "description": "new"},
        {"name": "new"},
        {"name": "wanted too", "description": "[cloudkeys 3f9a2c7d/9]"},
        {"key_value": "v" * 44, "service_id": False},
    ],
)
def test_nothing_of_an_identity_is_purged_when_one_of_its_keys_failed(scene, robot, manage_all, bad):
    for _time in range(2):
        scene.user.create_key(name="twin", iam_id=f"iam-{robot}")
    before = names_of(scene, f"iam-{robot}")
    result = manage_all([wanted(robot), of_the_robot(robot, bad)], purge=True, unlock=True)

    assert result["failed"]
    assert names_of(scene, f"iam-{robot}") == before
    assert {key["reason"] for key in result["kept"]} == {"a declared key failed, so nothing of its owner is purged"}


def test_a_failure_elsewhere_does_not_stop_the_purge(scene, robot, manage_all):
    other = scene.user.create_service_id(name="other")["id"]
    manage_all([wanted(robot), {"service_id": other, "name": "nobody keeps it"}], purge=True)

    assert "extra" not in names_of(scene, f"iam-{robot}")


def test_keys_that_are_declared_by_their_id_or_value_are_declared(scene, robot, manage_all):
    extra, listed = scene.keys("extra")[0], scene.keys("listed")[0]
    keys = [wanted(robot), {"id": extra["id"], "name": "renamed"}, {"key_value": listed["apikey"], "disabled": True}]
    result = manage_all(keys, purge=True, unlock=True)

    assert "msg" not in result
    assert names_of(scene, f"iam-{robot}") == ["wanted", "renamed", "rotated", "listed"]


def test_twins_of_a_declared_key_are_not_undeclared(scene, robot, manage_all):
    scene.emulator.clock.advance(60)
    scene.user.token = ""
    scene.user.create_key(name="wanted", iam_id=f"iam-{robot}")
    manage_all([wanted(robot, on_duplicate="newest")], purge=True)

    assert names_of(scene, f"iam-{robot}").count("wanted") == 2


def test_a_purge_that_fails_is_told_beside_what_was_done(scene, robot, manage_all):
    client = scene.connect()
    scene.faults({"kind": "status", "status": 403, "method": "DELETE"})
    result = manage_all(
        [wanted(robot), {"name": "mine", "discard_value": True}], purge=True, client=client, concurrency=1
    )

    assert "1 API keys failed" in result["msg"]
    assert "403 to delete API key" in result["msg"]
    assert result["changed"]
    assert [part["failed"] for part in result["outcomes"]] == [False, False]


def test_an_identity_that_does_not_exist_stops_everything_first(scene, robot, manage_all):
    result = manage_all([wanted(robot, description="new")], purge=True, identities=[{"service_id": "nobody"}])

    assert "there is no service ID called 'nobody'" in result["msg"]
    assert scene.writes() == []


def test_the_key_that_takes_a_trusted_profile_on_stays(scene, robot, manage_all):
    profile = scene.user.create_profile(name="cleaner", assumed_by=f"iam-{robot}")
    scene.user.grant(profile["iam_id"], "Administrator")
    client = scene.connect(profile_id=profile["id"], api_key=scene.keys("extra")[0]["apikey"])

    result = manage_all([wanted(robot)], purge=True, client=client)

    reasons = {key["name"]: key["reason"] for key in result["kept"]}
    assert reasons["extra"] == "it is the key that this task logs in with"
    assert "extra" in names_of(scene, f"iam-{robot}")
