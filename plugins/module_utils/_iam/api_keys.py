# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The calls on /v1/apikeys; IBM's words are translated here and nowhere else."""

from __future__ import annotations

import contextlib
import secrets
import typing as t
from dataclasses import dataclass, field

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam import asked_for, forms
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import Clock
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.entities import (
    Activity,
    SendRequest,
    delete,
    history_in,
    path_of,
    switch,
    with_version,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import (
    Conflict,
    IamError,
    Invalid,
    NotFound,
    NotUnderstood,
    OutcomeUnknown,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.iam_ids import is_service_id
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.key_owner import explained
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.pages import Spoiled, each_entry, each_understood
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.sent_texts import can_be_a_value
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.transport import Reply

# A key created a moment ago may be unknown for some seconds (iam-facts.md 1.4).
LOOK_AGAIN_AFTER_SECONDS = (0.5, 1, 2, 4, 8)
CREATE_TRIES = 3

FOLDER = "/v1/apikeys"

KEY_IDENTITY: dict[str, forms.Form] = {"id": forms.KEY_ID, "name": forms.text, "iam_id": forms.IAM_ID}
KEY_MEMBERS: dict[str, forms.Form] = {
    "account_id": forms.ACCOUNT_ID,
    "description": forms.text,
    "locked": forms.flag,
    "disabled": forms.flag,
    "created_at": forms.past,
    "created_by": forms.text,
    "modified_at": forms.past,
    "expires_at": forms.moment,
    "action_when_leaked": forms.WORD,
    "support_sessions": forms.flag,
    "crn": forms.text,
    "entity_tag": forms.VISIBLE,
    "apikey": forms.VISIBLE,
}


@dataclass(frozen=True)
class ApiKey:
    """One API key as IAM shows it; times are IAM's text, in minutes, UTC."""

    id: str
    name: str
    iam_id: str
    account_id: str
    description: str | None = None
    locked: bool = False
    disabled: bool = False
    created_at: str | None = None
    created_by: str | None = None
    modified_at: str | None = None
    expires_at: str | None = None
    action_when_leaked: str | None = None
    support_sessions: bool | None = None
    crn: str | None = None
    entity_tag: str | None = None
    key_value: str | None = field(default=None, repr=False)

    @classmethod
    def from_iam(cls, entry: t.Any, action: str) -> ApiKey:
        """Read one entry of an answer; raises NotUnderstood when a member has a foreign form."""
        told = forms.understood(entry, KEY_IDENTITY, KEY_MEMBERS, "an API key", action)
        return cls(**{"account_id": "", "key_value": told.pop("apikey", None), **told})


@dataclass(frozen=True)
class KeyDetails:
    """A key with what IAM tells of it only when asked; None when it did not."""

    key: ApiKey
    history: list[dict[str, t.Any]] | None = None
    activity: Activity | None = None

    @classmethod
    def from_iam(cls, entry: t.Any, action: str) -> KeyDetails:
        key = ApiKey.from_iam(entry, action)
        return cls(key, history_in(entry, action), Activity.from_iam(entry.get("activity"), action))


@dataclass(frozen=True)
class NewKey:
    """A key to be made; its value is chosen by us, so that a lost answer can be settled, or by IAM when it is None."""

    name: str
    iam_id: str
    account_id: str
    key_value: str | None = field(repr=False)
    description: str | None = None
    locked: bool = False
    disabled: bool = False
    expires_at: str | None = None
    action_when_leaked: str | None = None
    support_sessions: bool | None = None
    store_value: bool | None = None

    def request(self) -> dict[str, t.Any]:
        """Body and headers as IAM takes them."""
        wanted = {
            "name": self.name,
            "iam_id": self.iam_id,
            "account_id": self.account_id,
            "apikey": self.key_value,
            "description": self.description,
            "expires_at": self.expires_at,
            "action_when_leaked": self.action_when_leaked,
            "support_sessions": self.support_sessions,
            # Its default is open; of a user's key IAM never keeps the value (iam-facts.md 3.2).
            "store_value": bool(self.store_value) if is_service_id(self.iam_id) else None,
        }
        return {
            "json": {member: value for member, value in wanted.items() if value is not None},
            "headers": {"Entity-Lock": str(self.locked).lower(), "Entity-Disable": str(self.disabled).lower()},
        }


def draw_key_value() -> str:
    """Draw a fresh value: 44 characters of IBM's own alphabet, never looking like a command-line option."""
    while True:
        key_value = secrets.token_urlsafe(33)
        if not key_value.startswith("-"):
            return key_value


class ApiKeys:
    """Reads and changes API keys; every method raises an `IamError` when IAM does not do as asked."""

    def __init__(self, send: SendRequest, clock: Clock, group_ids: dict[str, str] | None = None) -> None:
        self._send = send
        self._clock = clock
        # The service-ID group of owners outside the default group, by IAM ID.
        self.group_ids = {} if group_ids is None else group_ids

    def list(self, iam_id: str, account_id: str) -> list[ApiKey]:
        """All keys of one identity, every page."""
        return [told.key for told in self.search(account_id, iam_id=iam_id)]

    def search(self, account_id: str, spoiled: Spoiled | None = None, **query: t.Any) -> t.Iterator[KeyDetails]:
        """The keys that IAM finds, one by one, every page; `query` holds its own parameters (iam-facts.md 2.2).

        A key that is not understood ends the list with an error, unless `spoiled` is told of it: then it is left out.

        Without `iam_id`, `scope` account means all keys, those of service IDs in the default group only. IBM leaves
        open whether the keys of one service ID in another group are listed without it, so a group that is known is
        named: a key that is not listed would be made again.
        """
        action = f"list the API keys of {query.get('iam_id') or 'the account'}"
        group_id = self.group_ids.get(query.get("iam_id") or "")
        asked = {**({"group_id": group_id} if group_id else {}), **query, "account_id": account_id}
        entries = each_entry(self._send, FOLDER, "apikeys", asked, action)

        def read(entry: t.Any) -> KeyDetails:
            told = KeyDetails.from_iam(entry, action)
            asked_for.check_owner("API key", told.key, action, account_id=account_id, iam_id=query.get("iam_id"))
            return told

        return each_understood(entries, read, spoiled)

    def get(self, key_id: str) -> ApiKey:
        return self.read(key_id).key

    def read_activity(self, key_id: str) -> Activity:
        """How often and when the key logged in; a request that IBM calls expensive."""
        activity = self.read(key_id, include_activity="true").activity
        if activity is None:
            raise NotUnderstood(f"IBM Cloud IAM did not tell whether API key {key_id} ever logged in")
        return activity

    def read(self, key_id: str, **query: t.Any) -> KeyDetails:
        """One key with what `query` asks for besides: include_history, include_activity."""
        asked = {name: value for name, value in query.items() if value is not None}
        action = f"read API key {key_id}"
        details = KeyDetails.from_iam(with_version(self._send("GET", _path(key_id), action, query=asked)), action)
        asked_for.check_same("API key", details.key.id, key_id, action)
        return details

    def find_by_value(self, key_value: str) -> ApiKey | None:
        """The key that has this value; None when IAM knows of none, or can know of none."""
        action = "look an API key up by its value"
        with contextlib.suppress(NotFound):
            if can_be_a_value(key_value):
                reply = self._send("GET", "/v1/apikeys/details", action, headers={"IAM-ApiKey": key_value})
                return ApiKey.from_iam(reply.body, action)
        return None

    def create(self, new: NewKey) -> ApiKey:
        """Create a key; a lost answer never leads to a second one.

        IAM accepts a value once (iam-facts.md 3.2), so after an answer that did not come, or one that says the value is
        taken, the key with that value is the one asked for. Raises a `Refused` only when no try can have made the key.
        A value that IAM chooses is only in its answer, so a lost one is not settled here: nothing is sent again. Raises
        UnknownOwner when the key was to be made for a service ID that does not exist.
        """
        is_open, action = False, f"create API key {new.name}"
        for attempt in range(1, CREATE_TRIES + 1):
            try:
                return _made(new, self._send("POST", FOLDER, action, **new.request()), action)
            except IamError as error:
                if new.key_value is None:
                    raise explained(self._send, new.iam_id, error) from None
                is_open = is_open or error.may_have_happened
                if is_open or isinstance(error, (Conflict, Invalid)):
                    made = self._settle(new, error, patient=is_open or isinstance(error, Conflict))
                    if made is not None:
                        return made
                if error.may_have_happened and attempt < CREATE_TRIES:
                    continue
                told = explained(self._send, new.iam_id, error)
                if is_open and not error.may_have_happened:
                    raise _unknown(told, "an earlier try got no answer and may still make the key") from None
                raise told from None
        raise NotUnderstood(f"creating API key {new.name} had no outcome")

    def update(self, key_id: str, changes: dict[str, t.Any], entity_tag: str | None) -> ApiKey:
        """Change some properties of a key; an empty text clears. `entity_tag` is the version that was read before."""
        if not entity_tag:
            raise NotUnderstood(f"IBM Cloud IAM told no version of API key {key_id}, so it cannot be changed safely")
        action, headers = f"change API key {key_id}", {"If-Match": entity_tag}
        key = ApiKey.from_iam(self._send("PUT", _path(key_id), action, json=changes, headers=headers).body, action)
        asked_for.check_same("API key", key.id, key_id, action)
        return key

    def delete(self, key_id: str) -> bool:
        """Delete a key; False when IAM knows of none, which is no proof that it is gone (`absence_of` looks for one).

        Raises NotPermitted when IAM says so and still shows the key.
        """
        return delete(self._send, _path(key_id), f"delete API key {key_id}", lambda: self.get(key_id))

    def lock(self, key_id: str) -> None:
        self._set_locked("POST", key_id, "lock")

    def unlock(self, key_id: str) -> None:
        self._set_locked("DELETE", key_id, "unlock")

    def disable(self, key_id: str) -> None:
        self._set_disabled("POST", key_id, "disable")

    def enable(self, key_id: str) -> None:
        self._set_disabled("DELETE", key_id, "enable")

    def _set_locked(self, method: str, key_id: str, verb: str) -> None:
        path, action = f"{_path(key_id)}/lock", f"{verb} API key {key_id}"
        switch(self._send, method, path, action, lambda: self.get(key_id).locked)

    def _set_disabled(self, method: str, key_id: str, verb: str) -> None:
        path, action = f"{_path(key_id)}/disable", f"{verb} API key {key_id}"
        switch(self._send, method, path, action, lambda: self.get(key_id).disabled)

    def _settle(self, new: NewKey, error: IamError, *, patient: bool) -> ApiKey | None:
        try:
            return self._look_for(new, patient=patient)
        except IamError:
            told = explained(self._send, new.iam_id, error)
            raise _unknown(told, "whether there is such a key now could not be looked up") from None

    def _look_for(self, new: NewKey, *, patient: bool) -> ApiKey | None:
        for pause in (0, *LOOK_AGAIN_AFTER_SECONDS) if patient else (0,):
            self._clock.sleep(pause)
            if (found := self.find_by_value(t.cast(str, new.key_value))) is not None:
                return found if (found.iam_id, found.name) == (new.iam_id, new.name) else None
        return None


def _made(new: NewKey, reply: Reply, action: str) -> ApiKey:
    asked_for.check_done(reply.status, action)
    key = ApiKey.from_iam(reply.body, action)
    wanted = {"name": new.name, "iam_id": new.iam_id, "account_id": new.account_id, "key_value": new.key_value}
    asked_for.check_made("the API key", key, action, **wanted)
    return key


def _unknown(error: IamError, why: str) -> OutcomeUnknown:
    return OutcomeUnknown(f"{error}; {why}", transaction_id=error.transaction_id)


def _path(key_id: str) -> str:
    return path_of(FOLDER, key_id, "an API key")
