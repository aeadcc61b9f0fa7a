# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The report on inactive identities."""

from __future__ import annotations

from typing import Any

import pytest
from iam_emulator import Emulator, Settings, Visitor

DAY_SECONDS = 24 * 3600


@pytest.fixture
def url(emulator: Emulator) -> str:
    return f"/v1/activity/accounts/{emulator.seed.account_id}/report"


def fetched(user: Visitor, url: str, **query: str) -> dict[str, Any]:
    """A report, waited for."""
    asked = user.ask("POST", url, **query)
    assert asked.status == 202
    address = f"{url}/{asked.json()['reference']}"
    assert user.ask("GET", address).status == 204
    report: dict[str, Any] = user.ask("GET", address).json()
    return report


def names_of(entries: list[dict[str, Any]]) -> list[Any]:
    return [entry["name"] for entry in entries]


def test_who_logged_in_within_the_time_is_not_in_it(emulator: Emulator, user: Visitor, url: str) -> None:
    robot = user.create_service_id(name="old robot", apikey={"name": "old key"})
    user.create_profile(name="never used")
    user.log_in(robot["apikey"]["apikey"])
    emulator.clock.advance(31 * DAY_SECONDS)
    user.token = ""
    fresh = user.create_service_id(name="new robot", apikey={"name": "new key"})
    user.log_in(fresh["apikey"]["apikey"])
    report = fetched(user, url)
    assert names_of(report["apikeys"]) == ["old key"]
    assert report["apikeys"][0]["serviceid"] == {"id": robot["id"], "name": "old robot"}
    assert report["serviceids"] == [{"id": robot["id"], "name": "old robot", "last_authn": "2027-01-01T00:00+0000"}]
    assert (report["users"], names_of(report["profiles"])) == ([], ["never used"])
    assert (report["created_by"], report["report_duration"]) == (emulator.seed.iam_id, "720")


def test_the_duration_decides(emulator: Emulator, user: Visitor, url: str) -> None:
    robot = user.create_service_id(apikey={"name": "key"})
    user.log_in(robot["apikey"]["apikey"])
    emulator.clock.advance(2 * 3600)
    user.token = ""
    assert names_of(fetched(user, url, duration="1")["apikeys"]) == ["key"]
    assert fetched(user, url, duration="3")["apikeys"] == []


def test_users_and_their_keys_are_told_with_their_addresses(user: Visitor, url: str) -> None:
    user.add_user("Second User")
    report = fetched(user, url)
    assert [(entry["name"], entry["email"]) for entry in report["users"]] == [
        ("Second User", "second.user@example.com")
    ]
    assert report["apikeys"][0]["user"]["email"] == "second.user@example.com"


def test_the_latest_report_needs_no_reference(user: Visitor, url: str) -> None:
    assert user.ask("GET", f"{url}/latest").status == 404
    first, second = fetched(user, url), fetched(user, url)
    assert user.ask("GET", f"{url}/latest").json()["reference"] == second["reference"] != first["reference"]


def test_old_reports_go_when_a_new_one_is_asked_for(emulator: Emulator, user: Visitor, url: str) -> None:
    address = f"{url}/{fetched(user, url)['reference']}"
    emulator.clock.advance(DAY_SECONDS + 60)
    user.token = ""
    assert user.ask("GET", address).status == 200
    fetched(user, url)
    assert user.ask("GET", address).status == 404


@pytest.mark.parametrize("query", [{"type": "active"}, {"duration": "soon"}, {"duration": "-1"}])
def test_a_wrong_report_is_400(user: Visitor, url: str, query: dict[str, str]) -> None:
    assert user.ask("POST", url, **query).status == 400
    assert user.ask("POST", url.replace(user.emulator.seed.account_id, "another")).status == 403


def test_how_long_it_takes_is_a_switch() -> None:
    user = Visitor(Emulator(settings=Settings(report_unready_reads=0)))
    url = f"/v1/activity/accounts/{user.emulator.seed.account_id}/report"
    user.ask("POST", url)
    assert user.ask("GET", f"{url}/latest").status == 200


def test_lists_may_be_missing_and_times_be_odd(emulator: Emulator, user: Visitor, url: str) -> None:
    emulator.change_settings(report_leaves_out_empty=True, odd_report_times=True)
    key = user.create_key(name="seldom used")
    user.log_in(key["apikey"])
    emulator.clock.advance(40 * DAY_SECONDS)
    user.token = ""

    report = fetched(user, url)

    assert not {"serviceids", "profiles"} & report.keys()
    assert [each["last_authn"] for each in report["apikeys"]] == ["2027-01-01T00:00:33:428+0000"]
