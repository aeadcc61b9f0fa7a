# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Finds a secret in whatever was written, also where it was encoded."""

from __future__ import annotations

import base64
import typing as t
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from ansible_collections.cloudkeys.ibmcloud.tests.faults.files import content_of

TAIL_LENGTH = 12
SHORTEST_NEEDLE = TAIL_LENGTH
MOST_SEARCHES = 1000


def forms_of(secret: str) -> dict[str, bytes]:
    """How a secret may look, by the name of the form."""
    plain = secret.encode()
    half = len(plain) // 2
    forms = {
        "clear": plain,
        "quoted for a URL": quote(secret, safe="").encode(),
        "reversed": plain[::-1],
        "hexadecimal": plain.hex().encode(),
        "first half": plain[:half],
        "second half": plain[half:],
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


@dataclass(frozen=True)
class Found:
    """A secret in a place, by its name and the form it has there."""

    path: Path
    name: str
    form: str

    def __str__(self) -> str:
        return f"{self.path}: {self.name}, {self.form}"


def scan(files: t.Iterable[Path], secrets: t.Mapping[str, str]) -> list[Found]:
    """Find secrets in files; `secrets` gives each one a name."""
    # Most forms of a key are the same text: a second search would tell nothing new.
    needles: dict[bytes, tuple[str, str]] = {}
    for name, secret in secrets.items():
        for form, needle in forms_of(secret).items():
            needles.setdefault(needle, (name, form))
    beginnings: dict[bytes, list[bytes]] = {}
    for needle in needles:
        beginnings.setdefault(needle[:SHORTEST_NEEDLE], []).append(needle)
    found = []
    for path in files:
        content = content_of(path) + b"\0" + str(path).encode()
        found += [Found(path, *needles[needle]) for needle in needles_in(content, beginnings)]
    return found


def needles_in(content: bytes, beginnings: t.Mapping[bytes, t.Sequence[bytes]]) -> list[bytes]:
    """The needles that a text holds, each of them in `beginnings` under its first characters.

    A thousand secrets have ten thousand forms: so many are found in one walk through a long text, few by a search each.
    """
    some: t.Iterable[bytes] = beginnings
    if len(beginnings) > MOST_SEARCHES:
        there = {content[at : at + SHORTEST_NEEDLE] for at in range(len(content))}
        some = [start for start in beginnings if len(start) < SHORTEST_NEEDLE or start in there]
    return [needle for start in some for needle in beginnings[start] if needle in content]
