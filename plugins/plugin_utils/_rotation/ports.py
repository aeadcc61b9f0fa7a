# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the rotation needs of the outside world; tests hand in other ones."""

from __future__ import annotations

import secrets
import typing as t
from dataclasses import dataclass, field

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import draw_key_value
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.history import History, Line
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.loaded import ClosedValue, Loaded
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.progress import watch_nothing
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import Record
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Slot


class CommitLost(Exception):
    """Somebody else changed the store since the record was read: drop the plan and look again."""


@dataclass(frozen=True)
class SlotChange:
    """One slot's part of a commit; `loaded` is what it was planned from."""

    slot: Slot
    loaded: Loaded
    record: Record | None
    published_value: str | None = field(default=None, repr=False)
    removes_value: bool = False
    # What is true for the history once this is written.
    lines: tuple[Line, ...] = ()

    @property
    def value_after(self) -> str | ClosedValue | None:
        """What the variable holds when this change is written; None when there is no such variable."""
        kept = self.loaded.held if self.published_value is None else self.published_value
        return None if self.removes_value else kept


@dataclass(frozen=True)
class NotWritten:
    """A change was not written: why, or None when somebody else wrote meanwhile and the plan has to be made anew."""

    why: str | None = None


class RecordStore(t.Protocol):
    """Where records and published values live. Every commit is a compare-and-swap."""

    def refresh(self) -> None:
        """Called before the slots of a round are loaded: these loads have to show what others wrote until now."""

    def load(self, slot: Slot) -> Loaded:
        """Read a slot."""

    def commit(self, changes: t.Sequence[SlotChange]) -> list[Loaded | NotWritten]:
        """Write changes of one file in one write -> for each its new state, or that it was not written.

        A change is lost when anybody but this store wrote to the file since the change's `loaded` was read: the same
        content again, after a revert, is a change too.
        """

    def copy(self, slot: Slot, published_value: str | None, own_values: frozenset[str]) -> None:
        """Write the value to the copies that differ, in order; remove them when there is no value.

        Raises SlotStopped, and changes nothing, for a copy that holds neither one of `own_values` nor this one.
        """

    def check(self, *changes: SlotChange) -> None:
        """Raise why a commit would be refused, and CommitLost where it would be lost; writes nothing."""


def draw_slot_id() -> str:
    """Draw the id of a new slot: eight hexadecimal digits."""
    return secrets.token_hex(4)


@dataclass(frozen=True)
class Ports:
    """Every effect of a rotation: IAM and its clock, the store, chance, the terminal, secrets, and the history."""

    client: IamClient
    store: RecordStore
    protect: t.Callable[[str], None]
    tell: t.Callable[[str], None]
    draw_value: t.Callable[[], str] = draw_key_value
    draw_slot_id: t.Callable[[], str] = draw_slot_id
    history: History | None = None
    # Work on many slots, and the slots -> the same work, for somebody who watches.
    watch: t.Callable[[t.Callable[[t.Any], None], t.Sequence[t.Any]], t.Callable[[t.Any], None]] = watch_nothing
    # Is told what became of the slots, as they are.
    measure: t.Callable[[t.Sequence[t.Any]], None] | None = None
