# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Answers that are well-formed and lack what they are asked for: nothing is guessed from them."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.activity import ActivityReports
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKeys, NewKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import Conflict, Invalid, NotUnderstood
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.pages import MOST_PAGES, each_entry
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.service_ids import ServiceIds
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.transport import Reply

# What each method asks, and what its answer is asked for.
CALLS: dict[str, t.Callable[[t.Any, t.Any], t.Any]] = {
    "list keys": lambda client, scene: client.api_keys.list(scene.iam_id, scene.account_id),
    "search keys": lambda client, scene: list(client.api_keys.search(scene.account_id, scope="account")),
    "get a key": lambda client, _scene: client.api_keys.get("ApiKey-1"),
    "read a key": lambda client, _scene: client.api_keys.read("ApiKey-1", include_history="true"),
    "read activity": lambda client, _scene: client.api_keys.read_activity("ApiKey-1"),
    "find by value": lambda client, _scene: client.api_keys.find_by_value("v" * 44),
    "update a key": lambda client, _scene: client.api_keys.update("ApiKey-1", {"name": "x"}, "1-a"),
    "delete a key": lambda client, _scene: client.api_keys.delete("ApiKey-1"),
    "lock a key": lambda client, _scene: client.api_keys.lock("ApiKey-1"),
    "unlock a key": lambda client, _scene: client.api_keys.unlock("ApiKey-1"),
    "disable a key": lambda client, _scene: client.api_keys.disable("ApiKey-1"),
    "enable a key": lambda client, _scene: client.api_keys.enable("ApiKey-1"),
    "search service IDs": lambda client, scene: list(client.service_ids.search(scene.account_id)),
    "list named": lambda client, scene: client.service_ids.list_named("robot", scene.account_id),
    "get a service ID": lambda client, _scene: client.service_ids.get("ServiceId-1"),
    "read a service ID": lambda client, _scene: client.service_ids.read("ServiceId-1", include_history="true"),
    "create a service ID": lambda client, scene: client.service_ids.create("robot", scene.account_id),
    "update a service ID": lambda client, _scene: client.service_ids.update("ServiceId-1", {"name": "x"}, "1-a"),
    "delete a service ID": lambda client, _scene: client.service_ids.delete("ServiceId-1"),
    "lock a service ID": lambda client, _scene: client.service_ids.lock("ServiceId-1"),
    "unlock a service ID": lambda client, _scene: client.service_ids.unlock("ServiceId-1"),
    "list groups": lambda client, scene: client.service_ids.list_groups(scene.account_id),
    "ask for a report": lambda client, scene: ActivityReports(client.send, scene.clock).inactive_keys(
        "a", for_hours=1, timeout_seconds=1
    ),
}
ANSWERED_WITHOUT_CONTENT = {"delete", "lock", "unlock", "disable", "enable"}
BODIES = {"HTML": "<html>in</html>", "nothing": "", "list": "[]", "null": "null", "object": "{}", "text": '"in"'}


@pytest.mark.parametrize("status", [200, 201])
@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("call", CALLS)
def test_a_success_that_says_nothing_is_not_understood(scene: t.Any, call: str, body: str, status: int) -> None:
    client = scene.connect()
    client.caller()
    scene.faults({"kind": "proxy_page", "status": status, "body": BODIES[body], "path": "^/v1", "times": 9})

    with pytest.raises(NotUnderstood) as caught:
        CALLS[call](client, scene)
    assert caught.value.may_have_happened


@pytest.mark.parametrize("call", [call for call in CALLS if call.split()[0] not in ANSWERED_WITHOUT_CONTENT])
def test_a_success_without_content_is_not_understood(scene: t.Any, call: str) -> None:
    client = scene.connect()
    client.caller()
    scene.faults({"kind": "proxy_page", "status": 204, "body": "", "path": "^/v1", "times": 9})

    with pytest.raises(NotUnderstood):
        CALLS[call](client, scene)


@pytest.mark.parametrize("body", BODIES)
def test_a_create_is_not_believed_and_looked_for(scene: t.Any, body: str) -> None:
    client = scene.connect()
    client.caller()
    scene.faults({"kind": "proxy_page", "status": 201, "body": BODIES[body], "method": "POST", "path": "apikeys"})
    made = client.api_keys.create(NewKey("new", scene.iam_id, scene.account_id, "v" * 44))

    assert [key["id"] for key in scene.keys("new")] == [made.id]


@pytest.mark.parametrize("body", [*BODIES.values(), '{"access_token": 5}', '{"access_token": "a.b.c"}'])
def test_a_log_in_without_a_token_is_not_understood(scene: t.Any, body: str) -> None:
    scene.faults({"kind": "proxy_page", "status": 200, "body": body, "path": "identity"})

    with pytest.raises(NotUnderstood):
        scene.connect().caller()


