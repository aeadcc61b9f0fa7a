# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Twice as many values cost twice as much: counted in bytes and comparisons, which no busy machine changes."""

from __future__ import annotations

import tracemalloc
import typing as t

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file import keys, nodes

FEW, MANY = 300, 600
TWICE = 2.2


def text_of(count: int) -> str:
    """A vars file; no value in it is ever opened."""
    value = "  $ANSIBLE_VAULT;1.1;AES256\n" + "".join(f"  {'31' * 40}\n" for _line in range(5))
    return "---\n" + "".join(f"secret_{number}: !vault |\n{value}" for number in range(count))


def bytes_of_a_parse(count: int) -> tuple[int, int]:
    """What is kept of it, and the most that it took."""
    text = text_of(count)
    tracemalloc.start()
    pages = nodes.parse_documents(text)
    kept, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(pages) == 1
    return kept, most


def test_memory_grows_with_the_values_and_holds_no_more_than_is_kept() -> None:
    few, many = bytes_of_a_parse(FEW), bytes_of_a_parse(MANY)

    assert many[1] / few[1] <= TWICE
    assert many[1] / many[0] <= 1.6


class Compared(str):
    """A name that counts how often it is compared."""

    __slots__ = ()
    count: t.ClassVar[int] = 0

    def __eq__(self, other: object) -> bool:
        Compared.count += 1
        return str.__eq__(self, other) is True

    __hash__ = str.__hash__


@pytest.mark.parametrize("count", [FEW, MANY])
def test_a_name_is_found_without_a_look_at_all_others(count: int) -> None:
    (page,) = nodes.parse_documents(text_of(count))
    assert page.root is not None
    for key, _value in page.root.pairs:
        key.value = Compared(key.value)
    Compared.count = 0

    for number in range(count):
        assert keys.pair(page, page.root, f"secret_{number}") is not None

    # A few for each name: the index is built by comparing, and asked by comparing.
    assert Compared.count <= 6 * count
