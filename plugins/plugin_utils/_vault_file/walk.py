# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every vaulted place of a text with the path that leads to it, in the order of the text."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable
from dataclasses import dataclass, field

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.frame import unwrap
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.keys import step_of
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.nodes import Node, Page, parse_documents
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.path import Item, Path, Step

# A key that is neither a text nor anything else that a path can name.
UNNAMED = "?"


@dataclass(frozen=True)
class Vaulted:
    """One vaulted scalar, the value of an entry or its key. `document` counts from 1."""

    page: Page = field(repr=False)
    node: Node = field(repr=False)
    document: int
    path: Path

    @property
    def line(self) -> int:
        return self.page.line(self.node.start)


def pages_of(text: str) -> list[Page]:
    """All documents of a text, as Ansible reads it."""
    frame, body = unwrap(text)
    return parse_documents(body, may_be_json=not frame.bom)


def vaulted_places(pages: Iterable[Page]) -> t.Iterator[Vaulted]:
    """What stands in these documents under a vault of its own; what an alias repeats is told where it stands."""
    for document, page in enumerate(pages, 1):
        if page.root is not None:
            for node, path in _scalars(page.root, ()):
                yield Vaulted(page, node, document, path)


def step_to(key: Node) -> Step:
    """The step that leads to the value of a key."""
    step = step_of(key)
    return UNNAMED if step is None else step


def _scalars(node: Node, path: Path) -> t.Iterator[tuple[Node, Path]]:
    if node.is_vault:
        yield node, path
    for key, value in node.pairs:
        below = (*path, step_to(key))
        yield from ((each, below) for each in key.walk() if each.is_vault)
        yield from _scalars(value, below)
    for number, item in enumerate(node.items):
        yield from _scalars(item, (*path, Item(number)))
