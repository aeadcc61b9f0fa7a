# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Time as the client sees it; tests hand in another one."""

from __future__ import annotations

import functools
import re
import time
import typing as t
from datetime import datetime, timedelta, timezone

# How IAM writes a time, in UTC.
MINUTE_FORM = "%Y-%m-%dT%H:%M+0000"
# Read by hand: an account has 40,000 keys of three times each, and strptime takes five times as long.
TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.:][0-9]{1,9})?)?"
    r"(?:Z|(?P<sign>[+-])(?P<hours>[01][0-9]|2[0-3]):?(?P<minutes>[0-5][0-9]))"
)
EARLIEST = datetime(1970, 1, 1, tzinfo=timezone.utc)
LATEST = datetime(9999, 12, 31, 23, 59, tzinfo=timezone.utc)


class Clock(t.Protocol):
    """Monotonic seconds and a pause."""

    def monotonic(self) -> float:
        """Seconds that only grow."""

    def sleep(self, seconds: float) -> None:
        """Wait so long."""


class SystemClock:
    """The clock of this machine."""

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


# A list of 40,000 keys has the same minutes over and over.
@functools.lru_cache(maxsize=4096)
def parse_time(text: str) -> datetime:
    """Read one of IAM's times, `2026-03-04T09:15+0000`, with or without seconds and parts of them.

    The parts come behind a dot, or behind a colon: `13:55:33:428` (iam-facts.md 6.4). Raises ValueError.
    """
    found = TIME.fullmatch(text)
    if found is None:
        raise ValueError(f"not a time of the form 2026-03-04T09:15+0000: {text}")
    date_and_time = [int(part or 0) for part in found.groups()[:6]]
    sign, hours, minutes = found["sign"], found["hours"] or 0, found["minutes"] or 0
    offset = timedelta(hours=int(hours), minutes=int(minutes)) * (-1 if sign == "-" else 1)
    try:
        moment = datetime(*date_and_time, tzinfo=timezone.utc) - offset  # type: ignore[arg-type, misc]  # six numbers
    except OverflowError:
        raise ValueError(f"not a time of this calendar: {text}") from None
    if moment < EARLIEST:
        raise ValueError(f"not a time since 1970: {text}")
    return moment


def format_time(moment: datetime) -> str:
    """Write a time as IAM does, rounded up to the minute so that a recorded time is never too early."""
    utc = moment.astimezone(timezone.utc)
    if (utc.second or utc.microsecond) and utc < LATEST:
        utc = utc.replace(second=0, microsecond=0) + timedelta(minutes=1)
    return utc.strftime(MINUTE_FORM)
