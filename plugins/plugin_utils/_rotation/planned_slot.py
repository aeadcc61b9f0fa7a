# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One slot in the runs to come: plain data goes in, the steps that it takes come out; nothing is asked or written."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import LATEST, parse_time
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.begins import Begin, Begins
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.foresee import MadeUp, take
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.plan import orphans, plan_sweep
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.plan_only_leaked import next_step
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.session import Done
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Orders
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.step_table import STEPS, StepKind
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.view import (
    ActName,
    Step,
    View,
    current_leaked,
    orphaned,
)

# What is announced is later than the look that it follows, so what lasts for days is over after a run of that time.
A_STEP_TAKES = timedelta(seconds=1)
# docs/iam-facts.md 3.7
ERASED_AFTER = timedelta(days=90)
# A key whose way out is under way is played to the end, also after the days that were asked for.
UNDER_WAY = frozenset({"overlap", "in_use", "soak"})


@dataclass(frozen=True)
class Planned:
    """One step to come, or a rest: by which run, when, and the slot before and after it."""

    step: Step
    at: datetime
    run: int
    before: View
    after: View


@dataclass
class Moment:
    """The run that is played, when it begins, and how late it is in it."""

    run: int
    now: datetime


class OwnersKeys:
    """The keys of each owner, as all slots of a run see them."""

    def __init__(self, views: Iterable[View]) -> None:
        self._of: dict[str, dict[str, ApiKey]] = {}
        self._changed: set[str] = set()
        self.last_logins: dict[str, datetime | None] = {}
        for view in views:
            self.last_logins.update(view.last_logins)
            for key in view.keys:
                self._of.setdefault(key.iam_id, {})[key.id] = key

    def of(self, owners: Iterable[str], now: datetime) -> tuple[ApiKey, ...]:
        """The keys that there are then: one that expired long ago is erased."""
        kept = (key for iam_id in owners for key in self._of.get(iam_id, {}).values())
        return tuple(key for key in kept if not key.expires_at or now <= parse_time(key.expires_at) + ERASED_AFTER)

    def follow(self, before: View, after: View) -> None:
        """Take over what became of the keys by a step."""
        left = {key.id for key in after.keys}
        for key in before.keys:
            if key.id not in left:
                self._of[key.iam_id].pop(key.id, None)
                self._changed.add(key.iam_id)
        known = {key.id: key for key in before.keys}
        for key in after.keys:
            if known.get(key.id) != key:
                self._of.setdefault(key.iam_id, {})[key.id] = key
                self._changed.add(key.iam_id)

    def take_changed(self) -> set[str]:
        """The owners whose keys have changed since this was asked last."""
        changed, self._changed = self._changed, set()
        return changed


