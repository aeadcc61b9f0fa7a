# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a task cannot mean is said before anything is sent."""

from __future__ import annotations

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.key_wish import (
    KeyWish,
    minute_text,
)

USER, ROBOT = "IBMid-1", "iam-ServiceId-1"


@pytest.mark.parametrize(
    ("iam_id", "asked", "says"),
    [
        (USER, {"description": "x [cloudkeys 3f9a2c7d/5]"}, "like a rotation marker"),
        (USER, {"store_value": True}, "`store_value: true` is for API keys of service IDs"),
        (ROBOT, {"support_sessions": True}, "`support_sessions: true` is for API keys of users"),
        (USER, {"on_duplicate": "all"}, "goes with `state: absent` only"),
        (USER, {"on_duplicate": "newest", "state": "absent"}, "would delete another key in every run"),
        (USER, {"key_value": "v" * 31}, "at least 32 characters"),
        (USER, {"id": "ApiKey-1", "recreate": True}, "a key of another id"),
    ],
)
def test_what_cannot_be_meant_is_refused(iam_id, asked, says):
    with pytest.raises(TaskRefused, match=says):
        KeyWish(**{"iam_id": iam_id, "account_id": "a", "name": "one", **asked})


@pytest.mark.parametrize(
    ("iam_id", "asked"),
    [
        (USER, {"store_value": False, "support_sessions": True}),
        (ROBOT, {"store_value": True, "support_sessions": False}),
        ("", {"id": "ApiKey-1", "store_value": True, "support_sessions": True}),
        (USER, {"on_duplicate": "all", "state": "absent"}),
        (USER, {"key_value": "v" * 32}),
        (USER, {"key_value": "short", "state": "absent"}),
    ],
)
def test_what_can_be_meant_is_not(iam_id, asked):
    KeyWish(**{"iam_id": iam_id, "account_id": "a", "name": "one", **asked})


def test_a_wish_does_not_show_the_value_in_a_repr():
    assert "v" * 32 not in repr(KeyWish(USER, "a", key_value="v" * 32))


@pytest.mark.parametrize(
    "text",
    [
        "2027-03-31T12:00+0000",
        "2027-03-31T12:00Z",
        "2027-03-31T12:00:59Z",
        "2027-03-31 12:00:00+00:00",
        "2027-03-31T14:00:00.123+02:00",
        "2027-03-31T00:30-1130",
        " 2027-03-31T12:00+0000\n",
    ],
)
def test_a_time_is_read_in_every_usual_form_and_counts_in_minutes(text):
    assert minute_text(text) == "2027-03-31T12:00+0000"


@pytest.mark.parametrize(
    "text",
    [
        "2027-03-31",
        "2027-03-31T12:00",
        "never",
        "31.03.2027 12:00Z",
        "2027-02-30T12:00Z",
        "2027-03-31T25:00Z",
    ],
)
def test_a_time_without_a_zone_or_none_at_all_is_refused(text):
    with pytest.raises(TaskRefused, match="a time with its zone"):
        minute_text(text)
