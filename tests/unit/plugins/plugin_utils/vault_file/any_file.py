# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Vars files as people write them, and worse: made of pieces, so that a test knows which bytes belong to what."""

from __future__ import annotations

import datetime
import json
import typing as t
from dataclasses import dataclass

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.path import Path, Step, Typed
from hypothesis import strategies as st

OLD = "$ANSIBLE_VAULT;1.1;AES256\n          313a6f6c64\n"
# The fake vault cannot open this one.
DAMAGED = "$ANSIBLE_VAULT;1.1;AES256\n          6f6c64\n"
# What stands behind a key and its colon; lines that follow are relative to the column of the key.
VALUES = [
    " plain\n",
    "\n",
    "   # a comment\n",
    ' "quoted: yes"  # a comment\n',
    " 'it''s'\n",
    " more\n  than one\n  line\n",
    ' "more\n  than one"  # a comment\n',
    " |\n  block\n   text\n",
    " |+  # a comment\n  block\n\n",
    " >2-\n      folded\n      text\n\n",
    " >\n  folded\n  # no comment\n\n  text\n",
    " {a: 1, b: [x, 'y']}  # a comment\n",
    " {\n    a: 1,\n  }\n",
    " []\n",
    "  # a comment\n- x\n- y: 1\n",
    "\n  - x\n  - - y\n    - |\n      z\n",
    "\n  later  # a comment\n",
    f" !vault |\n          {OLD}",
    f" !vault |  # a comment\n          {OLD}\n",
    f" !vault |\n          {DAMAGED}",
    f" !vault-encrypted >-\n          {OLD}".replace("\n          3", "\n\n          3"),
    f" !vault {json.dumps(OLD)}\n",
    " !unsafe '{{ x }}'\n",
    " !!str 5\n",
    " 😀 ünï\u2028\n",
    " 2026-01-31\n",
    " ~\n",
    " 0o17\n",
]
ITEMS = [" plain\n", " 'it''s'  # a comment\n", f" !vault |\n          {OLD}"]
KINDS = ["value"] * 8 + ["mapping", "list"] * 3 + ["anchor", "alias"]
FLOW_VALUES = [
    "1",
    '"x"',
    "'it''s'",
    "plain text",
    "[1, {a: 2}]",
    "{}",
    "null",
    "2026-01-31",
    f"!vault {json.dumps(OLD)}",
]
NOISE = ["", "", "", "\n", "# a note\n", "\n# two\n# lines\n\n"]
DEEP_NOISE = [*NOISE, "  # deeper\n", "            # very deep\n"]
BEGINNINGS = ["", "", "---\n", "# first\n", "\n", "--- # first\n", "%YAML 1.1\n---\n", "# first\n---\n# second\n"]
ENDS = ["", "", "# last\n", "\n\n", "...\n", "# last\n...\n# very last\n"]
KEYS = ["key{}", "'key {}'", '"kéy {}"', "key.{}", "'key: {}'", "key-{}"]
# What is a text only in quotes, and is something else without.
ODD_KEYS: list[tuple[str, t.Callable[[int], Step]]] = [
    ("84{:03}", lambda count: Typed.of(int(f"84{count:03}"))),
    ("{}.5", lambda count: Typed.of(count + 0.5)),
    ("'84{:03}'", lambda count: f"84{count:03}"),
    ("1{:03}-01-31", lambda count: Typed.of(datetime.date(1000 + count, 1, 31))),
]


@dataclass(frozen=True)
class Piece:
    """A stretch of text and the entry that it belongs to; () for what belongs to none."""

    path: Path
    text: str


@dataclass(frozen=True)
class File:
    pieces: list[Piece]
    kinds: dict[Path, str]
    newline: str
    bom: str
    has_final_newline: bool

    @property
    def text(self) -> str:
        return self._dressed(self.pieces, is_start=True, is_end=True)

    @property
    def paths(self) -> list[Path]:
        return list(self.kinds)

    @property
    def is_flow(self) -> bool:
        return any(kind in ("flow", "flow mapping") for kind in self.kinds.values())

    def around(self, path: Path) -> tuple[str, str, str]:
        """The text before an entry, its own, and the text behind it."""
        mine = [number for number, piece in enumerate(self.pieces) if piece.path[: len(path)] == path]
        first, last = mine[0], mine[-1] + 1
        return (
            self._dressed(self.pieces[:first], is_start=True),
            self._dressed(self.pieces[first:last], is_end=last == len(self.pieces)),
            self._dressed(self.pieces[last:], is_end=True),
        )

    def _dressed(self, pieces: list[Piece], is_start: bool = False, is_end: bool = False) -> str:
        text = "".join(piece.text for piece in pieces)
        if is_end and not self.has_final_newline:
            text = text.removesuffix("\n")
        return (self.bom if is_start else "") + text.replace("\n", self.newline)


def files() -> st.SearchStrategy[File]:
    return _block_files() | _block_files() | _flow_files()


@st.composite
def _block_files(draw: t.Any) -> File:
    writer = _BlockWriter(draw)
    writer.add((), draw(st.sampled_from(BEGINNINGS)))
    writer.entries((), 0)
    writer.add((), draw(st.sampled_from(ENDS)))
    return _dress(draw, writer.pieces, writer.kinds)


