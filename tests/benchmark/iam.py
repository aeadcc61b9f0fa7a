# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How long jobs take beside what a user would otherwise run, against the emulator with a latency.

python tests/benchmark/iam.py [--turns N] [--write docs/benchmarks.md] [WORD ...]     only jobs whose name has a WORD

Ours and the others run in turn, each as a process of its own with everything that it needs to start. Times are wall
time; the table has medians and ratios. See others/ for what they are.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import NewKey, draw_key_value
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import open_client
from ansible_collections.cloudkeys.ibmcloud.tests.faults.iam_server import IamServer, serve
from ansible_collections.cloudkeys.ibmcloud.tests.faults.slots import make_due
from ansible_collections.cloudkeys.ibmcloud.tests.faults.workplace import QUIET, VAULT_PASSWORD, Workplace

HERE = Path(__file__).resolve().parent
LATENCY_MS = 50
Command = list[str]


class Bench:
    """The emulator and a folder; everything between two runs happens without latency."""

    def __init__(self, server: IamServer, folder: Path):
        self.server = server
        self.folder = folder
        self.client = open_client({"api_key": server.api_key, "iam_endpoint": server.url}, {}, lambda secret: None)
        (folder / "password").write_text(VAULT_PASSWORD, encoding="utf-8")

    def environ(self) -> dict[str, str]:
        login = {"IBMCLOUD_API_KEY": self.server.api_key, "IBMCLOUD_IAM_API_ENDPOINT": self.server.url}
        return {
            **os.environ,
            **QUIET,
            **login,
            "BENCHMARK_ACCOUNT_ID": self.server.account_id,
            "HOME": str(self.folder),
        }

    def fresh(self) -> None:
        self.server.steer("reset")
        self.client = open_client(
            {"api_key": self.server.api_key, "iam_endpoint": self.server.url}, {}, lambda secret: None
        )

    def owners(self, count: int) -> list[str]:
        """The IAM IDs of so many new service IDs."""
        account_id = self.server.account_id
        return [self.client.service_ids.create(f"s{n:04}", account_id, description=None).iam_id for n in range(count)]

    def make(self, wishes: t.Iterable[tuple[str, str]]) -> None:
        for iam_id, name in wishes:
            self.client.api_keys.create(NewKey(name, iam_id, self.server.account_id, draw_key_value()))

    def write(self, name: str, content: t.Any) -> str:
        path = self.folder / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return str(path)


@dataclass
class Job:
    """`prepare` sets the scene and returns the commands by name, ours as `ours`. `reach` is the ratio to stay in."""

    name: str
    prepare: t.Callable[[Bench], dict[str, Command]]
    reach: dict[str, float]
    trips: str
    latency_ms: int = LATENCY_MS
    seconds: dict[str, list[float]] = field(default_factory=dict)


def play(bench: Bench, name: str, tasks: t.Any, **variables: t.Any) -> Command:
    plays = [{"hosts": "localhost", "connection": "local", "gather_facts": False, "vars": variables, "tasks": tasks}]
    return ["ansible-playbook", bench.write(name, plays)]


def wishes_of(owners: t.Sequence[str], count: int) -> list[tuple[str, str]]:
    return [(owners[number % len(owners)], f"key-{number:03}") for number in range(count)]


def keys_job(is_there: bool) -> t.Callable[[Bench], dict[str, Command]]:
    def prepare(bench: Bench) -> dict[str, Command]:
        bench.fresh()
        wishes = wishes_of(bench.owners(10), 200)
        if is_there:
            bench.make(wishes)
        given = bench.write("wishes.json", wishes)
        keys = [{"iam_id": iam_id, "name": name, "discard_value": True} for iam_id, name in wishes]
        script = [sys.executable, str(HERE / "others/sdk_keys.py"), given]
        commands = {
            "ours": play(bench, "bulk.json", [{"cloudkeys.ibmcloud.iam_api_key_bulk": {"keys": keys}}]),
            "SDK script": [*script, "1"],
            "SDK, 8 threads": [*script, "8"],
        }
        uri = [
            "ansible-playbook",
            str(HERE / "others/uri.yml"),
            "-e",
            f"@{bench.write('vars.json', {'wishes': wishes})}",
        ]
        return commands if is_there else {**commands, "uri playbook": uri}

    return prepare


