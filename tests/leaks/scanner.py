# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Finds a secret in whatever was written, also where it was encoded."""

from __future__ import annotations

import base64
import typing as t
from pathlib import Path
from urllib.parse import quote

from ansible_collections.cloudkeys.ibmcloud.tests.faults.files import content_of

TAIL_LENGTH = 12


def forms_of(secret: str) -> dict[str, bytes]:
    """How a secret may look, by the name of the form."""
    plain = secret.encode()
    forms = {
        "clear": plain,
        "quoted for a URL": quote(secret, safe="").encode(),
        "reversed": plain[::-1],
        "hexadecimal": plain.hex().encode(),
        f"last {TAIL_LENGTH} characters": plain[-TAIL_LENGTH:],
    }
    for offset in range(3):
        inner = _inside_base64(plain, offset)
        forms[f"base64, offset {offset}"] = inner
        forms[f"base64 for a URL, offset {offset}"] = inner.translate(bytes.maketrans(b"+/", b"-_"))
    return forms


def _inside_base64(plain: bytes, offset: int) -> bytes:
    """The part of the base64 of a longer text that depends on the secret alone, when it begins at this offset."""
    encoded = base64.b64encode(bytes(offset) + plain + bytes(-(offset + len(plain)) % 3))
    first = (0, 2, 3)[offset]
    end = (offset + len(plain)) * 8 // 6
    return encoded[first:end]


def scan(files: t.Iterable[Path], secrets: t.Mapping[str, str]) -> list[str]:
    """Say which secret is in which file, and how it looks there; `secrets` gives each one a name."""
    needles = [(name, form, needle) for name, secret in secrets.items() for form, needle in forms_of(secret).items()]
    found = []
    for path in files:
        content = content_of(path) + b"\0" + str(path).encode()
        found += [f"{path}: {name}, {form}" for name, form, needle in needles if needle in content]
    return found
