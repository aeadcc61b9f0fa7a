# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""With `--one-in 3` a third of the long tests are tried, other ones each day, and the last lines say how many."""

from __future__ import annotations

import shutil
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import parts
import pytest
from ansible_collections.cloudkeys.ibmcloud.tests.conftest import chosen_of

CONFTEST = Path(__file__).resolve().parents[1] / "conftest.py"
VARIANTS = [f"tests/a.py::many[{number}]" for number in range(20)]
PAIR = ["tests/a.py::pair[before]", "tests/a.py::pair[after]"]
SINGLES = [f"tests/b.py::single_{number}" for number in range(7)]
ALONE = ["tests/c.py::alone"]
TESTS = [*VARIANTS, *PAIR, *SINGLES, *ALONE]
FIRST_DAY = date(2026, 12, 30)
SUITE = """
import pytest

@pytest.fixture
def desk():
    pass

@pytest.mark.daily_slice
@pytest.mark.parametrize("number", range(6))
def test_marked(number): pass

@pytest.mark.parametrize("number", range(6))
def test_at_a_desk(desk, number): pass

@pytest.mark.every_day
def test_guard(desk): pass

@pytest.mark.daily_slice
class TestAll:
    @pytest.mark.parametrize("number", range(2))
    @pytest.mark.every_day
    def test_guard(self, number): pass

def test_short(): pass
"""


def chosen(days_later: int, one_in: int) -> set[str]:
    return chosen_of(TESTS, one_in, f"{FIRST_DAY + timedelta(days_later)}")


@pytest.mark.parametrize("one_in", [2, 3, 8, 1000])
def test_each_test_has_its_turn_within_so_many_days(one_in: int) -> None:
    days = min(one_in, len(TESTS))

    assert set().union(*(chosen(day, one_in) for day in range(days))) == set(TESTS)


@pytest.mark.parametrize("one_in", [1, 2, 3, 8, 1000])
@pytest.mark.parametrize("group", [VARIANTS, PAIR, SINGLES, ALONE], ids=lambda group: group[0])
def test_no_group_is_left_out_on_any_day(group: list[str], one_in: int) -> None:
    counts = [len(chosen(day, one_in) & set(group)) for day in range(40)]

    assert min(counts) == max(1, len(group) // one_in)
    assert max(counts) <= len(group) // one_in + 1


def test_any_word_names_a_slice_which_is_the_same_each_time() -> None:
    slices = [chosen_of(TESTS, 3, f"a word {number}") for number in range(9)]

    assert slices == [chosen_of(TESTS, 3, f"a word {number}") for number in range(9)]
    assert set().union(*slices) == set(TESTS)


def pytest_of(folder: Path, *arguments: str) -> str:
    shutil.copy(CONFTEST, folder)
    (folder / "test_suite.py").write_text(SUITE, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@pytest.mark.parametrize("processes", ["0", "2"])
def test_how_many_of_how_many_is_said(tmp_path: Path, processes: str) -> None:
    told = pytest_of(tmp_path, "--one-in", "3", "--slice", "2026-03-04", "--numprocesses", processes)

    assert "8 passed" in told
    assert "One in 3, as of 2026-03-04: 4 of 12 long tests, and all 4 others" in told
    sliced = parts.Part("kills", 1.0, 0, *parts.count(told.splitlines()), parts.slice_told(told))
    assert str(sliced).endswith("8 passed, 0 failed; 4 of 12 long tests")


def test_all_are_tried_unless_somebody_asks_for_less(tmp_path: Path) -> None:
    told = pytest_of(tmp_path)

    assert "16 passed" in told
    assert "One in" not in told
    assert parts.slice_told(told) == ""


def test_none_is_no_share(tmp_path: Path) -> None:
    assert "--one-in has to be at least 1" in pytest_of(tmp_path, "--one-in", "0")