class Answers:
    """Answers requests in this order; an error is raised."""

    def __init__(self, *answers: t.Any) -> None:
        self._left = list(answers)
        self.sent: list[str] = []

    def __call__(self, method: str, path: str, action: str, **_details: t.Any) -> Reply:
        self.sent.append(f"{method} {path}")
        answer = self._left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return Reply(200, answer, None, None)


def report(scene: t.Any, *answers: t.Any) -> t.Any:
    return ActivityReports(Answers(*answers), scene.clock).inactive_keys("a", for_hours=1, timeout_seconds=1)


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ([{}], "named no reference"),
        ([[]], "named no reference"),
        ([{"reference": "../../identity"}], "named no reference"),
        ([{"reference": "r-1"}, {}], "not the report on inactive API keys that was asked for"),
        ([{"reference": "r-1"}, []], "not the report on inactive API keys that was asked for"),
        ([{"reference": "r-1"}, {"reference": "r-2"}], "not the report on inactive API keys that was asked for"),
        ([{"reference": "r-1"}, {"reference": "r-1", "apikeys": {}}], "no list of keys"),
        ([{"reference": "r-1"}, {"reference": "r-1", "apikeys": [{"name": "x"}]}], "its id is missing"),
        ([{"reference": "r-1"}, {"reference": "r-1", "apikeys": ["x"]}], "it is no object"),
    ],
)
def test_a_report_that_lacks_something_is_not_understood(scene: t.Any, answers: list[t.Any], says: str) -> None:
    with pytest.raises(NotUnderstood, match=says):
        report(scene, *answers)


@pytest.mark.parametrize("missing", [{}, {"apikeys": None}, {"apikeys": []}])
def test_a_list_that_a_report_lacks_is_empty(scene: t.Any, missing: dict[str, t.Any]) -> None:
    assert report(scene, {"reference": "r-1"}, {"reference": "r-1", **missing}) == []


def service_ids(answers: Answers) -> ServiceIds:
    return ServiceIds(answers)


def test_a_service_id_without_a_version_is_not_changed() -> None:
    answers = Answers()

    with pytest.raises(NotUnderstood, match="cannot be changed safely"):
        service_ids(answers).update("ServiceId-1", {"description": "x"}, None)
    assert answers.sent == []


@pytest.mark.parametrize("is_locked", [True, False])
def test_a_refused_lock_is_done_only_if_the_service_id_is_locked(is_locked: bool) -> None:
    robot = {"id": "ServiceId-1", "iam_id": "iam-ServiceId-1", "name": "robot", "account_id": "a", "locked": is_locked}
    answers = Answers(Conflict("it is so already, or something else is in the way"), robot)

    if is_locked:
        service_ids(answers).lock("ServiceId-1")
    else:
        with pytest.raises(Conflict):
            service_ids(answers).lock("ServiceId-1")
    assert answers.sent == ["POST /v1/serviceids/ServiceId-1/lock", "GET /v1/serviceids/ServiceId-1"]


@pytest.mark.parametrize("body", [{}, [], {"serviceid_groups": "none"}])
def test_groups_without_a_list_of_ids_are_not_understood(body: t.Any) -> None:
    with pytest.raises(NotUnderstood, match="serviceid_groups"):
        service_ids(Answers(body)).list_groups("a")


def test_an_activity_that_was_not_sent_is_not_taken_for_none(scene: t.Any) -> None:
    key = {"id": "ApiKey-1", "name": "one", "iam_id": "IBMid-1", "account_id": "a"}

    with pytest.raises(NotUnderstood, match="ever logged in"):
        ApiKeys(Answers(key), scene.clock).read_activity("ApiKey-1")


def test_a_list_that_never_ends_is_given_up() -> None:
    asked: list[t.Any] = []

    def send(_method: str, _path: str, _action: str, **parts: t.Any) -> Reply:
        asked.append(parts["query"])
        return Reply(200, {"things": [], "next": f"https://x/v1/things?pagetoken=t{len(asked)}"}, None, None)

    with pytest.raises(NotUnderstood, match="does not end"):
        list(each_entry(send, "/v1/things", "things", {}, "list the things"))
    assert len(asked) == MOST_PAGES


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), -1.0])
def test_a_wait_that_would_not_end_is_refused_before_anything_is_asked(scene: t.Any, seconds: float) -> None:
    answers = Answers()

    with pytest.raises(Invalid, match="report_timeout_seconds has to be from 0"):
        ActivityReports(answers, scene.clock).inactive_keys("a", for_hours=1, timeout_seconds=seconds)

    assert answers.sent == []
