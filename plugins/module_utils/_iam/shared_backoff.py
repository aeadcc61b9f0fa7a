# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lets the threads of a task back off together: when IAM tells one of them to come back later, all wait."""

from __future__ import annotations

import threading

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import Clock


class SharedBackoff:
    """A moment before which nobody sends; the latest that was asked for."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ends_at = clock.monotonic()
        self._lock = threading.Lock()

    def last_for(self, seconds: float) -> None:
        with self._lock:
            self._ends_at = max(self._ends_at, self._clock.monotonic() + seconds)

    def wait(self) -> None:
        """Sleep until that moment, also when it is put off meanwhile."""
        while (pause := self._ends_at - self._clock.monotonic()) > 0:
            self._clock.sleep(pause)
