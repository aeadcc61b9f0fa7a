# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The content of an answer: read piece by piece, within the deadline and a size, also of what is packed."""

from __future__ import annotations

import typing as t
import zlib

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.deadline import Deadline

# A page of a list has 100 entries of a kilobyte each; the report on 40,000 inactive keys comes in one piece.
LARGEST_CONTENT_BYTES = 16 * 2**20
PIECE_BYTES = 64 * 2**10
GZIP_OR_ZLIB = zlib.MAX_WBITS | 32
PACKED = frozenset({"gzip", "x-gzip", "deflate"})


class NotWhole(Exception):
    """Less came than was announced."""


def read_content(response: t.Any, deadline: Deadline) -> bytes | None:
    """What came, unpacked; None when it is too large, or packed in a way that nobody asked for.

    `response` is one of requests, read as a stream. Raises NotWhole, `socket.timeout` after the deadline, and what
    urllib3 raises.
    """
    encoding = (response.headers.get("Content-Encoding") or "identity").strip().lower()
    if encoding not in PACKED | {"identity"}:
        return None
    content = _Content(zlib.decompressobj(GZIP_OR_ZLIB) if encoding in PACKED else None)
    try:
        for piece in _pieces(response, deadline):
            content.add(piece)
    except (_TooLarge, zlib.error):
        return None
    return content.whole()


class _TooLarge(Exception):
    """More came than any answer of IAM has."""


class _Content:
    def __init__(self, unpack: t.Any) -> None:
        self._unpack = unpack
        self._content = bytearray()

    def add(self, piece: bytes) -> None:
        room = LARGEST_CONTENT_BYTES - len(self._content)
        # One byte more than there is room for tells that it is too much; without a limit 1 MB becomes 1 GB here.
        self._content += self._unpack.decompress(piece, room + 1) if self._unpack else piece
        if len(self._content) > LARGEST_CONTENT_BYTES:
            raise _TooLarge

    def whole(self) -> bytes:
        if self._unpack and self._content and not self._unpack.eof:
            raise NotWhole
        return bytes(self._content)


def _pieces(response: t.Any, deadline: Deadline) -> t.Iterator[bytes]:
    announced = response.headers.get("Content-Length") or ""
    came = 0
    while piece := response.raw.read(PIECE_BYTES, decode_content=False):
        came += len(piece)
        yield piece
        deadline.seconds_left(at_most=0)
    # Older releases of urllib3 do not look.
    if announced.isascii() and announced.isdigit() and len(announced) < 16 and came < int(announced):
        raise NotWhole
