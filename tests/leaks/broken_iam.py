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

from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.module_utils.iam.conftest import make_certificate

# Members in which an answer of IAM carries something that reaches a result or a message.
ECHOED = ("errorCode", "errorMessage", "trace", "id", "name", "iam_id", "description", "created_at", "crn")


class BrokenIam:
    """Addresses for `iam_endpoint`, and every secret that the echoing server gave or saw."""

    def __init__(self, port: int, silent_port: int, tls_port: int) -> None:
        self.echo = f"http://127.0.0.1:{port}"
        self.silent = f"http://127.0.0.1:{silent_port}"
        self.untrusted = f"https://127.0.0.1:{tls_port}"
        self.secrets: set[str] = set()


class Echo(BaseHTTPRequestHandler):
    """`/STATUS/...` answers with that status and the whole request; logs in unless the address has `/no-login`."""

    broken: t.ClassVar[BrokenIam]

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        with contextlib.suppress(ValueError):
            self.broken.secrets |= {json.loads(body).get("apikey")} - {None}
        said = f"{self.requestline}\n{self.headers}\n{body}"
        error = {"code": said, "message_code": said, "message": said}
        content: dict[str, t.Any] = {**dict.fromkeys(ECHOED, said), "errors": [error], "context": {"x": said}}
        status = int(self.path.split("/")[1])
        if self.path.endswith("/identity/token") and "no-login" not in self.path:
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


@contextlib.contextmanager
def serve_broken_iam(folder: Path) -> t.Iterator[BrokenIam]:
    """Start the three servers, and stop them at the end."""
    certificate, key = make_certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    echo = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    untrusted = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    untrusted.socket = context.wrap_socket(untrusted.socket, server_side=True)
    # The kernel accepts the connection, and nobody ever answers.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        Echo.broken = BrokenIam(echo.server_port, silent.getsockname()[1], untrusted.server_port)
        for server in (echo, untrusted):
            threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield Echo.broken
        finally:
            for server in (echo, untrusted):
                server.shutdown()
                server.server_close()
