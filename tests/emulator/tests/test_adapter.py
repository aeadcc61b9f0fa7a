# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The emulator inside a requests.Session."""

from __future__ import annotations

import pytest
import requests
from iam_emulator import Emulator, EmulatorAdapter
from urllib3 import Retry

TOKEN_URL = "https://iam.cloud.ibm.com/identity/token"


def session_with(emulator: Emulator, max_retries: Retry | int = 0) -> requests.Session:
    session = requests.Session()
    session.mount("https://", EmulatorAdapter(emulator, max_retries))
    return session


def log_in(session: requests.Session, emulator: Emulator) -> requests.Response:
    form = {"grant_type": "urn:ibm:params:oauth:grant-type:apikey", "apikey": emulator.seed.api_key}
    return session.post(TOKEN_URL, data=form)


def test_a_session_reads_answers_as_from_a_server(emulator: Emulator) -> None:
    session = session_with(emulator)
    token = log_in(session, emulator).json()["access_token"]
    listed = session.get(
        "https://iam.cloud.ibm.com/v1/apikeys",
        headers={"Authorization": f"Bearer {token}"},
        params={"pagesize": "1", "filter": 'name sw "first key"'},
    )
    assert (listed.ok, listed.headers["content-type"], len(listed.json()["apikeys"])) == (True, "application/json", 1)
    assert listed.json()["first"].startswith("https://iam.cloud.ibm.com/v1/apikeys?pagesize=1&filter=name")


def test_a_cut_connection_is_a_connection_error(emulator: Emulator) -> None:
    emulator.faults.add([{"kind": "cut_before"}])
    with pytest.raises(requests.ConnectionError):
        log_in(session_with(emulator), emulator)


def test_the_retries_of_urllib3_are_at_work(emulator: Emulator) -> None:
    retry = Retry(total=3, status_forcelist=[429], allowed_methods=None, backoff_factor=0)
    emulator.faults.add([{"kind": "status", "status": 429, "retry_after": 0}, {"kind": "cut_before"}])
    assert log_in(session_with(emulator, retry), emulator).status_code == 200
    assert [request["status"] for request in emulator.requests] == [429, None, 200]


def test_a_slow_answer_takes_time_of_whoever_waits(emulator: Emulator) -> None:
    waited: list[float] = []
    session = requests.Session()
    session.mount("https://", EmulatorAdapter(emulator, wait=waited.append))
    emulator.faults.add(
        [{"kind": "slow", "seconds_before": 3, "seconds_per_byte": 2}, {"kind": "slow", "seconds_before": 9}]
    )

    answer = log_in(session, emulator)
    assert sum(waited) >= 3 + 2 * len(answer.content)
    with pytest.raises(requests.ReadTimeout):
        session.get("https://iam.cloud.ibm.com/v1/apikeys", timeout=(1, 5))
    assert waited[-1] == 5


def test_a_torn_answer_is_a_lost_connection(emulator: Emulator) -> None:
    session = session_with(emulator)
    emulator.faults.add([{"kind": "torn"}])

    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        log_in(session, emulator)
    assert emulator.requests[-1]["status"] == 200
