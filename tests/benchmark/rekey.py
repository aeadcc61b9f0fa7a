# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a change of the vault password costs, beside `ansible-vault rekey` and a shell loop.

python tests/benchmark/rekey.py [--write docs/benchmarks.md] [--files 1000] [--values 20]

Each way is a process of its own with its whole start, on files of its own. `ansible-vault rekey` gets all files in one
command. The shell loop is what people write for values under `!vault`: one `decrypt` and one `encrypt_string` each.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
import typing as t
from dataclasses import dataclass
from pathlib import Path

from ansible.parsing.vault import VaultSecret
from ansible.release import __version__ as core_version
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.cipher import seal_with

ROOT = Path(__file__).resolve().parents[2]
OLD = VaultSecret(b"the old password")
VALUES_IN_A_FILE = 5
BEGIN, END = "<!-- begin: rekey -->", "<!-- end: rekey -->"
OURS = [
    *("ansible", "localhost", "-m", "cloudkeys.ibmcloud.ansible_vault_rekey", "-a", "paths=files from=old to=prod"),
    *("--vault-id", "old@old-password", "--vault-id", "prod@new-password"),
]
REKEY = "ansible-vault rekey --vault-id prod@old-password --new-vault-id prod@new-password files/* >/dev/null"
# The cipher text of each value, one after the other; writing it back into the YAML by hand is not counted.
LOOP = """\
for value in values/*; do
  ansible-vault decrypt --vault-id prod@old-password --output - "$value" 2>/dev/null |
    ansible-vault encrypt_string --vault-id prod@new-password --encrypt-vault-id prod --stdin-name v 2>/dev/null
done >/dev/null
"""


RESEAL = [sys.executable, str(ROOT / "tests/benchmark/others/reseal.py"), "values"]
MANY_VALUES = 1000


@dataclass(frozen=True)
class Row:
    job: str
    way: str
    seconds: float
    beside: float | None = None


def main() -> int:
    """Measure, print, and return 1 when we take longer than `ansible-vault rekey` for whole files."""
    options = parser().parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = measured(Path(folder), options.files, options.values, options.turns)
    text = "\n".join(table(rows, options.turns))
    print(text)
    if options.write:
        write(Path(options.write), text)
    whole = rows[:2]
    return int(whole[0].seconds > whole[1].seconds)


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--files", type=int, default=1000, help="how many files, whole or with five values each")
    made.add_argument("--values", type=int, default=20, help="how many values the shell loop gets")
    made.add_argument("--turns", type=int, default=3)
    made.add_argument("--write", help="the page with the table")
    return made


def measured(folder: Path, files: int, values: int, turns: int) -> list[Row]:
    ours, theirs = turn_about(folder, turns, lambda place: whole_files(place, files), OURS, ["bash", "-c", REKEY])
    job = f"{files} files encrypted as a whole"
    rows = [Row(job, "ours", ours), Row(job, "`ansible-vault rekey`", theirs, ours / theirs)]
    ours, theirs = turn_about(folder, turns, lambda place: values_of(place, values), OURS, ["bash", "-c", LOOP])
    job = f"{values} values in {-(-values // VALUES_IN_A_FILE)} files"
    rows += [Row(job, "ours", ours), Row(job, "`decrypt` and `encrypt_string`", theirs, ours / theirs)]
    ours, theirs = turn_about(folder, turns, lambda place: values_of(place, MANY_VALUES), OURS, RESEAL)
    job = f"{MANY_VALUES} values in {-(-MANY_VALUES // VALUES_IN_A_FILE)} files"
    beside = "one decryption and one encryption each, on all cores (reach 1.3)"
    rows += [Row(job, "ours", ours), Row(job, beside, theirs, ours / theirs)]
    many = files * VALUES_IN_A_FILE
    (ours,) = turn_about(folder, 1, lambda place: values_of(place, many), OURS)
    (again,) = [took(folder / "0-0", OURS)]
    return [*rows, Row(f"{many} values in {files} files", "ours", ours), Row("the same, all done", "ours", again)]


def turn_about(folder: Path, turns: int, make: t.Callable[[Path], None], *commands: list[str]) -> list[float]:
    """The median of each command, with fresh files for every turn."""
    times: list[list[float]] = [[] for _command in commands]
    for turn in range(turns):
        for number, command in enumerate(commands):
            place = folder / f"{turn}-{number}"
            subprocess.run(["rm", "-rf", str(place)], check=True)
            for name in ("files", "values"):
                (place / name).mkdir(parents=True)
            (place / "old-password").write_bytes(OLD.bytes)
            (place / "new-password").write_text("the new password", encoding="utf-8")
            make(place)
            times[number].append(took(place, command))
    return [statistics.median(each) for each in times]


def took(place: Path, command: list[str]) -> float:
    environ = {"PATH": os.environ["PATH"], "HOME": str(place), "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".build")}
    started = time.perf_counter()
    subprocess.run(command, cwd=place, env=environ, check=True, capture_output=True)
    return time.perf_counter() - started


def whole_files(place: Path, count: int) -> None:
    for number in range(count):
        (place / f"files/{number}.yml").write_text(seal_with(OLD, b"password: hunter2\n", "prod"), encoding="utf-8")


def values_of(place: Path, count: int) -> None:
    texts = [seal_with(OLD, b"hunter2", "prod") for _number in range(count)]
    for number, text in enumerate(texts):
        (place / f"values/{number}").write_text(text, encoding="utf-8")
        lines = "".join(f"      {line}\n" for line in text.splitlines())
        with open(place / f"files/{number // VALUES_IN_A_FILE}.yml", "a", encoding="utf-8") as file:
            file.write(f"variable_{number}:\n  nested:\n    - !vault |\n{lines}")


def table(rows: list[Row], turns: int) -> t.Iterator[str]:
    cores = len(os.sched_getaffinity(0))
    yield f"{turns} turns on {cores} cores, Python {sys.version.split()[0]}, ansible-core {core_version}."
    yield ""
    yield "| job | way | median | ours / this |"
    yield "|---|---|---|---|"
    for row in rows:
        beside = "" if row.beside is None else f"{row.beside:.2f}"
        yield f"| {row.job} | {row.way} | {row.seconds:.2f} s | {beside} |"


def write(page: Path, text: str) -> None:
    before, rest = page.read_text(encoding="utf-8").split(BEGIN)
    page.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.split(END)[1]}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
