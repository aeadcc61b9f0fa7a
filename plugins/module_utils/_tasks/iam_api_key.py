# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The work of the module iam_api_key."""

from __future__ import annotations

import contextlib
import os
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._arguments import (
    CONNECTION,
    IDENTITY,
    IDENTITY_RULES,
    STATE,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey, draw_key_value
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import (
    Conflict,
    IamError,
    NotFound,
    Refused,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.plan import Change, view
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.run import Outcome, reconcile_key
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.wish import CannotDecide, KeyWish
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._secrets import protect
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._tasks import key_file
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._tasks.identity import (
    check_service_id_exists,
    identity_of,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._tasks.session import client_for

SPEC: dict[str, t.Any] = {
    "argument_spec": {
        **CONNECTION,
        **IDENTITY,
        **STATE,
        "name": {"type": "str"},
        "id": {"type": "str"},
        "description": {"type": "str"},
        "locked": {"type": "bool"},
        "disabled": {"type": "bool"},
        "unlock": {"type": "bool", "default": False},
        "file": {"type": "path"},
        "reveal": {"type": "bool", "default": False},
        "discard_value": {"type": "bool", "default": False},
    },
    "mutually_exclusive": [*IDENTITY_RULES, ("file", "discard_value"), ("reveal", "discard_value")],
    "required_one_of": [("name", "id")],
}


def run(params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """Make one API key as the task describes it; returns the task's result."""
    return manage_key(client_for(params), params, check_mode)


def manage_key(client: IamClient, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """The same with the client handed in. Raises an `IamError` when it cannot, with nothing half done."""
    wish = _wish(client, params)
    place = ValuePlace(client, params, check_mode)
    try:
        outcome = reconcile_key(
            client, wish, check_mode=check_mode, before_apply=place.prepare, draw_value=place.draw_value
        )
    except Refused as error:
        # "Conflict" may mean that a key with this value is there after all: then the file is its only copy.
        if not isinstance(error, Conflict):
            place.give_up()
        check_service_id_exists(client, wish.iam_id)
        raise
    if wish.state == "absent" and not outcome.change.changed:
        check_service_id_exists(client, wish.iam_id)
    finished = wish.state == "present" and place.finish(outcome)
    return _result(client, outcome, finished, reveal=params["reveal"])


def _wish(client: IamClient, params: dict[str, t.Any]) -> KeyWish:
    names_identity = params["iam_id"] or params["service_id"]
    # A key named by id belongs to whom it belongs, unless the task says whose it has to be.
    iam_id = identity_of(client, params) if names_identity or not params["id"] else ""
    asked = ("name", "id", "state", "description", "locked", "disabled", "unlock")
    return KeyWish(iam_id=iam_id, account_id=client.caller().account_id, **{option: params[option] for option in asked})


def _result(client: IamClient, outcome: Outcome, finished_file: bool, *, reveal: bool) -> dict[str, t.Any]:
    change, key = outcome.change, outcome.key
    result: dict[str, t.Any] = {
        "changed": change.changed or finished_file,
        "api_key": view(key) if key else None,
        "duplicates": [twin.id for twin in outcome.duplicates],
        "transaction_ids": list(client.transaction_ids),
        "diff": {"before": change.before, "after": change.after},
    }
    # IAM hands a stored value out again; only the task that made the key was asked to show it.
    if reveal and key and key.key_value and change.steps[:1] == ("create",):
        result["key_value"] = key.key_value
    return result


class ValuePlace:
    """Where the value of a new key goes: a file, the result, or nowhere because the user said so."""

    def __init__(self, client: IamClient, params: dict[str, t.Any], check_mode: bool):
        self._client = client
        self._file: str | None = params["file"]
        self._has_taker = bool(params["file"] or params["reveal"] or params["discard_value"])
        self._check_mode = check_mode
        self._key_value: str | None = None
        self._announced_here = False

    def prepare(self, change: Change) -> None:
        """Look at the plan: refuse to make a key whose value would be lost, and put the value on disk first."""
        if change.steps[:1] != ("create",):
            if self._file and change.key and "delete" not in change.steps:
                self._check_kept(change.key)
            return
        if not self._has_taker:
            raise CannotDecide(
                "the value of a new API key can be read only once, and nothing would keep it: set `file`, or "
                "`reveal: true` and register the result, or `discard_value: true`. No key was created"
            )
        kept_value = self._value_from_file(change)
        self._key_value = kept_value or draw_key_value()
        protect(self._key_value)
        if self._file and not self._check_mode:
            key_file.announce(self._file, change.fields["name"], self._key_value)
            # What an earlier run announced may have become a key that IAM does not show yet.
            self._announced_here = kept_value is None

    def draw_value(self) -> str:
        """The value of the key that is about to be made."""
        return self._key_value or draw_key_value()

    def give_up(self) -> None:
        """IAM made no key: take the announcement back."""
        if self._file and self._announced_here:
            with contextlib.suppress(OSError):
                os.unlink(self._file)

    def finish(self, outcome: Outcome) -> bool:
        """Complete the file of the key; True when that changed it."""
        key = outcome.key
        if not self._file or not key or not self._key_value:
            return False
        if not self._check_mode:
            self._keep(key)
        return True

    def _keep(self, key: ApiKey) -> None:
        try:
            key_file.keep(t.cast(str, self._file), key, t.cast(str, self._key_value))
        except IamError as error:
            raise CannotDecide(
                f"API key {key.id} was created and its value is in {self._file}, but the file could not be "
                f"completed ({error}); mend that and run again, the key is kept"
            ) from None

    def _value_from_file(self, change: Change) -> str | None:
        """The value that an earlier run announced and could not finish with; refuses a file with another key in it."""
        if not self._file:
            return None
        key_file.check_writable(self._file)
        kept = key_file.read_kept_key(self._file)
        if kept is None or (kept.key_id and self._is_gone(kept.key_id)):
            return None
        held_id = kept.key_id or self._other_key_with(kept.key_value, change)
        if held_id:
            raise CannotDecide(
                f"{self._file} holds API key {held_id}, which still exists: the file may be the only copy of its "
                "value, so it is not overwritten. No key was created; name another file or move this one away"
            )
        return kept.key_value

    def _other_key_with(self, key_value: str | None, change: Change) -> str | None:
        protect(key_value or "")
        found = self._client.api_keys.find_by_value(key_value) if key_value else None
        if found is None or (found.name, found.iam_id) == (change.after["name"], change.after["iam_id"]):
            return None
        return found.id

    def _is_gone(self, key_id: str) -> bool:
        try:
            self._client.api_keys.get(key_id)
        except NotFound:
            return True
        return False

    def _check_kept(self, key: ApiKey) -> None:
        """The key is there: its file has to be there too, or has to be one that an earlier run could not complete."""
        kept = key_file.read_kept_key(t.cast(str, self._file))
        if kept and kept.key_id == key.id:
            return
        if kept and not kept.key_id and kept.key_value:
            protect(kept.key_value)
            found = self._client.api_keys.find_by_value(kept.key_value)
            if found and found.id == key.id:
                self._key_value = kept.key_value
                return
        held = f"holds {kept.key_id}" if kept and kept.key_id else "does not hold it"
        raise CannotDecide(
            f"API key {key.id} ({key.name}) exists, but {self._file} {held}. A value cannot be read again: "
            "rotate the key, or leave `file` out"
        )
