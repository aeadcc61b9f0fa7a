# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What goes into the emulator and what comes out of it, free of any web framework."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """One HTTP request; header names are matched in any case."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    scheme: str = "http"

    def header(self, name: str) -> str | None:
        """The value of a header, None when it was not sent."""
        wanted = name.lower()
        return next((value for sent, value in self.headers.items() if sent.lower() == wanted), None)

    @property
    def is_control(self) -> bool:
        """Whether the request steers the emulator instead of asking IAM."""
        return self.path.startswith("/__emulator__/")


@dataclass(frozen=True)
class Answer:
    """One HTTP answer; with `is_cut` the connection closes and nothing is answered.

    It begins after `seconds_before`, each byte of its body takes `seconds_per_byte`, and with `is_torn` the connection
    closes in the middle of the body.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    is_cut: bool = False
    is_torn: bool = False
    seconds_before: float = 0
    seconds_per_byte: float = 0

    @property
    def sent_body(self) -> bytes:
        """What of the body gets through."""
        return self.body[: len(self.body) // 2] if self.is_torn else self.body

    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)


CUT = Answer(status=0, is_cut=True)
NO_CONTENT = Answer(status=204)


def json_answer(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer that carries JSON."""
    all_headers = {"Content-Type": "application/json", **(headers or {})}
    return Answer(status, all_headers, json.dumps(content).encode())
