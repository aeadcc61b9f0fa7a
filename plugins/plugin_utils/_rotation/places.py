# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hands out the places that are free under the limit of keys, identity by identity; pure.

The most urgent slot comes first, and the others learn when the next place gets free (docs/iam-facts.md 6.1).
"""

from __future__ import annotations

import typing as t
from dataclasses import replace
from datetime import datetime, timezone

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.plan import plan_slot
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.plan_retiring import places_freed_at
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Orders
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.view import View

AT_ONCE = datetime.min.replace(tzinfo=timezone.utc)


def with_places(views: t.Sequence[View], orders: Orders, known: t.Sequence[View]) -> list[View]:
    """The views with a place for one more key each, or with when the next one gets free, in their order.

    `known` are the views of all slots of the run, those that rest already too: their keys on the way out free places.
    """
    asking, others = _by_owner(views), _by_owner(known)
    granted = {id(view): given for owner in asking for view, given in _hand_out(asking[owner], orders, others[owner])}
    return [granted[id(view)] for view in views]


def _by_owner(views: t.Iterable[View]) -> dict[str, list[View]]:
    found: dict[str, list[View]] = {}
    for view in views:
        found.setdefault(view.slot.iam_id, []).append(view)
    return found


def _hand_out(asking: list[View], orders: Orders, others: list[View]) -> t.Iterator[tuple[View, View]]:
    """To slots of one owner, the most urgent first."""
    iam_id = asking[0].slot.iam_id
    taken = len({key.id for view in others for key in view.keys if key.iam_id == iam_id}) + sum(map(_is_unmade, others))
    frees = [moment for view in others if view.loaded.record for moment in places_freed_at(view, view.loaded.record)]
    for view, wants_one in sorted(((view, _wish(view, orders)) for view in asking), key=_urgency):
        has_place = taken < view.slot.policy.keys_per_identity
        if wants_one is not None and has_place:
            taken += 1
            if view.current_key() is not None:
                # What it replaces goes in its turn.
                frees.append(view.now + view.slot.policy.overlap + view.slot.policy.soak)
        yield view, replace(view, has_place=has_place, place_frees_at=min(frees, default=None))


def _wish(view: View, orders: Orders) -> datetime | None:
    """Since when the slot's rotation is due, if it would begin one now."""
    step = plan_slot(replace(view, has_place=True), orders)
    return (step.due_at or AT_ONCE) if step.name == "intend" else None


def _urgency(entry: tuple[View, datetime | None]) -> tuple[bool, datetime]:
    return entry[1] is None, entry[1] or AT_ONCE


def _is_unmade(view: View) -> bool:
    """A key that was announced and is not there yet has its place."""
    record = view.loaded.record
    return record is not None and record.pending is not None and view.pending_key() is None
