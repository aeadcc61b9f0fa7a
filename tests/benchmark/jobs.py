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

from ansible.parsing.vault import VaultSecret
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import NewKey, draw_key_value
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import open_client
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.cipher import seal_with
from ansible_collections.cloudkeys.ibmcloud.tests.faults.iam_server import IamServer
from ansible_collections.cloudkeys.ibmcloud.tests.faults.slots import NINETY_ONE_DAYS_SECONDS, publish
from ansible_collections.cloudkeys.ibmcloud.tests.faults.workplace import QUIET, VAULT_ID, VAULT_PASSWORD, Workplace

OTHERS = Path(__file__).resolve().parent / "others"
LATENCY_MS = 50
# What `concurrency: auto` widens to.
CONCURRENCY = 32
MORE_CONCURRENCY = 24
OURS = "ours"
OURS_WIDER = f"ours, concurrency {MORE_CONCURRENCY}"
SDK, SDK_THREADS = "SDK script", "SDK, 8 threads"
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

    `reach` is the ratio to stay in, by way; with `of_processor` it is that of processor time. `trips` are the round
    trips of our way that have to wait for one another, beside those of `seals`, the values that it encrypts. Long jobs
    have `most_turns`; the ways that are `once` run in the first one only. `reach_megabytes` is for our own memory.
    """

    name: str
    ways: tuple[str, ...]
    prepare: t.Callable[[Bench, str], Command]
    reach: dict[str, float] = field(default_factory=dict)
    trips: int = 0
    seals: int = 0
    latency_ms: int = LATENCY_MS
    of_processor: bool = False
    most_turns: int = 3
    once: frozenset[str] = frozenset()
    reach_megabytes: float | None = None
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


def slots_of(bench: Bench, slots: int, owners: int, files: int = 1) -> tuple[Workplace, list[dict[str, t.Any]]]:
    """Slots whose first key is published, in a vault file, or in so many that are encrypted as a whole."""
    bench.fresh()
    workplace = Workplace(Path(tempfile.mkdtemp(dir=bench.folder)), bench.server)
    paths = [workplace.vault_file]
    if files > 1:
        paths = [workplace.vault_file.with_name(f"secrets-{number}.yml") for number in range(files)]
        for path in paths:
            path.write_text(seal_with(VaultSecret(VAULT_PASSWORD.encode()), b"---\n", VAULT_ID), encoding="utf-8")
    wishes = [
        {"name": name.replace("-", "_"), "file": str(paths[at % files]), "iam_id": iam_id, "key_name": name}
        for at, (iam_id, name) in enumerate(wishes_of(bench.owners(owners), slots))
    ]
    publish(workplace, bench.client, wishes)
    return workplace, wishes


def rotation(bench: Bench, **options: t.Any) -> Command:
    given = bench.write("slots.json", {f"rotate_api_keys_{name}": value for name, value in options.items()})
    vault_id = f"{VAULT_ID}@{bench.folder / 'password'}"
    return ["ansible-playbook", "cloudkeys.ibmcloud.rotate", "--vault-id", vault_id, "-e", f"@{given}"]


def idle_job(name: str, slots: int, files: int = 1) -> Job:
    """A night on which nothing is due, beside an empty play."""

    def prepare(bench: Bench, way: str) -> Command:
        if way != OURS:
            return empty_play(bench, way)
        _workplace, wishes = slots_of(bench, slots, slots // 10, files)
        return rotation(bench, slots=wishes)

    beside = "an empty play"
    trips = 1 + turns(slots // 100)
    return Job(name, (OURS, beside), prepare, reach={beside: 6}, trips=trips, latency_ms=0, most_turns=1)


def one_key(bench: Bench, way: str) -> Command:
    """One key that is there, by an ad-hoc call."""
    if way != OURS:
        return ["ansible", "localhost", "-m", "ansible.builtin.debug", "-a", "msg=nothing"]
    bench.fresh()
    (owner,) = bench.owners(1)
    bench.make([(owner, "key")])
    return ["ansible", "localhost", "-m", "cloudkeys.ibmcloud.iam_api_key", "-a", f"iam_id={owner} name=key"]


def rotate_job(slots: int, owners: int, ways: tuple[str, ...] = (), **words: t.Any) -> Job:
    def prepare(bench: Bench, way: str) -> Command:
        workplace, wishes = slots_of(bench, slots, owners)
        bench.server.steer("clock", {"advance_seconds": NINETY_ONE_DAYS_SECONDS})
        if way in (SDK, SDK_THREADS):
            given, output = bench.write("wishes.json", wishes), str(workplace.root / "out.yml")
            threads = "8" if way == SDK_THREADS else "1"
            return [
                sys.executable,
                str(OTHERS / "sdk_rotate.py"),
                given,
                output,
                str(bench.folder / "password"),
                threads,
            ]
        zero = ("overlap_hours", "soak_hours", "settle_seconds", "quiet_hours")
        return rotation(
            bench,
            slots=wishes,
            batch_size=slots,
            concurrency=MORE_CONCURRENCY if way == OURS_WIDER else "auto",
            **dict.fromkeys(zero, 0),
        )

    # A list of each owner five times; then for each slot: look behind the variable, create, log in, name, disable,
    # delete.
    trips = 2 + 5 * turns(owners) + 6 * turns(slots)
    name = f"rotate {slots} slots over {owners} identities{'' if words.get('latency_ms', 1) else ', no latency'}"
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
    words: dict[str, t.Any] = {"trips": 1 + 50, "latency_ms": latency_ms, "most_turns": 1}
    return Job(name, (OURS, shipped), prepare, reach={shipped: reach}, **words)


def imports_of_the_script(bench: Bench, way: str) -> Command:
    return [sys.executable, "-c", "import ibm_cloud_sdk_core, ibm_platform_services"]


START = Job("the start of Ansible: an empty play", (OURS,), empty_play)
SDK_START = Job("the start of the SDK script: its imports", (SDK,), imports_of_the_script)
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
        reach={"SDK script": 0.15, "SDK, 8 threads": 0.8, "uri playbook": 0.05},
        once=frozenset({"uri playbook"}),
        trips=1 + turns(10) + turns(200),
    ),
    rotate_job(200, 20, (OURS_WIDER, SDK, SDK_THREADS), reach={SDK: 0.22, SDK_THREADS: 1}, most_turns=2),
    rotate_job(50, 5),
    rotate_job(400, 40, most_turns=2),
    rotate_job(200, 20, latency_ms=0),
    rotate_job(1000, 100, latency_ms=0, most_turns=1),
    rotate_job(2000, 200, latency_ms=0, most_turns=1, reach_megabytes=250),
    idle_job("1,000 slots at rest in one file", 1000),
    idle_job("2,000 slots at rest in one file", 2000),
    idle_job("2,000 slots at rest in 20 files encrypted as a whole", 2000, files=20),
    Job(
        "one key, no change, ad hoc",
        (OURS, "`-m debug`"),
        one_key,
        reach={"`-m debug`": 1.25},
        trips=2,
        latency_ms=0,
        of_processor=True,
    ),
    Job(
        "list an account of 40,000 keys",
        (OURS, "400 requests"),
        list_account,
        reach={"400 requests": 1.05},
        trips=1 + 400,
        most_turns=1,
    ),
    loop_job("loop of 50 single-key tasks, no change", 0.3),
    loop_job("the same without latency", 0.05, latency_ms=0),
]
