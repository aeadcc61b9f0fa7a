# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Connections that end with their request: no step waits beyond the deadline of what this thread works on."""

from __future__ import annotations

import functools
import http.client
import io
import socket
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam import retry
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.deadline import current_deadline

try:
    from requests.adapters import HTTPAdapter
    from urllib3.connection import HTTPConnection
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
except ImportError:  # reported through missing_required_lib by whoever starts the work
    HTTPAdapter = object  # type: ignore[assignment, misc]  # a stand-in: the class statement below still has to run

NO_DELAY = (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class _Incoming(io.RawIOBase):
    """What a server sends. A timeout of the socket's own begins anew with each byte, so a slow server never ends it."""

    def __init__(self, sock: t.Any) -> None:
        super().__init__()
        self._sock = sock
        self._stream = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: t.Any) -> int | None:
        self._sock.settimeout(current_deadline().seconds_left(retry.READ_TIMEOUT_SECONDS))
        return t.cast("int | None", self._stream.readinto(buffer))

    def close(self) -> None:
        self._stream.close()
        super().close()


class _Response(http.client.HTTPResponse):
    """Reads status, headers and body through `_Incoming`."""

    def __init__(self, sock: t.Any, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        self.fp = io.BufferedReader(_Incoming(sock))


class _Bounded:
    """Mixed into urllib3's connections: sends nothing after the deadline, and reads nothing."""

    response_class = _Response

    def send(self, data: t.Any) -> None:
        connection = t.cast(t.Any, self)
        if connection.sock is None:
            connection.connect()
        try:
            connection.sock.settimeout(current_deadline().seconds_left(retry.READ_TIMEOUT_SECONDS))
        except socket.timeout:
            # A request without its end is none, so nothing has happened.
            raise ConnectTimeoutError(connection, "too late to send") from None
        super().send(data)  # type: ignore[misc]  # urllib3's connection comes behind this class


class _Dialling:
    """Mixed into connections that dial themselves: all addresses of a host share the time for connecting."""

    def _new_conn(self) -> socket.socket:
        connection = t.cast(t.Any, self)
        try:
            return dial(connection._dns_host, connection.port)
        except socket.timeout:
            raise ConnectTimeoutError(connection, "timed out") from None
        except (OSError, UnicodeError):
            raise NewConnectionError(connection, "not reached") from None


def dial(host: str, port: int) -> socket.socket:
    """Connect to the first address of a host that answers; each gets its share of what is left of the time."""
    found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    deadline = current_deadline().part(retry.CONNECT_TIMEOUT_SECONDS)
    failed: OSError = OSError("no address")
    for behind, (family, kind, protocol, _name, address) in enumerate(found):
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(deadline.seconds_left(deadline.left / (len(found) - behind)))
            sock.setsockopt(*NO_DELAY)
            sock.connect(address)
        except OSError as error:
            sock.close()
            failed = error
        else:
            return sock
    raise failed


@functools.lru_cache(maxsize=16)
def _bounded(pool: t.Any) -> t.Any:
    """The same pool of connections, with connections that end in time; a SOCKS proxy is dialled as before."""
    kind = pool.ConnectionCls
    dials_itself = kind._new_conn is HTTPConnection._new_conn
    bases = (_Dialling, _Bounded, kind) if dials_itself else (_Bounded, kind)
    return type(pool.__name__, (pool,), {"ConnectionCls": type(kind.__name__, bases, {})})


class BoundedAdapter(HTTPAdapter):
    """requests' own adapter over such connections; nothing is repeated here."""

    def init_poolmanager(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self._bound(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: t.Any) -> t.Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        self._bound(manager)
        return manager

    @staticmethod
    def _bound(manager: t.Any) -> None:
        pools = manager.pool_classes_by_scheme
        if not any(issubclass(pool.ConnectionCls, _Bounded) for pool in pools.values()):
            manager.pool_classes_by_scheme = {scheme: _bounded(pool) for scheme, pool in pools.items()}
