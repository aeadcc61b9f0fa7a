# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# ruff: noqa: E501  # a row of a table is read in one line
"""The decision table: what is on record and seen, and the step that follows."""

from __future__ import annotations

import typing as t
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import format_time
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.loaded import Loaded
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.plan import orphans, plan_slot
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.policy import Policy
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import (
    Current,
    Pending,
    Record,
    Superseded,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Orders, Slot
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.view import Step, View

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=timezone.utc)
SLOT = Slot("deploy", "secrets.yml", "deploy", "deploy", "iam-ServiceId-1", "acc")
HOUR = timedelta(hours=1)
NOTHING_ORDERED = Orders()


def key(key_id: str, generation: int | None = None, *, age: timedelta = HOUR, **changes: t.Any) -> ApiKey:
    marker = f"[cloudkeys 3f9a2c7d/{generation}]" if generation else None
    return ApiKey(
        id=key_id,
        name=changes.pop("name", "deploy"),
        iam_id="iam-ServiceId-1",
        account_id="acc",
        description=marker,
        created_at=format_time(NOW - age),
        **changes,
    )


def current(generation: int = 1, *, age: timedelta = HOUR) -> Current:
    return Current(generation, f"K{generation}", NOW - age, iam_id="iam-ServiceId-1")


def record(**parts: t.Any) -> Record:
    return Record("3f9a2c7d", 7, parts.pop("last_generation", 3), account_id="acc", **parts)


def superseded(*, superseded_for: timedelta, **parts: t.Any) -> Record:
    entry = Superseded(1, "K1", NOW - superseded_for, "old-value", iam_id="iam-ServiceId-1", **parts)
    return record(current=current(2), superseded=(entry,))


def seen(*keys: ApiKey, has_value: bool = True) -> View:
    return View(SLOT, NOW, Loaded(None, "value" if has_value else None), keys)


def planned_for(view: View, on_record: Record | None, slot: Slot = SLOT, orders: Orders = NOTHING_ORDERED) -> Step:
    return plan_slot(replace(view, slot=slot, loaded=replace(view.loaded, record=on_record)), orders)


def pending(*, age: timedelta, **parts: t.Any) -> Record:
    return record(current=current(), pending=Pending(2, NOW - age, "next-value", iam_id="iam-ServiceId-1", **parts))


OLD = timedelta(days=91)
OVERLAP_OVER = timedelta(hours=73)
SOAK_OVER = timedelta(hours=169)
K1, K2 = key("K1", 1), key("K2", 2)
K1_OFF = replace(K1, disabled=True)
SHORT_LIVED = replace(K1, expires_at=format_time(NOW + timedelta(days=29)))

TABLE: list[tuple[str, Record | None, View, str, str]] = [
    ("nothing is there yet", None, seen(has_value=False), "intend", "first one"),
    ("no record, a key of that name", None, seen(key("X"), has_value=False), "stop", "X"),
    ("no record, a value in the variable", None, seen(), "stop", "only copy"),
    ("a record without a key, and a value somebody wrote", record(), seen(), "stop", "only copy"),
    ("a withdrawn first try", record(), seen(has_value=False), "intend", "first one"),
    ("fresh", record(current=current()), seen(K1), "idle", "not due"),
    ("too old", record(current=current(age=OLD)), seen(key("K1", 1, age=OLD)), "intend", "older than 90"),
    (
        "expires soon",
        record(current=current()),
        seen(replace(key("K1", 1, age=timedelta(days=80)), expires_at=format_time(NOW + timedelta(days=29)))),
        "intend",
        "expires",
    ),
    ("gone", record(current=current()), seen(), "intend", "gone"),
    ("disabled by somebody", record(current=current()), seen(K1_OFF), "stop", "disabled"),
    ("expired", record(current=current()), seen(replace(K1, expires_at=format_time(NOW - HOUR))), "intend", "expired"),
    ("lives too short for a successor like it", record(current=current()), seen(SHORT_LIVED), "stop", "expires_in_days"),
    ("a marker ahead of the record", record(current=current()), seen(K1, key("K9", 4)), "stop", "K9"),
    ("announced just now, not there", pending(age=timedelta(seconds=30)), seen(K1), "wait", "announced"),
    ("announced long ago, not there", pending(age=HOUR), seen(K1), "create", "does not exist"),
    ("announced just now, there", pending(age=timedelta(seconds=30)), seen(K1, K2), "publish", "prove"),
    ("announced for tomorrow", pending(age=-24 * HOUR), seen(K1), "stop", "future"),
    ("being withdrawn long ago", pending(age=HOUR, withdrawing_at=NOW - HOUR), seen(K1, K2), "withdraw", "withdrawn"),
    ("being withdrawn just now", pending(age=HOUR, withdrawing_at=NOW), seen(K1, K2), "wait", "announced"),
    ("pending while another retires", replace(superseded(superseded_for=HOUR), pending=Pending(3, NOW - HOUR, "v")), seen(K1, K2), "create", "not exist"),
    ("still called next", record(current=current()), seen(replace(K1, name="deploy (next)")), "finish_publishing", "called"),
    ("overlap", superseded(superseded_for=HOUR), seen(K1, K2), "overlap", "K1, still works"),
    ("disabled by hand in its overlap", superseded(superseded_for=HOUR), seen(K1_OFF, K2), "overlap", "K1, is disabled already"),
    ("overlap over", superseded(superseded_for=OVERLAP_OVER), seen(K1, K2), "observe", "still in use"),
    ("disable announced just now", superseded(superseded_for=OVERLAP_OVER, disabling_at=NOW), seen(K1, K2), "wait", "announced"),
    ("disable announced, not done", superseded(superseded_for=OVERLAP_OVER, disabling_at=NOW - HOUR), seen(K1, K2), "observe", "over"),
    ("disabled by hand", superseded(superseded_for=OVERLAP_OVER), seen(K1_OFF, K2), "disable", "over"),
    ("soak", superseded(superseded_for=2 * SOAK_OVER, disabling_at=NOW - HOUR), seen(K1_OFF, K2), "soak", "enabled again"),
    ("soak over", superseded(superseded_for=2 * SOAK_OVER, disabling_at=NOW - SOAK_OVER), seen(K1_OFF, K2), "delete", "soak is over"),
    ("delete announced just now", superseded(superseded_for=SOAK_OVER, disabling_at=NOW - SOAK_OVER, deleting_at=NOW), seen(K1_OFF, K2), "wait", "announced"),
    ("delete announced long ago", superseded(superseded_for=SOAK_OVER, deleting_at=NOW - HOUR), seen(K1, K2), "delete", "announced"),
    ("the old key is gone", superseded(superseded_for=HOUR), seen(K2), "delete", "gone"),
    ("retiring, and the published key is shut", superseded(superseded_for=OVERLAP_OVER), seen(K1, replace(K2, disabled=True)), "stop", "disabled"),
    ("retiring, and the published key is gone", superseded(superseded_for=HOUR), seen(K1), "intend", "gone"),
    ("due while another retires", replace(superseded(superseded_for=HOUR), current=current(2, age=OLD)), seen(K1, key("K2", 2, age=OLD)), "overlap", "K1"),
    ("no free place", record(current=current(age=OLD)), replace(seen(key("K1", 1, age=OLD)), has_place=False), "stop", "20"),
    ("no free place yet", record(current=current(age=OLD)), replace(seen(key("K1", 1, age=OLD)), has_place=False, place_frees_at=NOW), "later", "20"),
    ("replaced in this run already", record(current=current(age=OLD)), replace(seen(key("K1", 1, age=OLD)), has_replaced=True), "later", "once"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("on_record", "world", "step", "words"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_the_step_that_follows(on_record: Record | None, world: View, step: str, words: str) -> None:
    planned = planned_for(world, on_record)

    assert planned.name == step
    assert words in planned.reason


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"compromised": True}, "it leaked"),
        ({"deleting_at": NOW - HOUR}, "its deletion is announced"),
        ({}, None),
    ],
)
def test_from_where_there_is_a_way_back(entry: dict[str, t.Any], words: str | None) -> None:
    ordered = Orders(rollback_to_ids=frozenset({"K1"}))

    planned = planned_for(seen(K1, K2), superseded(superseded_for=HOUR, **entry), orders=ordered)

    assert planned.name == ("stop" if words else "roll_back")
    assert words is None or words in planned.reason


