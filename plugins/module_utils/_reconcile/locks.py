# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A lock that stood in the way of a change is back when the change fails."""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import IamError

Lock = t.Callable[[str], object]


class LocksToRestore:
    """What has been unlocked for a change, and how it is locked again."""

    def __init__(self, steps: t.Sequence[str]) -> None:
        # A plan that neither locks nor deletes was asked to take the lock away.
        self._is_due = bool({"lock", "delete"} & set(steps))
        self._unlocked: list[tuple[Lock, str]] = []

    def note(self, lock: Lock, entity_id: str) -> None:
        """To be said before the unlock is sent: its answer may be lost."""
        self._unlocked.append((lock, entity_id))

    def restore(self) -> None:
        """Lock again, the last one first; the error that led here matters more than one here."""
        for lock, entity_id in reversed(self._unlocked if self._is_due else []):
            with contextlib.suppress(IamError):
                lock(entity_id)


@contextlib.contextmanager
def locked_again_on_failure(steps: t.Sequence[str]) -> t.Iterator[LocksToRestore]:
    """Around the steps of a change: leaves nothing less protected than it was when one of them fails."""
    locks = LocksToRestore(steps)
    try:
        yield locks
    except BaseException:
        locks.restore()
        raise
