# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Time as the client sees it; tests hand in another one."""

from __future__ import annotations

import time
import typing as t
from datetime import datetime, timedelta, timezone


class Clock(t.Protocol):
    """Monotonic seconds and a pause."""

    def monotonic(self) -> float: ...

    def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The clock of this machine."""

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def parse_time(text: str) -> datetime:
    """Read one of IAM's times, `2026-03-04T09:15+0000`, with or without seconds."""
    plain = text.replace("Z", "+0000")
    for form in ("%Y-%m-%dT%H:%M%z", "%Y-%m-%dT%H:%M:%S%z"):
        try:
            return datetime.strptime(plain, form).astimezone(timezone.utc)
        except ValueError:
            continue
    raise ValueError(f"not a time of the form 2026-03-04T09:15+0000: {text}")


def format_time(moment: datetime) -> str:
    """Write a time as IAM does, rounded up to the minute so that a recorded time is never too early."""
    utc = moment.astimezone(timezone.utc)
    if utc.second or utc.microsecond:
        utc = utc.replace(second=0, microsecond=0) + timedelta(minutes=1)
    return utc.strftime("%Y-%m-%dT%H:%M+0000")
