# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which values a run need not open: a record notes the cipher text that was opened when the record was written.

Nothing is known of a value that is left closed but that it is there and is the one that was opened then. See
docs/decisions/0058-an-idle-run-opens-no-value.md.
"""

from __future__ import annotations

import hashlib

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.cipher import Cipher
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.header import label_of


def fingerprint(vaulttext: str) -> str:
    """Names cipher text, which is salted, so it tells nothing of the value."""
    return hashlib.sha256(vaulttext.rstrip("\n").encode("utf-8")).hexdigest()


class ProvenValues:
    """What one run may leave closed; one value of each file and vault id is opened as a sample of the passwords."""

    def __init__(self, cipher: Cipher) -> None:
        self._cipher = cipher
        self._samples: dict[tuple[str, str | None], bool] = {}

    def may_stay_closed(self, file: str, vaulttext: str, noted: object) -> bool:
        """Whether this is the cipher text on record, and this run seems to have the password for it.

        The sample itself may not: it is read like any value that is opened.
        """
        if noted != fingerprint(vaulttext):
            return False
        kind = (file, label_of(vaulttext))
        if kind not in self._samples:
            self._samples[kind] = self._cipher.opens(vaulttext)
            return False
        return self._samples[kind]
