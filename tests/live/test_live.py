# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`make live` against an emulator without a side channel: whatever happens to the run, the account is what it was.

The account holds what others have made, with names that look like ours and are none.
"""

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

import ansible_test
import live
import pytest
import requests
from tree import copy_checkout

ROOT = Path(__file__).resolve().parents[2]
LIVE = ROOT / "tests/tools/live.py"
LONGEST_WAIT_SECONDS = 900
THEIRS = ("theirs", "cloudkeys-liveliness", "cloudkeys-live-team", "cloudkeys-live-0a1b2cx")
APIKEY_GRANT = "urn:ibm:params:oauth:grant-type:apikey"


class Account:
    """A sealed emulator, seen with nothing but requests."""

    def __init__(self, announced: dict[str, str]) -> None:
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
        """Every key and service ID with its version, which any change of it changes."""
        keys = self.ask("GET", f"apikeys?account_id={self.account_id}&scope=account&pagesize=100")["apikeys"]
        robots = self.ask("GET", f"serviceids?account_id={self.account_id}&pagesize=100")["serviceids"]
        return sorted((each["id"], each["name"], each["entity_tag"]) for each in (*keys, *robots))

    def names_of_ours(self) -> list[str]:
        return [name for _id, name, _tag in self.contents() if re.match(r"cloudkeys-live-[0-9a-f]{6}-", name)]


@pytest.fixture
def account() -> t.Iterator[Account]:
    command = [sys.executable, "-m", "iam_emulator", "--port", "0", "--sealed"]
    environ = {**os.environ, "PYTHONPATH": str(ROOT / "tests/emulator")}
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Account(json.loads(t.cast(t.IO[str], process.stdout).readline()))
        finally:
            process.terminate()


class Run:
    """One `make live`; what it prints goes to a file."""

    def __init__(self, output: Path, account: Account, *targets: str, answer: str = "", **variables: str) -> None:
        self._output = output
        login = {"IBMCLOUD_API_KEY": account.api_key, "IBMCLOUD_IAM_API_ENDPOINT": account.url}
        with output.open("w") as stream:
            self.process = subprocess.Popen(
                [sys.executable, str(LIVE), *targets],
                env={**os.environ, **login, **variables},
                stdin=subprocess.PIPE,
                stdout=stream,
                stderr=subprocess.STDOUT,
                text=True,
            )
        t.cast(t.IO[str], self.process.stdin).write(answer)
        t.cast(t.IO[str], self.process.stdin).close()

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


def wait_until_something_is_ours(account: Account, run: Run) -> None:
    give_up_at = time.monotonic() + LONGEST_WAIT_SECONDS
    while not account.names_of_ours():
        assert run.process.poll() is None, run.output
        assert time.monotonic() < give_up_at, run.output
        time.sleep(0.3)


def test_all_targets_run_and_nothing_is_left(account: Account, tmp_path: Path) -> None:
    before = account.contents()
    run = Run(tmp_path / "output", account, LIVE="yes")
    wait_until_something_is_ours(account, run)

    assert run.wait() == 0, run.output
    assert account.contents() == before
    assert "4 passed, 0 failed" in run.output
    assert "iam_api_key_audit: it moves the clock on" in run.output
    assert "is left in the account" in run.output
    assert account.api_key not in run.output
    assert list((ROOT / ".build/tree").glob(f"{name_of(run)}*")) == []


def test_a_failure_in_the_middle_leaves_nothing(account: Account, tmp_path: Path) -> None:
    for number in range(13):
        account.ask("POST", "apikeys", {"name": f"full {number}", "iam_id": account.iam_id})
    before = account.contents()
    run = Run(tmp_path / "output", account, "iam_api_key", LIVE="yes")
    wait_until_something_is_ours(account, run)

    assert run.wait() == 1, run.output
    assert "0 passed, 1 failed" in run.output
    assert "20 keys" in run.output or "BXNIM0151E" in run.output
    assert account.contents() == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_nothing(account: Account, tmp_path: Path, number: signal.Signals) -> None:
    before = account.contents()
    run = Run(tmp_path / "output", account, "iam_service_id", LIVE="yes")
    wait_until_something_is_ours(account, run)
    run.process.send_signal(number)

    assert run.wait() != 0
    assert account.contents() == before, run.output


def test_what_a_killed_run_left_is_told_and_removed_after_the_users_word(account: Account, tmp_path: Path) -> None:
    before = account.contents()
    run = Run(tmp_path / "killed", account, "iam_api_key_bulk", LIVE="yes")
    wait_until_something_is_ours(account, run)
    run.kill_all()
    left = account.contents()
    assert left != before
    assert (ROOT / ".build/tree" / name_of(run)).exists()

    again = Run(tmp_path / "again", account, LIVE="yes")

    assert again.wait() == 1
    said = re.search(r"make live CLEAN=(\S+)", again.output)
    assert said is not None, again.output
    assert all(name in again.output for name in account.names_of_ours() if "-robot" in name)
    assert account.contents() == left

    for word, expected in (("n\n", left), ("y\n", before)):
        cleaning = Run(tmp_path / "cleaning", account, answer=word, CLEAN=said[1])

        assert cleaning.wait() == int(expected == left), cleaning.output
        assert account.contents() == expected
    assert not (ROOT / ".build/tree" / said[1]).exists()


@pytest.mark.parametrize(
    ("targets", "variables", "says"),
    [
        ([], {}, "Nothing was created"),
        (["iam_api_key_audit"], {"LIVE": "yes"}, "Not for a real account: iam_api_key_audit"),
        ([], {"LIVE": "yes", "IBMCLOUD_API_KEY": ""}, "needs the environment variable IBMCLOUD_API_KEY"),
        ([], {"LIVE": "yes", "CLEAN": "cloudkeys-live-"}, "has to be the prefix of one run"),
        ([], {"LIVE": "yes", "CLEAN": "theirs"}, "has to be the prefix of one run"),
    ],
)
def test_nothing_is_done_without_all_that_it_takes(
    account: Account, tmp_path: Path, targets: list[str], variables: dict[str, str], says: str
) -> None:
    before = account.contents()
    run = Run(tmp_path / "output", account, *targets, answer="n\n", **variables)

    assert run.wait() == 1
    assert says in run.output
    assert account.contents() == before


def test_a_target_that_steers_fails_in_such_an_account(
    account: Account, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = account.contents()
    here = {name: getattr(account, name) for name in ("api_key", "account_id", "iam_id")}
    settings = ansible_test.settings_for([{"endpoint": account.url, **here}])

    assert ansible_test.integrate(copy_checkout(tmp_path / "tree"), settings, "iam_doctor") == 1
    assert "__emulator__/reset" in capfd.readouterr().out
    assert account.contents() == before


def test_every_target_is_run_or_left_out_with_a_reason() -> None:
    targets = {path.name for path in (ROOT / "tests/integration/targets").iterdir()} - {"setup_iam"}

    assert live.CREATES.keys() | live.LEFT_OUT.keys() == targets
    assert not live.CREATES.keys() & live.LEFT_OUT.keys()
