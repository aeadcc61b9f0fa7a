# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A cipher that costs nothing."""

from __future__ import annotations

from collections.abc import Sequence

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import CannotDecrypt

HEADER = "$ANSIBLE_VAULT;1.1;AES256"


class FakeVault:
    """Hex of the plain text and a counter, so that sealing twice never gives the same text."""

    def __init__(self) -> None:
        self.sealed = 0

    def open(self, vaulttext: str) -> str:
        header, *lines = vaulttext.split("\n")
        try:
            assert header == HEADER
            return bytes.fromhex("".join(lines)).decode().split(":", 1)[1]
        except (AssertionError, ValueError, IndexError):
            raise CannotDecrypt("damaged") from None

    def seal(self, plaintext: str, replaced: Sequence[str]) -> str:
        self.sealed += 1
        hexed = f"{self.sealed}:{plaintext}".encode().hex()
        return "\n".join([HEADER, *(hexed[i : i + 80] for i in range(0, len(hexed), 80)), ""])

    def fits(self, vaulttext: str) -> bool:
        return True

    def block(self, plaintext: str, depth: int = 10) -> str:
        """What stands below `!vault |`."""
        return "".join(f"{' ' * depth}{line}\n" for line in self.seal(plaintext, []).splitlines())
