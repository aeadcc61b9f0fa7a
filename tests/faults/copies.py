# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Copies of a world, and a source of chance that comes with them: what is drawn follows from the world alone."""

from __future__ import annotations

import hashlib
import io
import pickle
import random
import threading
import types
import typing as t

if t.TYPE_CHECKING:
    from ansible_collections.cloudkeys.ibmcloud.tests.faults.schedules import World

FLOAT_BITS = 53


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


class Chance(random.Random):
    """The source of ids and values of a world, begun anew by each run: what it draws follows from the world alone.

    Its state is a word and a number, and not the 625 numbers of Python's own source: it is copied, kept and compared
    with each port call.
    """

    _begun: str = ""
    _drawn: int = 0

    def begin_run(self, world: World, depth: int) -> None:
        """No value is drawn twice: one that is kept has changed the file, or IAM has a key more."""
        scene = world.scene
        keys = sum(len(account.keys) for account in scene.emulator.worlds.values())
        moment = scene.emulator.clock.now()
        self.seed(f"{scene.store.stamp}/{len(world.ledger.account_of)}/{keys}/{depth}/{moment}")

    def seed(self, a: t.Any = None, version: int = 2) -> None:
        self._begun, self._drawn = str(a), 0

    def getrandbits(self, k: int, /) -> int:
        self._drawn += 1
        digest = hashlib.sha256(f"{self._begun} {self._drawn}".encode()).digest()
        return int.from_bytes(digest, "big") >> (8 * len(digest) - k)

    def random(self) -> float:
        return float(self.getrandbits(FLOAT_BITS) / (1 << FLOAT_BITS))

    def getstate(self) -> tuple[t.Any, ...]:
        return self._begun, self._drawn

    def setstate(self, state: tuple[t.Any, ...]) -> None:
        self._begun, self._drawn = state
