# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run tells of its slots as metrics; pure."""

from __future__ import annotations

import typing as t
from collections import Counter
from datetime import datetime

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import parse_time
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._metrics.merged import Known
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._metrics.series import ROTATION, Samples, series
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.outcome import SlotOutcome
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.plan import due
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Slot


def known_of(outcomes: t.Sequence[SlotOutcome], account: str, account_id: str, *, is_part: bool) -> Known:
    """What is known of the slots of a run, for the label that the account has."""
    counts = Counter(each.slot.name for each in outcomes)
    samples: Samples = {}
    unseen = set[str]()
    for each in outcomes:
        label = _label(each.slot, counts)
        samples.update(_of_slot(each, account, label))
        if each.view is None:
            unseen.add(label)
    return Known(account_id, samples, is_part=is_part, unseen=frozenset(unseen))


def _label(slot: Slot, counts: t.Mapping[str, int]) -> str:
    """The name of the slot, and where others have the same its place, too."""
    if counts[slot.name] == 1:
        return slot.name
    return f"{slot.name} ({slot.file}: {slot.variable})"


def _of_slot(outcome: SlotOutcome, account: str, label: str) -> Samples:
    state = "failed" if outcome.failure else outcome.step.name
    numbers = {
        "slot_failed": int(bool(outcome.failure)),
        "slot_replaced_keys": len(outcome.after.superseded) if outcome.after else None,
        **{f"{name}_timestamp_seconds": _seconds(moment) for name, moment in _moments(outcome).items()},
    }
    samples = {series(f"{ROTATION}_slot_state", account, slot=label, state=state): 1}
    for name, number in numbers.items():
        if number is not None:
            samples[series(f"{ROTATION}_{name}", account, slot=label)] = number
    return samples


def _moments(outcome: SlotOutcome) -> dict[str, datetime | None]:
    view = outcome.view
    current = outcome.after.current if outcome.after else None
    key = view.key(current.id) if view and current else None
    return {
        "slot_key_created": parse_time(key.created_at) if key and key.created_at else None,
        "slot_key_expires": parse_time(key.expires_at) if key and key.expires_at else None,
        "slot_due": due(outcome.slot, current, key)[0] if current and key and outcome.slot.is_wanted else None,
        "slot_next": outcome.step.next_at,
    }


def _seconds(moment: datetime | None) -> int | None:
    return int(moment.timestamp()) if moment else None
