# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keeps other writers out of a folder; the lock leaves no file, and survives what is renamed in it."""

from __future__ import annotations

import errno
import fcntl
import time

_BUSY = (errno.EACCES, errno.EAGAIN)
_PAUSE_SECONDS = 0.05


def wait_for_lock(descriptor: int, timeout_seconds: float) -> bool:
    """Lock an open folder; False when somebody else held it all the time. Raises OSError where there are no locks."""
    give_up_at = time.monotonic() + timeout_seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except OSError as error:
            if error.errno not in _BUSY:
                raise
        if time.monotonic() >= give_up_at:
            return False
        time.sleep(_PAUSE_SECONDS)
