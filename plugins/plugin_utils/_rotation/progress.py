# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How far long work is, for somebody who watches: at most a line every few seconds, and none for what is soon done."""

from __future__ import annotations

import threading
import typing as t

T = t.TypeVar("T")

# A terminal is not flooded, and nobody wonders whether anything happens.
EVERY_SECONDS = 3.0


class Progress:
    """Tells of work that is done side by side; `what` names the work on an item."""

    def __init__(
        self, tell: t.Callable[[str], None], monotonic: t.Callable[[], float], what: t.Callable[[t.Any], str]
    ) -> None:
        self._tell, self._monotonic, self._what = tell, monotonic, what

    def watch(self, work: t.Callable[[T], None], items: t.Sequence[T]) -> t.Callable[[T], None]:
        """The same work, counted."""
        lock, total = threading.Lock(), len(items)
        began_at = told_at = self._monotonic()
        done = 0

        def counted(item: T) -> None:
            nonlocal done, told_at
            what = self._what(item)
            work(item)
            with lock:
                done, now = done + 1, self._monotonic()
                is_time = now - told_at >= EVERY_SECONDS and done < total
                told_at = now if is_time else told_at
            if is_time:
                self._tell(f"{done} of {total}: {what}, {done / (now - began_at):.0f}/s")

        return counted


def watch_nothing(work: t.Callable[[T], None], items: t.Sequence[T]) -> t.Callable[[T], None]:
    """Nobody watches."""
    return work
