# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An emulator that passes for a real account, with what others have in it, and one run against it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import requests

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / "tests/tools"
LONGEST_WAIT_SECONDS = 900
# As many as the settings of any test let show what was before.
LISTS_THAT_LAG = 3
THEIRS = ("theirs", "cloudkeys-liveliness", "cloudkeys-live-team", "cloudkeys-live-0a1b2cx")
APIKEY_GRANT = "urn:ibm:params:oauth:grant-type:apikey"


class Account:
    """A sealed emulator, seen with nothing but requests."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        announced = json.loads(t.cast(t.IO[str], process.stdout).readline())
        self.process = process
        self.url, self.account_id = announced["url"], announced["account_id"]
        self.iam_id, self.api_key = announced["iam_id"], announced["api_key"]
        for name in THEIRS:
            self.ask("POST", "apikeys", {"name": name, "iam_id": self.iam_id})
            robot = self.ask("POST", "serviceids", {"name": name, "account_id": self.account_id})
            self.ask("POST", "apikeys", {"name": name, "iam_id": robot["iam_id"]})

    def ask(self, method: str, path: str, body: t.Any = None) -> t.Any:
        form = {"grant_type": APIKEY_GRANT, "apikey": self.api_key}
        token = requests.post(f"{self.url}/identity/token", data=form, timeout=30).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        answer = requests.request(method, f"{self.url}/v1/{path}", json=body, headers=headers, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def contents(self) -> list[tuple[str, ...]]:
        """Every key, service ID and group with its version, which any change of it changes."""
        for _look in range(LISTS_THAT_LAG):
            self.ask("GET", f"apikeys?account_id={self.account_id}&scope=account&pagesize=100")
        keys = self.ask("GET", f"apikeys?account_id={self.account_id}&scope=account&pagesize=100")["apikeys"]
        robots = self.ask("GET", f"serviceids?account_id={self.account_id}&pagesize=100")["serviceids"]
        groups = self.ask("GET", f"serviceid_groups?account_id={self.account_id}")["serviceid_groups"]
        return sorted((each["id"], each["name"], each["entity_tag"]) for each in (*keys, *robots, *groups))

    def names_of_ours(self) -> list[str]:
        return [name for _id, name, _tag in self.contents() if re.match(r"cloudkeys-live-[0-9a-f]{6}-", name)]


@contextlib.contextmanager
def sealed_account(**settings: t.Any) -> t.Iterator[Account]:
    """An account behind an emulator that nobody can steer, with these settings of the emulator."""
    command = [sys.executable, "-m", "iam_emulator", "--port", "0", "--sealed", "--settings", json.dumps(settings)]
    environ = {**os.environ, "PYTHONPATH": str(ROOT / "tests/emulator")}
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Account(process)
        finally:
            process.terminate()


class Run:
    """One `make live`, or another tool beside it; what it prints goes to a file."""

    tool = "live.py"

    def __init__(
        self,
        output: Path,
        account: Account,
        *words: str,
        answer: str = "",
        with_reader: bool = False,
        **variables: str,
    ) -> None:
        self._output = output
        self._reader = subprocess.Popen(["cat"], stdin=subprocess.PIPE) if with_reader else None
        login = {"IBMCLOUD_API_KEY": account.api_key, "IBMCLOUD_IAM_API_ENDPOINT": account.url}
        with output.open("w") as stream:
            self.process = subprocess.Popen(
                [sys.executable, str(TOOLS / self.tool), *words],
                env={**os.environ, **login, **variables},
                stdin=subprocess.PIPE,
                stdout=self._reader.stdin if self._reader else stream,
                stderr=subprocess.STDOUT,
                text=True,
            )
        t.cast(t.IO[str], self.process.stdin).write(answer)
        t.cast(t.IO[str], self.process.stdin).close()

    def stop_reading(self) -> None:
        """Nobody reads what it prints from now on."""
        if self._reader:
            self._reader.kill()
            self._reader.wait()

    def wait(self) -> int:
        return self.process.wait(LONGEST_WAIT_SECONDS)

    @property
    def output(self) -> str:
        return self._output.read_text(encoding="utf-8")

    def kill_all(self) -> None:
        """SIGKILL to it and to everything that it started, as when the machine goes down."""
        for pid in [self.process.pid, *descendants(self.process.pid)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()


def name_of(run: Run) -> str:
    """The prefix that the run has told."""
    told = re.search(r"Every name begins with (\S+)-\.", run.output)
    assert told is not None, run.output
    return told[1]


def descendants(pid: int) -> list[int]:
    listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    parents = {int(child): int(parent) for child, parent in (line.split() for line in listed.splitlines())}
    children = [child for child, parent in parents.items() if parent == pid]
    return children + [found for child in children for found in descendants(child)]


def wait_until_something_is_ours(account: Account, run: Run, at_least: int = 1) -> None:
    give_up_at = time.monotonic() + LONGEST_WAIT_SECONDS
    while len(account.names_of_ours()) < at_least:
        assert run.process.poll() is None, run.output
        assert time.monotonic() < give_up_at, run.output
        time.sleep(0.3)
