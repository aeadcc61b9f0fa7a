# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From which secrets to which one, and the work on single values: open, seal, and open again with the new one alone.

An id in a header is a hint and no more. What counts is the secret that opens a value.
"""

from __future__ import annotations

import typing as t
from collections.abc import Sequence
from dataclasses import dataclass, field

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.cipher import (
    Cipher,
    forget_derived_keys,
    open_with,
    password_of,
    seal_with,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.header import (
    DEFAULT_LABEL,
    is_cipher_text,
    is_plain_label,
    label_of,
    why_unreadable,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import (
    AmbiguousSecret,
    CannotDecrypt,
    CannotEdit,
    NoSecret,
)


@dataclass(frozen=True)
class Loaded:
    """One secret with the id under which it was loaded; `is_old` and `is_new` say what is asked of its values."""

    vault_id: str
    secret: t.Any = field(repr=False)
    is_old: bool
    is_new: bool


@dataclass(frozen=True)
class Opened:
    """What is in a cipher text, and which secret opened it."""

    plaintext: bytes = field(repr=False)
    label: str
    by: Loaded


class Order:
    """What a task asks for. Several threads use one at a time."""

    def __init__(self, loaded: Sequence[Loaded], label: str) -> None:
        self._loaded = list(loaded)
        self._new = next(each for each in loaded if each.is_new)
        self.label = label
        # Which secret opened the last value under a label: the next one is tried with that first.
        self._last: dict[str, Loaded] = {}
        # A slot's value stands twice in its file with the same cipher text; whoever reads it sees that they are equal.
        self._opened: dict[str, Opened] = {}
        self._sealed: dict[str, str] = {}
        # What was proven of a text is proven of its twin, and once more when a push was lost.
        self._proven: dict[str, bytes] = {}

    @property
    def to(self) -> str:
        return self._new.vault_id

    def open(self, vaulttext: str) -> Opened:
        """Raises CannotDecrypt when no loaded secret opens it, or Ansible could not read it."""
        known = self._opened.get(vaulttext)
        if known is None:
            known = self._opened.setdefault(vaulttext, self._try_secrets(vaulttext))
        return known

    def _try_secrets(self, vaulttext: str) -> Opened:
        label = label_of(vaulttext)
        wanted = label or DEFAULT_LABEL
        why = why_unreadable(vaulttext)
        if why:
            raise CannotDecrypt(f"what is encrypted under {wanted!r} {why}")
        for each in self._likely_first(wanted):
            plaintext = open_with(each.secret, vaulttext, label)
            if plaintext is not None:
                self._last[wanted] = each
                return self._sealable(Opened(plaintext, wanted, each))
        ids = ", ".join(dict.fromkeys(each.vault_id for each in self._loaded))
        raise CannotDecrypt(f"none of the loaded vault ids ({ids}) opens what is encrypted under {wanted!r}")

    def _sealable(self, opened: Opened) -> Opened:
        if self.is_to_move(opened) and is_cipher_text(opened.plaintext[:20].decode("latin-1")):
            raise CannotDecrypt(
                f"what is encrypted under {opened.label!r} holds cipher text once more, which Ansible does not encrypt"
            )
        return opened

    def _likely_first(self, label: str) -> list[Loaded]:
        last = self._last.get(label)
        return sorted(
            self._loaded, key=lambda each: (each is not last, each.vault_id != label, not (each.is_old or each.is_new))
        )

    def is_to_move(self, opened: Opened) -> bool:
        """Whether a value is to be sealed anew: it is under an old secret, or under the new one with another label."""
        return opened.by.is_old or (opened.by.is_new and opened.label != self.label)

    def seal(self, vaulttext: str, plaintext: bytes) -> str:
        """Cipher text of the new secret in the place of another; the same for two that were the same."""
        known = self._sealed.get(vaulttext)
        if known is None:
            known = self._sealed.setdefault(vaulttext, seal_with(self._new.secret, plaintext, self.label))
        return known

    def holds(self, vaulttext: str, plaintext: bytes) -> bool:
        """Tell whether the new secret alone, with a key derived from it anew, makes just this of a cipher text."""
        if self._proven.get(vaulttext) == plaintext:
            return True
        holds = (label_of(vaulttext) or DEFAULT_LABEL) == self.label and _opens(self._new, vaulttext, plaintext)
        if holds:
            self._proven[vaulttext] = plaintext
        return holds

    @staticmethod
    def seal_again(plaintext: bytes, opened: Opened) -> str:
        """Another text in the place of one that stays under its own secret; raises CannotEdit if that fails."""
        sealed = seal_with(opened.by.secret, plaintext, opened.label)
        if not _opens(opened.by, sealed, plaintext):
            raise CannotEdit("the changed text does not read back as wanted")
        return sealed


def _opens(loaded: Loaded, vaulttext: str, plaintext: bytes) -> bool:
    forget_derived_keys()
    try:
        return open_with(loaded.secret, vaulttext, label_of(vaulttext)) == plaintext
    except CannotDecrypt:
        return False


def order_of(cipher: Cipher, old_ids: Sequence[str] | None, to: str, label: str | None) -> Order:
    """What the options of a task mean with these secrets; raises VaultFileError for what means nothing, or two things.

    Without `old_ids` every loaded secret but the new one is an old one.
    """
    label = label or to
    if old_ids is not None and not old_ids:
        raise NoSecret("'from' names no vault id; leave it out to move what any loaded secret opens")
    if not is_plain_label(label):
        raise CannotEdit(
            f"nothing can be encrypted under the vault id {label!r}: an id has no blanks, no semicolon, and only "
            "letters, digits and signs of ASCII"
        )
    cipher.loaded_under(to)
    new = password_of(cipher.secret_to_encrypt(to))
    old = {password_of(secret) for each in old_ids or () for _name, secret in cipher.loaded_under(each)}
    if new in old:
        raise AmbiguousSecret(
            f"the secret of {to!r} is loaded under one of the ids in 'from' too, so nothing would get another "
            "password; see what --vault-id, the settings and the credentials of this run load"
        )
    if len(cipher.ids) > 1 and {password_of(secret) for _name, secret in cipher.loaded_under()} == {new}:
        raise AmbiguousSecret(
            f"all loaded vault ids ({', '.join(cipher.ids)}) have the same secret, so nothing would get another "
            f"password; load the old one, or, to write another id into the headers only, {to!r} alone"
        )
    loaded, seen = [], set()
    for name, secret in cipher.loaded_under():
        password = password_of(secret)
        if password not in seen:
            seen.add(password)
            is_new = password == new
            is_old = not is_new and (old_ids is None or password in old)
            loaded.append(Loaded(to if is_new else name, secret, is_old, is_new))
    return Order(loaded, label)
