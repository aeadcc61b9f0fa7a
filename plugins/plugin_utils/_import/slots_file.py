# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The file with the slots: made, or gone on with at its end. What stands in it stays, byte for byte."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._secret_arguments import texts_in
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.cipher import Cipher
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.header import is_cipher_text
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.render import written_clear
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.storage import MISSING, Storage
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import (
    CannotEdit,
    VaultFileError,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_file import Snapshot, VaultFile

VARIABLE = "rotate_api_keys_slots"
MODE = 0o644
HEADER = """\
---
# Slots of imported keys: each is taken over as it is, and replaced when it is due. Run it every day:
#   ansible-playbook cloudkeys.ibmcloud.rotate --vault-id prod@prompt -e @slots.yml
"""
# Where the dashes of items are in what we write, and in what is there.
COLUMN = 2
# What says which keys a slot has.
_SAY_WHERE = ("name", "file", "variable", "retire_ids")
_TEMPLATE = re.compile(r"\{[{%]")
_ITEMS = re.compile(rf"^{VARIABLE}:.*\n(?: *(?:#.*)?\n)*( *)- ", re.MULTILINE)


@dataclass(frozen=True)
class SlotsFile:
    """The file at `path` as it was read, with the slots in it."""

    path: str
    snapshot: Snapshot
    slots: list[dict[str, t.Any]]
    vault_file: VaultFile
    lock_timeout_seconds: float

    def check_may_write(self) -> None:
        """Find out before anything else is written whether `write` could work."""
        storage = Storage(self.path, self.lock_timeout_seconds)
        storage.expect(self.snapshot.identity)
        storage.check_may_write(self.snapshot.identity)

    def write(self, text: str) -> None:
        """Replace the file, if it still is the one that was read."""
        storage = Storage(self.path, self.lock_timeout_seconds)
        with storage.locked():
            storage.expect(self.snapshot.identity)
            storage.write(text.encode("utf-8"), self.snapshot.identity, MODE)


def read_slots_file(path: str, cipher: Cipher, lock_timeout_seconds: float) -> SlotsFile:
    """Read it; raises CannotEdit for a file that holds no list of slots under the variable."""
    vault_file = VaultFile(path, cipher)
    snapshot = vault_file.read()
    if is_cipher_text(snapshot.text):
        raise CannotEdit(f"{path} is encrypted as a whole, and slots hold no secret: name another file in slots_file")
    slots = _slots_in(vault_file, snapshot)
    _refuse_templates(path, slots)
    return SlotsFile(path, snapshot, slots, vault_file, lock_timeout_seconds)


def with_slots(file: SlotsFile, new: t.Sequence[dict[str, t.Any]]) -> str:
    """The text of the file with these slots at its end, proven to read back as what was there and these.

    Raises CannotEdit for a file that cannot be gone on with in this way.
    """
    before = file.snapshot.text
    if not before.strip():
        return HEADER + slots_text(new)
    text = slots_text(new)
    line_end = "\r\n" if "\r\n" in before else "\n"
    column = _column_of_items(before.replace("\r\n", "\n"))
    items = _moved(text.partition("\n")[2], column) if file.slots else text
    after = f"{before}{'' if before.endswith(chr(10)) else line_end}{items.replace(chr(10), line_end)}"
    _prove(file, after, new)
    return after


def slots_text(slots: t.Sequence[dict[str, t.Any]]) -> str:
    """The variable with these slots, as YAML that Ansible reads back as exactly that."""
    return written_clear({VARIABLE: list(slots)})


def _refuse_templates(path: str, slots: t.Sequence[dict[str, t.Any]]) -> None:
    """Nobody fills them in here: the slot would have no value and no record, and its key would get a second slot."""
    for number, slot in enumerate(slots, 1):
        member = next((each for each in _SAY_WHERE if any(map(_TEMPLATE.search, texts_in(slot.get(each))))), None)
        if member:
            raise CannotEdit(
                f"{path}: `{member}` of slot {number} is a template, which is not filled in here. Nothing was written; "
                "name a new file in slots_file, and give the slots of this one with -e @FILE"
            )


def _column_of_items(text: str) -> int:
    found = _ITEMS.search(text)
    return len(found[1]) if found else COLUMN


def _moved(lines: str, column: int) -> str:
    """Lines of items that begin in another column."""
    missing = max(column - COLUMN, 0)
    return "".join(f"{' ' * missing}{line[max(COLUMN - column, 0) :]}" for line in lines.splitlines(keepends=True))


def _prove(file: SlotsFile, after: str, new: t.Sequence[dict[str, t.Any]]) -> None:
    changed = Snapshot(file.path, True, "inline", after, MISSING)
    others = [name for name in file.vault_file.names(file.snapshot) if name != VARIABLE]
    try:
        is_same = file.vault_file.names(changed) in ([*others, VARIABLE], file.vault_file.names(file.snapshot))
        is_same = is_same and _slots_in(file.vault_file, changed) == [*file.slots, *new]
        is_same = is_same and all(_value(file, changed, name) == _value(file, file.snapshot, name) for name in others)
    except VaultFileError:
        is_same = False
    if not is_same:
        raise CannotEdit(
            f"{file.path}: the new slots cannot be put at its end, where {VARIABLE} has to be a list of lines that "
            "begin with a dash. Nothing was written; name a new file in slots_file, or move the variable to the end"
        )


def _value(file: SlotsFile, snapshot: Snapshot, name: str) -> object | None:
    return file.vault_file.value(snapshot, (name,))


def _slots_in(vault_file: VaultFile, snapshot: Snapshot) -> list[dict[str, t.Any]]:
    slots = vault_file.value(snapshot, (VARIABLE,)) if snapshot.text.strip() else []
    if slots is None:
        return []
    if not isinstance(slots, list) or not all(isinstance(slot, dict) for slot in slots):
        raise CannotEdit(f"{snapshot.path}: {VARIABLE} is no list of slots; name another file in slots_file")
    return slots
