# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Measure what the tests reach of each package of the code that modules and actions share; fail when it is too little.

python tests/tools/coverage_table.py unit emulator       any of the suites below; they count together

Lines and branches each have to reach the share, in every folder of plugin_utils and module_utils; the rest of the
plugins is shown for information. Runs of Ansible count too, with the forks that they start; a process that was killed
has told nothing.
"""

from __future__ import annotations

import json
import subprocess
import sys
import typing as t
from pathlib import Path

from tree import CHECKOUT

DATA = CHECKOUT / ".build" / "coverage"
LEAST_PERCENT = 95.0
HELD_BELOW = ("plugins/module_utils", "plugins/plugin_utils")
SUITES = {
    "unit": ["tests/unit", "tests/project"],
    "emulator": ["tests/emulator"],
    "kills": ["tests/faults", "--ignore=tests/faults/test_schedules.py", "--ignore=tests/faults/test_mutants.py"],
    "vault": ["tests/vault_runs"],
    "leaks": ["tests/leaks"],
    "awx": ["tests/awx"],
}
PROCESSES = "2"


class Reached(t.NamedTuple):
    """How many lines and branches there are, and how many of them were reached."""

    lines: int = 0
    lines_reached: int = 0
    branches: int = 0
    branches_reached: int = 0

    def and_of(self, told: t.Mapping[str, int]) -> Reached:
        """Together with one more file, as coverage.py sums it up."""
        more = (told["num_statements"], told["covered_lines"], told["num_branches"], told["covered_branches"])
        return Reached(*(one + two for one, two in zip(self, more, strict=True)))

    @property
    def line_percent(self) -> float:
        return 100.0 * self.lines_reached / self.lines if self.lines else 0.0

    @property
    def branch_percent(self) -> float:
        return 100.0 * self.branches_reached / self.branches if self.branches else 100.0

    @property
    def is_enough(self) -> bool:
        return min(self.line_percent, self.branch_percent) >= LEAST_PERCENT


def main(*suites: str) -> int:
    """Run the suites, show the table, and return 1 when a test failed or too little was reached."""
    unknown = set(suites) - SUITES.keys()
    if unknown or not suites:
        sys.exit(f"Name suites of {', '.join(SUITES)}; not {', '.join(sorted(unknown)) or 'none'}.")
    DATA.mkdir(parents=True, exist_ok=True)
    _forget()
    codes = [_run_suite(name) for name in suites]
    packages = by_package(_report())
    print("\n".join(table(packages)))
    short = too_little_reached(packages)
    for name in short:
        print(f"FAILED: the tests reach less than {LEAST_PERCENT:g} % of {name}")
    return int(any(codes) or bool(short))


def by_package(report: dict[str, t.Any]) -> dict[str, Reached]:
    """What was reached of each folder of Python files; `report` is coverage.py's JSON."""
    found = dict.fromkeys(held(), Reached())
    for name, about in report["files"].items():
        package = str(Path(name).parent)
        found[package] = found.get(package, Reached()).and_of(about["summary"])
    return found


def held() -> list[str]:
    """The folders that have to be reached, as they are in the checkout: one that was not measured is not forgotten."""
    files = (file for above in HELD_BELOW for file in (CHECKOUT / above).rglob("*.py"))
    return sorted({str(file.parent.relative_to(CHECKOUT)) for file in files})


def too_little_reached(packages: t.Mapping[str, Reached]) -> list[str]:
    return [name for name in held() if not packages[name].is_enough]


def table(packages: t.Mapping[str, Reached]) -> t.Iterator[str]:
    """The held packages first, then the others."""
    names = held()
    yield f"\n{'package':<36} {'lines':>16} {'branches':>16}"
    for name in [*names, *sorted(packages.keys() - set(names))]:
        reached = packages[name]
        lines = f"{reached.lines_reached}/{reached.lines} {reached.line_percent:5.1f}"
        branches = f"{reached.branches_reached}/{reached.branches} {reached.branch_percent:5.1f}"
        yield f"{name:<36} {lines:>16} {branches:>16}" + ("" if name in names else "   (for information)")


def _run_suite(name: str) -> int:
    command = ["coverage", "run", "-m", "pytest", "--numprocesses", PROCESSES, *SUITES[name]]
    return subprocess.run([sys.executable, "-m", *command], cwd=CHECKOUT, check=False).returncode


def _report() -> dict[str, t.Any]:
    _coverage("combine")
    # What a killed process has left is no data.
    for left in DATA.glob("data.*"):
        left.unlink()
    _coverage("json", "-o", str(DATA / "report.json"))
    return t.cast("dict[str, t.Any]", json.loads((DATA / "report.json").read_text(encoding="utf-8")))


def _coverage(*arguments: str) -> None:
    command = [sys.executable, "-m", "coverage", *arguments]
    subprocess.run(command, cwd=CHECKOUT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)


def _forget() -> None:
    for old in DATA.iterdir():
        old.unlink()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
