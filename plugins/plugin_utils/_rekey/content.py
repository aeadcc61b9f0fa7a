# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bytes to bytes: the content of one file with its values under another secret, and everything else as it was."""

from __future__ import annotations

import bisect
import functools
import itertools
import typing as t
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rekey.order import Opened, Order
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rekey.spans import put
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file import splice
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.frame import plain_lines, unwrap
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.header import DEFAULT_LABEL, label_of
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.nodes import (
    Node,
    parse_documents,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.path import Path
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import (
    CannotEdit,
    VaultFileError,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.walk import Vaulted, vaulted_places

MARK = b"$ANSIBLE_VAULT"
_HEADER = "$ANSIBLE_VAULT;"
_DEFECT = "the changed text does not read back as wanted"
# `text` is cipher text that is no value to Ansible: in a comment, or without the tag.
State = t.Literal["moved", "done", "other", "unreadable", "text"]
# The builtin `map`, or one that works on several values at a time.
Mapper = Callable[..., Iterable[t.Any]]


@dataclass(frozen=True)
class Place:
    """One value and what becomes of it; the path of a file that is encrypted as a whole is empty."""

    path: Path
    line: int
    document: int
    label: str
    state: State
    opened_by: str | None = None
    problem: str | None = None


@dataclass(frozen=True)
class Rekeyed:
    """The content after the change; the very same bytes when nothing in it is to move."""

    content: bytes = field(repr=False)
    places: list[Place]
    layout: t.Literal["inline", "file"]


@dataclass
class _Value:
    """One vaulted text on its way."""

    vaulttext: str = field(repr=False)
    opened: Opened | None = None
    problem: str | None = None
    moves: bool = False

    def place(self, path: Path, line: int, document: int) -> Place:
        label = label_of(self.vaulttext) or DEFAULT_LABEL
        if self.opened is None or self.problem:
            return Place(path, line, document, label, "unreadable", None, self.problem)
        by = self.opened.by
        state: State = "moved" if self.moves else "done" if by.is_new else "other"
        return Place(path, line, document, label, state, by.vault_id)


def rekey(content: bytes, order: Order, is_yaml: bool, each: Mapper = map) -> Rekeyed:
    """Raises VaultFileError for what cannot be read at all; single values that cannot be opened are told.

    `is_yaml` says that Ansible reads such a file as variables, so that what is in it has to be understood.
    """
    if content.startswith(MARK):
        return _whole(content, order, is_yaml, each)
    if MARK not in content:
        return Rekeyed(content, [], "inline")
    new, places = _inline(content, order, each)
    return Rekeyed(new, places, "inline")


def _whole(content: bytes, order: Order, is_yaml: bool, each: Mapper) -> Rekeyed:
    value = _opened(order, content.decode("utf-8", "replace"))
    if value.opened is None:
        return Rekeyed(content, [value.place((), 1, 1)], "file")
    before = value.opened.plaintext
    after, inner = _inside(before, order, is_yaml, each) if MARK in before else (before, [])
    new = content
    if value.moves:
        new = _dressed(order.seal(value.vaulttext, after), content)
        if not order.holds(new.decode("ascii"), after):
            raise CannotEdit(_DEFECT)
    elif after != before:
        new = _dressed(order.seal_again(after, value.opened), content)
    return Rekeyed(new, [value.place((), 1, 1), *inner], "file")


def _inside(before: bytes, order: Order, is_yaml: bool, each: Mapper) -> tuple[bytes, list[Place]]:
    """Values in a file that is encrypted as a whole; what is no YAML is told of, if by its name it need not be."""
    try:
        return _inline(before, order, each)
    except VaultFileError:
        if is_yaml:
            raise
    lines = [number for number, line in enumerate(before.split(b"\n"), 1) if MARK in line]
    return before, [Place((), line, 1, "", "text") for line in lines]


def _dressed(sealed: str, content: bytes) -> bytes:
    """Cipher text with the line ends, and the end, of what it takes the place of."""
    newline = b"\r\n" if b"\r\n" in content else b"\n"
    return sealed.rstrip("\n").encode("ascii").replace(b"\n", newline) + content[len(content.rstrip()) :]


def _opened(order: Order, vaulttext: str) -> _Value:
    try:
        opened = order.open(vaulttext)
    except VaultFileError as error:
        return _Value(vaulttext, problem=str(error))
    return _Value(vaulttext, opened, moves=order.is_to_move(opened))


def _inline(content: bytes, order: Order, each: Mapper) -> tuple[bytes, list[Place]]:
    text = _text(content)
    frame, body = unwrap(text)
    pages = parse_documents(body, may_be_json=not frame.bom)
    found = list(vaulted_places(pages))
    values = list(each(functools.partial(_opened, order), [place.node.vaulttext for place in found]))
    new_body = splice.join(body, _splices(found, values, order, each))
    places = [value.place(place.path, place.line, place.document) for place, value in zip(found, values)]
    places += [Place((), line, 1, "", "text") for line in _lines_of_other_text(body, found)]
    if new_body == body:
        return content, places
    new_text = frame.wrap(new_body, keeps_tail=True)
    _prove(_nodes(text, not frame.bom), _nodes(new_text, not frame.bom), values, order, each)
    return new_text.encode("utf-8"), places


def _lines_of_other_text(body: str, found: list[Vaulted]) -> t.Iterator[int]:
    starts = [place.node.start for place in found]
    position = body.find(_HEADER)
    while position >= 0:
        before = bisect.bisect_right(starts, position) - 1
        if before < 0 or position >= found[before].node.end:
            yield body.count("\n", 0, position) + 1
        position = body.find(_HEADER, position + 1)


def _splices(found: list[Vaulted], values: list[_Value], order: Order, each: Mapper) -> list[splice.Splice]:
    """The changes; a value in a form that has no place for one is not moved."""
    moving = [(place, value) for place, value in zip(found, values) if value.moves]
    plaintexts = [value.opened.plaintext for _place, value in moving if value.opened]
    sealed = each(order.seal, [value.vaulttext for _place, value in moving], plaintexts)
    splices = []
    for (place, value), vaulttext in zip(moving, sealed):
        try:
            splices.append(put(place.page, place.node, vaulttext))
        except CannotEdit as error:
            value.moves, value.problem = False, str(error)
    return splices


def _prove(before: list[Node], after: list[Node], values: list[_Value], order: Order, each: Mapper) -> None:
    """Refuse a text that says anything else than before, or holds a value that the new secret alone does not open."""
    rest, moved = iter(values), []
    for one, other in itertools.zip_longest(before, after):
        if one is None or other is None or _form(one) != _form(other):
            raise CannotEdit(_DEFECT)
        value = next(rest) if one.is_vault else None
        if value is not None and value.moves and value.opened:
            moved.append((other.vaulttext, value.opened.plaintext))
        elif (one.value, one.style) != (other.value, other.style):
            raise CannotEdit(_DEFECT)
    if not all(each(order.holds, [text for text, _plain in moved], [plain for _text, plain in moved])):
        raise CannotEdit(_DEFECT)


def _form(node: Node) -> tuple[object, ...]:
    return node.kind, node.tag, node.anchor, node.is_flow, node.is_vault, len(node.pairs), len(node.items)


def _nodes(text: str, may_be_json: bool) -> list[Node]:
    """All of a text, with its last line as it is: a final newline that is missing can be part of a value."""
    pages = parse_documents(plain_lines(text), may_be_json)
    return [node for page in pages if page.root is not None for node in page.root.walk()]


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise CannotEdit(f"the text is not UTF-8 (line {line}, byte {error.start})") from None
