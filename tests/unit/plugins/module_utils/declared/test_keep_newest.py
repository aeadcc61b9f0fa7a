# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The newest keys of an identity stay; which are older is told by IAM's minutes, and never guessed."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.newest import Newest, older_keys

MINUTE = 60


@pytest.fixture
def robot(scene):
    return scene.user.create_service_id(name="robot")["id"]


@pytest.fixture
def make(scene, robot):
    """Make a key of the robot, a minute after the one before."""

    def make(name, wait=MINUTE, **more):
        scene.clock.go_on(wait)
        return scene.user.create_key(**{"name": name, "iam_id": f"iam-{robot}", **more})["id"]

    return make


@pytest.fixture
def keep(manage_all, robot):
    def keep(count, check_mode=False, **words):
        own = {word: words.pop(word) for word in ("names", "action") if word in words}
        options = {"identities": [{"service_id": robot}], **words}
        return manage_all([], check_mode, keep_newest={"count": count, **own}, **options)

    return keep


def working(scene, robot):
    return [key.name for key in scene.emulator.world.keys_of(f"iam-{robot}") if not key.disabled]


def there(scene, robot):
    return [key.name for key in scene.emulator.world.keys_of(f"iam-{robot}")]


def why(result):
    return {key["name"]: key["reason"] for key in result["kept"]}


def test_the_older_ones_are_disabled_and_a_second_run_finds_it_so(scene, robot, make, keep):
    for name in "abcd":
        make(name)

    result = keep(2)

    assert working(scene, robot) == ["c", "d"]
    assert there(scene, robot) == list("abcd")
    assert [(key["name"], key["disabled"]) for key in result["purged"]] == [("a", True), ("b", True)]
    assert result["changed"]
    assert "failed" not in result
    assert len(result["transaction_ids"]) == 2
    again = keep(2)
    assert (again["changed"], again["purged"], again["kept"]) == (False, [], [])


def test_they_are_deleted_by_word_only(scene, robot, make, keep):
    for name in "abc":
        make(name)

    assert [key["name"] for key in keep(1, action="delete")["purged"]] == ["a", "b"]
    assert there(scene, robot) == ["c"]


def test_check_mode_and_diff_tell_the_same_and_touch_nothing(scene, robot, make, keep):
    for name in "abc":
        make(name)

    foretold = keep(1, check_mode=True)

    assert working(scene, robot) == list("abc")
    done = keep(1)
    assert (foretold["purged"], foretold["diff"]) == (done["purged"], done["diff"])
    (first, *_more) = sorted(done["diff"]["before"])
    assert (done["diff"]["before"][first]["disabled"], done["diff"]["after"][first]["disabled"]) == (False, True)


def test_of_a_deleted_key_nothing_is_left_in_the_diff(make, keep):
    for name in "ab":
        make(name)

    diff = keep(1, action="delete")["diff"]

    assert (len(diff["before"]), diff["after"]) == (1, {})


@pytest.mark.parametrize("count", [2, 3])
def test_with_so_many_or_fewer_nothing_goes(scene, robot, make, keep, count):
    for name in "ab":
        make(name)

    assert not keep(count)["changed"]
    assert working(scene, robot) == ["a", "b"]


def test_a_key_that_cannot_log_in_does_not_count_for_one_that_can(scene, robot, make, keep):
    make("a")
    make("b")
    make("off", headers={"Entity-Disable": "true"})
    make("expired", expires_at="2027-01-01T00:10+0000")
    scene.clock.go_on(3600)

    assert [key["name"] for key in keep(1)["purged"]] == ["a"]
    assert working(scene, robot) == ["b", "expired"]


def test_keys_of_a_rotation_neither_count_nor_go_unless_it_is_said(scene, robot, make, keep):
    make("a")
    make("slot", description="x [cloudkeys 3f9a2c7d/1]")
    make("b")
    make("slot", description="x [cloudkeys 3f9a2c7d/2]")

    result = keep(1)

    assert [key["name"] for key in result["purged"]] == ["a"]
    assert why(result) == {"slot": "it belongs to a rotation, [cloudkeys 3f9a2c7d/1]"}
    assert len(keep(1, rotated_keys="allow")["purged"]) == 2
    assert working(scene, robot) == ["slot"]


