# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Time as the emulator sees it: a source that tests may replace, plus an offset that tests may move."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone

EXPIRY_PATTERN = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d)(?::\d\d)?\+0000")
MINUTE_FORMAT = "%Y-%m-%dT%H:%M+0000"


class Clock:
    """Seconds since 1970 of `source`, moved by whatever was advanced."""

    def __init__(self, source: Callable[[], float] = time.time) -> None:
        self._source = source
        self._offset_seconds = 0.0
        self._pinned_at: float | None = None

    def now(self) -> float:
        """The current moment."""
        if self._pinned_at is not None:
            return self._pinned_at
        return self._source() + self._offset_seconds

    def advance(self, seconds: float) -> None:
        """Move the clock forward (or back) for good."""
        self._offset_seconds += seconds

    def reset(self) -> None:
        """Show the time of the source again."""
        self._offset_seconds = 0.0

    @contextmanager
    def pinned(self, moment: float) -> Iterator[None]:
        """Let the clock show this moment, for an effect that is applied after its time."""
        self._pinned_at = moment
        try:
            yield
        finally:
            self._pinned_at = None


def minute_text(moment: float) -> str:
    """A moment as IAM writes it, for example 2026-03-04T09:15+0000."""
    return time.strftime(MINUTE_FORMAT, time.gmtime(moment))


def parse_expiry(text: str) -> float | None:
    """The moment of an `expires_at`, cut to the minute; None when the text is not one.

    Seconds are accepted because the tests of IBM's own SDKs send them.
    """
    match = EXPIRY_PATTERN.fullmatch(text)
    if match is None:
        return None
    try:
        return datetime.fromisoformat(match.group(1)).replace(tzinfo=timezone.utc).timestamp()
    except ValueError:
        return None
