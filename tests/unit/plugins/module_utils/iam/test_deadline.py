# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A request ends in time, whatever a server does: a rotation's lease is counted from that."""

from __future__ import annotations

import contextlib
import gzip
import io
import socket
import threading
import time
import types
import typing as t

import pytest
import requests
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam import content, deadline, retry
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.answers import MOST_VALUES, decoded
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import (
    CannotConnect,
    IamError,
    NotUnderstood,
    TooBusy,
)
from urllib3 import HTTPResponse

LONGEST = retry.LONGEST_REQUEST_SECONDS
LOG_IN = {"path": "identity"}
ASKED = requests.Request("GET", "https://h").prepare()
READ = {"method": "GET", "path": "apikeys/"}


@pytest.fixture
def key_id(scene: t.Any) -> str:
    return t.cast(str, scene.user.create_key(name="one")["id"])


@pytest.mark.parametrize(
    "faults",
    [
        [{"kind": "slow", "seconds_per_byte": 5, **READ}],
        [{"kind": "slow", "seconds_per_byte": 5, **LOG_IN}],
        [{"kind": "slow", "seconds_before": 14.9, "seconds_per_byte": 0.01, "times": 99}],
        [{"kind": "slow", "seconds_before": 99, "times": 99}],
        [{"kind": "slow", "seconds_before": 99, "times": 2, **LOG_IN}, {"kind": "slow", "seconds_before": 99, **READ}],
        [{"kind": "status", "status": 429, "retry_after": 19, "times": 99}],
        [
            {"kind": "status", "status": 429, "retry_after": 19, **LOG_IN},
            {"kind": "slow", "seconds_before": 14, **LOG_IN},
            {"kind": "status", "status": 429, "retry_after": 19, **READ},
            {"kind": "slow", "seconds_before": 14, **READ},
        ],
        [
            {"kind": "slow", "seconds_before": 14, **LOG_IN, "times": 2},
            {"kind": "invalid_token_once", **READ},
            {"kind": "status", "status": 503, "retry_after": 18, **READ},
            {"kind": "slow", "seconds_before": 99, "times": 99, **READ},
        ],
        [{"kind": "torn", "times": 99, **READ}],
    ],
    ids=[
        *("slow bytes", "slow bytes of the log-in", "all slow", "silence", "silence twice", "429 again and again"),
        *("a busy log-in and a busy read", "two log-ins and a slow read", "torn again and again"),
    ],
)
def test_a_request_with_all_that_belongs_to_it_ends_in_time(
    scene: t.Any, key_id: str, faults: list[dict[str, t.Any]]
) -> None:
    client = scene.connect()
    scene.faults(*faults)

    with contextlib.suppress(IamError):
        client.api_keys.get(key_id)
    assert 0 < scene.clock.seconds <= LONGEST
    assert deadline._under_way.deadline is None


def test_a_profile_is_assumed_within_the_same_time(scene: t.Any) -> None:
    profile = scene.user.create_profile(assumed_by=scene.iam_id)
    client = scene.connect(profile_id=profile["id"], api_key=scene.api_key)
    busy = {"kind": "status", "status": 429, "retry_after": 19}
    scene.faults(
        busy, {"kind": "slow", "seconds_before": 14}, busy, {"kind": "slow", "seconds_before": 99, "times": 99}
    )

    with pytest.raises(CannotConnect):
        client.caller()
    assert scene.clock.seconds == LONGEST


def test_nothing_is_sent_after_the_deadline(scene: t.Any, key_id: str) -> None:
    client = scene.connect()
    with client._transport.one_request():
        client.caller()
        scene.clock.go_on(LONGEST)
        with pytest.raises(CannotConnect) as caught:
            client.api_keys.disable(key_id)

    assert not scene.writes()
    assert "did not answer in time" in str(caught.value)


@pytest.mark.parametrize("ask", ["list", "get"])
def test_an_answer_that_broke_off_is_asked_for_again(scene: t.Any, key_id: str, ask: str) -> None:
    client = scene.connect()
    client.caller()
    scene.faults({"kind": "torn", "method": "GET", "times": 2})
    arguments = (scene.iam_id, scene.account_id) if ask == "list" else (key_id,)

    assert getattr(client.api_keys, ask)(*arguments)
    assert [line for line in scene.sent() if line.startswith("GET")] == [
        f"GET /v1/apikeys{'/ID' if ask == 'get' else ''}"
    ] * 3


