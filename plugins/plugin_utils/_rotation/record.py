# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is remembered of a slot, and its shape in the vault file.

Ids and times are clear, values are vaulted. Times have seconds, rounded up: a lease is shorter than the minute in which
IAM counts (docs/decisions/0002-record-times-have-seconds.md).
"""

from __future__ import annotations

import typing as t
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta, timezone

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import parse_time

RECORDS_VARIABLE = "cloudkeys_records"

# Every other text of a record is a secret and is vaulted.
CLEAR_MEMBERS = frozenset(
    {
        "slot_id",
        "id",
        "published_at",
        "handed_over_at",
        "started_at",
        "withdrawing_at",
        "superseded_at",
        "disabling_at",
        "deleting_at",
        "enabling_at",
        "rolled_back_at",
        "moved_to",
    }
)


class RecordIsUnreadable(ValueError):
    """The record does not have the shape that this engine writes."""


@dataclass(frozen=True)
class Current:
    """The published key; `rolled_back_at` is set when it was replaced before and made current again."""

    generation: int
    id: str
    published_at: datetime
    handed_over_at: datetime | None = None
    rolled_back_at: datetime | None = None
    compromised: bool = False


@dataclass(frozen=True)
class Pending:
    """The successor on its way; its value is on record before the key exists, unless IAM chooses it."""

    generation: int
    started_at: datetime
    key_value: str | None = field(default=None, repr=False)
    id: str | None = None
    withdrawing_at: datetime | None = None

    @property
    def announcement(self) -> tuple[int, datetime]:
        """What tells one request for this key from the next."""
        return self.generation, self.started_at


@dataclass(frozen=True)
class Superseded:
    """A replaced key that is still there."""

    generation: int
    id: str
    superseded_at: datetime
    key_value: str | None = field(default=None, repr=False)
    disabling_at: datetime | None = None
    deleting_at: datetime | None = None
    enabling_at: datetime | None = None
    compromised: bool = False


@dataclass(frozen=True)
class Record:
    """Everything that is remembered of one slot; `revision` counts commits.

    `moved_to` is where the slot lives now; what stands beside it is a left-over of a move that was stopped.
    """

    slot_id: str
    revision: int = 0
    last_generation: int = 0
    current: Current | None = None
    pending: Pending | None = None
    superseded: tuple[Superseded, ...] = ()
    moved_to: str | None = None

    @property
    def known_ids(self) -> frozenset[str]:
        named = [self.current, self.pending, *self.superseded]
        return frozenset(each.id for each in named if each is not None and each.id)

    def entry(self, key_id: str | None) -> Superseded:
        """The entry of a replaced key."""
        return next(entry for entry in self.superseded if entry.id == key_id)

    def with_superseded(self, entry: Superseded) -> Record:
        """The record with this entry in place of the one of the same id."""
        return replace(self, superseded=tuple(entry if each.id == entry.id else each for each in self.superseded))

    def without_superseded(self, key_id: str) -> Record:
        return replace(self, superseded=tuple(each for each in self.superseded if each.id != key_id))


def round_up(moment: datetime) -> datetime:
    """A moment at second precision that is never too early."""
    utc = moment.astimezone(timezone.utc)
    return utc.replace(microsecond=0) + timedelta(seconds=1) if utc.microsecond else utc


def to_data(record: Record) -> dict[str, t.Any]:
    """The record as it stands in the file: mappings, lists, texts and numbers."""
    data = t.cast("dict[str, t.Any]", _plain(asdict(record)))
    if record.moved_to is None:
        del data["moved_to"]
    return data


def describe_record(record: Record | None) -> dict[str, t.Any]:
    """A record for people and diffs: everything but the values."""
    return {} if record is None else t.cast("dict[str, t.Any]", _without_values(to_data(record)))


def from_data(found: t.Any) -> Record:
    """Read a record; raises RecordIsUnreadable, without quoting what it read."""
    try:
        return Record(
            slot_id=_text(found["slot_id"]),
            revision=int(found["revision"]),
            last_generation=int(found["last_generation"]),
            current=Current(**_members(found["current"])) if found.get("current") else None,
            pending=Pending(**_members(found["pending"])) if found.get("pending") else None,
            superseded=tuple(Superseded(**_members(entry)) for entry in found.get("superseded") or ()),
            moved_to=_text(found["moved_to"]) if "moved_to" in found else None,
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise RecordIsUnreadable("the record does not have the shape that this engine writes") from None


def _members(found: dict[str, t.Any]) -> dict[str, t.Any]:
    return {
        name: parse_time(value) if name.endswith("_at") and value is not None else value
        for name, value in found.items()
    }


def _text(value: t.Any) -> str:
    if not isinstance(value, str):
        raise ValueError
    return value


def _plain(value: t.Any) -> t.Any:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S+0000")
    if isinstance(value, dict):
        return {name: _plain(member) for name, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(member) for member in value]
    return value


def _without_values(data: t.Any) -> t.Any:
    if isinstance(data, dict):
        return {name: _without_values(member) for name, member in data.items() if name != "key_value"}
    if isinstance(data, list):
        return [_without_values(member) for member in data]
    return data
