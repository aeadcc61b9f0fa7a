# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""YAML text as a tree of nodes that know where in the text they stand."""

from __future__ import annotations

import json
import sys
import typing as t
from dataclasses import dataclass, field, replace

import yaml
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._out.for_yaml import STR_TAG, implied_tag
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.large_texts import (
    LastFew,
    without_collector,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.pair_index import PairIndex
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import CannotEdit

# The parsers differ in details, so this is the one that ansible-core itself takes.
_LOADER: t.Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_VAULT_TAGS = frozenset({"!vault", "!vault-encrypted"})
_TEXT_TAGS = frozenset({"!unsafe", "!", STR_TAG})
# How JSON says the same; ansible-core reads it so in each of its versions here.
_JSON_TAGS = {"__ansible_vault": "!vault", "__ansible_unsafe": "!unsafe"}


# Of a file of thousands of slots there are hundreds of thousands.
@dataclass(slots=True)
class Node:
    """One value (or key); `start` and `end` are offsets, `end` is behind the last character."""

    kind: t.Literal["scalar", "mapping", "sequence", "alias"]
    start: int
    end: int
    value: str = field(default="", repr=False)
    tag: str | None = None
    anchor: str | None = None
    style: str = ""
    is_flow: bool = True
    # Most nodes are scalars, of which none keeps lists of its own.
    pairs: t.Sequence[tuple[Node, Node]] = ()
    items: t.Sequence[Node] = ()
    _index: PairIndex | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def is_block_collection(self) -> bool:
        return self.kind in ("mapping", "sequence") and not self.is_flow

    @property
    def is_block_scalar(self) -> bool:
        return self.kind == "scalar" and self.style in ("|", ">")

    @property
    def is_missing(self) -> bool:
        """Tell whether nothing at all is written here, as in `key:`."""
        return self.kind == "scalar" and self.start == self.end

    @property
    def is_vault(self) -> bool:
        return self.kind == "scalar" and self.tag in _VAULT_TAGS

    @property
    def resolved_tag(self) -> str:
        """The tag of a scalar as YAML sees it: the one that is written, else the one that its text implies."""
        if self.tag is not None:
            return STR_TAG if self.tag in _TEXT_TAGS else self.tag
        return STR_TAG if self.style else implied_tag(self.value)

    @property
    def is_text(self) -> bool:
        return self.kind == "scalar" and self.resolved_tag == STR_TAG

    @property
    def index(self) -> PairIndex:
        """The pairs by their keys; used when the node is complete."""
        if self._index is None:
            self._index = PairIndex(self.pairs)
        return self._index

    @property
    def is_merge(self) -> bool:
        return self.kind == "scalar" and self.value == "<<" and not self.style

    @property
    def vaulttext(self) -> str:
        """Cipher text, as Ansible gets it: blanks that people put into it are in it."""
        return self.value

    def walk(self) -> t.Iterator[Node]:
        yield self
        for key, value in self.pairs:
            yield from key.walk()
            yield from value.walk()
        for item in self.items:
            yield from item.walk()


@dataclass
class Page:
    """One YAML document with its tree; `root` is None when it holds no value.

    In JSON, which Ansible reads as such, `{"__ansible_vault": ...}` is a scalar that is vaulted.
    """

    text: str = field(repr=False)
    root: Node | None
    stop: int
    aliases: frozenset[str]
    is_json: bool = False

    def line(self, offset: int) -> int:
        """The number of a line, from 1; for messages only, because it counts from the beginning of the text."""
        return self.text.count("\n", 0, offset) + 1

    def anchored(self, alias: Node) -> Node | None:
        """The node that an alias repeats."""
        found = None
        for node in self.root.walk() if self.root is not None else ():
            if node is alias:
                break
            if node.kind != "alias" and node.anchor == alias.anchor:
                found = node
        return found


def parse(text: str, may_be_json: bool = True) -> Page:
    """Read a text that holds one mapping or nothing; anything else is refused with its line.

    Callers share the page that comes back and leave it as it is.
    """
    return PAGES.of(text, may_be_json)


def _parse(text: str, may_be_json: bool) -> Page:
    pages = parse_documents(text, may_be_json)
    if len(pages) > 1:
        start = pages[0].stop
        raise CannotEdit(f"the file holds several YAML documents (line {pages[0].line(start)})")
    page = pages[0]
    if page.root is not None and page.root.kind != "mapping":
        raise CannotEdit(f"the top level is not a mapping (line {page.line(page.root.start)})")
    return page


# A thousand slots read their records from one text, and what was written is what is read next.
PAGES = LastFew(_parse, 4)


def parse_documents(text: str, may_be_json: bool = True) -> list[Page]:
    """All documents of a text, at least one, whatever they hold; offsets and lines count from its beginning."""
    try:
        with without_collector():
            pages = list(_documents(text, yaml.parse(text, Loader=_LOADER)))
        pages = pages or [Page(text, None, len(text), frozenset())]
        if may_be_json and _is_json(text):
            _read_as_json(pages[0])
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" (line {mark.line + 1})" if mark is not None else ""
        raise CannotEdit(f"the text is not valid YAML{place}") from None
    except RecursionError:
        raise CannotEdit("the YAML is nested too deeply") from None
    return pages


def _documents(text: str, events: t.Iterator[t.Any]) -> t.Iterator[Page]:
    """The events are taken as they come: all of a large file are many times as large as its nodes."""
    builder = _Builder(text, events)
    page = None
    for event in events:
        # The parser marks every event; its types do not say so of each kind.
        begins_at = event.start_mark.index
        if isinstance(event, yaml.DocumentStartEvent):
            if page is not None:
                yield replace(page, stop=begins_at)
            builder.aliases = set()
            root = builder.next_node()
            page = Page(text, None if root.is_missing else root, len(text), frozenset(builder.aliases))
        elif isinstance(event, yaml.DocumentEndEvent) and event.explicit and page is not None:
            page.stop = begins_at
    if page is not None:
        yield page


def _is_json(text: str) -> bool:
    """Whether Ansible takes the text for JSON, which it tries before YAML."""
    if not text.lstrip().startswith(("{", "[")):
        return False
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _read_as_json(page: Page) -> None:
    page.is_json = True
    for node in page.root.walk() if page.root is not None else ():
        # PyYAML reads the two halves of a character that JSON may write as escapes as two characters.
        if node.kind == "scalar" and node.style == '"':
            node.value = str(json.loads(page.text[node.start : node.end]))
    for node in list(page.root.walk()) if page.root is not None else ():
        tag = _JSON_TAGS.get(node.pairs[0][0].value) if len(node.pairs) == 1 and node is not page.root else None
        if tag is not None and node.pairs[0][1].style == '"':
            node.kind, node.tag, node.style, node.value = "scalar", tag, '"', node.pairs[0][1].value
            node.pairs = ()


class _Builder:
    """Turns the flat list of parse events into nodes.

    Events and not PyYAML's own node graph, because that gives an alias the place of its anchor.
    """

    def __init__(self, text: str, events: t.Iterator[t.Any]) -> None:
        self._text = text
        self._events = events
        self.aliases: set[str] = set()

    def next_node(self) -> Node:
        return self._node(next(self._events))

    def _node(self, event: t.Any) -> Node:
        start, end = event.start_mark.index, event.end_mark.index
        if isinstance(event, yaml.ScalarEvent):
            style = event.style or ""
            if style in ("|", ">"):
                # The mark lies behind the blank lines that follow; those stay outside.
                end = start + len(self._text[start:end].rstrip(" \t\n"))
            return Node("scalar", start, end, event.value, event.tag, event.anchor, style)
        if isinstance(event, yaml.AliasEvent):
            self.aliases.add(event.anchor or "")
            return Node("alias", start, end, anchor=event.anchor)
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        node = Node("mapping" if is_mapping else "sequence", start, end, tag=event.tag, anchor=event.anchor)
        node.is_flow = bool(event.flow_style)
        self._fill(node)
        return node

    def _fill(self, node: Node) -> None:
        pairs: list[tuple[Node, Node]] = []
        items: list[Node] = []
        event = next(self._events)
        while not isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            child = self._node(event)
            if node.kind == "mapping":
                # Thousands of records have the same names.
                child.value = sys.intern(child.value)
                pairs.append((child, self.next_node()))
            else:
                items.append(child)
            event = next(self._events)
        node.pairs, node.items = pairs or (), items or ()
        last = node.pairs[-1][1] if node.pairs else node.items[-1] if node.items else None
        # The end mark of a block collection lies behind comments and blank lines that are not part of it.
        end_mark: t.Any = event.end_mark
        node.end = end_mark.index if node.is_flow or last is None else last.end
