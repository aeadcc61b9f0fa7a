# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whatever comes as an answer: a result or one of our errors, in time, without a secret, and nothing is written.

`make fuzz-answers ANSWERS=5000` draws as many for each operation.
"""

from __future__ import annotations

import functools
import os
import random
import typing as t

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import CloudkeysError
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam import retry
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.activity import ActivityReports
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKeys, NewKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import open_client
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import NotUnderstood
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.service_ids import ServiceIds
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._tasks import iam_api_key, iam_service_id
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._checked import check_arguments
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.module_utils.iam.mutations import MutatingAdapter

ANSWERS = int(os.environ.get("ANSWERS", "100"))
VALUE = "chosen-value-of-44-characters-for-a-new-key_"
METHODS = "GET POST PUT DELETE"


class Calls:
    """The operations of a client, each request of which has to end in time."""

    def __init__(self, scene: t.Any, draw: random.Random, methods: str = METHODS) -> None:
        self.scene = scene
        # Afresh, or the log-ins of the scene expire while answers are waited for.
        scene.emulator.reset()
        scene.clock.seconds = 0.0
        self.adapter = MutatingAdapter(scene.emulator, scene.clock.go_on, draw, methods)
        self.adapter.secrets.append(scene.api_key)
        self.client = open_client(
            {"api_key": scene.api_key}, {}, lambda _: None, clock=scene.clock, adapter=self.adapter
        )
        self.keys, self.robots = ApiKeys(self.send, scene.clock), ServiceIds(self.send)
        self.reports = ActivityReports(self.send, scene.clock)
        self.key = scene.user.create_key(name="one", description="d")
        self.robot = scene.user.create_service_id(name="robot")

    def is_made(self, name: str) -> bool:
        return bool(self.scene.keys(name))

    def send(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
        began = self.scene.clock.seconds
        try:
            return self.client.send(*args, **kwargs)
        finally:
            assert self.scene.clock.seconds - began <= retry.LONGEST_REQUEST_SECONDS + 7


OPERATIONS: dict[str, t.Callable[[Calls], t.Any]] = {
    "log in": lambda c: c.client.caller(),
    "log in with": lambda c: c.client.log_in_with(VALUE),
    "own id": lambda c: c.client.login_key_id(),
    "sees all": lambda c: c.client.sees_all_keys(),
    "list keys": lambda c: c.keys.list(c.scene.iam_id, c.scene.account_id),
    "search keys": lambda c: list(c.keys.search(c.scene.account_id, scope="account", include_history="true")),
    "read a key": lambda c: c.keys.read(c.key["id"], include_history="true", include_activity="true"),
    "get a key": lambda c: c.keys.get(c.key["id"]),
    "read activity": lambda c: c.keys.read_activity(c.key["id"]),
    "find by value": lambda c: c.keys.find_by_value(VALUE),
    "create a key": lambda c: c.keys.create(NewKey("new", c.scene.iam_id, c.scene.account_id, VALUE)),
    "create a key of IAM's": lambda c: c.keys.create(NewKey("new", c.robot["iam_id"], c.scene.account_id, None)),
    "update a key": lambda c: c.keys.update(c.key["id"], {"description": "x"}, c.key["entity_tag"]),
    "delete a key": lambda c: c.keys.delete(c.key["id"]),
    "lock a key": lambda c: c.keys.lock(c.key["id"]),
    "unlock a key": lambda c: c.keys.unlock(c.key["id"]),
    "disable a key": lambda c: c.keys.disable(c.key["id"]),
    "enable a key": lambda c: c.keys.enable(c.key["id"]),
    "search service IDs": lambda c: list(c.robots.search(c.scene.account_id)),
    "list named": lambda c: c.robots.list_named("robot", c.scene.account_id),
    "read a service ID": lambda c: c.robots.read(c.robot["id"], include_history="true", include_activity="true"),
    "create a service ID": lambda c: c.robots.create("another", c.scene.account_id),
    "update a service ID": lambda c: c.robots.update(c.robot["id"], {"name": "x"}, c.robot["entity_tag"]),
    "delete a service ID": lambda c: c.robots.delete(c.robot["id"]),
    "lock a service ID": lambda c: c.robots.lock(c.robot["id"]),
    "unlock a service ID": lambda c: c.robots.unlock(c.robot["id"]),
    "list groups": lambda c: c.robots.list_groups(c.scene.account_id),
    "report": lambda c: c.reports.inactive_keys(c.scene.account_id, for_hours=1, timeout_seconds=60),
}


def failure_of(work: t.Callable[[], t.Any], calls: Calls, which: str) -> CloudkeysError | None:
    """The error that the work ended with, None if with none; another exception or a secret in it is a defect."""
    try:
        work()
    except CloudkeysError as error:
        failure = error
    except Exception as error:
        raise AssertionError(f"{which}: {error!r}") from error
    else:
        return None
    words = f"{failure!r} {failure} {getattr(failure, 'transaction_id', None)}"
    for secret in (VALUE, *calls.adapter.secrets):
        assert secret.removeprefix("Bearer ") not in words, which
    assert failure.__cause__ is None, which
    return failure


@pytest.mark.parametrize("operation", OPERATIONS)
def test_whatever_comes_is_a_result_or_an_error_of_ours(scene: t.Any, operation: str) -> None:
    outcomes: set[str] = set()
    for number in range(ANSWERS):
        calls = Calls(scene, random.Random(f"{operation} {number}"))
        error = failure_of(functools.partial(OPERATIONS[operation], calls), calls, f"{operation} {number}")
        outcomes.add(type(error).__name__)
    assert len(outcomes) > 2, "the answers were hardly changed"


TASKS: dict[str, tuple[t.Any, dict[str, t.Any]]] = {
    "change a key": (iam_api_key, {"name": "one", "description": "another"}),
    "delete a key": (iam_api_key, {"name": "one", "state": "absent"}),
    "make a key": (iam_api_key, {"name": "new", "discard_value": True}),
    "change a service ID": (iam_service_id, {"name": "robot", "description": "another"}),
    "delete a service ID": (iam_service_id, {"name": "robot", "state": "absent"}),
}


@pytest.mark.parametrize("task", TASKS)
def test_nothing_is_written_on_a_read_that_was_not_understood(scene: t.Any, task: str) -> None:
    module, options = TASKS[task]
    for number in range(ANSWERS):
        calls = Calls(scene, random.Random(f"{task} {number}"), "GET")
        scene.forget_requests()
        checked = check_arguments(module.SPEC, options, "task")
        assert not checked.problem
        work = functools.partial(module.run, checked.options, False, calls.client)
        error = failure_of(work, calls, f"{task} {number}")
        later = [each["method"] for each in scene.emulator.requests[calls.adapter.changed_at :]]
        if isinstance(error, NotUnderstood):
            assert not {"PUT", "DELETE"} & set(later), f"{task} {number}: {error}"
            assert not calls.is_made("new"), f"{task} {number}: {error}"
