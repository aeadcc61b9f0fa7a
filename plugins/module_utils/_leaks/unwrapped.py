# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Texts as they were found, brought into one form; and what may be wrapped in them. Pure."""

from __future__ import annotations

import base64
import binascii
import html
import quopri
import re
import typing as t
import unicodedata
from urllib.parse import unquote

# Terminals: colours and titles. Typography: hyphens and quotes that an editor made of plain ones.
ANSI = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
UNSEEN = re.compile("[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
LOOKALIKES = str.maketrans(
    {**dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d", "-")}
    | {**dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb", '"'), **dict.fromkeys("\u2018\u2019\u201a\u201b", "'")}
)
BOMS = ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"), (b"\xef\xbb\xbf", "utf-8"))
BASE64 = re.compile(r"(?<![A-Za-z0-9+/_=-])[A-Za-z0-9+/_-]{16,}={0,2}(?![A-Za-z0-9+/_=-])")
JSON_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|([nrtbf\"'/\\]))")
# Longer than any number of a character, with zeros in front too.
LONG_REFERENCE = re.compile(r"&#[0-9]{1000,};?")
LINE_BREAK = re.compile("\r\n|\r|\n")
MARKS = "%&\\="


def text_of(raw: bytes) -> str:
    """A file as text: UTF-8, UTF-16 with or without its mark, else Latin-1, where every byte is a character."""
    for mark, encoding in BOMS:
        if raw.startswith(mark):
            return raw[len(mark) :].decode(encoding, errors="replace")
    half = max(len(raw) // 4, 1)
    for offset, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if raw[offset::2].count(0) >= half:
            return raw.decode(encoding, errors="replace")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def plain_lines(text: str) -> list[str]:
    """The lines of a text, numbered as an editor does, without what nobody sees or typed."""
    return [plain_line(line) for line in LINE_BREAK.split(text)]


def plain_line(line: str) -> str:
    seen = UNSEEN.sub("", ANSI.sub("", line))
    return unicodedata.normalize("NFKC", seen.translate(LOOKALIKES)).translate(LOOKALIKES)


def unescaped(line: str) -> list[str]:
    """What a line says when it was quoted for a URL, for HTML, in JSON, or in a mail; only what differs."""
    quoted = [unquote(line), _from_html(line), JSON_ESCAPE.sub(_character, line), _from_mail(line)]
    twice = [JSON_ESCAPE.sub(_character, each) for each in quoted[:2]] + [unquote(unquote(line))]
    return [each for each in dict.fromkeys(map(plain_line, quoted + twice)) if each != line]


def _from_html(line: str) -> str:
    """Without numbers that Python makes no number of; they stand for no character."""
    return html.unescape(LONG_REFERENCE.sub("\ufffd", line))


def _character(found: re.Match[str]) -> str:
    if found[1] or found[2]:
        return chr(int(found[1] or found[2], 16))
    return {"n": " ", "r": " ", "t": " ", "b": "", "f": " "}.get(found[3], found[3])


def _from_mail(line: str) -> str:
    if "=" not in line or not line.isascii():
        return line
    return quopri.decodestring(line.encode("ascii")).decode("latin-1").rstrip("\n")


def decoded(line: str) -> t.Iterator[tuple[int, int, str]]:
    """Each part of a line that is a text in base64: where it stands, and that text."""
    for found in BASE64.finditer(line):
        text = _from_base64(found[0])
        if text:
            yield found.start(), found.end(), text


def _from_base64(token: str) -> str | None:
    letters = token.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        raw = base64.b64decode(letters + "=" * (-len(letters) % 4), validate=True)
        text = text_of(raw) if b"\0" in raw else raw.decode("ascii")
    except (binascii.Error, ValueError):
        return None
    is_text = all(each.isprintable() or each in "\r\n\t" for each in text)
    return text if is_text and len(text) >= 8 else None
