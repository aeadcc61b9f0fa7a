# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A create whose answer is lost never makes a second key, and never a silent one."""

from __future__ import annotations

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import NewKey, draw_key_value
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import (
    CannotConnect,
    Conflict,
    IamError,
    Invalid,
    LimitReached,
    NotPermitted,
    NotUnderstood,
    Refused,
    ServiceFailed,
    TooBusy,
    UnknownOwner,
)

VALUE = "v" * 44
CREATE = "POST /v1/apikeys"


def on_create(kind, **more):
    return {"kind": kind, "method": "POST", "path": "^/v1/apikeys$", **more}


def on_lookup(kind, **more):
    return {"kind": kind, "method": "GET", "path": "/details$", **more}


def create(scene, **more):
    new = NewKey(name="new", iam_id=scene.iam_id, account_id=scene.account_id, key_value=VALUE, **more)
    return scene.connect().api_keys.create(new)


@pytest.mark.parametrize(
    ("faults", "settings", "posts"),
    [
        ([], {}, 1),
        ([on_create("cut_before")], {}, 2),
        ([on_create("cut_before", times=2)], {}, 3),
        ([on_create("cut_after")], {}, 1),
        ([on_create("status", status=500)], {}, 2),
        ([on_create("status", status=503, retry_after=1)], {}, 2),
        ([on_create("status_after_effect", status=500)], {}, 1),
        ([on_create("status_after_effect", status=504)], {}, 1),
        ([on_create("proxy_page")], {}, 2),
        ([on_create("status", status=429)], {}, 2),
        ([on_create("status", status=429, retry_after=3, times=2)], {}, 3),
        # The effect comes after the second try: IAM takes a value once.
        ([on_create("late", seconds=300)], {}, 2),
        # The effect comes while we look for it.
        ([on_create("late", seconds=3)], {}, 1),
        # Replicas do not know the new key yet.
        ([on_create("cut_after")], {"unknown_reads": 3}, 1),
        # ... for so long that the create is sent again, and refused because the value is taken.
        ([on_create("cut_after")], {"unknown_reads": 8}, 2),
        ([on_create("cut_after")], {"unknown_reads": 8, "duplicate_value_status": 400}, 2),
        ([on_create("invalid_token_once")], {}, 2),
    ],
)
def test_whatever_happens_to_the_answer_there_is_one_key_in_the_end(scene, faults, settings, posts):
    scene.emulator.change_settings(**settings)
    scene.faults(*faults)
    made = create(scene)
    scene.emulator.settle()

    assert [key["id"] for key in scene.keys("new")] == [made.id]
    assert scene.keys("new")[0]["apikey"] == VALUE
    assert scene.sent().count(CREATE) == posts


@pytest.mark.parametrize(
    ("faults", "error", "posts"),
    [
        ([on_create("cut_before", times=9)], CannotConnect, 3),
        ([on_create("status", status=500, times=9)], ServiceFailed, 3),
        ([on_create("status", status=429, times=9)], TooBusy, 6),
        ([on_create("status", status=403)], NotPermitted, 1),
        ([on_create("status", status=422, code="BXNIM0151E")], LimitReached, 1),
        ([on_create("status", status=400)], Invalid, 1),
        ([on_create("status", status=409)], Conflict, 1),
    ],
)
def test_a_create_without_effect_is_given_up_with_its_own_error(scene, faults, error, posts):
    scene.faults(*faults)
    with pytest.raises(error):
        create(scene)

    assert scene.keys("new") == []
    assert scene.sent().count(CREATE) == posts


@pytest.mark.parametrize(
    ("faults", "settings"),
    [
        ([on_create("cut_after", times=9)], {"unknown_reads": 99}),
        ([on_create("cut_after"), on_create("status", status=403)], {"unknown_reads": 99}),
        ([on_create("cut_after"), on_create("status", status=422, code="BXNIM0151E")], {"unknown_reads": 99}),
        ([on_create("cut_after"), on_create("status", status=429, times=9)], {"unknown_reads": 99}),
        ([on_create("cut_after"), on_lookup("status", status=403)], {}),
        ([on_create("cut_after"), on_lookup("cut_before", times=9)], {}),
        ([on_create("status_after_effect", status=400), on_lookup("status", status=403)], {}),
        # The first create took effect, the second is refused because the value is taken, and nobody sees the key.
        ([on_create("cut_after")], {"unknown_reads": 99}),
        ([on_create("cut_after")], {"unknown_reads": 99, "duplicate_value_status": 400}),
    ],
)
def test_an_error_that_hides_a_key_says_that_it_may_have_happened(scene, faults, settings):
    scene.emulator.change_settings(**settings)
    scene.faults(*faults)
    with pytest.raises(IamError) as caught:
        create(scene)

    assert caught.value.may_have_happened
    assert not isinstance(caught.value, Refused), "a refusal would mean that there is no key"
    assert len(scene.keys("new")) == 1


def test_a_value_that_another_key_has_is_not_taken_for_ours(scene):
    scene.user.create_key(name="other", apikey=VALUE)
    with pytest.raises(Conflict):
        create(scene)

    assert scene.keys("new") == []


def test_lock_and_disable_take_effect_with_the_create_itself(scene):
    made = create(scene, locked=True, disabled=True)

    assert (made.locked, made.disabled) == (True, True)
    assert scene.writes() == [CREATE]


