# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The numbers behind the pictures of the page: ages, what is due in the next weeks, counts over time; pure.

Each chart comes in two sizes, for a desk and for a phone, because text in a picture that is shrunk cannot be read.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from datetime import datetime, timedelta

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.planned_weeks import KINDS, WEEKS

BIN_DAYS = 30
BINS = 13
HEIGHT, LOW_HEIGHT = 260, 130
LEFT, BOTTOM, TOP = 36, 28, 36
SPARK_WIDTH, SPARK_HEIGHT = 96, 24

Data = dict[str, t.Any]


@dataclass(frozen=True)
class Size:
    """The width of a view box, and which of the labels are written."""

    name: str
    width: int
    every: int


SIZES = (Size("wide", 720, 1), Size("narrow", 358, 2))


@dataclass(frozen=True)
class Bar:
    """A bar of a chart, in the units of its view box; a label that has no room is empty."""

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
    limit_days: int
    limit_x: float
    summary: str


@dataclass(frozen=True)
class WeeksChart:
    """The next weeks, in a row of bars for each thing that is counted: what it is, its look, and the bars."""

    name: str
    title: str
    rows: tuple[tuple[str, str, tuple[Bar, ...]], ...]
    summary: str


def age_chart(accounts: t.Sequence[Data], size: Size) -> AgeChart:
    """Of keys that can log in; the last bar is everything older. Of several limits the smallest one is drawn."""
    found, total, too_old = [0] * BINS, 0, 0
    for key, policy in _able(accounts):
        found[min(max(key["age_days"], 0) // BIN_DAYS, BINS - 1)] += 1
        total += 1
        too_old += key["age_days"] > policy["max_age_days"]
    limit = min(each["policy"]["max_age_days"] for each in accounts)
    step = (size.width - LEFT) / BINS
    bars = _bars(found, size, _age_label, HEIGHT, lambda number: number * BIN_DAYS >= limit)
    summary = f"{too_old} of {total} keys that can log in are older than their policy allows ({limit} days)."
    return AgeChart(bars, limit, min(LEFT + step * limit / BIN_DAYS, size.width), summary)


def due_chart(accounts: t.Sequence[Data], today: datetime, size: Size) -> WeeksChart:
    """The next weeks, today first; what is overdue counts in the first."""
    expiries, rotations = [0] * WEEKS, [0] * WEEKS
    for key, policy in _able(accounts):
        if key["expires_in_days"] is not None and key["expires_in_days"] // 7 < WEEKS:
            expiries[key["expires_in_days"] // 7] += 1
        due_in_days = policy["max_age_days"] - key["age_days"]
        if due_in_days // 7 < WEEKS:
            rotations[max(due_in_days // 7, 0)] += 1
    summary = f"Keys that expire within {WEEKS} weeks: {sum(expiries)}; that reach the allowed age: {sum(rotations)}."
    label = _week_labels(today)
    rows = (
        ("Rotations due", "bar", _bars(rotations, size, label)),
        ("Expiries", "bar second", _bars(expiries, size, label)),
    )
    return WeeksChart("due", "The next weeks", rows, summary)


def plan_chart(accounts: t.Sequence[Data], today: datetime, size: Size) -> WeeksChart | None:
    """What the rotations will do, week by week, in all accounts that have a plan; None without one."""
    plans = [account["plan"] for account in accounts if account["plan"]]
    if not plans:
        return None
    counts = {what: [sum(week) for week in zip(*(plan["weeks"][what] for plan in plans))] for what in KINDS}
    label = _week_labels(today)
    looks = ["bar second", *["bar"] * len(counts)]
    rows = tuple(
        (f"Keys {what}", look, _bars(found, size, label)) for look, (what, found) in zip(looks, counts.items())
    )
    told = ", ".join(f"{what} {sum(found)}" for what, found in counts.items())
    stopped = sum(plan["need_a_person"] for plan in plans)
    stop = f"; slots that need a person: {stopped}" if stopped else ""
    days = sorted({plan["made_at"][: len("2026-06-01")] for plan in plans})
    of = f"What the rotation of {sum(plan['slots'] for plan in plans)} slots will do, planned on {', '.join(days)}"
    return WeeksChart("plan", "The weeks to come", rows, f"{of}: keys {told}{stop}.")


def _week_labels(today: datetime) -> t.Callable[[int], str]:
    return lambda number: f"{today + timedelta(days=7 * number):%m-%d}"


def sparkline(counts: t.Sequence[int]) -> str:
    """The points of a small line, the latest count at its right end; empty with fewer than two counts."""
    if len(counts) < 2:
        return ""
    highest = max([*counts, 1])
    step = (SPARK_WIDTH - 4) / (len(counts) - 1)
    points = (
        f"{round(2 + number * step, 1):g},{round(SPARK_HEIGHT - 2 - (SPARK_HEIGHT - 4) * count / highest, 1):g}"
        for number, count in enumerate(counts)
    )
    return " ".join(points)


def _able(accounts: t.Sequence[Data]) -> t.Iterator[tuple[Data, Data]]:
    """Keys that can log in, with the policy of their account."""
    for account in accounts:
        for key in account["keys"]:
            has_expired = key["expires_in_days"] is not None and key["expires_in_days"] < 0
            if not key["disabled"] and not has_expired:
                yield key, account["policy"]


def _age_label(number: int) -> str:
    return f"{number * BIN_DAYS}+" if number == BINS - 1 else f"{number * BIN_DAYS}"


def _bars(
    found: list[int],
    size: Size,
    label: t.Callable[[int], str],
    height: float = LOW_HEIGHT,
    is_bad: t.Callable[[int], bool] = lambda number: False,
) -> tuple[Bar, ...]:
    step = (size.width - LEFT) / len(found)
    highest = max([*found, 1])
    room, floor = height - BOTTOM - TOP, height - BOTTOM
    bars = []
    for number, count in enumerate(found):
        rise = round(room * count / highest, 1)
        x, width = round(LEFT + number * step + 3, 1), round(step - 6, 1)
        text = label(number)
        written = "" if number % size.every else text
        bars.append(Bar(x, round(floor - rise, 1), width, rise, count, written, f"{text}: {count}", is_bad(number)))
    return tuple(bars)
