# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a slot says in its `policy` counts for it; what makes no sense there is refused and named."""

from __future__ import annotations

import typing as t
from datetime import datetime, timedelta, timezone

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam import retry
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.arguments import SPEC
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.policy import (
    CLOCKS_AGREE_WITHIN,
    LEAST_LEASE_SECONDS,
    OVERRIDES,
    Policy,
    policy_of,
    task_options,
)

NOW = datetime(2026, 6, 1, 12, 0, 7, tzinfo=timezone.utc)
A_KEY = "k3yThatWasPutInTheWrongPlace-0123456789abcdef"


def made(own: t.Any = None, use_marker: bool = True, **task: t.Any) -> Policy:
    """The policy of a slot with this `policy`, in a task with these options."""
    slot = {"name": "deploy", "file": "secrets.yml", "policy": own, "use_marker": use_marker}
    checked = ArgumentSpecValidator(**SPEC).validate({"slots": [slot], **task})
    assert checked.error_messages == []
    params = checked.validated_parameters
    return policy_of(params, params["slots"][0], NOW)


def test_a_task_that_says_nothing_has_the_defaults() -> None:
    assert made() == Policy()


def test_a_slot_overrides_what_the_task_says_and_nothing_else() -> None:
    assert made({"overlap_hours": 1}, overlap_hours=2, soak_hours=3) == Policy(overlap_hours=1, soak_hours=3)


@pytest.mark.parametrize("nothing", [None, "", "  "])
@pytest.mark.parametrize("name", OVERRIDES)
def test_null_and_a_blank_text_are_not_said(name: str, nothing: str | None) -> None:
    assert made({name: nothing, "soak_hours": nothing}, soak_hours=3) == Policy(soak_hours=3)


@pytest.mark.parametrize("own", [None, {}])
def test_a_policy_without_anything_says_nothing(own: dict[str, t.Any] | None) -> None:
    assert made(own, soak_hours=3) == Policy(soak_hours=3)


def test_zero_is_said() -> None:
    assert made({"quiet_hours": 0}).quiet_hours == 0


def test_a_number_may_be_a_text_as_ansible_before_2_19_makes_it_of_a_template() -> None:
    assert made({"max_age_days": "30", "keys_per_identity": "50"}) == Policy(max_age_days=30, keys_per_identity=50)


def test_an_empty_time_of_the_task_is_not_said() -> None:
    assert made(rotate_if_older_than="").rotate_if_older_than is None


REFUSED: list[tuple[dict[str, t.Any], str]] = [
    ({"max_age_day": 30}, "^slot deploy: policy has no option max_age_day; there are max_age_days, rotate_before"),
    ({"locked": True, 3: 4}, "policy has no option 3, locked;"),
    ({"max_age_day": None}, "policy has no option max_age_day;"),
    ({"max_age_days": "soon"}, "^slot deploy: policy: argument 'max_age_days' is of type"),
    ({"max_age_days": [1]}, "policy: argument 'max_age_days'"),
    ({"key_source": "ibm"}, "^slot deploy: policy: value of key_source must be one of: local, iam, got: ibm"),
    ({"overlap_hours": -1}, "^slot deploy: policy: overlap_hours is -1, and has to be from 0 to 876000"),
    ({"overlap_hours": float("nan")}, r"overlap_hours (is nan, and )?has to be"),
    ({"overlap_hours": 1e300}, "overlap_hours is 1e\\+300, and has to be from 0 to 876000"),
    ({"rotate_before_expiry_days": 36_501}, "rotate_before_expiry_days is 36501, and has to be from 0 to 36500"),
    ({"overlap_hours": float("inf")}, r"overlap_hours (is inf, and )?has to be"),
    ({"rotate_if_older_than": "yesterday"}, "^slot deploy: policy: rotate_if_older_than is not a time"),
    ({"expires_in_days": 99}, "^slot deploy: expires_in_days is 99, .* in use for up to 100 days"),
    # A new key would be due at once.
    ({"max_age_days": 0}, "^slot deploy: policy: max_age_days is 0, and has to be from 1 to 36500"),
    ({"max_age_days": 0.9}, "max_age_days is 0.9, and has to be from 1 to 36500"),
    ({"max_age_days": 5, "expires_in_days": 20}, "a key is replaced 30 days before .* live for at least 31 days"),
    ({"max_age_days": 9.5}, "max_age_days is 9.5, but .* takes 10 days .overlap_hours and soak_hours together"),
    ({"overlap_hours": 2200}, "max_age_days is 90, but .* takes 98.6667 days"),
    ({"max_age_days": 5, "expires_in_days": 30.5}, "expires_in_days is 30.5, but a key is replaced 30 days before"),
    ({"expires_in_days": 120, "rotate_before_expiry_days": 120}, "live for at least 121 days, or replace them later"),
    ({"settle_seconds": 3_601}, "settle_seconds is 3601, and has to be from 0 to 3600"),
    ({"rotate_if_older_than": "2026-06-01T12:05:00+0000"}, "^slot deploy: rotate_if_older_than is 2026-06-01T12:05:00"),
    ({"rotate_if_older_than": "2999-01-01T00:00:00+0000"}, "IBM Cloud's time is 2026-06-01T12:00:07.0000: every new"),
    # A request could still be on its way when another run takes over.
    ({"lease_seconds": 0}, "^slot deploy: policy: lease_seconds is 0, and has to be from 120 to 86400"),
    ({"lease_seconds": 119}, "lease_seconds is 119, and has to be from 120"),
]
ACCEPTED: list[dict[str, t.Any]] = [
    {"max_age_days": 1, "overlap_hours": 0, "soak_hours": 0},
    {"max_age_days": 10, "expires_in_days": 31},
    {"max_age_days": 10, "expires_in_days": 20, "rotate_before_expiry_days": 14},
    {"expires_in_days": 100},
    {"settle_seconds": 3_600},
    {"lease_seconds": 120},
    {"rotate_if_older_than": "2026-06-01T12:00:07+0000"},
]


