# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Text to text: set and remove variables of a vars file and leave every other byte as it is.

A change is made on the text itself, at places that the YAML parser points out, and then proven: the new text is
parsed again, everything beside the targets must be what it was, and every target must read back as wanted. When that
does not hold the change is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file import splice
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.editor import Editor
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.frame import plain_lines, unwrap
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.nodes import Node, Page, parse
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.proof import is_reached, prove
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.reading import (
    Vault,
    has_clear_text,
    plain_value,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import CannotEdit
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.wanted_vars import Edit, group

__all__ = ["Edit", "Effect", "Vault", "change", "effects", "names", "read"]


@dataclass(frozen=True)
class Effect:
    """What an edit meant for its place; told without values, so that a diff can be made of it."""

    path: tuple[str, ...]
    existed: bool
    remains: bool
    was_clear: bool


def effects(text: str, edits: Sequence[Edit], vault: Vault, *, vaults_strings: bool) -> list[Effect]:
    """The edits that change something in this text."""
    page = parse(unwrap(text)[1])
    found = []
    for edit in edits:
        if not is_reached(page, page.root, group([edit], vaults_strings), vault):
            node = _find(page, edit.path)
            was_clear = vaults_strings and not edit.remove and _is_clear(node, edit)
            found.append(Effect(edit.path, node is not None, not edit.remove, was_clear))
    return found


def change(text: str, edits: Sequence[Edit], vault: Vault, *, vaults_strings: bool) -> str:
    """The text after these edits; the very same text when it says all that already."""
    frame, body = unwrap(text)
    page = parse(body)
    goals = group(edits, vaults_strings)
    splices = list(Editor(page, vault).splices(goals))
    if not splices:
        return text
    new_body = splice.join(body, splices)
    new_text = frame.wrap(new_body, keeps_tail=max(part.stop for part in splices) < len(body))
    # What is proven is what will be written: a final newline that is missing can be part of a value.
    prove(parse(plain_lines(text)), _parse_changed(plain_lines(new_text)), goals, vault)
    return new_text


def _parse_changed(text: str) -> Page:
    try:
        return parse(text)
    except CannotEdit as error:
        raise CannotEdit(f"the change would leave a file that cannot be read: {error}") from None


def read(text: str, path: Sequence[str], vault: Vault) -> object | None:
    """Plain Python for one place, None when nothing is there; only that place is decrypted."""
    _frame, body = unwrap(text)
    page = parse(body)
    node = _find(page, path)
    return None if node is None else plain_value(page, node, vault)


def _is_clear(node: Node | None, edit: Edit) -> bool:
    return node is not None and has_clear_text(node, edit.path[-1], edit.plaintext_keys)


def _find(page: Page, path: Sequence[str]) -> Node | None:
    """The node at a place, None when nothing is there."""
    node = page.root
    for name in path:
        if node is not None and node.kind == "alias":
            raise CannotEdit(f"an alias stands on the way to {' / '.join(path)} (line {page.line(node.start)})")
        pair = page.pair(node, name) if node is not None and node.kind == "mapping" else None
        if pair is None:
            return None
        node = pair[1]
    return node


def names(text: str) -> list[str]:
    """The top-level variables in their order."""
    root = parse(unwrap(text)[1]).root
    return [key.value for key, _value in root.pairs if key.kind == "scalar"] if root is not None else []
