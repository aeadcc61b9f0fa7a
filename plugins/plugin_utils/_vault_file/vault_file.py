# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A vars file whose secrets are in Ansible Vault: read it, read one value, change it in one safe write."""

from __future__ import annotations

import contextlib
import typing as t
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._private_file import Disk
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file import ansible_reading, document, listing
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.cipher import Cipher, Opened
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.document import Edit, Effect
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.header import (
    DEFAULT_LABEL,
    is_cipher_text,
    label_of,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.large_texts import without_collector
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.listing import Contents
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.path import Path
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.storage import (
    MISSING,
    Identity,
    Missing,
    Storage,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.text_vault import TextVault
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import (
    CannotEdit,
    ChangedMeanwhile,
    VaultFileError,
)

__all__ = [
    "ChangedMeanwhile",
    "Cipher",
    "Committed",
    "Contents",
    "Edit",
    "Effect",
    "Snapshot",
    "VaultFile",
    "VaultFileError",
]

_MARK = b"$ANSIBLE_VAULT"
Layout = t.Literal["inline", "file"]


@dataclass(frozen=True)
class Snapshot:
    """One state of the file. `text` is what lies on disk: cipher text when the whole file is encrypted."""

    path: str
    exists: bool
    layout: Layout
    text: str = field(repr=False)
    identity: Identity | Missing

    @property
    def revision(self) -> str:
        """Names the bytes on disk, the same in every copy of the file. Cipher text is salted, so it tells no value."""
        return f"sha256:{self.identity.sha256}" if isinstance(self.identity, Identity) else self.identity


@dataclass(frozen=True)
class Committed:
    """The result of a commit; `snapshot` is what to plan the next one from."""

    changed: bool
    snapshot: Snapshot
    vault_id: str | None
    backup_file: str | None = None
    effects: tuple[Effect, ...] = ()

    @property
    def replaced_clear_text(self) -> bool:
        """Tell whether a string that is vaulted now stood in the file in clear, as it still does in a backup."""
        return any(effect.was_clear for effect in self.effects)


class VaultFile:
    """The file at `path`; a commit is a compare-and-swap on the snapshot that it was planned from.

    `takes_over` moves cipher text along with a value that changes its place (see `Cipher.seal`).
    """

    def __init__(  # noqa: PLR0913 - these are the settings of a file, all but two by name
        self,
        path: str,
        cipher: Cipher,
        *,
        vault_id: str | None = None,
        lock_timeout_seconds: float = 30,
        mode: int = 0o600,
        create: bool = False,
        layout: t.Literal["auto", "inline", "file"] = "auto",
        backup: bool = False,
        takes_over: bool = False,
        disk: Disk | None = None,
    ) -> None:
        self.path = path
        self._cipher = cipher
        self._vault_id = vault_id or None
        self._mode = mode
        self._create = create
        self._new_layout: Layout = "file" if layout == "file" else "inline"
        self._backup = backup
        self._takes_over = takes_over
        self._storage = Storage(path, lock_timeout_seconds, disk)

    def read(self, known: Snapshot | None = None) -> Snapshot:
        """The file as it is now; a missing file is a snapshot as well.

        `known` comes back when the file system tells of no change since then. A commit compares the content anyway.
        """
        if known is not None and self._storage.seems_to_be(known.identity):
            return known
        content, identity = self._storage.read()
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            raise CannotEdit(f"{self.path}: the text is not UTF-8 (line {line}, byte {error.start})") from None
        layout: Layout = "inline" if text.strip() else self._new_layout
        if is_cipher_text(text):
            layout = "file"
        return Snapshot(self.path, identity != MISSING, layout, text, identity)

    def value(self, snapshot: Snapshot, path: Path) -> object | None:
        """Plain Python for one place, vaulted strings opened; None when nothing is there."""
        with self._named():
            opened = self._open_whole(snapshot)
            body = snapshot.text if opened is None else opened.plaintext
            return document.read(body, path, TextVault(self._cipher, None))

    def vaulttext(self, snapshot: Snapshot, path: Path) -> str | None:
        """The cipher text of a place that is vaulted by itself, None for any other."""
        with self._named():
            opened = self._open_whole(snapshot)
            return document.vaulttext(snapshot.text if opened is None else opened.plaintext, path)

    def sealed_as(self, snapshot: Snapshot, path: Path, plaintext: str) -> str | None:
        """The cipher text that a commit of this value would write, None in a file that is encrypted as a whole.

        It holds for files that take over cipher text.
        """
        if snapshot.layout != "inline" or not self._takes_over:
            return None
        old = self.vaulttext(snapshot, path)
        vault = TextVault(self._cipher, self._vault_id, takes_over=True)
        with self._named():
            if old is not None and vault.fits(old) and vault.open(old) == plaintext:
                return old
            return vault.seal(plaintext, [] if old is None else [old])

    def names(self, snapshot: Snapshot) -> list[str]:
        """The top-level variables."""
        with self._named():
            opened = self._open_whole(snapshot)
            return document.names(snapshot.text if opened is None else opened.plaintext)

    def contents(self, snapshot: Snapshot, *, tries: bool = True) -> Contents:
        """Names and labels; whether single values can be decrypted is found out if `tries` says so."""
        opens = self._cipher.opened_by if tries else None
        if not is_cipher_text(snapshot.text):
            with self._named():
                return Contents(None, True, *self._listed(snapshot.text, opens))
        label, opener = label_of(snapshot.text) or DEFAULT_LABEL, self._cipher.opened_by(snapshot.text)
        whole = listing.Sealed((), 1, label, opener)
        if opener is None:
            return Contents(label, False, [], [whole])
        with self._named():
            entries, places = self._listed(self._cipher.open(snapshot.text).plaintext, opens)
            return Contents(label, True, entries, [whole, *places])

    def closed_contents(self, snapshot: Snapshot) -> Contents:
        """What is known of a file that is no text of variables, such as a private key that is encrypted as a whole."""
        if not is_cipher_text(snapshot.text):
            return Contents(None, False, [])
        found = self._cipher.opened_bytes(snapshot.text)
        label = label_of(snapshot.text) or DEFAULT_LABEL
        # What is vaulted inside of it stays unknown.
        is_open = found is not None and _MARK not in found[1]
        return Contents(label, is_open, [], [listing.Sealed((), 1, label, found[0] if found else None)])

    @staticmethod
    def _listed(text: str, opens: listing.Opens | None) -> tuple[list[listing.Listed], list[listing.Sealed]]:
        return listing.listed(text, opens), listing.sealed_places(text, opens)

    def commit(
        self, snapshot: Snapshot, edits: Sequence[Edit], *, check_mode: bool = False, tells_effects: bool = True
    ) -> Committed:
        """Write all edits at once, or raise `ChangedMeanwhile` when the file is no longer what `snapshot` says."""
        with self._storage.locked():
            self._storage.expect(snapshot.identity)
            return self._commit(snapshot, edits, check_mode, tells_effects)

    def apply(self, edits: Sequence[Edit], *, check_mode: bool = False, expect: str | None = None) -> Committed:
        """Read and commit under one lock; `expect` is the revision that the caller decided on, if it matters."""
        with self._storage.locked():
            snapshot = self.read()
            if expect not in (None, snapshot.revision):
                raise ChangedMeanwhile(
                    f"{self.path} is not of the expected revision: it was changed since that was read; "
                    "read it again and decide anew"
                )
            return self._commit(snapshot, edits, check_mode, True)

    def _commit(self, snapshot: Snapshot, edits: Sequence[Edit], check_mode: bool, tells_effects: bool) -> Committed:
        vault = TextVault(self._cipher, self._vault_id, takes_over=self._takes_over)
        with self._named():
            text = self._new_text(snapshot, edits, vault, keeps_before=check_mode or tells_effects)
            if text == snapshot.text:
                return Committed(False, snapshot, vault.label)
            effects = self._effects(snapshot, edits) if tells_effects else ()
        if not snapshot.exists and not self._create:
            raise CannotEdit(f"{self.path} does not exist; create it first, or allow that with 'create'")
        self._storage.check_may_write(snapshot.identity)
        if check_mode:
            return Committed(True, replace(snapshot, text=text), vault.label, None, effects)
        self._forget(snapshot)
        backup_file, identity = self._write(snapshot, text)
        written = replace(snapshot, exists=True, text=text, identity=identity)
        return Committed(True, written, vault.label, backup_file, effects)

    def _write(self, snapshot: Snapshot, text: str) -> tuple[str | None, Identity]:
        backup_file = None
        if self._backup and snapshot.exists:
            backup_file = self._storage.back_up(snapshot.text.encode("utf-8"))
        return backup_file, self._storage.write(text.encode("utf-8"), snapshot.identity, self._mode)

    def _forget(self, snapshot: Snapshot) -> None:
        """Two states of a file are not kept where one of them is not read again."""
        opened = self._open_whole(snapshot)
        document.forget(snapshot.text if opened is None else opened.plaintext)

    def _effects(self, snapshot: Snapshot, edits: Sequence[Edit]) -> tuple[Effect, ...]:
        opened, vault = self._open_whole(snapshot), TextVault(self._cipher, self._vault_id)
        text = snapshot.text if opened is None else opened.plaintext
        return tuple(document.effects(text, edits, vault, vaults_strings=snapshot.layout == "inline"))

    def _new_text(self, snapshot: Snapshot, edits: Sequence[Edit], vault: TextVault, *, keeps_before: bool) -> str:
        if snapshot.layout == "inline":
            return self._changed(snapshot.text, edits, vault, vaults_strings=True, keeps_before=keeps_before)
        opened = self._open_whole(snapshot)
        before = "" if opened is None else opened.plaintext
        after = self._changed(before, edits, vault, vaults_strings=False, keeps_before=keeps_before)
        if opened is not None:
            vault.label = opened.label
            self._refuse_other_id(snapshot)
        return snapshot.text if after == before else vault.seal_whole(after, opened)

    def _changed(
        self, before: str, edits: Sequence[Edit], vault: TextVault, *, vaults_strings: bool, keeps_before: bool
    ) -> str:
        """The text after these edits, proven with our own reader and then with Ansible's."""
        with without_collector():
            after = document.change(before, edits, vault, vaults_strings=vaults_strings)
            if after != before:
                wanted = document.ways(before, edits)
                # What Ansible makes of a large text takes more room than all else; to parse that text once more, if it
                # is read again, takes a tenth of the time that this takes.
                document.forget(after)
                if not keeps_before:
                    document.forget(before)
                ansible_reading.check_reads_back(before, after, wanted, lambda text: self._cipher.open(text).plaintext)
        return after

    def _refuse_other_id(self, snapshot: Snapshot) -> None:
        if self._vault_id is not None and not self._cipher.is_under(snapshot.text, self._vault_id):
            raise CannotEdit(
                f"the whole file is encrypted under {label_of(snapshot.text) or DEFAULT_LABEL!r} and not under "
                f"{self._vault_id!r}; change that with the module ansible_vault_rekey first"
            )

    def _open_whole(self, snapshot: Snapshot) -> Opened | None:
        """What the file says when it is encrypted as a whole."""
        return self._cipher.open(snapshot.text) if is_cipher_text(snapshot.text) else None

    @contextlib.contextmanager
    def _named(self) -> t.Iterator[None]:
        """Put the path in front of messages that come from layers that do not know it."""
        try:
            yield
        except VaultFileError as error:
            raise type(error)(f"{self.path}: {error}") from None
