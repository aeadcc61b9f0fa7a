# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where in a text a change goes: the smallest stretch that holds a value, and the line where a new one fits.

Everything here relies on each line of the text ending in a newline.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.nodes import Node, Page
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.render import Rendered
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import CannotEdit

_BLOCK_HEADER = re.compile(r"((?:[!&]\S* +)*[|>][-+0-9]*)(.*)")
_ONLY_DASHES = re.compile(r" *(?:- +)*")
_ONLY_COMMENT = re.compile(r"[ \t]*(#.*)?")


@dataclass(frozen=True)
class Splice:
    start: int
    stop: int
    text: str = field(repr=False)


def join(text: str, splices: t.Iterable[Splice]) -> str:
    """The text with all changes made; those at one place keep their order."""
    pieces, position = [], 0
    for splice in sorted(splices, key=lambda splice: (splice.start, splice.stop)):
        if splice.start < position:
            raise CannotEdit("two changes overlap; make them one after the other")
        pieces += [text[position : splice.start], splice.text]
        position = splice.stop
    return "".join([*pieces, text[position:]])


def column(page: Page, node: Node) -> int:
    """The column of a key; only the dashes of lists may stand before it on its line."""
    line_start = page.text.rfind("\n", 0, node.start) + 1
    if not _ONLY_DASHES.fullmatch(page.text[line_start : node.start]):
        raise CannotEdit(f"the key in line {page.line(node.start)} does not begin its line")
    return node.start - line_start


def _is_behind_dash(page: Page, node: Node) -> bool:
    line_start = page.text.rfind("\n", 0, node.start) + 1
    return page.text[line_start : node.start].strip(" ") != ""


def comment_depth(page: Page, offset: int) -> int:
    """How deep the comments (or stray blanks) are that come after the line at this offset; -1 for none."""
    deepest = -1
    for line, _stop in _lines_below(page, offset):
        if line.strip() and not line.lstrip().startswith("#"):
            break
        if line:
            deepest = max(deepest, len(line) - len(line.lstrip()))
    return deepest


def _lines_below(page: Page, offset: int) -> t.Iterator[tuple[str, int]]:
    start = page.text.index("\n", offset) + 1
    while start < page.stop:
        stop = page.text.index("\n", start) + 1
        yield page.text[start : stop - 1], stop
        start = stop


def _behind_block(page: Page, offset: int, indent: int) -> int:
    """The start of the first line that no longer belongs to a block whose last value ends at this offset."""
    behind = page.text.index("\n", offset) + 1
    for line, stop in _lines_below(page, offset):
        if not line.strip():
            continue
        if not line.lstrip(" ").startswith("#") or len(line) - len(line.lstrip(" ")) < indent:
            break
        behind = stop
    return behind


class Owner(t.Protocol):
    """What a mapping is the value of; an item of a list has no key."""

    @property
    def key(self) -> Node | None:
        """The key, if there is one."""

    @property
    def value(self) -> Node:
        """The mapping."""


@dataclass(frozen=True)
class Site:
    """The place of one value in a block mapping or list."""

    start: int
    head_start: int
    stop: int
    tail: str
    indent: int
    comment_depth: int

    def put(self, rendered: Rendered) -> Splice:
        """Replace the value; a comment behind it moves behind the new head."""
        lines = "".join(f"{line}\n" for line in rendered.lines)
        if not rendered.head:
            return Splice(self.start, self.stop, f"{self.tail}\n{lines}")
        space = " " if self.head_start == self.start else ""
        return Splice(self.head_start, self.stop, f"{space}{rendered.head}{self.tail}\n{lines}")


def _behind_colon(page: Page, key: Node) -> int:
    colon = page.text.find(":", key.end) + 1
    if not colon or page.text[key.end : colon - 1].strip(" \t"):
        raise CannotEdit(f"the key in line {page.line(key.start)} is written in the long form '? key'")
    return colon


def _behind_dash(page: Page, item: Node) -> tuple[int, int]:
    """Where the content of an item begins, and the column of its dash."""
    line_start = page.text.rfind("\n", 0, item.start) + 1
    before = page.text[line_start : item.start]
    if item.is_missing or not before.strip(" ") or not _ONLY_DASHES.fullmatch(before):
        raise CannotEdit(
            f"the item in line {page.line(item.start)} does not stand behind its dash, and is not replaced"
        )
    dash = before.rindex("-")
    return line_start + dash + 1, dash


