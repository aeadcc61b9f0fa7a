# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What each step writes into the record: record before -> record after; pure. `now` is IAM's time as it is recorded."""

from __future__ import annotations

import typing as t
from dataclasses import replace
from datetime import datetime

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import (
    Current,
    Pending,
    Record,
    Superseded,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.view import require

AnyKey = t.TypeVar("AnyKey", Current, Pending, Superseded)


def with_pending(record: Record, now: datetime, key_value: str | None, iam_id: str) -> Record:
    """The next generation of this owner is announced; without a value IAM is to choose it."""
    generation = record.last_generation + 1
    return replace(record, last_generation=generation, pending=Pending(generation, now, key_value, iam_id=iam_id))


def announced_again(record: Record, now: datetime) -> Record:
    return replace(record, pending=replace(_pending(record), started_at=now))


def with_value_of_iam(record: Record, key_id: str, key_value: str | None) -> Record:
    return replace(record, pending=replace(_pending(record), key_value=key_value, id=key_id))


def withdrawing(record: Record, now: datetime) -> Record:
    return replace(record, pending=replace(_pending(record), withdrawing_at=now))


def published(record: Record, key_id: str, now: datetime, old_value: str | None) -> Record:
    """The pending key is the published one; the one before is kept with its value, for a way back."""
    pending = _pending(record)
    current = Current(pending.generation, key_id, published_at=now, iam_id=pending.iam_id)
    return replace(_current_superseded(record, now, old_value), current=current, pending=None)


def unpublished(record: Record, now: datetime, old_value: str | None) -> Record:
    after = _current_superseded(record, now, old_value)
    left = tuple(replace(entry, is_unpublished=True) for entry in after.superseded[-1:])
    return replace(after, current=None, superseded=(*after.superseded[:-1], *left))


def swapped(record: Record, entry: Superseded, now: datetime, old_value: str | None) -> Record:
    """A rollback: the replaced key of this entry is the published one again."""
    current = Current(entry.generation, entry.id, published_at=now, rolled_back_at=now, iam_id=entry.iam_id)
    return replace(_current_superseded(record.without_superseded(entry.id), now, old_value), current=current)


def with_retired_key(record: Record, key: ApiKey, now: datetime) -> Record:
    """A key that the user named is on its way out; it gets a number of its own, so nothing is taken for it."""
    generation = record.last_generation + 1
    return with_entry(replace(record, last_generation=generation), key, generation, now)


def with_entry(record: Record, key: ApiKey, generation: int, now: datetime) -> Record:
    """One more replaced key, of this generation; its overlap begins now."""
    entry = Superseded(generation, key.id, now, iam_id=key.iam_id)
    return replace(record, superseded=(*record.superseded, entry))


def with_owners(record: Record, account_id: str, owners: t.Mapping[str, str]) -> Record:
    """A record that did not say whose its keys are says it now; `owners` are IAM IDs by key id."""
    current, pending = record.current, record.pending
    return replace(
        record,
        account_id=account_id,
        current=current and _owned(current, owners),
        pending=pending and _owned(pending, owners),
        superseded=tuple(_owned(entry, owners) for entry in record.superseded),
    )


def making_place(record: Record, now: datetime) -> Record:
    """The published key, which leaked, is about to be deleted, because its successor has no place beside it."""
    return replace(record, current=replace(require(record.current, "a published key"), deleting_at=now))


def leaked(record: Record, key_id: str | None) -> Record:
    """A leaked key, the published one or one before, is never used again."""
    current = record.current
    if current is not None and current.id == key_id:
        return replace(record, current=replace(current, compromised=True))
    return record.with_superseded(replace(record.entry(key_id), compromised=True))


def order_forgotten(record: Record, key_id: str | None) -> Record:
    """The order to go back to this key does not stand any more, so a new one is carried out."""
    return record.with_superseded(replace(record.entry(key_id), rollback_is_done=False))


def handed_over(record: Record, now: datetime) -> Record:
    return replace(record, current=replace(require(record.current, "a published key"), handed_over_at=now))


def enabling(record: Record, key_id: str | None, now: datetime) -> Record:
    return record.with_superseded(replace(record.entry(key_id), enabling_at=now))


def disabling(record: Record, key_id: str | None, now: datetime) -> Record:
    return record.with_superseded(replace(record.entry(key_id), disabling_at=now, enabling_at=None))


def deleting(record: Record, key_id: str | None, now: datetime) -> Record:
    return record.with_superseded(replace(record.entry(key_id), deleting_at=now))


def _current_superseded(record: Record, now: datetime, old_value: str | None) -> Record:
    old = record.current
    if old is None:
        return record
    entry = Superseded(
        old.generation,
        old.id,
        now,
        old_value,
        compromised=old.compromised,
        iam_id=old.iam_id,
        # An order that was carried out is not a way back once more, as long as it stands.
        rollback_is_done=old.rolled_back_at is not None,
        displaced_marker=old.displaced_marker,
    )
    return replace(record, superseded=(*record.superseded, entry))


def _owned(key: AnyKey, owners: t.Mapping[str, str]) -> AnyKey:
    return replace(key, iam_id=key.iam_id or owners.get(key.id or ""))


def _pending(record: Record) -> Pending:
    return require(record.pending, "a pending key")
