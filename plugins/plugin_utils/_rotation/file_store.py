# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Records in a vault file on disk, beside the variables they are about."""

from __future__ import annotations

import os
import typing as t
from dataclasses import dataclass, field, replace

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.loaded import ClosedValue, Loaded
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.ports import (
    CommitLost,
    NotWritten,
    SlotChange,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.proven_values import (
    ProvenValues,
    fingerprint,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import (
    CLEAR_MEMBERS,
    PROVEN_MEMBER,
    RECORDS_VARIABLE,
    Record,
    RecordIsUnreadable,
    from_data,
    to_data,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import (
    Place,
    Slot,
    SlotStopped,
    foreign_copy,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.cipher import Cipher
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.document import Edit
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import (
    ChangedMeanwhile,
    NoSuchItem,
    VaultFileError,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_file import Snapshot, VaultFile

# As long as a key's value; it is tried, and never written.
_SOME_VALUE = "-" * 44


@dataclass
class _KnownFile:
    """The last state of a file that this run read or wrote; `epoch` counts the changes that somebody else made.

    `is_doubtful` when a comparison of the content has found another state than the file system tells. `loads` are the
    slots as they were read in this state.
    """

    snapshot: Snapshot
    epoch: int = 0
    is_doubtful: bool = False
    loads: dict[Place, Loaded] = field(default_factory=dict)

    def become(self, snapshot: Snapshot) -> None:
        self.snapshot, self.loads = snapshot, {}


class FileStore:
    """Reads and writes slots in vault files; `protect` is told every value that is read.

    A relative path of a slot begins at `folder`.
    """

    def __init__(
        self, cipher: Cipher, protect: t.Callable[[str], None], *, vault_id: str | None = None, folder: str = ""
    ) -> None:
        self._cipher = cipher
        self._protect = protect
        self._vault_id = vault_id
        self._folder = folder
        self._known: dict[str, _KnownFile] = {}
        self._proven = ProvenValues(cipher)

    def refresh(self) -> None:
        """Nothing to do: every load looks at the file."""

    def load(self, slot: Slot) -> Loaded:
        vault_file = self._file(slot.file)
        known = self._read(slot.file, vault_file)
        if known.loads.get(slot.place) is None or slot.copies:
            known.loads[slot.place] = self._load(slot, vault_file, known)
        return known.loads[slot.place]

    def _load(self, slot: Slot, vault_file: VaultFile, known: _KnownFile) -> Loaded:
        found = vault_file.value(known.snapshot, (RECORDS_VARIABLE, slot.variable))
        try:
            record = None if found is None else from_data(found)
        except RecordIsUnreadable as error:
            raise SlotStopped(f"{slot.file}: {RECORDS_VARIABLE}.{slot.variable} cannot be read: {error}") from None
        for secret in record.key_values if record else ():
            self._protect(secret)
        vaulttext = _vaulttext_in(vault_file, known.snapshot, slot.place)
        noted = found.get(PROVEN_MEMBER) if isinstance(found, dict) else None
        loaded = Loaded(record, None, known.epoch)
        if vaulttext and self._proven.may_stay_closed(slot.file, vaulttext, noted):
            loaded = replace(loaded, held=self._closed(vault_file, known.snapshot, slot.place, vaulttext))
        else:
            value, text = self._open(vault_file, known.snapshot, slot.place)
            loaded = replace(loaded, held=value, had_line_break=value is not None and text != value)
        return replace(loaded, stale_copies=self._stale_copies(slot, loaded, vaulttext)) if slot.copies else loaded

    def _closed(self, vault_file: VaultFile, snapshot: Snapshot, place: Place, vaulttext: str) -> ClosedValue:
        def open_value() -> str:
            # Only where that fails the text is read for it, which tells the line too.
            opens = self._cipher.opens(vaulttext)
            value = self._cipher.open(vaulttext).plaintext if opens else self._open(vault_file, snapshot, place)[0]
            self._protect(value or "")
            return value or ""

        return ClosedValue(open_value)

    def _open(self, vault_file: VaultFile, snapshot: Snapshot, place: Place) -> tuple[str | None, str | None]:
        """The value in a variable, protected, and the text as it stands there."""
        text = _text_in(vault_file, snapshot, place)
        value = _key_value(text)
        for secret in (value, text):
            if secret:
                self._protect(secret)
        return value, text

    def commit(self, changes: t.Sequence[SlotChange]) -> list[Loaded | NotWritten]:
        known = self._known[changes[0].slot.file]
        unwritten: dict[Place, str | None] = {
            each.slot.place: None for each in changes if each.loaded.version != known.epoch
        }
        try:
            unwritten |= self._write(known, [change for change in changes if change.slot.place not in unwritten])
        except ChangedMeanwhile:
            known.is_doubtful = True
            return [NotWritten() for _change in changes]
        written = [(change.slot.place, Loaded(change.record, change.value_after, known.epoch)) for change in changes]
        return [NotWritten(unwritten[place]) if place in unwritten else new for place, new in written]

    def _write(self, known: _KnownFile, changes: t.Sequence[SlotChange]) -> dict[Place, str]:
        """Write these changes of a file together -> why some were refused. One that is refused alone stops no other."""
        try:
            if changes:
                known.become(self._commit(known.snapshot, changes, check_mode=False))
        except ChangedMeanwhile:
            raise
        except VaultFileError as error:
            alone = {change.slot.place: self._why_refused(change) for change in changes}
            refused = {place: why for place, why in alone.items() if why is not None}
            others = [change for change in changes if change.slot.place not in refused]
            return {**refused, **self._write(known, others)} if refused else dict.fromkeys(alone, str(error))
        return {}

    def _why_refused(self, change: SlotChange) -> str | None:
        try:
            self.check(change)
        except (CommitLost, VaultFileError) as error:
            return str(error) or None
        return None

    def check(self, *changes: SlotChange) -> None:
        known = self._known[changes[0].slot.file]
        try:
            self._commit(known.snapshot, changes, check_mode=True)
        except ChangedMeanwhile:
            known.is_doubtful = True
            raise CommitLost from None

    def _commit(self, snapshot: Snapshot, changes: t.Sequence[SlotChange], *, check_mode: bool) -> Snapshot:
        self._check_places(snapshot, changes)
        edits = [edit for change in changes for edit in self._edits(change, snapshot)]
        file = self._file(changes[0].slot.file)
        return file.commit(snapshot, edits, check_mode=check_mode, tells_effects=False).snapshot

    def _edits(self, change: SlotChange, snapshot: Snapshot) -> list[Edit]:
        place = change.slot.place
        edits = [_record_edit(change.slot, change.record, self._noted(change, snapshot))]
        if change.removes_value:
            edits.append(Edit(place.path, None, remove=True, may_be_gone=True))
        elif change.published_value is not None:
            edits.append(Edit(place.path, change.published_value))
        return edits

    def _noted(self, change: SlotChange, snapshot: Snapshot) -> str | None:
        """What the record notes of the variable's cipher text; nothing of one that has not been opened or is odd."""
        if change.record is None or change.removes_value:
            return None
        vault_file, place = self._file(change.slot.file), change.slot.place
        if change.published_value is not None:
            return _fingerprint_of(vault_file.sealed_as(snapshot, place.path, change.published_value))
        vaulttext = None if change.loaded.is_closed else _vaulttext_in(vault_file, snapshot, place)
        if vaulttext is None or not self._cipher.opens(vaulttext):
            return None
        text = self._cipher.open(vaulttext).plaintext
        return fingerprint(vaulttext) if _key_value(text) == text else None

    def _check_places(self, snapshot: Snapshot, changes: t.Sequence[SlotChange]) -> None:
        """Try to write values for keys that are about to be announced, before they are made; raises VaultFileError."""
        edits = [Edit(change.slot.place.path, _SOME_VALUE) for change in changes if _announces(change)]
        if edits:
            self._file(changes[0].slot.file).commit(snapshot, edits, check_mode=True, tells_effects=False)

    def copy(self, slot: Slot, published_value: str | None, own_values: frozenset[str]) -> None:
        for place in slot.copies:
            self._copy(place, published_value, own_values)

    def _copy(self, place: Place, published_value: str | None, own_values: frozenset[str]) -> None:
        """Write one copy. Its file may hold records too: what others wrote there puts those slots out of date."""
        vault_file = self._file(place.file)
        edit = Edit(place.path, published_value, remove=published_value is None, may_be_gone=True)
        for is_last in (False, False, True):
            known = self._read(place.file, vault_file)
            if edit.remove and not known.snapshot.exists:
                return
            found = _key_value(_text_in(vault_file, known.snapshot, place))
            if found not in (None, published_value) and found not in own_values:
                raise SlotStopped(foreign_copy(place))
            try:
                known.become(vault_file.commit(known.snapshot, [edit], tells_effects=False).snapshot)
                return
            except ChangedMeanwhile:
                if is_last:
                    raise

    def _stale_copies(self, slot: Slot, loaded: Loaded, vaulttext: str | None) -> tuple[tuple[Place, str | None], ...]:
        """The copies that differ; one with the variable's own cipher text holds the same, so it is not opened."""
        found = []
        for place in slot.copies:
            vault_file = self._file(place.file)
            snapshot = self._read(place.file, vault_file).snapshot
            if vaulttext is None or _vaulttext_in(vault_file, snapshot, place) != vaulttext:
                found.append((place, self._open(vault_file, snapshot, place)[0]))
        return tuple((place, value) for place, value in found if value != loaded.published_value)

    def _read(self, path: str, vault_file: VaultFile) -> _KnownFile:
        before = self._known.get(path)
        snapshot = vault_file.read(before.snapshot if before and not before.is_doubtful else None)
        known = self._known.setdefault(path, _KnownFile(snapshot))
        if snapshot.identity != known.snapshot.identity:
            known.become(snapshot)
            known.epoch += 1
        known.is_doubtful = False
        return known

    def _file(self, path: str) -> VaultFile:
        # A value goes from the record to its variable, and back when it is replaced: its cipher text goes with it.
        return VaultFile(
            os.path.join(self._folder, path),
            self._cipher,
            vault_id=self._vault_id,
            create=True,
            mode=0o600,
            takes_over=True,
        )


def _announces(change: SlotChange) -> bool:
    """Whether a key is to be made for which nothing was on record before."""
    before = change.loaded.record
    return change.record is not None and change.record.pending is not None and not (before and before.pending)


def _record_edit(slot: Slot, record: Record | None, noted: str | None) -> Edit:
    path = (RECORDS_VARIABLE, slot.variable)
    if record is None:
        return Edit(path, None, remove=True)
    beside = {PROVEN_MEMBER: noted} if noted else {}
    return Edit(path, {**to_data(record), **beside}, plaintext_keys=CLEAR_MEMBERS)


def _text_in(vault_file: VaultFile, snapshot: Snapshot, place: Place) -> str | None:
    """What a variable holds; raises SlotStopped for anything but a text."""
    try:
        found = vault_file.value(snapshot, place.path)
    except NoSuchItem:
        # Where nothing is, nothing is lost; a write there is refused, with the reason.
        return None
    if found is not None and not isinstance(found, str):
        raise SlotStopped(f"{place.file}: the variable {place.variable} is not a text, so it is no API key")
    return found


def _vaulttext_in(vault_file: VaultFile, snapshot: Snapshot, place: Place) -> str | None:
    """The cipher text of a variable that is vaulted by itself."""
    try:
        return vault_file.vaulttext(snapshot, place.path)
    except NoSuchItem:
        return None


def _fingerprint_of(vaulttext: str | None) -> str | None:
    return None if vaulttext is None else fingerprint(vaulttext)


def _key_value(text: str | None) -> str | None:
    """The value in a text: none in a blank one, and never a line break, which `echo` leaves at its end."""
    value = (text or "").rstrip("\r\n")
    return value if value.strip() else None
