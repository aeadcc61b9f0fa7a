# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A repository over HTTPS with a token: `git http-backend` behind Python's own server and a certificate of its own."""

from __future__ import annotations

import base64
import contextlib
import os
import ssl
import subprocess
import threading
import typing as t
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from ansible_collections.cloudkeys.ibmcloud.tests.certificates import make_certificate

HOST, OTHER_NAME = "127.0.0.1", "localhost"
MOVED = "/moved/"


class GitServer:
    """Serves the repositories below `root`, and sends who asks below /moved/ to another name of itself.

    `may_push` says whether the token may, `logins` what was sent to which name.
    """

    def __init__(self, root: Path, username: str, token: str, url: str) -> None:
        self.root = root
        self.login = base64.b64encode(f"{username}:{token}".encode()).decode()
        self.url = url
        self.may_push = True
        self.logins: dict[str, set[str]] = {}


class _Handler(BaseHTTPRequestHandler):
    served: t.ClassVar[GitServer]

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def log_message(self, *_about: t.Any) -> None:
        """Nothing on the terminal."""

    def _serve(self) -> None:
        path, _mark, query = self.path.partition("?")
        given = self.headers.get("Authorization", "")
        self.served.logins.setdefault(self.headers["Host"].partition(":")[0], set()).add(given)
        if path.startswith(MOVED):
            port = self.served.url.rpartition(":")[2]
            self._refuse(302, "Location", f"https://{OTHER_NAME}:{port}/{self.path[len(MOVED) :]}")
        elif given != f"Basic {self.served.login}":
            self._refuse(401, "WWW-Authenticate", 'Basic realm="git"')
        elif "git-receive-pack" in self.path and not self.served.may_push:
            self._refuse(403, "Content-Type", "text/plain")
        else:
            self._answer(self._call(path, query))

    def _refuse(self, status: int, header: str, value: str) -> None:
        self.send_response(status)
        self.send_header(header, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _call(self, path: str, query: str) -> bytes:
        """What the program answers: headers, an empty line, a body."""
        length = int(self.headers.get("Content-Length") or 0)
        asked = {
            "GIT_PROJECT_ROOT": str(self.served.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REMOTE_USER": "robot",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(length),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        done = subprocess.run(
            ["git", "http-backend"],
            input=self.rfile.read(length),
            env={"PATH": os.environ["PATH"], **asked},
            capture_output=True,
            check=True,
        )
        return done.stdout

    def _answer(self, answer: bytes) -> None:
        head, _empty, body = answer.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().splitlines())
        self.send_response(int(headers.pop("Status", "200").split()[0]))
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextlib.contextmanager
def serve(root: Path, folder: Path, username: str, token: str) -> t.Iterator[tuple[GitServer, Path]]:
    """A server until the end of the block, and the certificate to trust."""
    certificate, key = make_certificate(folder, OTHER_NAME)
    server = ThreadingHTTPServer((HOST, 0), _Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    served = GitServer(root, username, token, f"https://{HOST}:{server.server_port}")
    _Handler.served = served
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield served, certificate
    finally:
        server.shutdown()
        server.server_close()
