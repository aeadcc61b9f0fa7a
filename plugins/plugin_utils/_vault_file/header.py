# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the first line of cipher text says, read without any secret."""

from __future__ import annotations

DEFAULT_LABEL = "default"
_MARK = "$ANSIBLE_VAULT"


def is_cipher_text(text: str) -> bool:
    return text.startswith(_MARK)


def label_of(vaulttext: str) -> str | None:
    """The vault id in the header, None for the form that has none.

    Not read by ansible-core's own function, which answers a configured default where the header is silent.
    """
    fields = vaulttext.split("\n", maxsplit=1)[0].strip().split(";")
    return fields[3].strip() if len(fields) > 3 else None