def test_a_rotation_without_markers_shows_by_its_next_key(make, keep):
    make("deploy")
    make("deploy (next)")
    make("other (next)")
    make("a")
    make("b")

    result = keep(1)

    assert [key["name"] for key in result["purged"]] == ["other (next)", "a"]
    assert why(result) == {
        "deploy": "there is a key 'deploy (next)', so a rotation without markers may be about to replace it",
        "deploy (next)": "a rotation without markers may have made it as the next key of 'deploy'",
    }


def test_locked_keys_stay_without_leave_and_stay_locked_with_it(scene, robot, make, keep):
    make("locked", headers={"Entity-Lock": "true"})
    make("b")

    assert why(keep(1)) == {"locked": "it is locked, and `unlock` does not allow to disable it"}
    assert working(scene, robot) == ["locked", "b"]
    assert keep(1, unlock=True)["changed"]
    (locked, _b) = scene.emulator.world.keys_of(f"iam-{robot}")
    assert (locked.locked, locked.disabled) == (True, True)


def test_a_key_that_is_named_stays(scene, robot, make, keep):
    kept = make("a")
    make("b")

    assert why(keep(1, keep_ids=[kept])) == {"a": "it is in `keep_ids`"}
    assert working(scene, robot) == ["a", "b"]


def test_the_key_of_the_log_in_stays_whatever_its_age(scene, keep):
    for number in range(3):
        scene.clock.go_on(MINUTE)
        scene.user.create_key(name=f"k{number}")

    result = keep(1, identities=[{"iam_id": scene.iam_id}], action="delete", unlock=True)

    assert list(why(result).values()) == ["it is the key that this task logs in with"]
    assert [key["name"] for key in result["purged"]] == ["k0", "k1"]
    assert scene.user.log_in().status == 200


def test_with_a_token_no_key_of_one_s_own_goes(scene, robot, make, keep):
    scene.clock.go_on(MINUTE)
    scene.user.create_key(name="newer")
    make("a")
    make("b")
    client = scene.connect(token=scene.user.log_in().json()["access_token"])

    told = keep(1, identities=[{"iam_id": scene.iam_id}, {"service_id": robot}], client=client)

    assert "a token does not tell which of your own keys" in told["msg"]
    assert working(scene, robot) == ["a", "b"]
    assert keep(1, client=client)["changed"]


def test_only_names_that_fit_are_looked_at(scene, robot, make, keep):
    for name in ("ci-1", "deploy", "ci-2", "ci-3", "CI-0", "test"):
        make(name)

    keep(1, names=["ci-*", "test"])

    assert working(scene, robot) == ["deploy", "CI-0", "test"]


def test_a_tie_at_the_border_is_refused_for_all_with_the_ids(scene, robot, make, keep):
    other = scene.user.create_service_id(name="another robot")["id"]
    for number in range(2):
        make(f"x{number}", iam_id=f"iam-{other}")
    make("a")
    twins = [make("b"), make("c", wait=0)]
    make("d")

    result = keep(2, identities=[{"service_id": other}, {"service_id": robot}])

    assert f"{', '.join(sorted(twins))} were created in the same minute" in result["msg"]
    assert working(scene, robot) == list("abcd")
    # Where it makes no difference which of them is newer, it is none.
    assert [key["name"] for key in keep(3)["purged"]] == ["a"]
    assert len(keep(1)["purged"]) == 2


@pytest.mark.parametrize(("option", "prefix"), [("service_id", ""), ("iam_id", "iam-")])
def test_an_identity_that_is_not_there_is_no_success(keep, option, prefix):
    assert keep(1, identities=[{option: f"{prefix}ServiceId-00000000-0000-4000-8000-000000000000"}])["failed"]


def test_whether_one_without_keys_is_there_is_looked_up(scene, robot, keep):
    assert keep(1)["changed"] is False
    assert f"GET /v1/serviceids/{robot}" in scene.sent()


