# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is wanted, as YAML text that Ansible reads back as exactly that."""

from __future__ import annotations

import json
import re
import typing as t
from collections.abc import Callable
from dataclasses import dataclass

import yaml
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._out.for_yaml import (
    clear_text,
    key_text,
    may_be_template,
    quote,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.nodes import Node
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.wanted_vars import Leaf, Want

_INDENT = 2
# YAML does not read these as they are, or nobody sees them; JSON has no escape for what lies beyond.
_UNSEEN = re.compile("[\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff]")


@dataclass(frozen=True)
class Rendered:
    """`head` stands behind the key on its line, `lines` below it."""

    head: str
    lines: list[str]


def _scalar(value: object, always_quote: bool = False, is_json: bool = False) -> str:
    if isinstance(value, str):
        return _json_text(value) if is_json else clear_text(value, always_quote)
    if isinstance(value, float):
        return str(yaml.safe_dump(value)).split("\n", maxsplit=1)[0]
    return json.dumps(value)


def _json_text(text: str) -> str:
    """In JSON escapes are those of JSON, and a text that is no template has a form of its own."""
    quoted = _UNSEEN.sub(lambda found: f"\\u{ord(found.group()):04x}", json.dumps(text, ensure_ascii=False))
    return f'{{"__ansible_unsafe": {quoted}}}' if may_be_template(text) else quoted


class Renderer:
    """Writes wanted content in place of `old`; `seal` gives cipher text for a string and the node it replaces."""

    def __init__(self, seal: Callable[[str, Node | None], str], comment_depth: int = -1, is_json: bool = False) -> None:
        self._seal = seal
        self._is_json = is_json
        # Comments that follow must not be deeper than a block scalar, else they become part of it.
        self._comment_depth = comment_depth

    def block(self, want: Want, indent: int, old: Node | None) -> Rendered:
        """Content of a key that stands in column `indent`."""
        if isinstance(want, Leaf):
            return self._leaf(want, indent, old)
        if not want:
            return Rendered("{}" if isinstance(want, dict) else "[]", [])
        if isinstance(want, dict):
            return Rendered("", self.entries(want, indent + _INDENT, old))
        return Rendered("", self._items(want, indent + _INDENT, old))

    def entries(self, want: dict[str, Want], indent: int, old: Node | None) -> list[str]:
        """The lines of a mapping's entries in column `indent`."""
        lines = []
        for name, part in want.items():
            content = self.block(part, indent, child_of(old, name))
            lines.append(f"{' ' * indent}{key_text(name)}:{' ' if content.head else ''}{content.head}")
            lines.extend(content.lines)
        return lines

    def _items(self, want: list[Want], indent: int, old: Node | None) -> list[str]:
        lines = []
        dash = f"{' ' * indent}- "
        for place, part in enumerate(want):
            content = self.block(part, indent, item_of(old, place))
            if content.head:
                lines.append(dash + content.head)
                lines.extend(content.lines)
            else:
                lines.append(dash + content.lines[0][len(dash) :])
                lines.extend(content.lines[1:])
        return lines

    def _leaf(self, want: Leaf, indent: int, old: Node | None) -> Rendered:
        if not _is_sealed(want, old):
            return Rendered(_scalar(want.value), [])
        depth = max(indent + _INDENT, self._comment_depth + 1)
        sealed = self._seal(t.cast(str, want.value), old)
        return Rendered("!vault |", [" " * depth + line for line in sealed.splitlines()])

    def flow(self, want: Want, old: Node | None) -> str:
        """Everything on one line, for parents in braces and for JSON."""
        if isinstance(want, dict):
            entries = (f"{quote(k)}: {self.flow(v, child_of(old, k))}" for k, v in want.items())
            return "{" + ", ".join(entries) + "}"
        if isinstance(want, list):
            return "[" + ", ".join(self.flow(v, item_of(old, n)) for n, v in enumerate(want)) + "]"
        if _is_sealed(want, old):
            sealed = quote(self._seal(t.cast(str, want.value), old))
            return f'{{"__ansible_vault": {sealed}}}' if self._is_json else f"!vault {sealed}"
        return _scalar(want.value, always_quote=True, is_json=self._is_json)


def _is_sealed(want: Leaf, old: Node | None) -> bool:
    return want.is_vaulted or (want.keeps_vault and old is not None and old.is_vault)


def written_clear(content: t.Mapping[str, t.Any]) -> str:
    """A file of variables without secrets, of mappings, lists and scalars; in clear, and never a template."""
    lines = Renderer(lambda text, old: text).entries(t.cast("dict[str, Want]", _in_clear(content)), 0, None)
    return "".join(f"{line}\n" for line in lines)


def _in_clear(value: t.Any) -> Want:
    if isinstance(value, t.Mapping):
        return {name: _in_clear(each) for name, each in value.items()}
    return [_in_clear(each) for each in value] if isinstance(value, list) else Leaf(value, False)


def child_of(old: Node | None, name: str) -> Node | None:
    """The node that stands under that name today."""
    pairs = old.pairs if old is not None else []
    return next((value for key, value in pairs if key.value == name), None)


def item_of(old: Node | None, place: int) -> Node | None:
    items = old.items if old is not None else []
    return items[place] if place < len(items) else None