def site_of(page: Page, key: Node | None, value: Node) -> Site:
    """Measure the place of a value whose parent is a block mapping, or a list when there is no key."""
    text = page.text
    if key is None:
        colon, indent = _behind_dash(page, value)
    else:
        colon, indent = _behind_colon(page, key), column(page, key)
    if value.is_block_collection:
        tail = "" if key is None else _rest_of_line(page, colon, value)
        stop = _behind_block(page, value.end, indent + 1)
        return Site(colon, colon, stop, tail, indent, comment_depth(page, stop - 1))
    if value.is_block_scalar:
        header = _BLOCK_HEADER.fullmatch(text[value.start : text.index("\n", value.start)])
        if header is None:
            raise CannotEdit(f"the value in line {page.line(value.start)} has a form that cannot be replaced")
        stop = text.index("\n", value.end) + 1
        tail = header.group(2).rstrip()
        return Site(colon, value.start, stop, tail, indent, comment_depth(page, stop - 1))
    tail = _rest_of_line(page, value.end, value)
    stop = text.index("\n", value.end) + 1
    head_start = colon if value.is_missing else value.start
    return Site(colon, head_start, stop, tail, indent, comment_depth(page, stop - 1))


def _rest_of_line(page: Page, offset: int, value: Node) -> str:
    rest = page.text[offset : page.text.index("\n", offset)]
    if not _ONLY_COMMENT.fullmatch(rest):
        raise CannotEdit(f"the value in line {page.line(value.start)} has a form that cannot be replaced")
    return rest


def vault_lines(page: Page, value: Node) -> tuple[Splice, int]:
    """The lines below `!vault |` as an empty splice, and how deep they are."""
    start = page.text.index("\n", value.start) + 1
    stop = page.text.index("\n", value.end) + 1
    first = next(line for line in page.text[start:stop].split("\n") if line.strip())
    return Splice(start, stop, ""), len(first) - len(first.lstrip(" "))


def removals(
    page: Page, mapping: Node | None, gone: list[tuple[Node, Node]], owner: Owner | None
) -> t.Iterator[Splice]:
    """Take entries out of a block mapping; comments above and below stay.

    One that loses its last entry becomes `{}`, unless it is the whole text (`owner` is None) or is about to get others.
    """
    is_emptied = mapping is not None and len(gone) == len(mapping.pairs)
    first = mapping.pairs[0][0] if mapping is not None and gone else None
    if first is not None and _is_behind_dash(page, first) and any(key is first for key, _value in gone):
        yield from _removals_behind_dash(page, t.cast(Node, mapping), gone)
        return
    if is_emptied and gone and owner is not None:
        yield _braces(page, owner)
    for key, value in gone:
        yield _removal(page, key, value)


def _braces(page: Page, owner: Owner) -> Splice:
    if owner.value.tag or owner.value.anchor:
        line = page.line(owner.value.start)
        raise CannotEdit(f"the mapping in line {line} has a tag or an anchor, and would be empty; remove it as a whole")
    if owner.key is None:
        raise CannotEdit(f"the item in line {page.line(owner.value.start)} does not stand behind its dash")
    colon = _behind_colon(page, owner.key)
    return Splice(colon, colon, " {}")


def _removals_behind_dash(page: Page, mapping: Node, gone: list[tuple[Node, Node]]) -> t.Iterator[Splice]:
    """The first entry of an item stands on the line of its dash, where the first one that stays moves up."""
    kept = [key for key, _value in mapping.pairs if not any(key is each for each, _value in gone)]
    start, last = mapping.pairs[0][0].start, mapping.pairs[-1]
    stop = kept[0].start if kept else last[0].end if last[1].is_missing else last[1].end
    if not kept and last[1].is_missing:
        stop = _behind_colon(page, last[0])
    if any(line.lstrip().startswith("#") for line in page.text[start:stop].split("\n")):
        raise CannotEdit(f"a comment stands in the item in line {page.line(start)}, and would be lost; move it")
    yield Splice(start, stop, "" if kept else "{}")
    for key, value in gone:
        if key.start > stop:
            yield _removal(page, key, value)


def _removal(page: Page, key: Node, value: Node) -> Splice:
    column(page, key)
    start = page.text.rfind("\n", 0, key.start) + 1
    end = key.end if value.is_missing else value.end
    return Splice(start, page.text.index("\n", end) + 1, "")


def append_place(page: Page, mapping: Node | None, is_top_level: bool) -> tuple[int, int]:
    """Offset and column of a new entry of a block mapping (or of a text that is still empty)."""
    if mapping is None:
        return page.stop, 0
    key, value = mapping.pairs[0][0], mapping.pairs[-1][1]
    indent = column(page, key)
    if is_top_level:
        return page.stop, indent
    end = mapping.pairs[-1][0].end if value.is_missing else value.end
    return _behind_block(page, end, indent), indent
