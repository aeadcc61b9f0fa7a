# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run parts of `make test` two at a time, and say at the end how each one went.

python tests/tools/parts.py lint types unit        a failure does not keep the later parts from running
python tests/tools/parts.py "fuzz EXAMPLES=500" kills ONE_IN=4      variables of one part, and of all of them

Half of them wait for processes most of the time, so two at a time suit two cores. Name the longest first.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import threading
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

LANES = 2
ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True)
class Part:
    """How one part went; `slice` says how many of its long tests were tried, when not all were."""

    name: str
    seconds: float
    code: int
    passed: int
    failed: int
    slice: str = ""

    def __str__(self) -> str:
        verdict = "FAILED" if self.code else "ok"
        tests = f"{self.passed} passed, {self.failed} failed" if self.passed or self.failed else ""
        sliced = f"; {self.slice}" if self.slice else ""
        return f"  {self.name:<12} {verdict:<7} {self.seconds:6.1f} s   {tests}{sliced}".rstrip()


def run_part(name: str, *variables: str) -> Part:
    """Run `make NAME VARIABLES`, show its output when it is through, and count what it reports."""
    words = " ".join(["make", name, *variables])
    print(f"== {words} begins", flush=True)
    started = time.monotonic()
    command = ["make", "--no-print-directory", name, *variables]
    # A part may show what it found in a file that is no text.
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False
    )
    seconds = time.monotonic() - started
    with ONE_AT_A_TIME:
        print(f"\n== {words}\n{done.stdout}", flush=True)
    passed, failed = count(done.stdout.splitlines())
    return Part(name, seconds, done.returncode, passed, failed, slice_told(done.stdout))


def slice_told(text: str) -> str:
    """What tests/conftest.py says at the end of a suite of which it has left something out."""
    told = re.search(r"^One in \d+, as of \S+: (\d+ of \d+ long tests)", text, re.MULTILINE)
    return told[1] if told else ""


def count(lines: t.Iterable[str]) -> tuple[int, int]:
    """Add up the lines that say how many tests passed, failed or broke."""
    numbers = {"passed": 0, "failed": 0, "error": 0}
    for line in lines:
        if re.search(r"\d (passed|failed|errors?)\b.*( in [\d.]+s|, \d+ failed$)", line):
            for number, word in re.findall(r"(\d+) (passed|failed|error)", line):
                numbers[word] += int(number)
    return numbers["passed"], numbers["failed"] + numbers["error"]


def split(arguments: t.Iterable[str]) -> list[list[str]]:
    """The words of each part: what is meant for all stands alone, and gives way to what a part says itself."""
    words = [part for part in map(shlex.split, arguments) if part]
    for_all = [word for part in words if "=" in part[0] for word in part]
    return [[part[0], *for_all, *part[1:]] for part in words if "=" not in part[0]]


def known_parts() -> set[str]:
    """The targets of the Makefile; make calls any file that exists a target, and is content with it."""
    return set(re.findall(r"^([a-z][a-z-]*):", Path("Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def main(*arguments: str) -> int:
    """Run the parts, and return 1 when one of them failed."""
    started = time.monotonic()
    asked = split(arguments)
    if unknown := sorted({part[0] for part in asked} - known_parts()):
        sys.exit(f"Nothing was run: the Makefile has no {', '.join(unknown)}.")
    if not asked:
        sys.exit("Nothing was run: name a part.")
    with ThreadPoolExecutor(LANES) as lanes:
        parts = list(lanes.map(lambda words: run_part(*words), asked))
    broken = [part.name for part in parts if part.code]
    total = Part("together", time.monotonic() - started, len(broken), 0, 0)
    print("", *parts, total, sep="\n")
    tests = sum(part.passed for part in parts), sum(part.failed for part in parts)
    print(f"\n{tests[0]} passed, {tests[1]} failed" + (f" (see {', '.join(broken)})" if broken else ""))
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
