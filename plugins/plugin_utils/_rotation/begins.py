# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How many rotations a run begins, so that a bad day stays a small one."""

from __future__ import annotations

import typing as t


class Begins:
    """The places for rotations that a run may begin, shared by its slots.

    `failures` and `under_way` are the slots that have failed, and those that have begun and are not through yet.
    """

    def __init__(self, most: int, stop_after_failures: int | None) -> None:
        self.failures = self.under_way = 0
        self._left = self._most = most
        # Taken by slots whose rotation is not on record yet.
        self._doubtful = 0
        self._stop_after_failures = stop_after_failures

    @property
    def must_wait(self) -> bool:
        """Whether it shows only later if one more may begin.

        Not more may fail than allowed, even if all that are under way do; and a place may be given back.
        """
        allowed = self._stop_after_failures
        are_enough = allowed is not None and self.failures < allowed <= self.failures + self.under_way
        return are_enough or (self._left <= 0 < self._doubtful)

    def why_none(self) -> str | None:
        """Why no more rotation may begin, if so."""
        if self._stop_after_failures is not None and self.failures >= self._stop_after_failures:
            return f"{self.failures} slots failed"
        return f"a run begins {self._most} rotations at most (batch_size)" if self._left <= 0 else None

    def take(self) -> None:
        """One more rotation begins."""
        self._left -= 1
        self._doubtful += 1
        self.under_way += 1

    def give_back(self) -> None:
        """It did not begin after all."""
        self._left += 1
        self._doubtful -= 1
        self.under_way -= 1

    def confirm(self) -> None:
        """It is on record."""
        self._doubtful -= 1


class Begin:
    """One slot's rotation among them; it is `doubtful` from the plan until it is on record."""

    def __init__(self, begins: Begins) -> None:
        self.of_all = begins
        self._state: t.Literal["none", "doubtful", "begun"] = "none"

    @property
    def is_under_way(self) -> bool:
        return self._state != "none"

    def take(self) -> None:
        self.of_all.take()
        self._state = "doubtful"

    def confirm(self) -> None:
        """What was planned is on record now."""
        if self._state == "doubtful":
            self.of_all.confirm()
            self._state = "begun"

    def give_back(self) -> None:
        """It comes to nothing, if it is not on record yet."""
        if self._state == "doubtful":
            self.of_all.give_back()
            self._state = "none"