@pytest.mark.parametrize(("own", "says"), REFUSED, ids=str)
def test_what_makes_no_sense_in_a_slot_is_refused_by_name(own: dict[str, t.Any], says: str) -> None:
    with pytest.raises(TaskRefused, match=says):
        made(own)


@pytest.mark.parametrize(("own", "says"), [row for row in REFUSED if "policy: argument" not in row[1]], ids=str)
def test_a_task_is_refused_what_a_slot_is_refused(own: dict[str, t.Any], says: str) -> None:
    if own.keys() <= OVERRIDES.keys() and "key_source" not in own and "yesterday" not in own.values():
        with pytest.raises(TaskRefused, match=says.replace("^slot deploy: policy: ", "^")):
            made(**own)


@pytest.mark.parametrize("own", ACCEPTED, ids=str)
def test_what_leaves_a_new_key_alone_for_a_day_is_taken(own: dict[str, t.Any]) -> None:
    made(own)
    made(**own)


def test_a_time_that_a_clock_a_little_ahead_told_is_taken() -> None:
    asked = NOW + CLOCKS_AGREE_WITHIN

    assert made(rotate_if_older_than=f"{asked:%Y-%m-%dT%H:%M:%S%z}").rotate_if_older_than == asked
    with pytest.raises(TaskRefused, match="so name a time that has passed"):
        made(rotate_if_older_than=f"{asked + timedelta(seconds=1):%Y-%m-%dT%H:%M:%S%z}")


def test_a_lease_is_twice_the_longest_request_whatever_that_is() -> None:
    tries = 2 * (retry.CONNECT_TIMEOUT_SECONDS + retry.READ_TIMEOUT_SECONDS)

    assert tries + retry.RETRY_BUDGET_SECONDS <= retry.LONGEST_REQUEST_SECONDS
    assert 2 * retry.LONGEST_REQUEST_SECONDS <= LEAST_LEASE_SECONDS <= Policy().lease_seconds
    with pytest.raises(TaskRefused, match="lease_seconds"):
        made(lease_seconds=LEAST_LEASE_SECONDS - 1)


@pytest.mark.parametrize("no_mapping", ["max_age_days=30", [30], 30], ids=str)
def test_a_policy_that_is_no_mapping_is_refused_whoever_reads_it(no_mapping: t.Any) -> None:
    with pytest.raises(TaskRefused, match=r"^policy: it is not a mapping of options$"):
        task_options(no_mapping)


@pytest.mark.parametrize("name", OVERRIDES)
def test_a_key_in_the_wrong_place_is_not_quoted(name: str) -> None:
    with pytest.raises(TaskRefused, match=name) as caught:
        made({name: A_KEY})

    assert A_KEY not in str(caught.value)


@pytest.mark.parametrize(("own", "task"), [({"key_source": "iam"}, {}), ({}, {"key_source": "iam"})])
def test_a_value_of_ibm_clouds_choice_needs_the_marker_wherever_it_is_asked_for(
    own: dict[str, t.Any], task: dict[str, t.Any]
) -> None:
    with pytest.raises(TaskRefused, match=r"^slot deploy: .* found only by its marker"):
        made(own, use_marker=False, **task)

    assert made({"key_source": "local"}, use_marker=False, **task).key_source == "local"
