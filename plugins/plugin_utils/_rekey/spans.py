# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where in a text the cipher text of a vaulted scalar stands, and how other cipher text is written there."""

from __future__ import annotations

import json
import re

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.nodes import Node, Page
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.splice import Splice
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import CannotEdit

# Tag and anchor, with the blanks, line ends and comments between them and the text.
_PROPERTIES = re.compile(r"(?:[!&][^\s,\[\]{}]*|\s+(?:#[^\n]*)?)*")
_JSON_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)


def put(page: Page, node: Node, vaulttext: str) -> Splice:
    """Write cipher text in the place of what a vaulted scalar has, in its form."""
    if page.is_json:
        return _in_quotes(page, node, _last_string(page, node), vaulttext)
    start = _PROPERTIES.match(page.text, node.start)
    begin = start.end() if start else node.start
    if node.is_block_scalar:
        return _in_block(page, node, begin, vaulttext)
    if node.style == "'" and page.text[begin : begin + 1] == "'":
        return _in_single_quotes(page, node, begin, vaulttext)
    if node.style and page.text[begin : begin + 1] == node.style:
        return _in_quotes(page, node, begin, vaulttext)
    raise CannotEdit(f"the value in line {page.line(node.start)} has a form that is not supported here")


def _in_block(page: Page, node: Node, begin: int, vaulttext: str) -> Splice:
    if page.text[begin : begin + 1] != node.style:
        raise CannotEdit(f"the value in line {page.line(node.start)} has a form that is not supported here")
    start = page.text.index("\n", begin) + 1
    first = next(line for line in page.text[start : node.end].split("\n") if line.strip())
    margin = first[: len(first) - len(first.lstrip(" "))]
    # In a folded block a line end is a blank, and an empty line is a line end.
    between = "\n\n" if node.style == ">" else "\n"
    return Splice(start, node.end, between.join(f"{margin}{line}" for line in vaulttext.splitlines()))


def _in_quotes(page: Page, node: Node, begin: int, vaulttext: str) -> Splice:
    text = vaulttext if node.value.endswith("\n") else vaulttext.rstrip("\n")
    stop = node.end
    if page.is_json:
        found = _JSON_STRING.match(page.text, begin)
        stop = found.end() if found else node.end
    return Splice(begin, stop, json.dumps(text))


def _in_single_quotes(page: Page, node: Node, begin: int, vaulttext: str) -> Splice:
    """Between these, too, an empty line is a line end; cipher text has two lines at least."""
    following = next(line for line in page.text[begin : node.end].split("\n")[1:] if line.strip())
    between = "\n\n" + following[: len(following) - len(following.lstrip())]
    tail = between if node.value.endswith("\n") else ""
    return Splice(begin, node.end, f"'{between.join(vaulttext.splitlines())}{tail}'")


def _last_string(page: Page, node: Node) -> int:
    """In JSON the node is the whole `{"__ansible_vault": "..."}`."""
    return [found.start() for found in _JSON_STRING.finditer(page.text, node.start, node.end)][-1]