def test_a_value_is_44_characters_of_ibms_alphabet_and_no_option():
    drawn = [draw_key_value() for _time in range(500)]

    assert len(set(drawn)) == 500
    assert {len(each) for each in drawn} == {44}
    assert not [each for each in drawn if each.startswith("-") or not each.replace("-", "").replace("_", "").isalnum()]


def test_a_value_does_not_show_in_a_repr(scene):
    assert VALUE not in repr(create(scene)) + repr(NewKey("n", "i", "a", VALUE))


# ---- refusals that say what was wrong


@pytest.fixture
def robot(scene):
    return scene.user.create_service_id(name="robot")


def create_for(client, scene, robot, **more):
    new = NewKey(name="new", iam_id=robot["iam_id"], account_id=scene.account_id, **{"key_value": VALUE, **more})
    return client.api_keys.create(new)


@pytest.mark.parametrize("key_value", [VALUE, None])
def test_an_owner_that_was_deleted_meanwhile_is_named(scene, robot, key_value):
    client = scene.connect()
    scene.user.ask("DELETE", f"/v1/serviceids/{robot['id']}")

    with pytest.raises(UnknownOwner, match=f"there is no service ID {robot['id']} any more") as caught:
        create_for(client, scene, robot, key_value=key_value)
    assert isinstance(caught.value, Invalid)
    assert caught.value.transaction_id
    assert scene.sent().count(f"GET /v1/serviceids/{robot['id']}") == 1


@pytest.mark.parametrize("fault", [{}, {"kind": "status", "status": 403}, {"kind": "proxy_page", "status": 404}])
def test_an_owner_that_is_there_or_cannot_be_looked_up_is_not_blamed(scene, robot, fault):
    client = scene.connect()
    scene.faults(on_create("status", status=400))
    if fault:
        scene.faults({**fault, "path": "serviceids/"})

    with pytest.raises(Invalid) as caught:
        create_for(client, scene, robot)
    assert caught.value.__class__ is Invalid
    assert "does not accept the value of a property" in str(caught.value)


def test_a_refused_input_tells_how_long_its_texts_are_and_not_what_they_say(scene, robot):
    scene.emulator.change_settings(description_limit=100)
    description = "for Jane " * 10 + "[cloudkeys 3f9a2c7d/12]"

    with pytest.raises(Invalid) as caught:
        create_for(scene.connect(), scene, robot, description=description)
    told = (
        "sent were a name of 3 characters and a description of 113 characters (24 of them the marker of the rotation)"
    )
    assert told in str(caught.value)
    assert "Jane" not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "change"),
    [
        ({"name_limit": 9}, lambda client, key, _robot: client.api_keys.update(key["id"], {"name": "x" * 10}, "*")),
        (
            {"name_limit": 9},
            lambda client, _key, robot: client.service_ids.update(robot["id"], {"name": "x" * 10}, "*"),
        ),
        (
            {"name_limit": 9},
            lambda client, _key, _robot: client.service_ids.create("x" * 10, client.caller().account_id),
        ),
    ],
)
def test_a_change_that_is_refused_tells_the_length_of_what_was_sent(scene, robot, settings, change):
    key = scene.user.create_key(name="one")
    scene.emulator.change_settings(**settings)

    with pytest.raises(Invalid, match="sent were a name of 10 characters"):
        change(scene.connect(), key, robot)


def test_only_a_refused_input_tells_lengths(scene, robot):
    for status in (403, 409, 422, 500):
        client = scene.connect()
        scene.faults(on_create("status", status=status, times=9))
        with pytest.raises(IamError) as caught:
            create_for(client, scene, robot)
        assert "sent were" not in str(caught.value)
        scene.emulator.faults.waiting.clear()


@pytest.mark.parametrize(("status", "code"), [(404, "BXNIM0102E"), (404, "BXNIM0415E"), (400, "BXNIM0415E")])
def test_whatever_the_look_up_of_an_unknown_value_answers_a_lost_create_is_settled(scene, status, code):
    scene.emulator.change_settings(details_unknown_status=status, details_unknown_code=code)
    scene.faults(on_create("cut_before"))

    assert create(scene).name == "new"
    assert scene.sent().count("POST /identity/token") == 1, "the token was not refused"


def test_a_create_for_which_no_log_in_succeeds_was_not_sent(scene):
    client = scene.connect()
    scene.faults({"kind": "proxy_page", "status": 403, "path": "identity", "times": 9})

    with pytest.raises(NotUnderstood) as caught:
        client.api_keys.create(NewKey("new", scene.iam_id, scene.account_id, VALUE))
    assert not caught.value.may_have_happened
    assert scene.sent() == ["POST /identity/token"]


@pytest.mark.parametrize("status", [400, 403, 404, 409, 422])
def test_a_create_that_a_proxy_answers_is_looked_for_and_sent_again(scene, status):
    scene.faults(on_create("proxy_page", status=status))
    made = create(scene)

    assert [key["id"] for key in scene.keys("new")] == [made.id]
    assert scene.sent().count(CREATE) == 2


@pytest.mark.parametrize("status", [400, 403, 404, 409, 422])
def test_a_create_that_a_proxy_always_answers_may_have_happened(scene, status):
    scene.faults(on_create("proxy_page", status=status, times=9))
    with pytest.raises(NotUnderstood) as caught:
        create(scene)

    assert caught.value.may_have_happened
    assert scene.keys("new") == []
