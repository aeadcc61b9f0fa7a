# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The pairs of one mapping by what their keys are, and by how people see them."""

from __future__ import annotations

import collections
import functools
import typing as t
import unicodedata

if t.TYPE_CHECKING:
    from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.nodes import Node

    Pair = tuple[Node, Node]


def look_of(name: str) -> str:
    """What people see of a name: however its accents are written, without blanks around it and what cannot be seen."""
    if name.isascii() and name.isprintable():
        return name.strip()
    return unicodedata.normalize("NFC", "".join(filter(str.isprintable, name))).strip()


class PairIndex:
    """What is asked of the pairs of a mapping again and again, each found out once."""

    def __init__(self, pairs: t.Sequence[Pair]) -> None:
        self._pairs = pairs

    @functools.cached_property
    def by_name(self) -> dict[str, Pair]:
        """The first pair of each string."""
        found: dict[str, Pair] = {}
        for pair in self._pairs:
            if pair[0].is_text:
                found.setdefault(pair[0].value, pair)
        return found

    @functools.cached_property
    def by_look(self) -> dict[str, Pair]:
        """The first pair of each string as people see it."""
        found: dict[str, Pair] = {}
        for name, pair in self.by_name.items():
            found.setdefault(look_of(name), pair)
        return found

    @functools.cached_property
    def names_given_twice(self) -> frozenset[str]:
        """The strings that are keys of several pairs."""
        counted = collections.Counter(key.value for key, _value in self._pairs if key.is_text)
        return frozenset(name for name, count in counted.items() if count > 1)

    @functools.cached_property
    def merge_keys(self) -> list[Node]:
        """The keys `<<`, which bring pairs of elsewhere."""
        return [key for key, _value in self._pairs if key.is_merge]

    @functools.cached_property
    def odd(self) -> list[Pair]:
        """The pairs whose keys are scalars, but no texts."""
        return [pair for pair in self._pairs if pair[0].kind == "scalar" and not pair[0].is_text]
