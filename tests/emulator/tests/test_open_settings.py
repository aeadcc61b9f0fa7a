# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Switches for what IBM leaves open: each changes one answer, and without it the answer is the strict one."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
import requests
from iam_emulator import Emulator, Visitor

LONG_AGO = "2020-01-01T00:00+0000"


@pytest.mark.parametrize(("logins", "code"), [(0, "BXNIM0462E"), (2, "BXNIM0999E")])
def test_a_disabled_key_logs_in_as_often_as_it_is_said(
    emulator: Emulator, user: Visitor, logins: int, code: str
) -> None:
    emulator.change_settings(disabled_logins=logins, disabled_login_code=code)
    key = user.create_key()
    for _time in range(2):
        user.ask("POST", f"/v1/apikeys/{key['id']}/disable")

        assert [user.log_in(key["apikey"]).status for _login in range(logins + 1)] == [200] * logins + [400]
        assert user.log_in(key["apikey"]).json()["errorCode"] == code
        user.ask("DELETE", f"/v1/apikeys/{key['id']}/disable")


@pytest.mark.parametrize(("is_taken", "status"), [(False, 400), (True, 201)])
def test_a_create_with_a_past_expiry(emulator: Emulator, user: Visitor, is_taken: bool, status: int) -> None:
    emulator.change_settings(creates_take_past_expiry=is_taken)
    body = {"name": "a", "iam_id": emulator.seed.iam_id, "expires_at": LONG_AGO}

    assert user.ask("POST", "/v1/apikeys", body).status == status


@pytest.mark.parametrize(("clears", "status"), [(True, 200), (False, 400)])
def test_an_update_with_an_empty_expiry(emulator: Emulator, user: Visitor, clears: bool, status: int) -> None:
    emulator.change_settings(empty_expiry_clears=clears)
    key = user.create_key(expires_at="2027-06-01T00:00+0000")

    assert user.ask("PUT", f"/v1/apikeys/{key['id']}", {"expires_at": ""}, {"If-Match": "*"}).status == status
    assert ("expires_at" in user.ask("GET", f"/v1/apikeys/{key['id']}").json()) is not clears


def test_the_list_of_the_account_is_refused_or_shortened(emulator: Emulator, user: Visitor) -> None:
    second = user.add_user()
    robot = second.create_service_id(apikey={"name": "b"})

    assert second.ask("GET", "/v1/apikeys?scope=account").status == 403
    emulator.change_settings(account_list_is_shortened=True)
    shown = {key["id"] for key in second.list_keys(scope="account")}
    assert robot["apikey"]["id"] in shown
    assert second.ask("GET", "/v1/apikeys").json()["apikeys"][0]["id"] in shown
    assert emulator.seed.api_key_id not in shown
    assert emulator.seed.api_key_id in {key["id"] for key in user.list_keys(scope="account")}


@pytest.mark.parametrize("settings", ['{"no_such": 1}', "[1]", "{", '{"unknown_reads": "2"}'])
def test_settings_that_are_none_start_nothing(settings: str) -> None:
    command = [sys.executable, "-m", "iam_emulator", "--settings", settings]

    assert subprocess.run(command, capture_output=True, timeout=30, check=False, env=os.environ).returncode == 2


def test_a_server_begins_with_the_settings_that_it_is_given() -> None:
    command = [sys.executable, "-m", "iam_emulator", "--settings", json.dumps({"access_token_lifetime_seconds": 900})]

    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        told = json.loads(process.stdout.readline())
        form = {"grant_type": "urn:ibm:params:oauth:grant-type:apikey", "apikey": told["api_key"]}
        answer = requests.post(f"{told['url']}/identity/token", data=form, timeout=30).json()
        process.terminate()

    assert answer["expires_in"] == 900
