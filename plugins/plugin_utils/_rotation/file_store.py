# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Records in a vault file on disk, beside the variables they are about."""

from __future__ import annotations

import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.ports import CommitLost, Loaded
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import (
    CLEAR_MEMBERS,
    RECORDS_VARIABLE,
    Record,
    RecordIsUnreadable,
    from_data,
    to_data,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Slot, SlotStopped
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.cipher import Cipher
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.document import Edit
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.errors import ChangedMeanwhile
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_file import Snapshot, VaultFile


class FileStore:
    """Reads and writes slots in vault files; `protect` is told every value that is read."""

    def __init__(self, cipher: Cipher, protect: t.Callable[[str], None], *, vault_id: str | None = None):
        self._cipher = cipher
        self._protect = protect
        self._vault_id = vault_id

    def load(self, slot: Slot) -> Loaded:
        vault_file = self._file(slot)
        snapshot = vault_file.read()
        published_value = vault_file.value(snapshot, (slot.variable,))
        if published_value is not None and not isinstance(published_value, str):
            raise SlotStopped(f"{slot.file}: the variable {slot.variable} is not a text, so it is no API key")
        found = vault_file.value(snapshot, (RECORDS_VARIABLE, slot.variable))
        try:
            record = None if found is None else from_data(found)
        except RecordIsUnreadable:
            raise SlotStopped(
                f"{slot.file}: {RECORDS_VARIABLE}.{slot.variable} cannot be read, somebody edited it; "
                "bring its last version back"
            ) from None
        for secret in _values_in(record, published_value):
            self._protect(secret)
        return Loaded(record, published_value, snapshot)

    def commit(self, slot: Slot, loaded: Loaded, record: Record | None, published_value: str | None = None) -> Loaded:
        edits = [_record_edit(slot, record)]
        if published_value is not None:
            edits.append(Edit((slot.variable,), published_value))
        snapshot = self._write(slot, loaded.version, edits, check_mode=False)
        kept = published_value if published_value is not None else loaded.published_value
        return Loaded(record, kept, snapshot)

    def check(self, slot: Slot, loaded: Loaded, record: Record) -> None:
        self._write(slot, loaded.version, [_record_edit(slot, record)], check_mode=True)

    def _write(self, slot: Slot, snapshot: Snapshot, edits: list[Edit], *, check_mode: bool) -> Snapshot:
        try:
            return self._file(slot).commit(snapshot, edits, check_mode=check_mode).snapshot
        except ChangedMeanwhile as error:
            raise CommitLost(str(error)) from None

    def _file(self, slot: Slot) -> VaultFile:
        return VaultFile(slot.file, self._cipher, vault_id=self._vault_id, create=True, mode=0o600)


def _record_edit(slot: Slot, record: Record | None) -> Edit:
    path = (RECORDS_VARIABLE, slot.variable)
    if record is None:
        return Edit(path, None, remove=True)
    return Edit(path, to_data(record), plaintext_keys=CLEAR_MEMBERS)


def _values_in(record: Record | None, published_value: str | None) -> list[str]:
    held = [published_value]
    if record is not None:
        held += [record.pending.key_value if record.pending else None, *(each.key_value for each in record.superseded)]
    return [value for value in held if value]
