# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run parts of the tests on every supported ansible-core, each in an environment of its own.

python tests/tools/matrix.py --cores "2.16 2.21" --parts "unit leaks" --one-in 8     or all cores of the index

Two parts run at a time, of one core or of two. A pre-release may fail; it is shown all the same.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from cores import Release, find_pythons, newest_python, newest_release, supported_cores
from parts import LANES, Part, run_part
from tree import CHECKOUT

HOME = CHECKOUT / ".build" / "matrix"
REQUIREMENTS = CHECKOUT / "tests" / "requirements.txt"


@dataclass
class Row:
    """One core and how it went; `left_out` says why it was not tested, which may be well for want of a Python."""

    core: str
    release: Release | None = None
    python: str = ""
    left_out: str = ""
    may_be_left_out: bool = False
    parts: dict[str, Part] = field(default_factory=dict)

    @property
    def is_broken(self) -> bool:
        """Whether this core keeps the matrix from being green."""
        failed = bool(self.left_out and not self.may_be_left_out) or any(part.code for part in self.parts.values())
        return failed and not (self.release and self.release.is_prerelease)


def ready(core: str, pythons: dict[str, Path], is_asked_for: bool) -> Row:
    """A core with its environment; without its Python it is left out, unless it was asked for by name."""
    row = Row(core, newest_release(core))
    if not row.release:
        row.left_out = "the package index has no such ansible-core"
        return row
    row.python = newest_python(row.release, pythons) or ""
    if not row.python:
        row.left_out = f"it needs one of Python {', '.join(row.release.pythons)}, and none is here"
        row.may_be_left_out = not is_asked_for
        return row
    try:
        prepare(row.release, pythons[row.python])
    except subprocess.CalledProcessError as reason:
        row.left_out = f"its environment could not be made:\n{reason.stdout}"
    return row


def examine(
    rows: t.Iterable[Row], names: t.Sequence[str], one_in: int = 1, run: t.Callable[..., Part] = run_part
) -> None:
    """Run the parts of each core in its environment, two at a time; one that fails keeps none from running."""
    with ThreadPoolExecutor(LANES) as lanes:
        running = [
            (row, name, lanes.submit(run, name, f"PYTHON_ENV={HOME / row.core}", f"ONE_IN={one_in}"))
            for row in rows
            if not row.left_out
            for name in names
        ]
    for row, name, part in running:
        row.parts[name] = part.result()


def prepare(release: Release, python: Path) -> None:
    """The environment of a core; it is made anew when its core, its Python or the requirements changed."""
    environment, marker = HOME / release.core, HOME / release.core / ".ready"
    wanted = f"{release.version}\n{python}\n{REQUIREMENTS.read_text(encoding='utf-8')}"
    if marker.exists() and marker.read_text(encoding="utf-8") == wanted:
        return
    shutil.rmtree(environment, ignore_errors=True)
    print(f"== making an environment for ansible-core {release.version} with {python}", flush=True)
    pip = [str(environment / "bin" / "python"), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    for command in (
        [str(python), "-m", "venv", str(environment)],
        [*pip, f"ansible-core=={release.version}", "--requirement", str(REQUIREMENTS)],
    ):
        subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    marker.write_text(wanted, encoding="utf-8")


def table(rows: list[Row], names: list[str], seconds: float) -> str:
    """What the matrix shows at its end."""
    lines = [f"{'ansible-core':<14}{'Python':<8}" + "".join(f"{name:<20}" for name in names)]
    for row in rows:
        version = row.release.version if row.release else row.core
        lines.append(f"{version:<14}{row.python:<8}" + (_cells(row, names) or f"left out: {row.left_out}"))
    broken = [row.core for row in rows if row.is_broken]
    tests = [part for row in rows for part in row.parts.values()]
    lines.append(f"\nThe matrix took {seconds:.0f} s." + (f" Not good: {', '.join(broken)}." if broken else ""))
    lines.append(
        f"matrix: {sum(not part.code for part in tests)} passed, {sum(bool(part.code) for part in tests)} failed"
    )
    return "\n".join(line.rstrip() for line in lines)


def _cells(row: Row, names: list[str]) -> str:
    return "".join(f"{_cell(row.parts[name]):<20}" for name in names if name in row.parts)


def _cell(part: Part) -> str:
    verdict = f"FAILED ({part.failed})" if part.code else f"ok ({part.passed})"
    return f"{verdict} {part.seconds:.0f} s"


def main(arguments: list[str]) -> int:
    """Test the cores, and return 1 when one failed that is not a pre-release."""
    parser = argparse.ArgumentParser(description="Test on every supported ansible-core.")
    parser.add_argument("--cores", default="", help="such as '2.16 2.21'; all when it is empty")
    parser.add_argument("--parts", required=True)
    parser.add_argument("--one-in", type=int, default=1, help="of long tests; see tests/conftest.py")
    asked = parser.parse_args(arguments)
    names, started, pythons = asked.parts.split(), time.monotonic(), find_pythons()
    print(f"Found Python {', '.join(pythons)}", flush=True)
    cores = asked.cores.split() or supported_cores()
    with ThreadPoolExecutor(LANES) as lanes:
        rows = list(lanes.map(lambda core: ready(core, pythons, bool(asked.cores)), cores))
    examine(rows, names, asked.one_in)
    print("\n" + table(rows, names, time.monotonic() - started))
    return int(not any(row.parts for row in rows) or any(row.is_broken for row in rows))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
