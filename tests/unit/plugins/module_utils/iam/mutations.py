# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Answers that were changed on their way: drawn from a seed, so that what failed once fails again."""

from __future__ import annotations

import gzip
import io
import json
import random
import typing as t

import requests
from iam_emulator import Emulator, EmulatorAdapter
from urllib3 import HTTPResponse

STATUSES = [
    *(200, 200, 201, 202, 204, 206, 299, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 405, 408, 409, 410, 412),
    *(418, 422, 429, 451, 500, 501, 502, 503, 504, 599, 600, 999),
]
NUMBERS = [0, -1, 1, 2**31, 2**63, 10**30, 1.5, float("inf"), float("nan"), True, False]
TIMES = ["9999-12-31T23:59-14:00", "0001-01-01T00:00+14:00", "2026-01-01T00:00+99:99", "2026-02-30T00:00Z", "yesterday"]
TEXTS = [
    "",
    " ",
    "{{ 7 * 7 }}",
    "#jinja2:x",
    "a\nb",
    "\x1b[31m",
    "\u202e",
    "\ud83d",
    "\x00",
    "../..",
    "x" * 5000,
    "\uff11",
]
VALUES = [None, [], {}, [None], [[]], {"a": {}}, *NUMBERS, *TIMES, *TEXTS]
BODIES = [
    b"",
    b"{}",
    b"[]",
    b"null",
    b"5",
    b'"x"',
    b"<html>no</html>",
    b"{",
    b"[" * 100_000,
    b" " * 2**20,
    b"\xff\xfe\x00",
]
SWAPPED = {
    "id": "ApiKey-another",
    "iam_id": "iam-ServiceId-another",
    "account_id": "another",
    "name": "another",
    "next": "https://elsewhere.example/v1/apikeys?pagetoken=2",
}
HEADERS = {
    "Content-Type": ["", "text/html", "application/json; charset=utf-16", "x" * 999, "{{ x }}"],
    "Content-Encoding": ["gzip", "deflate", "br", "identity", "gzip, gzip", "x"],
    "Content-Length": ["0", "99999999", "-1", "x", "\u0661", ""],
    "Retry-After": ["0", "1", "19", "3600", "99999999999", "-5", "soon", "Wed, 21 Oct 2026 07:28:00 GMT", ""],
    "ETag": ["", "a b", '"x"', "x" * 999, "\x1b[31m"],
    "Transaction-Id": ["", "a b", "x" * 999, "\x1b[31m", "{{ x }}"],
    "Location": ["https://elsewhere.example", "//x", "https://[::1", "x" * 9999],
}


# The kinds of changes, each a method of Mutated: types, texts and sizes of members; other bodies; truncations;
# encodings; statuses and headers; single bytes; members and entries twice; one thing in place of another.
KINDS = ("members", "say", "cut", "pack", "tell", "noise", "repeat", "swap")


