# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A slot as its store has it, with a value that is opened only for whoever asks for it; plain data but for that."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field, replace

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import Record
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Place


@dataclass
class ClosedValue:
    """A value that is there and is decrypted when somebody asks for it; `is_closed` until then.

    `open` protects it, and raises why it cannot be opened.
    """

    open: t.Callable[[], str] = field(repr=False)
    is_closed: bool = True

    def read(self) -> str:
        """The value; raises what `open` raises, at each call anew."""
        value = self.open()
        self.is_closed = False
        return value


@dataclass(frozen=True)
class Loaded:
    """A slot as the store has it; `version` is what a commit is compared with, `held` what the variable holds.

    `stale_copies` are those that differ from the variable, with what they hold. `had_line_break` when the value in the
    file ends with a line break; it is read without.
    """

    record: Record | None = None
    held: str | ClosedValue | None = field(default=None, repr=False)
    version: object = field(default=None, repr=False)
    stale_copies: tuple[tuple[Place, str | None], ...] = field(default=(), repr=False)
    had_line_break: bool = False

    @property
    def published_value(self) -> str | None:
        """The value in the variable, which is opened for that; raises why it cannot be."""
        return self.held.read() if isinstance(self.held, ClosedValue) else self.held

    @property
    def has_value(self) -> bool:
        """Whether the variable holds a value, which is not opened for that."""
        return self.held is not None

    @property
    def is_closed(self) -> bool:
        """Whether nobody has opened the value: then nothing may be said of it but that it is there."""
        return isinstance(self.held, ClosedValue) and self.held.is_closed

    def opened(self) -> Loaded:
        """The same with its value opened, for whoever is about to change something; raises why it cannot be."""
        return replace(self, held=self.published_value)

    @property
    def own_values(self) -> frozenset[str]:
        """The values that the slot has now or had before: what a copy may hold, and lose."""
        kept = self.record.key_values if self.record else frozenset()
        return kept | ({self.published_value} if self.published_value else set())

    def value_on_record(self, key_id: str) -> str | None:
        """The value of a key that the record names, if it is kept."""
        record = self.record
        if record is None:
            return None
        if record.current is not None and record.current.id == key_id:
            return self.published_value
        kept = [record.pending, *record.superseded]
        return next((each.key_value for each in kept if each is not None and each.id == key_id), None)

    @property
    def foreign_copies(self) -> list[Place]:
        """Where a value stands that is none of the slot's."""
        return [place for place, value in self.stale_copies if value and value not in self.own_values]
