# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The one rule for what is shown of an address: scheme, host and path, and nothing that may be a user or a secret.

An address that is not plainly one is not shown at all: a password with a slash in it looks like a host and a path.
"""

from __future__ import annotations

import re
import typing as t

HOST_AND_PORT = re.compile(r"(?P<host>[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::(?P<port>[0-9]{1,5}))?")
NOT_SHOWN = "an address that is not shown"
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,15}")
_SCP = re.compile(r"(?:(?P<user>[^@:/]+)@)?(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):(?!:)(?P<path>.+)")
_IN_A_TEXT = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s'\"<>]+")


class Parts(t.NamedTuple):
    """An address of the form scheme://user@host:port/path?query#fragment; `authority` is user, host and port."""

    scheme: str
    user: str | None
    host_and_port: str
    path: str
    rest: str

    @property
    def is_plain(self) -> bool:
        """Whether it is certain where the host is."""
        is_host = HOST_AND_PORT.fullmatch(self.host_and_port) or (self.scheme == "file" and not self.host_and_port)
        return bool(is_host) and "@" not in self.path + self.rest and is_printable(self.path)


def parts_of(address: str) -> Parts | None:
    """The parts of an address with `://`; None for any other text."""
    scheme, separator, behind = address.partition("://")
    if not separator or not _SCHEME.fullmatch(scheme):
        return None
    authority, path_and_rest = _split(behind, r"[/?#\\]")
    path, rest = _split(path_and_rest, r"[?#]")
    user, at, host_and_port = authority.rpartition("@")
    return Parts(scheme.lower(), user if at else None, host_and_port, path, rest)


def scp_parts(address: str) -> tuple[str | None, str, str] | None:
    """User, host and path of an address as ssh takes it (user@host:path); None for any other text."""
    found = _SCP.fullmatch(address)
    return (found["user"], found["host"], found["path"]) if found and "://" not in address else None


def shown_address(address: str) -> str:
    """All that a message, a report or a name may hold of an address."""
    parts = parts_of(address)
    if parts:
        return f"{parts.scheme}://{parts.host_and_port}{parts.path}" if parts.is_plain else NOT_SHOWN
    if address.startswith("/"):
        return address if is_printable(address) else NOT_SHOWN
    found = scp_parts(address)
    if found and is_printable(found[2]) and not re.search(r"[@?#]", found[2]):
        return f"{found[1]}:{found[2]}"
    return NOT_SHOWN


def hidden_parts(address: str, *, is_meant: bool) -> t.Iterator[str]:
    """The address itself and the parts of it that may be secret; nothing when all of it may be seen.

    A text that `is_meant` as an address has no query and no `@` behind the host; in a description either is harmless.
    The user of SSH is no secret: it is `git` mostly.
    """
    parts = parts_of(address)
    if parts is None:
        return
    user, _colon, password = (parts.user or "").partition(":")
    is_odd = bool(parts.rest) or not parts.is_plain if is_meant else ":" in HOST_AND_PORT.sub("", parts.host_and_port)
    if password or is_odd or (user and parts.scheme != "ssh"):
        yield from filter(None, (address, parts.user, password, parts.rest))


def shown_host(address: str) -> str:
    """The host of an address and its port, where it is certain which they are."""
    parts = parts_of(address)
    return parts.host_and_port if parts and parts.is_plain else NOT_SHOWN


def with_shown_addresses(text: str) -> str:
    """A text of somebody else, in which addresses are shown as everywhere."""
    return _IN_A_TEXT.sub(lambda found: shown_address(found[0]), text)


def is_printable(text: str) -> bool:
    """Whether a text has no line break, no control and no backslash in it."""
    return text.isprintable() and "\\" not in text


def _split(text: str, at: str) -> tuple[str, str]:
    found = re.search(at, text)
    return (text[: found.start()], text[found.start() :]) if found else (text, "")