def rotate_job(slots: int, owners: int) -> t.Callable[[Bench], dict[str, Command]]:
    def prepare(bench: Bench) -> dict[str, Command]:
        bench.fresh()
        place = Path(tempfile.mkdtemp(dir=bench.folder))
        workplace = Workplace(place, bench.server)
        wishes = [
            {"name": name.replace("-", "_"), "file": str(workplace.vault_file), "iam_id": iam_id, "key_name": name}
            for iam_id, name in wishes_of(bench.owners(owners), slots)
        ]
        make_due(workplace, bench.client, wishes)
        zero = {
            f"rotate_api_keys_{name}": 0 for name in ("overlap_hours", "soak_hours", "settle_seconds", "quiet_hours")
        }
        chosen = {"rotate_api_keys_slots": wishes, "rotate_api_keys_batch_size": slots, **zero}
        given, password = bench.write("slots.json", chosen), str(bench.folder / "password")
        ours = ["ansible-playbook", "cloudkeys.ibmcloud.rotate", "--vault-id", f"test@{password}", "-e", f"@{given}"]
        script = [sys.executable, str(HERE / "others/sdk_rotate.py"), bench.write("wishes.json", wishes)]
        return {"ours": ours, "SDK script": [*script, str(place / "out.yml"), password]}

    return prepare


def list_job(bench: Bench) -> dict[str, Command]:
    if not bench.folder.joinpath("listed").exists():
        bench.fresh()
        for owner in bench.owners(2000):
            bench.make((owner, f"key-{number:02}") for number in range(20))
        bench.write("listed", "")
    tasks = [{"cloudkeys.ibmcloud.iam_api_key_info": {"scope": "account"}, "register": "found", "no_log": True}]
    return {"ours": play(bench, "list.json", tasks), "400 requests": [sys.executable, str(HERE / "others/pages.py")]}


def loop_job(bench: Bench) -> dict[str, Command]:
    bench.fresh()
    (owner,) = bench.owners(1)
    names = [f"key-{number:02}" for number in range(10)]
    bench.make((owner, name) for name in names)
    task = {"cloudkeys.ibmcloud.iam_api_key": {"iam_id": owner, "name": "{{ item }}"}, "loop": names * 5}
    command = play(bench, "loop.json", [task])
    return {"ours": command, "as shipped modules": ["env", "CLOUDKEYS_IN_PROCESS=0", *command]}


JOBS = [
    Job("200 keys over 10 identities, all there", keys_job(True), {"SDK script": 0.5}, "2 and the start of Ansible"),
    Job(
        "200 keys over 10 identities, all missing",
        keys_job(False),
        {"SDK script": 0.2, "uri playbook": 0.05},
        "2 + 200 / 8 and the start of Ansible",
    ),
    Job("rotate 200 slots over 20 identities", rotate_job(200, 20), {"SDK script": 0.25}, "see below"),
    Job("rotate 50 slots over 5 identities", rotate_job(50, 5), {}, "see below"),
    Job("rotate 400 slots over 40 identities", rotate_job(400, 40), {}, "see below"),
    Job("list an account of 40,000 keys", list_job, {"400 requests": 1.1}, "401 and the start of Ansible"),
    Job("loop of 50 single-key tasks, no change", loop_job, {"as shipped modules": 0.3}, "51 and the start of Ansible"),
    Job("the same without latency", loop_job, {"as shipped modules": 0.1}, "the start of Ansible", latency_ms=0),
]


def run(bench: Bench, job: Job, turns: int) -> None:
    """Each command in turn; the scene is set anew before each one."""
    for turn in range(turns):
        names = list(job.prepare(bench))
        for name in names if turn % 2 == 0 else reversed(names):
            command = job.prepare(bench)[name]
            bench.server.steer("latency", {"milliseconds": job.latency_ms})
            started = time.monotonic()
            done = subprocess.run(
                command,
                check=False,
                env=bench.environ(),
                cwd=bench.folder,
                capture_output=True,
                text=True,
                stdin=subprocess.DEVNULL,
            )
            job.seconds.setdefault(name, []).append(time.monotonic() - started)
            bench.server.steer("latency", {"milliseconds": 0})
            if done.returncode:
                raise SystemExit(f"{job.name}, {name}: {done.stdout[-2000:]}{done.stderr[-2000:]}")


def lines_of(job: Job) -> t.Iterator[str]:
    ours = statistics.median(job.seconds["ours"])
    for name, seconds in job.seconds.items():
        median = statistics.median(seconds)
        ratio = "" if name == "ours" else f"{ours / median:.2f}"
        reach = f"{job.reach[name]:g}" if name in job.reach else ""
        yield f"| {job.name} | {name} | {median:.2f} s | {ratio} | {reach} |"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("words", nargs="*")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--write", type=Path)
    asked = parser.parse_args()
    jobs = [job for job in JOBS if not asked.words or any(word in job.name for word in asked.words)]
    table = ["| job | way | median | ours / this | reach |", "|---|---|---|---|---|"]
    with serve() as server, tempfile.TemporaryDirectory() as folder:
        bench = Bench(server, Path(folder))
        for job in jobs:
            run(bench, job, asked.turns)
            table += lines_of(job)
            print("\n".join(lines_of(job)), flush=True)
    largest_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    text = "\n".join([*table, "", f"The largest process had {largest_mb:.0f} MB."])
    print(f"\n{text}")
    if asked.write:
        asked.write.write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
