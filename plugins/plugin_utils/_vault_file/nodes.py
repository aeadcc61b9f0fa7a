# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""YAML text as a tree of nodes that know where in the text they stand."""

from __future__ import annotations

import collections
import functools
import typing as t
from dataclasses import dataclass, field

import yaml
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._out.for_yaml import STR_TAG, implied_tag
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import CannotEdit

# The parsers differ in details, so this is the one that ansible-core itself takes.
_LOADER: t.Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_VAULT_TAGS = frozenset({"!vault", "!vault-encrypted"})
_TEXT_TAGS = frozenset({"!unsafe", "!", STR_TAG})


@dataclass
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
    pairs: list[tuple[Node, Node]] = field(default_factory=list)
    items: list[Node] = field(default_factory=list)

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

    @functools.cached_property
    def pairs_by_name(self) -> dict[str, tuple[Node, Node]]:
        """The first pair of each string; used when the node is complete."""
        found: dict[str, tuple[Node, Node]] = {}
        for pair in self.pairs:
            if pair[0].is_text:
                found.setdefault(pair[0].value, pair)
        return found

    @functools.cached_property
    def names_given_twice(self) -> frozenset[str]:
        counted = collections.Counter(key.value for key, _value in self.pairs if key.is_text)
        return frozenset(name for name, count in counted.items() if count > 1)

    @property
    def vaulttext(self) -> str:
        """Cipher text without the indentation that YAML or people gave it."""
        lines = (line.strip() for line in self.value.split("\n"))
        return "".join(f"{line}\n" for line in lines if line)

    def walk(self) -> t.Iterator[Node]:
        yield self
        for key, value in self.pairs:
            yield from key.walk()
            yield from value.walk()
        for item in self.items:
            yield from item.walk()


@dataclass
class Page:
    """A YAML text with its tree; `root` is None when the text holds no value."""

    text: str = field(repr=False)
    root: Node | None
    stop: int
    aliases: frozenset[str]

    def line(self, offset: int) -> int:
        return self.text.count("\n", 0, offset) + 1

    def pair(self, mapping: Node, name: str) -> tuple[Node, Node] | None:
        """Key and value of that name; a name that stands there twice, or may come from elsewhere, is refused."""
        found = mapping.pairs_by_name.get(name)
        if found is not None:
            if name in mapping.names_given_twice:
                same = [key for key, _value in mapping.pairs if key.value == name and key.is_text]
                lines = ", ".join(str(self.line(key.start)) for key in same)
                raise CannotEdit(f"{name!r} is defined more than once (lines {lines}); remove all but one")
            return found
        for key, _value in mapping.pairs:
            if key.kind == "scalar" and key.value == "<<" and not key.style:
                raise CannotEdit(f"{name!r} may come from the merge key '<<' in line {self.line(key.start)}")
        return None


# A thousand slots read their records from one text, and what was written is what is read next.
@functools.lru_cache(maxsize=4)
def parse(text: str) -> Page:
    """Read a text that holds one mapping or nothing; anything else is refused with its line.

    Callers share the page that comes back and leave it as it is.
    """
    try:
        events: list[t.Any] = list(yaml.parse(text, Loader=_LOADER))
        root, stop = _single_document(text, events)
        page = Page(text, root, stop, _aliases(events))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" (line {mark.line + 1})" if mark is not None else ""
        raise CannotEdit(f"the text is not valid YAML{place}") from None
    except RecursionError:
        raise CannotEdit("the YAML is nested too deeply") from None
    if page.root is not None and page.root.kind != "mapping":
        raise CannotEdit(f"the top level is not a mapping (line {page.line(page.root.start)})")
    return page


def _aliases(events: list[t.Any]) -> frozenset[str]:
    return frozenset(event.anchor or "" for event in events if isinstance(event, yaml.AliasEvent))


def _is_document_end(event: t.Any) -> bool:
    return isinstance(event, yaml.DocumentEndEvent)


def _single_document(text: str, events: list[t.Any]) -> tuple[Node | None, int]:
    ends: list[t.Any] = list(filter(_is_document_end, events))
    if len(ends) > 1:
        second: t.Any = [event for event in events if isinstance(event, yaml.DocumentStartEvent)][1]
        raise CannotEdit(f"the file holds several YAML documents (line {second.start_mark.line + 1})")
    if not ends:
        return None, len(text)
    # Stream start and document start come before the first node.
    root = _Builder(text, iter(events[2:])).next_node()
    stop = ends[0].start_mark.index if ends[0].explicit else len(text)
    return (None if root.is_missing else root), stop


class _Builder:
    """Turns the flat list of parse events into nodes.

    Events and not PyYAML's own node graph, because that gives an alias the place of its anchor.
    """

    def __init__(self, text: str, events: t.Iterator[t.Any]) -> None:
        self._text = text
        self._events = events

    def next_node(self) -> Node:
        return self._node(next(self._events))

    def _node(self, event: t.Any) -> Node:
        start, end = event.start_mark.index, event.end_mark.index
        if isinstance(event, yaml.AliasEvent):
            return Node("alias", start, end, anchor=event.anchor)
        if isinstance(event, yaml.ScalarEvent):
            style = event.style or ""
            if style in ("|", ">"):
                # The mark lies behind the blank lines that follow; those stay outside.
                end = start + len(self._text[start:end].rstrip(" \t\n"))
            return Node("scalar", start, end, event.value, event.tag, event.anchor, style)
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        node = Node("mapping" if is_mapping else "sequence", start, end, tag=event.tag, anchor=event.anchor)
        node.is_flow = bool(event.flow_style)
        self._fill(node)
        return node

    def _fill(self, node: Node) -> None:
        event = next(self._events)
        while not isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            child = self._node(event)
            if node.kind == "mapping":
                node.pairs.append((child, self.next_node()))
            else:
                node.items.append(child)
            event = next(self._events)
        last = node.pairs[-1][1] if node.pairs else node.items[-1] if node.items else None
        # The end mark of a block collection lies behind comments and blank lines that are not part of it.
        end_mark: t.Any = event.end_mark
        node.end = end_mark.index if node.is_flow or last is None else last.end
