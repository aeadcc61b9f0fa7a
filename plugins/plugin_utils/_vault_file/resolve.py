# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where a path leads in one text: numbers and picks become the items of lists that they mean."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file import keys
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.nodes import Node, Page
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.path import (
    Item,
    Path,
    Pick,
    Step,
    Typed,
    shown_path,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import CannotEdit, NoSuchItem


@dataclass(frozen=True)
class Place:
    """A path without picks, as far as the text goes; `node` is None when nothing is there."""

    path: Path
    node: Node | None


def locate(page: Page, path: t.Sequence[Step]) -> Place:
    """Follow a path; raises CannotEdit where it is not clear, and NoSuchItem for an item that a list does not have."""
    node, steps = page.root, list(path)
    for number, step in enumerate(path):
        if node is None or node.kind in ("alias", "scalar"):
            node = None if node is None or node.kind == "scalar" else node
            break
        if node.kind == "sequence":
            item = _item(page, node, step, path[: number + 1])
            steps[number], node = item, node.items[item.number]
        elif isinstance(step, (Pick, Item)):
            raise CannotEdit(
                f"{shown_path(path[: number + 1])}: line {page.line(node.start)} holds no list to pick from"
            )
        else:
            found = keys.pair(page, node, step)
            node = found[1] if found else None
    return Place(tuple(steps), node)


def find(page: Page, path: t.Sequence[Step]) -> Node | None:
    """The node at a place to read, None when nothing is there."""
    place = locate(page, path)
    if place.node is None:
        return None
    for number in range(1, len(path)):
        above = locate(page, path[:number]).node
        if above is not None and above.kind == "alias":
            raise CannotEdit(f"an alias stands on the way to {shown_path(path)} (line {page.line(above.start)})")
    return place.node


def _item(page: Page, node: Node, step: Step, way: t.Sequence[Step]) -> Item:
    line = page.line(node.start)
    if isinstance(step, Item):
        step = Typed.of(step.number)
    if isinstance(step, Pick):
        return _picked(page, node, step, way)
    if not isinstance(step, Typed) or step.kind != "int":
        raise CannotEdit(
            f"{shown_path(way)}: line {line} holds a list, which is entered by a number, or by a mapping of members "
            "that one item has, such as {name: orders}"
        )
    number = t.cast(int, step.value)
    if not 0 <= number < len(node.items):
        raise NoSuchItem(f"{shown_path(way)}: the list in line {line} has {len(node.items)} items, counted from 0")
    return Item(number)


def _picked(page: Page, node: Node, pick: Pick, way: t.Sequence[Step]) -> Item:
    found = [number for number, item in enumerate(node.items) if _has(page, item, pick)]
    if not found:
        raise NoSuchItem(f"{shown_path(way)}: no item of the list in line {page.line(node.start)} has these members")
    if len(found) > 1:
        lines = ", ".join(str(page.line(node.items[number].start)) for number in found)
        raise CannotEdit(f"{shown_path(way)}: several items have these members (lines {lines}); name more of them")
    return Item(found[0])


def _has(page: Page, item: Node, pick: Pick) -> bool:
    mapping = _real(page, item)
    return (
        mapping is not None
        and mapping.kind == "mapping"
        and all(_member(page, mapping, *each) for each in pick.members)
    )


def _member(page: Page, mapping: Node, name: str, wanted: str | Typed) -> bool:
    found = keys.pair(page, mapping, name)
    value = _real(page, found[1]) if found else None
    if value is not None and value.is_vault:
        raise CannotEdit(f"{name!r} in line {page.line(value.start)} is vaulted; pick the item by another member")
    return value is not None and keys.step_of(value) == wanted


def _real(page: Page, node: Node) -> Node | None:
    return page.anchored(node) if node.kind == "alias" else node
