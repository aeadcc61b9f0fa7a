# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One bound for one request: the log-in that it needs, connecting, every try, and the whole answer."""

from __future__ import annotations

import contextlib
import socket
import threading
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam import retry
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import Clock, SystemClock


class Deadline:
    """The moment at which a request is given up, on a clock of monotonic seconds."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self.ends_at = clock.monotonic() + seconds

    def seconds_left(self, at_most: float) -> float:
        """What a step may take; raises `socket.timeout` when nothing is left."""
        if not self.left:
            raise socket.timeout("the request took too long")
        return min(self.left, at_most)

    def put_off(self, seconds: float) -> None:
        """Let so many seconds count for nothing."""
        self.ends_at += seconds

    def part(self, seconds: float) -> Deadline:
        """A deadline for one step: so many seconds from now, and never after this one."""
        return Deadline(self._clock, min(seconds, self.left))

    @property
    def left(self) -> float:
        """In seconds; 0 when it is over."""
        return max(0.0, self.ends_at - self._clock.monotonic())


class _UnderWay(threading.local):
    deadline: Deadline | None = None


_under_way = _UnderWay()


@contextlib.contextmanager
def one_deadline(clock: Clock) -> t.Iterator[Deadline]:
    """What this thread sends while this holds shares one deadline; one within another is that other."""
    outer = _under_way.deadline
    if outer is not None:
        yield outer
        return
    _under_way.deadline = Deadline(clock, retry.LONGEST_REQUEST_SECONDS)
    try:
        yield _under_way.deadline
    finally:
        _under_way.deadline = None


def current_deadline() -> Deadline:
    """That of the request this thread works on; connections ask for it, since they outlive requests."""
    return _under_way.deadline or Deadline(SystemClock(), retry.LONGEST_REQUEST_SECONDS)
