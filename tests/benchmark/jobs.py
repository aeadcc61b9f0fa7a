# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The jobs of the benchmark: for each the scene, our way, the other ways, and what no way can undercut."""

from __future__ import annotations

import json
import math
import os
import sys
import tempfile
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import NewKey, draw_key_value
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import open_client
from ansible_collections.cloudkeys.ibmcloud.tests.faults.iam_server import IamServer
from ansible_collections.cloudkeys.ibmcloud.tests.faults.slots import make_due
from ansible_collections.cloudkeys.ibmcloud.tests.faults.workplace import QUIET, VAULT_PASSWORD, Workplace

OTHERS = Path(__file__).resolve().parent / "others"
LATENCY_MS = 50
# What `concurrency: auto` widens to.
CONCURRENCY = 32
MORE_CONCURRENCY = 24
OURS = "ours"
OURS_WIDER = f"ours, concurrency {MORE_CONCURRENCY}"
Command = list[str]


class Bench:
    """The emulator and a folder; everything between two runs happens without latency."""

    def __init__(self, server: IamServer, folder: Path) -> None:
        self.server = server
        self.folder = folder
        self.connect()
        (folder / "password").write_text(VAULT_PASSWORD, encoding="utf-8")

    def environ(self) -> dict[str, str]:
        login = {"IBMCLOUD_API_KEY": self.server.api_key, "IBMCLOUD_IAM_API_ENDPOINT": self.server.url}
        account = {"BENCHMARK_ACCOUNT_ID": self.server.account_id}
        return {**os.environ, **QUIET, **login, **account, "HOME": str(self.folder)}

    def connect(self) -> None:
        login = {"api_key": self.server.api_key, "iam_endpoint": self.server.url}
        self.client = open_client(login, {}, lambda secret: None)

    def fresh(self) -> None:
        self.server.steer("reset")
        self.connect()

    def owners(self, count: int) -> list[str]:
        """The IAM IDs of so many new service IDs."""
        account_id = self.server.account_id
        return [self.client.service_ids.create(f"s{n:04}", account_id, description=None).iam_id for n in range(count)]

    def make(self, wishes: t.Iterable[tuple[str, str]]) -> None:
        for iam_id, name in wishes:
            self.client.api_keys.create(NewKey(name, iam_id, self.server.account_id, draw_key_value()))

    def write(self, name: str, content: t.Any) -> str:
        path = self.folder / name
        path.write_text(json.dumps(content), encoding="utf-8")
        return str(path)

    def play(self, name: str, tasks: t.Any) -> Command:
        plays = [{"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}]
        return ["ansible-playbook", self.write(name, plays)]


@dataclass
class Job:
    """`prepare` sets the scene for one of the `ways` and returns its command.

    `reach` is the ratio to stay in, by way. `trips` are the round trips of our way that have to wait for one another,
    beside those of `seals`, the values that it encrypts.
    """

    name: str
    ways: tuple[str, ...]
    prepare: t.Callable[[Bench, str], Command]
    reach: dict[str, float] = field(default_factory=dict)
    trips: int = 0
    seals: int = 0
    latency_ms: int = LATENCY_MS
    seconds: dict[str, list[float]] = field(default_factory=dict)
    megabytes: dict[str, float] = field(default_factory=dict)


def turns(requests: int, concurrency: int = CONCURRENCY) -> int:
    """How many round trips so many requests take that do not depend on each other."""
    return math.ceil(requests / concurrency)


def wishes_of(owners: t.Sequence[str], count: int) -> list[tuple[str, str]]:
    return [(owners[number % len(owners)], f"key-{number:03}") for number in range(count)]


def empty_play(bench: Bench, way: str) -> Command:
    return bench.play("empty.json", [{"ansible.builtin.debug": {"msg": "nothing"}}])


def keys_job(name: str, *, is_there: bool, ways: tuple[str, ...], **words: t.Any) -> Job:
    def prepare(bench: Bench, way: str) -> Command:
        bench.fresh()
        wishes = wishes_of(bench.owners(10), 200)
        if is_there:
            bench.make(wishes)
        if way == OURS:
            keys = [{"iam_id": iam_id, "name": name, "discard_value": True} for iam_id, name in wishes]
            return bench.play("bulk.json", [{"cloudkeys.ibmcloud.iam_api_key_bulk": {"keys": keys}}])
        if way == "uri playbook":
            given = bench.write("vars.json", {"wishes": wishes})
            return ["ansible-playbook", str(OTHERS / "uri.yml"), "-e", f"@{given}"]
        threads = "8" if way == "SDK, 8 threads" else "1"
        return [sys.executable, str(OTHERS / "sdk_keys.py"), bench.write("wishes.json", wishes), threads]

    return Job(name, (OURS, *ways), prepare, **words)


def rotate_job(slots: int, owners: int, ways: tuple[str, ...] = (), **words: t.Any) -> Job:
    def prepare(bench: Bench, way: str) -> Command:
        bench.fresh()
        place = Path(tempfile.mkdtemp(dir=bench.folder))
        workplace = Workplace(place, bench.server)
        wishes = [
            {"name": name.replace("-", "_"), "file": str(workplace.vault_file), "iam_id": iam_id, "key_name": name}
            for iam_id, name in wishes_of(bench.owners(owners), slots)
        ]
        make_due(workplace, bench.client, wishes)
        password = str(bench.folder / "password")
        if way == "SDK script":
            given = bench.write("wishes.json", wishes)
            return [sys.executable, str(OTHERS / "sdk_rotate.py"), given, str(place / "out.yml"), password]
        zero = ("overlap_hours", "soak_hours", "settle_seconds", "quiet_hours")
        chosen = {
            "rotate_api_keys_slots": wishes,
            "rotate_api_keys_batch_size": slots,
            "rotate_api_keys_concurrency": MORE_CONCURRENCY if way == OURS_WIDER else "auto",
            **{f"rotate_api_keys_{name}": 0 for name in zero},
        }
        given = bench.write("slots.json", chosen)
        return ["ansible-playbook", "cloudkeys.ibmcloud.rotate", "--vault-id", f"test@{password}", "-e", f"@{given}"]

    # A list of each owner five times; then for each slot: look behind the variable, create, log in, name, disable,
    # delete.
    trips = 2 + 5 * turns(owners) + 6 * turns(slots)
    name = f"rotate {slots} slots over {owners} identities"
    return Job(name, (OURS, *ways), prepare, trips=trips, seals=slots, **words)


def list_account(bench: Bench, way: str) -> Command:
    if not (bench.folder / "listed").exists():
        bench.fresh()
        for owner in bench.owners(2000):
            bench.make((owner, f"key-{number:02}") for number in range(20))
        bench.write("listed", "")
    if way != OURS:
        return [sys.executable, str(OTHERS / "pages.py")]
    task = {"cloudkeys.ibmcloud.iam_api_key_info": {"scope": "account"}, "register": "found", "no_log": True}
    return bench.play("list.json", [task])


def loop_job(name: str, reach: float, latency_ms: int = LATENCY_MS) -> Job:
    def prepare(bench: Bench, way: str) -> Command:
        bench.fresh()
        (owner,) = bench.owners(1)
        names = [f"key-{number:02}" for number in range(10)]
        bench.make((owner, name) for name in names)
        task = {"cloudkeys.ibmcloud.iam_api_key": {"iam_id": owner, "name": "{{ item }}"}, "loop": names * 5}
        command = bench.play("loop.json", [task])
        return command if way == OURS else ["env", "CLOUDKEYS_IN_PROCESS=0", *command]

    shipped = "as shipped modules"
    return Job(name, (OURS, shipped), prepare, reach={shipped: reach}, trips=1 + 50, latency_ms=latency_ms)


START = Job("the start of Ansible: an empty play", (OURS,), empty_play)
JOBS = [
    keys_job(
        "200 keys over 10 identities, all there",
        is_there=True,
        ways=("SDK script", "SDK, 8 threads"),
        reach={"SDK script": 0.5},
        trips=1 + turns(10),
    ),
    keys_job(
        "200 keys over 10 identities, all missing",
        is_there=False,
        ways=("SDK script", "SDK, 8 threads", "uri playbook"),
        reach={"SDK script": 0.2, "uri playbook": 0.05},
        trips=1 + turns(10) + turns(200),
    ),
    rotate_job(200, 20, (OURS_WIDER, "SDK script"), reach={"SDK script": 0.25}),
    rotate_job(50, 5),
    rotate_job(400, 40),
    Job(
        "list an account of 40,000 keys",
        (OURS, "400 requests"),
        list_account,
        reach={"400 requests": 1.1},
        trips=1 + 400,
    ),
    loop_job("loop of 50 single-key tasks, no change", 0.3),
    loop_job("the same without latency", 0.1, latency_ms=0),
]
