# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What stands in a vars file: names, lines and labels, and never a value."""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from dataclasses import dataclass

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.frame import unwrap
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.header import DEFAULT_LABEL, label_of
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.nodes import Node, Page, parse

Opens = Callable[[str], bool]
_UNNAMED = "?"


@dataclass(frozen=True)
class Listed:
    """One variable, or one entry of a mapping. `is_decryptable` None means that nobody tried."""

    path: tuple[str, ...]
    line: int
    labels: tuple[str, ...]
    is_decryptable: bool | None


@dataclass(frozen=True)
class Contents:
    """What is known of a file; `label` is that of a file that is encrypted as a whole."""

    label: str | None
    is_open: bool
    entries: list[Listed]

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
    """All entries that have no entries of their own, in the order of the text."""
    page = parse(unwrap(text)[1])
    return list(_Lister(page, opens).entries(page.root, ())) if page.root is not None else []


class _Lister:
    def __init__(self, page: Page, opens: Opens | None) -> None:
        self._page = page
        self._opens = opens
        self._anchors: dict[str, Node] = {}
        self._lines = _Lines(page)

    def entries(self, mapping: Node, path: tuple[str, ...]) -> t.Iterator[Listed]:
        self._remember(mapping)
        for key, value in mapping.pairs:
            self._remember(key)
            name = (*path, _shown(key))
            if value.kind == "mapping" and value.pairs:
                yield from self.entries(value, name)
            else:
                yield self._entry(name, key, value)

    def _entry(self, path: tuple[str, ...], key: Node, value: Node) -> Listed:
        for node in value.walk():
            self._remember(node)
        texts = [node.vaulttext for part in (key, value) for node in self._followed(part, set()) if node.is_vault]
        labels = dict.fromkeys(label_of(text) or DEFAULT_LABEL for text in texts)
        is_decryptable = all(map(self._opens, texts)) if self._opens is not None else None
        return Listed(path, self._lines.of(key.start), tuple(labels), is_decryptable)

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


def _shown(key: Node) -> str:
    return key.value if key.kind == "scalar" and not key.is_vault else _UNNAMED
