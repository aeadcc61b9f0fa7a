# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which slot a key is of, by the records of vault files that are at hand."""

from __future__ import annotations

import os
import typing as t
from collections import Counter

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import (
    RECORDS_VARIABLE,
    Record,
    RecordIsUnreadable,
    from_data,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.cipher import Cipher
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import VaultFileError
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_file import VaultFile

SlotsByKeyId = t.Mapping[str, t.Mapping[str, t.Any]]


def slots_by_key_id(paths: t.Sequence[str], cipher: Cipher, option: str = "vault_files") -> dict[str, dict[str, t.Any]]:
    """The slot of each key that a record names: file, variable, and `published`, `pending` or `replaced`.

    `option` is what the user called the files. Raises TaskRefused for one that cannot be read: a slot that is left out
    would look like a key of nobody.
    """
    found: dict[str, dict[str, t.Any]] = {}
    for path in dict.fromkeys(paths):
        for variable, record in _records_in(path, cipher, option):
            # What a move has left behind tells of no key that the slot's own record tells of.
            told = found if record.moved_to else {}
            for key_id, state in (each for each in _states(record) if each[0] not in told):
                found[key_id] = {"file": path, "variable": variable, "state": state}
    return found


def slot_labels(slots: SlotsByKeyId) -> dict[str, str]:
    """What to call the slot of each key: its variable, and where another file has the same, the file, too."""
    places = {(each["file"], each["variable"]) for each in slots.values()}
    counts = Counter(variable for _file, variable in places)
    folder = os.path.commonpath([os.path.dirname(file) for file, _variable in places]) if places else ""

    def label(file: str, variable: str) -> str:
        return variable if counts[variable] == 1 else f"{variable} ({os.path.relpath(file, folder)})"

    return {key_id: label(each["file"], each["variable"]) for key_id, each in slots.items()}


def _records_in(path: str, cipher: Cipher, option: str) -> t.Iterator[tuple[str, Record]]:
    vault_file = VaultFile(path, cipher, vault_id=None)
    try:
        snapshot = vault_file.read()
        records = vault_file.value(snapshot, (RECORDS_VARIABLE,))
    except VaultFileError as error:
        raise TaskRefused(f"{option}: {error}") from None
    if not snapshot.exists:
        raise TaskRefused(f"{option}: there is no vault file {path}")
    if not isinstance(records, (dict, type(None))):
        raise TaskRefused(f"{option}: {RECORDS_VARIABLE} in {path} is no mapping, so no record of it can be read")
    for variable, data in (records or {}).items():
        try:
            # No slot is called by a number, or by nothing.
            yield variable, from_data(data if isinstance(variable, str) else None)
        except RecordIsUnreadable:
            raise TaskRefused(f"{option}: the record of {variable} in {path} cannot be read") from None


def _states(record: Record) -> t.Iterator[tuple[str, str]]:
    for entry in record.superseded:
        yield entry.id, "replaced"
    if record.pending is not None and record.pending.id:
        yield record.pending.id, "pending"
    if record.current is not None:
        yield record.current.id, "published"
