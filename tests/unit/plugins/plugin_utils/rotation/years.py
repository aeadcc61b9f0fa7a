# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A plan, and then the runs of a year with the clock moved on: what each of them was to do, and what it did."""

from __future__ import annotations

import typing as t
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.engine import Settings, rotate_slots
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.foresee import NEW_KEY_ID
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.outcome import SlotOutcome
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.planned_slot import Planned
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Orders, Slot
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.year_plan import Pace, plan_year
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.year_result import seen_slots
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import (
    DAY_SECONDS,
    Effects,
    Scene,
)

YEAR_DAYS = 365
# A run that a plan says nothing about has nothing to do, so of these only some are tried.
IDLE_RUNS_EVERY_DAYS = 61
# The network takes its time, so a step is later than the look before.
REQUEST_SECONDS = 0.01
# A run tells of no step that only looks or waits.
NOT_TOLD = {"wait", "observe", "prove", "sweep"}
# Beside its date a rest may be told by a minute: IAM counts in minutes.
NEAR = timedelta(minutes=2)


@dataclass
class Day:
    """What a run does with a slot: the steps that it tells, and where the slot rests."""

    taken: tuple[str, ...]
    rest: str
    until: datetime | None = None
    is_red: bool = False


@dataclass
class Year:
    """One world, its slots, and what is ordered of the first run."""

    scene: Scene
    slots: Sequence[Slot]
    orders: dict[str, t.Any] = field(default_factory=dict)
    settings: Settings = field(default_factory=lambda: Settings(concurrency=1))
    days: int = YEAR_DAYS
    # As the role does it: each published key is handed over at once, in every run.
    hands_over: bool = False
    start: float = 0.0
    _published: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def run(self, *, check_mode: bool = False, **orders: t.Any) -> list[SlotOutcome]:
        self.scene.store.effects = Effects(watch=lambda: self.scene.pass_time(REQUEST_SECONDS))
        ports = self.scene.ports(self.scene.store.effects)
        return rotate_slots(
            self.slots, ports, Orders(**orders), self.settings, check_mode=check_mode, unforeseen=_raise
        )

    def move_to(self, day: int) -> None:
        self.scene.pass_time(self.start + day * DAY_SECONDS - self.scene.emulator.clock.now())

    def plan(self) -> list[list[Planned]]:
        """The plan, and then the clock as it was before."""
        self.start = self.scene.emulator.clock.now()
        handed_over = {"handed_over_ids": frozenset({NEW_KEY_ID})} if self.hands_over else {}
        orders = {**self.orders, **handed_over}
        outcomes = self.run(check_mode=True, **orders)
        pace = Pace(self.settings.batch_size, self.settings.stop_after_failures, self.days)
        ways = plan_year(seen_slots(outcomes), Orders(**orders), pace)
        self.move_to(0)
        return ways

    def _publish_and_hand_over(self, orders: dict[str, t.Any]) -> dict[str, t.Any]:
        outcomes = self.run(until="published", **orders)
        self._published = {each.slot.name: each.taken for each in outcomes}
        waiting = [each for each in outcomes if each.step.name == "hand_over" and each.after and each.after.current]
        return {"handed_over_ids": frozenset(each.after.current.id for each in waiting)}  # type: ignore[union-attr]  # both are there

    def differences(self) -> list[str]:
        """Where the runs of the year do something else than was planned."""
        ways = self.plan()
        busy = {each.run for way in ways for each in way if not each.step.rests or each.step.name != "idle"}
        days = {day for run in busy for day in (run - 1, run)} | set(range(0, self.days, IDLE_RUNS_EVERY_DAYS))
        odd: list[str] = []
        for day in sorted(each for each in days if 0 <= each <= self.days):
            self.move_to(day)
            orders = self.orders if day == 0 else {}
            staged = self._publish_and_hand_over(orders) if self.hands_over else {}
            for way, outcome in zip(ways, self.run(**orders, **staged)):
                expected, seen = planned_day(way, day), day_of(outcome, self._published.get(outcome.slot.name, ()))
                if not _agree(expected, seen):
                    odd.append(f"day {day}, {outcome.slot.name}: planned {expected}, done {seen} {outcome.failure}")
            if odd:
                break
        return odd


def planned_day(way: Sequence[Planned], day: int) -> Day:
    """What the run of this day does by the plan."""
    told = tuple(each.step.name for each in way if each.run == day and not each.step.rests)
    last = [each for each in way if each.run <= day and each.step.rests]
    if not last:
        return Day((), "stop", None, is_red=True)
    rest = last[-1].step
    return Day(tuple(name for name in told if name not in NOT_TOLD), rest.name, rest.next_at, rest.name == "stop")


def day_of(outcome: SlotOutcome, before: Sequence[str] = ()) -> Day:
    """What a run did, and its stages before this one."""
    is_red = outcome.failure is not None
    taken = tuple(name for name in (*before, *outcome.taken) if name not in NOT_TOLD)
    return Day(taken, "stop" if is_red else outcome.step.name, outcome.step.next_at, is_red)


def _agree(planned: Day, done: Day) -> bool:
    if (planned.taken, planned.rest) != (done.taken, done.rest):
        return False
    if planned.rest in {"later", "stop"} or None in (planned.until, done.until):
        return True
    return abs(planned.until - done.until) <= NEAR  # type: ignore[operator]  # neither is None


def _raise(error: Exception) -> str:
    raise error
