# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A server that speaks HTTP badly, over a real socket: a result or one of our errors, soon, and no secret in it."""

from __future__ import annotations

import contextlib
import json
import random
import socket
import threading
import time
import typing as t

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import CloudkeysError
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import open_client

FIRST_LINES = [
    *(b"HTTP/1.1 200 OK", b"HTTP/1.0 200 OK", b"HTTP/2 200", b"ICY 200 OK", b"HTTP/1.1 2e2 OK", b"HTTP/1.1 -1 x"),
    *(b"HTTP/1.1 \xd9\xa2\xd9\xa0\xd9\xa0 OK", b"HTTP/1.1 99999 x", b"HTTP/1.1 204 No", b"HTTP/1.1 304 No", b""),
    *(b"\x00" * 50, b"HTTP/1.1 200 " + b"x" * 70_000, b"HTTP/1.1 100 Continue\r\n\r\n" * 200 + b"HTTP/1.1 200 OK"),
    b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.2:1/",
]
HEADERS = [
    *(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked\r\nContent-Length: 5", b"Connection: close"),
    *(b"Transfer-Encoding: gzip, chunked", b"Content-Length: 5\r\nContent-Length: 500", b"Content-Length: -5"),
    *(b"Content-Length: 99999999999999999999", b"Content-Encoding: gzip", b"Content-Encoding: deflate", b"no colon"),
    *(b"X: y\r\n" * 150 + b"X: y", b"X: " + b"y" * 70_000, b" folded", b"Content-Type: text/html; charset=\xff"),
    *(b"Content-Type: application/json; charset=utf-7", b"Retry-After: \xff", b"Transaction-Id: \x00\x01"),
]


def contents(token: str) -> list[bytes]:
    good = json.dumps({"access_token": token}).encode()
    size = b"%x\r\n" % len(good)
    return [
        *(
            b"",
            b"{}",
            good,
            good[:40],
            b"\xef\xbb\xbf" + good,
            good.decode().encode("utf-16"),
            b"5\r\nhello\r\n0\r\n\r\n",
        ),
        *(b"zz\r\n", b"F" * 16 + b"\r\n", b"-1\r\nx", b"5;" + b"x" * 70_000, size + good + b"\r\n0\r\n\r\n"),
        *(size + good + b"\r\n0\r\n" + b"T: x\r\n" * 200, good + b"HTTP/1.1 200 OK\r\n\r\n", b"\x1f\x8b\x08nothing"),
    ]


class Server:
    """Answers every connection with the same bytes, and closes it."""

    def __init__(self) -> None:
        self.answer = b""
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=50)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _address = self._listener.accept()
                threading.Thread(target=self._answer, args=[connection], daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            connection.settimeout(3)
            connection.recv(65_536)
            connection.sendall(self.answer)

    def close(self) -> None:
        self._listener.close()


class Impatient:
    """The real time, without the pauses between two tries."""

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Go on at once."""


@pytest.fixture
def server() -> t.Iterator[Server]:
    made = Server()
    yield made
    made.close()


def test_bad_http_is_an_error_of_ours(scene: t.Any, server: Server) -> None:
    draw = random.Random("bad HTTP")
    token = scene.user.log_in().json()["access_token"]
    ends: set[str] = set()
    for _answer in range(300):
        lines = [
            draw.choice(FIRST_LINES),
            *draw.sample(HEADERS, draw.choice([0, 1, 1, 2])),
            draw.choice([b"", b"", b"x"]),
        ]
        server.answer = b"\r\n".join([*lines, b""]) + draw.choice(contents(token))
        options = {"api_key": scene.api_key, "iam_endpoint": server.url}
        began = time.monotonic()
        try:
            open_client(options, {}, lambda _: None, clock=Impatient()).caller()
            said, end = "", "a result"
        except CloudkeysError as error:
            said, end = str(error), type(error).__name__
        ends.add(end)
        assert scene.api_key not in said
        assert token not in said
        assert time.monotonic() - began < 20
    assert ends == {"a result", "CannotConnect", "NotUnderstood"}
