# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A key that a rotation looks after is not taken away behind its back, and its marker stays."""

from __future__ import annotations

import pytest

MARKER = "[cloudkeys 3f9a2c7d/5]"
INSTEAD = (
    "iam_api_key_rotation",
    "`compromised_ids`",
    "`retire_ids`",
    "`state: absent` of the slot",
    "`rotated_keys: allow`",
)
LATER, SOONER = "2027-06-01T00:00+0000", "2027-03-01T00:00+0000"
each_mode = pytest.mark.parametrize("check_mode", [True, False])


@pytest.fixture
def robot(scene):
    """A service ID with the published key of a slot and the next one."""
    made = scene.user.create_service_id(name="robot")
    for name, generation in (("deploy", 5), ("deploy (next)", 6)):
        description = f"for x [cloudkeys 3f9a2c7d/{generation}]"
        scene.user.create_key(name=name, iam_id=made["iam_id"], description=description, expires_at=LATER)
    return made["id"]


def the_key(scene, name="deploy"):
    (key,) = scene.keys(name)
    return key


TAKING_AWAY = [
    ({"state": "absent"}, "deleted"),
    ({"disabled": True}, "disabled"),
    ({"disabled": True, "description": "new"}, "disabled"),
    ({"recreate": True, "key_value": "v" * 44}, "deleted"),
    ({"expires_at": SOONER}, "made to expire sooner"),
]


@each_mode
@pytest.mark.parametrize("name", ["deploy", "deploy (next)"])
@pytest.mark.parametrize(("asked", "verb"), TAKING_AWAY)
def test_a_rotated_key_is_not_taken_away(scene, robot, manage, name, asked, verb, check_mode):
    key = the_key(scene, name)
    result = manage(check_mode, service_id=robot, name=name, **asked)

    assert f"so it is not {verb}" in result["msg"]
    assert f"{key['id']} ({name}, [cloudkeys 3f9a2c7d/" in result["msg"]
    assert [word for word in INSTEAD if word not in result["msg"]] == []
    assert result["candidates"] == [key["id"]]
    assert scene.writes() == []


@pytest.mark.parametrize("by", ["id", "key_value"])
def test_however_it_is_named(scene, robot, manage, by):
    given = {"id": "id", "key_value": "apikey"}
    result = manage(state="absent", unlock=True, allow_self=True, **{by: the_key(scene)[given[by]]})

    assert "so it is not deleted" in result["msg"]
    assert scene.writes() == []


@pytest.mark.parametrize(("asked", "_verb"), TAKING_AWAY)
def test_it_is_with_the_users_word(scene, robot, manage, asked, _verb):
    result = manage(service_id=robot, name="deploy", rotated_keys="allow", **asked)

    assert result["changed"], result
    assert manage(True, service_id=robot, name="deploy", **{**asked, "rotated_keys": "refuse"})["changed"] is False


@pytest.mark.parametrize(
    "asked",
    [
        {"description": "new"},
        {"locked": True},
        {"disabled": False},
        {"action_when_leaked": "delete"},
        {"expires_at": ""},
        {"expires_at": "2027-07-01T00:00+0000"},
        {"expires_at": LATER},
    ],
    ids=str,
)
def test_what_takes_nothing_away_is_done(scene, robot, manage, asked):
    assert "msg" not in manage(service_id=robot, name="deploy", **asked)
    assert the_key(scene)["description"].endswith(MARKER)


def test_a_key_that_never_expires_is_not_given_an_end(scene, manage):
    scene.user.create_key(name="deploy", description=MARKER)
    result = manage(name="deploy", expires_at=LATER)

    assert "so it is not made to expire sooner" in result["msg"]


def test_every_twin_is_looked_at_before_one_is_deleted(scene, robot, manage):
    scene.user.create_key(name="deploy", iam_id=f"iam-{robot}")
    result = manage(service_id=robot, name="deploy", state="absent", on_duplicate="all")

    assert "so it is not deleted" in result["msg"]
    assert len(scene.keys("deploy")) == 2


def test_one_of_many_is_refused_and_the_others_are_done(scene, robot, manage_all):
    keys = [{"service_id": robot, "name": "deploy", "state": "absent"}, {"name": "mine", "discard_value": True}]
    result = manage_all(keys)

    assert [part["failed"] for part in result["outcomes"]] == [True, False]
    assert MARKER in result["outcomes"][0]["msg"]
    assert len(scene.keys("deploy")) == 1


@pytest.mark.parametrize("word", [{}, {"rotated_keys": "allow"}], ids=["refuse", "allow"])
def test_a_purge_keeps_them_and_says_so(scene, robot, manage_all, word):
    declared = [{"service_id": robot, "name": "other", "discard_value": True}]
    result = manage_all(declared, purge=True, **word)

    if word:
        assert [key["name"] for key in result["purged"]] == ["deploy", "deploy (next)"]
        return
    assert result["purged"] == []
    assert [key["reason"] for key in result["kept"]] == [
        f"it belongs to a rotation, [cloudkeys 3f9a2c7d/{generation}]" for generation in (5, 6)
    ]
    assert "msg" not in result


