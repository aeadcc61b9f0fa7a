# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Proof that a changed text differs from the old one in the targets alone."""

from __future__ import annotations

import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.errors import CannotEdit
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.nodes import Node, Page
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.reading import Vault, is_as_wanted
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.wish import Goals, Remove

_NO_GOALS = Goals()


def prove(before: Page, after: Page, goals: Goals, vault: Vault) -> None:
    """Refuse the change unless the rest is equal and every target reads back."""
    if _rest(before.root, goals) != _rest(after.root, goals):
        raise CannotEdit(
            "the change would touch more than its target: a comment, a missing final newline or blank lines near it "
            "belong to another value; put a newline at the end of the file, or move the comment"
        )
    if not is_reached(after, after.root, goals, vault):
        raise CannotEdit("the changed text does not read back as wanted")


def _rest(node: Node | None, goals: Goals) -> t.Any:
    """Everything a node holds apart from the targets, in a form that compares."""
    if node is None:
        return None
    if node.kind == "mapping":
        entries = [_entry(key, value, goals) for key, value in node.pairs]
        kept = tuple(entry for entry in entries if entry is not None)
        return ("mapping", node.tag, node.anchor, kept) if kept or not goals.parts else None
    if node.kind == "sequence":
        return ("sequence", node.tag, node.anchor, tuple(_rest(item, _NO_GOALS) for item in node.items))
    if node.is_missing and goals.parts:
        return None
    text = node.vaulttext if node.is_vault else node.value
    return (node.kind, node.resolved_tag if node.kind == "scalar" else None, node.tag, node.anchor, text)


def _entry(key: Node, value: Node, goals: Goals) -> t.Any:
    part = goals.parts.get(key.value, _NO_GOALS) if key.is_text else _NO_GOALS
    if not isinstance(part, Goals):
        return None
    rest = _rest(value, part)
    return None if rest is None else (_rest(key, _NO_GOALS), rest)


def is_reached(page: Page, node: Node | None, goals: Goals, vault: Vault) -> bool:
    """Tell whether every goal is met by what stands below a node."""
    for name, part in goals.parts.items():
        is_mapping = node is not None and node.kind == "mapping"
        pair = page.pair(t.cast(Node, node), name) if is_mapping else None
        if isinstance(part, Remove):
            reached = pair is None
        elif isinstance(part, Goals):
            reached = is_reached(page, pair[1] if pair else None, part, vault)
        else:
            reached = pair is not None and is_as_wanted(page, pair[1], part, vault)
        if not reached:
            return False
    return True
