# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whatever comes as an answer: a result or one of our errors, in time, without a secret, and nothing is written.

`make fuzz-answers ANSWERS=5000` draws as many for each operation.
"""

from __future__ import annotations

import functools
import inspect
import multiprocessing
import os
import random
import typing as t

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import CloudkeysError
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam import retry
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.activity import ActivityReports
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKeys, NewKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient, open_client
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import NotUnderstood
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.service_ids import ServiceId, ServiceIds
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._tasks import iam_api_key, iam_service_id
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._checked import check_arguments
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.module_utils.iam.memory import most_memory
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.module_utils.iam.mutations import KINDS, MutatingAdapter

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


# What the operations take, by the name of the parameter; a new one has to be told here.
ARGUMENTS: dict[str, t.Callable[[Calls], t.Any]] = {
    "account_id": lambda c: c.scene.account_id,
    "iam_id": lambda c: c.scene.iam_id,
    "key_id": lambda c: c.key["id"],
    "key_value": lambda c: VALUE,
    "name": lambda c: "robot",
    "new": lambda c: NewKey("new", c.scene.iam_id, c.scene.account_id, VALUE),
    "changes": lambda c: {"name": "x", "description": "y"},
    "entity_tag": lambda c: "*",
    "service_id": lambda c: c.robot["id"],
    "for_hours": lambda c: 1,
    "timeout_seconds": lambda c: 60,
}
PARTS: dict[str, type] = {"keys": ApiKeys, "robots": ServiceIds, "reports": ActivityReports, "client": IamClient}
# Of the client itself: what hands out another one, and the door that all others go through.
NO_OPERATIONS = {"branch", "waiting_freely", "send"}


def calling(part: str, method: str, **more: t.Any) -> t.Callable[[Calls], t.Any]:
    """Call a method of a part with what its required parameters are called for, and read its answer to the end."""
    required = [
        each.name
        for each in inspect.signature(getattr(PARTS[part], method)).parameters.values()
        if each.default is each.empty and each.kind is not each.VAR_KEYWORD and each.name != "self"
    ]

    def call(calls: Calls) -> t.Any:
        given = {name: ARGUMENTS[name](calls) for name in required if name not in more}
        told = getattr(getattr(calls, part), method)(**given, **{name: each(calls) for name, each in more.items()})
        return list(told) if inspect.isgenerator(told) else told

    return call


def described(calls: Calls) -> ServiceId:
    return ServiceId.from_iam(calls.robot, "read it")


# Every method that is there, so a new one is among them by itself.
OPERATIONS: dict[str, t.Callable[[Calls], t.Any]] = {
    f"{part} {method}": calling(part, method)
    for part, kind in PARTS.items()
    for method, function in vars(kind).items()
    if inspect.isfunction(function) and not method.startswith("_") and method not in NO_OPERATIONS
} | {
    "robots list_keys": calling("robots", "list_keys", service_id=described),
    "keys search of all": calling("keys", "search", scope=lambda c: "account", include_history=lambda c: "true"),
    "keys read with all": calling("keys", "read", include_history=lambda c: "true", include_activity=lambda c: "true"),
    "robots read with all": calling(
        "robots", "read", include_history=lambda c: "true", include_activity=lambda c: "true"
    ),
    "keys create with IAM's value": calling(
        "keys", "create", new=lambda c: NewKey("new", c.robot["iam_id"], c.scene.account_id, None)
    ),
}


def test_what_is_fuzzed_are_all_operations() -> None:
    assert len(OPERATIONS) >= 34
    assert {"keys create", "keys search", "robots delete", "client caller"} <= OPERATIONS.keys()


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


def test_the_kinds_of_changes_are_those_that_are_promised() -> None:
    # docs/CONTRIBUTING.md names them.
    assert sorted(KINDS) == ["cut", "members", "noise", "pack", "repeat", "say", "swap", "tell"]


def test_an_answer_takes_200_mb_at_most() -> None:
    # In a process of its own: that of the tests has more already, and its peak says nothing.
    with multiprocessing.get_context("spawn").Pool(1) as process:
        peak = process.apply(most_memory)
    print(f"peak {max(peak.values())} MB: {peak}")
    assert max(peak.values()) <= 200


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
