# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""IAM's times, read and written."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import format_time, parse_time


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-04T09:15+0000", (2026, 3, 4, 9, 15)),
        ("2026-03-04T09:15Z", (2026, 3, 4, 9, 15)),
        ("2026-03-04T09:15:07+00:00", (2026, 3, 4, 9, 15, 7)),
        ("2026-03-04T09:15:07.123Z", (2026, 3, 4, 9, 15, 7)),
        ("2026-03-04T00:15+0530", (2026, 3, 3, 18, 45)),
        ("2026-12-31T19:15-05:30", (2027, 1, 1, 0, 45)),
        ("2023-03-07T13:55:33:428+0000", (2023, 3, 7, 13, 55, 33)),
        ("9999-12-31T23:59+0000", (9999, 12, 31, 23, 59)),
    ],
)
def test_a_time_is_read(text, moment):
    assert parse_time(text) == datetime(*moment, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    "text",
    [
        *("", "2026-03-04", "2026-03-04T09:15", "2026-02-30T09:15Z", "2026-03-04T09:60Z", "x", "0000-01-01T00:00Z"),
        *("2026-03-04T09:15+99:99", "2026-03-04T09:15+24:00", "2026-03-04T09:15+00:60", "2026-03-04T09:15Z\n"),
        *("9999-12-31T23:59-14:00", "0001-01-01T00:00+14:00", "1969-12-31T23:59Z", "2026-03-04T09:15:07.Z"),
        *("\uff12\uff10\uff12\uff16-03-04T09:15Z", "2026-03-04T09:15+\u0660\u0660:00", "2026-03-04T09:15:07,5Z"),
    ],
)
def test_anything_else_is_not_a_time(text):
    with pytest.raises(ValueError, match=r"not a time|out of range|must be in"):
        parse_time(text)


def test_a_written_time_is_never_too_early():
    assert format_time(datetime(2026, 3, 4, 9, 15, 1, tzinfo=timezone.utc)) == "2026-03-04T09:16+0000"
    assert format_time(datetime(2026, 3, 4, 9, 15, tzinfo=timezone.utc)) == "2026-03-04T09:15+0000"


def test_the_last_minute_of_the_calendar_is_not_rounded_up():
    assert format_time(datetime(9999, 12, 31, 23, 59, 30, tzinfo=timezone.utc)) == "9999-12-31T23:59+0000"
