# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Copies of a world."""

from __future__ import annotations

import io
import pickle
import threading
import types
import typing as t

if t.TYPE_CHECKING:
    from ansible_collections.cloudkeys.ibmcloud.tests.faults.world import World


class Snapshot:
    """A world as it is now, of which copies can be had; much faster than to play up to here again."""

    def __init__(self, world: World) -> None:
        self._shared: list[t.Any] = []
        stream = io.BytesIO()
        _Pickler(stream, self._shared).dump(world)
        self._content = stream.getvalue()

    def world(self) -> World:
        return t.cast("World", _Unpickler(io.BytesIO(self._content), self._shared).load())


class _Pickler(pickle.Pickler):
    """Functions and locks stay what they are."""

    def __init__(self, stream: t.IO[bytes], shared: list[t.Any]) -> None:
        super().__init__(stream, pickle.HIGHEST_PROTOCOL)
        self._shared = shared

    def persistent_id(self, obj: object) -> int | None:
        if not isinstance(obj, (types.FunctionType, type(threading.RLock()))):
            return None
        self._shared.append(obj)
        return len(self._shared) - 1


class _Unpickler(pickle.Unpickler):
    def __init__(self, stream: t.IO[bytes], shared: list[t.Any]) -> None:
        super().__init__(stream)
        self._shared = shared

    def persistent_load(self, pid: int) -> t.Any:
        return self._shared[pid]
