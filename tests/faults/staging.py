# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A plot that is played again and again, and where in it somebody can act: the same for every actor."""

from __future__ import annotations

import typing as t
from collections.abc import Hashable
from dataclasses import dataclass

from ansible_collections.cloudkeys.ibmcloud.tests.faults.copies import Snapshot
from ansible_collections.cloudkeys.ibmcloud.tests.faults.disturbances import Fault
from ansible_collections.cloudkeys.ibmcloud.tests.faults.explored import Memory, Point, ToCome, state_before_act
from ansible_collections.cloudkeys.ibmcloud.tests.faults.invariants import Violated
from ansible_collections.cloudkeys.ibmcloud.tests.faults.plots import Plot
from ansible_collections.cloudkeys.ibmcloud.tests.faults.watched_ports import only_looks
from ansible_collections.cloudkeys.ibmcloud.tests.faults.world import World


@dataclass(frozen=True)
class Schedule:
    """When somebody acts, and what happens to that run, or to the one before."""

    at: int
    fault: Fault | None = None
    is_fault_before: bool = False

    def __str__(self) -> str:
        before = f"{self.fault} of the run before, " if self.is_fault_before else ""
        return f"{before}@{self.at}" + (f", {self.fault}" if self.fault and not before else "")


class Place(t.NamedTuple):
    """Where a schedule has its act, by a hash of all there is, and what of its fault is still to come."""

    here: int
    to_come: ToCome


def same_fault(effect: str | None, fault: Fault) -> Fault:
    """A fault at what only looks leaves the same world, and says the same, as one of two."""
    if effect is None or not only_looks(effect):
        return fault
    return Fault(fault.at, "answer lost" if fault.kind in {"nothing done", "answer lost"} else "killed before")


class Stage:
    """A plot that is played again and again: every schedule begins with a copy of one world.

    A run before with a fault is played once; one that leaves the world as another fault did is the same as that.
    """

    def __init__(self, plot: Plot) -> None:
        self.plot = plot
        world, self.orders = plot.world()
        world.versions_before = len(world.versions)
        # No schedule asks what was requested before it.
        world.scene.emulator.requests.clear()
        self._start = Snapshot(world)
        self._after: dict[Fault, Snapshot] = {}
        self._first_with: dict[Hashable, Fault] = {}
        self._same_as: dict[Fault, Fault] = {}
        self._points: dict[tuple[Fault | None, bool], list[Point]] = {}

    def start(self) -> World:
        """The world before everything."""
        return self._start.world()

    def begin(self, schedule: Schedule) -> tuple[World, Fault | None]:
        """The world in which the actor's run begins, and the fault; of those before, the first that leads to it."""
        fault = schedule.fault
        if fault is None or not schedule.is_fault_before:
            return self.start(), fault
        if fault not in self._same_as:
            world = self.start()
            world.run(fault, **self.orders)
            world.scene.emulator.requests.clear()
            first = self._same_as[fault] = self._first_with.setdefault(state_before_act(world), fault)
            if first == fault:
                self._after[fault] = Snapshot(world)
        first = self._same_as[fault]
        return self._after[first].world(), first

    def place(self, schedule: Schedule) -> Place | None:
        """Where the actor comes; None where the run has violated something by then."""
        fault, at = schedule.fault, schedule.at
        undisturbed = self._points_of(None, is_before=False)
        if fault is None:
            return self._place(None, at, is_before=False)
        is_to_come = at < len(undisturbed) and undisturbed[at].effects <= fault.at
        if is_to_come and not schedule.is_fault_before:
            point = undisturbed[at]
            return Place(point.here, (fault.at - point.effects, fault.kind, fault.lands_at))
        hit = next((each.call for each in undisturbed if each.effects == fault.at and each.is_effect), None)
        return self._place(same_fault(hit, fault), at, is_before=schedule.is_fault_before)

    def _place(self, fault: Fault | None, at: int, *, is_before: bool) -> Place | None:
        """Whoever comes later than the run acts after it."""
        points = self._points_of(fault, is_before=is_before)
        if at >= len(points) and points[-1].call is not None:
            return None
        return Place(points[min(at, len(points) - 1)].here, None)

    def _points_of(self, fault: Fault | None, *, is_before: bool) -> list[Point]:
        """Where somebody could act in a run with this fault, or in the one after it."""
        asked = fault, is_before
        if asked not in self._points:
            world, first = self.begin(Schedule(0, fault, is_before))
            if is_before and first != fault:
                self._points[asked] = self._points_of(first, is_before=True)
                return self._points[asked]
            world.memory, world.points = Memory(), []
            self._points[asked] = world.points
            try:
                world.run(None if is_before else fault, **self.orders)
                world.points.append(world.point(None))
            except Violated:
                # Whoever comes later finds what is violated; that schedule tells.
                pass
        return self._points[asked]
