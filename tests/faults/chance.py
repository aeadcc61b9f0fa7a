# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A source of chance that is copied with its world, and a scene with it: what is drawn follows from the world alone."""

from __future__ import annotations

import hashlib
import random
import typing as t

from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import Scene, first_moment
from iam_emulator import Emulator
from iam_emulator.seeds import Randomness

if t.TYPE_CHECKING:
    from ansible_collections.cloudkeys.ibmcloud.tests.faults.world import World

FLOAT_BITS = 53
GENERATED_SLOT_ID_BITS = 32


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


class RepeatableScene(Scene):
    """A scene in which all that is drawn follows from what happened."""

    def __init__(self, **policy: t.Any) -> None:
        self.chance = Chance()
        super().__init__(**policy)

    def make_emulator(self) -> Emulator:
        return Emulator(clock=first_moment, randomness=self.chance)

    def draw_value(self) -> str:
        return Randomness(self.chance).key_value()

    def draw_slot_id(self) -> str:
        return f"{self.chance.getrandbits(GENERATED_SLOT_ID_BITS):08x}"
