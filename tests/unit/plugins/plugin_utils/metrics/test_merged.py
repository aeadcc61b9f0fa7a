# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A run beside what the file tells of other accounts and of earlier runs."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._metrics.merged import Known, Run, merged
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._metrics.series import (
    AUDIT,
    ROTATION,
    Samples,
    series,
)

ID, OTHER_ID = "0a1b", "2c3d"


def of_slots(account: str = "prod", **states: str) -> Samples:
    """Slots with a state each, and a date."""
    samples: Samples = {}
    for slot, state in states.items():
        samples[series(f"{ROTATION}_slot_state", account, slot=slot, state=state)] = 1
        samples[series(f"{ROTATION}_slot_due_timestamp_seconds", account, slot=slot)] = 500
    return samples


def after(found: Samples, known: Known | None, **words: t.Any) -> Samples:
    return merged(
        found, Run(**{"prefix": ROTATION, "account": "prod", "now": 100, "succeeded": True, **words}, known=known)
    )


def value(samples: Samples, name: str, account: str = "prod") -> int | None:
    return samples.get(series(f"{ROTATION}_{name}", account))


def states(samples: Samples) -> dict[str, str]:
    return {each.label("slot"): each.label("state") for each in samples if each.name == f"{ROTATION}_slot_state"}


def test_a_run_that_did_well_says_when() -> None:
    told = after({}, Known(ID, of_slots(a="idle")))

    assert [value(told, f"last_{name}") for name in ("run_timestamp_seconds", "success_timestamp_seconds")] == [
        100,
        100,
    ]
    assert value(told, "last_run_failed") == 0
    assert told[series(f"{ROTATION}_account_info", "prod", account_id=ID)] == 1


def test_a_run_that_failed_keeps_when_the_last_one_did_well_and_tells_what_it_knows() -> None:
    found = after({}, Known(ID, of_slots(a="idle")), now=50)

    told = after(found, Known(ID, of_slots(a="stop")), succeeded=False)

    assert value(told, "last_run_timestamp_seconds") == 100
    assert value(told, "last_success_timestamp_seconds") == 50
    assert value(told, "last_run_failed") == 1
    assert states(told) == {"a": "stop"}


def test_a_run_that_knows_nothing_leaves_what_was_known() -> None:
    found = after({}, Known(ID, of_slots(a="idle")), now=50)

    told = after(found, None, succeeded=False)

    assert states(told) == {"a": "idle"}
    assert told[series(f"{ROTATION}_account_info", "prod", account_id=ID)] == 1
    assert value(told, "last_run_failed") == 1


def test_without_any_success_so_far_it_is_never() -> None:
    assert value(after({}, None, succeeded=False), "last_success_timestamp_seconds") == 0


def test_a_slot_that_is_not_declared_any_more_is_gone() -> None:
    found = after({}, Known(ID, of_slots(a="idle", b="idle")))

    assert states(after(found, Known(ID, of_slots(a="idle")))) == {"a": "idle"}


def test_a_run_about_some_slots_leaves_the_others() -> None:
    found = after({}, Known(ID, of_slots(a="idle", b="idle")))

    assert states(after(found, Known(ID, of_slots(a="overlap"), is_part=True))) == {"a": "overlap", "b": "idle"}


def test_of_a_slot_that_could_not_be_looked_at_the_dates_stay_and_the_state_does_not() -> None:
    replaced: Samples = {series(f"{ROTATION}_slot_replaced_keys", "prod", slot="a"): 2}
    found = after({}, Known(ID, {**of_slots(a="idle"), **replaced}))
    failed = {series(f"{ROTATION}_slot_state", "prod", slot="a", state="failed"): 1}

    told = after(found, Known(ID, failed, unseen=frozenset({"a"})))

    assert states(told) == {"a": "failed"}
    assert told[series(f"{ROTATION}_slot_due_timestamp_seconds", "prod", slot="a")] == 500
    assert told[series(f"{ROTATION}_slot_replaced_keys", "prod", slot="a")] == 2


def test_other_accounts_and_the_audit_stay_as_they_are() -> None:
    audit: Samples = {series(f"{AUDIT}_keys", "prod"): 7}
    test = after({}, Known(OTHER_ID, of_slots("test", a="idle")), account="test")

    told = after({**audit, **test}, Known(ID, of_slots(a="idle")))

    assert {**audit, **test}.items() <= told.items()
    assert after(told, Known(OTHER_ID, of_slots("test", a="idle")), account="test") == told


def test_an_account_of_the_same_name_is_refused() -> None:
    found = after({}, Known(ID, of_slots(a="idle")))

    with pytest.raises(TaskRefused, match="the metrics of prod are those of the account 0a1b, and this one is 2c3d"):
        after(found, Known(OTHER_ID, of_slots(a="idle")))
