# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Mounts the emulator into a requests.Session, so that fast tests need no server."""

from __future__ import annotations

import io
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPResponse, Retry
from urllib3.exceptions import ProtocolError

from .emulator import Emulator
from .messages import Request


class EmulatorAdapter(HTTPAdapter):
    """Answers every request from the emulator; cut connections become requests.ConnectionError.

    Only the wire is replaced: urllib3 still runs its `Retry` and requests still maps errors, so that
    a client behaves here as it does against a server.
    """

    def __init__(self, emulator: Emulator, max_retries: Retry | int = 0) -> None:
        super().__init__(max_retries=max_retries)
        self._emulator = emulator

    def get_connection_with_tls_context(
        self, request: requests.PreparedRequest, *_args: Any, **_kwargs: Any
    ) -> HTTPConnectionPool:
        """A pool that leads to the emulator, whatever the host is called."""
        address = urlsplit(request.url or "")
        return _EmulatorPool(self._emulator, str(address.scheme), str(address.netloc))

    def cert_verify(self, *_args: Any, **_kwargs: Any) -> None:
        """No certificate is involved."""


class _EmulatorPool(HTTPConnectionPool):
    def __init__(self, emulator: Emulator, scheme: str, host_and_port: str) -> None:
        super().__init__(host_and_port.partition(":")[0])
        self.scheme = scheme
        self._emulator = emulator
        self._host_and_port = host_and_port

    def _make_request(self, conn: Any, method: str, url: str, *args: Any, **kwargs: Any) -> HTTPResponse:
        address = urlsplit(url)
        body = kwargs.get("body") or b""
        request = Request(
            method=method,
            path=unquote(address.path),
            query=dict(parse_qsl(address.query, keep_blank_values=True)),
            headers={"Host": self._host_and_port, **_texts(kwargs.get("headers") or {})},
            body=body.encode() if isinstance(body, str) else body,
            scheme=self.scheme or "http",
        )
        answer = self._emulator.handle(request)
        if answer.is_cut:
            raise ProtocolError("Connection aborted.", ConnectionResetError("The emulator cut the connection"))
        return HTTPResponse(
            body=io.BytesIO(answer.body),
            headers={"Content-Length": str(len(answer.body)), **answer.headers},
            status=answer.status,
            preload_content=False,
            request_method=method,
            request_url=url,
        )


def _texts(headers: Any) -> dict[str, str]:
    return {
        name: value.decode("latin-1") if isinstance(value, bytes) else str(value) for name, value in headers.items()
    }
