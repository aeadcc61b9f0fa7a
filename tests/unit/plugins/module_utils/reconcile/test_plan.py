# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Existing key + wish -> steps."""

from __future__ import annotations

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.key_wish import KeyWish
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.plan import plan_key, view

MARKER = "[cloudkeys 3f9a2c7d/5]"


def key(**more):
    return ApiKey(**{"id": "ApiKey-1", "name": "one", "iam_id": "i", "account_id": "a", "description": "text", **more})


def wish(**more):
    return KeyWish(**{"iam_id": "i", "account_id": "a", "name": "one", **more})


LOCKED = {"locked": True}
NOON, LATER = "2027-03-31T12:00+0000", "2027-04-30T12:00+0000"


@pytest.mark.parametrize(
    ("existing", "wanted", "steps", "fields"),
    [
        # Nothing asked, or so already.
        ({}, {}, [], {}),
        ({}, {"description": "text", "locked": False, "disabled": False}, [], {}),
        ({"description": None}, {"description": ""}, [], {}),
        (LOCKED, {"description": "text"}, [], {}),
        (LOCKED, {"locked": True, "unlock": True}, [], {}),
        ({"disabled": True}, {}, [], {}),
        ({"description": f"text {MARKER}"}, {"description": "text"}, [], {}),
        ({"description": MARKER}, {"description": ""}, [], {}),
        # Text.
        ({}, {"description": "new"}, ["update"], {"description": "new"}),
        ({}, {"description": ""}, ["update"], {"description": ""}),
        ({}, {"name": "two", "id": "ApiKey-1"}, ["update"], {"name": "two"}),
        ({"description": f"text {MARKER}"}, {"description": "new"}, ["update"], {"description": f"new {MARKER}"}),
        ({"description": f"text {MARKER}"}, {"description": ""}, ["update"], {"description": MARKER}),
        ({"description": f"text {MARKER}"}, {"name": "two"}, ["update"], {"name": "two"}),
        # Expiry, in minutes; an empty text takes it away.
        ({"expires_at": "2027-03-31T12:00:30+0000"}, {"expires_at": NOON}, [], {}),
        ({"expires_at": NOON}, {}, [], {}),
        ({}, {"expires_at": ""}, [], {}),
        ({}, {"expires_at": NOON}, ["update"], {"expires_at": NOON}),
        ({"expires_at": NOON}, {"expires_at": LATER}, ["update"], {"expires_at": LATER}),
        ({"expires_at": NOON}, {"expires_at": ""}, ["update"], {"expires_at": ""}),
        # What IBM does about a leak, and sessions; IAM may not tell them.
        ({"action_when_leaked": "Disable"}, {"action_when_leaked": "disable"}, [], {}),
        ({"action_when_leaked": "disable"}, {"action_when_leaked": "none"}, ["update"], {"action_when_leaked": "none"}),
        ({}, {"action_when_leaked": "none"}, ["update"], {"action_when_leaked": "none"}),
        ({}, {"support_sessions": False}, [], {}),
        ({"support_sessions": True}, {"support_sessions": False}, ["update"], {"support_sessions": False}),
        # Written when a key is made, and never compared.
        ({}, {"store_value": True, "key_value": "v" * 44, "key_source": "iam", "iam_id": "iam-ServiceId-1"}, [], {}),
        # Switches.
        ({}, {"disabled": True}, ["disable"], {}),
        ({"disabled": True}, {"disabled": False}, ["enable"], {}),
        ({}, {"locked": True}, ["lock"], {}),
        (LOCKED, {"locked": False}, ["unlock"], {}),
        ({}, {"disabled": True, "locked": True}, ["disable", "lock"], {}),
        (
            {},
            {"description": "new", "disabled": True, "locked": True},
            ["update", "disable", "lock"],
            {"description": "new"},
        ),
        # A locked key is unlocked for a change, and locked again.
        (LOCKED, {"description": "new", "unlock": True}, ["unlock", "update", "lock"], {"description": "new"}),
        (LOCKED, {"disabled": True, "unlock": True}, ["unlock", "disable", "lock"], {}),
        (LOCKED, {"disabled": True, "locked": True, "unlock": True}, ["unlock", "disable", "lock"], {}),
        (LOCKED, {"disabled": True, "locked": False}, ["unlock", "disable"], {}),
        (LOCKED, {"description": "new", "locked": False}, ["unlock", "update"], {"description": "new"}),
        # Absent.
        (None, {"state": "absent"}, [], {}),
        ({}, {"state": "absent"}, ["delete"], {}),
        ({"disabled": True}, {"state": "absent"}, ["delete"], {}),
        (LOCKED, {"state": "absent", "unlock": True}, ["unlock", "delete"], {}),
        # Create.
        (None, {}, ["create"], {"name": "one"}),
        (None, {"description": "new"}, ["create"], {"name": "one", "description": "new"}),
        (None, {"locked": True, "disabled": True}, ["create"], {"name": "one"}),
        (None, {"expires_at": NOON}, ["create"], {"name": "one", "expires_at": NOON}),
        (None, {"expires_at": ""}, ["create"], {"name": "one"}),
        (
            None,
            {"action_when_leaked": "none", "support_sessions": False},
            ["create"],
            {"name": "one", "action_when_leaked": "none", "support_sessions": False},
        ),
    ],
)
def test_the_steps_lead_from_what_is_there_to_what_is_wished(existing, wanted, steps, fields):
    change = plan_key(None if existing is None else key(**existing), wish(**wanted))

    assert (list(change.steps), change.fields, change.changed) == (steps, fields, bool(steps))


