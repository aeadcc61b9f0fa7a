# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How many rotations a run begins, so that a bad day stays a small one."""

from __future__ import annotations


class Begins:
    """The places for rotations that a run may begin, shared by its slots.

    `failures` and `under_way` are the slots that have failed, and those that have begun and are not through yet.
    """

    def __init__(self, most: int, stop_after_failures: int | None) -> None:
        self.failures = self.under_way = 0
        self._left = self._most = most
        self._stop_after_failures = stop_after_failures

    @property
    def is_full(self) -> bool:
        """Whether one more has to wait, so that not more can fail than may, even if all that are under way do."""
        allowed = self._stop_after_failures
        return allowed is not None and self.failures < allowed <= self.failures + self.under_way

    def take_place(self) -> str | None:
        """Take one of the places that are left, or say why there is none."""
        if self._stop_after_failures is not None and self.failures >= self._stop_after_failures:
            return f"{self.failures} slots failed"
        if self._left <= 0:
            return f"a run begins {self._most} rotations at most (batch_size)"
        self._left -= 1
        self.under_way += 1
        return None

    def give_back(self) -> None:
        self._left += 1
        self.under_way -= 1
