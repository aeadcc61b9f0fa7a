# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Create, read, change and delete API keys."""

from __future__ import annotations

import re
from typing import Any

import pytest
from iam_emulator import Emulator, Settings, Visitor
from iam_emulator.scenery import leak

DAY_SECONDS = 24 * 3600
A_CHOSEN_VALUE = "chosen-by-the-client-0123456789-abcdef"


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status, answer.json()["errors"][0]["message_code"]


def test_a_new_key_shows_its_value_and_leaves_out_what_was_not_given(emulator: Emulator, user: Visitor) -> None:
    key = user.create_key(name="deploy")
    assert re.fullmatch(r"[A-Za-z0-9_-]{44}", key["apikey"])
    assert re.fullmatch(r"1-[0-9a-f]{32}", key["entity_tag"])
    assert key["created_at"] == key["modified_at"] == "2027-01-01T00:00+0000"
    assert key["created_by"] == key["iam_id"] == emulator.seed.iam_id
    assert (key["locked"], key["disabled"], key["support_sessions"]) == (False, False, False)
    assert not key.keys() & {"description", "expires_at", "history", "activity", "store_value"}


def test_two_keys_may_have_the_same_name(user: Visitor) -> None:
    assert user.create_key(name="twin")["id"] != user.create_key(name="twin")["id"]


def test_a_chosen_value_is_taken_once(user: Visitor) -> None:
    assert user.create_key(apikey=A_CHOSEN_VALUE)["apikey"] == A_CHOSEN_VALUE
    again = {"name": "b", "iam_id": user.emulator.seed.iam_id, "apikey": A_CHOSEN_VALUE}
    assert user.ask("POST", "/v1/apikeys", again).status == 409


def test_headers_lock_and_disable_a_new_key(user: Visitor) -> None:
    key = user.create_key(headers={"Entity-Lock": "true", "entity-disable": "true"})
    assert (key["locked"], key["disabled"]) == (True, True)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"name": ""}, 400),
        ({"iam_id": ""}, 400),
        ({"iam_id": "iam-ServiceId-unknown"}, 400),
        ({"iam_id": "nonsense"}, 400),
        ({"iam_id": "IBMid-somebodyelse"}, 403),
        ({"account_id": "another"}, 400),
        ({"apikey": "too short"}, 400),
        ({"apikey": 32 * 1}, 400),
        ({"store_value": True}, 400),
        ({"support_sessions": "false"}, 400),
        ({"action_when_leaked": "shout"}, 400),
        ({"expires_at": "2028-01-01"}, 400),
        ({"expires_at": "2028-13-01T00:00+0000"}, 400),
        ({"expires_at": "2026-12-31T23:59+0000"}, 400),
        ({"description": None}, 400),
        ({"locked": True}, 400),
    ],
)
def test_a_wrong_create_is_refused_and_makes_nothing(user: Visitor, changes: dict[str, Any], status: int) -> None:
    content = {"name": "a", "iam_id": user.emulator.seed.iam_id, **changes}
    assert user.ask("POST", "/v1/apikeys", content).status == status
    assert len(user.list_keys()) == 1


def test_a_service_id_cannot_create_keys_for_a_user(emulator: Emulator, user: Visitor) -> None:
    robot = Visitor(emulator, user.create_service_id(apikey={"name": "first"})["apikey"]["apikey"])
    content = {"name": "a", "iam_id": emulator.seed.iam_id}
    assert robot.ask("POST", "/v1/apikeys", content).status == 403


def test_an_identity_holds_twenty_keys(user: Visitor) -> None:
    for _time in range(19):
        user.create_key()
    answer = user.ask("POST", "/v1/apikeys", {"name": "a", "iam_id": user.emulator.seed.iam_id})
    assert code_of(answer) == (422, "BXNIM0151E")


def test_only_stored_values_of_service_ids_are_shown_again(user: Visitor) -> None:
    robot = user.create_service_id()
    stored = user.create_key(iam_id=robot["iam_id"], store_value=True)
    unstored = user.create_key(iam_id=robot["iam_id"], store_value=False)
    of_user = user.create_key()
    shown = {key["id"]: user.ask("GET", f"/v1/apikeys/{key['id']}").json() for key in (stored, unstored, of_user)}
    assert shown[stored["id"]]["apikey"] == stored["apikey"]
    assert "apikey" not in shown[unstored["id"]].keys() | shown[of_user["id"]].keys()
    assert all("apikey" not in key for key in user.list_keys(scope="account"))


