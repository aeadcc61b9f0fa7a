# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which keys the records of rotations need, read from vault files."""

from __future__ import annotations

import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import (
    RECORDS_VARIABLE,
    RecordIsUnreadable,
    from_data,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.cipher import Cipher
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import VaultFileError
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_file import VaultFile


def recorded_ids(paths: t.Sequence[str], cipher: Cipher) -> frozenset[str]:
    """The ids that the records in these vault files name; raises TaskRefused for a file that cannot be read.

    A record that is left out would make its keys look like left-overs, so nothing is passed over.
    """
    return frozenset(key_id for path in paths for key_id in _ids_in(path, cipher))


def _ids_in(path: str, cipher: Cipher) -> t.Iterator[str]:
    vault_file = VaultFile(path, cipher, vault_id=None)
    try:
        snapshot = vault_file.read()
        records = vault_file.value(snapshot, (RECORDS_VARIABLE,)) or {}
    except VaultFileError as error:
        raise TaskRefused(f"record_files: {error}") from None
    if not snapshot.exists:
        raise TaskRefused(f"record_files: there is no file {path}")
    for variable, found in t.cast("dict[str, t.Any]", records).items():
        try:
            record = from_data(found)
        except RecordIsUnreadable:
            raise TaskRefused(f"record_files: the record of {variable} in {path} cannot be read") from None
        yield from record.known_ids
