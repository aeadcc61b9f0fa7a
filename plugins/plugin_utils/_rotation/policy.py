# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The policy: when a key is replaced and how long the old one stays. The one table of its options is `Policy`."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import parse_time
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._checked import check_arguments

Options = dict[str, dict[str, t.Any]]

BOUNDS = ("least", "most")

# A hundred years: far more than anybody means, and what dates can be counted with.
DAYS = {"type": "float", "least": 0, "most": 36_500}
HOURS = {"type": "float", "least": 0, "most": 876_000}
MINUTES = {"type": "float", "least": 0, "most": 52_560_000}
SECONDS = {"type": "float", "least": 0, "most": 3_153_600_000}
COUNT = {"type": "int", "least": 0, "most": 1_000_000, "no_log": False}
TIME = {"type": "str"}
ON_PREVIOUS_IN_USE = {"type": "str", "choices": ["wait", "warn", "fail"]}
ON_MISSING_RECORD = {"type": "str", "choices": ["fail", "adopt", "replace"]}
KEY_SOURCE = {"type": "str", "choices": ["local", "iam"], "no_log": False}


@dataclass(frozen=True)
class Policy:
    """Every option by its name, with its default, its type as a task's argument, and its bounds.

    The argument spec of the task and what a slot may override follow from these lines. Manual, role and guide are held
    to them by tests/project/test_policy_options.py.
    """

    max_age_days: float = field(default=90, metadata=DAYS)
    rotate_before_expiry_days: float = field(default=30, metadata=DAYS)
    expires_in_days: float | None = field(default=None, metadata=DAYS)
    overlap_hours: float = field(default=72, metadata=HOURS)
    soak_hours: float = field(default=168, metadata=HOURS)
    quiet_hours: float = field(default=24, metadata=HOURS)
    wait_at_most_days: float = field(default=30, metadata=DAYS)
    on_previous_in_use: str = field(default="warn", metadata=ON_PREVIOUS_IN_USE)
    lease_seconds: float = field(default=120, metadata=SECONDS)
    settle_seconds: float = field(default=5, metadata=SECONDS)
    orphan_min_age_minutes: float = field(default=120, metadata=MINUTES)
    keys_per_identity: int = field(default=20, metadata=COUNT)
    rotate_if_older_than: datetime | None = field(default=None, metadata=TIME)
    on_missing_record: str = field(default="fail", metadata=ON_MISSING_RECORD)
    key_source: str = field(default="local", metadata=KEY_SOURCE)

    @property
    def overlap(self) -> timedelta:
        return timedelta(hours=self.overlap_hours)

    @property
    def soak(self) -> timedelta:
        return timedelta(hours=self.soak_hours)

    @property
    def quiet(self) -> timedelta:
        return timedelta(hours=self.quiet_hours)

    @property
    def lease(self) -> timedelta:
        return timedelta(seconds=self.lease_seconds)


OVERRIDES: Options = {
    each.name: {part: value for part, value in each.metadata.items() if part not in BOUNDS} for each in fields(Policy)
}
POLICY_SPEC: Options = {
    each.name: {**OVERRIDES[each.name], **({} if each.default is None else {"default": each.default})}
    for each in fields(Policy)
}


def policy_of(params: dict[str, t.Any], given: dict[str, t.Any]) -> Policy:
    """The task's policy, with what the slot says itself on top of it; raises TaskRefused for what makes no sense."""
    slot = f"slot {given['name']}: "
    task = _values({name: params[name] for name in POLICY_SPEC}, "")
    policy = Policy(**{**task, **_values(_overrides(given["policy"] or {}, slot), f"{slot}policy: ")})
    if policy.key_source == "iam" and not given["use_marker"]:
        raise TaskRefused(f"{slot}a key whose value IAM chooses can be found only by its marker")
    _check_expiry(slot, policy)
    return policy


def _overrides(given: dict[str, t.Any], slot: str) -> dict[str, t.Any]:
    """What a slot says itself, in the types of the table; Ansible has only seen that it is a mapping."""
    unknown = sorted(map(str, given.keys() - OVERRIDES.keys()))
    if unknown:
        raise TaskRefused(f"{slot}policy has no option {', '.join(unknown)}; there are {', '.join(OVERRIDES)}")
    checked = check_arguments({"argument_spec": OVERRIDES}, _said(given), "policy")
    if checked.problem:
        raise TaskRefused(f"{slot}policy: {checked.problem}")
    return checked.options


def _values(given: dict[str, t.Any], where: str) -> dict[str, t.Any]:
    """What is said, as values of a Policy; `where` begins a refusal."""
    said = _said(given)
    for each in fields(Policy):
        least, most = (each.metadata.get(bound) for bound in BOUNDS)
        # This is also false for what YAML writes as .nan.
        if each.name in said and least is not None and not least <= said[each.name] <= most:
            raise TaskRefused(f"{where}{each.name} is {said[each.name]:g}, and has to be from {least} to {most}")
    if "rotate_if_older_than" in said:
        try:
            said["rotate_if_older_than"] = parse_time(said["rotate_if_older_than"])
        except ValueError:
            # Not quoted: what is no time may be a key in the wrong place.
            raise TaskRefused(
                f"{where}rotate_if_older_than is not a time of the form 2026-03-04T09:15:30+0000"
            ) from None
    return said


def _said(given: dict[str, t.Any]) -> dict[str, t.Any]:
    """Without null, and without "", which is what a survey of AWX gives for a question that nobody answered."""
    return {name: value for name, value in given.items() if value is not None and value != ""}


def _check_expiry(slot: str, policy: Policy) -> None:
    """A key has to outlive its rotation: age, overlap and soak."""
    needed_days = policy.max_age_days + (policy.overlap + policy.soak) / timedelta(days=1)
    if policy.expires_in_days is not None and policy.expires_in_days < needed_days:
        raise TaskRefused(
            f"{slot}expires_in_days is {policy.expires_in_days:g}, but a key is in use for up to "
            f"{needed_days:g} days (max_age_days, overlap_hours and soak_hours together)"
        )