def test_a_key_is_found_by_its_value(user: Visitor) -> None:
    key = user.create_key()
    answer = user.ask("GET", "/v1/apikeys/details", headers={"IAM-ApiKey": key["apikey"]})
    assert (answer.json()["id"], "apikey" in answer.json()) == (key["id"], False)
    assert user.ask("GET", "/v1/apikeys/details", headers={"IAM-ApiKey": "unknown"}).status == 404
    assert user.ask("GET", "/v1/apikeys/details").status == 400


def test_history_comes_when_asked_for(user: Visitor) -> None:
    url = f"/v1/apikeys/{user.create_key()['id']}"
    user.ask("POST", f"{url}/lock")
    history = user.ask("GET", url, include_history="true").json()["history"]
    assert [entry["action"] for entry in history] == ["CREATE", "LOCK"]
    assert "history" not in user.ask("GET", url).json()


def test_an_update_changes_only_what_is_sent(user: Visitor) -> None:
    key = user.create_key(name="before", description="kept", expires_at="2028-02-03T04:05:59+0000")
    url = f"/v1/apikeys/{key['id']}"
    tag = user.ask("GET", url).headers["ETag"]
    user.emulator.clock.advance(60)
    changed = user.ask("PUT", url, {"name": "after"}, {"If-Match": tag})
    assert changed.status == 200
    expected = {**key, "name": "after", "expires_at": "2028-02-03T04:05+0000"}
    del expected["apikey"]
    assert changed.json() == {
        **expected,
        "modified_at": "2027-01-01T00:01+0000",
        "entity_tag": changed.headers["ETag"],
    }
    assert changed.headers["ETag"] != tag


def test_empty_texts_clear(user: Visitor) -> None:
    key = user.create_key(description="gone soon", expires_at="2028-02-03T04:05+0000")
    wish = {"description": "", "expires_at": ""}
    shown = user.ask("PUT", f"/v1/apikeys/{key['id']}", wish, {"If-Match": "*"}).json()
    assert not shown.keys() & {"description", "expires_at"}


@pytest.mark.parametrize(
    ("wish", "tag", "status"),
    [
        ({"name": "b"}, None, 400),
        ({"name": "b"}, "0-stale", 409),
        ({"name": ""}, "*", 400),
        ({"locked": True}, "*", 400),
        ({"expires_at": "tomorrow"}, "*", 400),
        ({"action_when_leaked": ""}, "*", 400),
        ({}, "*", 200),
    ],
)
def test_an_update_is_checked(user: Visitor, wish: dict[str, Any], tag: str | None, status: int) -> None:
    headers = {} if tag is None else {"If-Match": tag}
    assert user.ask("PUT", f"/v1/apikeys/{user.create_key()['id']}", wish, headers).status == status


def test_a_tag_may_be_quoted(user: Visitor) -> None:
    key = user.create_key()
    quoted = {"If-Match": f'"{key["entity_tag"]}"'}
    assert user.ask("PUT", f"/v1/apikeys/{key['id']}", {"name": "b"}, quoted).status == 200


def test_a_locked_key_stays_as_it_is(user: Visitor) -> None:
    url = f"/v1/apikeys/{user.create_key()['id']}"
    assert user.ask("POST", f"{url}/lock").status == 204
    refused = [
        user.ask("PUT", url, {"name": "b"}, {"If-Match": "*"}),
        user.ask("DELETE", url),
        user.ask("POST", f"{url}/disable"),
    ]
    assert [answer.status for answer in refused] == [409, 409, 409]
    assert user.ask("GET", url).json()["name"] == "a key"
    assert user.ask("DELETE", f"{url}/lock").status == 204
    assert user.ask("DELETE", url).status == 204
    assert code_of(user.ask("DELETE", url)) == (404, "BXNIM0102E")


@pytest.mark.parametrize("part", ["lock", "disable"])
def test_a_flag_goes_on_and_off_and_renews_the_tag(user: Visitor, part: str) -> None:
    url = f"/v1/apikeys/{user.create_key()['id']}"
    tags, statuses = [], []
    for method in ("POST", "POST", "DELETE", "DELETE"):
        statuses.append(user.ask(method, f"{url}/{part}").status)
        tags.append(user.ask("GET", url).headers["ETag"])
    assert statuses == [204, 409, 204, 409]
    assert [tag[:2] for tag in tags] == ["2-", "2-", "3-", "3-"]


def test_undocumented_statuses_are_switches() -> None:
    user = Visitor(
        Emulator(
            settings=Settings(
                locked_write_status=423, stale_tag_status=412, already_so_status=204, duplicate_value_status=400
            )
        )
    )
    key = user.create_key(headers={"Entity-Lock": "true"}, apikey=A_CHOSEN_VALUE)
    url = f"/v1/apikeys/{key['id']}"
    twin = {"name": "b", "iam_id": key["iam_id"], "apikey": A_CHOSEN_VALUE}
    assert user.ask("DELETE", url).status == 423
    assert user.ask("PUT", url, {}, {"If-Match": "0-stale"}).status == 412
    assert user.ask("POST", f"{url}/lock").status == 204
    assert user.ask("POST", "/v1/apikeys", twin).status == 400


