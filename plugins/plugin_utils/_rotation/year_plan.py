# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plays all slots of a task forward together, with a run each day: what each run does, whose turn it is, and when.

It plans, hands out places and counts rotations with the functions that a run uses, on keys that all slots of an owner
share. What is added is that days go by. Only what a run has something to do for is looked at again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.begins import Begins
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.foresee import NEW_KEY_ID
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.places import with_places
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.planned_slot import (
    Moment,
    OwnersKeys,
    Planned,
    PlannedSlot,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Orders
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.view import Step, View

A_RUN_COMES_EVERY = timedelta(days=1)
# More rounds than a run has: each of them is one step of some slot, and a slot has few.
MOST_ROUNDS = 400


@dataclass(frozen=True)
class Pace:
    """How many rotations a run begins, how many failures are enough for it, and for how long is planned."""

    batch_size: int = 50
    stop_after_failures: int | None = None
    days: int = 30


@dataclass(frozen=True)
class SeenSlot:
    """A slot as check mode has seen it; `why_stopped` when it cannot go on, and then perhaps it was not seen at all."""

    view: View | None
    why_stopped: str | None = None
    move: Step | None = None


def plan_year(seen: Sequence[SeenSlot], orders: Orders, pace: Pace) -> list[list[Planned]]:
    """What the runs to come do with each slot, rests included, in the order of the slots.

    The first run is now and has the orders; those that follow have none. Whatever begins within `pace.days` is planned
    to its end. Nobody else changes anything, and nobody uses a key whose overlap is over.
    """
    return _Year(seen, orders, pace).play()


class _Year:
    def __init__(self, seen: Sequence[SeenSlot], orders: Orders, pace: Pace) -> None:
        self._pace = pace
        self._orders = (orders, _of_later_runs(orders))
        self._keys = OwnersKeys(each.view for each in seen if each.view)
        self._ways: list[list[Planned]] = [[] for _each in seen]
        self._slots: list[PlannedSlot] = []
        hands_over = NEW_KEY_ID in orders.handed_over_ids
        self._failed = sum(1 for each in seen if each.why_stopped)
        for number, (each, way) in enumerate(zip(seen, self._ways)):
            if each.view is not None and each.move is not None:
                way.append(Planned(each.move, each.view.now, 0, each.view, each.view))
            if each.view is not None and each.why_stopped is None:
                self._slots.append(PlannedSlot(each.view, way, self._keys, number, hands_over))
        self._by_owner: dict[str, list[PlannedSlot]] = {}
        for slot in self._slots:
            for iam_id in slot.owners:
                self._by_owner.setdefault(iam_id, []).append(slot)

    def play(self) -> list[list[Planned]]:
        """Run after run, those in which there is nothing to do left out."""
        if not self._slots:
            return self._ways
        start = min(slot.view.now for slot in self._slots)
        ends_at = start + timedelta(days=self._pace.days)
        number, awake = 0, self._slots
        while awake:
            at = start + number * A_RUN_COMES_EVERY
            self._run(number, at, awake, may_begin=at <= ends_at)
            self._wake_others(at)
            if number == 0 and self._orders[0] != self._orders[1]:
                # What was ordered of the first run is not ordered of the next.
                for slot in self._slots:
                    slot.wake(at + A_RUN_COMES_EVERY)
            waiting = [slot.wakes_at for slot in self._slots if slot.goes_on(ends_at)]
            number = max(number + 1, _number_of_run(min(waiting, default=at), start))
            at = start + number * A_RUN_COMES_EVERY
            awake = [slot for slot in self._slots if slot.goes_on(ends_at) and slot.wakes_at <= at]
        return self._ways

    def _run(self, number: int, at: datetime, awake: list[PlannedSlot], *, may_begin: bool) -> None:
        begins = Begins(self._pace.batch_size, self._pace.stop_after_failures)
        moment, orders, playing = Moment(number, at), self._orders[min(number, 1)], set(awake)
        # A run looks at those that stopped, too, and counts them once it has done so.
        stopped = self._failed + sum(1 for slot in self._slots if slot.has_failed and slot not in playing)
        for slot in awake:
            slot.begin_run(moment, orders, begins, self._foreign_ids(slot), may_begin=may_begin)
        moving = awake
        for _round in range(MOST_ROUNDS):
            begins.failures = stopped if _round else 0
            begins.failures += sum(1 for slot in awake if slot.is_done and slot.has_failed)
            begins.under_way = sum(1 for slot in moving if slot.begin.is_under_way)
            if not (begins.must_wait and any(not slot.is_held for slot in moving)):
                for slot in moving:
                    slot.is_held = False
            ready = self._ready(moving, moment)
            if not ready:
                break
            self._play_round(ready, moment)
            moving = [slot for slot in moving if not slot.is_done]

    @staticmethod
    def _ready(moving: list[PlannedSlot], moment: Moment) -> list[PlannedSlot]:
        """The slots that may go on; time passes until the first of them may."""
        free = [slot for slot in moving if not slot.is_held]
        if not free:
            return []
        moment.now = max(moment.now, min(slot.pauses_until for slot in free))
        return [slot for slot in free if slot.pauses_until <= moment.now]

    def _play_round(self, ready: list[PlannedSlot], moment: Moment) -> None:
        for slot in ready:
            slot.look(moment)
        steps = {slot: slot.beginning for slot in ready if slot.beginning}
        beginning = list(steps)
        # The slots that share places with these, as this run has seen them.
        owners = {slot.view.slot.iam_id for slot in beginning}
        known = {id(each): each for iam_id in owners for each in self._by_owner[iam_id]}
        views = [each.view_at(moment) for each in known.values()]
        if beginning:
            asking = [slot.view for slot in beginning]
            placed = with_places(asking, beginning[0].orders, views, [step for step in steps.values() if step])
            for slot, view in zip(beginning, placed):
                slot.see_places(view)
        for slot in ready:
            slot.choose()
        for slot in ready:
            slot.take(moment)

    def _foreign_ids(self, slot: PlannedSlot) -> frozenset[str] | None:
        """The published keys of the others, where a slot asks; None where it does not."""
        if not slot.view.slot.retire_ids:
            return None
        ids = {each.current_id for each in self._slots if each is not slot}
        return frozenset(key_id for key_id in ids if key_id)

    def _wake_others(self, at: datetime) -> None:
        """Whoever waits for a place looks again in the next run when keys of its owner have come or gone."""
        changed = self._keys.take_changed()
        for iam_id in changed:
            for slot in self._by_owner.get(iam_id, []):
                slot.wake_if_waiting(at + A_RUN_COMES_EVERY)


def _of_later_runs(orders: Orders) -> Orders:
    """What stays of the orders once they are carried out: how far a run goes, and not what it is asked once."""
    return Orders(until=orders.until, leak_response=orders.leak_response, verify_values=orders.verify_values)


def _number_of_run(wakes_at: datetime, start: datetime) -> int:
    """The first run that is not before this moment."""
    return -((start - wakes_at) // A_RUN_COMES_EVERY)