class Mutated:
    """One answer on its way to the client."""

    def __init__(self, draw: random.Random, answer: t.Any, secrets: list[str]) -> None:
        self.draw, self.secrets = draw, secrets
        self.status, self.headers, self.body = answer.status_code, dict(answer.headers), answer.content
        self.headers.pop("Content-Length", None)

    def change(self) -> None:
        getattr(self, self.draw.choice([*KINDS, "members", "members"]))()

    def members(self) -> None:
        """Another value in one place, or none."""
        try:
            body = json.loads(self.body)
        except (ValueError, RecursionError):
            return
        places = list(_places(body))
        if places:
            holder, key = self.draw.choice(places)
            if self.draw.random() < 0.2:
                del holder[key]
            else:
                holder[key] = self.draw.choice([*VALUES, *self.secrets])
        self.body = json.dumps(body).encode(self.draw.choice(["utf-8", "utf-8", "utf-8-sig", "utf-16"]))

    def say(self) -> None:
        secret = self.draw.choice(self.secrets)
        error = {"errorCode": secret, "errorMessage": secret, "errors": [{"message_code": secret, "message": secret}]}
        self.body = self.draw.choice([*BODIES, secret.encode(), json.dumps(error).encode()])

    def cut(self) -> None:
        if self.draw.random() < 0.5:
            self.headers["Content-Length"] = str(len(self.body))
        self.body = self.body[: self.draw.randrange(len(self.body) + 1)]

    def pack(self) -> None:
        self.headers["Content-Encoding"] = "gzip"
        self.body = gzip.compress(self.body)
        if self.draw.random() < 0.5:
            self.cut()

    def tell(self) -> None:
        self.status = self.draw.choice(STATUSES)
        name = self.draw.choice(sorted(HEADERS))
        self.headers[name] = self.draw.choice([*HEADERS[name], *self.secrets])

    def repeat(self) -> None:
        """A member of the same name once more, or the entries of a list twice."""
        text = self.body.decode("utf-8", "replace")
        if self.draw.random() < 0.5:
            self.body = text.replace('"name": ', '"name": "x", "name": ', 1).encode()
            return
        for holder, key in self._places():
            if isinstance(holder[key], list):
                holder[key] = holder[key] * 2
                self.body = json.dumps(self._root).encode()
                return

    def swap(self) -> None:
        """An id, an owner or an account of somebody else."""
        names = [(holder, key) for holder, key in self._places() if key in SWAPPED]
        if names:
            holder, key = self.draw.choice(names)
            holder[key] = SWAPPED[key]
            self.body = json.dumps(self._root).encode()

    def _places(self) -> list[tuple[t.Any, t.Any]]:
        try:
            self._root = json.loads(self.body)
        except (ValueError, RecursionError):
            self._root = None
        return list(_places(self._root))

    def noise(self) -> None:
        if self.body:
            at = self.draw.randrange(len(self.body))
            self.body = self.body[:at] + bytes([self.draw.randrange(256)]) + self.body[at + 1 :]


def _places(node: t.Any) -> t.Iterator[tuple[t.Any, t.Any]]:
    """Every place in a document, as what holds it and its name there."""
    inside = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in list(inside):
        yield node, key
        yield from _places(value)


class MutatingAdapter(EmulatorAdapter):
    """The emulator as a network on which some answers are changed, and others get lost."""

    def __init__(self, emulator: Emulator, wait: t.Callable[[float], None], draw: random.Random, methods: str) -> None:
        super().__init__(emulator, wait=wait)
        self.secrets: list[str] = []
        # How many requests there were with the last whose answer was changed.
        self.changed_at = 0
        self._draw, self._methods, self._wait_for = draw, methods, wait
        # Most often one answer, sometimes a few in a row.
        self._left = draw.choice([1, 1, 1, 2, 9])
        self._spares_log_ins = draw.random() < 0.8

    def send(self, request: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
        answer = super().send(request, *args, **kwargs)
        self.secrets += [
            each for each in (request.headers.get("Authorization"), request.headers.get("IAM-ApiKey")) if each
        ]
        is_log_in = request.path_url.startswith("/identity")
        if not self._left or request.method not in self._methods or (is_log_in and self._spares_log_ins):
            return answer
        self._left -= 1
        self.changed_at = len(self._emulator.requests)
        if self._draw.random() < 0.05:
            raise requests.ConnectionError("lost")
        mutated = Mutated(self._draw, answer, self.secrets)
        for _change in range(self._draw.choice([1, 1, 2, 3])):
            mutated.change()
        raw = HTTPResponse(
            _Slowly(mutated.body, self._wait_for, self._draw.choice([0, 0, 0, 1, 7])),
            headers=mutated.headers,
            status=mutated.status,
            preload_content=False,
        )
        return self.build_response(request, raw)


class _Slowly(io.BytesIO):
    """A body that comes in a few pieces, each after some seconds."""

    def __init__(self, body: bytes, wait: t.Callable[[float], None], seconds: float) -> None:
        super().__init__(body)
        self._wait, self._seconds, self._size = wait, seconds, 1 + len(body) // 12

    def read(self, size: int | None = -1) -> bytes:
        self._wait(self._seconds)
        return super().read(self._size if self._seconds else size)
