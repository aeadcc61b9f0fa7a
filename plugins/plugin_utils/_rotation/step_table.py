# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every step by its name: what it asks, announces, does and concludes.

The record leads: no write goes to IAM unless the committed record announces it, and none after a lost commit. So a step
asks what its announcement depends on, announces, acts, and concludes. What is announced and concluded is decided on
plain data, so check mode plays the same functions forward (foresee.py).
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace
from datetime import datetime

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.marker import split_description
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation import acts, guards, proof, record_changes
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import Current, Record
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.session import Done, Result, Session
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.view import (
    ActName,
    Step,
    StepName,
    View,
    require,
)


@dataclass(frozen=True)
class Write:
    """What a step writes: the record (None drops it), and the variable if it changes."""

    record: Record | None
    published_value: str | None = None
    removes_value: bool = False

    @property
    def next_record(self) -> Record | None:
        """The record as it is written: its revision counts commits."""
        return self.record and replace(self.record, revision=self.record.revision + 1)

    def __repr__(self) -> str:
        return f"Write({self.record!r})"


def _asks_nothing(session: Session, view: View, step: Step) -> View:
    return view


def _announces_nothing(view: View, step: Step, now: datetime) -> Write | None:
    return None


def _does_nothing(session: Session, view: View, step: Step) -> Result:
    return Done()


def _concludes_nothing(view: View, step: Step, done: Done, now: datetime) -> Write | None:
    return None


@dataclass(frozen=True)
class StepKind:
    """How one kind of step is taken; `now` is IAM's time as it is recorded.

    `ask` reads in IAM and raises SlotStopped when the step must not be announced. `announce` and `conclude` are pure.
    `act` works in IAM, in a thread of its own. `draws` says that it needs a new value or slot id, `writes_copies` that
    the slot's copies follow its variable, `reads_record_again` that the record has to be read once more after the list.
    `changes` is False for a step that changes nothing that lasts, `replaces_key` True where another key is published
    after it. The steps `next_at_once` may follow without another look at the keys; they are told as a part of this one
    unless they are in `tells_next`.
    """

    ask: t.Callable[[Session, View, Step], View] = _asks_nothing
    announce: t.Callable[[View, Step, datetime], Write | None] = _announces_nothing
    act: t.Callable[[Session, View, Step], Result] = _does_nothing
    conclude: t.Callable[[View, Step, Done, datetime], Write | None] = _concludes_nothing
    changes: bool = True
    writes_copies: bool = False
    replaces_key: bool = False
    draws: bool = False
    reads_record_again: bool = False
    next_at_once: frozenset[StepName] = frozenset()
    tells_next: frozenset[StepName] = frozenset()


def _intend(view: View, step: Step, now: datetime) -> Write:
    drawn = require(view.drawn, "what was drawn for it")
    record = view.loaded.record or Record(drawn.slot_id)
    record = replace(record, account_id=record.account_id or view.slot.account_id)
    return Write(record_changes.with_pending(record, now, drawn.key_value, view.slot.iam_id))


def _record_value_of_iam(view: View, step: Step, done: Done, now: datetime) -> Write | None:
    """The value that IAM chose is nowhere else: it goes on record before anything is done with it."""
    if view.pending.key_value is not None:
        return None
    made = require(done.key, "the key that was made")
    return Write(record_changes.with_value_of_iam(view.record, made.id, made.key_value))


def _publish(view: View, step: Step, done: Done, now: datetime) -> Write:
    key = require(done.key, "the key that was proven")
    after = record_changes.published(view.record, key.id, now, view.value_to_keep)
    return Write(after, view.pending.key_value)


def _adopt(view: View, step: Step, done: Done, now: datetime) -> Write:
    """Name and marker follow as for any published key; the user's word lets ours take the place of this marker only."""
    key, drawn = require(done.key, "the key of the value"), require(view.drawn, "what was drawn for it")
    marker = split_description(key.description)[1]
    current = Current(1, key.id, now, iam_id=key.iam_id, displaced_marker=str(marker) if marker else None)
    return Write(Record(drawn.slot_id, last_generation=1, current=current, account_id=view.slot.account_id))


def _note_owners(view: View, step: Step, now: datetime) -> Write:
    owners = {key.id: key.iam_id for key in view.keys}
    return Write(record_changes.with_owners(view.record, view.slot.account_id, owners))


