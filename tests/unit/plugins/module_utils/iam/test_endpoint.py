# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where secrets may go: `iam_endpoint` is taken apart, and only what is left of it is used and shown."""

from __future__ import annotations

import socket
import threading
import typing as t

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import PUBLIC_ENDPOINT, open_client
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.endpoint import Endpoint, address_from
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import CannotConnect, Invalid


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("https://iam.cloud.ibm.com", "https://iam.cloud.ibm.com"),
        ("  https://iam.cloud.ibm.com/\n", "https://iam.cloud.ibm.com"),
        ("HTTPS://iam.cloud.ibm.com", "https://iam.cloud.ibm.com"),
        ("https://iam.cloud.ibm.com/identity/token", "https://iam.cloud.ibm.com"),
        ("https://iam.cloud.ibm.com/identity/token/", "https://iam.cloud.ibm.com"),
        ("https://iam.example.com:8443", "https://iam.example.com:8443"),
        ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://127.8.9.10", "http://127.8.9.10"),
        ("http://localhost:8080/", "http://localhost:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_an_address_is_scheme_host_and_port(given: str, address: str) -> None:
    assert address_from(given) == address


@pytest.mark.parametrize(
    "given",
    [
        *("iam.cloud.ibm.com", "http://iam.cloud.ibm.com", "ftp://x", "http://127.0.0.1.evil.example", "file:///etc"),
        *("http://localhost.evil.example", "http://128.0.0.1", "http://0.0.0.0", "http://[::2]", "http://2130706433"),
        *("http://127.1", "http://0x7f.1", "http://h/?a=s3cret", "me:s3cret@h/s3cret", "http://[::ffff:1.2.3.4]"),
    ],
)
def test_secrets_travel_over_https_or_within_this_machine_only(given: str) -> None:
    with pytest.raises(Invalid, match="has to start with https://") as caught:
        address_from(given)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "given",
    [
        *(
            "https://me:s3cret@iam.example.com",
            "https://s3cret@iam.example.com",
            "http://127.0.0.1:s3cret@127.0.0.2:80",
        ),
        *("http://me:s3cret@localhost", "http://me:s3cret@h#s3cret", "https://iam.example.com\\@s3cret.example"),
    ],
)
def test_a_user_part_is_refused_and_not_shown(given: str) -> None:
    with pytest.raises(Invalid, match="holds a user name or a password"):
        address_from(given)
    with pytest.raises(Invalid) as caught:
        address_from(given)
    assert "s3cret" not in str(caught.value).replace("s3cret.example", "")


@pytest.mark.parametrize(
    "path",
    ["/v1", "/identity", "/identity/token/x", "/s3cret", "?apikey=s3cret", "#s3cret", "/identity/token?a=s3cret"],
)
def test_what_stands_behind_the_host_is_refused_by_name(path: str) -> None:
    with pytest.raises(Invalid, match=r"has a path or a query behind the host; leave it out: h\.example$"):
        address_from(f"https://h.example{path}")


@pytest.mark.parametrize(
    "given",
    [
        *(
            "https://",
            "https:// x",
            "https://[::1",
            "https://h:port",
            "https://h:0",
            "https://h:65536",
            "https://h:\uff11",
        ),
        *("https://h\\x", "https://.", "https://[v1.x]", "https://[127.0.0.1]", "https://h h", "https://\u2025"),
        *("https://h\u2024example", "https://h:", "https://%68", "https://h;x"),
    ],
)
def test_an_address_that_is_none_is_called_so(given: str) -> None:
    with pytest.raises(Invalid, match="iam_endpoint is not an address of the form"):
        address_from(given)


@pytest.mark.parametrize("blank", ["", "  ", None])
def test_a_blank_address_is_none(scene: t.Any, blank: str | None) -> None:
    options = {"api_key": scene.api_key, "iam_endpoint": blank}
    environ = {"IBMCLOUD_IAM_API_ENDPOINT": " ", "IBMCLOUD_ACCOUNT_ID": " "}
    client = open_client(options, environ, lambda secret: None, adapter=scene.adapter())

    assert client._transport.endpoint.url == PUBLIC_ENDPOINT
    assert client._wanted_account_id is None


@pytest.fixture
def proxy() -> t.Iterator[tuple[str, list[bytes]]]:
    """A proxy that lets nothing through, and what it was told."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def listen() -> None:
            while True:
                try:
                    connection, _address = server.accept()
                except OSError:
                    return
                heard.append(connection.recv(4096))
                connection.close()

        threading.Thread(target=listen, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", heard
        server.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(("scheme", "is_told"), [("http", False), ("https", True)])
def test_what_is_sent_in_clear_text_goes_through_no_proxy(
    open_with: t.Any,
    proxy: tuple[str, list[bytes]],
    monkeypatch: pytest.MonkeyPatch,
    closed_port: int,
    scheme: str,
    is_told: bool,
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv(name.lower(), "" if name == "NO_PROXY" else proxy[0])
    with pytest.raises(CannotConnect):
        open_with(None, iam_endpoint=f"{scheme}://127.0.0.1:{closed_port}").caller()

    assert bool(proxy[1]) is is_told
    assert not any(b"apikey" in each for each in proxy[1])


def test_an_endpoint_says_how_its_certificate_is_checked() -> None:
    assert Endpoint("https://h").verify is True
    assert Endpoint("https://h", ca_path="/ca.pem").verify == "/ca.pem"
    assert Endpoint("https://h", validate_certs=False, ca_path="/ca.pem").verify is False
