# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where IAM is: an address of the form https://host, taken apart and never searched for a pattern."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._addresses import HOST_AND_PORT, shown_host
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import Invalid

# What IBM's SDKs take as a part of the address.
TOKEN_PATH = "/identity/token"  # noqa: S105  # a path, not a token
EXAMPLE = "https://iam.cloud.ibm.com"


@dataclass(frozen=True)
class Endpoint:
    """Where IAM is and how its certificate is checked; `ca_path` is a file of trusted certificates."""

    url: str
    validate_certs: bool = True
    ca_path: str | None = None

    @property
    def host(self) -> str:
        """The host, and the port if there is one: all that is shown of an address."""
        return self.url.partition("//")[2]

    @property
    def is_clear_text(self) -> bool:
        """Whether what is sent can be read on its way, which then stays in this machine."""
        return self.url.startswith("http://")

    @property
    def verify(self) -> bool | str:
        return (self.ca_path or True) if self.validate_certs else False


def address_from(text: str) -> str:
    """The address that the option `iam_endpoint` means: scheme, host and port, nothing behind.

    Raises Invalid for what is none, and for a place where secrets must not go.
    """
    text = text.strip()
    try:
        parts = urlsplit(text)
    except ValueError:
        raise _no_address() from None
    shown = shown_host(text)
    if parts.scheme not in {"http", "https"}:
        raise _clear_text(shown)
    if "@" in parts.netloc:
        raise Invalid(
            f"iam_endpoint holds a user name or a password, which nobody there asks for; leave them out: {shown}"
        )
    found = HOST_AND_PORT.fullmatch(parts.netloc)
    if found is None or not 0 < int(found["port"] or 1) < 2**16 or not _is_host(found["host"]):
        raise _no_address()
    if parts.scheme == "http" and not is_loopback(found["host"]):
        raise _clear_text(shown)
    if parts.path.rstrip("/") not in {"", TOKEN_PATH} or parts.query or parts.fragment:
        raise Invalid(f"iam_endpoint has a path or a query behind the host; leave it out: {shown}")
    return f"{parts.scheme}://{parts.netloc}"


def is_loopback(host: str) -> bool:
    """Whether what is sent to this host stays in this machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _is_host(host: str) -> bool:
    if not host.startswith("["):
        return bool(host.strip("."))
    try:
        return ipaddress.ip_address(host[1:-1]).version == 6
    except ValueError:
        return False


def _no_address() -> Invalid:
    return Invalid(f"iam_endpoint is not an address of the form {EXAMPLE}")


def _clear_text(shown: str) -> Invalid:
    return Invalid(f"iam_endpoint has to start with https:// (secrets travel to it): {shown}")
