# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A module's work, called as its main() calls it, with the client handed in."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._arguments import IDENTITY
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._outcome import outcome
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._tasks import (
    iam_api_key,
    iam_api_key_bulk,
    iam_api_key_info,
    iam_service_id,
    iam_service_id_info,
)

Result = dict[str, t.Any]


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
