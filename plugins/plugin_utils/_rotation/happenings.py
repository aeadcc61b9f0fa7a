# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What has happened to a slot's keys, as it follows from the record and from the keys seen; pure.

Each has an id that follows from what is on record, so whoever derives it again tells nothing new
(docs/decisions/0055-the-history-follows-from-the-record.md).
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from datetime import datetime

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import parse_time
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.marker import split_description
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.plan import orphans
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import Current, Record, Superseded
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.view import Step, View

What = t.Literal[
    "made", "published", "adopted", "rolled_back", "owner_changed", "handed_over", "leaked", "disabled", "deleted",
    "withdrawn", "unpublished", "left_over",
]  # fmt: skip

# An adopted key is on record from the first commit on; one that was made has been announced before.
_FIRST_REVISION = 1


@dataclass(frozen=True)
class Happening:
    """One thing that happened to a key; `old_id` is the key in whose place it came, `old_iam_id` the owner before."""

    id: str
    what: What
    at: datetime
    slot_id: str
    generation: int
    key_id: str | None = None
    old_id: str | None = None
    iam_id: str | None = None
    old_iam_id: str | None = None


def told_by_record(record: Record, now: datetime) -> list[Happening]:
    """What is on record as done; `now` is the time of what the record has no time for."""
    current = record.current
    found = _of_current(record, current, now) if current else []
    found += [_unpublished(record, entry) for entry in record.superseded if entry.is_unpublished]
    return found + [_leaked(record, entry, now) for entry in record.superseded if entry.compromised]


def told_by_keys(view: View) -> list[Happening]:
    """What the keys show of what was announced: one was made, or is disabled."""
    record = view.loaded.record
    if record is None:
        return []
    found, key = [], view.pending_key()
    if record.pending is not None and key is not None:
        made_at = parse_time(key.created_at) if key.created_at else record.pending.started_at
        found.append(_happening(record, record.pending.generation, "made", made_at, key.id, iam_id=key.iam_id))
    for entry in record.superseded:
        seen = view.key(entry.id)
        if seen is not None and seen.disabled and (entry.disabling_at or entry.compromised):
            found.append(_disabled(record, entry, entry.disabling_at, view.now))
    current, seen = record.current, view.current_key()
    if current is not None and seen is not None and seen.disabled and current.compromised:
        found.append(_disabled(record, current, None, view.now))
    return found


def told_by_act(view: View, step: Step, now: datetime) -> list[Happening]:
    """What an act has done that its conclusion strikes from the record."""
    record = view.loaded.record
    if record is None:
        return []
    if step.name == "withdraw" and record.pending is not None:
        pending, key = record.pending, view.pending_key()
        at, key_id = pending.withdrawing_at or now, key.id if key else pending.id
        return [_happening(record, pending.generation, "withdrawn", at, key_id, "", iam_id=pending.iam_id)]
    if step.name == "delete":
        entry = record.entry(step.key_id)
        return [_deleted(record, entry, entry.deleting_at or now)]
    if step.name == "make_place" and record.current is not None:
        return [_deleted(record, record.current, record.current.deleting_at or now)]
    return []


def left_overs(view: View) -> list[Happening]:
    """The keys that a sweep is about to clear away."""
    record = view.record
    return [
        _happening(record, marker.generation, "left_over", view.now, key.id, iam_id=key.iam_id)
        for key in orphans(view)
        for marker in [split_description(key.description)[1]]
        if marker is not None
    ]


def _of_current(record: Record, current: Current, now: datetime) -> list[Happening]:
    at, generation = current.published_at, current.generation
    # The key that it replaced was put on its way out by the same commit, and is the first one of that moment.
    old = next((entry for entry in record.superseded if entry.superseded_at == at), None)
    what: What = "published"
    if current.rolled_back_at is not None:
        what = "rolled_back"
    elif record.revision == _FIRST_REVISION:
        what = "adopted"
    words = {"old_id": old.id if old else None, "iam_id": current.iam_id}
    found = [_happening(record, generation, what, at, current.id, at, **words)]
    if old is not None and old.iam_id and current.iam_id and old.iam_id != current.iam_id:
        words["old_iam_id"] = old.iam_id
        found.append(_happening(record, generation, "owner_changed", at, current.id, at, **words))
    if current.handed_over_at is not None:
        at = current.handed_over_at
        found.append(_happening(record, generation, "handed_over", at, current.id, at, iam_id=current.iam_id))
    return found + ([_leaked(record, current, now)] if current.compromised else [])


def _unpublished(record: Record, entry: Superseded) -> Happening:
    at = entry.superseded_at
    return _happening(record, entry.generation, "unpublished", at, entry.id, at, iam_id=entry.iam_id)


def _leaked(record: Record, key: Current | Superseded, now: datetime) -> Happening:
    return _happening(record, key.generation, "leaked", now, key.id, iam_id=key.iam_id)


def _disabled(record: Record, key: Current | Superseded, announced_at: datetime | None, now: datetime) -> Happening:
    at = announced_at or now
    return _happening(record, key.generation, "disabled", at, key.id, announced_at, iam_id=key.iam_id)


def _deleted(record: Record, key: Current | Superseded, at: datetime) -> Happening:
    return _happening(record, key.generation, "deleted", at, key.id, iam_id=key.iam_id)


def _happening(
    record: Record,
    generation: int,
    what: What,
    at: datetime,
    key_id: str | None,
    apart: datetime | str | None = None,
    **words: str | None,
) -> Happening:
    """`apart` tells it from the same thing once more: a key may be gone back to twice. Without it, the key does."""
    tail = f"{apart:%Y%m%dT%H%M%SZ}" if isinstance(apart, datetime) else key_id if apart is None else apart
    # Only a new record shows that its key was adopted; once it has changed, the same is not told by another name.
    parts = [record.slot_id, str(generation), "published" if what == "adopted" else what, *([tail] if tail else [])]
    return Happening("/".join(parts), what, at, record.slot_id, generation, key_id, **words)
