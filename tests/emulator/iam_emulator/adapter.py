# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Mounts the emulator into a requests.Session, so that fast tests need no server."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPResponse, Retry
from urllib3.exceptions import ProtocolError, ReadTimeoutError

from .emulator import Emulator
from .messages import Request


class EmulatorAdapter(HTTPAdapter):
    """Answers every request from the emulator; cut connections become requests.ConnectionError.

    Only the wire is replaced: urllib3 still runs its `Retry` and requests still maps errors, so that
    a client behaves here as it does against a server. `wait` lets the seconds pass that a slow answer takes.
    """

    def __init__(
        self, emulator: Emulator, max_retries: Retry | int = 0, wait: Callable[[float], None] = time.sleep
    ) -> None:
        super().__init__(max_retries=max_retries)
        self._emulator = emulator
        self._wait = wait

    def get_connection_with_tls_context(
        self, request: requests.PreparedRequest, *_args: Any, **_kwargs: Any
    ) -> HTTPConnectionPool:
        """A pool that leads to the emulator, whatever the host is called."""
        address = urlsplit(request.url or "")
        return _EmulatorPool(self._emulator, self._wait, str(address.scheme), str(address.netloc))

    def cert_verify(self, *_args: Any, **_kwargs: Any) -> None:
        """No certificate is involved."""


class _EmulatorPool(HTTPConnectionPool):
    def __init__(self, emulator: Emulator, wait: Callable[[float], None], scheme: str, host_and_port: str) -> None:
        super().__init__(host_and_port.partition(":")[0])
        self.scheme = scheme
        self._emulator = emulator
        self._wait = wait
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
        self._wait_for_headers(answer.seconds_before, url, kwargs.get("timeout"))
        return HTTPResponse(
            body=_Slow(answer.sent_body, answer.seconds_per_byte, self._wait),
            headers={"Content-Length": str(len(answer.body)), **answer.headers},
            status=answer.status,
            preload_content=False,
            request_method=method,
            request_url=url,
        )

    def _wait_for_headers(self, seconds: float, url: str, timeout: Any) -> None:
        patience = getattr(timeout, "read_timeout", None)
        if not isinstance(patience, (int, float)) or seconds <= patience:
            self._wait(seconds)
            return
        self._wait(patience)
        raise ReadTimeoutError(self, url, "Read timed out.")


class _Slow(io.BytesIO):
    """A body that takes its time."""

    def __init__(self, content: bytes, seconds_per_byte: float, wait: Callable[[float], None]) -> None:
        super().__init__(content)
        self._seconds_per_byte = seconds_per_byte
        self._wait = wait

    def read(self, size: int | None = -1) -> bytes:
        if not self._seconds_per_byte:
            return super().read(size)
        self._wait(self._seconds_per_byte)
        return super().read(min(1, size if size and size > 0 else 1))


def _texts(headers: Any) -> dict[str, str]:
    return {
        name: value.decode("latin-1") if isinstance(value, bytes) else str(value) for name, value in headers.items()
    }
