# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a task was given, as items by their places; and what is protected of it."""

from __future__ import annotations

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._leaks.items import (
    fingerprint,
    given_items,
    nothing_found,
)

VALUE = "Qx7-tVb2_kLm9ZpR4sWd8YhN1cFg6JuE3aTo5iXvB0Cq"
ID = "ApiKey-3f0c1d2e-4b5a-6978-8a9b-0c1d2e3f4a5b"


@pytest.mark.parametrize("form", ["{0}", "apikey={0}", "-{0}", "<b>{0}</b>", "{0}{0}", "a\n{0}\nb"], ids=repr)
def test_everything_that_may_be_a_value_is_protected_first(form: str) -> None:
    protected: list[str] = []

    given = given_items({"values": [form.format(VALUE)]}, protected.append)

    assert VALUE in protected
    assert {reading for item in given.items for reading in item.readings} <= set(protected)


def test_an_id_is_never_hidden() -> None:
    protected: list[str] = []

    given_items({"ids": [ID], "values": [f"{ID} of {VALUE}"]}, protected.append)

    assert [text for text in protected if text in ID] == []


def test_a_problem_quotes_nothing() -> None:
    with pytest.raises(TaskRefused) as caught:
        given_items({"ids": [VALUE]}, lambda _text: None)

    assert VALUE not in str(caught.value)


def test_a_fingerprint_tells_a_value_again_and_is_short() -> None:
    assert fingerprint(VALUE) == fingerprint(VALUE) != fingerprint(VALUE[:-1])
    assert len(fingerprint(VALUE)) == 10


@pytest.mark.parametrize(
    ("places", "shown"),
    [
        ([], []),
        (["line 3 of a"], ["line 3 of a: nothing found here"]),
        ([f"line {n} of a" for n in range(1, 10_000)], ["lines 1 to 9999 of a: nothing found here"]),
        ([f"line {n} of a" for n in (1, 2, 4, 6, 7)], ["lines 1 to 2, 4, 6 to 7 of a: nothing found here"]),
        (
            [f"line {n} of a" for n in range(1, 50_000, 2)],
            [
                f"lines {', '.join(str(n) for n in range(1, 41, 2))} and 24980 more, the last of them 49999, of a: "
                "nothing found here"
            ],
        ),
        (["line 1 of a", "line 2 of b"], ["line 1 of a: nothing found here", "line 2 of b: nothing found here"]),
        (["entry 1 of `values`"], ["entry 1 of `values`: nothing found here"]),
        (["line x of a", "line 0 of a"], ["line x of a: nothing found here", "line 0 of a: nothing found here"]),
    ],
    ids=["none", "one", "a long log", "gaps", "blank lines between", "two texts", "an entry", "made by hand"],
)
def test_lines_in_which_nothing_was_found_are_one_line_for_each_text(places: list[str], shown: list[str]) -> None:
    assert nothing_found(places) == shown
