# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plants each defect of mutants.yml in a copy, and expects the test that guards against it to notice."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
ROTATION = "plugins/plugin_utils/_rotation"
MUTANTS = yaml.safe_load(Path(__file__).with_name("mutants.yml").read_text(encoding="utf-8"))
OF_THE_SET = [mutant for mutant in MUTANTS if "noticed_by_the_set" in mutant]
NOTICED = 1
# Without a defect, the slowest of these tests takes a few seconds.
LONGEST_SECONDS = 300
TIMES = itertools.count(1_000_000_000)


@pytest.fixture(scope="session")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what the tests need, in the folders that imports expect."""
    top = tmp_path_factory.mktemp("mutants") / "ansible_collections" / "cloudkeys" / "ibmcloud"
    for folder in ("plugins", "tests/unit", "tests/emulator", "tests/faults"):
        shutil.copytree(ROOT / folder, top / folder, ignore=shutil.ignore_patterns("__pycache__"))
    # The options of the daily slice.
    for name in ("conftest.py", "certificates.py"):
        shutil.copy(ROOT / "tests" / name, top / "tests")
    return top


def run_tests(
    copy: Path, tests: t.Iterable[str], longest_seconds: float | None = None
) -> subprocess.CompletedProcess[str]:
    paths = [str(copy.parents[2]), str(copy / "tests/emulator")]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    environ.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--import-mode=importlib"]
    # Whether it is noticed counts, and not the smallest example.
    command.append("--hypothesis-profile=first-failure")
    try:
        return subprocess.run(
            [*command, *tests],
            cwd=copy,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=longest_seconds,
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, -9, f"no end within {longest_seconds} seconds")


def test_without_a_defect_all_is_well(copy: Path) -> None:
    done = run_tests(copy, sorted({mutant["noticed_by"] for mutant in MUTANTS}))

    assert done.returncode == 0, done.stdout[-2000:]


def test_without_a_defect_the_set_finds_nothing(copy: Path) -> None:
    done = run_tests(copy, sorted({mutant["noticed_by_the_set"] for mutant in OF_THE_SET}))

    assert done.returncode == 0, done.stdout[-2000:]


@pytest.mark.daily_slice
@pytest.mark.parametrize("mutant", MUTANTS, ids=[mutant["name"] for mutant in MUTANTS])
def test_a_defect_is_noticed(copy: Path, mutant: dict[str, str]) -> None:
    plant_and_expect(copy, mutant, mutant["noticed_by"])


@pytest.mark.daily_slice
@pytest.mark.parametrize("mutant", OF_THE_SET, ids=[mutant["name"] for mutant in OF_THE_SET])
def test_a_defect_is_noticed_by_the_set(copy: Path, mutant: dict[str, str]) -> None:
    """By schedules that know nothing of the guard: one act of somebody, or one fault."""
    plant_and_expect(copy, mutant, mutant["noticed_by_the_set"])


def write(file: Path, text: str) -> None:
    """Write it as of a time of its own: Python takes what was compiled for sound if size and second are the same."""
    as_of = next(TIMES)
    file.write_text(text, encoding="utf-8")
    os.utime(file, (as_of, as_of))


def plant_and_expect(copy: Path, mutant: dict[str, str], noticed_by: str) -> None:
    file = copy / ROTATION / mutant["file"]
    sound = file.read_text(encoding="utf-8")
    assert sound.count(mutant["old"]) == 1, f"{file.name} has changed: mutants.yml needs a look"
    write(file, sound.replace(mutant["old"], mutant["new"]))
    try:
        done = run_tests(copy, [noticed_by], LONGEST_SECONDS)
    finally:
        write(file, sound)

    assert done.returncode == NOTICED, done.stdout[-2000:]