def test_errors_carry_the_transaction_of_the_request(user: Visitor) -> None:
    answer = user.ask("GET", "/v1/apikeys/unknown", headers={"Transaction-Id": "mine-1"})
    assert answer.json()["trace"] == answer.headers["Transaction-Id"] == "mine-1"
    generated = user.ask("GET", "/v1/apikeys/unknown")
    assert generated.json()["trace"] == generated.headers["Transaction-Id"] != "mine-1"


def test_unknown_paths_and_methods_are_refused(user: Visitor) -> None:
    assert user.ask("GET", "/v1/nothing").status == 404
    assert user.ask("PATCH", "/v1/apikeys").status == 405


def test_a_key_is_removed_ninety_days_after_expiry_and_last_change_even_if_locked(
    emulator: Emulator, user: Visitor
) -> None:
    user.create_key(name="touched", expires_at="2027-01-02T00:00+0000")
    user.create_key(name="left", expires_at="2027-01-02T00:00+0000", headers={"Entity-Lock": "true"})
    user.create_key(name="never expires")
    emulator.clock.advance(60 * DAY_SECONDS)
    touched = next(key for key in Visitor(emulator).list_keys() if key["name"] == "touched")
    assert Visitor(emulator).ask("POST", f"/v1/apikeys/{touched['id']}/lock").status == 204
    emulator.clock.advance(32 * DAY_SECONDS)
    assert [key["name"] for key in Visitor(emulator).list_keys()] == ["first key", "touched", "never expires"]
    emulator.clock.advance(60 * DAY_SECONDS)
    assert [key["name"] for key in Visitor(emulator).list_keys()] == ["first key", "never expires"]


@pytest.mark.parametrize(("action", "expected"), [("none", False), ("disable", True), ("delete", None)])
def test_a_leaked_key_gets_what_its_action_says(
    emulator: Emulator, user: Visitor, action: str, expected: bool | None
) -> None:
    key = user.create_key(action_when_leaked=action, headers={"Entity-Lock": "true"})
    leak(emulator.world, key["id"])
    answer = user.ask("GET", f"/v1/apikeys/{key['id']}")
    assert (answer.json()["disabled"] if answer.status == 200 else None) is expected


def test_tags_may_come_quoted() -> None:
    user = Visitor(Emulator(settings=Settings(quoted_tags=True)))
    url = f"/v1/apikeys/{user.create_key()['id']}"
    tag = user.ask("GET", url).headers["ETag"]
    assert tag.startswith('"')
    assert user.ask("PUT", url, {"name": "b"}, {"If-Match": tag}).status == 200


@pytest.mark.parametrize(("status", "code"), [(404, "BXNIM0102E"), (404, "BXNIM0415E"), (400, "BXNIM0415E")])
def test_how_an_unknown_value_is_refused_is_a_switch(status: int, code: str) -> None:
    user = Visitor(Emulator(settings=Settings(details_unknown_status=status, details_unknown_code=code)))
    answer = user.ask("GET", "/v1/apikeys/details", headers={"IAM-ApiKey": "v" * 44})
    assert (answer.status, answer.json()["errors"][0]["message_code"]) == (status, code)


@pytest.mark.parametrize(
    ("method", "url", "content"),
    [
        ("POST", "/v1/apikeys", {"iam_id": "{user}"}),
        ("PUT", "/v1/apikeys/{key}", {}),
        ("POST", "/v1/serviceids", {"account_id": "{account}"}),
        ("PUT", "/v1/serviceids/{robot}", {}),
    ],
)
@pytest.mark.parametrize("member", ["name", "description"])
def test_texts_may_be_limited(method: str, url: str, content: dict[str, str], member: str) -> None:
    user = Visitor(Emulator())
    seed = user.emulator.seed
    robot = user.create_service_id()
    places = {"user": seed.iam_id, "key": seed.api_key_id, "account": seed.account_id, "robot": robot["id"]}
    filled = {"name": "a", **{name: value.format(**places) for name, value in content.items()}}
    user.emulator.change_settings(**{f"{member}_limit": 10})
    statuses = []
    for length in (11, 10):
        sent = {**filled, member: "x" * length}
        statuses.append(user.ask(method, url.format(**places), sent, {"If-Match": "*"}).status)
    assert statuses == [400, 201 if method == "POST" else 200]
