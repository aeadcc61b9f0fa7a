# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where the value of a key goes: a file, the result, IAM's own store, or nowhere because the user said so."""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._declared import key_file
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import NotFinished, TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey, draw_key_value
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import IamError
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.iam_ids import is_service_id
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.apply import delete_locked_or_not
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.gone import absence_of
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.plan import Change
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.run import KeyOutcome, ValueDestination
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._secrets import protect

KEEPERS = ("file", "reveal", "discard_value", "key_value", "store_value")


class DeclaredDestination(ValueDestination):
    """Looks after the value of one key, as the task's options say."""

    def __init__(self, client: IamClient, params: dict[str, t.Any], check_mode: bool) -> None:
        self._client = client
        self._params = params
        self._file: str | None = params["file"]
        self._check_mode = check_mode
        # The value of the key that is about to be made, and what the file of an existing key still has to get.
        self._new_value: str | None = None
        self._to_write: str | None = None
        self._stored_value: str | None = None
        self._announced_here = False

    def why_unusable(self, key: ApiKey) -> str | None:
        named, recreate = f"API key {key.id} ({key.name})", self._params["recreate"]
        if self._file and not self._check_mode:
            key_file.clear_away(self._file)
        self._to_write = self._stored_value = None
        if recreate and self._is_other_value(key):
            return f"{named} has another value than `key_value`"
        is_missing = self._file is not None and not self._is_in_file(key)
        store_value = self._params["store_value"]
        if (store_value and (is_missing or self._params["reveal"])) or (recreate and store_value is not None):
            stored = key.key_value or self._client.api_keys.get(key.id).key_value
            if bool(stored) != store_value:
                kept = "its value" if stored else "no value of it"
                return f"{named} exists, and IBM Cloud keeps {kept}; that is decided when a key is made: {self._ways()}"
            self._stored_value = stored
        if not is_missing or (self._params["on_missing_file"] == "ignore" and not self._stored_value):
            return None
        if self._stored_value:
            self._file_value(key.name, key.iam_id)
            self._to_write = self._stored_value
            return None
        return f"{named} exists, but {self._file} does not hold it. {self._whether_it_can_be_read(key)}: {self._ways()}"

    def prepare(self, change: Change) -> None:
        """Refuse to make a key whose value would be lost, and put the value on disk before IAM knows it."""
        if not change.creates:
            return
        if not any(self._params[keeper] for keeper in KEEPERS):
            raise TaskRefused(
                "the value of a new API key can be read only once, and nothing would keep it: set `file`, or "
                "`reveal: true` and register the result, or `discard_value: true`. No key was created"
            )
        is_used = not self._params["key_value"]
        kept_value = self._file_value(change.after["name"], change.after["iam_id"], is_used=is_used)
        self._new_value = self._params["key_value"] or kept_value
        if not self._new_value and self._params["key_source"] == "local":
            self._new_value = draw_key_value()
        protect(self._new_value or "")
        if self._file and self._new_value and not self._check_mode:
            key_file.announce(self._file, change.after["name"], self._new_value)
            # What an earlier run announced may have become a key that IAM does not show yet.
            self._announced_here = self._announced_here or kept_value is None

    def draw(self) -> str | None:
        return self._new_value

    def give_up(self) -> None:
        """IAM made no key: take the announcement back."""
        if self._file and self._announced_here:
            key_file.take_back(self._file)

    def finish(self, outcome: KeyOutcome) -> bool:
        """Complete the file of the key; True when that changed it."""
        is_due = outcome.change.creates or self._to_write is not None
        if self._file and is_due and not self._check_mode:
            self._keep(t.cast(ApiKey, outcome.key), is_new=outcome.change.creates)
        return bool(self._file) and is_due

    def revealed(self, outcome: KeyOutcome) -> str | None:
        """The value for the result: of a key that was just created, or of one whose value IAM keeps for the task."""
        if not self._params["reveal"] or outcome.key is None:
            return None
        return outcome.key.key_value if outcome.change.creates else self._stored_value

    def _keep(self, key: ApiKey, *, is_new: bool) -> None:
        key_value = t.cast(str, key.key_value if is_new else self._to_write)
        try:
            key_file.keep(t.cast(str, self._file), key, key_value)
        except TaskRefused as error:
            if is_new and self._new_value is None:
                delete_locked_or_not(self._client, key)
                raise TaskRefused(f"{error}. Nobody had the value of API key {key.id}, so it was deleted") from None
            done = "was created and its value is in" if is_new else "exists, and its value belongs into"
            raise NotFinished(
                f"API key {key.id} {done} {self._file}, but the file could not be "
                f"completed ({error}); mend that and run again, the key is kept"
            ) from None

    def _file_value(self, name: str, iam_id: str, *, is_used: bool = False) -> str | None:
        """The value that an earlier run announced and could not finish with; refuses a file with another key in it.

        One that is used for a new key has to be unknown to others.
        """
        if not self._file:
            return None
        key_file.check_writable(self._file)
        kept = key_file.read_kept_key(self._file)
        if kept is None or (kept.key_id and self._is_gone(kept.key_id, kept.key_value)):
            return None
        held_id = kept.key_id or self._other_key_with(kept.key_value, name, iam_id)
        if held_id:
            raise TaskRefused(
                f"{self._file} holds API key {held_id}, which still exists or may exist: the file may be the only copy "
                "of its value, so it is not overwritten. No key was created; name another file or move this one away"
            )
        if is_used and kept.others_may_read:
            raise TaskRefused(
                f"{self._file} holds the value of a key that is to be made, and others may read it. No key was "
                "created; remove the file, so that a new value is drawn"
            )
        return kept.key_value

    def _other_key_with(self, key_value: str | None, name: str, iam_id: str) -> str | None:
        protect(key_value or "")
        found = self._client.api_keys.find_by_value(key_value) if key_value else None
        return None if found is None or (found.name, found.iam_id) == (name, iam_id) else found.id

    def _is_gone(self, key_id: str, key_value: str | None) -> bool:
        protect(key_value or "")
        return absence_of(self._client, key_id, key_value=key_value).is_gone

    def _is_other_value(self, key: ApiKey) -> bool:
        key_value = self._params["key_value"]
        found = self._client.api_keys.find_by_value(key_value) if key_value else key
        return found is None or found.id != key.id

    def _is_in_file(self, key: ApiKey) -> bool:
        """Whether the file holds this key, if only as one that an earlier run announced and could not complete."""
        kept = key_file.read_kept_key(t.cast(str, self._file))
        if kept is None or not kept.key_value or (kept.key_id and not kept.is_word_of_others):
            return kept is not None and kept.key_id == key.id
        protect(kept.key_value)
        found = self._client.api_keys.find_by_value(kept.key_value)
        if found is None or found.id != key.id:
            return False
        if not kept.key_id:
            self._to_write = kept.key_value
        return True

    def _whether_it_can_be_read(self, key: ApiKey) -> str:
        """Told where the task fails otherwise: a key of the console or of Terraform may have a value that IAM keeps."""
        is_open = self._params["store_value"] is None and not self._params["recreate"] and is_service_id(key.iam_id)
        # Where IAM does not answer, the task fails for the reason that it had before.
        with contextlib.suppress(IamError):
            if is_open and (key.key_value or self._client.api_keys.get(key.id).key_value):
                return "IBM Cloud keeps its value, and `store_value: true` writes it there. Other ways"
        return "A value cannot be read again"

    def _ways(self) -> str:
        can_ignore = self._file and "`on_missing_file: ignore` to leave it so, or "
        return f"rotate the key, or say {can_ignore or ''}`recreate: true` to replace it by a new one"
