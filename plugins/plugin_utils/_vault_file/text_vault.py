# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The cipher of a run as those see it who work on a text."""

from __future__ import annotations

from collections.abc import Sequence

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.cipher import Cipher, Opened
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.header import DEFAULT_LABEL, label_of


class TextVault:
    """The cipher with the id that was asked for; `label` is the one that was opened or sealed with last."""

    def __init__(self, cipher: Cipher, vault_id: str | None, *, takes_over: bool = False) -> None:
        self._cipher, self._vault_id, self._takes_over = cipher, vault_id, takes_over
        self.label: str | None = None

    def open(self, vaulttext: str) -> str:
        opened = self._cipher.open(vaulttext)
        self.label = opened.label or DEFAULT_LABEL
        return opened.plaintext

    def fits(self, vaulttext: str) -> bool:
        return self._vault_id is None or self._cipher.is_under(vaulttext, self._vault_id)

    def seal(self, plaintext: str, replaced: Sequence[str]) -> str:
        like = self._cipher.open(replaced[0]) if replaced else None
        return self._labelled(self._cipher.seal(plaintext, like, self._vault_id, takes_over=self._takes_over))

    def seal_whole(self, plaintext: str, like: Opened | None) -> str:
        return self._labelled(self._cipher.seal(plaintext, like, self._vault_id))

    def _labelled(self, sealed: str) -> str:
        self.label = label_of(sealed) or DEFAULT_LABEL
        return sealed
