# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the first line of cipher text says, read without any secret."""

from __future__ import annotations

import re

DEFAULT_LABEL = "default"
_MARK = "$ANSIBLE_VAULT"
_CIPHER = "AES256"
_LABEL = re.compile(r"[!-:<-~]+")
# What a folded block (>) makes of the lines behind the header.
_FOLDED = re.compile(r"(?: [0-9a-f]{64,})+(?: [0-9a-f]+)?$")


def is_cipher_text(text: str) -> bool:
    return text.startswith(_MARK)


def label_of(vaulttext: str) -> str | None:
    """The vault id in the header, None for the form that has none.

    Not read by ansible-core's own function, which answers a configured default where the header is silent.
    """
    fields = _fields(vaulttext)
    return ";".join(fields[3:]).strip() if len(fields) > 3 else None


def why_unreadable(vaulttext: str) -> str | None:
    """Why no version of Ansible that is supported here reads this with any password; None when one may."""
    if not is_cipher_text(vaulttext):
        return (
            "does not begin with its header, so Ansible cannot read it: an empty first line, or lines that are deeper "
            "than their block says"
        )
    fields = _fields(vaulttext)
    if len(fields) < 3:
        return "has a header that is damaged"
    if _FOLDED.search(_header(vaulttext)):
        return (
            "has header and digits in one line, as a block that begins with > has them, which Ansible does not read; "
            "write | in its place, the value is still in it"
        )
    if fields[2].strip() != _CIPHER:
        return (
            f"is encrypted in a way that Ansible does not read any more ({_CIPHER} is the only one that it does, and a "
            "header with 1.0;AES is of a version before 1.5); no password helps, give the value anew"
        )
    if any(line != line.strip(" \t") for line in vaulttext.split("\n")[1:]):
        return "has blanks beside its digits, which Ansible does not read; take them away, the value is still in it"
    return None


def is_plain_label(label: str) -> bool:
    """Whether a vault id can stand in a header, and is the same when it is read again."""
    return _LABEL.fullmatch(label) is not None


def _fields(vaulttext: str) -> list[str]:
    return _FOLDED.sub("", _header(vaulttext)).split(";")


def _header(vaulttext: str) -> str:
    return vaulttext.split("\n", maxsplit=1)[0].strip()
