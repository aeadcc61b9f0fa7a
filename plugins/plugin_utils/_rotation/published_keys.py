# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which keys are the published ones of the slots of a run; shared by all of them."""

from __future__ import annotations

import threading
import typing as t

# The file and the variable of a slot, which tell slots apart.
PlaceOfSlot = tuple[str, str]


class PublishedKeys:
    """Each look-up costs the same however many slots there are; may be used by many threads."""

    def __init__(self, of_slots: t.Mapping[PlaceOfSlot, str | None]) -> None:
        self._lock = threading.Lock()
        self._key_of: dict[PlaceOfSlot, str] = {}
        self._slots_of: dict[str, set[PlaceOfSlot]] = {}
        for place, key_id in of_slots.items():
            if key_id:
                self.note(place, key_id)

    def note(self, place: PlaceOfSlot, key_id: str) -> None:
        """This is the published key of this slot now, and no other one."""
        with self._lock:
            before = self._key_of.get(place)
            if before is not None:
                self._slots_of[before].discard(place)
            self._key_of[place] = key_id
            self._slots_of.setdefault(key_id, set()).add(place)

    def of_others(self, own: PlaceOfSlot) -> t.Container[str]:
        """The keys of all slots but one, as they are whenever it is asked."""
        return _OfOthers(self, own)

    def is_elsewhere(self, key_id: str, own: PlaceOfSlot) -> bool:
        """Whether this is the published key of another slot than this one."""
        with self._lock:
            return any(place != own for place in self._slots_of.get(key_id, ()))


class _OfOthers(t.Container[str]):
    """A set of its own for each slot would grow with both."""

    def __init__(self, published: PublishedKeys, own: PlaceOfSlot) -> None:
        self._published, self._own = published, own

    def __contains__(self, key_id: object) -> bool:
        return isinstance(key_id, str) and self._published.is_elsewhere(key_id, self._own)