class PlannedSlot:
    """A slot on its way through the days; `way` gets what it does."""

    def __init__(self, view: View, way: list[Planned], keys: OwnersKeys, number: int, is_handed_over: bool) -> None:
        self.view = view
        self.wakes_at = self.pauses_until = view.now
        self.is_held = self.is_done = self.has_ended = False
        self.orders = view.orders
        self.begin = Begin(Begins(0, None))
        self._way, self._keys, self._number, self._is_handed_over = way, keys, number, is_handed_over
        self._made, self._is_first = 0, True
        self._may_begin = True
        self._last: StepKind | None = None
        self._step: Step | None = None
        self._rest: Step | None = None

    @property
    def owners(self) -> list[str]:
        """Whose keys a run lists for the slot."""
        record = self.view.loaded.record
        return [self.view.slot.iam_id, *sorted((record.owners if record else frozenset()) - {self.view.slot.iam_id})]

    @property
    def current_id(self) -> str | None:
        record = self.view.loaded.record
        return record.current.id if record and record.current else None

    @property
    def has_failed(self) -> bool:
        return self._rest is not None and self._rest.name == "stop"

    @property
    def beginning(self) -> Step | None:
        return self._step if self._step is not None and self._step.name == "intend" else None

    def see_places(self, view: View) -> None:
        """Take note of whether the owner may have one more key."""
        self.view = view
        if not view.has_place:
            # With one it is the step of the look, which took a place for granted.
            self._step = next_step(view, self.orders)

    def goes_on(self, ends_at: datetime) -> bool:
        """Whether a run to come has something to do for it: until the end of the plan, or of its way."""
        is_under_way = self._rest is not None and self._rest.name in UNDER_WAY
        return not self.has_ended and self.wakes_at < LATEST and (self.wakes_at <= ends_at or is_under_way)

    def begin_run(
        self, moment: Moment, orders: Orders, begins: Begins, foreign_ids: frozenset[str] | None, *, may_begin: bool
    ) -> None:
        """Forget what only the run before knew."""
        self.pauses_until, self.is_done, self.is_held = moment.now, False, False
        self.begin, self._may_begin, self._last = Begin(begins), may_begin, None
        self.orders = orders
        if not self._is_first:
            self.view = replace(
                self.view, is_whole=True, last_logins={}, proven=frozenset(), enabled=frozenset(), rejected={},
                unfit=frozenset(), has_replaced=False, value_is_lost=False, value_in_a_copy=None, adopted=None,
                orders=orders,
                foreign_ids=self.view.foreign_ids if foreign_ids is None else foreign_ids,
            )  # fmt: skip
        self._is_first = False

    def view_at(self, moment: Moment) -> View:
        """The slot as this run has seen it, whether or not there is something to do."""
        return replace(self.view, now=moment.now, keys=self._keys.of(self.owners, moment.now))

    def look(self, moment: Moment) -> None:
        """List the keys again."""
        self.view = replace(self.view_at(moment), has_place=True, place_frees_at=None)
        step = next_step(self.view, self.orders)
        if step.name == "hand_over" and self._is_handed_over and self.current_id:
            # The user's tasks run once a key is published and in order, and tell the next stage.
            self.orders = replace(self.orders, handed_over_ids=self.orders.handed_over_ids | {self.current_id})
        if step.name == "observe":
            last_logins = {**self.view.last_logins, str(step.key_id): self._keys.last_logins.get(str(step.key_id))}
            self.view = replace(self.view, last_logins=last_logins)
        is_as_seen = step.name not in {"hand_over", "observe"}
        self._step = step if is_as_seen else next_step(self.view, self.orders)

    def choose(self) -> None:
        """Ask for leave to begin, if that is the next step."""
        if self._step is not None and self._step.name == "intend":
            step = self._ask_for_leave(self._step) or self._step
            self._step = None if self.is_held or self.has_ended else step

    def take(self, moment: Moment) -> None:
        """Carry the chosen step out, or rest."""
        step = self._step
        self.begin.confirm()
        if self.has_ended:
            self.is_done = True
        elif step is None:
            return
        elif step.rests:
            self._come_to_rest(step, moment)
        elif step.name == "wait":
            self.pauses_until = max(moment.now, step.next_at or moment.now) + A_STEP_TAKES
        else:
            self._act(step, moment)

    def wake(self, at: datetime) -> None:
        """Look again in this run."""
        self.wakes_at = min(self.wakes_at, at)

    def wake_if_waiting(self, at: datetime) -> None:
        """Look again in this run if what the slot waits for may have come."""
        if self._rest is not None and self._rest.name in {"later", "stop"}:
            self.wake(at)

    def _ask_for_leave(self, step: Step) -> Step | None:
        if not self._may_begin:
            self.has_ended = True
            return None
        begins = self.begin.of_all
        is_urgent = current_leaked(self.view)
        if begins.must_wait and not is_urgent:
            self.is_held = True
            return None
        stage = None if self.orders.may_begin else "rotations begin in the stage before the probe"
        why_not = stage or (None if is_urgent else begins.why_none())
        if why_not is None:
            self.begin.take()
            return None
        return Step("later", f"due ({step.reason}), and put off: {why_not}", step.key_id)

    def _act(self, step: Step, moment: Moment) -> None:
        kind, before = STEPS[t.cast(ActName, step.name)], self.view
        settles = step.name in {"publish", "prove"} and before.slot.policy.settle_seconds
        takes = A_STEP_TAKES + timedelta(seconds=settles or 0)
        if step.name in {"intend", "create"}:
            self._made += 1
        foreseen, after = take(replace(before, now=moment.now + takes), step, self._made_up())
        self.view = after
        self.pauses_until = foreseen.at if settles else moment.now
        self._keys.follow(before, after)
        self._note_log_in(step, foreseen.at)
        if self._last is not None and step.name in self._last.next_at_once - self._last.tells_next:
            # A run tells it as a part of the step before.
            self._way[-1] = replace(self._way[-1], after=after)
        elif not self._is_the_same(step, moment):
            self._way.append(Planned(step, moment.now, moment.run, before, after))
        self._last = kind
        if step.fails_with:
            self._come_to_rest(Step("stop", step.fails_with, step.key_id), moment)

    def _is_the_same(self, step: Step, moment: Moment) -> bool:
        """An enable that had to wait is announced twice, and told once."""
        last = self._way[-1] if self._way else None
        return last is not None and (last.run, last.step.name, last.step.key_id) == (moment.run, step.name, step.key_id)

    def _made_up(self) -> MadeUp:
        """Names that no other key of the plan has."""
        own = f"{self._made} of {self.view.slot.name}"
        record = self.view.loaded.record
        slot_id = record.slot_id if record else f"{self._number:08x}"
        return MadeUp(slot_id, f"(value {own})", f"(new key {own})")

    def _note_log_in(self, step: Step, at: datetime) -> None:
        """The run itself logs in with a key before it publishes it."""
        if step.name in {"publish", "roll_back"} and self.current_id:
            self._keys.last_logins[self.current_id] = at

    def _come_to_rest(self, step: Step, moment: Moment) -> None:
        before, sweep = self.view.loaded.record, plan_sweep(self.view, step)
        if sweep is not None:
            self._sweep(sweep, moment)
        is_same = self._rest is not None and (self._rest.name, self._rest.reason) == (step.name, step.reason)
        is_stuck = step.name == "stop" and is_same
        self._rest, self.is_done = step, True
        last = self._way[-1] if self._way else None
        if last is not None and last.step.rests and last.step.name == step.name:
            self._way[-1] = replace(last, step=step, after=self.view)
        else:
            self._way.append(Planned(step, moment.now, moment.run, self.view, self.view))
        has_more = before != self.view.loaded.record
        self.wakes_at = moment.now + A_STEP_TAKES if has_more else self._next_look(step, moment, is_stuck=is_stuck)

    def _sweep(self, sweep: Step, moment: Moment) -> None:
        """Orphans are deleted; one that ever logged in is retired instead."""
        before = self.view
        left, marked = orphans(before), before.marked(before.record.slot_id)
        found = [(key, marker.generation) for key, marker in marked if key in left]
        used = tuple((key, number) for key, number in found if self._keys.last_logins.get(key.id))
        swept_ids = {key.id for key, _number in found} - {key.id for key, _number in used}
        write = STEPS["sweep"].conclude(before, sweep, Done(used=used), moment.now + A_STEP_TAKES)
        record = write.next_record if write else before.loaded.record
        keys = tuple(key for key in before.keys if key.id not in swept_ids)
        self.view = replace(before, keys=keys, loaded=replace(before.loaded, record=record))
        self._keys.follow(before, self.view)
        self._way.append(Planned(sweep, moment.now, moment.run, before, self.view))

    def _next_look(self, rest: Step, moment: Moment, *, is_stuck: bool) -> datetime:
        """When time alone may change what a run has to do; LATEST for never."""
        view, record = self.view, self.view.loaded.record
        moments = [rest.next_at]
        is_due = rest.name == "later" and not (rest.next_at and rest.next_at > moment.now)
        if is_due or (rest.name == "stop" and not is_stuck):
            moments.append(moment.now + A_STEP_TAKES)
        if record is not None:
            key = view.current_key()
            expires_at = parse_time(key.expires_at) if key and key.expires_at else None
            moments += [expires_at, expires_at + ERASED_AFTER + A_STEP_TAKES] if expires_at else []
            ripe = timedelta(minutes=view.slot.policy.orphan_min_age_minutes, seconds=1)
            moments += [parse_time(left.created_at) + ripe for left in orphaned(view, record) if left.created_at]
            seen = [self._keys.last_logins.get(entry.id) for entry in record.superseded]
            moments += [last + view.slot.policy.quiet for last in seen if last]
        return min((each for each in moments if each and each > moment.now), default=LATEST)
