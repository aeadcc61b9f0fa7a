# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Entries between braces, in YAML and in JSON: put in, and taken out with the comma that is theirs."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.nodes import Node, Page
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.splice import Splice
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import CannotEdit

_ONLY_COMMA = re.compile(r"\s*,?\s*")
_FINAL_COMMA = re.compile(r"\s*,")


def addition(page: Page, mapping: Node, entries: str) -> Splice:
    """Put text of new entries behind the last one."""
    if not mapping.pairs:
        place = page.text.index("{", mapping.start) + 1
        return Splice(place, place, entries)
    last = mapping.pairs[-1][1]
    if last.is_missing:
        raise CannotEdit(f"the braces in line {page.line(mapping.start)} end in a key without a value")
    return Splice(last.end, last.end, f", {entries}")


def removals(page: Page, mapping: Node, gone: list[tuple[Node, Node]], entries: str) -> t.Iterator[Splice]:
    """Take entries out, and put text of new ones in when there is any."""
    numbers = [number for number, pair in enumerate(mapping.pairs) if any(pair[0] is key for key, _value in gone)]
    kept = [number for number in range(len(mapping.pairs)) if number not in numbers]
    for pair in mapping.pairs:
        if pair[1].is_missing:
            line = page.line(pair[0].start)
            raise CannotEdit(
                f"{pair[0].value!r} in line {line} has no value in its braces, and nothing is removed there"
            )
    if not kept:
        start, stop = mapping.pairs[0][0].start, mapping.pairs[-1][1].end
        comma = _FINAL_COMMA.match(page.text, stop)
        _check_between(page, mapping, numbers)
        yield Splice(start, comma.end() if comma and not entries else stop, entries)
        return
    _check_between(page, mapping, numbers)
    for number in numbers:
        key, value = mapping.pairs[number]
        if number < kept[0]:
            yield Splice(key.start, mapping.pairs[number + 1][0].start, "")
        else:
            yield Splice(mapping.pairs[number - 1][1].end, value.end, "")
    if entries:
        yield addition(page, mapping, entries)


def _check_between(page: Page, mapping: Node, numbers: list[int]) -> None:
    """Refuse to take a comment along that stands beside an entry."""
    for number in numbers:
        for one, other in ((number - 1, number), (number, number + 1)):
            if one >= 0 and other < len(mapping.pairs):
                between = page.text[mapping.pairs[one][1].end : mapping.pairs[other][0].start]
                if not _ONLY_COMMA.fullmatch(between):
                    line = page.line(mapping.pairs[number][0].start)
                    raise CannotEdit(f"beside the entry in line {line} stands a comment that would be lost; move it")
