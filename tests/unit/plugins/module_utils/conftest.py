# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""IBM Cloud IAM in this process, with a clock that only tests move; and tasks as a module's main() runs them."""

from __future__ import annotations

import re
import typing as t

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient, open_client
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._outcome import outcome
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._secrets import protect
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._tasks import (
    iam_api_key,
    iam_api_key_bulk,
    iam_api_key_info,
    iam_service_id,
    iam_service_id_info,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._checked import check_arguments
from iam_emulator import Emulator, EmulatorAdapter, Visitor

Result = dict[str, t.Any]

NEW_YEAR_2027 = 1_798_761_600.0
KEY_ID = re.compile(r"ApiKey-[0-9a-f-]{36}")


class FakeClock:
    """Seconds that pass only when somebody sleeps."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.pauses: list[float] = []

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.go_on(seconds)

    def go_on(self, seconds: float) -> None:
        """Time that passes while somebody waits for a server."""
        self.seconds += seconds


class Scene:
    """IBM Cloud IAM, what was sent to it, and a user who sets the scene."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.emulator = Emulator(clock=lambda: NEW_YEAR_2027 + self.clock.seconds)
        self.user = Visitor(self.emulator)
        self.iam_id = self.emulator.seed.iam_id
        self.account_id = self.emulator.seed.account_id
        self.api_key = self.emulator.seed.api_key

    def adapter(self) -> EmulatorAdapter:
        return EmulatorAdapter(self.emulator, wait=self.clock.go_on)

    def connect(self, environ: t.Mapping[str, str] | None = None, **options: t.Any) -> IamClient:
        """A client; forgets what was sent before. Without other credentials it logs in as the account's user."""
        if not {"token", "api_key", "api_key_file", "cr_token_file"} & options.keys() and not environ:
            options["api_key"] = self.api_key
        self.forget_requests()
        return open_client(options, environ or {}, protect, clock=self.clock, adapter=self.adapter())

    def faults(self, *faults: dict[str, t.Any]) -> None:
        self.emulator.faults.add(list(faults))

    def forget_requests(self) -> None:
        self.emulator.requests.clear()

    def sent(self) -> list[str]:
        """Every request so far, log-ins included, ids left out: "PUT /v1/apikeys/ID"."""
        return [f"{each['method']} {KEY_ID.sub('ID', each['path'])}" for each in self.emulator.requests]

    def writes(self) -> list[str]:
        return [line for line in self.sent() if not line.startswith("GET ") and line != "POST /identity/token"]

    def keys(self, name: str) -> list[dict[str, t.Any]]:
        """The keys of that name which IAM knows, whoever owns them."""
        return [key.show(with_value=True) for key in self.emulator.world.keys.values() if key.name == name]


@pytest.fixture
def scene() -> Scene:
    return Scene()


def result_of(
    module: t.Any, options: dict[str, t.Any], connect: t.Callable[[], IamClient], check_mode: bool = False
) -> Result:
    """The result of a task, its arguments checked as Ansible has them checked."""
    checked = check_arguments(module.SPEC, options, "task")
    if checked.problem:
        return {"failed": True, "changed": False, "msg": checked.problem}
    client = connect()
    return outcome(lambda params, check: module.run(params, check, client), checked.options, check_mode)


@pytest.fixture
def manage(scene: t.Any) -> t.Callable[..., Result]:
    """A task with iam_api_key: its result, failures included."""

    def manage(check_mode: bool = False, *, client: t.Any = None, **options: t.Any) -> Result:
        return result_of(iam_api_key, options, lambda: client or scene.connect(), check_mode)

    return manage


@pytest.fixture
def manage_all(scene: t.Any) -> t.Callable[..., Result]:
    """A task with iam_api_key_bulk; each key needs only the options that matter."""

    def manage_all(
        keys: list[dict[str, t.Any]], check_mode: bool = False, *, client: t.Any = None, **options: t.Any
    ) -> Result:
        return result_of(iam_api_key_bulk, {"keys": keys, **options}, lambda: client or scene.connect(), check_mode)

    return manage_all


@pytest.fixture
def list_keys(scene: t.Any) -> t.Callable[..., Result]:
    """A task with iam_api_key_info."""

    def list_keys(**options: t.Any) -> Result:
        return result_of(iam_api_key_info, options, scene.connect)

    return list_keys


@pytest.fixture
def manage_robot(scene: t.Any) -> t.Callable[..., Result]:
    """A task with iam_service_id."""

    def manage_robot(check_mode: bool = False, *, client: t.Any = None, **options: t.Any) -> Result:
        credentials = {name: options[name] for name in ("api_key",) if name in options}
        return result_of(iam_service_id, options, lambda: client or scene.connect(**credentials), check_mode)

    return manage_robot


@pytest.fixture
def list_robots(scene: t.Any) -> t.Callable[..., Result]:
    """A task with iam_service_id_info."""

    def list_robots(**options: t.Any) -> Result:
        return result_of(iam_service_id_info, options, scene.connect)

    return list_robots
