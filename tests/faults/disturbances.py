# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a schedule consists of: a fault at an effect of a run, and somebody who acts between two of its port calls."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator
from dataclasses import dataclass

if t.TYPE_CHECKING:
    from ansible_collections.cloudkeys.ibmcloud.tests.faults.world import World

Undo = t.Callable[[], None]

FAULTS = ("killed before", "killed after", "answer lost", "nothing done", "lands late")


class Killed(BaseException):
    """The process died here."""


@dataclass(frozen=True)
class Fault:
    """What happens at the n-th effect of a run; a late one lands before the effect `lands_at` of the next run."""

    at: int
    kind: str
    lands_at: int = 0

    def __str__(self) -> str:
        return f"{self.kind} @{self.at}" + (f" lands @{self.lands_at}" if self.kind == "lands late" else "")


def every_fault(effects: int) -> Iterator[Fault]:
    """Each kind at each effect; what lands late lands before each effect of the next run."""
    for at in range(effects):
        for kind in FAULTS[:-1]:
            yield Fault(at, kind)
        for lands_at in range(effects):
            yield Fault(at, "lands late", lands_at)


@dataclass(frozen=True)
class Visit:
    """Somebody acts before the n-th port call of a run; what `act` answers undoes it, None: it cannot be undone."""

    at: int
    act: t.Callable[[World], Undo | None]
