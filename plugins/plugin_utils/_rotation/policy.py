# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The policy: when a key is replaced and how long the old one stays."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import parse_time
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.wish import CannotDecide

ON_MISSING_RECORD = ("fail", "adopt", "replace")
ON_PREVIOUS_IN_USE = ("wait", "warn", "fail")
KEY_SOURCES = ("local", "iam")


@dataclass(frozen=True)
class Policy:
    """When a key is replaced and how long the old one stays; defaults are the documented ones."""

    max_age_days: float = 90
    rotate_before_expiry_days: float = 30
    expires_in_days: t.Optional[float] = None
    overlap_hours: float = 72
    soak_hours: float = 168
    quiet_hours: float = 24
    wait_at_most_days: float = 30
    on_previous_in_use: str = "warn"
    lease_seconds: float = 120
    settle_seconds: float = 5
    orphan_min_age_minutes: float = 120
    keys_per_identity: int = 20
    rotate_if_older_than: t.Optional[datetime] = None
    on_missing_record: str = "fail"
    key_source: str = "local"

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


POLICY_OPTIONS = tuple(each.name for each in fields(Policy))


def policy_of(params: dict[str, t.Any], given: dict[str, t.Any]) -> Policy:
    """The task's policy, with what the slot says itself on top of it."""
    chosen = {
        name: given[name] if given[name] is not None else params[name]
        for name in POLICY_OPTIONS
        if given[name] is not None or params[name] is not None
    }
    if "rotate_if_older_than" in chosen:
        try:
            chosen["rotate_if_older_than"] = parse_time(chosen["rotate_if_older_than"])
        except ValueError as error:
            raise CannotDecide(f"rotate_if_older_than is {error}") from None
    negative = sorted(name for name, value in chosen.items() if isinstance(value, (int, float)) and value < 0)
    if negative:
        raise CannotDecide(f"these must not be negative: {', '.join(negative)}")
    if given["key_source"] == "iam" and not given["use_marker"]:
        raise CannotDecide(f"slot {given['name']}: a key whose value IAM chooses can be found only by its marker")
    policy = Policy(**chosen)
    _check_expiry(given["name"], policy)
    return policy


def _check_expiry(slot_name: str, policy: Policy) -> None:
    """A key has to outlive its rotation: age, overlap and soak."""
    needed_days = policy.max_age_days + (policy.overlap + policy.soak) / timedelta(days=1)
    if policy.expires_in_days is not None and policy.expires_in_days < needed_days:
        raise CannotDecide(
            f"slot {slot_name}: expires_in_days is {policy.expires_in_days:g}, but a key is in use for up to "
            f"{needed_days:g} days (max_age_days, overlap_hours and soak_hours together)"
        )
