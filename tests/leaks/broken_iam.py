# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What may stand where IAM should be: a server that echoes what it was sent, a silent one, one nobody trusts."""

from __future__ import annotations

import base64
import contextlib
import json
import secrets
import socket
import ssl
import threading
import time
import typing as t
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from ansible_collections.cloudkeys.ibmcloud.tests.certificates import make_certificate

# Members in which an answer of IAM carries something that reaches a result or a message.
ECHOED = ("errorCode", "errorMessage", "trace", "id", "name", "iam_id", "description", "created_at", "crn")
STATUSES = (200, 201, 400, 403, 409, 422)


class BrokenIam:
    """Addresses for `iam_endpoint`, and every secret that the echoing server gave or saw."""

    def __init__(self, ports: dict[str, int], silent_port: int, tls_port: int) -> None:
        self.echo = {answer: f"http://127.0.0.1:{port}" for answer, port in ports.items()}
        self.silent = f"http://127.0.0.1:{silent_port}"
        self.untrusted = f"https://127.0.0.1:{tls_port}"
        self.secrets: set[str] = set()


class Echo(BaseHTTPRequestHandler):
    """Answers with its status and the whole request; logs in unless it is one of those that do not."""

    broken: t.ClassVar[BrokenIam]
    status = 400
    logs_in = True

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        with contextlib.suppress(ValueError):
            self.broken.secrets |= {json.loads(body).get("apikey")} - {None}
        said = f"{self.requestline}\n{self.headers}\n{body}"
        error = {"code": said, "message_code": said, "message": said}
        content: dict[str, t.Any] = {**dict.fromkeys(ECHOED, said), "errors": [error], "context": {"x": said}}
        status = self.status
        if self.path.endswith("/identity/token") and self.logs_in:
            content["access_token"], status = self._token(), 200
        elif self.path.partition("?")[0].endswith(("/apikeys", "/serviceids")) and self.command == "GET":
            # A list is empty, so that there is something to create, unless it is to be echoed itself.
            entries = [dict.fromkeys(ECHOED, said)] if status == 200 else []
            content, status = {"apikeys": entries, "serviceids": entries}, 200
        text = json.dumps(content).encode()
        self.send_response(status)
        line = " ".join(said.split())
        for name in ("Transaction-Id", "ETag"):
            self.send_header(name, line)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815  # http.server looks for these names

    def _token(self) -> str:
        now = int(time.time())
        claims = {"iam_id": "IBMid-1", "account": {"bss": "account"}, "name": "n", "iat": now, "exp": now + 3600}
        payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode()
        self.broken.secrets.add(f"e30.{payload}.{secrets.token_urlsafe(33)}")
        return next(token for token in self.broken.secrets if payload in token)

    def log_message(self, *_words: object) -> None:
        """Nothing to the terminal."""


def kinds_of_echo() -> t.Iterator[tuple[str, type[Echo]]]:
    """One for each status, named "400" or "no log-in, 400"; each gets a port, since an address has no path."""
    for status in STATUSES:
        for logs_in in (True, False):
            yield (
                f"{'' if logs_in else 'no log-in, '}{status}",
                type("Echo", (Echo,), {"status": status, "logs_in": logs_in}),
            )


@contextlib.contextmanager
def serve_broken_iam(folder: Path) -> t.Iterator[BrokenIam]:
    """Start the servers, and stop them at the end."""
    certificate, key = make_certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    echoes = {name: ThreadingHTTPServer(("127.0.0.1", 0), kind) for name, kind in kinds_of_echo()}
    untrusted = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    untrusted.socket = context.wrap_socket(untrusted.socket, server_side=True)
    # The kernel accepts the connection, and nobody ever answers.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        Echo.broken = BrokenIam(
            {name: echo.server_port for name, echo in echoes.items()}, silent.getsockname()[1], untrusted.server_port
        )
        for server in (*echoes.values(), untrusted):
            threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield Echo.broken
        finally:
            for server in (*echoes.values(), untrusted):
                server.shutdown()
                server.server_close()
