# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a plan is made of: a slot as a run sees it, and the step that follows; plain data."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import parse_time
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.iam_ids import is_service_id
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.marker import Marker, split_description
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.loaded import Loaded
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import Pending, Record, Superseded
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Orders, Slot

RestName = t.Literal["idle", "later", "staged", "hand_over", "published", "overlap", "in_use", "soak", "stop", "gone"]
ActName = t.Literal[
    "wait", "move", "adopt", "intend", "create", "prove", "publish", "finish_publishing", "copy", "note_hand_over",
    "withdraw", "observe", "disable", "delete", "mark_leaked", "disable_leaked", "make_place", "enable", "roll_back",
    "retire_found", "note_owners", "forget_order", "unpublish", "drop_record", "sweep",
]  # fmt: skip
StepName = t.Union[RestName, ActName]

# After these a run has nothing more to do for a slot.
RESTING: frozenset[str] = frozenset(t.get_args(RestName))

# These rest on keys that exist, whatever others there are.
AT_REST_WITH_KEYS: frozenset[RestName] = frozenset({"idle", "hand_over", "published", "overlap", "in_use", "soak"})

# IAM's servers tell the time at log-in; a token is a moment older than what is recorded by it.
CLOCKS_AGREE_WITHIN = timedelta(minutes=2)

NOTHING_ORDERED = Orders()
LONGEST_LIFE = timedelta(days=36_500)

T = t.TypeVar("T")


@dataclass(frozen=True)
class Step:
    """What to do next with a slot; `next_at` is when a resting slot goes on, `key_id` the key it is about.

    `due_at` is since when a rotation that begins is due; None when it cannot wait.
    `trusts_record` is False when the record is older than IAM: then nothing at all may be written. `fails_with` is why
    the slot has failed once this step is done.
    """

    name: StepName
    reason: str
    key_id: str | None = None
    next_at: datetime | None = None
    trusts_record: bool = True
    fails_with: str | None = None
    due_at: datetime | None = None

    @property
    def rests(self) -> bool:
        return self.name in RESTING


