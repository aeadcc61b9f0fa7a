# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whose a value is, and whether a key is really gone: what has to be proven before either is given up. Reads only."""

from __future__ import annotations

import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.gone import absence_of, absence_of_value
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.loaded import Loaded
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import Record
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Slot, SlotStopped


def check_account(slot: Slot, record: Record | None) -> None:
    """Raise SlotStopped when the keys on record are of another account than the one that this run logs in to."""
    if record is not None and record.account_id not in (None, slot.account_id):
        raise SlotStopped(
            f"the keys on record in {slot.file} are of account {record.account_id}, and this run logs in to account "
            f"{slot.account_id}. Nothing was changed, here or there; log in to {record.account_id}, or declare a slot "
            "of its own for this account, with another file or variable"
        )


class Values:
    """What IAM told one run about the values and the missing keys of one slot; each is asked once."""

    def __init__(self, slot: Slot, iam: IamClient) -> None:
        self._slot, self._iam = slot, iam
        self._ids: dict[str, str | None] = {}
        self._lost: dict[str, bool] = {}
        self.gone_ids: set[str] = set()

    def id_of(self, key_value: str) -> str | None:
        """The id of the key that has this value; None when IAM knows of none."""
        if key_value not in self._ids:
            found = self._iam.api_keys.find_by_value(key_value)
            self._ids[key_value] = found.id if found else None
        return self._ids[key_value]

    def note(self, key_value: str, key_id: str) -> None:
        """IAM has told just now that this key has this value."""
        self._ids[key_value] = key_id

    def in_a_copy(self, loaded: Loaded) -> str | None:
        """The published key's value, where the variable has lost it and a copy still holds it."""
        current = loaded.record.current if loaded.record else None
        found = (value for _place, value in loaded.stale_copies if value and current)
        return next((value for value in found if current and self.id_of(value) == current.id), None)

    def is_lost(self, loaded: Loaded) -> bool:
        """Whether a key is published and nobody can log in any more with what the variable holds.

        Raises SlotStopped when that is another key's value: then somebody put it there.
        """
        current = loaded.record.current if loaded.record else None
        if loaded.published_value is None:
            self._check_is_no_other_item(current is not None)
            return current is not None
        found_id = self.id_of(loaded.published_value)
        place = f"{self._slot.file}: {self._slot.variable}"
        if found_id is None:
            self.check_dead(loaded.published_value, f"{place} holds a value that is none of this slot's, and that")
            self._check_is_no_other_item(current is not None)
            return current is not None
        replaced = {entry.id: entry.key_value for entry in loaded.record.superseded} if loaded.record else {}
        if current is not None and replaced.get(found_id) == loaded.published_value:
            # It is on record as well, so nothing is lost with it.
            return True
        if current is None or found_id != current.id:
            says = f"the record says that {current.id} is published" if current else "no key of this slot is published"
            raise SlotStopped(
                f"{place} holds the value of {found_id}, but {says}: somebody edited one of them. Nothing was changed; "
                "bring back the value or the record"
            )
        return False

    def _check_is_no_other_item(self, is_published: bool) -> None:
        """Raise SlotStopped where an item that was put into a list makes another place of it."""
        if is_published and self._slot.is_found_by_number:
            raise SlotStopped(
                f"{self._slot.file}: {self._slot.variable} does not hold the published key's value. It is found by its "
                "number, so it may be another item's by now. Nothing was changed; put the value back, or pick the item "
                "by its members in the slot and in the name of its record"
            )

    def was_lost(self, loaded: Loaded) -> bool:
        """The same, asked once for each published key, and not about one too new to be known everywhere."""
        current = loaded.record.current if loaded.record else None
        if current is None:
            return False
        if current.id not in self._lost and self._iam.now() >= current.published_at + self._slot.policy.lease:
            self._lost[current.id] = self.is_lost(loaded)
        return self._lost.get(current.id, False)

    def note_lost(self, key_id: str) -> None:
        """The variable does not hold this published key's value."""
        self._lost[key_id] = True

    def is_known_lost(self, loaded: Loaded) -> bool:
        """What was found out in this run, unasked."""
        current = loaded.record.current if loaded.record else None
        return current is not None and self._lost.get(current.id, False)

    def check_gone(self, loaded: Loaded, key_id: str, listed: t.Iterable[str]) -> None:
        """Take note of a key of which IAM knows nothing; raises SlotStopped unless it is proven to be gone.

        `listed` are the ids of the owner's keys.
        """
        record = loaded.record
        owners = {each.id: each.iam_id for each in record.keys} if record else {}
        absence = absence_of(
            self._iam,
            key_id,
            owner=(owners.get(key_id) or self._slot.iam_id, self._slot.account_id),
            listed=listed,
            key_value=loaded.value_on_record(key_id),
            is_unknown=True,
        )
        if not absence.is_gone:
            raise SlotStopped(
                f"{key_id} is on record, and it is not proven that it is gone. Nothing was changed: {absence.words}"
            )
        self.gone_ids.add(key_id)

    def check_dead(self, key_value: str, what: str) -> None:
        """Raise SlotStopped unless it is proven that no key has this value; `what` begins the sentence."""
        absence = absence_of_value(self._iam, key_value)
        if not absence.is_gone:
            raise SlotStopped(f"{what} is not proven to be dead. Nothing was changed: {absence.words}")
