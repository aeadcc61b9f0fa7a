# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Existing key + wish -> steps."""

from __future__ import annotations

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.plan import plan_key, view
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.wish import CannotDecide, KeyWish

MARKER = "[cloudkeys 3f9a2c7d/5]"


def key(**more):
    return ApiKey(**{"id": "ApiKey-1", "name": "one", "iam_id": "i", "account_id": "a", "description": "text", **more})


def wish(**more):
    return KeyWish(iam_id="i", account_id="a", **{"name": "one", **more})


LOCKED = {"locked": True}


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
    with pytest.raises(CannotDecide, match=rf"ApiKey-1 \(one\) is locked, so it is not {verb}.*`unlock: true` allows"):
        plan_key(key(locked=True), wish(**wanted))


@pytest.mark.parametrize(
    ("existing", "wanted", "different"),
    [
        ({}, {}, {}),
        ({}, {"description": "new", "disabled": True}, {"description": "new", "disabled": True}),
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
    with pytest.raises(CannotDecide, match="there is no API key ApiKey-1, and without a name"):
        plan_key(None, wish(name=None, id="ApiKey-1"))


def test_a_view_holds_everything_but_the_value():
    shown = view(key(description=f"text {MARKER}", key_value="s3cret", entity_tag="t"))

    assert "s3cret" not in repr(shown)
    assert {"key_value", "entity_tag"}.isdisjoint(shown)
    assert (shown["description"], shown["rotation_marker"]) == ("text", MARKER)
