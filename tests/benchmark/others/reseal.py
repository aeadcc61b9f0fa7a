# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One decryption and one encryption of each value of a folder, on all cores, and nothing else: reseal.py FOLDER."""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from ansible.parsing.vault import VaultLib, VaultSecret

OLD, NEW = VaultSecret(b"the old password"), VaultSecret(b"the new password")


def reseal(text: bytes) -> bytes:
    """The same value under the new password."""
    plaintext = VaultLib([("prod", OLD)]).decrypt(text)
    return bytes(VaultLib([]).encrypt(plaintext, secret=NEW, vault_id="prod"))


if __name__ == "__main__":
    texts = [path.read_bytes() for path in sorted(Path(sys.argv[1]).iterdir())]
    with ProcessPoolExecutor() as pool:
        print(sum(len(sealed) for sealed in pool.map(reseal, texts, chunksize=20)))
