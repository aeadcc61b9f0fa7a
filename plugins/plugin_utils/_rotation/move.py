# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Brings a slot from the file or variable where it was to the one where it is declared now.

Two files cannot change in one write. So the old place is marked first: whoever still works there loses its next commit,
looks again and stops. What the mark left is then copied to the new place, and only then removed from the old one.
"""

from __future__ import annotations

import os
import typing as t
from dataclasses import replace

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.loaded import Loaded
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.ports import (
    CommitLost,
    RecordStore,
    SlotChange,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import Record
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Place, Slot, SlotStopped
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.values import check_account


def move_slot(store: RecordStore, slot: Slot, check_value: t.Callable[[Loaded], t.Any], *, check_mode: bool) -> bool:
    """Move the record and the value of a slot with `moved_from` -> whether there was anything to move.

    `check_value` raises SlotStopped for a value that is none of the slot's.

    A move that was stopped half-way is finished. Raises CommitLost when somebody else wrote meanwhile, and SlotStopped
    when the two places do not fit together; nothing was changed then.
    """
    place, old_slot = slot.moved_from, slot.before_move
    if place is None or old_slot is None:
        return False
    there, here = store.load(old_slot), store.load(slot)
    if there.record is None:
        return False
    for loaded in (there, here):
        check_account(slot, loaded.record)
    _check_fit(slot, place, there, here)
    if here.record is None:
        check_value(there)
    arriving = SlotChange(slot, here, _next(there.record, moved_to=None), there.published_value)
    if here.record is None:
        # A mark without a place to go to would stop the slot until a person takes it off.
        store.check(arriving)
    if not check_mode:
        _carry_out(store, arriving, SlotChange(old_slot, there, there.record))
    return True


def load_as_moved(store: RecordStore, slot: Slot) -> Loaded:
    """A slot as it would be once it is moved."""
    here, before = store.load(slot), slot.before_move
    if before is None or here.record is not None:
        return here
    there = store.load(before)
    differing = dict(here.stale_copies)
    held = ((place, differing.get(place, here.published_value)) for place in slot.copies)
    stale = tuple((place, value) for place, value in held if value != there.published_value)
    return replace(
        there, record=there.record and _next(there.record, moved_to=None), stale_copies=stale, version=here.version
    )


def _carry_out(store: RecordStore, arriving: SlotChange, leaving: SlotChange) -> None:
    slot, old_slot, there = arriving.slot, leaving.slot, leaving.loaded
    place = old_slot.place
    if leaving.record is not None and leaving.record.moved_to is None:
        marked = _next(leaving.record, moved_to=_described(slot, place))
        there = _commit(store, SlotChange(old_slot, there, marked))
    if arriving.loaded.record is None:
        _commit(store, arriving)
    is_still_used = place in slot.copies
    _commit(store, SlotChange(old_slot, there, None, removes_value=not is_still_used))


def _check_fit(slot: Slot, place: Place, there: Loaded, here: Loaded) -> None:
    where, new = f"{place.variable} of {place.file}", f"{slot.variable} of {slot.file}"
    if here.record is None:
        if here.published_value not in (None, there.published_value):
            raise SlotStopped(
                f"the slot cannot be moved from {where}: {new} has another value already, and it may be the only copy "
                "of a working key. Nothing was changed; remove that variable, or name another one"
            )
    elif not _is_left_over(there.record, here.record):
        raise SlotStopped(
            f"{where} and {new} both have a record, and neither says that the slot was moved: one of the files is an "
            "old copy. Nothing was changed; remove the outdated record, or leave out `moved_from`"
        )
    elif _was_edited(there.record, here.record):
        raise SlotStopped(
            f"the slot is being moved from {where} to {new}, and one of the two records was edited meanwhile. Nothing "
            "was changed; remove the one that is wrong, and run again"
        )
    elif there.published_value not in (None, *here.own_values):
        raise SlotStopped(
            f"the slot was moved from {where}, and that variable holds another value since: somebody put it there, and "
            "it may be the only copy. Nothing was changed; remove that variable"
        )


def _is_left_over(old: Record | None, new: Record) -> bool:
    return old is not None and old.moved_to is not None and old.slot_id == new.slot_id


def _was_edited(old: Record | None, new: Record) -> bool:
    """Whether the records differ though no run has worked with the new one since it came."""
    if old is None or new.revision > old.revision + 1:
        return False
    return replace(old, revision=0, moved_to=None) != replace(new, revision=0, moved_to=None)


def _next(record: Record, *, moved_to: str | None) -> Record:
    return replace(record, revision=record.revision + 1, moved_to=moved_to)


def _described(slot: Slot, place: Place) -> str:
    """The new place as it is seen from the old one: paths differ from machine to machine."""
    return f"{slot.variable} of {os.path.relpath(slot.file, os.path.dirname(place.file) or '.')}"


def _commit(store: RecordStore, change: SlotChange) -> Loaded:
    (answer,) = store.commit([change])
    if isinstance(answer, Loaded):
        return answer
    raise CommitLost if answer.why is None else SlotStopped(answer.why)
