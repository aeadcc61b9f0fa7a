# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Proof that a changed text differs from the old one in the targets alone."""

from __future__ import annotations

import itertools
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file import keys
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.nodes import Node, Page
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.path import Item, Step
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.reading import Vault, is_as_wanted
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import CannotEdit
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.wanted_vars import Goals, Remove

_NO_GOALS = Goals()


def prove(before: Page, after: Page, goals: Goals, vault: Vault) -> None:
    """Refuse the change unless the rest is equal and every target reads back."""
    for odd in _odd_places(before.root, after.root, goals):
        place = "" if odd is None else f" (line {before.line(odd.start)})"
        raise CannotEdit(
            f"the change would touch more than its target{place}: a comment, a missing final newline or blank lines "
            "near it belong to another value; put a newline at the end of the file, or move the comment"
        )
    if before.is_json and not after.is_json:
        raise CannotEdit("the changed text would be no JSON any more")
    if not is_reached(after, after.root, goals, vault):
        raise CannotEdit("the changed text does not read back as wanted")


def _odd_places(before: Node | None, after: Node | None, goals: Goals) -> t.Iterator[Node | None]:
    """The old nodes beside the targets that are no longer what they were; None where nothing stood."""
    if _is_blank(before, goals) or _is_blank(after, goals):
        if not (_is_blank(before, goals) and _is_blank(after, goals)):
            yield before
        return
    one, other = t.cast(Node, before), t.cast(Node, after)
    if not goals.parts or one.kind != other.kind or one.kind not in ("mapping", "sequence"):
        if not _is_same(one, other):
            yield one
        return
    if (one.tag, one.anchor) != (other.tag, other.anchor):
        yield one
    yield from (_odd_items if one.kind == "sequence" else _odd_entries)(one, other, goals)


def _odd_entries(one: Node, other: Node, goals: Goals) -> t.Iterator[Node | None]:
    for old, new in itertools.zip_longest(_rest(one, goals), _rest(other, goals)):
        if old is None or new is None or not _is_same(old[0], new[0]):
            yield one if old is None else old[0]
        else:
            yield from _odd_places(old[1], new[1], _part(goals, old[0]))


def _odd_items(one: Node, other: Node, goals: Goals) -> t.Iterator[Node | None]:
    if len(one.items) != len(other.items):
        yield one
        return
    for number, (old, new) in enumerate(zip(one.items, other.items)):
        part = goals.parts.get(Item(number), _NO_GOALS)
        if isinstance(part, Goals):
            yield from _odd_places(old, new, part)


def _rest(mapping: Node, goals: Goals) -> t.Iterator[tuple[Node, Node]]:
    """The entries that are no target and hold something that is none."""
    for key, value in mapping.pairs:
        part = _part(goals, key)
        if isinstance(part, Goals) and not _is_blank(value, part):
            yield key, value


def _part(goals: Goals, key: Node) -> t.Any:
    step = keys.step_of(key)
    return goals.parts.get(step, _NO_GOALS) if step is not None else _NO_GOALS


def _is_blank(node: Node | None, goals: Goals) -> bool:
    """Tell whether a node holds nothing but targets."""
    if node is None:
        return True
    if node.kind == "mapping":
        return bool(goals.parts) and next(_rest(node, goals), None) is None
    return node.is_missing and bool(goals.parts)


def _is_same(one: Node, other: Node) -> bool:
    if (one.kind, one.tag, one.anchor) != (other.kind, other.tag, other.anchor):
        return False
    if one.kind == "scalar":
        if one.value == other.value and bool(one.style) == bool(other.style):
            return True
        # To Ansible the end of the last line makes no difference in cipher text.
        text, other_text = (node.vaulttext.rstrip("\n") if node.is_vault else node.value for node in (one, other))
        return text == other_text and one.resolved_tag == other.resolved_tag
    members, other_members = ([*itertools.chain(*node.pairs), *node.items] for node in (one, other))
    return len(members) == len(other_members) and all(map(_is_same, members, other_members))


def is_reached(page: Page, node: Node | None, goals: Goals, vault: Vault) -> bool:
    """Tell whether every goal is met by what stands below a node."""
    for step, part in goals.parts.items():
        found = _child(page, node, step)
        if isinstance(part, Remove):
            reached = found is None
        elif isinstance(part, Goals):
            reached = is_reached(page, found, part, vault)
        else:
            reached = found is not None and is_as_wanted(page, found, part, vault)
        if not reached:
            return False
    return True


def _child(page: Page, node: Node | None, step: Step) -> Node | None:
    if node is not None and node.kind == "sequence" and isinstance(step, Item):
        return node.items[step.number] if step.number < len(node.items) else None
    if node is None or node.kind != "mapping":
        return None
    pair = keys.pair(page, node, step)
    return pair[1] if pair else None
