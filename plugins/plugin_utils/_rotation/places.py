# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hands out the places that are free under the limit of keys, identity by identity; pure.

The most urgent slot comes first, and the others learn when the next place gets free (docs/iam-facts.md 6.1).
"""

from __future__ import annotations

import typing as t
from dataclasses import replace
from datetime import datetime, timezone

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.plan_only_leaked import next_step
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.plan_retiring import places_freed_at
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Orders
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.view import Step, View

AT_ONCE = datetime.min.replace(tzinfo=timezone.utc)


def with_places(
    views: t.Sequence[View], orders: Orders, known: t.Sequence[View], steps: t.Sequence[Step] | None = None
) -> list[View]:
    """The views with a place for one more key each, or with when the next one gets free, in their order.

    `known` are the views of all slots of the run, those that rest already too: their keys on the way out free places.
    `steps` are the next ones of these views if each has a place, where they are known already.
    """
    asking, others = _by_owner(views), _by_owner(known, with_former=True)
    chosen = [next_step(replace(view, has_place=True), orders) for view in views] if steps is None else steps
    wishes = {id(view): _wish(step) for view, step in zip(views, chosen)}
    granted = {id(view): given for owner in asking for view, given in _hand_out(asking[owner], wishes, others[owner])}
    return [granted[id(view)] for view in views]


def _by_owner(views: t.Iterable[View], *, with_former: bool = False) -> dict[str, list[View]]:
    """The views of each owner; a slot that has another owner now may hold places of the one before."""
    found: dict[str, list[View]] = {}
    for view in views:
        former = view.loaded.record.owners if with_former and view.loaded.record else frozenset()
        for iam_id in {view.slot.iam_id} | former:
            found.setdefault(iam_id, []).append(view)
    return found


def _hand_out(
    asking: list[View], wishes: t.Mapping[int, datetime | None], others: list[View]
) -> t.Iterator[tuple[View, View]]:
    """To slots of one owner, the most urgent first."""
    iam_id = asking[0].slot.iam_id
    taken = _taken(iam_id, asking, others)
    frees = [
        moment for view in others if view.loaded.record for moment in places_freed_at(view, view.loaded.record, iam_id)
    ]
    for view, wants_one in sorted(((view, wishes[id(view)]) for view in asking), key=_urgency):
        has_place = taken < view.slot.policy.keys_per_identity
        if wants_one is not None and has_place:
            taken += 1
            if view.current_key() is not None:
                # What it replaces goes in its turn.
                frees.append(view.now + view.slot.policy.overlap + view.slot.policy.soak)
        yield view, replace(view, has_place=has_place, place_frees_at=min(frees, default=None))


def _taken(iam_id: str, asking: list[View], others: list[View]) -> int:
    """How many places are in use: by what those who ask have just seen, and by keys of others that no list shows yet.

    Others may have looked long ago, so what they saw beside that may be deleted by now.
    """
    seen = {key.id for view in asking for key in view.keys if key.iam_id == iam_id}
    names = {view.slot.name for view in asking}
    records = [view.loaded.record for view in others if view.slot.name not in names]
    kept = {
        each.id
        for record in records
        if record is not None
        for each in (record.current, record.pending)
        if each is not None and each.id is not None and each.iam_id == iam_id
    }
    return len(seen | kept) + sum(_is_unmade(view, iam_id) for view in others)


def _wish(step: Step) -> datetime | None:
    """Since when the slot's rotation is due, if it would begin one now."""
    return (step.due_at or AT_ONCE) if step.name == "intend" else None


def _urgency(entry: tuple[View, datetime | None]) -> tuple[bool, datetime]:
    return entry[1] is None, entry[1] or AT_ONCE


def _is_unmade(view: View, iam_id: str) -> bool:
    """A key that was announced for this owner and is not there yet has its place."""
    pending = view.loaded.record.pending if view.loaded.record else None
    is_theirs = pending is not None and (pending.iam_id or view.slot.iam_id) == iam_id
    return is_theirs and view.pending_key() is None