def test_a_create_whose_answer_broke_off_is_not_sent_again(scene: t.Any) -> None:
    client = scene.connect()
    client.caller()
    scene.faults({"kind": "torn", "method": "POST", "path": "serviceids", "times": 9})

    with pytest.raises(CannotConnect) as caught:
        client.service_ids.create("robot", scene.account_id)
    assert caught.value.may_have_happened
    assert scene.writes() == ["POST /v1/serviceids"]


def test_a_try_that_got_no_answer_may_have_happened_whatever_the_next_one_got(scene: t.Any, key_id: str) -> None:
    client = scene.connect()
    scene.faults({"kind": "cut_after", "method": "DELETE"}, {"kind": "status", "status": 429, "times": 99})
    scene.emulator.faults.waiting.reverse()
    scene.emulator.faults.waiting[0].skip = 2

    with pytest.raises(TooBusy) as caught:
        client.api_keys.delete(key_id)
    assert caught.value.may_have_happened


class Canned(requests.adapters.HTTPAdapter):
    """Gives the same answer to everything."""

    def __init__(self, body: bytes, status: int = 200, **headers: str) -> None:
        super().__init__()
        self.body, self.status, self.headers = body, status, {n.replace("_", "-"): v for n, v in headers.items()}
        self.asked = 0

    def send(self, request: t.Any, *_args: t.Any, **_kwargs: t.Any) -> t.Any:
        self.asked += 1
        answer = HTTPResponse(io.BytesIO(self.body), self.headers, self.status, preload_content=False)
        return self.build_response(request, answer)


def bomb(megabytes: int) -> bytes:
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb") as stream:
        for _megabyte in range(megabytes):
            stream.write(b" " * 2**20)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (bomb(679), {"Content_Encoding": "gzip"}),
        (b" " * (content.LARGEST_CONTENT_BYTES + 1), {}),
        (b"[" * 200_000, {}),
        (b'{"a":' * 200_000, {}),
        (b"[" + b"[]," * MOST_VALUES + b"[]]", {}),
        (b"{}", {"Content_Encoding": "br"}),
        (b"{}", {"Content_Encoding": "gzip, gzip"}),
        (b"no gzip", {"Content_Encoding": "gzip"}),
        (b"9" * 100_000, {}),
    ],
    ids=["packed", "large", "deep", "deep objects", "many values", "unasked packing", "twice", "no gzip", "a number"],
)
@pytest.mark.parametrize("status", [200, 302, 400, 503])
def test_what_is_too_much_to_be_iams_is_not_understood(
    open_with: t.Any, body: bytes, headers: dict[str, str], status: int
) -> None:
    canned = Canned(body, status, Location="https://elsewhere.example.com", **headers)
    with pytest.raises(NotUnderstood):
        open_with(canned).caller()


@pytest.mark.parametrize("packing", [{}, {"Content_Encoding": "gzip"}], ids=["as it is", "packed"])
@pytest.mark.parametrize(("more", "is_taken"), [(0, True), (1, False)])
def test_there_is_a_largest_answer(packing: dict[str, str], more: int, is_taken: bool) -> None:
    largest = b"{}".ljust(content.LARGEST_CONTENT_BYTES + more)
    response = Canned(gzip.compress(largest) if packing else largest, **packing).send(ASKED)

    assert (content.read_content(response, deadline.current_deadline()) is not None) is is_taken


