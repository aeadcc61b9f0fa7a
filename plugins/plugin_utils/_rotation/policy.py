# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The policy: when a key is replaced and how long the old one stays. The one table of its options is `Policy`."""

from __future__ import annotations

import math
import typing as t
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._blanks import is_blank
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam import retry
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import parse_time
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._checked import check_arguments

Options = dict[str, dict[str, t.Any]]

BOUNDS = ("least", "most")
_MOMENT = "%Y-%m-%dT%H:%M:%S%z"

# An announced request is sent in the first half of its lease, and has to end in the other.
LEAST_LEASE_SECONDS = math.ceil(2 * retry.LONGEST_REQUEST_SECONDS)
# For how long no new key may be due: longer than any run takes, and IAM tells ages in minutes.
LEAST_REST_DAYS = 1
# How far the clock that a user reads a time from may be ahead of IAM's: so long a run waits for that time.
CLOCKS_AGREE_WITHIN = timedelta(minutes=1)

# A hundred years: far more than anybody means, and what dates can be counted with.
DAYS = {"type": "float", "least": 0, "most": 36_500}
AGE = {**DAYS, "least": LEAST_REST_DAYS}
HOURS = {"type": "float", "least": 0, "most": 876_000}
MINUTES = {"type": "float", "least": 0, "most": 52_560_000}
# A run sleeps so long, and a new key is not to be due when it wakes.
SETTLE = {"type": "float", "least": 0, "most": 3_600}
LEASE = {"type": "float", "least": LEAST_LEASE_SECONDS, "most": 86_400}
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

    max_age_days: float = field(default=90, metadata=AGE)
    rotate_before_expiry_days: float = field(default=30, metadata=DAYS)
    expires_in_days: float | None = field(default=None, metadata=DAYS)
    overlap_hours: float = field(default=72, metadata=HOURS)
    soak_hours: float = field(default=168, metadata=HOURS)
    quiet_hours: float = field(default=24, metadata=HOURS)
    wait_at_most_days: float = field(default=30, metadata=DAYS)
    on_previous_in_use: str = field(default="warn", metadata=ON_PREVIOUS_IN_USE)
    lease_seconds: float = field(default=120, metadata=LEASE)
    settle_seconds: float = field(default=5, metadata=SETTLE)
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


def policy_of(params: t.Mapping[str, t.Any], given: t.Mapping[str, t.Any], now: datetime) -> Policy:
    """The task's policy, with what the slot says itself on top of it; `now` is IAM's time.

    Raises TaskRefused for what makes no sense, and for what would make a new key due at once.
    """
    slot = f"slot {given['name']}: "
    task = _values({name: params[name] for name in POLICY_SPEC}, "")
    own = _checked_options(OVERRIDES, given["policy"], slot) if given["policy"] else {}
    policy = Policy(**{**task, **_values(own, f"{slot}policy: ")})
    if policy.key_source == "iam" and not given["use_marker"]:
        raise TaskRefused(f"{slot}a key whose value IAM chooses can be found only by its marker")
    _check_expiry(slot, policy)
    _check_age(slot, policy)
    _check_moment(slot, policy, now)
    return policy


def task_options(given: t.Any) -> dict[str, t.Any]:
    """The options of a task whose policy is told as one mapping, for `policy_of`; raises TaskRefused."""
    return _checked_options(POLICY_SPEC, given or {}, "")


def _checked_options(spec: Options, given: t.Any, where: str) -> dict[str, t.Any]:
    """What a mapping says, in the types of the table; `where` begins a refusal."""
    if not isinstance(given, dict):
        raise TaskRefused(f"{where}policy: it is not a mapping of options")
    unknown = sorted(map(str, given.keys() - OVERRIDES.keys()))
    if unknown:
        raise TaskRefused(f"{where}policy has no option {', '.join(unknown)}; there are {', '.join(OVERRIDES)}")
    checked = check_arguments({"argument_spec": spec}, _said(given), "policy")
    if checked.problem:
        raise TaskRefused(f"{where}policy: {checked.problem}")
    return checked.options


def _values(given: dict[str, t.Any], where: str) -> dict[str, t.Any]:
    """What is said, as values of a Policy; `where` begins a refusal."""
    said = _said(given)
    for each in fields(Policy):
        least, most = (each.metadata.get(bound) for bound in BOUNDS)
        # This is also false for what YAML writes as .nan.
        if each.name in said and least is not None and not least <= said[each.name] <= most:
            raise TaskRefused(f"{where}{each.name} is {_number(said[each.name])}, and has to be from {least} to {most}")
    if "rotate_if_older_than" in said:
        try:
            said["rotate_if_older_than"] = parse_time(said["rotate_if_older_than"])
        except ValueError:
            # Not quoted: what is no time may be a key in the wrong place.
            raise TaskRefused(
                f"{where}rotate_if_older_than is not a time of the form 2026-03-04T09:15:30+0000"
            ) from None
    return said


def _number(value: float) -> str:
    """In short; a whole number may have more digits than a fraction can."""
    try:
        return f"{value:g}"
    except OverflowError:
        return "too large"


def _said(given: dict[str, t.Any]) -> dict[str, t.Any]:
    """Without null and blank texts, which a survey of AWX gives for a question that nobody answered."""
    return {name: value for name, value in given.items() if not is_blank(value)}


def _check_age(slot: str, policy: Policy) -> None:
    """No rotation begins while the key before is on its way out, so keys would get older than the user says."""
    needed_days = (policy.overlap + policy.soak) / timedelta(days=1)
    if policy.max_age_days < needed_days:
        raise TaskRefused(
            f"{slot}max_age_days is {policy.max_age_days:g}, but a key is replaced only once the one before is gone, "
            f"which takes {needed_days:g} days (overlap_hours and soak_hours together): shorten these, or let keys get "
            "older"
        )


def _check_expiry(slot: str, policy: Policy) -> None:
    """A key has to outlive its rotation, age, overlap and soak, and must not be due because it will expire."""
    if policy.expires_in_days is None:
        return
    said = f"{slot}expires_in_days is {policy.expires_in_days:g}, but"
    needed_days = policy.max_age_days + (policy.overlap + policy.soak) / timedelta(days=1)
    if policy.expires_in_days < needed_days:
        raise TaskRefused(
            f"{said} a key is in use for up to {needed_days:g} days "
            "(max_age_days, overlap_hours and soak_hours together)"
        )
    if policy.expires_in_days < policy.rotate_before_expiry_days + LEAST_REST_DAYS:
        raise TaskRefused(
            f"{said} a key is replaced {policy.rotate_before_expiry_days:g} days before it expires "
            "(rotate_before_expiry_days), so a new one would be due at once: let keys live for at least "
            f"{policy.rotate_before_expiry_days + LEAST_REST_DAYS:g} days, or replace them later"
        )


def _check_moment(slot: str, policy: Policy, now: datetime) -> None:
    """A key of this very moment would be older than a moment to come, again in every run until then."""
    asked = policy.rotate_if_older_than
    if asked is not None and asked > now + CLOCKS_AGREE_WITHIN:
        raise TaskRefused(
            f"{slot}rotate_if_older_than is {asked:{_MOMENT}}, and IBM Cloud's time is {now:{_MOMENT}}: every new key "
            "would be due at once, so name a time that has passed"
        )