@pytest.mark.parametrize(
    ("wanted", "verb"),
    [
        ({"description": "new"}, "changed"),
        ({"disabled": True}, "changed"),
        ({"disabled": True, "locked": True}, "changed"),
        ({"name": "two", "id": "ApiKey-1"}, "changed"),
        ({"state": "absent"}, "deleted"),
    ],
)
def test_a_locked_key_is_left_alone_without_leave(wanted, verb):
    with pytest.raises(TaskRefused, match=rf"ApiKey-1 \(one\) is locked, so it is not {verb}.*`unlock: true` allows"):
        plan_key(key(locked=True), wish(**wanted))


@pytest.mark.parametrize(
    ("existing", "wanted", "different"),
    [
        ({}, {}, {}),
        ({}, {"description": "new", "disabled": True}, {"description": "new", "disabled": True}),
        ({}, {"expires_at": NOON, "action_when_leaked": "none"}, {"expires_at": NOON, "action_when_leaked": "none"}),
        ({"expires_at": NOON}, {"expires_at": ""}, {"expires_at": None}),
        ({"description": f"text {MARKER}"}, {"description": "new"}, {"description": "new"}),
        (LOCKED, {"disabled": True, "unlock": True}, {"disabled": True}),
        (LOCKED, {"locked": False}, {"locked": False}),
    ],
)
def test_the_difference_shows_what_changes_and_nothing_else(existing, wanted, different):
    change = plan_key(key(**existing), wish(**wanted))

    assert change.before == view(key(**existing))
    assert {name: text for name, text in change.after.items() if text != change.before[name]} == different


def test_a_key_is_not_created_under_an_id():
    with pytest.raises(TaskRefused, match="there is no API key ApiKey-1, and without a name"):
        plan_key(None, wish(name=None, id="ApiKey-1"))


def test_a_view_holds_everything_but_the_value():
    shown = view(key(description=f"text {MARKER}", key_value="s3cret", entity_tag="t"))

    assert "s3cret" not in repr(shown)
    assert {"key_value", "entity_tag"}.isdisjoint(shown)
    assert (shown["description"], shown["rotation_marker"]) == ("text", MARKER)


LIKE_THE_OLD = {
    "description": "text",
    "expires_at": NOON,
    "action_when_leaked": "none",
    "support_sessions": True,
    "disabled": True,
}


@pytest.mark.parametrize(
    ("wanted", "different"),
    [
        ({}, {}),
        (
            {"description": "", "expires_at": "", "disabled": False},
            {"description": "", "expires_at": None, "disabled": False},
        ),
        (
            {"action_when_leaked": "delete", "support_sessions": False},
            {"action_when_leaked": "delete", "support_sessions": False},
        ),
    ],
)
def test_a_replacement_is_like_the_old_key_where_nothing_else_is_asked_for(wanted, different):
    change = plan_key(key(**LIKE_THE_OLD), wish(**wanted), is_replaced=True)
    expected = {"name": "one", "iam_id": "i", "locked": False, **LIKE_THE_OLD, **different}

    assert change.steps == ("create", "delete")
    assert change.key == key(**LIKE_THE_OLD)
    assert {name: change.after.get(name) for name in expected} == expected


@pytest.mark.parametrize(("wanted", "locked_after"), [({"unlock": True}, True), ({"locked": False}, False)])
def test_a_locked_key_is_replaced_with_leave_and_by_a_locked_one(wanted, locked_after):
    change = plan_key(key(**LOCKED), wish(**wanted), is_replaced=True)

    assert (change.steps, change.after["locked"]) == (("create", "unlock", "delete"), locked_after)


@pytest.mark.parametrize(
    ("existing", "says"),
    [(LOCKED, "is locked, so it is not deleted"), ({"description": MARKER}, "belongs to a rotation")],
)
def test_a_key_that_must_stay_is_not_replaced(existing, says):
    with pytest.raises(TaskRefused, match=says):
        plan_key(key(**existing), wish(), is_replaced=True)