@pytest.mark.parametrize(("values", "is_taken"), [(MOST_VALUES, True), (MOST_VALUES + 1, False)])
def test_there_is_a_richest_answer(values: int, is_taken: bool) -> None:
    assert (decoded(b"[" + b"1," * (values - 1) + b"1]") is not None) is is_taken


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "GZIP "])
def test_a_packed_answer_is_unpacked(encoding: str) -> None:
    whole = Canned(gzip.compress(b'{"a": 1}' * 50_000), Content_Encoding=encoding)
    response = whole.send(ASKED)

    assert content.read_content(response, deadline.current_deadline()) == b'{"a": 1}' * 50_000


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (gzip.compress(bytes(range(256)) * 99)[:-9], {"Content-Encoding": "gzip"}),
        (b'{"a": 1', {"Content-Length": "8"}),
    ],
)
def test_what_broke_off_is_not_whole(body: bytes, headers: dict[str, str]) -> None:
    """As older releases of urllib3 hand it on, which do not look how much was announced."""
    pieces = [body, b""]
    raw = types.SimpleNamespace(read=lambda _size, decode_content: pieces.pop(0))
    response = types.SimpleNamespace(raw=raw, headers=headers)

    with pytest.raises(content.NotWhole):
        content.read_content(response, deadline.current_deadline())


@pytest.fixture
def drip() -> t.Iterator[t.Callable[[bytes, bytes], str]]:
    """A server that sends something at once and then one byte again and again, ten a second for four; its address."""
    servers = []

    def serve(at_once: bytes, then: bytes) -> str:
        server = socket.create_server(("127.0.0.1", 0))
        servers.append(server)

        def answer() -> None:
            connection, _address = server.accept()
            with connection:
                connection.recv(65536)
                try:
                    connection.sendall(at_once)
                    for _byte in range(40):
                        connection.sendall(then)
                        time.sleep(0.1)
                except OSError:
                    return

        threading.Thread(target=answer, daemon=True).start()
        return f"127.0.0.1:{server.getsockname()[1]}"

    yield serve
    for server in servers:
        server.close()


@pytest.mark.parametrize(
    ("scheme", "at_once", "then"),
    [
        ("http", b"", b"H"),
        ("http", b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x"),
        ("http", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{", b" "),
        ("http", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n{\r\n"),
        ("http", b"HTTP/1.1 302 Found\r\nLocation: https://h\r\n\r\n", b"x"),
        ("http", b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        ("https", b"\x16\x03\x03\x40\x00", b"\x02"),
    ],
    ids=["status", "header", "body", "chunks", "redirect", "continue", "handshake"],
)
def test_a_server_that_sends_byte_after_byte_is_left_in_time(
    open_with: t.Any,
    drip: t.Any,
    monkeypatch: pytest.MonkeyPatch,
    scene: t.Any,
    scheme: str,
    at_once: bytes,
    then: bytes,
) -> None:
    """On real sockets, with a second instead of a minute."""
    monkeypatch.setattr(retry, "LONGEST_REQUEST_SECONDS", 1.0)
    monkeypatch.setattr(scene.clock, "monotonic", time.monotonic)
    began = time.monotonic()
    with pytest.raises(CannotConnect):
        open_with(None, iam_endpoint=f"{scheme}://{drip(at_once, then)}").caller()

    assert 0.8 < time.monotonic() - began < 2


def test_all_addresses_of_a_host_share_the_time_for_connecting(
    open_with: t.Any, monkeypatch: pytest.MonkeyPatch, scene: t.Any
) -> None:
    patience = []

    class Deaf:
        def __init__(self, *_args: t.Any) -> None:
            pass

        def settimeout(self, seconds: float) -> None:
            patience.append(seconds)

        def setsockopt(self, *_args: t.Any) -> None:
            pass

        def connect(self, _address: t.Any) -> None:
            scene.clock.go_on(patience[-1])
            raise socket.timeout

        def close(self) -> None:
            pass

    def addresses(*_args: t.Any, **_kwargs: t.Any) -> list[t.Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 443))] * 8

    monkeypatch.setattr(socket, "getaddrinfo", addresses)
    monkeypatch.setattr(socket, "socket", Deaf)
    with pytest.raises(CannotConnect, match="it cannot be reached"):
        open_with(None, iam_endpoint="https://iam.example.com").caller()

    tries = 1 + retry.CONNECT_ATTEMPTS_AFTER_THE_FIRST
    assert len(patience) == 8 * tries
    assert sum(patience) == pytest.approx(tries * retry.CONNECT_TIMEOUT_SECONDS)
