# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The numbers behind the pictures of the page: how old the keys are, what is due, and what a rotation will do; pure."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from datetime import timedelta

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.audit import Report
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.planned_weeks import PlannedWeeks

BIN_DAYS = 30
BINS = 13
WEEKS = 13
WIDTH, HEIGHT, LOW_HEIGHT = 720, 260, 130
LEFT, BOTTOM, TOP = 36, 28, 36


@dataclass(frozen=True)
class Bar:
    """A bar of a chart, in the units of its view box."""

    x: float
    y: float
    width: float
    height: float
    count: int
    label: str
    title: str
    is_bad: bool = False


@dataclass(frozen=True)
class AgeChart:
    """Keys by age; `limit_x` is where the allowed age ends."""

    bars: tuple[Bar, ...]
    limit_x: float
    summary: str


@dataclass(frozen=True)
class WeeksChart:
    """The next weeks, in a row of bars for each thing that is counted: what it is, its look, and the bars."""

    name: str
    title: str
    rows: tuple[tuple[str, str, tuple[Bar, ...]], ...]
    summary: str


def age_chart(report: Report) -> AgeChart:
    """Of keys that can log in; the last bar is everything older."""
    ages = [row.key.age_days for row in report.rows if row.key.can_log_in]
    found = [0] * BINS
    for age in ages:
        found[min(max(age, 0) // BIN_DAYS, BINS - 1)] += 1
    step = (WIDTH - LEFT) / BINS
    limit = report.policy.max_age_days
    bars = _bars(found, step, _age_label, HEIGHT, lambda number: number * BIN_DAYS >= limit)
    too_old = sum(age > limit for age in ages)
    summary = f"{too_old} of {len(ages)} keys that can log in are older than {limit} days."
    return AgeChart(bars, min(LEFT + step * limit / BIN_DAYS, WIDTH), summary)


def due_chart(report: Report) -> WeeksChart:
    """The next weeks, today first; what is overdue counts in the first."""
    expiries, rotations = [0] * WEEKS, [0] * WEEKS
    for key in (row.key for row in report.rows if row.key.can_log_in):
        if key.expires_in_days is not None and key.expires_in_days // 7 < WEEKS:
            expiries[key.expires_in_days // 7] += 1
        due_in_days = report.policy.max_age_days - key.age_days
        if due_in_days // 7 < WEEKS:
            rotations[max(due_in_days // 7, 0)] += 1
    step = (WIDTH - LEFT) / WEEKS

    def label(number: int) -> str:
        return _week_label(report, number)

    summary = f"Keys that expire within {WEEKS} weeks: {sum(expiries)}; that reach the allowed age: {sum(rotations)}."
    rows = (
        ("Rotations due", "bar", _bars(rotations, step, label)),
        ("Expiries", "bar second", _bars(expiries, step, label)),
    )
    return WeeksChart("due", "The next weeks", rows, summary)


def plan_chart(report: Report, plan: PlannedWeeks) -> WeeksChart:
    """The weeks to come of a rotation, from the report's day on; what is past by then is not to come."""
    step = (WIDTH - LEFT) / WEEKS
    rows: list[tuple[str, str, tuple[Bar, ...]]] = []
    told = []
    for what, moments in plan.steps.items():
        found = [0] * WEEKS
        for moment in moments:
            week = (moment - report.made_at) // timedelta(days=7)
            if 0 <= week < WEEKS:
                found[week] += 1
        look = "bar" if rows else "bar second"
        rows.append((f"Keys {what}", look, _bars(found, step, lambda number: _week_label(report, number))))
        told.append(f"{what} {sum(found)}")
    stop = f"; slots that need a person: {plan.need_a_person}" if plan.need_a_person else ""
    summary = f"What the rotation of {plan.slots} slots will do, planned on {plan.made_at:%Y-%m-%d}"
    return WeeksChart("plan", "The weeks to come", tuple(rows), f"{summary}: keys {', '.join(told)}{stop}.")


def _week_label(report: Report, number: int) -> str:
    return f"{report.made_at + timedelta(days=7 * number):%m-%d}"


def _age_label(number: int) -> str:
    return f"{number * BIN_DAYS}+" if number == BINS - 1 else f"{number * BIN_DAYS}"


def _bars(
    found: list[int],
    step: float,
    label: t.Callable[[int], str],
    height: float = LOW_HEIGHT,
    is_bad: t.Callable[[int], bool] = lambda number: False,
) -> tuple[Bar, ...]:
    highest = max([*found, 1])
    room, floor = height - BOTTOM - TOP, height - BOTTOM
    bars = []
    for number, count in enumerate(found):
        rise = round(room * count / highest, 1)
        x, width = round(LEFT + number * step + 3, 1), round(step - 6, 1)
        title = f"{label(number)}: {count}"
        bars.append(Bar(x, round(floor - rise, 1), width, rise, count, label(number), title, is_bad(number)))
    return tuple(bars)
