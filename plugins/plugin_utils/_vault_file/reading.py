# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a node means to Ansible, and whether that is what is wanted."""

from __future__ import annotations

import typing as t
from collections.abc import Sequence

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._out.for_yaml import may_be_template
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.keys import (
    SCALAR_TAGS,
    TIMESTAMP_TAG,
    construct,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.nodes import Node, Page
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import (
    CannotEdit,
    VaultFileError,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.wanted_vars import Leaf, Want


class Vault(t.Protocol):
    """What the text layer needs from a cipher."""

    def open(self, vaulttext: str) -> str:
        """The plain text."""

    def seal(self, plaintext: str, replaced: Sequence[str]) -> str:
        """Cipher text, under the label of the cipher text that it takes the place of (best match first)."""

    def fits(self, vaulttext: str) -> bool:
        """Tell whether this is sealed under the id that was asked for."""


def plain_value(page: Page, node: Node, vault: Vault) -> object | None:
    """Plain Python, with vaulted strings opened; a date stays the text that is written."""
    if node.kind == "scalar":
        return _plain_scalar(page, node, vault)
    if node.kind == "sequence":
        return [plain_value(page, item, vault) for item in node.items]
    if node.kind == "alias":
        raise CannotEdit(f"the value in line {page.line(node.start)} is an alias")
    values: dict[object, object] = {}
    for key, value in node.pairs:
        name = _plain_key(page, key)
        if name in values:
            raise CannotEdit(f"the key in line {page.line(key.start)} is defined more than once")
        values[name] = plain_value(page, value, vault)
    return values


def _plain_key(page: Page, key: Node) -> object:
    if key.kind != "scalar" or key.is_vault or key.is_merge:
        raise CannotEdit(f"the key in line {page.line(key.start)} has a form that is not supported here")
    return key.value if key.is_text else _plain_scalar(page, key, None)


def _plain_scalar(page: Page, node: Node, vault: Vault | None) -> object | None:
    if node.is_vault and vault is not None:
        return open_at(page, node, vault)
    tag = node.resolved_tag
    if node.is_text or tag == TIMESTAMP_TAG:
        return node.value
    if tag not in SCALAR_TAGS:
        raise CannotEdit(f"the value in line {page.line(node.start)} has a tag that is not supported here")
    try:
        return t.cast("object | None", construct(tag, node.value))
    except ValueError:
        raise CannotEdit(f"the value in line {page.line(node.start)} does not suit its tag") from None


def open_at(page: Page, node: Node, vault: Vault) -> str:
    """The plain text of a vaulted scalar; an error names its line."""
    try:
        return vault.open(node.vaulttext)
    except VaultFileError as error:
        raise type(error)(f"line {page.line(node.start)}: {error}") from None


def has_clear_text(node: Node, key: str, clear_keys: frozenset[str]) -> bool:
    """Tell whether a string stands in clear here although its key is not one of those that may."""
    if node.kind == "scalar":
        return node.is_text and key not in clear_keys
    return any(has_clear_text(value, name.value, clear_keys) for name, value in node.pairs) or any(
        has_clear_text(item, key, clear_keys) for item in node.items
    )


def is_as_wanted(page: Page, node: Node, want: Want, vault: Vault) -> bool:
    """Tell whether a node says exactly this already: same content, secrets vaulted, the rest clear."""
    if isinstance(want, Leaf):
        return node.kind == "scalar" and _is_leaf_as_wanted(page, node, want, vault)
    if isinstance(want, list):
        return (
            node.kind == "sequence"
            and len(node.items) == len(want)
            and all(is_as_wanted(page, item, part, vault) for item, part in zip(node.items, want, strict=True))
        )
    if node.kind != "mapping" or len(node.pairs) != len(want):
        return False
    pairs = {key.value: value for key, value in node.pairs if key.is_text}
    return pairs.keys() == want.keys() and all(
        is_as_wanted(page, pairs[name], part, vault) for name, part in want.items()
    )


def _is_leaf_as_wanted(page: Page, node: Node, want: Leaf, vault: Vault) -> bool:
    if node.is_vault:
        # Opened even where the answer is known: what cannot be opened must not be overwritten.
        opened = open_at(page, node, vault)
        if want.keeps_vault:
            return opened == want.value
        return want.is_vaulted and opened == want.value and vault.fits(node.vaulttext)
    if want.is_vaulted:
        return False
    if not isinstance(want.value, str):
        return node.resolved_tag in SCALAR_TAGS and _same(_plain_scalar(page, node, vault), want.value)
    return node.is_text and node.value == want.value and (node.tag == "!unsafe") >= may_be_template(want.value)


def _same(one: object, other: object) -> bool:
    return type(one) is type(other) and one == other
