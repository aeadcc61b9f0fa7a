# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the threads of a task pass with each request: as many at a time as the pace allows, and none while IAM rests."""

from __future__ import annotations

import contextlib
import threading
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.answers import TOO_MANY_REQUESTS
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import Clock
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.pace import Pace

# A request that has waited so long for others to end goes all the same: not to be sent at all helps nobody.
LONGEST_WAIT_FOR_A_PLACE_SECONDS = 20.0

# What answers so tells nothing of how fast it answers otherwise.
SERVER_FAILED = 500


class Leaving:
    """How a request went: None when there was no answer."""

    status: int | None = None
    pause_seconds = 0.0

    def tell(self, status: int | None, pause_seconds: float) -> None:
        """`pause_seconds` are to pass before anybody sends again, if the answer asks for it."""
        self.status, self.pause_seconds = status, pause_seconds


class Gate:
    """Shared by all threads of a task; every pause that IAM asks for holds for all of them."""

    def __init__(self, clock: Clock, pace: Pace) -> None:
        self._clock = clock
        self._pace = pace
        # Of the pace too, which knows no threads.
        self._changed = threading.Condition()

    def enter(self, until: float) -> float | None:
        """Wait for a turn; returns for how many seconds, or None when there is none before the moment `until`.

        Who enters has to leave.
        """
        came_at = self._clock.monotonic()
        while True:
            with self._changed:
                pause = self._next_pause(came_at, until)
                if pause is None:
                    return None
                is_in = not self._pace.seconds_closed(self._clock.monotonic())
                if is_in:
                    self._pace.start(self._clock.monotonic())
            if pause:
                self._clock.sleep(pause)
            with self._changed:
                # Meanwhile IAM may have told somebody else to come back later.
                if is_in and not self._pace.seconds_closed(self._clock.monotonic()):
                    return self._clock.monotonic() - came_at
                if is_in:
                    self._end()

    def _next_pause(self, came_at: float, until: float) -> float | None:
        """Seconds to sleep, after waiting for a place; None when that would be too long."""
        now = self._clock.monotonic()
        while self._pace.is_full and not self._pace.seconds_closed(now):
            patience = came_at + LONGEST_WAIT_FOR_A_PLACE_SECONDS - now
            if patience <= 0:
                break
            self._changed.wait(patience)
            now = self._clock.monotonic()
        pause = self._pace.seconds_closed(now) or self._pace.starts_at(now) - now
        return pause if now + pause <= until else None

    @contextlib.contextmanager
    def leaving(self, kind: str) -> t.Iterator[Leaving]:
        """What was entered is left at the end, with what was told of the answer."""
        leaving = Leaving()
        sent_at = self._clock.monotonic()
        try:
            yield leaving
        finally:
            with self._changed:
                now = self._clock.monotonic()
                if leaving.status == TOO_MANY_REQUESTS:
                    self._pace.refused(sent_at, now, leaving.pause_seconds)
                elif leaving.status is not None and leaving.status < SERVER_FAILED:
                    self._pace.answered(kind, sent_at, now)
                self._end()

    def _end(self) -> None:
        self._pace.end()
        self._changed.notify_all()
