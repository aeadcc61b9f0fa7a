# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Many files side by side: read and prove all of them first, and only then write, one file after the other.

Until the first write nothing is changed, whatever is found. A run that is stopped between two writes is simply run
again: what is done is recognized by the secret that opens it.
"""

from __future__ import annotations

import contextlib
import os
import time
import typing as t
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._private_file import Disk
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rekey.content import Place, Rekeyed, rekey
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rekey.order import Order
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.found_files import may_hold_variables
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.storage import (
    MISSING,
    Identity,
    Missing,
    Storage,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import (
    CannotStore,
    ChangedMeanwhile,
    VaultFileError,
)

_WRITE_TRIES = 3
_TELL_EVERY_SECONDS = 5.0
_MODE_OF_NEW = 0o600
_Plan = t.TypeVar("_Plan")


@dataclass
class FileOutcome:
    """What became of one file. `problem` says why it is as it was, though it should not be."""

    path: str
    places: list[Place] = field(default_factory=list)
    layout: str | None = None
    changes: bool = False
    is_written: bool = False
    problem: str | None = None
    # The problem is that it cannot be read, and not that it cannot be written.
    is_unreadable: bool = False
    is_conflict: bool = False

    def count(self, state: str) -> int:
        return sum(place.state == state for place in self.places)

    @property
    def is_closed(self) -> bool:
        """Tell whether something in it could not be opened."""
        return self.is_unreadable or self.count("unreadable") > 0


@dataclass
class _Planned:
    outcome: FileOutcome
    storage: Storage | None = None
    identity: Identity | Missing = MISSING
    content: bytes = field(default=b"", repr=False)


@contextlib.contextmanager
def _threads(number: int) -> t.Iterator[ThreadPoolExecutor]:
    """Threads that leave the rest undone when the task is ended."""
    pool = ThreadPoolExecutor(number)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


class Planning:
    """What files on disk and in a repository have in common. `tell` shows a line while it runs."""

    def __init__(self, order: Order, *, skips_unreadable: bool, tell: Callable[[str], None]) -> None:
        self._order = order
        self._skips_unreadable = skips_unreadable
        self._tell = tell
        self._told_at = time.monotonic()

    @contextlib.contextmanager
    def _side_by_side(self) -> t.Iterator[tuple[ThreadPoolExecutor, ThreadPoolExecutor]]:
        """Threads for files and for values."""
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        # Deriving a key leaves Python's lock to others, so threads are enough. The files wait for their values, and
        # the values for nobody.
        with _threads(cores) as values, _threads(cores + 1) as files:
            yield files, values

    def _each_planned(self, plans: Iterable[_Plan], number: int) -> list[_Plan]:
        planned = []
        for plan in plans:
            planned.append(plan)
            self._tell_now_and_then(f"{len(planned)} of {number} files read and encrypted anew")
        return planned

    def _rekeyed(self, outcome: FileOutcome, content: bytes, path: str, values: ThreadPoolExecutor) -> Rekeyed | None:
        """The new content, with what is in it told in the outcome; None for a file that cannot be read."""
        try:
            done = rekey(content, self._order, may_hold_variables(path), values.map)
        except VaultFileError as error:
            outcome.problem, outcome.is_unreadable = f"{outcome.path}: {error}", True
            return None
        outcome.places, outcome.layout = done.places, done.layout
        outcome.changes = done.content != content
        return done

    def _stops(self, outcome: FileOutcome) -> bool:
        """Whether nothing at all is written because of this file."""
        if outcome.problem and not outcome.is_unreadable:
            return True
        return outcome.is_closed and not self._skips_unreadable

    def _tell_now_and_then(self, line: str) -> None:
        if time.monotonic() - self._told_at >= _TELL_EVERY_SECONDS:
            self._told_at = time.monotonic()
            self._tell(line)


class Rekeying(Planning):
    """One task with files on disk."""

    def __init__(
        self,
        order: Order,
        *,
        skips_unreadable: bool,
        lock_timeout_seconds: float,
        tell: Callable[[str], None],
        disk: Disk | None = None,
    ) -> None:
        super().__init__(order, skips_unreadable=skips_unreadable, tell=tell)
        self._lock_timeout_seconds = lock_timeout_seconds
        self._disk = disk

    def run(self, paths: Sequence[str], check_mode: bool) -> tuple[list[FileOutcome], bool]:
        """What became of each file, and whether one of them stood in the way of the whole task: nothing is written."""
        with self._side_by_side() as (files, values):
            planned = self._each_planned(files.map(lambda path: self._plan(path, values), paths), len(paths))
            is_stopped = any(self._stops(plan.outcome) for plan in planned)
            if not check_mode and not is_stopped:
                self._write_all([plan for plan in planned if plan.outcome.changes], values)
        return [plan.outcome for plan in planned], is_stopped

    def _plan(self, path: str, values: ThreadPoolExecutor) -> _Planned:
        outcome = FileOutcome(path)
        try:
            storage = Storage(path, self._lock_timeout_seconds, self._disk)
            content, identity = storage.read()
            if identity == MISSING:
                raise ChangedMeanwhile(f"{path} was taken away by somebody else since it was read")
        except VaultFileError as error:
            outcome.problem, outcome.is_conflict = str(error), isinstance(error, ChangedMeanwhile)
            return _Planned(outcome)
        done = self._rekeyed(outcome, content, path, values)
        if done is None:
            return _Planned(outcome)
        if outcome.changes:
            try:
                storage.check_may_write(identity)
            except VaultFileError as error:
                outcome.problem, outcome.changes = str(error), False
                outcome.is_conflict = isinstance(error, ChangedMeanwhile)
        return _Planned(outcome, storage, identity, done.content)

    def _write_all(self, planned: list[_Planned], values: ThreadPoolExecutor) -> None:
        for number, plan in enumerate(planned, 1):
            self._write(plan, values)
            self._tell_now_and_then(f"{number} of {len(planned)} files written")

    def _write(self, plan: _Planned, values: ThreadPoolExecutor) -> None:
        """Write one file; one that was changed meanwhile is planned again, and is left when that goes on."""
        for number in range(_WRITE_TRIES):
            if number:
                again = self._plan(plan.outcome.path, values)
                vars(plan.outcome).update(vars(again.outcome))
                plan.storage, plan.identity, plan.content = again.storage, again.identity, again.content
            if not plan.outcome.changes or self._stops(plan.outcome):
                plan.outcome.problem = plan.outcome.problem or self._why_not(plan.outcome)
                return
            try:
                self._swap(plan)
            except VaultFileError as error:
                plan.outcome.problem, plan.outcome.is_conflict = str(error), isinstance(error, ChangedMeanwhile)
                if not plan.outcome.is_conflict:
                    return
            else:
                plan.outcome.is_written, plan.outcome.problem, plan.outcome.is_conflict = True, None, False
                return

    def _why_not(self, outcome: FileOutcome) -> str | None:
        if not self._stops(outcome):
            return None
        return f"{outcome.path} was changed by somebody else, and holds now what no loaded vault secret opens"

    @staticmethod
    def _swap(plan: _Planned) -> None:
        if plan.storage is None:
            raise CannotStore(f"there is nothing at {plan.outcome.path}")
        with plan.storage.locked():
            plan.storage.expect(plan.identity)
            plan.storage.write(plan.content, plan.identity, _MODE_OF_NEW)
