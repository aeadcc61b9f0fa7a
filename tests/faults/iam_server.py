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

    def __init__(self, announced: dict[str, str]) -> None:
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

    def token(self, key_value: str) -> str:
        """A token for the value of a key."""
        return str(self._log_in(key_value).json()["access_token"])

    def keys_of(self, iam_id: str) -> list[Entry]:
        """The keys of an identity as IAM lists them."""
        query = {"iam_id": iam_id, "account_id": self.account_id, "pagesize": "100"}
        keys: list[Entry] = self._ask("GET", "/v1/apikeys", params=query)["apikeys"]
        return keys

    def make_key(self, name: str, key_value: str) -> None:
        """A further key of the user."""
        own = self._ask("GET", "/v1/apikeys/details", headers={"IAM-ApiKey": self.api_key})
        wanted = {"name": name, "iam_id": own["iam_id"], "account_id": self.account_id, "apikey": key_value}
        self._ask("POST", "/v1/apikeys", json=wanted)

    def _ask(self, method: str, path: str, *, headers: dict[str, str] | None = None, **parts: t.Any) -> Entry:
        headers = {"Authorization": f"Bearer {self.token(self.api_key)}", **(headers or {})}
        answer = self._http.request(method, f"{self.url}{path}", headers=headers, timeout=10, **parts)
        answer.raise_for_status()
        content: Entry = answer.json()
        return content

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
