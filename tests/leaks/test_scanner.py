# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A scanner that finds nothing proves nothing: here it has to find what was planted."""

from __future__ import annotations

import base64
import json
import typing as t
from pathlib import Path
from urllib.parse import quote

import pytest
from ansible_collections.cloudkeys.ibmcloud.tests.leaks.scanner import scan

SECRET = "s3cret/with+every?kind=of character~in_it-0123456789"

PLANTS: dict[str, t.Callable[[str], str]] = {
    "clear": lambda secret: secret,
    "inside JSON": lambda secret: json.dumps({"res": {"msg": f"the key {secret} is wrong"}}),
    "quoted for a URL": lambda secret: f"https://example.com/?apikey={quote(secret, safe='')}",
    "reversed": lambda secret: secret[::-1],
    "hexadecimal": lambda secret: secret.encode().hex(),
    "tail": lambda secret: f"the key that ends in {secret[-12:]}",
    "first half": lambda secret: f"the key that begins with {secret[: len(secret) // 2]}",
    "second half": lambda secret: secret[len(secret) // 2 :],
    "base64": lambda secret: base64.b64encode(secret.encode()).decode(),
    "base64 after one byte": lambda secret: base64.b64encode(f":{secret}".encode()).decode(),
    "base64 after two bytes": lambda secret: base64.b64encode(f"u:{secret}".encode()).decode(),
    "base64 in the middle": lambda secret: base64.b64encode(f"user:{secret}, and so on".encode()).decode(),
    "base64 for a URL": lambda secret: base64.urlsafe_b64encode(f"ab{secret}xyz".encode()).decode(),
}


@pytest.mark.parametrize("length", [len(SECRET), len(SECRET) - 1, len(SECRET) - 2])
@pytest.mark.parametrize("plant", PLANTS.values(), ids=PLANTS)
def test_a_planted_secret_is_found(tmp_path: Path, plant: t.Callable[[str], str], length: int) -> None:
    secret = SECRET[:length]
    path = tmp_path / "event.json"
    path.write_text(f"before\n{plant(secret)}\nafter\n", encoding="utf-8")

    found = scan([path], {"planted": secret})
    assert {(each.path, each.name) for each in found} == {(path, "planted")}


def test_a_secret_in_the_name_of_a_file_is_found(tmp_path: Path) -> None:
    path = tmp_path / "s3cret-0123456789"
    path.touch()

    assert scan([path], {"planted": "s3cret-0123456789"})


def test_nothing_is_found_where_nothing_is(tmp_path: Path) -> None:
    path = tmp_path / "event.json"
    path.write_text(
        base64.b64encode(b"user:another secret of the same length as that one....").decode(), encoding="utf-8"
    )

    assert scan([path], {"planted": SECRET}) == []
