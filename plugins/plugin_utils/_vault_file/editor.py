# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which stretches of a text have to change so that the goals are met."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._out.for_yaml import quote
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file import splice
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.nodes import Node, Page
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.reading import Vault, is_as_wanted, open_at
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.render import Renderer
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import CannotEdit
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.wanted_vars import (
    Goals,
    Leaf,
    Remove,
    Want,
)

_Pair = tuple[Node, Node]
# The mapping that holds an entry, and the entry.
_Owner = tuple["Node | None", _Pair]


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
        for name, part in goals.parts.items():
            pair = self._page.pair(mapping, name) if mapping is not None else None
            if pair is None:
                missing.parts[name] = part
            elif isinstance(part, Remove):
                gone.append(pair)
            elif isinstance(part, Goals):
                yield from self._deeper(mapping, pair, part)
            elif not is_as_wanted(self._page, pair[1], part, self._vault):
                yield self._replace(mapping, pair, part)
        content = missing.new_content()
        if owner is not None and mapping is not None and len(gone) == len(mapping.pairs) and not content:
            yield self._replace(*owner, {})
        else:
            yield from (self._remove(mapping, pair) for pair in gone)
        if content:
            yield self._append(mapping, content, owner is None)

    def _deeper(self, parent: Node | None, pair: _Pair, goals: Goals) -> t.Iterator[splice.Splice]:
        node = pair[1]
        if node.is_missing or (node.kind == "mapping" and not node.pairs):
            content = goals.new_content()
            if content:
                yield self._replace(parent, pair, content)
            return
        if node.kind != "mapping":
            kind = "an alias" if node.kind == "alias" else "not a mapping"
            raise CannotEdit(f"{pair[0].value!r} in line {self._page.line(node.start)} is {kind}")
        self._refuse_shared(pair)
        yield from self._mapping(node, goals, (parent, pair))

    def _refuse_shared(self, pair: _Pair) -> None:
        """Refuse what an alias elsewhere repeats: a change here would be one there too, or break it."""
        for node in (pair[0], *pair[1].walk()):
            if node.kind != "alias" and node.anchor in self._page.aliases:
                line = self._page.line(node.start)
                raise CannotEdit(f"the anchor in line {line} is used by an alias, so the value cannot be changed")

    def _replace(self, parent: Node | None, pair: _Pair, want: Want) -> splice.Splice:
        key, old = pair
        if old.kind == "alias":
            raise CannotEdit(f"{key.value!r} is an alias (line {self._page.line(old.start)})")
        self._refuse_shared(pair)
        if parent is not None and parent.is_flow:
            if old.is_missing:
                raise CannotEdit(f"{key.value!r} in line {self._page.line(key.start)} has no value in its braces")
            return splice.Splice(old.start, old.end, self._renderer(old).flow(want, old))
        if isinstance(want, Leaf) and want.is_vaulted and old.is_vault and old.style == "|":
            lines, depth = splice.vault_lines(self._page, old)
            sealed = self._vault.seal(str(want.value), [old.vaulttext])
            text = "".join(f"{' ' * depth}{line}\n" for line in sealed.splitlines())
            return replace(lines, text=text)
        if old.is_block_collection and (old.tag or old.anchor):
            raise CannotEdit(f"{key.value!r} in line {self._page.line(key.start)} has a tag or an anchor")
        site = splice.site_of(self._page, key, old)
        return site.put(self._renderer(old, site.comment_depth).block(want, site.indent, old))

    def _renderer(self, old: Node | None, comment_depth: int = -1) -> Renderer:
        return Renderer(_Sealer(self._page, old, self._vault).seal, comment_depth)

    def _remove(self, mapping: Node | None, pair: _Pair) -> splice.Splice:
        self._refuse_shared(pair)
        if mapping is None or mapping.is_flow:
            line = self._page.line(pair[0].start)
            raise CannotEdit(f"{pair[0].value!r} in line {line} stands in braces and cannot be removed")
        return splice.removal(self._page, *pair)

    def _append(self, mapping: Node | None, content: dict[str, Want], is_top_level: bool) -> splice.Splice:
        if mapping is not None and mapping.is_flow:
            return self._append_flow(mapping, content)
        place, indent = splice.append_place(self._page, mapping, is_top_level)
        lines = self._renderer(None).entries(content, indent, None)
        text = "".join(f"{line}\n" for line in lines)
        if not self._page.text[:place].strip():
            text = f"---\n{text}"
        return splice.Splice(place, place, text)

    def _append_flow(self, mapping: Node, content: dict[str, Want]) -> splice.Splice:
        renderer = self._renderer(None)
        entries = ", ".join(f"{quote(name)}: {renderer.flow(part, None)}" for name, part in content.items())
        if not mapping.pairs:
            place = self._page.text.index("{", mapping.start) + 1
            return splice.Splice(place, place, entries)
        last = mapping.pairs[-1][1]
        if last.is_missing:
            raise CannotEdit(f"the braces in line {self._page.line(mapping.start)} end in a key without a value")
        return splice.Splice(last.end, last.end, f", {entries}")


class _Sealer:
    """Cipher text for new strings, taken over from the replaced block where the string was there already."""

    def __init__(self, page: Page, block: Node | None, vault: Vault) -> None:
        self._page = page
        self._vault = vault
        self._nodes = [node for node in block.walk() if node.is_vault] if block is not None else []

    def seal(self, plaintext: str, old: Node | None) -> str:
        mine = [old] if old is not None and old.is_vault else []
        replaced = mine + [node for node in self._nodes if node is not old]
        for node in replaced:
            if self._vault.fits(node.vaulttext) and open_at(self._page, node, self._vault) == plaintext:
                return node.vaulttext
        return self._vault.seal(plaintext, [node.vaulttext for node in replaced])
