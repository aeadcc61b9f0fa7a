# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The emulator as a server in a process of its own, and what a test asks of it."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import requests

ROOT = Path(__file__).resolve().parents[2]
LONGEST_WAIT_SECONDS = 30
POLL_SECONDS = 0.01
APIKEY_GRANT = "urn:ibm:params:oauth:grant-type:apikey"

Entry = dict[str, t.Any]


class IamServer:
    """One account, with a user and the key of that user."""

    def __init__(self, announced: dict[str, str]):
        self.url = announced["url"]
        self.account_id = announced["account_id"]
        self.api_key = announced["api_key"]
        self._http = requests.Session()
        self._http.trust_env = False

    def steer(self, name: str, content: t.Any = None) -> None:
        """Tell the emulator something over its side channel."""
        self._http.post(f"{self.url}/__emulator__/{name}", json=content, timeout=10).raise_for_status()

    def log(self) -> list[Entry]:
        """Every request so far, oldest first."""
        answer: list[Entry] = self._http.get(f"{self.url}/__emulator__/requests", timeout=10).json()
        return answer

    def wait_for(self, what: str, happened: t.Callable[[list[Entry]], bool]) -> None:
        """Look at the log until it shows what is expected."""
        give_up_at = time.monotonic() + LONGEST_WAIT_SECONDS
        while not happened(self.log()):
            if time.monotonic() > give_up_at:
                raise AssertionError(f"no {what} within {LONGEST_WAIT_SECONDS} s")
            time.sleep(POLL_SECONDS)

    def logs_in(self, key_value: str) -> bool:
        """Whether a value gets a token, by a real log-in."""
        return self._log_in(key_value).ok

    def keys_of(self, iam_id: str) -> list[Entry]:
        """The keys of an identity as IAM lists them."""
        token = self._log_in(self.api_key).json()["access_token"]
        answer = self._http.get(
            f"{self.url}/v1/apikeys",
            params={"iam_id": iam_id, "account_id": self.account_id, "pagesize": "100"},
            headers={"Authorization": f"Bearer {token}"},
            timeout=10,
        )
        answer.raise_for_status()
        keys: list[Entry] = answer.json()["apikeys"]
        return keys

    def _log_in(self, key_value: str) -> requests.Response:
        form = {"grant_type": APIKEY_GRANT, "apikey": key_value}
        return self._http.post(f"{self.url}/identity/token", data=form, timeout=10)


@contextlib.contextmanager
def serve() -> t.Iterator[IamServer]:
    """Start an emulator, and stop it at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "iam_emulator", "--port", "0"],
        env={**os.environ, "PYTHONPATH": str(ROOT / "tests" / "emulator")},
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield IamServer(json.loads(t.cast(t.IO[str], process.stdout).readline()))
    finally:
        process.terminate()
        process.wait()