def test_a_key_of_which_nobody_knows_the_age_stops_it():
    keys = [ApiKey(f"ApiKey-{number}", "a", "iam-1", "0a1b", created_at=None) for number in range(2)]
    now = datetime(2027, 1, 1, tzinfo=timezone.utc)

    with pytest.raises(TaskRefused, match="does not tell when ApiKey-0, ApiKey-1 was created"):
        older_keys(keys, Newest(1), now)
    assert older_keys(keys, Newest(2), now) == []


def test_one_that_cannot_be_read_does_not_stop_the_others(scene, robot, make, keep):
    other = scene.user.create_service_id(name="another robot")["id"]
    make("a")
    make("b")
    scene.faults({"kind": "status", "status": 403, "path": "^/v1/apikeys$", "method": "GET", "times": 1})

    result = keep(1, identities=[{"service_id": other}, {"service_id": robot}], concurrency=1)

    assert f"the keys of iam-{other}" in result["msg"]
    assert working(scene, robot) == ["b"]


def test_each_identity_that_failed_is_told_of_since_nothing_else_tells(scene, robot, make, keep):
    others = [scene.user.create_service_id(name=f"robot {number}")["id"] for number in range(7)]
    make("a")
    make("b")
    scene.faults({"kind": "status", "status": 403, "path": "^/v1/apikeys$", "method": "GET", "times": 7})

    result = keep(1, identities=[{"service_id": each} for each in [*others, robot]], concurrency=1)

    assert [each for each in others if f"the keys of iam-{each}" not in result["msg"]] == []
    assert "7 failed, `purged` tells what was done all the same" in result["msg"]
    assert [key["name"] for key in result["purged"]] == ["a"]
    assert "outcomes" not in result["msg"]


def test_all_pages_are_read(scene, robot, make, keep):
    scene.emulator.change_settings(keys_per_identity=300)
    for number in range(105):
        make(f"k{number}", wait=MINUTE if number == 104 else 0)

    assert len(keep(1)["purged"]) == 104
    assert working(scene, robot) == ["k104"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"count": 0}, "has to be at least 1"),
        ({"count": -1}, "has to be at least 1"),
        ({"count": 1, "names": []}, "names is empty"),
        ({"count": 1, "names": ["a", " "]}, "must not be blank"),
        ({"count": 1, "identities": []}, "needs `identities`"),
        ({"count": 1, "purge": True}, "a task of its own"),
    ],
)
def test_what_may_be_meant_otherwise_is_refused(scene, robot, make, keep, options, told):
    for name in "ab":
        make(name)

    result = keep(**options)

    assert told in result["msg"]
    assert working(scene, robot) == ["a", "b"]


def test_declared_keys_want_a_task_of_their_own(manage_all, robot):
    declared = [{"service_id": robot, "name": "a", "discard_value": True}]
    result = manage_all(declared, keep_newest={"count": 1}, identities=[{"service_id": robot}])

    assert "a task of its own" in result["msg"]


@pytest.fixture
def profile(scene, robot):
    """A trusted profile that the robot may take on, and that may manage keys of service IDs."""
    made = scene.user.create_profile(name="cleaner", assumed_by=f"iam-{robot}")
    scene.user.grant(made["iam_id"], "User API key creator", "Administrator", "Operator")
    return made


def test_a_trusted_profile_s_log_in_key_stays_whatever_its_age(scene, robot, keep, profile):
    scene.clock.go_on(MINUTE)
    first = scene.user.create_key(name="first", iam_id=f"iam-{robot}")
    scene.clock.go_on(MINUTE)
    scene.user.create_key(name="second", iam_id=f"iam-{robot}")
    client = scene.connect(profile_id=profile["id"], api_key=first["apikey"])

    result = keep(1, client=client)

    assert why(result) == {"first": "it is the key that this task logs in with"}
    assert working(scene, robot) == ["first", "second"]


def test_a_token_of_who_takes_the_profile_on_does_not_tell_its_key_either(scene, robot, make, keep, profile):
    make("b")
    make("c")
    token = scene.connect(api_key=scene.keys("b")[0]["apikey"]).tokens.token().bearer

    told = keep(1, client=scene.connect(profile_id=profile["id"], token=token))

    assert "a token does not tell which of your own keys" in told["msg"]
    assert working(scene, robot) == ["b", "c"]
