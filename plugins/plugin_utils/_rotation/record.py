# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is remembered of a slot, and its shape in the vault file.

Ids and times are clear, values are vaulted. Times have seconds, rounded up: a lease is shorter than the minute in which
IAM counts (docs/decisions/0002-record-times-have-seconds.md).
"""

from __future__ import annotations

import functools
import typing as t
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import parse_time
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.forms import ACCOUNT_ID, IAM_ID, WORD

RECORDS_VARIABLE = "cloudkeys_records"
# Counts the changes of a record's shape.
FORMAT = 1
# What the store notes beside a record: which cipher text of the variable it has opened (proven_values.py).
PROVEN_MEMBER = "cipher_text_sha256"

# Every other text of a record is a secret and is vaulted.
CLEAR_MEMBERS = frozenset(
    {
        "slot_id",
        "account_id",
        "iam_id",
        "id",
        "displaced_marker",
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
        PROVEN_MEMBER,
    }
)


# These take a line in the file only where they say something: a file of many slots is read and written as a whole, in
# each round, and these would be a third of it.
SELDOM = frozenset(
    {
        "moved_to",
        "displaced_marker",
        "rollback_is_done",
        "is_unpublished",
        "compromised",
        "handed_over_at",
        "rolled_back_at",
        "withdrawing_at",
        "disabling_at",
        "deleting_at",
        "enabling_at",
    }
)


class RecordIsUnreadable(ValueError):
    """The record does not have the shape that this engine writes, or a newer one does."""


@dataclass(frozen=True)
class Current:
    """The published key; `iam_id` is its owner.

    `rolled_back_at` is set when it was replaced before and made current again. `deleting_at` is set when it leaked and
    has to make place for its successor. `displaced_marker` is the marker that it carried when the user had it adopted.
    """

    generation: int
    id: str
    published_at: datetime
    handed_over_at: datetime | None = None
    rolled_back_at: datetime | None = None
    compromised: bool = False
    iam_id: str | None = None
    deleting_at: datetime | None = None
    displaced_marker: str | None = None


@dataclass(frozen=True)
class Pending:
    """The successor on its way; its value is on record before the key exists, unless IAM chooses it."""

    generation: int
    started_at: datetime
    key_value: str | None = field(default=None, repr=False)
    id: str | None = None
    withdrawing_at: datetime | None = None
    iam_id: str | None = None

    @property
    def announcement(self) -> tuple[int, datetime]:
        """What tells one request for this key from the next."""
        return self.generation, self.started_at


@dataclass(frozen=True)
class Superseded:
    """A replaced key that is still there.

    `rollback_is_done` when it was made current again and replaced once more, as long as the order for that may stand.
    `is_unpublished` when no other key took its place: its slot is not wanted any more.
    """

    generation: int
    id: str
    superseded_at: datetime
    key_value: str | None = field(default=None, repr=False)
    disabling_at: datetime | None = None
    deleting_at: datetime | None = None
    enabling_at: datetime | None = None
    compromised: bool = False
    iam_id: str | None = None
    rollback_is_done: bool = False
    displaced_marker: str | None = None
    is_unpublished: bool = False


@dataclass(frozen=True)
class Record:
    """Everything that is remembered of one slot; `revision` counts commits, and all its keys are of one account.

    `moved_to` is where the slot lives now; what stands beside it is a left-over of a move that was stopped.
    """

    slot_id: str
    revision: int = 0
    last_generation: int = 0
    current: Current | None = None
    pending: Pending | None = None
    superseded: tuple[Superseded, ...] = ()
    moved_to: str | None = None
    account_id: str | None = None

    @property
    def keys(self) -> list[Current | Pending | Superseded]:
        named = [self.current, self.pending, *self.superseded]
        return [each for each in named if each is not None]

    @property
    def known_ids(self) -> frozenset[str]:
        return frozenset(each.id for each in self.keys if each.id)

    @property
    def owners(self) -> frozenset[str]:
        """The IAM IDs of those whose keys these are, as far as they are on record."""
        return frozenset(each.iam_id for each in self.keys if each.iam_id)

    @property
    def key_values(self) -> frozenset[str]:
        """The values that are kept here; that of the published key is in its variable."""
        kept = [self.pending, *self.superseded]
        return frozenset(each.key_value for each in kept if each is not None and each.key_value)

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
    return {"format": FORMAT, **t.cast("dict[str, t.Any]", _plain(record))}


def describe_record(record: Record | None) -> dict[str, t.Any]:
    """A record for people and diffs: everything but the values."""
    return {} if record is None else t.cast("dict[str, t.Any]", _without_values(to_data(record)))


def from_data(found: t.Any) -> Record:
    """Read a record; raises RecordIsUnreadable, without quoting what it read.

    A member that is not known is refused: it is a newer version's, and the next write would drop it.
    """
    wrote = found.get("format", FORMAT) if isinstance(found, dict) else FORMAT
    if wrote != FORMAT:
        raise RecordIsUnreadable("another version of this collection wrote it, so use that one")
    try:
        members = {name: value for name, value in found.items() if name not in ("format", PROVEN_MEMBER)}
        needed = {name: members[name] for name in ("slot_id", "revision", "last_generation")}
        record = t.cast(Record, _read(Record, {"superseded": [], **members, **needed}))
        _check_adds_up(record)
        return record
    except (KeyError, TypeError, ValueError, AttributeError):
        raise RecordIsUnreadable("somebody edited it, so bring its last version back") from None


def _check_adds_up(record: Record) -> None:
    """Raise ValueError when one key stands there twice, or has a number that was not given out."""
    ids = [each.id for each in record.keys if each.id]
    numbers = [each.generation for each in record.keys]
    if (
        record.account_id == ""
        or len(ids) != len(set(ids))
        or record.last_generation > MOST_GENERATIONS
        or any(not 1 <= number <= record.last_generation for number in numbers)
    ):
        raise ValueError


# Dates that can be counted with, and that a key of IBM Cloud can have.
YEARS = range(2000, 2200)
# A number of a key that its marker has room for (sent_texts.py); nobody counts that far.
MOST_GENERATIONS = 10**15

PARTS: dict[str, type] = {"current": Current, "pending": Pending}
# What goes into requests and files, and would have to come from there in such a form too.
FORMS = {"id": WORD, "iam_id": IAM_ID, "account_id": ACCOUNT_ID}


def _read(kind: type, found: dict[str, t.Any]) -> t.Any:
    """Build one part of a record; raises an error of Python's for what the part does not have or hold."""
    types = _types_of(kind)
    return kind(**{name: _member(name, types[name], value) for name, value in found.items()})


