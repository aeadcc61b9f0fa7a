# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whose a value is, and whether a key is really gone: what has to be proven before either is given up. Reads only."""

from __future__ import annotations

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import BadCredentials, UnknownKeyValue
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import Record
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Slot, SlotStopped
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.view import Loaded


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
            return current is not None
        found_id = self.id_of(loaded.published_value)
        place = f"{self._slot.file}: {self._slot.variable}"
        if found_id is None:
            self._check_nobody_logs_in(
                loaded.published_value, f"{place} holds a value that is none of this slot's, and it"
            )
            return current is not None
        if current is None or found_id != current.id:
            says = f"the record says that {current.id} is published" if current else "no key of this slot is published"
            raise SlotStopped(
                f"{place} holds the value of {found_id}, but {says}: somebody edited one of them. Nothing was changed; "
                "bring back the value or the record"
            )
        return False

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

    def check_gone(self, loaded: Loaded, key_id: str) -> None:
        """Take note of a key that IAM's full list lacks and that it knows nothing of; raises SlotStopped if it works.

        That is also what a caller is told who may not see the key, or who is in another account.
        """
        key_value = loaded.value_on_record(key_id)
        if key_value is not None:
            what = f"{key_id} is on record, IBM Cloud tells this caller of no such key, and yet its value"
            self._check_nobody_logs_in(key_value, what)
        self.gone_ids.add(key_id)

    def check_deleted(self, key: ApiKey, key_value: str | None) -> None:
        """Raise SlotStopped for a key that is there though IAM knew nothing of it when it was to be deleted."""
        listed = self._iam.api_keys.list(key.iam_id, self._slot.account_id)
        what = f"{key.id} was to be deleted, IBM Cloud told this caller of no such key, and yet"
        if key.id in {each.id for each in listed}:
            raise SlotStopped(f"{what} lists it: the caller lacks a role to delete it. It was not deleted")
        if key_value is not None:
            self._check_nobody_logs_in(key_value, f"{what} its value")

    def _check_nobody_logs_in(self, key_value: str, what: str) -> None:
        """Only one word of IAM's says so (docs/iam-facts.md 1.5): a key that is disabled, say, is there."""
        try:
            caller = self._iam.log_in_with(key_value).caller
        except UnknownKeyValue:
            return
        except BadCredentials as error:
            raise SlotStopped(f"{what} belongs to a key that IBM Cloud knows. Nothing was changed: {error}") from None
        raise SlotStopped(
            f"{what} logs in, as {caller.iam_id} in account {caller.account_id}. Nothing was changed; see whose it is, "
            "and with which credentials this run logs in"
        )
