# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which stretches of a text have to change so that the goals are met."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._out.for_yaml import quote
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file import flow, keys, splice
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.nodes import Node, Page
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.path import Item
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.reading import Vault, is_as_wanted, open_at
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.render import Renderer
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import CannotEdit
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.wanted_vars import (
    Goals,
    Leaf,
    Remove,
    Want,
)


@dataclass(frozen=True)
class _Place:
    """One value, with what holds it; `key` is None for an item of a list."""

    parent: Node | None
    key: Node | None
    value: Node

    @property
    def name(self) -> str:
        return repr(self.key.value) if self.key is not None else "the item"


# What a mapping is the value of.
_Owner = _Place


class Editor:
    """Finds out which stretches of a page have to change."""

    def __init__(self, page: Page, vault: Vault) -> None:
        self._page = page
        self._vault = vault

    def splices(self, goals: Goals) -> t.Iterator[splice.Splice]:
        yield from self._mapping(self._page.root, goals, None)

    def _mapping(self, mapping: Node | None, goals: Goals, owner: _Owner | None) -> t.Iterator[splice.Splice]:
        """Changes inside a mapping; `owner` is what it is the value of, None for the top level."""
        missing, gone = Goals(), []
        for step, part in goals.parts.items():
            pair = keys.pair(self._page, mapping, step) if mapping is not None else None
            if pair is None:
                missing.parts[step] = part
            elif isinstance(part, Remove):
                self._refuse_shared(*pair)
                gone.append(pair)
            else:
                yield from self._change(_Place(mapping, *pair), part)
        content = missing.new_content()
        if mapping is not None and mapping.is_flow and gone:
            yield from flow.removals(self._page, mapping, gone, self._entries(content))
        else:
            yield from splice.removals(self._page, mapping, gone, owner if not content else None)
            if content:
                yield self._append(mapping, content, owner is None)

    def _sequence(self, node: Node, goals: Goals) -> t.Iterator[splice.Splice]:
        for step, part in goals.parts.items():
            if isinstance(step, Item) and not isinstance(part, Remove):
                yield from self._change(_Place(node, None, node.items[step.number]), part)

    def _change(self, place: _Place, part: Goals | Want) -> t.Iterator[splice.Splice]:
        if isinstance(part, Goals):
            yield from self._deeper(place, part)
        elif not is_as_wanted(self._page, place.value, part, self._vault):
            yield self._replace(place, part)

    def _deeper(self, place: _Place, goals: Goals) -> t.Iterator[splice.Splice]:
        node = place.value
        if node.is_missing or (node.kind == "mapping" and not node.pairs):
            content = goals.new_content()
            if content:
                yield self._replace(place, content)
            return
        if node.kind not in ("mapping", "sequence"):
            kind = "an alias" if node.kind == "alias" else "not a mapping"
            raise CannotEdit(f"{place.name} in line {self._page.line(node.start)} is {kind}")
        for part in filter(None, (place.key, node)):
            self._refuse_anchor(part)
        if node.kind == "sequence":
            yield from self._sequence(node, goals)
        else:
            yield from self._mapping(node, goals, place)

    def _refuse_shared(self, *nodes: Node | None) -> None:
        """Refuse what an alias elsewhere repeats: a change here would be one there too, or break it."""
        for top in filter(None, nodes if self._page.aliases else ()):
            for node in top.walk():
                self._refuse_anchor(node)

    def _refuse_anchor(self, node: Node) -> None:
        if node.kind != "alias" and node.anchor in self._page.aliases:
            line = self._page.line(node.start)
            raise CannotEdit(f"the anchor in line {line} is used by an alias, so the value cannot be changed")

    def _replace(self, place: _Place, want: Want) -> splice.Splice:
        old = place.value
        if old.kind == "alias":
            raise CannotEdit(f"{place.name} is an alias (line {self._page.line(old.start)})")
        self._refuse_shared(place.key, old)
        if place.parent is not None and place.parent.is_flow:
            if old.is_missing:
                raise CannotEdit(f"{place.name} in line {self._page.line(old.start)} has no value in its braces")
            return splice.Splice(old.start, old.end, self._renderer(old).flow(want, old))
        if isinstance(want, Leaf) and (want.is_vaulted or want.keeps_vault) and old.is_vault and old.style == "|":
            lines, depth = splice.vault_lines(self._page, old)
            sealed = self._vault.seal(str(want.value), [old.vaulttext])
            text = "".join(f"{' ' * depth}{line}\n" for line in sealed.splitlines())
            return replace(lines, text=text)
        if old.is_block_collection and (old.tag or old.anchor):
            raise CannotEdit(f"{place.name} in line {self._page.line(old.start)} has a tag or an anchor")
        site = splice.site_of(self._page, place.key, old)
        return site.put(self._renderer(old, site.comment_depth).block(want, site.indent, old))

    def _renderer(self, old: Node | None, comment_depth: int = -1) -> Renderer:
        return Renderer(_Sealer(self._page, old, self._vault).seal, comment_depth, self._page.is_json)

    def _append(self, mapping: Node | None, content: dict[str, Want], is_top_level: bool) -> splice.Splice:
        if mapping is not None and mapping.is_flow:
            return flow.addition(self._page, mapping, self._entries(content))
        place, indent = splice.append_place(self._page, mapping, is_top_level)
        lines = self._renderer(None).entries(content, indent, None)
        text = "".join(f"{line}\n" for line in lines)
        if not self._page.text[:place].strip():
            text = f"---\n{text}"
        return splice.Splice(place, place, text)

    def _entries(self, content: dict[str, Want]) -> str:
        """New entries as they stand between braces."""
        renderer = self._renderer(None)
        return ", ".join(f"{quote(name)}: {renderer.flow(part, None)}" for name, part in content.items())


class _Sealer:
    """Cipher text for new strings, taken over from the replaced block where the string was there already."""

    def __init__(self, page: Page, block: Node | None, vault: Vault) -> None:
        self._page = page
        self._block = block
        self._vault = vault

    def seal(self, plaintext: str, old: Node | None) -> str:
        mine = [old] if old is not None and old.is_vault else []
        around = self._block.walk() if self._block is not None else ()
        replaced = mine + [node for node in around if node.is_vault and node is not old]
        for node in replaced:
            if self._vault.fits(node.vaulttext) and open_at(self._page, node, self._vault) == plaintext:
                return node.vaulttext
        return self._vault.seal(plaintext, [node.vaulttext for node in replaced])
