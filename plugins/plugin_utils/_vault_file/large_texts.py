# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What makes large texts cheap: what was read of the last few is kept, and nobody looks for garbage meanwhile."""

from __future__ import annotations

import collections
import contextlib
import gc
import threading
import typing as t

T = t.TypeVar("T")


class LastFew(t.Generic[T]):
    """What `make` makes of the last few texts; of one that is told to be out of date nothing is kept.

    A tree of a text is many times as large as the text, so one that nobody will ask for is not left to be pushed out.
    """

    def __init__(self, make: t.Callable[[str, bool], T], most: int) -> None:
        self._make, self._most = make, most
        self._kept: collections.OrderedDict[tuple[str, bool], T] = collections.OrderedDict()
        self._lock = threading.Lock()

    def of(self, text: str, flag: bool) -> T:
        """What is made of a text and this flag; what `make` raises is raised each time."""
        with self._lock:
            if (text, flag) in self._kept:
                self._kept.move_to_end((text, flag))
                return self._kept[text, flag]
        made = self._make(text, flag)
        with self._lock:
            self._kept[text, flag] = made
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return made

    def has(self, text: str) -> bool:
        """Whether anything is kept of this text."""
        with self._lock:
            return any((text, flag) in self._kept for flag in (False, True))

    def forget(self, text: str) -> None:
        """Keep nothing of this text."""
        with self._lock:
            for flag in (False, True):
                self._kept.pop((text, flag), None)

    def clear(self) -> None:
        """Keep nothing at all."""
        with self._lock:
            self._kept.clear()


@contextlib.contextmanager
def without_collector() -> t.Iterator[None]:
    """For work that makes many objects of which none is garbage.

    Python's collector goes through all objects that there are, again and again while they become more. What is not
    used any more is freed all the same, unless it refers to itself.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
