# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the largest answers take in memory; runs in a process of its own."""

from __future__ import annotations

import contextlib
import io
import re
import typing as t
import zlib
from pathlib import Path

import requests
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import open_client
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import IamError
from iam_emulator import Emulator, EmulatorAdapter
from urllib3 import HTTPResponse

MB = 2**20


def packed(piece: bytes, times: int, ends: tuple[bytes, bytes]) -> bytes:
    """So many pieces as gzip, without having them all at once here."""
    pack = zlib.compressobj(wbits=31)
    parts = [pack.compress(ends[0]), *(pack.compress(piece) for _number in range(times)), pack.compress(ends[1])]
    return b"".join([*parts, pack.flush()])


# As many values as are read, as much text as is read, and far more of both. Nested ones take the most.
BODIES: dict[str, t.Callable[[], bytes]] = {
    "1 GB of blanks": lambda: packed(b" " * MB, 1024, (b"{", b"}")),
    "1 GB of zeros": lambda: packed(bytes(MB), 1024, (b"", b"")),
    "a million numbers": lambda: packed(b"1," * 999_990, 1, (b'{"apikeys": [', b"1]}")),
    "a million lists": lambda: packed(b"[]," * 499_990, 1, (b'{"apikeys": [', b"1]}")),
    "a million objects": lambda: packed(b'{"a":{}},' * 333_000, 1, (b'{"apikeys": [', b"1]}")),
    "16 MB of one text": lambda: packed(b"x" * MB, 15, (b'{"apikeys": ["', b'"]}')),
    "16 MB of emojis": lambda: packed(b"\\ud83d\\ude00" * (MB // 12), 15, (b'{"apikeys": ["', b'"]}')),
    "texts of their own": lambda: packed(b'"' + b"y" * 12 + b'",', 999_000, (b'{"apikeys": [', b'""]}')),
    "1,000,000 digits": lambda: packed(b"9" * 1_000_000, 1, (b'{"x": ', b"}")),
}


class _Large(EmulatorAdapter):
    body: bytes | None = None

    def send(self, request: t.Any, *args: t.Any, **kwargs: t.Any) -> requests.Response:
        answer = super().send(request, *args, **kwargs)
        if self.body is None:
            return answer
        headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        raw = HTTPResponse(io.BytesIO(self.body), headers=headers, status=200, preload_content=False)
        return self.build_response(request, raw)


def most_memory() -> dict[str, int]:
    """The peak of this process after each body, in MB."""
    emulator = Emulator()
    adapter = _Large(emulator)
    client = open_client({"api_key": emulator.seed.api_key}, {}, lambda _: None, adapter=adapter)
    caller = client.caller()
    peak = {}
    for name, made in BODIES.items():
        adapter.body = made()
        with contextlib.suppress(IamError):
            client.api_keys.list(caller.iam_id, caller.account_id)
        peak[name] = _peak()
    return peak


def _peak() -> int:
    """By /proc: what getrusage tells begins with the peak of the process that started this one."""
    found = re.search(r"VmHWM:\s*([0-9]+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    assert found
    return int(found[1]) // 1024
