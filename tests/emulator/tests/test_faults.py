# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Faults, lagging reads and the side channel, all in-process."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from iam_emulator import Answer, Emulator, Request, Settings, Visitor


def control(emulator: Emulator, method: str, name: str, content: Any = None) -> Answer:
    body = b"" if content is None else json.dumps(content).encode()
    return emulator.handle(Request(method, f"/__emulator__/{name}", body=body))


def create(user: Visitor) -> Answer:
    return user.ask("POST", "/v1/apikeys", {"name": "struck", "iam_id": user.emulator.seed.iam_id})


@pytest.mark.parametrize(
    ("fault", "status", "keys_made"),
    [
        ({"kind": "status", "status": 503}, 503, 0),
        ({"kind": "status_after_effect", "status": 503}, 503, 1),
        ({"kind": "cut_before"}, None, 0),
        ({"kind": "cut_after"}, None, 1),
        ({"kind": "late", "seconds": 60}, None, 0),
        ({"kind": "proxy_page"}, 502, 0),
        ({"kind": "proxy_page", "status": 200}, 200, 0),
        ({"kind": "invalid_token_once"}, 401, 0),
    ],
)
def test_a_fault_strikes_once_and_is_logged(
    emulator: Emulator, user: Visitor, fault: dict[str, Any], status: int | None, keys_made: int
) -> None:
    emulator.faults.add([{**fault, "method": "POST", "path": "/v1/apikeys$"}])
    answer = create(user)
    assert (None if answer.is_cut else answer.status) == status
    logged = emulator.requests[-1]
    assert (logged["status"], logged["fault"], logged["path"]) == (status, fault["kind"], "/v1/apikeys")
    assert len(user.list_keys()) == 1 + keys_made
    assert create(user).status == 201
    assert "fault" not in emulator.requests[-1]


def test_somebody_elses_answer_may_be_any_page(emulator: Emulator, user: Visitor) -> None:
    page = {"kind": "proxy_page", "path": "^/v1"}
    emulator.faults.add([{**page, "status": 404, "body": "{}", "content_type": "application/json"}])
    answer = create(user)
    assert (answer.status, answer.headers["Content-Type"], answer.body) == (404, "application/json", b"{}")
    emulator.faults.add([{**page, "status": 403, "body": ""}])
    answer = create(user)
    assert (answer.status, answer.headers["Content-Type"], answer.body) == (403, "text/html", b"")
    assert len(user.list_keys()) == 1


def test_a_busy_answer_may_say_when_to_come_back(emulator: Emulator, user: Visitor) -> None:
    emulator.faults.add([{"kind": "status", "status": 429, "retry_after": 7}, {"kind": "status", "status": 429}])
    assert user.log_in().headers["Retry-After"] == "7"
    refused = user.log_in()
    assert ("Retry-After" in refused.headers, refused.json()["errorCode"]) == (False, "BXNIM0050E")


def test_a_fault_waits_for_the_requests_it_is_meant_for(emulator: Emulator, user: Visitor) -> None:
    emulator.faults.add(
        [{"kind": "status", "status": 500, "method": "POST|PUT", "skip": 1, "times": 2, "path": "keys"}]
    )
    assert [create(user).status for _time in range(4)] == [201, 500, 500, 201]
    assert control(emulator, "GET", "faults").json() == []


def test_a_late_effect_comes_when_the_clock_has_passed(emulator: Emulator, user: Visitor) -> None:
    emulator.faults.add([{"kind": "late", "seconds": 90, "path": "apikeys"}])
    create(user)
    emulator.clock.advance(89)
    assert len(user.list_keys()) == 1
    emulator.clock.advance(3000)
    assert user.list_keys()[1]["created_at"] == "2027-01-01T00:01+0000"


def test_a_late_effect_comes_when_the_emulator_settles(emulator: Emulator, user: Visitor) -> None:
    emulator.faults.add([{"kind": "late", "seconds": 90, "path": "apikeys"}])
    create(user)
    control(emulator, "POST", "settle")
    assert len(user.list_keys()) == 2


def test_a_new_key_is_unknown_to_the_first_reads_of_each_kind(emulator: Emulator, user: Visitor) -> None:
    control(emulator, "POST", "settings", {"unknown_reads": 2})
    key = user.create_key()
    value = {"IAM-ApiKey": key["apikey"]}
    assert [user.log_in(key["apikey"]).status for _time in range(3)] == [400, 400, 200]
    assert [user.ask("GET", f"/v1/apikeys/{key['id']}").status for _time in range(3)] == [404, 404, 200]
    assert [user.ask("GET", "/v1/apikeys/details", headers=value).status for _time in range(3)] == [404, 404, 200]
    assert [len(user.list_keys()) for _time in range(3)] == [1, 1, 2]