@functools.lru_cache
def _types_of(kind: type) -> dict[str, t.Any]:
    return t.get_type_hints(kind)


def _member(name: str, wanted: t.Any, value: t.Any) -> t.Any:
    choices = t.get_args(wanted) or (wanted,)
    if name == "superseded" and isinstance(value, list):
        return tuple(_read(Superseded, entry) for entry in value)
    if value is None and type(None) in choices:
        return None
    if name in PARTS:
        return _read(PARTS[name], value)
    if datetime in choices:
        return _moment(value)
    # A truth value is no number here, though it is one in Python.
    if not isinstance(value, choices) or isinstance(value, bool) != (bool in choices):
        raise ValueError
    return FORMS[name](value) if name in FORMS else value


def _moment(value: t.Any) -> datetime:
    moment = parse_time(value)
    if moment.year not in YEARS:
        raise ValueError
    return moment


def _plain(value: t.Any) -> t.Any:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S+0000")
    if isinstance(value, tuple):
        return [_plain(member) for member in value]
    if isinstance(value, (Record, Current, Pending, Superseded)):
        # Not with dataclasses.asdict, which copies every text that it finds.
        members = vars(value).items()
        return {name: _plain(member) for name, member in members if member or name not in SELDOM}
    return value


def _without_values(data: t.Any) -> t.Any:
    if isinstance(data, dict):
        return {name: _without_values(member) for name, member in data.items() if name != "key_value"}
    if isinstance(data, list):
        return [_without_values(member) for member in data]
    return data
