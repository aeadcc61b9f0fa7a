# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What stands in a vars file: names, lines and labels, and never a value."""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from dataclasses import dataclass, field

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.header import DEFAULT_LABEL, label_of
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.nodes import Node, Page
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.path import Item, Path
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.walk import (
    pages_of,
    step_to,
    vaulted_places,
)

# The id under which the secret that opens a text was loaded, and the secret's number among those that are loaded.
Opener = tuple[str, int]
Opens = Callable[[str], "Opener | None"]


@dataclass(frozen=True)
class Listed:
    """One variable, or one entry of a mapping or list. `is_decryptable` None means that nobody tried."""

    path: Path
    line: int
    labels: tuple[str, ...]
    is_decryptable: bool | None
    document: int = 1


@dataclass(frozen=True)
class Sealed:
    """One place under a vault of its own; the path of a file that is encrypted as a whole is empty."""

    path: Path
    line: int
    label: str
    opener: Opener | None
    document: int = 1


@dataclass(frozen=True)
class Contents:
    """What is known of a file; `label` is that of a file that is encrypted as a whole."""

    label: str | None
    is_open: bool
    entries: list[Listed]
    places: list[Sealed] = field(default_factory=list)

    @property
    def labels(self) -> list[str]:
        found = [self.label] if self.label is not None else []
        return list(dict.fromkeys(found + [label for entry in self.entries for label in entry.labels]))

    @property
    def is_decryptable(self) -> bool | None:
        """Tell whether nothing stays closed to this run."""
        states = [entry.is_decryptable for entry in self.entries]
        return self.is_open and (None if None in states else all(states))


def listed(text: str, opens: Opens | None) -> list[Listed]:
    """All entries that have no entries of their own, in the order of the text; a list without secrets is one."""
    entries: list[Listed] = []
    for document, page in enumerate(pages_of(text), 1):
        if page.root is not None:
            entries += _Lister(page, opens, document).entries(page.root, ())
    return entries


def sealed_places(text: str, opens: Opens | None) -> list[Sealed]:
    """Every place that is vaulted by itself."""
    return [
        Sealed(
            place.path,
            place.line,
            label_of(place.node.vaulttext) or DEFAULT_LABEL,
            opens(place.node.vaulttext) if opens else None,
            place.document,
        )
        for place in vaulted_places(pages_of(text))
    ]


class _Lister:
    def __init__(self, page: Page, opens: Opens | None, document: int) -> None:
        self._page = page
        self._opens = opens
        self._document = document
        self._anchors: dict[str, Node] = {}
        self._lines = _Lines(page)

    def entries(self, parent: Node, path: Path) -> t.Iterator[Listed]:
        self._remember(parent)
        for key, value in parent.pairs:
            self._remember(key)
            yield from self._below((*path, step_to(key)), key, value)
        for number, item in enumerate(parent.items):
            yield from self._below((*path, Item(number)), item, item)

    def _below(self, path: Path, key: Node, value: Node) -> t.Iterator[Listed]:
        is_secret_list = value.kind == "sequence" and any(node.is_vault for node in value.walk())
        if (value.kind == "mapping" and value.pairs) or is_secret_list:
            yield from self.entries(value, path)
        else:
            yield self._entry(path, key, value)

    def _entry(self, path: Path, key: Node, value: Node) -> Listed:
        for node in value.walk():
            self._remember(node)
        parts = (key, value) if key is not value else (value,)
        texts = [node.vaulttext for part in parts for node in self._followed(part, set()) if node.is_vault]
        labels = dict.fromkeys(label_of(text) or DEFAULT_LABEL for text in texts)
        is_decryptable = all(map(self._opens, texts)) if self._opens is not None else None
        return Listed(path, self._lines.of(key.start), tuple(labels), is_decryptable, self._document)

    def _remember(self, node: Node) -> None:
        if node.anchor is not None and node.kind != "alias":
            self._anchors[node.anchor] = node

    def _followed(self, start: Node, seen: set[str]) -> t.Iterator[Node]:
        """All nodes below one, those that an alias repeats included."""
        for node in start.walk():
            anchored = self._anchors.get(node.anchor or "") if node.kind == "alias" else None
            if anchored is not None and node.anchor not in seen:
                seen.add(node.anchor or "")
                yield from self._followed(anchored, seen)
            else:
                yield node


class _Lines:
    """Line numbers of offsets that only grow, without counting from the start each time."""

    def __init__(self, page: Page) -> None:
        self._text = page.text
        self._offset, self._line = 0, 1

    def of(self, offset: int) -> int:
        self._line += self._text.count("\n", self._offset, offset)
        self._offset = offset
        return self._line
