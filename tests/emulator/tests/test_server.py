# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The emulator as a server in a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

LONGEST_WAIT_SECONDS = 10


@contextlib.contextmanager
def served(*options: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    command = [sys.executable, "-m", "iam_emulator", "--port", "0", *options]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    ) as process:
        try:
            assert process.stdout is not None
            yield process, json.loads(process.stdout.readline())
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def server() -> Iterator[dict[str, str]]:
    with served() as (_process, announced):
        yield announced


@pytest.fixture(autouse=True)
def _fresh_state(server: dict[str, str]) -> None:
    steer(server, "reset")


def steer(server: dict[str, str], name: str, content: Any = None) -> None:
    answer = requests.post(f"{server['url']}/__emulator__/{name}", json=content, timeout=LONGEST_WAIT_SECONDS)
    answer.raise_for_status()


def log_in(server: dict[str, str]) -> requests.Response:
    form = {"grant_type": "urn:ibm:params:oauth:grant-type:apikey", "apikey": server["api_key"]}
    return requests.post(f"{server['url']}/identity/token", data=form, timeout=LONGEST_WAIT_SECONDS)


def read(server: dict[str, str], path: str) -> Any:
    """What a log-in and then this read answer."""
    headers = {"Authorization": f"Bearer {log_in(server).json()['access_token']}"}
    return requests.get(f"{server['url']}{path}", headers=headers, timeout=LONGEST_WAIT_SECONDS).json()


def is_running(pid: str) -> bool:
    """Whether there is such a process, and not only what is left of it."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def logins_of_first_key(server: dict[str, str]) -> int:
    """How often the first key has logged in, counting the one log-in made here."""
    key_id = read(server, "/v1/apikeys")["apikeys"][0]["id"]
    count: int = read(server, f"/v1/apikeys/{key_id}?include_activity=true")["activity"]["authn_count"]
    return count - 1


def test_the_announced_key_logs_in_and_is_the_creators_own(server: dict[str, str]) -> None:
    assert server.keys() == {"url", "account_id", "iam_id", "api_key"}
    page = read(server, "/v1/apikeys")
    (key,) = page["apikeys"]
    assert (key["locked"], key["disabled"]) == (False, False)
    assert key["created_by"] == key["iam_id"] == server["iam_id"]
    assert page["first"].startswith(server["url"])


def test_it_ends_on_sigterm_having_printed_one_line() -> None:
    with served("--latency-ms", "1") as (process, announced):
        assert log_in(announced).status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(LONGEST_WAIT_SECONDS) == 0
        assert process.stdout is not None
        assert process.stdout.read() == ""


@pytest.mark.parametrize("kind", ["cut_before", "cut_after"])
def test_a_cut_connection_has_no_answer(server: dict[str, str], kind: str) -> None:
    steer(server, "faults", [{"kind": kind}])
    with pytest.raises(requests.ConnectionError):
        log_in(server)
    log = requests.get(f"{server['url']}/__emulator__/requests", timeout=LONGEST_WAIT_SECONDS).json()
    assert [(entry["path"], entry["status"]) for entry in log] == [("/identity/token", None)]
    assert logins_of_first_key(server) == (1 if kind == "cut_before" else 2)


def test_latency_delays_answers(server: dict[str, str]) -> None:
    steer(server, "latency", {"milliseconds": 150})
    started_at = time.monotonic()
    log_in(server)
    assert time.monotonic() - started_at >= 0.15


def test_a_slow_answer_takes_its_time(server: dict[str, str]) -> None:
    steer(server, "faults", [{"kind": "slow", "seconds_before": 0.2}, {"kind": "slow", "seconds_per_byte": 0.0002}])
    for _log_in in range(2):
        started_at = time.monotonic()
        assert log_in(server).json()["access_token"]
        assert time.monotonic() - started_at >= 0.1


def test_a_torn_answer_is_not_whole_and_its_request_had_its_effect(server: dict[str, str]) -> None:
    steer(server, "faults", [{"kind": "torn"}])
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        log_in(server)
    assert logins_of_first_key(server) == 2


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_kill_ends_the_process_group_and_answers_nothing(server: dict[str, str], when: str) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True) as victim:
        steer(server, "faults", [{"kind": "kill", "pid": victim.pid, "when": when}])
        with pytest.raises(requests.ConnectionError):
            log_in(server)
        assert victim.wait(LONGEST_WAIT_SECONDS) == -signal.SIGKILL
    assert logins_of_first_key(server) == (1 if when == "before" else 2)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_a_kill_of_a_tree_ends_what_is_in_a_session_of_its_own_too(server: dict[str, str], tmp_path: Path) -> None:
    told = tmp_path / "child"
    program = (
        "import subprocess, sys, time; "
        "child = subprocess.Popen(['sleep', '60'], start_new_session=True); "
        f"open({str(told)!r}, 'w').write(f'{{child.pid}}\\n'); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program], start_new_session=True) as victim:
        while not told.exists() or not told.read_text(encoding="utf-8").endswith("\n"):
            time.sleep(0.01)
        steer(server, "faults", [{"kind": "kill", "pid": victim.pid, "when": "before", "tree": True}])
        with pytest.raises(requests.ConnectionError):
            log_in(server)
        assert victim.wait(LONGEST_WAIT_SECONDS) == -signal.SIGKILL
    # On a busy machine the system takes a moment to end it.
    until = time.monotonic() + LONGEST_WAIT_SECONDS
    while is_running(told.read_text(encoding="utf-8").strip()):
        assert time.monotonic() < until, "it was not killed"
        time.sleep(0.01)


def test_nobody_steers_a_sealed_one() -> None:
    with served("--sealed") as (_process, announced):
        answers = [
            requests.request(method, f"{announced['url']}/__emulator__/{name}", json={}, timeout=LONGEST_WAIT_SECONDS)
            for method, name in (("POST", "reset"), ("POST", "clock"), ("GET", "requests"), ("POST", "faults"))
        ]

        assert [answer.status_code for answer in answers] == [404] * 4
        assert log_in(announced).ok
