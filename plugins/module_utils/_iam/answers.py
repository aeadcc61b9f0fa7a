# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which answers are IBM Cloud IAM's own: what has not its form was given by somebody else (iam-facts.md 6.3)."""

from __future__ import annotations

import json
import math
import re
import typing as t
from dataclasses import dataclass, field

NO_CONTENT = 204
TOO_MANY_REQUESTS = 429
LOG_IN = "/identity/"
# A 203 or a 206 was changed or shortened on its way.
SUCCESSES = {"GET": (200, NO_CONTENT), "PUT": (200, NO_CONTENT)}
OTHER_SUCCESSES = (200, 201, 202, NO_CONTENT)

# The form of IAM's codes. A broken server may put anything there, a part of what was sent to it for instance.
CODE = re.compile("[A-Z]{2,8}[0-9]{2,6}[A-Z]?")
# Each value takes many times its text in memory. The report on 40,000 keys has 300,000.
SEPARATORS = (b",", b"[", b"{")
MOST_VALUES = 1_000_000
# A number of IAM has ten digits or so; a long one takes Python minutes to read.
MOST_DIGITS = 30
MEDIA_TYPE = re.compile(r"[a-z0-9.+-]{1,40}/[a-z0-9.+-]{1,60}")

Form = t.Literal["log-in", "v1"]


@dataclass(frozen=True)
class Answer:
    """An HTTP answer, whoever gave it; `body` is decoded JSON, None when there was none or it is no JSON."""

    status: int
    content_type: str
    is_empty: bool
    body: t.Any = field(default=None, repr=False)

    @classmethod
    def of(cls, status: int, content_type: str, content: bytes | None) -> Answer:
        """Take in what came; `content` is None when it was too large or could not be unpacked."""
        media_type = content_type.partition(";")[0].strip().lower()
        is_empty = content is not None and not content
        return cls(status, media_type if MEDIA_TYPE.fullmatch(media_type) else "", is_empty, decoded(content or b""))

    def is_of_iam(self, method: str, path: str) -> bool:
        """Whether IAM gives such an answer to a request of this method and path.

        The form of a 429 is open (iam-facts.md 6.2); it says that nothing was done, whoever counts the requests.
        """
        if self.status == TOO_MANY_REQUESTS:
            return True
        if self.status >= 400:
            return form_of_refusal(self.body) == ("log-in" if path.startswith(LOG_IN) else "v1")
        if self.status == NO_CONTENT:
            return self.is_empty
        return self.status in SUCCESSES.get(method, OTHER_SUCCESSES) and isinstance(self.body, dict)

    @property
    def in_words(self) -> str:
        """What came, without anything of its content."""
        if self.is_empty:
            return "empty"
        return f"{self.content_type or 'no content type'}{'' if self.body is None else ', not in its form'}"


def decoded(content: bytes) -> t.Any:
    """What this JSON says; None when it is none, or says more than any answer of IAM."""
    if not content or sum(map(content.count, SEPARATORS)) > MOST_VALUES:
        return None
    try:
        return _STRICTLY.decode(content.decode(json.detect_encoding(content)))
    except (ValueError, RecursionError):
        return None


def _each_once(members: list[tuple[str, t.Any]]) -> dict[str, t.Any]:
    """An object; of two members with one name each reader takes another, so it is none."""
    told = dict(members)
    if len(told) != len(members):
        raise ValueError
    return told


def _whole_number(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise ValueError
    return int(digits)


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError
    return number


def _no_number(_name: str) -> t.Any:
    raise ValueError


# NaN and Infinity are Python's own additions to JSON.
_STRICTLY = json.JSONDecoder(
    object_pairs_hook=_each_once, parse_int=_whole_number, parse_float=_finite, parse_constant=_no_number
)


def form_of_refusal(body: t.Any) -> Form | None:
    """In which of IAM's two forms this refusal is: the token endpoint's, that of /v1, or neither."""
    if not isinstance(body, dict):
        return None
    if isinstance(body.get("errorMessage"), str) and _is_code(body.get("errorCode")):
        return "log-in"
    entries = body.get("errors")
    return "v1" if isinstance(entries, list) and entries and all(map(_is_error_of_v1, entries)) else None


def code_in(body: t.Any) -> str | None:
    """IAM's code of a refusal that is in one of its forms; it may be missing (iam-facts.md 6.3)."""
    form = form_of_refusal(body)
    if form is None:
        return None
    code = body["errorCode"] if form == "log-in" else body["errors"][0].get("message_code")
    return code if _is_code(code) else None


def _is_code(text: t.Any) -> bool:
    return isinstance(text, str) and bool(CODE.fullmatch(text))


def _is_error_of_v1(entry: t.Any) -> bool:
    return isinstance(entry, dict) and any(isinstance(entry.get(m), str) for m in ("code", "message_code", "message"))
