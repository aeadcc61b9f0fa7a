# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The proof does not trust the editor: whatever else an edit did is noticed, with its line."""

from __future__ import annotations

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.document import Edit
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.nodes import parse
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.proof import prove
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.splice import Splice, join
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import CannotEdit
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.wanted_vars import group

BEFORE = "a: 1\nm: {x: 1, y: 2}\nk: {z: 1}\n"
TO_FIVE = Edit(("a",), "five")
INSIDE = Edit(("m", "x"), "five")


def check(after: str, edit: Edit, before: str = BEFORE) -> None:
    prove(parse(before), parse(after), group([edit], vaults_strings=False), vault=None)


def test_the_target_alone_may_differ() -> None:
    check("a: five\nm: {x: 1, y: 2}\nk: {z: 1}\n", TO_FIVE)
    check("a: 1\nm: {x: five, y: 2}\nk: {z: 1}\n", INSIDE)


@pytest.mark.parametrize(
    ("edit", "after", "line"),
    [
        (TO_FIVE, "a: five\nm: {x: 1, y: 3}\nk: {z: 1}\n", 2),
        (TO_FIVE, "a: five\nm: {x: 1, y: 2}\n", 3),
        (TO_FIVE, "a: five\nm: {x: 1, y: 2}\nk: {z: 1}\nnew: 1\n", 1),
        (TO_FIVE, "a: five\nm: {x: 1, y: '2'}\nk: {z: 1}\n", 2),
        (TO_FIVE, "a: five\nm: [x, y]\nk: {z: 1}\n", 2),
        (TO_FIVE, "a: five\nm: &m {x: 1, y: 2}\nk: {z: 1}\n", 2),
        (TO_FIVE, "a: five\n", 1),
        (INSIDE, "a: 1\nm: &m {x: five, y: 2}\nk: {z: 1}\n", 2),
        (INSIDE, "a: 1\nm: {x: five, w: 2}\nk: {z: 1}\n", 2),
        (INSIDE, "a: 1\nm: five\nk: {z: 1}\n", 2),
    ],
)
def test_anything_else_that_differs_is_noticed(edit: Edit, after: str, line: int) -> None:
    with pytest.raises(CannotEdit, match=rf"more than its target \(line {line}\)"):
        check(after, edit)


def test_a_target_that_is_not_what_was_wanted_is_noticed() -> None:
    with pytest.raises(CannotEdit, match="does not read back"):
        check("a: 6\nm: {x: 1, y: 2}\nk: {z: 1}\n", TO_FIVE)


def test_changes_that_overlap_are_refused() -> None:
    with pytest.raises(CannotEdit, match="overlap"):
        join("abcdef", [Splice(0, 3, "x"), Splice(2, 4, "y")])
