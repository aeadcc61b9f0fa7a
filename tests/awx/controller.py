# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The credentials of an AWX, as its API shows and changes them (awx/main/models/credential.py, `Credential.save`)."""

from __future__ import annotations

import contextlib
import json
import threading
import typing as t
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

HIDDEN = "$encrypted$"


@dataclass
class Credential:
    """One credential; `inputs` has the true values."""

    id: int
    name: str
    inputs: dict[str, str]
    secrets: tuple[str, ...]

    def shown(self) -> dict[str, t.Any]:
        inputs = {name: HIDDEN if name in self.secrets else value for name, value in self.inputs.items()}
        return {"id": self.id, "name": self.name, "inputs": inputs}

    def replace_inputs(self, inputs: dict[str, str]) -> None:
        """All inputs at once; whoever sends a secret as it is shown keeps it."""
        self.inputs = {
            name: self.inputs[name] if value == HIDDEN and name in self.secrets else value
            for name, value in inputs.items()
        }


@dataclass
class Controller:
    """What the tests ask of it."""

    url: str
    token: str
    credentials: list[Credential]


class _Handler(BaseHTTPRequestHandler):
    controller: t.ClassVar[Controller]

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        (name,) = parse_qs(address.query)["name"]
        found = [each.shown() for each in self.controller.credentials if each.name == name]
        self._answer({"count": len(found), "results": found})

    def do_PATCH(self) -> None:
        number = int(self.path.rstrip("/").rpartition("/")[2])
        (credential,) = (each for each in self.controller.credentials if each.id == number)
        content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self._may():
            credential.replace_inputs(content["inputs"])
        self._answer(credential.shown())

    def log_message(self, *_about: t.Any) -> None:
        """Nothing on the terminal."""

    def _may(self) -> bool:
        return self.headers["Authorization"] == f"Bearer {self.controller.token}"

    def _answer(self, content: t.Any) -> None:
        body = json.dumps(content if self._may() else {"detail": "no"}).encode()
        self.send_response(200 if self._may() else 401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextlib.contextmanager
def serve(token: str, credentials: list[Credential]) -> t.Iterator[Controller]:
    """A controller until the end of the block."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    _Handler.controller = Controller(f"http://127.0.0.1:{server.server_port}", token, credentials)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield _Handler.controller
    finally:
        server.shutdown()
        server.server_close()