EDITED = [
    f"{MARKER} ",
    f"{MARKER}\n",
    f"for x {MARKER} - ask Kim before you touch this",
    f"{MARKER} {MARKER}",
    "[Cloudkeys 3f9a2c7d/5]",
    "[ cloudkeys  3F9A2C7D / 5 ]",
    "[cloudkeys 3f9a2c7d/5",
    "\u00a0[cloudkeys\u00a03f9a2c7d/5]\u200b",
]


@pytest.mark.parametrize("description", EDITED, ids=repr)
def test_a_marker_that_somebody_edited_protects_all_the_same(scene, manage, manage_all, manage_robot, description):
    """The rotation finds the published key by its id; whoever used its value would be shut out."""
    made = scene.user.create_service_id(name="robot")
    scene.user.create_key(name="deploy", iam_id=made["iam_id"], description=description)

    for asked in ({"state": "absent"}, {"disabled": True}):
        assert "belongs to a rotation" in manage(service_id="robot", name="deploy", **asked)["msg"]
    assert "belongs to a rotation" in manage_robot(name="robot", state="absent", delete_keys=True)["msg"]
    declared = [{"service_id": "robot", "name": "other", "discard_value": True}]
    (kept,) = manage_all(declared, purge=True)["kept"]
    assert kept["reason"].startswith("it belongs to a rotation, ")
    assert scene.keys("deploy")


@pytest.mark.parametrize(
    "description", ["made by cloudkeys", "[cloudkeys]", "see cloudkeys 3f9a2c7d/5", "[other 3f9a2c7d/5]"]
)
def test_other_words_are_no_marker(scene, manage, description):
    scene.user.create_key(name="deploy", description=description)

    assert manage(name="deploy", state="absent")["changed"]


@each_mode
def test_a_service_id_is_not_deleted_with_them(scene, robot, manage_robot, check_mode):
    scene.user.create_key(name="other", iam_id=f"iam-{robot}")
    result = manage_robot(check_mode, name="robot", state="absent", delete_keys=True)

    assert "so it is not deleted with service ID" in result["msg"]
    assert result["candidates"] == sorted(the_key(scene, name)["id"] for name in ("deploy", "deploy (next)"))
    assert scene.writes() == []
    assert manage_robot(check_mode, name="robot", state="absent", delete_keys=True, rotated_keys="allow")["changed"]


def test_a_marker_that_is_written_at_the_same_moment_is_not_lost(scene, manage):
    """A rotation takes the key over between the first look and the unlock."""
    scene.user.create_key(name="deploy", headers={"Entity-Lock": "true"})
    key = next(key for key in scene.emulator.world.keys.values() if key.name == "deploy")
    note = scene.emulator.world.note_change

    def adopted_meanwhile(entity, *more):
        key.description = key.description or MARKER
        note(entity, *more)

    scene.emulator.world.note_change = adopted_meanwhile
    result = manage(name="deploy", description="new", unlock=True)

    assert result["changed"], result
    assert the_key(scene)["description"] == f"new {MARKER}"
    assert the_key(scene)["locked"]


@pytest.fixture
def unmarked(scene):
    """A service ID with a slot of `use_marker: false` between prove and rename, and a key of its own kind."""
    made = scene.user.create_service_id(name="unmarked")
    for name in ("deploy", "deploy (next)", "test (next)"):
        scene.user.create_key(name=name, iam_id=made["iam_id"])
    return made["id"]


@pytest.mark.parametrize("by", ["name", "id"])
def test_a_purge_keeps_the_next_key_beside_a_declared_one(scene, unmarked, manage_all, by):
    declared = {"name": "deploy"} if by == "name" else {"id": the_key(scene)["id"]}
    result = manage_all([{"service_id": unmarked, **declared}], purge=True)

    assert [key["name"] for key in result["purged"]] == ["test (next)"]
    assert [(key["name"], key["reason"]) for key in result["kept"]] == [
        ("deploy (next)", "a rotation without markers may have made it as the next key of 'deploy'")
    ]


@each_mode
def test_the_same_when_the_declared_key_is_missing(scene, unmarked, manage_all, check_mode):
    scene.user.ask("DELETE", f"/v1/apikeys/{the_key(scene)['id']}")
    declared = {"service_id": unmarked, "name": "deploy", "discard_value": True}
    result = manage_all([declared], check_mode, purge=True)

    assert [key["name"] for key in result["kept"]] == ["deploy (next)"]


def test_a_purge_takes_it_with_the_users_word(scene, unmarked, manage_all):
    result = manage_all([{"service_id": unmarked, "name": "deploy"}], purge=True, rotated_keys="allow")

    assert [key["name"] for key in result["purged"]] == ["deploy (next)", "test (next)"]
