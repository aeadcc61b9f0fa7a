# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plays a slot forward on plain data: every step to come with its date, if nobody comes between and IAM does as asked.

It plans, announces and concludes with the functions that a run uses, so nothing here restates what a step writes. What
is added is how the keys look after each act, and that time goes on.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace
from datetime import datetime

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import format_time
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.marker import (
    join_description,
    split_description,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.loaded import Loaded
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.plan import orphans, plan_sweep
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.plan_only_leaked import next_step
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import Record, round_up
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.session import Done
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Orders
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.step_table import STEPS, StepKind, Write
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.view import (
    ActName,
    Drawn,
    Step,
    View,
    require,
)

NOT_DRAWN_YET = "(drawn when the record is made)"
MADE_UP_SLOT_ID = "00000000"
NEW_KEY_ID = "(the new key)"
ADOPTED_KEY_ID = "(the key of this value)"

# More than any way has: a whole rotation with its overlap and soak has ten.
MOST_STEPS = 40

# These are left only when a run is asked for something else, a person acts, or the next rotation is due.
FOR_GOOD = frozenset({"idle", "later", "staged", "hand_over", "published", "stop", "gone"})


@dataclass(frozen=True)
class MadeUp:
    """What stands for all that chance and IAM give a key that is yet to be made."""

    slot_id: str = MADE_UP_SLOT_ID
    key_value: str = NOT_DRAWN_YET
    key_id: str = NEW_KEY_ID


NOTHING_DRAWN = MadeUp()


@dataclass(frozen=True)
class Foreseen:
    """One step to come: when, the record that it announces, and the record after it; values are left out."""

    step: Step
    at: datetime
    announced: Record | None
    record: Record | None


def foresee(view: View, orders: Orders, move: Step | None = None) -> list[Foreseen]:
    """Every step from here until the slot rests for good, rests included; orders hold all the way.

    `move` is the step that brought the slot here, as `view` shows it.
    """
    way = [Foreseen(move, view.now, view.loaded.record, view.loaded.record)] if move else []
    is_new = view.loaded.record is None
    last: StepKind | None = None
    for _turn in range(MOST_STEPS):
        step = next_step(view, orders)
        sweep = plan_sweep(view, step) if step.rests else None
        if sweep is not None:
            way.append(Foreseen(sweep, view.now, view.loaded.record, view.loaded.record))
            swept_ids = {key.id for key in orphans(view)}
            view = replace(view, keys=tuple(key for key in view.keys if key.id not in swept_ids))
        if step.rests or step.name == "wait":
            way.append(Foreseen(step, view.now, view.loaded.record, view.loaded.record))
            if step.name in FOR_GOOD or step.next_at is None:
                break
            # Another run goes on then.
            view = replace(view, now=max(view.now, step.next_at), has_replaced=False)
        elif step.name == "observe":
            view = replace(view, last_logins={**view.last_logins, str(step.key_id): None})
        else:
            foreseen, view = take(view, step)
            kind = STEPS[t.cast(ActName, step.name)]
            if last is not None and step.name in last.next_at_once - last.tells_next:
                # A run tells it as a part of the step before.
                way[-1] = replace(way[-1], record=foreseen.record)
            elif not _was_announced(way, step):
                way.append(foreseen)
            last = kind
    return [_without_made_up_id(each) for each in way] if is_new else way


def _was_announced(way: t.Sequence[Foreseen], step: Step) -> bool:
    """What has to wait is announced before and after, and a run tells it once."""
    before = [(each.step.name, each.step.key_id) for each in way[-2:]]
    return [name for name, _key_id in before] == [step.name, "wait"] and before[0][1] == step.key_id


def take(view: View, step: Step, made_up: MadeUp = NOTHING_DRAWN) -> tuple[Foreseen, View]:
    """Take one step on plain data: what it announces and writes, and the slot after it."""
    kind, now = STEPS[t.cast(ActName, step.name)], round_up(view.now)
    if kind.draws:
        own_value = made_up.key_value if view.slot.policy.key_source == "local" else None
        view = replace(view, drawn=Drawn(made_up.slot_id, own_value))
    view = _written(view, kind.announce(view, step, now))
    announced = view.loaded.record
    view, done = EXPECTED.get(t.cast(ActName, step.name), _nothing_new)(view, step, made_up)
    view = _written(view, kind.conclude(view, step, done, now))
    view = replace(view, has_replaced=view.has_replaced or kind.replaces_key)
    if kind.writes_copies:
        view = replace(view, loaded=replace(view.loaded, stale_copies=()))
    return Foreseen(step, view.now, announced, view.loaded.record), view


def _without_made_up_id(foreseen: Foreseen) -> Foreseen:
    """Markers need an id of a slot; it is not shown before one is drawn."""
    announced, record = (
        each and replace(each, slot_id=NOT_DRAWN_YET) for each in (foreseen.announced, foreseen.record)
    )
    return replace(foreseen, announced=announced, record=record)


def _written(view: View, write: Write | None) -> View:
    """The view after a commit; a copy is always in line then."""
    if write is None:
        return view
    held = None if write.removes_value else write.published_value or view.loaded.held
    return replace(view, loaded=Loaded(write.next_record, held), value_is_lost=False)


# How keys look after an act, and what it is told to have done.
Expected = t.Callable[[View, Step, MadeUp], tuple[View, Done]]


def _nothing_new(view: View, step: Step, made_up: MadeUp) -> tuple[View, Done]:
    return view, Done()


def _with_key(view: View, key: ApiKey) -> View:
    return replace(view, keys=(*(each for each in view.keys if each.id != key.id), key))


def _minute_of(moment: datetime) -> str:
    """When IAM says that a key of this moment was made: it leaves the seconds out."""
    return format_time(moment.replace(second=0, microsecond=0))


def _made(view: View, step: Step, made_up: MadeUp) -> tuple[View, Done]:
    slot, pending, life, old = view.slot, view.pending, view.life_of_successor, view.current_key()
    key = ApiKey(
        id=made_up.key_id,
        name=slot.next_key_name,
        iam_id=slot.iam_id,
        account_id=slot.account_id,
        description=join_description("", view.marker(pending.generation)),
        locked=bool(old and old.locked and not slot.locked),
        created_at=_minute_of(view.now),
        expires_at=format_time(view.now + life) if life else None,
        action_when_leaked=old.action_when_leaked if old else None,
        key_value=made_up.key_value,
    )
    view = replace(_with_key(view, key), pending_id=None if slot.use_marker else key.id)
    return view, Done(key)


def _proven(view: View, step: Step, made_up: MadeUp) -> tuple[View, Done]:
    return replace(view, proven=view.proven | {view.pending.generation}), Done(view.pending_key())


def _finished(view: View, step: Step, made_up: MadeUp) -> tuple[View, Done]:
    key, current = require(view.key(step.key_id), "a key"), require(view.record.current, "a published key")
    text, marker = split_description(key.description)
    finished = replace(
        key,
        name=view.slot.key_name if view.slot.is_unfinished_name(key.name) else key.name,
        description=join_description(text, view.marker(current.generation) or marker),
        locked=key.locked or view.slot.locked,
    )
    return _with_key(view, finished), Done(finished)


def _gone(view: View, step: Step, made_up: MadeUp) -> tuple[View, Done]:
    key_id = step.key_id or getattr(view.pending_key(), "id", None)
    return replace(view, keys=tuple(key for key in view.keys if key.id != key_id), has_place=True), Done()


def _disabled(view: View, step: Step, made_up: MadeUp) -> tuple[View, Done]:
    key = view.key(step.key_id)
    return _with_key(view, replace(key, disabled=True)) if key else view, Done()


def _enabled(view: View, step: Step, made_up: MadeUp) -> tuple[View, Done]:
    """Enabled only once an announced disable can no longer land; until then the plan waits."""
    entry, key = view.entry(step.key_id), require(view.key(step.key_id), "a key")
    if entry.disabling_at is not None and view.now < entry.disabling_at + view.slot.policy.lease:
        return view, Done()
    view = replace(view, enabled=view.enabled | {(key.id, entry.enabling_at)})
    return _with_key(view, replace(key, disabled=False)), Done()


def _adopted(view: View, step: Step, made_up: MadeUp) -> tuple[View, Done]:
    """Which key has the value only IAM can tell; unasked, the only one of the slot's name is taken for it."""
    if view.adopted is not None:
        return view, Done(view.adopted)
    namesakes = [key for key in view.keys if key.name == view.slot.key_name]
    if len(namesakes) == 1:
        return view, Done(namesakes[0])
    slot = view.slot
    key = ApiKey(ADOPTED_KEY_ID, slot.key_name, slot.iam_id, slot.account_id, created_at=format_time(view.now))
    return _with_key(view, key), Done(key)


EXPECTED: dict[ActName, Expected] = {
    "intend": _made,
    "create": _made,
    "prove": _proven,
    "publish": _proven,
    "finish_publishing": _finished,
    "withdraw": _gone,
    "disable": _disabled,
    "delete": _gone,
    "disable_leaked": _disabled,
    "make_place": _gone,
    "enable": _enabled,
    "adopt": _adopted,
}
