# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The ports of a run in a world: each effect is one that a fault can hit, and each answer is noted.

An effect is a bound method with what it is asked for: one that lands late can be copied with its world, and compared.
"""

from __future__ import annotations

import functools
import json
import typing as t
from collections.abc import Hashable
from dataclasses import replace

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import SystemClock
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.deadline import Deadline, one_deadline
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import error_from_reply
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.transport import Reply
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.loaded import Loaded
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.ports import NotWritten, SlotChange
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Slot
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import MemoryStore
from iam_emulator import Answer, Request

if t.TYPE_CHECKING:
    from ansible_collections.cloudkeys.ibmcloud.tests.faults.world import World


def only_looks(effect: str) -> bool:
    """Whether an effect leaves the world as it is; a log-in does (test_explored.py)."""
    return effect.startswith("GET ") or effect == "POST /identity/token"


def writes_nothing(late: functools.partial[t.Any]) -> bool:
    """Whether an effect that is still to land is a commit that comes too late for its file."""
    store = getattr(late.func, "__self__", None)
    return isinstance(store, WatchedStore) and late.func.__name__ == "_write" and store.is_outdated


class DirectTransport:
    """Hands requests to the emulator without HTTP."""

    def __init__(self, world: World) -> None:
        self._world = world

    def one_request(self) -> t.ContextManager[Deadline]:
        return one_deadline(SystemClock())

    def send(self, method: str, path: str, action: str, **parts: t.Any) -> Reply:
        form, content = parts.get("form"), parts.get("json")
        headers = {"Host": "iam.example", **(parts.get("headers") or {})}
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = "&".join(f"{name}={value}" for name, value in form.items()).encode()
        else:
            headers["Content-Type"] = "application/json"
            body = json.dumps(content).encode() if content is not None else b""
        query = {name: str(value) for name, value in (parts.get("query") or {}).items()}
        request = Request(method, path, query, headers, body)
        answer = self._world.perform(f"{method} {path}", functools.partial(self._answer, request))
        # A token is nothing that a run decides by; who holds it follows from the world.
        self._world.hear((answer.status, answer.body if path != "/identity/token" else self._world.depth))
        decoded = json.loads(answer.body) if answer.body else None
        if answer.status >= 400:
            raise error_from_reply(answer.status, decoded, action, None)
        return Reply(answer.status, decoded, answer.headers.get("ETag"), None)

    def _answer(self, request: Request) -> Answer:
        """What only looks leaves all as it was, the source of chance included, though its answer has an id."""
        scene = self._world.scene
        drawn = scene.chance.getstate()
        answer = scene.emulator.handle(request)
        if only_looks(f"{request.method} {request.path}"):
            scene.chance.setstate(drawn)
        return answer


class WatchedStore(MemoryStore):
    """The store in memory, its commits being effects too."""

    def __init__(self, world: World) -> None:
        super().__init__(world.scene.store, t.cast(t.Any, world))
        self._world = world

    @property
    def seen(self) -> Hashable:
        """What of the file this run knows."""
        return self._known_stamp, self._epoch

    @property
    def is_outdated(self) -> bool:
        """Whether somebody else has written since: then this run writes nothing any more before it loads again."""
        return bool(self._known_stamp != self._disk.stamp)

    def load(self, slot: Slot) -> Loaded:
        self._world.come_between("load")
        loaded = super().load(slot)
        self._world.hear((_unopened(loaded), self._world.scene.store.stamp))
        return loaded

    def commit(self, changes: t.Sequence[SlotChange]) -> list[Loaded | NotWritten]:
        answers = super().commit(changes)
        self._world.hear(tuple(_unopened(each) if isinstance(each, Loaded) else each for each in answers))
        return answers


def _unopened(loaded: Loaded) -> Hashable:
    """What a run was told, and left closed: what a value is follows from the file, which is part of the world."""
    return replace(loaded, held=None), loaded.has_value