def _dress(draw: t.Any, pieces: list[Piece], kinds: dict[Path, str]) -> File:
    newline = draw(st.sampled_from(["\n", "\n", "\r\n"]))
    bom = draw(st.sampled_from(["", "", "\ufeff"]))
    if bom and pieces[0].text.startswith("%"):
        bom = ""
    return File([piece for piece in pieces if piece.text], kinds, newline, bom, draw(st.integers(0, 3)) > 0)


class _BlockWriter:
    """Draws a block mapping entry by entry."""

    def __init__(self, draw: t.Any) -> None:
        self._draw = draw
        self._anchors: list[str] = []
        self._count = 0
        self.pieces: list[Piece] = []
        self.kinds: dict[Path, str] = {}

    def add(self, path: Path, text: str) -> None:
        self.pieces.append(Piece(path, text))

    def entries(self, parent: Path, indent: int) -> None:
        for _number in range(self._draw(st.integers(1, 4 if indent == 0 else 3))):
            self._entry(parent, indent)

    def _entry(self, parent: Path, indent: int) -> None:
        written, step = self._key()
        path = (*parent, step)
        self.kinds[path] = kind = self._draw(st.sampled_from(KINDS))
        margin = " " * indent
        if kind == "mapping" and indent < 6:
            self._mapping(path, f"{margin}{written}:", indent)
            noise = NOISE
        elif kind == "list" and indent < 6:
            self.add(path, f"{margin}{written}:{self._draw(st.sampled_from(['', '  # a comment']))}\n")
            self._list(path, indent + self._draw(st.sampled_from([0, 2, 3])))
            noise = NOISE
        else:
            value = self._value(kind)
            lines = value.replace("\n", f"\n{margin}").removesuffix(margin).replace(f"\n{margin}\n", "\n\n")
            self.add(path, f"{margin}{written}:{lines}")
            noise = NOISE if "|" in value or ">" in value else DEEP_NOISE
        self.add(parent, self._draw(st.sampled_from(noise)).replace("#", f"{margin}#"))

    def _key(self) -> tuple[str, Step]:
        self._count += 1
        if self._draw(st.integers(0, 7)) == 0:
            written, means = self._draw(st.sampled_from(ODD_KEYS))
            return written.format(self._count), means(self._count)
        written = self._draw(st.sampled_from(KEYS)).format(self._count)
        return written, written.strip("'\"")

    def _list(self, path: Path, indent: int) -> None:
        for number in range(self._draw(st.integers(1, 3))):
            item = (*path, Typed.of(number))
            self.kinds[item] = kind = self._draw(st.sampled_from(["item value", "item mapping", "item mapping"]))
            if kind == "item value":
                value = self._draw(st.sampled_from(ITEMS))
                self.add(item, f"{' ' * indent}-{value}")
            else:
                self.add(item, f"{' ' * indent}- ")
                first = len(self.pieces)
                self.entries(item, indent + 2)
                piece = self.pieces[first]
                self.pieces[first] = Piece(piece.path, piece.text.removeprefix(" " * (indent + 2)))
            noise = NOISE if kind == "item mapping" else ["", "", "\n"]
            self.add(path, self._draw(st.sampled_from(noise)).replace("#", f"{' ' * indent}#"))

    def _mapping(self, path: Path, head: str, indent: int) -> None:
        name = f"m{self._count}" if self._draw(st.integers(0, 5)) == 0 else ""
        anchor = f" &{name}" if name else ""
        comment = self._draw(st.sampled_from(["", "  # a comment"]))
        self.add(path, f"{head}{anchor}{comment}\n")
        self.entries(path, indent + self._draw(st.sampled_from([1, 2, 4])))
        # Only now, because a mapping that holds itself is no data.
        self._anchors += [name] * bool(name)

    def _value(self, kind: str) -> str:
        if kind == "alias" and self._anchors:
            return f" *{self._draw(st.sampled_from(self._anchors))}\n"
        if kind == "anchor":
            name = f"a{self._count}"
            self._anchors.append(name)
            return f" &{name} {self._draw(st.sampled_from(['x', '[x, y]', '|2' + chr(10) + '  x']))}\n"
        return str(self._draw(st.sampled_from(VALUES)))


@st.composite
def _flow_files(draw: t.Any) -> File:
    pieces: list[Piece] = [Piece((), draw(st.sampled_from(["", "# first\n", "---\n"])))]
    kinds: dict[Path, str] = {}
    _flow_mapping(draw, (), pieces, kinds)
    pieces.append(Piece((), draw(st.sampled_from(["\n", "  # last\n", "\n\n"]))))
    return _dress(draw, pieces, kinds)


def _flow_mapping(draw: t.Any, parent: Path, pieces: list[Piece], kinds: dict[Path, str]) -> None:
    space = draw(st.sampled_from(["", " ", "\n  "]))
    pieces.append(Piece(parent, "{" + space))
    for number in range(draw(st.integers(0, 3))):
        if number:
            pieces.append(Piece(parent, "," + (space or " ")))
        path = (*parent, f"k{len(kinds)}")
        kinds[path] = kind = draw(st.sampled_from(["flow", "flow", "flow mapping"])) if len(path) < 3 else "flow"
        written = draw(st.sampled_from(['"{}": ', "{}: ", "'{}':  "])).format(path[-1])
        if kind == "flow mapping":
            pieces.append(Piece(path, written))
            _flow_mapping(draw, path, pieces, kinds)
        else:
            pieces.append(Piece(path, written + draw(st.sampled_from(FLOW_VALUES))))
    pieces.append(Piece(parent, ("\n" if "\n" in space else space) + "}"))