@dataclass(frozen=True)
class Drawn:
    """What chance gave this run for a slot that it begins; no value where IAM is to choose it."""

    slot_id: str
    key_value: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class View:
    """A slot as a run sees it. The record in `loaded` was read before the keys were listed.

    `keys` are those of the slot's owner, and of former owners that the record names; one that the record names and that
    is not among them is gone. `is_whole` is False when a list of the whole account had to do. `foreign_ids` are the
    published keys of the other slots of this run. `pending_id` is the key found by the pending value, where no marker
    tells it. `adopted` is the key whose value is to be taken over. `last_logins` holds the keys whose activity was read
    in this run (None: never), `proven` the generations that it has logged in with, `enabled` the keys that it has
    enabled with the time of the announcement, `rejected` why an announced key is no good, `unfit` the published keys
    that could not be put in order. `value_is_lost` when IAM was asked and does not know the value in the variable. Then
    `value_in_a_copy` is the published key's value, if a copy still has it. `has_place` and `place_frees_at` are what
    places.py found for the slot, `has_replaced` that this run has published a key or gone back to one, `rollback_ids`
    the keys that are ordered back.
    """

    slot: Slot
    now: datetime
    loaded: Loaded = field(default_factory=Loaded)
    keys: tuple[ApiKey, ...] = ()
    is_whole: bool = True
    foreign_ids: t.Container[str] = frozenset()
    pending_id: str | None = None
    login_key_id: str | None = None
    last_logins: t.Mapping[str, datetime | None] = field(default_factory=dict)
    proven: frozenset[int] = frozenset()
    enabled: frozenset[tuple[str, datetime | None]] = frozenset()
    rejected: t.Mapping[tuple[int, datetime], str] = field(default_factory=dict)
    value_is_lost: bool = False
    drawn: Drawn | None = None
    adopted: ApiKey | None = None
    value_in_a_copy: str | None = field(default=None, repr=False)
    unfit: frozenset[str] = frozenset()
    has_place: bool = True
    place_frees_at: datetime | None = None
    has_replaced: bool = False
    orders: Orders = NOTHING_ORDERED

    @property
    def record(self) -> Record:
        """The record; raises ValueError when the plan has chosen a step that needs one and there is none."""
        return require(self.loaded.record, "a record")

    @property
    def pending(self) -> Pending:
        return require(self.record.pending, "a pending key")

    @property
    def has_value(self) -> bool:
        return self.loaded.has_value

    @property
    def value_to_keep(self) -> str | None:
        """What goes on record as the published key's value when another one takes its place."""
        own = None if self.holds_replaced_id else self.loaded.published_value
        return self.value_in_a_copy or own

    @property
    def holds_replaced_id(self) -> str | None:
        """The replaced key whose value the variable holds, by what is on record."""
        record = self.loaded.record
        replaced = [entry for entry in record.superseded if entry.key_value is not None] if record else []
        return next((entry.id for entry in replaced if entry.key_value == self.loaded.published_value), None)

    def key(self, key_id: str | None) -> ApiKey | None:
        """A key as it was seen last."""
        return next((key for key in self.keys if key.id == key_id), None)

    def current_key(self) -> ApiKey | None:
        """The published key as it was seen last."""
        current = self.loaded.record.current if self.loaded.record else None
        return self.key(current.id) if current else None

    def entry(self, key_id: str | None) -> Superseded:
        """The entry of a replaced key."""
        return self.record.entry(key_id)

    def marked(self, slot_id: str) -> list[tuple[ApiKey, Marker]]:
        """The keys that carry the slot's marker."""
        marks = ((key, split_description(key.description)[1]) for key in self.keys)
        return [(key, marker) for key, marker in marks if marker and marker.slot_id == slot_id]

    def marker(self, generation: int) -> Marker | None:
        """What ties a key of this generation to the slot; None when the user wants no text in descriptions."""
        return Marker(self.record.slot_id, generation) if self.slot.use_marker else None

    def pending_key(self) -> ApiKey | None:
        """The key of the pending generation: by its id, else by its marker."""
        pending = self.loaded.record.pending if self.loaded.record else None
        if pending is None:
            return None
        if pending.id or self.pending_id:
            return self.key(pending.id or self.pending_id)
        marked = self.marked(self.record.slot_id)
        return next((key for key, marker in marked if marker.generation == pending.generation), None)

    @property
    def life_of_successor(self) -> timedelta | None:
        """How long the next key lives: what the policy says, else as long as the one before; None for ever."""
        days, old = self.slot.policy.expires_in_days, self.current_key()
        if days:
            return timedelta(days=days)
        if old is None or not old.expires_at or not old.created_at:
            return None
        life = parse_time(old.expires_at) - parse_time(old.created_at)
        # Longer than anybody waits for, and than dates can be counted with: that is for ever.
        return life if life < LONGEST_LIFE else None

    def not_inherited(self) -> list[str]:
        """What a successor will not have of the key before, for the user to know beforehand."""
        old, slot = self.current_key(), self.slot
        if old is None:
            return []
        has_sessions = bool(old.support_sessions) and is_service_id(slot.iam_id)
        is_endless = bool(old.expires_at) and self.life_of_successor is None
        return [
            *(["that it supports sessions, which keys of service IDs have not"] if has_sessions else []),
            *(["that it expires, because IBM Cloud does not tell when it was made"] if is_endless else []),
        ]

    def why_kept(self, key_id: str, login_key_id: t.Callable[[], str | None]) -> str | None:
        """Why this key must neither be disabled nor deleted; which key the run logs in with is asked for last."""
        current = self.loaded.record.current if self.loaded.record else None
        if current is not None and key_id == current.id:
            return (
                f"API key {key_id} is the published one and stays, though the record has it on its way out, too: "
                "somebody edited it. Bring its last version back"
            )
        return self.why_needed(key_id, login_key_id)

    def why_needed(self, key_id: str, login_key_id: t.Callable[[], str | None]) -> str | None:
        """Why even a key that leaked must not be deleted: another slot or this run itself needs it."""
        if key_id in self.foreign_ids:
            return f"API key {key_id} is the published one of another slot and stays"
        if key_id == login_key_id():
            return (
                f"API key {key_id} is the one that this run logs in with, so it was left working. First give the new "
                f"value, {self.slot.variable} of {self.slot.file}, to whatever logs in with this one, then run again "
                "with it"
            )
        return None


def current_leaked(view: View) -> bool:
    """Whether the published key is marked as leaked."""
    current = view.loaded.record.current if view.loaded.record else None
    return current is not None and current.compromised


def replaced_value(view: View, held_id: str) -> str:
    """Why a slot stops whose variable holds the value of a key that was replaced."""
    return (
        f"{view.slot.file}: {view.slot.variable} holds the value of {held_id}, which was replaced by "
        f"{view.record.current.id if view.record.current else 'none'}: somebody put it back. Nothing was changed; name "
        "it in `rollback_to_ids` to go back to it, or bring the published value back"
    )


def orphaned(view: View, record: Record) -> list[ApiKey]:
    """Keys with the slot's marker that no entry of the record needs, however old.

    A key of a higher generation is not among them: then the record is older than IAM. Nor is one of another name:
    somebody may have copied the description.
    """
    pending = record.pending
    on_its_way = pending.generation if pending is not None and pending.id is None else None
    return [
        key
        for key, marker in view.marked(record.slot_id)
        if key.id not in record.known_ids
        and on_its_way != marker.generation <= record.last_generation
        and (key.name == view.slot.key_name or view.slot.is_unfinished_name(key.name))
    ]


def require(value: T | None, what: str) -> T:
    """The value; raises ValueError when the plan and the step do not fit together."""
    if value is None:
        raise ValueError(f"this step needs {what}")
    return value


def wait_for_lease(slot: Slot, announced_at: datetime | None, now: datetime) -> Step | None:
    """An announcement younger than the lease belongs to the run that made it; its request may still land."""
    if announced_at is None or now >= announced_at + slot.policy.lease:
        return None
    if announced_at > now + CLOCKS_AGREE_WITHIN:
        return Step("stop", f"the record announces a change for {announced_at:%Y-%m-%dT%H:%M:%SZ}, in the future")
    return Step(
        "wait", "another run, or one that was stopped, announced a change", None, announced_at + slot.policy.lease
    )
