# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which Python tests which ansible-core, and what makes the matrix fail."""

from __future__ import annotations

import threading

import pytest
from cores import Release, newest_python, release_of
from matrix import HOME, Row, examine, table
from parts import Part

PYTHON = "Programming Language :: Python :: "
CORE_216 = {
    "version": "2.16.19",
    "requires_python": ">=3.10",
    "classifier": [f"{PYTHON}3", f"{PYTHON}3.9", f"{PYTHON}3.10", f"{PYTHON}3.12", f"{PYTHON}3 :: Only"],
}
OLD = Release("2.16", "2.16.19", ("3.10", "3.12"))
CANDIDATE = Release("2.22", "2.22.0rc1", ("3.13",))
GOOD, BAD = Part("unit", 12.3, 0, 51, 0), Part("unit", 12.3, 1, 49, 2)


def test_a_release_is_made_for_the_pythons_that_it_names_and_allows() -> None:
    assert release_of("2.16", CORE_216) == OLD


def test_the_newest_python_is_taken_by_number() -> None:
    assert newest_python(Release("2.16", "2.16.1", ("3.9", "3.10")), ["3.9", "3.10", "3.13"]) == "3.10"
    assert newest_python(OLD, ["3.13"]) is None


@pytest.mark.parametrize(
    ("row", "is_broken"),
    [
        (Row("2.16", OLD, "3.12", parts={"unit": GOOD}), False),
        (Row("2.16", OLD, "3.12", parts={"unit": BAD}), True),
        (Row("2.16", OLD, left_out="no Python"), True),
        (Row("2.16", OLD, left_out="no Python", may_be_left_out=True), False),
        (Row("2.99", left_out="no such core"), True),
        (Row("2.22", CANDIDATE, "3.13", parts={"unit": BAD}), False),
        (Row("2.22", CANDIDATE, left_out="no Python"), False),
    ],
)
def test_what_failed_or_was_left_out_breaks_the_matrix_but_for_a_prerelease(row: Row, is_broken: bool) -> None:
    assert row.is_broken is is_broken


def test_the_parts_of_a_core_are_run_in_its_environment_two_at_a_time() -> None:
    row, left_out = Row("2.16", OLD, "3.12"), Row("2.99", left_out="no Python")
    together = threading.Barrier(2, timeout=30)

    def run(name: str, *variables: str) -> Part:
        together.wait()
        return Part(" ".join([name, *variables]), 1, 0, 1, 0)

    examine([left_out, row], ["sanity", "leaks"], 8, run)

    assert {name: part.name for name, part in row.parts.items()} == {
        name: f"{name} PYTHON_ENV={HOME / '2.16'} ONE_IN=8" for name in ("sanity", "leaks")
    }
    assert left_out.parts == {}


def test_the_table_names_what_failed_and_why_a_core_was_left_out() -> None:
    rows = [
        Row("2.16", OLD, "3.12", parts={"unit": BAD}),
        Row("2.22", CANDIDATE, "3.13", parts={"unit": GOOD}),
        Row("2.99", left_out="no Python"),
    ]

    assert table(rows, ["unit"], 99.6).splitlines() == [
        "ansible-core  Python  unit",
        "2.16.19       3.12    FAILED (2) 12 s",
        "2.22.0rc1     3.13    ok (51) 12 s",
        "2.99                  left out: no Python",
        "",
        "The matrix took 100 s. Not good: 2.16, 2.99.",
        "matrix: 1 passed, 1 failed",
    ]
