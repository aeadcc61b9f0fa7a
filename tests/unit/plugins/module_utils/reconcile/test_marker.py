# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The machine text at the end of a description."""

from __future__ import annotations

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.key_wish import KeyWish
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.marker import (
    Marker,
    join_description,
    split_description,
)
from hypothesis import assume, given
from hypothesis import strategies as st

MARKERS = st.builds(Marker, st.text("0123456789abcdef", min_size=8, max_size=8), st.integers(1, 10**6))


@given(st.text(), st.none() | MARKERS)
def test_a_description_comes_apart_into_what_it_was_made_of(text, marker):
    assume(split_description(text)[1] is None)

    assert split_description(join_description(text, marker)) == (text, marker)


@given(st.text())
def test_taking_apart_and_joining_gives_the_same_text_again(text):
    assert join_description(*split_description(text)) == text


@given(st.text(), MARKERS, MARKERS)
def test_a_new_marker_replaces_the_old_one(text, old, new):
    assume(split_description(text)[1] is None)
    kept, _old = split_description(join_description(text, old))

    assert split_description(join_description(kept, new)) == (text, new)


@pytest.mark.parametrize(
    "text",
    [
        "[cloudkeys 3f9a2c7d/5] and more",
        "[cloudkeys 3f9a2c7d/0]",
        "[cloudkeys 3f9a2c7d/05]",
        "[cloudkeys 3f9a2c7/5]",
        "[cloudkeys 3F9A2C7D/5]",
        "[cloudkeys 3f9a2c7d/5",
        "[cloudkeys 3f9a2c7d/5]\n",
        "[cloudkeys  3f9a2c7d/5]",
        # Anybody may write it, and Python makes no number of so many digits.
        f"[cloudkeys 3f9a2c7d/{'9' * 5000}]",
    ],
    ids=lambda text: text[:30],
)
def test_what_only_looks_like_a_marker_is_text(text):
    assert split_description(text) == (text, None)


def test_no_description_is_an_empty_one():
    assert split_description(None) == ("", None)


def test_nobody_can_write_a_marker_by_hand():
    with pytest.raises(TaskRefused, match="must not end like a rotation marker"):
        KeyWish("i", "a", name="n", description="mine [cloudkeys 3f9a2c7d/5]")
