# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How long jobs take beside what a user would otherwise run, against the emulator with a latency.

python tests/benchmark/iam.py [--turns N] [--write PAGE] [WORD ...]     only jobs whose name has a WORD

Ours and the others run in turn, each as a process of its own with everything that it needs to start. Times are wall
time. `--write` puts the tables into a page, between its two marks. See others/ for what the other ways are.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import typing as t
from pathlib import Path

from ansible.parsing.vault import VaultLib, VaultSecret
from ansible.release import __version__ as core_version
from ansible_collections.cloudkeys.ibmcloud.tests.faults.iam_server import serve
from jobs import JOBS, OURS, OURS_WIDER, SDK, SDK_START, START, Bench, Command, Job

BEGIN, END = "<!-- begin: make bench -->\n", "<!-- end: make bench -->\n"
TABLES = ("| job | way", "| job | round trips")
STARTS = (*TABLES, "From ", "Without latency ", "At rest ", "Less ", "Shipped ")
ALL_THERE = "200 keys over 10 identities, all there"
MEASURED = Path(__file__).resolve().parent / "measured.py"
SEALS = 50
SHIPPED = {
    "ansible.builtin.ping": "data=pong",
    "ansible.builtin.uri": "url=http://127.0.0.1:1",
    "cloudkeys.ibmcloud.iam_caller_info": "token=none",
    "cloudkeys.ibmcloud.iam_api_key_info": "token=none",
    "cloudkeys.ibmcloud.iam_api_key": "token=none name=any state=absent",
}


def run(bench: Bench, job: Job, turns: int) -> None:
    """Each way in turn; the scene is set anew before each one."""
    for turn in range(min(turns, job.most_turns)):
        ways = [way for way in job.ways if turn == 0 or way not in job.once]
        for way in ways if turn % 2 == 0 else reversed(ways):
            command = job.prepare(bench, way)
            bench.server.steer("latency", {"milliseconds": job.latency_ms})
            seconds, megabytes = measure(bench, command, of_processor=job.of_processor)
            bench.server.steer("latency", {"milliseconds": 0})
            job.seconds.setdefault(way, []).append(seconds)
            job.megabytes[way] = max(megabytes, job.megabytes.get(way, 0))


