# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The history in a private file of this machine, and the store that keeps it in step with its records."""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._private_file import reason_of
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._trusted_place import read_text
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.history import (
    Entry,
    History,
    HistoryRefused,
    read_history,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.loaded import Loaded
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.ports import (
    NotWritten,
    RecordStore,
    SlotChange,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Slot
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.storage import MISSING, Storage
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import (
    ChangedMeanwhile,
    VaultFileError,
)

_LOCK_TIMEOUT_SECONDS = 30.0
# Other writers hold the lock, so only an editor comes between.
_TRIES = 5
_MODE = 0o600


class HistoryFile:
    """A shelf; the file is replaced as a whole, so a killed run leaves no half line."""

    def __init__(self, path: str) -> None:
        self._path = path

    @property
    def name(self) -> str:
        return self._path

    def check(self) -> None:
        """Raise HistoryRefused when the file could not be read or written; changes nothing."""
        with _told(self._path):
            storage = Storage(self._path, _LOCK_TIMEOUT_SECONDS)
            content, identity = storage.read()
            storage.check_may_write(identity)
        read_history(content, self._path)

    def update(self, change: t.Callable[[bytes], bytes | None]) -> None:
        with _told(self._path):
            if change(Storage(self._path, _LOCK_TIMEOUT_SECONDS).read()[0]) is None:
                return
            for is_last in [False] * (_TRIES - 1) + [True]:
                try:
                    self._update_once(change)
                    return
                except ChangedMeanwhile:
                    if is_last:
                        raise

    def _update_once(self, change: t.Callable[[bytes], bytes | None]) -> None:
        storage = Storage(self._path, _LOCK_TIMEOUT_SECONDS)
        with storage.locked():
            content, identity = storage.read()
            new = change(content)
            if new is not None:
                if identity != MISSING:
                    storage.check_may_write(identity)
                storage.write(new, identity, _MODE)


@contextlib.contextmanager
def _told(path: str) -> t.Iterator[None]:
    """A refusal says what becomes of the history."""
    try:
        yield
    except VaultFileError as error:
        raise HistoryRefused(
            f"the history {path} cannot be kept: {error}. What happened stays on record, and a "
            "run that can keep it adds it"
        ) from None


class StoreWithHistory:
    """A store whose records wait for their history.

    Nothing of a record is overwritten before what it tells is in the history: so a run that was killed in between is
    caught up by the next one.
    """

    def __init__(self, store: RecordStore, history: History) -> None:
        self._store, self._history = store, history

    def refresh(self) -> None:
        self._history.flush()
        self._store.refresh()

    def load(self, slot: Slot) -> Loaded:
        return self._store.load(slot)

    def commit(self, changes: t.Sequence[SlotChange]) -> list[Loaded | NotWritten]:
        self._history.flush()
        answers = self._store.commit(changes)
        for change, answer in zip(changes, answers):
            if isinstance(answer, Loaded):
                self._history.note(change.lines)
        self._history.flush()
        return answers

    def copy(self, slot: Slot, published_value: str | None, own_values: frozenset[str]) -> None:
        self._store.copy(slot, published_value, own_values)

    def check(self, *changes: SlotChange) -> None:
        self._store.check(*changes)


def read_history_file(path: str) -> list[Entry]:
    """The lines of a file, wherever it came from; raises HistoryRefused."""
    try:
        return read_history(read_text(path, encoding="utf-8").encode(), path)
    except (OSError, UnicodeDecodeError) as error:
        why = reason_of(error) if isinstance(error, OSError) else "it is not UTF-8"
        raise HistoryRefused(f"the history {path} cannot be read: {why}") from None
