# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The record's shape in the file."""

from __future__ import annotations

import typing as t
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import (
    CLEAR_MEMBERS,
    FORMAT,
    Current,
    Pending,
    Record,
    RecordIsUnreadable,
    Superseded,
    from_data,
    round_up,
    to_data,
)
from hypothesis import given
from hypothesis import strategies as st

MOMENT = datetime(2026, 6, 1, 12, 0, 7, tzinfo=timezone.utc)
FULL = Record(
    "3f9a2c7d",
    17,
    5,
    Current(4, "K4", MOMENT, MOMENT, MOMENT, True, "iam-ServiceId-1", MOMENT, "[cloudkeys 00000001/2]"),
    Pending(5, MOMENT, "pending-value", "K5", MOMENT, "iam-ServiceId-1"),
    (
        Superseded(
            3, "K3", MOMENT, "old-value", MOMENT, MOMENT, MOMENT, True, "iam-ServiceId-1", True, is_unpublished=True
        ),
        Superseded(2, "K2", MOMENT),
    ),
    account_id="a1",
)


@pytest.mark.parametrize("record", [Record("3f9a2c7d"), FULL], ids=["empty", "full"])
def test_a_record_comes_back_from_the_file_as_it_went(record: Record) -> None:
    assert from_data(to_data(record)) == record


def test_every_text_that_stays_clear_is_an_id_or_a_time() -> None:
    clear = {text for name, text in texts(to_data(FULL)) if name in CLEAR_MEMBERS}

    assert {text for _name, text in texts(to_data(FULL))} - clear == {"pending-value", "old-value"}


def test_no_value_is_shown_when_a_record_is_printed() -> None:
    assert "pending-value" not in repr(FULL)
    assert "old-value" not in repr(FULL)


@pytest.mark.parametrize(
    "damage",
    [None, [], {}, {"slot_id": 5, "revision": 1, "last_generation": 1}, {**to_data(FULL), "current": {"id": "K4"}},
     {**to_data(FULL), "pending": "x"}, {**to_data(FULL), "superseded": [{"generation": 1, "surprise": 2}]},
     {**to_data(FULL), "superseded": 0}, {**to_data(FULL), "superseded": "x"}, {**to_data(FULL), "revision": "17"},
     {**to_data(FULL), "revision": True}, {**to_data(FULL), "revision": 1.5}, {**to_data(FULL), "account_id": 5},
     {**to_data(FULL), "current": {**to_data(FULL)["current"], "compromised": "no"}},
     {**to_data(FULL), "current": {**to_data(FULL)["current"], "compromised": None}},
     {**to_data(FULL), "current": {**to_data(FULL)["current"], "published_at": 5}},
     {**to_data(FULL), "current": {**to_data(FULL)["current"], "id": None}},
     {**to_data(FULL), "pending": {**to_data(FULL)["pending"], "key_value": 5}},
     {**to_data(FULL), "current": {**to_data(FULL)["current"], "id": "K3"}},
     {**to_data(FULL), "current": {**to_data(FULL)["current"], "generation": 0}},
     {**to_data(FULL), "current": {**to_data(FULL)["current"], "id": "{{ x }}"}},
     {**to_data(FULL), "current": {**to_data(FULL)["current"], "id": "../K4"}},
     {**to_data(FULL), "current": {**to_data(FULL)["current"], "iam_id": "iam-ServiceId-1\n"}},
     {**to_data(FULL), "account_id": "a\u202e"},
     {**to_data(FULL), "last_generation": 3}, {**to_data(FULL), "last_generation": 10**18},
     {**to_data(FULL), "current": {**to_data(FULL)["current"], "published_at": "0001-01-01T00:00:00+0000"}},
     {**to_data(FULL), "current": {**to_data(FULL)["current"], "published_at": "9999-01-01T00:00:00+0000"}},
     {**to_data(FULL), "of_a_newer_version": 1}, {**to_data(FULL), "format": "x"},
     {name: value for name, value in to_data(FULL).items() if name != "revision"}],
)  # fmt: skip
def test_a_damaged_record_is_refused(damage: t.Any) -> None:
    with pytest.raises(RecordIsUnreadable):
        from_data(damage)


def test_a_record_of_a_newer_version_is_refused_by_name() -> None:
    with pytest.raises(RecordIsUnreadable, match="another version"):
        from_data({**to_data(FULL), "format": FORMAT + 1})


def test_what_is_seldom_so_takes_a_line_in_the_file_only_then() -> None:
    seldom = {"moved_to", "displaced_marker", "rollback_is_done", "is_unpublished"}
    plain = to_data(Record("3f9a2c7d", 1, 1, Current(1, "K1", MOMENT), superseded=(Superseded(1, "K0", MOMENT),)))

    assert {"format", "pending", "account_id"} <= plain.keys()
    assert not seldom & {*plain, *plain["current"], *plain["superseded"][0]}
    assert seldom <= {*to_data(replace(FULL, moved_to="x")), *to_data(FULL)["current"], *to_data(FULL)["superseded"][0]}


@given(st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2090, 1, 1)))
def test_a_recorded_time_is_never_too_early(naive: datetime) -> None:
    moment = naive.replace(tzinfo=timezone.utc)

    assert timedelta(0) <= round_up(moment) - moment < timedelta(seconds=1)


def texts(data: t.Any, name: str = "") -> list[tuple[str, str]]:
    if isinstance(data, dict):
        return [found for member, value in data.items() for found in texts(value, member)]
    if isinstance(data, list):
        return [found for value in data for found in texts(value, name)]
    return [(name, data)] if isinstance(data, str) else []
