# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a slot says in its `policy` counts for it; what makes no sense there is refused and named."""

from __future__ import annotations

import typing as t

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.arguments import SPEC
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.policy import (
    OVERRIDES,
    Policy,
    policy_of,
)

A_KEY = "k3yThatWasPutInTheWrongPlace-0123456789abcdef"


def made(own: t.Any = None, use_marker: bool = True, **task: t.Any) -> Policy:
    """The policy of a slot with this `policy`, in a task with these options."""
    slot = {"name": "deploy", "file": "secrets.yml", "policy": own, "use_marker": use_marker}
    checked = ArgumentSpecValidator(**SPEC).validate({"slots": [slot], **task})
    assert checked.error_messages == []
    params = checked.validated_parameters
    return policy_of(params, params["slots"][0])


def test_a_task_that_says_nothing_has_the_defaults() -> None:
    assert made() == Policy()


def test_a_slot_overrides_what_the_task_says_and_nothing_else() -> None:
    assert made({"overlap_hours": 1}, overlap_hours=2, soak_hours=3) == Policy(overlap_hours=1, soak_hours=3)


@pytest.mark.parametrize("nothing", [None, ""])
@pytest.mark.parametrize("name", OVERRIDES)
def test_null_and_an_empty_text_are_not_said(name: str, nothing: str | None) -> None:
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
    ({"overlap_hours": float("nan")}, "overlap_hours is nan, and has to be from 0 to 876000"),
    ({"overlap_hours": 1e300}, "overlap_hours is 1e\\+300, and has to be from 0 to 876000"),
    ({"rotate_before_expiry_days": 36_501}, "rotate_before_expiry_days is 36501, and has to be from 0 to 36500"),
    ({"overlap_hours": float("inf")}, "overlap_hours is inf, and has to be from 0 to 876000"),
    ({"rotate_if_older_than": "yesterday"}, "^slot deploy: policy: rotate_if_older_than is not a time"),
    ({"expires_in_days": 99}, "^slot deploy: expires_in_days is 99, .* in use for up to 100 days"),
]


@pytest.mark.parametrize(("own", "says"), REFUSED, ids=str)
def test_what_makes_no_sense_in_a_slot_is_refused_by_name(own: dict[str, t.Any], says: str) -> None:
    with pytest.raises(TaskRefused, match=says):
        made(own)


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
