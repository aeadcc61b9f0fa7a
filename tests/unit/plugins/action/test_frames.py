# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Between a task and the request it sends there are few functions of ours: each more is one more to read."""

from __future__ import annotations

import traceback
import types
import typing as t
from pathlib import Path

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.action.iam_api_key import ActionModule
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import open_client
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._tasks.iam_api_key import run
from iam_emulator import Emulator, EmulatorAdapter

OURS = Path(run.__code__.co_filename).resolve().parents[2]
REQUESTS = ("POST /identity/token", "GET /v1/apikeys", "POST /v1/apikeys")
MOST_FUNCTIONS = 18


class Watching(EmulatorAdapter):
    """Notes which functions of ours are at work when a request is sent."""

    def __init__(self, emulator: Emulator) -> None:
        super().__init__(emulator)
        self.ways: dict[str, list[str]] = {}

    def send(self, request: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
        frames = [frame for frame in traceback.extract_stack() if OURS in Path(frame.filename).resolve().parents]
        # Python before 3.12 has a frame for each comprehension.
        way = [f"{Path(frame.filename).stem}.{frame.name}" for frame in frames if not frame.name.startswith("<")]
        self.ways[f"{request.method} {request.path_url.partition('?')[0]}"] = way
        return super().send(request, *args, **kwargs)


@pytest.fixture
def ways(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """The functions between a task that makes a key, in process, and each of its requests."""
    emulator = Emulator()
    watching = Watching(emulator)

    client = open_client({"api_key": emulator.seed.api_key}, {}, lambda secret: None, adapter=watching)

    class Action(ActionModule):
        do_work = staticmethod(lambda params, check_mode: run(params, check_mode, client))

    monkeypatch.delenv("CLOUDKEYS_IN_PROCESS", raising=False)
    options = {"name": "one", "discard_value": True}
    task = types.SimpleNamespace(
        args=options, action="iam_api_key", environment=[], async_val=0, check_mode=False, register=None, no_log=False
    )
    shell = types.SimpleNamespace(env_prefix=lambda **variables: "")
    connection = types.SimpleNamespace(transport="local", become=None, _shell=shell)
    loader = types.SimpleNamespace(get_basedir=lambda: str(tmp_path))
    templar = types.SimpleNamespace(template=lambda value: value)
    assert Action(task, connection, None, loader, templar, None).run(task_vars={})["changed"]
    return watching.ways


@pytest.mark.parametrize("request_line", REQUESTS)
def test_a_request_is_few_functions_away_from_its_task(ways: dict[str, list[str]], request_line: str) -> None:
    way = ways[request_line]

    assert len(way) <= MOST_FUNCTIONS, " > ".join(way)


def test_the_whole_way_was_counted(ways: dict[str, list[str]]) -> None:
    assert ways.keys() == set(REQUESTS)
    assert {(way[0], way[-1]) for way in ways.values()} == {("_collection_action.run", "wire.exchange")}
