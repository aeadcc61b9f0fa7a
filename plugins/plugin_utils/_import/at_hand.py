# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is there already: slots that are declared, keys that they have, variables of the vault file. Reads only."""

from __future__ import annotations

import contextlib
import os
import typing as t
from dataclasses import dataclass, field

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.iam_ids import SERVICE_ID, iam_id_of
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import RECORDS_VARIABLE
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.recorded import slots_by_key_id
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.cipher import Cipher
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.path import parse_path, shown_path
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import VaultFileError
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_file import Snapshot, VaultFile

Slot = t.Mapping[str, t.Any]


@dataclass
class AtHand:
    """`ids` says which slot a key on record is of, `values` which slot a value is in; texts for people.

    `names` are those of slots, `key_names` their keys' as (owner as it is declared, name).
    """

    ids: dict[str, str] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict, repr=False)
    retired: dict[str, str] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    key_names: set[tuple[str, str]] = field(default_factory=set)


def look(slots: t.Sequence[Slot], vault_files: t.Sequence[str], cipher: Cipher, protect: t.Callable[[str], None],
         absolute: t.Callable[[str], str]) -> AtHand:  # fmt: skip
    """What declared slots have, and the records in `vault_files`; raises for a file that cannot be read.

    The file of a slot need not be there yet.
    """
    found = AtHand()
    files = [absolute(_text(slot, "file")) for slot in slots]
    there = [file for file in files if os.path.lexists(file)]
    for key_id, known in slots_by_key_id([*there, *vault_files], cipher).items():
        found.ids[key_id] = f"{known['state']} in {known['file']}: {known['variable']}"
    for slot, file in zip(slots, files):
        name = _text(slot, "name")
        found.names.add(name)
        found.key_names.add((_owner(slot), str(slot.get("key_name") or name)))
        found.retired.update(dict.fromkeys(map(str, slot.get("retire_ids") or ()), f"to be retired by the slot {name}"))
        value = _value_of(slot, file, cipher) if file in there else None
        if value is not None:
            protect(value)
            found.values[value] = f"declared as the slot {name}"
    return found


@dataclass(frozen=True)
class Target:
    """The vault file to write. `values` are the variables that are there, None for what is no text or stays closed."""

    vault_file: VaultFile
    snapshot: Snapshot
    values: dict[str, str | None] = field(repr=False)

    def holds(self, value: str) -> str | None:
        """The variable with this value."""
        return next((name for name, held in self.values.items() if held == value), None)


def read_target(vault_file: VaultFile, protect: t.Callable[[str], None]) -> Target:
    """The file as it is now; a variable of another vault password is there, whatever it holds."""
    snapshot = vault_file.read()
    values: dict[str, str | None] = {}
    for name in vault_file.names(snapshot):
        value: object = None
        if name != RECORDS_VARIABLE:
            with contextlib.suppress(VaultFileError):
                value = vault_file.value(snapshot, (name,))
        values[name] = value if isinstance(value, str) else None
        if isinstance(value, str):
            protect(value)
    return Target(vault_file, snapshot, values)


def _value_of(slot: Slot, file: str, cipher: Cipher) -> str | None:
    path = parse_path(slot.get("variable") or [slot["name"]], f"slot {slot['name']}: variable")
    try:
        vault_file = VaultFile(file, cipher)
        value = vault_file.value(vault_file.read(), path)
    except VaultFileError as error:
        raise TaskRefused(f"slots: the value of {shown_path(path)} cannot be read: {error}") from None
    return value if isinstance(value, str) else None


def _owner(slot: Slot) -> str:
    """As it is compared with an IAM ID; the caller's own keys have an empty one, a name of a service ID is a name."""
    owner = str(slot.get("iam_id") or slot.get("service_id") or "")
    return iam_id_of(owner) if owner.startswith(SERVICE_ID) else owner


def _text(slot: t.Any, member: str) -> str:
    text = slot.get(member) if isinstance(slot, t.Mapping) else None
    if not isinstance(text, str) or not text.strip():
        raise TaskRefused(f"slots: a slot has no `{member}`. Nothing was changed; give slots as a rotation takes them")
    return text