def _retire_found(view: View, step: Step, now: datetime) -> Write:
    return Write(record_changes.with_retired_key(view.record, require(view.key(step.key_id), "a key"), now))


def _roll_back(view: View, step: Step, done: Done, now: datetime) -> Write:
    entry = view.entry(step.key_id)
    after = record_changes.swapped(view.record, entry, now, view.value_to_keep)
    return Write(after, entry.key_value)


def _unpublish(view: View, step: Step, now: datetime) -> Write:
    return Write(record_changes.unpublished(view.record, now, view.value_to_keep), removes_value=True)


def _retire_used_orphans(view: View, step: Step, done: Done, now: datetime) -> Write | None:
    if not done.used:
        return None
    record = view.record
    for key, generation in done.used:
        record = record_changes.with_entry(record, key, generation, now)
    return Write(record)


STEPS: dict[ActName, StepKind] = {
    "note_owners": StepKind(announce=_note_owners),
    "forget_order": StepKind(
        announce=lambda view, step, now: Write(record_changes.order_forgotten(view.record, step.key_id))
    ),
    "adopt": StepKind(draws=True, ask=proof.find_adopted_key, act=proof.adopted_key, conclude=_adopt),
    "intend": StepKind(
        draws=True, ask=guards.check_value, announce=_intend, act=acts.create, conclude=_record_value_of_iam
    ),
    "create": StepKind(
        announce=lambda view, step, now: Write(record_changes.announced_again(view.record, now)),
        act=acts.create,
        conclude=_record_value_of_iam,
    ),
    "prove": StepKind(act=proof.prove_for_later, changes=False, next_at_once=frozenset({"staged"})),
    "publish": StepKind(
        ask=guards.check_value,
        act=acts.publish,
        conclude=_publish,
        writes_copies=True,
        replaces_key=True,
        next_at_once=frozenset({"finish_publishing"}),
    ),
    "finish_publishing": StepKind(ask=guards.check_pair, act=acts.finish_publishing),
    "copy": StepKind(ask=guards.check_copied_value, writes_copies=True),
    "withdraw": StepKind(
        announce=lambda view, step, now: Write(record_changes.withdrawing(view.record, now)),
        act=acts.withdraw,
        conclude=lambda view, step, done, now: Write(replace(view.record, pending=None)),
    ),
    "disable": StepKind(
        ask=guards.check_may_go,
        announce=lambda view, step, now: Write(record_changes.disabling(view.record, step.key_id, now)),
        act=acts.disable,
    ),
    "delete": StepKind(
        ask=guards.check_may_go,
        announce=lambda view, step, now: Write(record_changes.deleting(view.record, step.key_id, now)),
        act=acts.delete,
        conclude=lambda view, step, done, now: Write(view.record.without_superseded(str(step.key_id))),
    ),
    "retire_found": StepKind(ask=guards.check_published, announce=_retire_found),
    "mark_leaked": StepKind(
        announce=lambda view, step, now: Write(record_changes.leaked(view.record, step.key_id)),
    ),
    # What was marked on record announces it.
    "disable_leaked": StepKind(ask=guards.check_is_named, act=acts.disable_leaked),
    "make_place": StepKind(
        ask=guards.check_leaked_may_go,
        announce=lambda view, step, now: Write(record_changes.making_place(view.record, now)),
        act=acts.delete_leaked,
    ),
    "enable": StepKind(
        announce=lambda view, step, now: Write(record_changes.enabling(view.record, step.key_id, now)),
        act=acts.enable,
        next_at_once=frozenset({"roll_back", "wait"}),
        tells_next=frozenset({"roll_back"}),
    ),
    "roll_back": StepKind(
        ask=guards.check_value, act=proof.prove_replaced_key, conclude=_roll_back, writes_copies=True, replaces_key=True
    ),
    "note_hand_over": StepKind(announce=lambda view, step, now: Write(record_changes.handed_over(view.record, now))),
    "unpublish": StepKind(ask=guards.check_value, announce=_unpublish, writes_copies=True),
    "drop_record": StepKind(announce=lambda view, step, now: Write(None)),
    "sweep": StepKind(act=acts.sweep, conclude=_retire_used_orphans, changes=False, reads_record_again=True),
}
