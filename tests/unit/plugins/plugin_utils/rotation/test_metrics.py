# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is told of slots as metrics, with the emulator behind it."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._metrics.merged import Known
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._metrics.series import ROTATION, series
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.metrics import known_of
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.outcome import SlotOutcome
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import (
    DAY_SECONDS,
    HOUR_SECONDS,
    START,
    Scene,
)

MINUTE = 60


def told_of(outcomes: t.Sequence[SlotOutcome]) -> Known:
    return known_of(outcomes, "prod", "0a1b", is_part=False)


def value(known: Known, name: str, slot: str = "deploy", **labels: str) -> int | None:
    return known.samples.get(series(f"{ROTATION}_slot_{name}", "prod", slot=slot, **labels))


def test_a_new_key_is_due_when_its_policy_says() -> None:
    scene = Scene(max_age_days=90)

    known = told_of(scene.run())

    created = value(known, "key_created_timestamp_seconds")
    assert created is not None
    assert abs(created - START) < 5 * MINUTE
    assert value(known, "due_timestamp_seconds") == created + 90 * DAY_SECONDS
    assert value(known, "next_timestamp_seconds") == created + 90 * DAY_SECONDS
    assert value(known, "key_expires_timestamp_seconds") is None
    assert value(known, "state", state="idle") == 1
    assert (value(known, "failed"), value(known, "replaced_keys")) == (0, 0)


def test_a_slot_in_its_overlap_is_due_by_its_new_key_and_has_a_replaced_one() -> None:
    scene = Scene(max_age_days=90, expires_in_days=200, overlap_hours=48)
    scene.run()
    scene.pass_time(91 * DAY_SECONDS)

    known = told_of(scene.run())

    created = value(known, "key_created_timestamp_seconds")
    assert created is not None
    assert abs(created - START - 91 * DAY_SECONDS) < 10 * MINUTE
    assert value(known, "due_timestamp_seconds") == created + 90 * DAY_SECONDS
    goes_on = value(known, "next_timestamp_seconds")
    assert goes_on is not None
    assert abs(goes_on - created - 48 * HOUR_SECONDS) < 5 * MINUTE
    assert value(known, "key_expires_timestamp_seconds") is not None
    assert (value(known, "state", state="overlap"), value(known, "replaced_keys")) == (1, 1)


def test_a_slot_that_failed_says_so_and_keeps_its_dates() -> None:
    scene = Scene(max_age_days=90)
    scene.run()
    scene.emulator.faults.add([{"kind": "status", "status": 403, "path": "/v1/apikeys", "method": "GET"}])

    known = told_of(scene.run())

    assert (value(known, "failed"), value(known, "state", state="failed")) == (1, 1)
    assert known.unseen == {"deploy"}


def test_two_slots_of_one_name_are_two() -> None:
    scene = Scene()
    twins = [replace(scene.make_slot(each), name="deploy") for each in ("a", "b")]

    known = told_of(scene.run(*twins))

    assert {each.label("slot") for each in known.samples} == {"deploy (secrets.yml: a)", "deploy (secrets.yml: b)"}


def test_no_id_is_told() -> None:
    scene = Scene()
    outcomes = scene.run()

    assert not any(text in str(told_of(outcomes).samples) for text in (*scene.keys(), "ServiceId", "ApiKey"))
