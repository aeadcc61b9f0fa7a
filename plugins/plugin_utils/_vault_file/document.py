# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Text to text: set and remove variables of a vars file and leave every other byte as it is.

A change is made on the text itself, at places that the YAML parser points out, and then proven: the new text is
parsed again, everything beside the targets must be what it was, and every target must read back as wanted. When that
does not hold the change is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file import keys, resolve, splice
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.editor import Editor
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.frame import FRAMES, plain_lines, unwrap
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.nodes import PAGES, Node, Page, parse
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.path import (
    Item,
    Path,
    Pick,
    Step,
    Typed,
    check_new_variable,
    meant_by,
    shown_path,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.proof import is_reached, prove
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.reading import (
    Vault,
    has_clear_text,
    plain_value,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import CannotEdit, NoSuchItem
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.wanted_vars import Edit, group

__all__ = ["Edit", "Effect", "Vault", "change", "effects", "forget", "names", "read", "vaulttext", "ways"]


@dataclass(frozen=True)
class Effect:
    """What an edit meant for its place; told without values, so that a diff can be made of it."""

    path: Path
    existed: bool
    remains: bool
    was_clear: bool


def effects(text: str, edits: Sequence[Edit], vault: Vault, *, vaults_strings: bool) -> list[Effect]:
    """The edits that change something in this text."""
    page = _page(text)
    found = []
    for edit in edits:
        here = _resolved(page, [edit])
        if not is_reached(page, page.root, group(here, vaults_strings), vault):
            node = resolve.find(page, edit.path)
            was_clear = vaults_strings and not edit.remove and _is_clear(node, edit)
            found.append(Effect(edit.path, node is not None, not edit.remove, was_clear))
    return found


def change(text: str, edits: Sequence[Edit], vault: Vault, *, vaults_strings: bool) -> str:
    """The text after these edits; the very same text when it says all that already."""
    frame, body = unwrap(text)
    page = parse(body, may_be_json=not frame.bom)
    resolved = _resolved(page, edits)
    goals = group(resolved, vaults_strings)
    _check_names(page, edits)
    splices = list(Editor(page, vault).splices(goals))
    if not splices:
        return text
    new_body = splice.join(body, splices)
    new_text = frame.wrap(new_body, keeps_tail=max(part.stop for part in splices) < len(body))
    # What is proven is what will be written: a final newline that is missing can be part of a value.
    before = parse(plain_lines(text), may_be_json=not frame.bom)
    after = _parse_changed(plain_lines(new_text), not frame.bom)
    prove(before, after, goals, vault)
    _check_picks(after, edits, resolved)
    return new_text


def forget(text: str) -> None:
    """Nobody will ask for this text again: let go of what is kept of it, which is many times as large."""
    PAGES.forget(unwrap(text)[1])
    PAGES.forget(plain_lines(text))
    FRAMES.forget(text)


def _page(text: str) -> Page:
    frame, body = unwrap(text)
    return parse(body, may_be_json=not frame.bom)


def _resolved(page: Page, edits: Sequence[Edit]) -> list[Edit]:
    """The edits with paths that need no more looking up, without those that are done because their item is gone."""
    found = []
    for edit in edits:
        try:
            found.append(replace(edit, path=resolve.locate(page, edit.path).path))
        except NoSuchItem:
            if not (edit.remove and edit.may_be_gone):
                raise
    return found


def _check_picks(page: Page, edits: Sequence[Edit], resolved: Sequence[Edit]) -> None:
    """A task that is run again has to find the same item again."""
    here = {edit.path for edit in resolved}
    for edit in edits:
        if any(isinstance(step, Pick) for step in edit.path):
            try:
                is_found = resolve.locate(page, edit.path).path in here
            except CannotEdit:
                is_found = edit.may_be_gone
            if not is_found:
                raise CannotEdit(
                    f"{edit.label}: after the change no item, or another one, has these members; name it by its number"
                )


def _check_names(page: Page, edits: Sequence[Edit]) -> None:
    """A new variable must be one to Ansible, and a name that is a path by its look must not pass for done."""
    for edit in edits:
        name = edit.path[0] if edit.path else ""
        if not name or (page.root is not None and keys.pair(page, page.root, name) is not None):
            continue
        meant = meant_by(name)
        if not edit.remove:
            check_new_variable(name)
        elif meant and resolve.find(page, (*meant, *edit.path[1:])) is not None:
            shown = shown_path((*meant, *edit.path[1:]))
            raise CannotEdit(f"{shown_path((name,))!r} is not there, but {shown} is; give it as a list")


def _parse_changed(text: str, may_be_json: bool) -> Page:
    try:
        return parse(text, may_be_json)
    except CannotEdit as error:
        raise CannotEdit(f"the change would leave a file that cannot be read: {error}") from None


def read(text: str, path: Sequence[Step], vault: Vault) -> object | None:
    """Plain Python for one place, None when nothing is there; only that place is decrypted."""
    page = _page(text)
    node = resolve.find(page, path)
    return None if node is None else plain_value(page, node, vault)


def vaulttext(text: str, path: Sequence[Step]) -> str | None:
    """The cipher text of a place that is vaulted by itself; nothing is decrypted."""
    node = resolve.find(_page(text), path)
    return node.vaulttext if node is not None and node.is_vault else None


def _is_clear(node: Node | None, edit: Edit) -> bool:
    return node is not None and has_clear_text(node, edit.key, edit.plaintext_keys)


def ways(text: str, edits: Sequence[Edit]) -> list[tuple[list[object], object]]:
    """Where in plain data these edits of a text will be seen (keys and numbers that lead there), and their values."""
    page = _page(text)
    found = _resolved(page, [edit for edit in edits if not edit.remove])
    return [([_index(step) for step in edit.path], edit.value) for edit in found]


def _index(step: Step) -> object:
    if isinstance(step, Item):
        return step.number
    return step.value if isinstance(step, Typed) else step


def names(text: str) -> list[str]:
    """The top-level variables in their order."""
    root = _page(text).root
    return [key.value for key, _value in root.pairs if key.kind == "scalar"] if root is not None else []
