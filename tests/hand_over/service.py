# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What all the services of these tests have in common: TLS, a log of what was asked, and what can go wrong."""

from __future__ import annotations

import contextlib
import json
import secrets
import ssl
import threading
import typing as t
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

Json = dict[str, t.Any]
# What a template would make of it is in no other text.
LIKE_A_TEMPLATE, AS_A_TEMPLATE = "{{ 7 * 191 * 1000003 }}", "1337004011"
WRITES = frozenset({"POST", "PUT", "PATCH"})


class Refused(Exception):
    """What the service says no with."""

    def __init__(self, status: int, content: Json) -> None:
        super().__init__(status)
        self.status = status
        self.content = content


@dataclass(frozen=True)
class Request:
    """One request as a service sees it; `body` is None when there is none."""

    method: str
    path: str
    query: dict[str, str]
    headers: t.Mapping[str, str]
    body: t.Any = field(repr=False)


class Service:
    """A service with rules of its own; a subclass answers, or raises `Refused`."""

    # Of its own in each process: every file of this machine that changes meanwhile is searched for it.
    token = f"token-{secrets.token_hex(20)}"

    def __init__(self) -> None:
        self.url = ""
        self.requests: list[Request] = []
        # Called after a write was done, before it is answered.
        self.after_write: t.Callable[[], None] = lambda: None
        # Called before a write is looked at.
        self.before_write: t.Callable[[], None] = lambda: None
        # A service that quotes what it was sent, in its body and in the line of its status.
        self.echoes = False

    def answer(self, request: Request) -> tuple[int, t.Any]:
        raise NotImplementedError

    @property
    def writes(self) -> list[Request]:
        return [request for request in self.requests if request.method in WRITES]

    def serve(self, request: Request) -> tuple[int, t.Any]:
        self.requests.append(request)
        is_write = request.method in WRITES
        if is_write:
            self.before_write()
        try:
            status, content = self.answer(request)
        except Refused as refused:
            return refused.status, refused.content
        if is_write:
            self.after_write()
        return status, content


class _Handler(BaseHTTPRequestHandler):
    service: t.ClassVar[Service]

    def _do(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        address = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(address.query).items()}
        try:
            body = json.loads(raw) if raw else None
        except ValueError:
            body = raw.decode(errors="replace")
        if self.service.echoes and self.command in WRITES:
            quoted = raw.decode(errors="replace")
            self._say(400, {"message": f"\x1b[31mno: {LIKE_A_TEMPLATE} {quoted}"}, f"no {quoted}".replace("\n", " "))
            return
        self._say(*self.service.serve(Request(self.command, unquote(address.path), query, self.headers, body)))

    def __getattr__(self, name: str) -> t.Any:
        # Whatever the method is, it is up to the service.
        if name.startswith("do_"):
            return self._do
        raise AttributeError(name)

    def log_message(self, *_about: t.Any) -> None:
        """Nothing on the terminal."""

    def _say(self, status: int, content: t.Any, reason: str | None = None) -> None:
        body = b"" if content is None else json.dumps(content).encode()
        with contextlib.suppress(OSError):
            self.send_response(status, reason)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)


S = t.TypeVar("S", bound=Service)


@contextlib.contextmanager
def serve(service: S, certificate: Path, key: Path) -> t.Iterator[S]:
    """The service at its `url` until the end of the block."""
    handler = type("Handler", (_Handler,), {"service": service})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    service.url = f"https://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
