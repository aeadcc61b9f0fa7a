# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How many requests may be under way, and how fast they may follow each other, by what came of those before.

IBM Cloud tells no limits (iam-facts.md 6.2), so they are felt for. Two things are learnt, because two things can be too
much: requests at a time, which shows in answers that take longer, and requests a second, which shows in refusals. Both
are narrowed by half at once and widened by small steps. No clock and no thread: moments are told.
"""

from __future__ import annotations

import statistics
from collections import deque

FIRST_WIDTH = 8
MOST_WIDTH = 32

# Answers of one kind until their usual time is known, and until times are judged.
ANSWERS_TO_JUDGE = 8
AS_FAST_AS_BEFORE = 1.25
TWICE_AS_SLOW = 2.0
# Narrowing that leaves the answers slower than this share of what they were has not helped: the server is slow.
HELPED = 0.75
# How much of an improvement is believed at a time.
BELIEVED = 0.25
# Before anything went wrong, for each answer: 8 become 32 within three round trips or four.
FIRST_STEP = 0.5

WINDOW_SECONDS = 1.0
LEAST_RATE = 2.0
# After a refusal, for each answer: half of a rate becomes the whole within a good second, whatever it is.
RECOVERY_STEP = 0.8
SEARCH_STEP = 0.2
# Searching goes too far before it is told so.
FOUND = 0.9
# From here on up to the rate that was refused the steps are so small that a refusal costs little of what came before.
NEAR = 0.97
SPARED = 50
# So far above it without a refusal, there is another limit now.
BOLDER = 4
BEYOND = 1.03


class Pace:
    """Begins at FIRST_WIDTH requests at a time; `fixed` is a number that nothing changes."""

    def __init__(self, fixed: int | None = None) -> None:
        self.width = float(fixed or FIRST_WIDTH)
        self._is_fixed = fixed is not None
        self._under_way = 0
        # When there was last no place for another: without anybody who waits, nothing tells that more would be well.
        self._full_at = float("-inf")
        # Nothing is sent before these moments: the one that IAM asked for, and the one that the rate leaves.
        self._closed_until = 0.0
        self._next_start = 0.0
        self._times = _Times()
        self._rate = _Rate()
        self._narrowed_at = float("-inf")

    @property
    def rate(self) -> float | None:
        """Requests a second; None while IAM has refused none."""
        return self._rate.now

    @property
    def is_full(self) -> bool:
        """Whether another request has to wait until one has ended."""
        return self._under_way >= int(self.width)

    def seconds_closed(self, now: float) -> float:
        """For how long IAM wants to be left alone."""
        return max(0.0, self._closed_until - now)

    def starts_at(self, now: float) -> float:
        """The moment at which the next request may be sent, when there is a place for it."""
        return max(now, self._next_start)

    def start(self, now: float) -> float:
        """Count one more request as under way; returns the moment at which it may be sent."""
        starts_at = self.starts_at(now)
        if self._rate.now is not None:
            self._next_start = starts_at + 1 / self._rate.now
        self._rate.started(starts_at)
        self._under_way += 1
        if self.is_full:
            self._full_at = starts_at
        return starts_at

    def end(self) -> None:
        """Count one less."""
        self._under_way -= 1

    def answered(self, kind: str, sent_at: float, now: float) -> None:
        """An answer came that is no refusal; `kind` tells requests apart that take different times."""
        if self._is_fixed:
            return
        self._rate.answered(now)
        if sent_at < self._narrowed_at:
            return
        verdict = self._times.judge(kind, now - sent_at)
        if verdict == "slower":
            self._narrow(now)
        elif verdict == "as before" and self._full_at >= sent_at:
            is_first = self._narrowed_at < 0
            self.width = min(MOST_WIDTH, self.width + (FIRST_STEP if is_first else 1 / self.width))

    def refused(self, sent_at: float, now: float, pause_seconds: float) -> None:
        """IAM asked to come back so much later; what was sent before the last narrowing narrows nothing again."""
        self._closed_until = max(self._closed_until, now + pause_seconds)
        if self._is_fixed:
            return
        if sent_at < self._narrowed_at:
            self._rate.refused_again(now, pause_seconds)
            return
        self._rate.refused(now, pause_seconds)
        self._times.forget_judged()
        self._narrow(now)

    def _narrow(self, now: float) -> None:
        self.width = max(1.0, self.width / 2)
        self._narrowed_at = now


class _Times:
    """How long answers take, beside the usual time of their kind."""

    def __init__(self) -> None:
        self._first: dict[str, list[float]] = {}
        self._usual: dict[str, float] = {}
        self._scale = 1.0
        self._judged: list[float] = []
        self._slower_by: float | None = None
        self._verdict = "as before"

    def forget_judged(self) -> None:
        self._judged.clear()

    def judge(self, kind: str, seconds: float) -> str:
        """`as before`, `slower` once for each time that it is found, else `not known`."""
        # A clock that does not move makes no server slow.
        seconds = max(seconds, 0.001)
        if kind not in self._usual:
            first = self._first.setdefault(kind, [])
            first.append(seconds)
            if len(first) == ANSWERS_TO_JUDGE:
                self._usual[kind] = statistics.median(first) / self._scale
            return "not known"
        self._judged.append(seconds / (self._usual[kind] * self._scale))
        if len(self._judged) < 2 * ANSWERS_TO_JUDGE:
            return self._verdict
        # The middle one: a few slow answers are no slow server.
        middle = statistics.median(self._judged)
        self._judged.clear()
        return self._compare(middle)

    def _compare(self, middle: float) -> str:
        was_slower_by, self._slower_by = self._slower_by, None
        if was_slower_by is not None and middle > was_slower_by * HELPED:
            self._scale *= middle
            middle = 1.0
        if middle >= TWICE_AS_SLOW:
            self._slower_by, self._verdict = middle, "not known"
            return "slower"
        self._scale *= 1 - BELIEVED * max(0.0, 1 - middle)
        self._verdict = "as before" if middle <= AS_FAST_AS_BEFORE else "not known"
        return self._verdict


class _Rate:
    """How many requests a second are sent once IAM has refused one."""

    def __init__(self) -> None:
        self.now: float | None = None
        # The most that IAM lets through, as far as it is known.
        self._limit = 0.0
        self._is_certain = False
        self._small_step = 0.0
        self._cost = 0.0
        self._open_since = 0.0
        self._sent: deque[float] = deque()
        self._answers: deque[float] = deque()

    def started(self, moment: float) -> None:
        _remember(self._sent, moment)

    def answered(self, now: float) -> None:
        _remember(self._answers, now)
        if self.now is None:
            return
        if self.now < NEAR * self._limit:
            self.now += RECOVERY_STEP
        elif self._is_certain and self.now <= BEYOND * self._limit:
            self.now += self._small_step * (1 if self.now <= self._limit else BOLDER)
        else:
            self.now += SEARCH_STEP

    def refused(self, now: float, pause_seconds: float) -> None:
        """Half of what it was; what came through in the last second is what IAM lets through."""
        through = max(LEAST_RATE, sum(1 for moment in self._answers if moment > now - WINDOW_SECONDS) / WINDOW_SECONDS)
        if self.now is None:
            if sum(1 for moment in self._sent if moment > now - WINDOW_SECONDS) < FIRST_WIDTH:
                # Requests one after the other tell of no rate.
                return
            # Too short a time, and some servers let more through at first.
            self._limit = self.now = through
        elif now - self._open_since >= WINDOW_SECONDS:
            was_searching = not self._is_certain or self.now > BEYOND * self._limit
            self._limit, self._is_certain = min(through, self.now) * (FOUND if was_searching else 1), True
        self.now = max(LEAST_RATE, self.now / 2)
        self._open_since = now + pause_seconds
        self._cost = 1.0 + self._limit * (pause_seconds + 0.3)
        self._plan()

    def refused_again(self, now: float, pause_seconds: float) -> None:
        """One more that was on its way."""
        self._open_since = max(self._open_since, now + pause_seconds)
        self._cost += 1.0
        self._plan()

    def _plan(self) -> None:
        self._small_step = (1 - NEAR) * self._limit / (SPARED * self._cost)


def _remember(moments: deque[float], moment: float) -> None:
    """Add one to those of the last second."""
    moments.append(moment)
    while moments[0] <= moment - WINDOW_SECONDS:
        moments.popleft()
