# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the slots of a run are to each other, before any of them moves: published keys, and shared records."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.ports import Ports
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.published_keys import PublishedKeys
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Slot


def look_at_all(slots: Sequence[Slot], ports: Ports) -> tuple[list[Slot], PublishedKeys]:
    """The slots, with a problem for those that share a record, and the keys that are published."""
    by_file = sorted(range(len(slots)), key=lambda number: slots[number].files)
    found = {number: _ids_of(slots[number], ports) for number in by_file}
    seen = [found[number] for number in range(len(slots))]
    published = PublishedKeys({(slot.file, slot.variable): key_id for slot, (_slot_id, key_id) in zip(slots, seen)})
    return _without_twins(slots, [slot_id for slot_id, _key_id in seen]), published


def _ids_of(slot: Slot, ports: Ports) -> tuple[str | None, str | None]:
    """The ids of the slot and of its published key, as far as they are on record."""
    with contextlib.suppress(Exception):
        # Its own turn tells what is wrong with a slot that cannot be read.
        records = [ports.store.load(place).record for place in (slot, slot.before_move) if place]
        record = next((record for record in records if record), None)
        if record is not None:
            return record.slot_id, record.current.id if record.current else None
    return None, None


def _without_twins(slots: Sequence[Slot], slot_ids: Sequence[str | None]) -> list[Slot]:
    """Of two slots with one record, one is a copy, and each would retire the other's keys."""
    sharing: dict[str, list[Slot]] = {}
    for slot, slot_id in zip(slots, slot_ids):
        sharing.setdefault(slot_id or "", []).append(slot)
    checked = []
    for slot, slot_id in zip(slots, slot_ids):
        twins = sharing[slot_id] if slot_id else []
        checked.append(replace(slot, problem=slot.problem or _twin_problem(twins)) if len(twins) > 1 else slot)
    return checked


def _twin_problem(twins: Sequence[Slot]) -> str:
    places = " and ".join(f"{slot.variable} of {slot.file}" for slot in twins)
    return (
        f"{places} have one and the same record, so one of them is a copy. Nothing was changed; take value and record "
        "of the copy away, or say `copies` if both places are to have the key"
    )
