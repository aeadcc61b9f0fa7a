# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""IBM Cloud IAM in this process, with a clock that only tests move; and tasks as a module's main() runs them."""

from __future__ import annotations

import re
import typing as t

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._arguments import IDENTITY
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam import retry
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient, open_client
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.transport import BoundedRetry
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._outcome import outcome
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._secrets import protect
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._tasks import (
    iam_api_key,
    iam_api_key_bulk,
    iam_api_key_info,
    iam_service_id,
    iam_service_id_info,
)
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
        policy = BoundedRetry.for_iam(self.clock, retry.RETRY_BUDGET_SECONDS, retry.FIRST_PAUSE_SECONDS)
        return EmulatorAdapter(self.emulator, max_retries=policy)

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


def params_of(spec: dict[str, t.Any], options: dict[str, t.Any]) -> dict[str, t.Any]:
    """Every option of the module, as its argument check hands them on."""
    defaults = {name: option.get("default") for name, option in spec["argument_spec"].items()}
    assert options.keys() <= defaults.keys()
    return {**defaults, **options}


@pytest.fixture
def manage(scene: t.Any) -> t.Callable[..., Result]:
    """A task with iam_api_key: its result, failures included."""

    def manage(check_mode: bool = False, *, client: t.Any = None, **options: t.Any) -> Result:
        connected = client or scene.connect()

        def work(params: dict[str, t.Any], check: bool) -> Result:
            return iam_api_key.run(params, check, connected)

        return outcome(work, params_of(iam_api_key.SPEC, options), check_mode)

    return manage


@pytest.fixture
def manage_all(scene: t.Any) -> t.Callable[..., Result]:
    """A task with iam_api_key_bulk; each key needs only the options that matter."""
    key_options = iam_api_key_bulk.SPEC["argument_spec"]["keys"]["options"]

    def manage_all(
        keys: list[dict[str, t.Any]], check_mode: bool = False, *, client: t.Any = None, **options: t.Any
    ) -> Result:
        connected = client or scene.connect()
        owners = [{**dict.fromkeys(IDENTITY), **owner} for owner in options.pop("identities", [])]
        given = {"keys": [params_of({"argument_spec": key_options}, key) for key in keys], "identities": owners}
        return outcome(
            lambda params, check: iam_api_key_bulk.run(params, check, connected),
            params_of(iam_api_key_bulk.SPEC, {**given, **options}),
            check_mode,
        )

    return manage_all


@pytest.fixture
def list_keys(scene: t.Any) -> t.Callable[..., Result]:
    """A task with iam_api_key_info."""

    def list_keys(**options: t.Any) -> Result:
        connected = scene.connect()
        return outcome(
            lambda params, check: iam_api_key_info.run(params, check, connected),
            params_of(iam_api_key_info.SPEC, options),
            False,
        )

    return list_keys


@pytest.fixture
def manage_robot(scene: t.Any) -> t.Callable[..., Result]:
    """A task with iam_service_id."""

    def manage_robot(check_mode: bool = False, **options: t.Any) -> Result:
        connected = scene.connect(**{name: options[name] for name in ("api_key",) if name in options})
        return outcome(
            lambda params, check: iam_service_id.run(params, check, connected),
            params_of(iam_service_id.SPEC, options),
            check_mode,
        )

    return manage_robot


@pytest.fixture
def list_robots(scene: t.Any) -> t.Callable[..., Result]:
    """A task with iam_service_id_info."""

    def list_robots(**options: t.Any) -> Result:
        connected = scene.connect()
        return outcome(
            lambda params, _check: iam_service_id_info.run(params, False, connected),
            params_of(iam_service_id_info.SPEC, options),
            False,
        )

    return list_robots