def measure(bench: Bench, command: Command, *, of_processor: bool = False) -> tuple[float, float]:
    """Wall time of a command in seconds, or that of processors, and the memory in MB of its largest process."""
    took = bench.folder / "took.json"
    with tempfile.TemporaryFile("w+", dir=bench.folder) as output:
        done = subprocess.run(
            [sys.executable, str(MEASURED), str(took), *command],
            env=bench.environ(),
            cwd=bench.folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
        if done.returncode:
            output.seek(0)
            raise SystemExit(f"{' '.join(command)}: {output.read()[-3000:]}")
    found = json.loads(took.read_text(encoding="utf-8"))
    return found["processor_seconds" if of_processor else "seconds"], found["megabytes"]


def payloads(bench: Bench) -> str:
    """What is shipped when a module is, in kilobytes; whether its task succeeds does not matter."""
    sizes = []
    for module, options in SHIPPED.items():
        place = Path(tempfile.mkdtemp(dir=bench.folder))
        keep = {"ANSIBLE_KEEP_REMOTE_FILES": "1", "ANSIBLE_REMOTE_TMP": str(place), "CLOUDKEYS_IN_PROCESS": "0"}
        command = ["ansible", "localhost", "-m", module, "-a", options]
        subprocess.run(command, env={**bench.environ(), **keep}, capture_output=True, check=False)
        (shipped,) = place.rglob("AnsiballZ_*.py")
        sizes.append(f"{module.rpartition('.')[2]} {shipped.stat().st_size / 1000:.0f} KB")
    return f"Shipped as a module: {', '.join(sizes)}."


def seconds_of_one_seal() -> float:
    vault, secret = VaultLib([]), VaultSecret(b"password of the benchmark")
    started = time.monotonic()
    for number in range(SEALS):
        vault.encrypt(b"value", secret=secret, vault_id="test", salt=b"%032d" % number)
    return (time.monotonic() - started) / SEALS


def median(job: Job, way: str = OURS) -> float:
    return statistics.median(job.seconds[way])


def rows_of(job: Job) -> t.Iterator[str]:
    for way in job.ways:
        mine = [each for each in (OURS, OURS_WIDER) if each in job.ways]
        ratio = "" if way in mine else "; ".join(f"{median(job, each) / median(job, way):.2f}" for each in mine)
        reach = f"{job.reach[way]:g}" if way in job.reach else ""
        if way == OURS and job.reach_megabytes:
            reach = f"{job.reach_megabytes:g} MB"
        yield f"| {job.name} | {way} | {median(job, way):.2f} s | {ratio} | {reach} | {job.megabytes[way]:.0f} MB |"


def limit_of(job: Job, start_seconds: float, seal_seconds: float) -> str:
    """What our way cannot undercut, and how far it is from that."""
    limit = start_seconds + job.trips * job.latency_ms / 1000 + job.seals * seal_seconds
    ours = median(job)
    return f"| {job.name} | {job.trips} | {job.seals} | {limit:.2f} s | {ours:.2f} s | {ours / limit:.1f} |"


def growth(jobs: t.Sequence[Job]) -> t.Iterator[str]:
    """How rotations grow with the slots, beside a straight line through the start of Ansible."""
    rotations = sorted((job for job in jobs if job.seals and job.latency_ms), key=lambda job: job.seals)
    if len(rotations) > 1:
        small, large = rotations[0], rotations[-1]
        start = median(START)
        straight = start + (median(small) - start) * large.seals / small.seals
        yield (
            f"From {small.seals} to {large.seals} slots: {median(small):.2f} s to {median(large):.2f} s, "
            f"{median(large) / straight:.2f} of what a straight line from the start of Ansible would be (reach 1.2)."
        )


def share_of_a_slot(jobs: t.Sequence[Job]) -> t.Iterator[str]:
    """What a slot costs where no latency hides anything."""
    start = median(START)
    rotations = {job.seals: (median(job) - start) / job.seals for job in jobs if job.seals and not job.latency_ms}
    if {200, 1000} <= rotations.keys():
        few, many = rotations[200] * 1000, rotations[1000] * 1000
        yield (
            f"Without latency a slot takes {few:.0f} ms in a rotation of 200, less the start of Ansible, and "
            f"{many:.0f} ms in one of 1,000: {many / few:.2f} of it (reach 1.0)."
        )


def memory_at_rest(jobs: t.Sequence[Job]) -> t.Iterator[str]:
    """Whether the memory of an idle run grows faster than the slots."""
    at_rest = [job.megabytes[OURS] for job in jobs if job.name.endswith("slots at rest in one file")]
    if len(at_rest) > 1:
        few, many = at_rest
        yield (
            f"At rest 1,000 slots took {few:.0f} MB and 2,000 slots {many:.0f} MB, {many / few:.2f} times as much "
            "(reach 2.0)."
        )


def without_starts(jobs: t.Sequence[Job]) -> t.Iterator[str]:
    """The job with the least to do, less what each way needs to start."""
    for job in jobs:
        if job.name == ALL_THERE:
            ours, script = median(job) - median(START), median(job, SDK) - median(SDK_START, SDK)
            yield (
                f"Less the start of an empty play, 200 keys that are all there took {ours:.2f} s, and the SDK script "
                f"less its imports {script:.2f} s: {ours / script:.2f} of it (reach 1.0)."
            )


def report(jobs: t.Sequence[Job], turns: int) -> str:
    seal = seconds_of_one_seal()
    table = ["| job | way | median | ours / this | reach | memory |", "|---|---|---|---|---|---|"]
    limits = [
        "| job | round trips in a row | encryptions | limit | ours | ours / limit |",
        "|---|---|---|---|---|---|",
    ]
    machine = (
        f"Up to {turns} turns (of long jobs one or two) on {os.cpu_count()} cores ({platform.machine()}), "
        f"Python {platform.python_version()}, "
        f"ansible-core {core_version}. An empty play took {median(START):.2f} s, one encryption {seal * 1000:.1f} ms."
    )
    for job in jobs:
        table += rows_of(job)
        if not job.of_processor:
            limits.append(limit_of(job, median(START), seal))
    lines = [*growth(jobs), *share_of_a_slot(jobs), *memory_at_rest(jobs), *without_starts(jobs)]
    return "\n\n".join([machine, "\n".join(table), "\n".join(limits), *lines]) + "\n"


def write(page: Path, text: str, *, is_partial: bool) -> None:
    """Put a report into a page; rows of jobs that did not run, which are compared in themselves, stay as they are."""
    before, _mark, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    old, _mark, after = rest.partition(END)
    was, now = paragraphs(old), paragraphs(text)
    # It tells of the machine when most of the rows were measured.
    now[""] = was.get("", now[""]) if is_partial else now[""]
    for table in TABLES:
        now[table] = merged(was.get(table, ""), now[table])
    kept = (now.get(start) or was.get(start) for start in ("", *STARTS))
    text = "\n\n".join(part for part in kept if part)
    page.write_text(f"{before}{BEGIN}\n{text}\n\n{END}{after}", encoding="utf-8")


def paragraphs(text: str) -> dict[str, str]:
    """The parts of a report by how they begin."""
    found = [part.strip() for part in text.split("\n\n") if part.strip()]
    return {next((start for start in STARTS if part.startswith(start)), ""): part for part in found}


def merged(old: str, new: str) -> str:
    """A table with the new rows of each job, else the old ones."""
    rows: dict[str, list[str]] = {}
    for table in (old, new):
        found: dict[str, list[str]] = {}
        for line in table.splitlines()[2:]:
            found.setdefault(line.split(" | ")[0], []).append(line)
        rows.update(found)
    names = [f"| {job.name}" for job in JOBS]
    return "\n".join([*new.splitlines()[:2], *(row for name in names for row in rows.get(name, []))])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("words", nargs="*")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--write", type=Path)
    asked = parser.parse_args()
    jobs = [job for job in JOBS if not asked.words or any(word in job.name for word in asked.words)]
    with serve() as server, tempfile.TemporaryDirectory() as folder:
        bench = Bench(server, Path(folder))
        for job in (START, SDK_START, *jobs):
            run(bench, job, asked.turns)
            print("\n".join(rows_of(job)), flush=True)
        text = f"{report(jobs, asked.turns)}\n{payloads(bench)}\n"
    print(f"\n{text}")
    if asked.write:
        write(asked.write, text, is_partial=bool(asked.words))
    return 0


if __name__ == "__main__":
    sys.exit(main())