def test_there_is_no_way_back_to_a_value_that_is_not_on_record() -> None:
    ordered = Orders(rollback_to_ids=frozenset({"K1"}))
    entry = replace(superseded(superseded_for=HOUR).superseded[0], key_value=None)

    planned = planned_for(seen(K1, K2), record(current=current(2), superseded=(entry,)), orders=ordered)

    assert (planned.name, "not on record" in planned.reason) == ("stop", True)


def test_a_slot_in_overlap_says_when_it_goes_on() -> None:
    planned = planned_for(seen(K1, K2), superseded(superseded_for=HOUR))

    assert planned.next_at == NOW + timedelta(hours=71)


def test_asking_for_a_newer_key_replaces_it_only_once() -> None:
    asked = replace(SLOT, policy=Policy(rotate_if_older_than=NOW - timedelta(minutes=30)))

    assert planned_for(seen(K1), record(current=current(age=HOUR)), asked).name == "intend"
    assert planned_for(seen(K1), record(current=current(age=timedelta(minutes=29))), asked).name == "idle"


def test_without_overlap_and_soak_an_old_key_is_disabled_and_deleted_at_once() -> None:
    quick = replace(SLOT, policy=Policy(overlap_hours=0, soak_hours=0, quiet_hours=0))

    assert planned_for(seen(K1, K2), superseded(superseded_for=timedelta(0)), quick).name == "disable"
    assert (
        planned_for(seen(K1_OFF, K2), superseded(superseded_for=timedelta(0), disabling_at=NOW), quick).name == "delete"
    )


def test_a_record_older_than_iam_writes_nothing_at_all() -> None:
    planned = planned_for(seen(K1, key("K9", 4)), record(current=current()))

    assert planned.trusts_record is False
    assert isinstance(planned, Step)


LONG_AGO = timedelta(hours=3)
ORPHANS: list[tuple[str, Record, ApiKey, bool]] = [
    ("old and of a burnt generation", record(current=current(3)), key("O", 2, age=LONG_AGO), True),
    ("too young", record(current=current(3)), key("O", 2, age=HOUR), False),
    ("the published one", record(current=current(3)), key("K3", 3, age=LONG_AGO), False),
    ("of a higher generation", record(current=current(3)), key("O", 4, age=LONG_AGO), False),
    ("without our marker", record(current=current(3)), key("O", age=LONG_AGO), False),
    ("of the pending generation", pending(age=HOUR), key("O", 2, age=LONG_AGO), False),
    ("a twin of the pending one", pending(age=HOUR, id="K2"), key("O", 2, age=LONG_AGO), True),
    ("on its way out", superseded(superseded_for=HOUR), key("K1", 1, age=LONG_AGO), False),
]


@pytest.mark.parametrize(
    ("on_record", "suspect", "expected"), [row[1:] for row in ORPHANS], ids=[row[0] for row in ORPHANS]
)
def test_what_counts_as_an_orphan(on_record: Record, suspect: ApiKey, expected: bool) -> None:
    assert bool(orphans(replace(seen(suspect), loaded=Loaded(on_record)))) is expected