def test_stale_pages_show_the_keys_as_before_the_change() -> None:
    user = Visitor(Emulator(settings=Settings(stale_pages=2)))
    key = create(user).json()
    assert [len(user.list_keys()) for _time in range(3)] == [1, 1, 2]
    user.ask("PUT", f"/v1/apikeys/{key['id']}", {"name": "renamed"}, {"If-Match": "*"})
    assert [user.list_keys()[1]["name"] for _time in range(3)] == ["struck", "struck", "renamed"]
    user.ask("DELETE", f"/v1/apikeys/{key['id']}")
    assert [len(user.list_keys()) for _time in range(3)] == [2, 2, 1]


def test_the_log_holds_no_secret(emulator: Emulator, user: Visitor) -> None:
    key = user.create_key()
    user.log_in(key["apikey"])
    user.ask("GET", "/v1/apikeys/details", headers={"IAM-ApiKey": key["apikey"]})
    log = control(emulator, "GET", "requests").body.decode()
    assert len(json.loads(log)) == 4
    assert not [secret for secret in (key["apikey"], emulator.seed.api_key, user.token) if secret in log]


def test_reset_starts_afresh_with_the_same_first_key(emulator: Emulator, user: Visitor) -> None:
    user.create_key()
    emulator.faults.add([{"kind": "cut_before"}])
    control(emulator, "POST", "settings", {"keys_per_identity": 1})
    control(emulator, "POST", "clock", {"advance_seconds": 10})
    control(emulator, "POST", "reset")
    assert emulator.requests == []
    assert [key["name"] for key in user.list_keys()] == ["first key"]
    assert user.log_in().status == 200
    assert create(user).status == 201


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("settings", {"unknown": 1}),
        ("settings", {"unknown_reads": "2"}),
        ("settings", {"unknown_reads": True}),
        ("settings", {"unknown_reads": -1}),
        ("settings", [1]),
        ("clock", {"advance_seconds": "1"}),
        ("clock", {"forward": 1}),
        ("latency", {"milliseconds": -1}),
        ("faults", {"kind": "cut_before"}),
        ("faults", [{"kind": "unknown"}]),
        ("faults", [{"kind": "status"}]),
        ("faults", [{"kind": "status", "status": "500"}]),
        ("faults", [{"kind": "cut_before", "seconds": 1}]),
        ("faults", [{"kind": "cut_before", "path": "("}]),
        ("faults", [{"kind": "cut_before", "times": 0}]),
        ("faults", [{"kind": "kill", "pid": 1, "when": "before"}]),
        ("faults", [{"kind": "kill", "pid": 2**22 + 1, "when": "before"}]),
        ("faults", [{"kind": "kill", "pid": 1, "when": "never"}]),
    ],
)
def test_the_side_channel_refuses_what_it_does_not_know(emulator: Emulator, name: str, content: Any) -> None:
    assert control(emulator, "POST", name, content).status == 400
    assert emulator.faults.waiting == []


def test_unknown_controls_are_404(emulator: Emulator) -> None:
    assert control(emulator, "GET", "nothing").status == 404


def test_an_answer_may_have_other_members(emulator: Emulator, user: Visitor) -> None:
    user.create_key(name="one")
    hostile = {"id": "../../identity", "description": 5, "name": "\x1b[31m{{ x }}"}
    emulator.faults.add([{"kind": "altered", "path": "apikeys", "members": hostile}])
    entry = user.ask("GET", "/v1/apikeys").json()["apikeys"][0]

    assert (entry["id"], entry["name"]) == (hostile["id"], hostile["name"])
    assert "description" not in entry
    assert user.ask("GET", "/v1/apikeys").json()["apikeys"][0]["name"] == "first key"


@pytest.mark.parametrize("is_packed", [True, False])
def test_an_answer_may_be_large(emulator: Emulator, user: Visitor, is_packed: bool) -> None:
    emulator.faults.add([{"kind": "large", "path": "apikeys", "megabytes": 2, "packed": is_packed}])
    answer = user.ask("GET", "/v1/apikeys")
    content = gzip.decompress(answer.body) if is_packed else answer.body

    assert len(content) > 2 * 2**20
    assert len(json.loads(content)["apikeys"]) == 1
    assert not is_packed or len(answer.body) < 10_000


def test_an_error_may_quote_what_was_sent(emulator: Emulator, user: Visitor) -> None:
    refusal = {"kind": "status", "path": "identity", "status": 400, "code": "BXNIM0415E", "details": user.key_value}
    emulator.faults.add([refusal])

    assert user.log_in().json()["errorDetails"] == user.key_value
