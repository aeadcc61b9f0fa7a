# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The vault secrets of the running Ansible: open, seal, and choose the id. Nothing else knows ansible.parsing.vault.

Ansible promises no interface for this, so a change in ansible-core is answered here and nowhere else.
"""

from __future__ import annotations

import contextlib
import os
import typing as t
from collections.abc import Sequence
from dataclasses import dataclass, field

from ansible import constants
from ansible.errors import AnsibleError
from ansible.parsing.vault import AnsibleVaultFormatError, VaultAES256, VaultLib
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
    VaultFileError,
)

# ansible-core has no types for these.
_SETTINGS: t.Any = constants
_VAULT_LIB: t.Any = VaultLib
_DERIVING: t.Any = vars(VaultAES256).get("_gen_key_initctr")
_SALT_BYTES = 32


@dataclass(frozen=True)
class Opened:
    """A plain text with what opened it; the label in the header and the secret that fits need not belong together."""

    plaintext: str = field(repr=False)
    label: str | None
    secret: t.Any = field(repr=False)


class Cipher:
    """Opens and seals with a list of (vault id, secret) pairs."""

    def __init__(
        self, secrets: Sequence[tuple[str, t.Any]], default_id: str | None = None, labels_bind: bool = False
    ) -> None:
        self._secrets = list(secrets)
        self._default_id = default_id or None
        self._labels_bind = labels_bind
        self._opened: dict[str, Opened] = {}
        self._sealed: dict[tuple[str, str, int], str] = {}

    @classmethod
    def of_this_run(cls, loader: t.Any) -> Cipher:
        """With the secrets that --vault-id, prompts, configuration or AWX gave to this run."""
        return cls(
            _secrets_of_this_run(loader),
            _SETTINGS.DEFAULT_VAULT_ENCRYPT_IDENTITY,
            bool(_SETTINGS.DEFAULT_VAULT_ID_MATCH),
        )

    def opened_by(self, vaulttext: str) -> tuple[str, int] | None:
        """The id under which the secret that opens this was loaded, and its number among the loaded; None for none."""
        if not self.opens(vaulttext):
            return None
        secret = self.open(vaulttext).secret
        return next((str(name), number) for number, (name, loaded) in enumerate(self._secrets, 1) if loaded is secret)

    def opened_bytes(self, vaulttext: str) -> tuple[tuple[str, int], bytes] | None:
        """As `opened_by`, for what need not be text, with what is in it."""
        label = label_of(vaulttext)
        for number, (name, secret) in enumerate(self._secrets, 1):
            if why_unreadable(vaulttext) or (self._labels_bind and name != (label or DEFAULT_LABEL)):
                continue
            with contextlib.suppress(CannotDecrypt):
                plaintext = open_with(secret, vaulttext, label)
                if plaintext is not None:
                    return (str(name), number), plaintext
        return None

    @property
    def ids(self) -> list[str]:
        """The loaded vault ids, each once."""
        return list(dict.fromkeys(str(vault_id) for vault_id, _secret in self._secrets))

    def loaded_under(self, vault_id: str | None = None) -> list[tuple[str, t.Any]]:
        """The loaded pairs of an id and a secret, all or those of one id; raises NoSecret when there are none."""
        found = [(str(name), secret) for name, secret in self._secrets if vault_id is None or name == vault_id]
        if not self._secrets:
            raise NoSecret("no vault secret is loaded; run Ansible with --vault-id or --ask-vault-pass")
        if not found:
            raise NoSecret(f"the vault id {vault_id!r} is not loaded; these are: {', '.join(self.ids)}")
        return found

    def secret_to_encrypt(self, vault_id: str) -> t.Any:
        """The one secret of this id; raises AmbiguousSecret when two different ones are loaded under it."""
        return self._choose(vault_id)[1]

    def open(self, vaulttext: str) -> Opened:
        """The plain text; secrets whose id is the label are tried first."""
        known = self._opened.get(vaulttext)
        if known is None:
            known = self._opened[vaulttext] = self._try_secrets(vaulttext)
            self._sealed.setdefault(_sealing(known.plaintext, known.label, known.secret), vaulttext)
        return known

    def opens(self, vaulttext: str) -> bool:
        """Tell whether this run could decrypt it."""
        try:
            self.open(vaulttext)
        except VaultFileError:
            return False
        return True

    def _try_secrets(self, vaulttext: str) -> Opened:
        if not self._secrets:
            raise NoSecret("no vault secret is loaded; run Ansible with --vault-id or --ask-vault-pass")
        label = label_of(vaulttext)
        wanted = label or DEFAULT_LABEL
        why = why_unreadable(vaulttext)
        if why:
            raise CannotDecrypt(f"what is encrypted under {wanted!r} {why}")
        first = [secret for vault_id, secret in self._secrets if vault_id == wanted]
        others = [secret for vault_id, secret in self._secrets if vault_id != wanted]
        for secret in first if self._labels_bind else first + others:
            plaintext = _open_with(secret, vaulttext, label)
            if plaintext is not None:
                return Opened(plaintext, label, secret)
        raise CannotDecrypt(
            f"none of the loaded vault ids ({', '.join(self.ids)}) opens what is encrypted under {wanted!r}"
        )

    def seal(self, plaintext: str, like: Opened | None, vault_id: str | None, *, takes_over: bool = False) -> str:
        """Cipher text under the given id, else as `like` was, else under the id that encrypts by default.

        `takes_over` hands out what this run has opened or sealed for the same text, id and secret, instead of sealing
        it anew: whoever reads the file sees then that two places hold the same value.
        """
        if is_cipher_text(plaintext):
            raise CannotEdit("the value is cipher text already; give the plain value")
        if vault_id is None and like is not None:
            label, secret = like.label, like.secret
        else:
            label, secret = self._choose(vault_id or self._default_id)
        if label is not None and not is_plain_label(label):
            raise CannotEdit(
                f"nothing can be encrypted under the vault id {label!r}: an id has no blanks, no semicolon, and only "
                "letters, digits and signs of ASCII"
            )
        known = self._sealed.get(_sealing(plaintext, label, secret)) if takes_over else None
        if known is not None:
            return known
        # Not remembered as opened, so that the proof after a change decrypts for real.
        sealed = _VAULT_LIB([]).encrypt(
            plaintext.encode("utf-8"), secret=secret, vault_id=label, salt=os.urandom(_SALT_BYTES)
        )
        vaulttext = bytes(sealed).decode("ascii")
        if takes_over:
            self._sealed[_sealing(plaintext, label, secret)] = vaulttext
        return vaulttext

    def is_under(self, vaulttext: str, vault_id: str) -> bool:
        """Tell whether both the label and the secret that opens this belong to the id."""
        if (label_of(vaulttext) or DEFAULT_LABEL) != vault_id:
            return False
        opened = self.open(vaulttext)
        return any(name == vault_id and secret is opened.secret for name, secret in self._secrets)

    def _choose(self, vault_id: str | None) -> tuple[str, t.Any]:
        """The secret to encrypt with; never simply the first of several ids, which would be a guess."""
        if not self._secrets:
            raise NoSecret("no vault secret is loaded; run Ansible with --vault-id or --ask-vault-pass")
        if vault_id is None and len(self.ids) > 1:
            raise AmbiguousSecret(
                f"several vault ids are loaded ({', '.join(self.ids)}); say which one encrypts with the option "
                "vault_id or the setting vault_encrypt_identity"
            )
        found = self.loaded_under(vault_id)
        if len({password_of(secret) for _name, secret in found}) > 1:
            raise AmbiguousSecret(
                f"two different secrets are loaded under the vault id {found[0][0]!r}, and nothing says which one "
                "encrypts; load one of them under another id, such as --vault-id old@FILE"
            )
        return found[0]


def _sealing(plaintext: str, label: str | None, secret: t.Any) -> tuple[str, str, int]:
    """What decides whether one cipher text is as good as another."""
    return plaintext, label or DEFAULT_LABEL, id(secret)


def open_with(secret: t.Any, vaulttext: str, label: str | None) -> bytes | None:
    """What this one secret makes of it, or None when it does not fit."""
    # The secret goes under the label's name, so that a label that binds does not rule it out here.
    name = label or _SETTINGS.DEFAULT_VAULT_IDENTITY
    try:
        return bytes(_VAULT_LIB([(name, secret)]).decrypt(vaulttext.encode("utf-8")))
    # The second when what fits the secret holds no padding, which Ansible does not explain.
    except (AnsibleVaultFormatError, ValueError):
        raise CannotDecrypt(f"what is encrypted under {label or DEFAULT_LABEL!r} is damaged") from None
    except AnsibleError:
        return None


def seal_with(secret: t.Any, plaintext: bytes, label: str) -> str:
    """Cipher text of this secret with a salt of its own; the label for no id gives the header that names none."""
    sealed = _VAULT_LIB([]).encrypt(plaintext, secret=secret, vault_id=label, salt=os.urandom(_SALT_BYTES))
    return bytes(sealed).decode("ascii")


def forget_derived_keys() -> None:
    """Let the next opening derive its key from the password, as another process would have to.

    ansible-core remembers keys since 2.19.
    """
    with contextlib.suppress(AttributeError):
        _DERIVING.__func__.cache_clear()


def password_of(secret: t.Any) -> object:
    """What tells one secret from another; a credential of AWX and a setting may load the same one twice."""
    return getattr(secret, "bytes", None) or id(secret)


def _open_with(secret: t.Any, vaulttext: str, label: str | None) -> str | None:
    """The plain text, or None when this secret does not fit."""
    plaintext = open_with(secret, vaulttext, label)
    if plaintext is None:
        return None
    try:
        return plaintext.decode("utf-8")
    except UnicodeDecodeError:
        raise CannotDecrypt(f"what is encrypted under {label or DEFAULT_LABEL!r} is not UTF-8 text") from None


def _secrets_of_this_run(loader: t.Any) -> list[tuple[str, t.Any]]:
    try:
        from ansible.parsing.vault import VaultSecretsContext
    except ImportError:
        # ansible-core < 2.19 keeps them in the loader; drop this branch when meta/runtime.yml says >= 2.19.
        return list(getattr(getattr(loader, "_vault", None), "secrets", None) or [])
    context = VaultSecretsContext.current(optional=True)
    return list(context.secrets) if context is not None else []
