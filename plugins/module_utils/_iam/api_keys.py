# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The calls on /v1/apikeys; IBM's words are translated here and nowhere else."""

from __future__ import annotations

import secrets
import typing as t
from dataclasses import dataclass, field

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import Clock
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import (
    Conflict,
    IamError,
    Invalid,
    NotFound,
    NotUnderstood,
    OutcomeUnknown,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.pages import each_entry
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.transport import Reply

# A key created a moment ago may be unknown for some seconds (iam-facts.md 1.4).
LOOK_AGAIN_AFTER_SECONDS = (0.5, 1, 2, 4, 8)
CREATE_TRIES = 3


class Sends(t.Protocol):
    """An authorised request."""

    def __call__(self, method: str, path: str, action: str, **parts: t.Any) -> Reply:
        """Send it, and log in first if need be."""


@dataclass(frozen=True)
class ApiKey:
    """One API key as IAM shows it; times are IAM's text, in minutes, UTC."""

    id: str
    name: str
    iam_id: str
    account_id: str
    description: t.Optional[str] = None
    locked: bool = False
    disabled: bool = False
    created_at: t.Optional[str] = None
    created_by: t.Optional[str] = None
    modified_at: t.Optional[str] = None
    expires_at: t.Optional[str] = None
    action_when_leaked: t.Optional[str] = None
    support_sessions: t.Optional[bool] = None
    crn: t.Optional[str] = None
    entity_tag: t.Optional[str] = None
    key_value: t.Optional[str] = field(default=None, repr=False)

    @classmethod
    def from_iam(cls, entry: t.Any) -> ApiKey:
        if not isinstance(entry, dict) or not all(isinstance(entry.get(m), str) for m in ("id", "name", "iam_id")):
            raise NotUnderstood("IBM Cloud IAM described an API key without id, name or identity")
        words: dict[str, t.Any] = {name: entry[name] for name in cls.__dataclass_fields__ if name in entry}
        return cls(**{"account_id": "", **words, "key_value": entry.get("apikey")})


@dataclass(frozen=True)
class Activity:
    """How often a key ever logged in, and when last (IAM's text; None: never)."""

    login_count: int
    last_login_at: t.Optional[str]


@dataclass(frozen=True)
class Told:
    """A key with what IAM tells of it only when asked; None when it did not."""

    key: ApiKey
    history: t.Optional[list[dict[str, t.Any]]] = None
    activity: t.Optional[Activity] = None

    @classmethod
    def from_iam(cls, entry: t.Any) -> Told:
        key = ApiKey.from_iam(entry)
        history, activity = entry.get("history"), entry.get("activity")
        count = activity.get("authn_count") if isinstance(activity, dict) else None
        return cls(
            key,
            history if isinstance(history, list) else None,
            Activity(count, activity.get("last_authn")) if isinstance(count, int) else None,
        )


@dataclass(frozen=True)
class NewKey:
    """A key to be made; its value is chosen by us, so that a lost answer can be settled, or by IAM when it is None."""

    name: str
    iam_id: str
    account_id: str
    key_value: t.Optional[str] = field(repr=False)
    description: t.Optional[str] = None
    locked: bool = False
    disabled: bool = False
    expires_at: t.Optional[str] = None
    action_when_leaked: t.Optional[str] = None
    support_sessions: t.Optional[bool] = None
    store_value: t.Optional[bool] = None


def draw_key_value() -> str:
    """Draw a fresh value: 44 characters of IBM's own alphabet, never looking like a command-line option."""
    while True:
        key_value = secrets.token_urlsafe(33)
        if not key_value.startswith("-"):
            return key_value


class ApiKeys:
    """Reads and changes API keys; every method raises an `IamError` when IAM does not do as asked."""

    def __init__(self, send: Sends, clock: Clock, group_ids: dict[str, str] | None = None):
        self._send = send
        self._clock = clock
        # The service-ID group of owners outside the default group, by IAM ID.
        self.group_ids = {} if group_ids is None else group_ids

    def list(self, iam_id: str, account_id: str) -> list[ApiKey]:
        """All keys of one identity, every page."""
        return [told.key for told in self.search(account_id, iam_id=iam_id)]

    def search(self, account_id: str, **query: t.Any) -> t.Iterator[Told]:
        """The keys that IAM finds, one by one, every page; `query` holds its own parameters (iam-facts.md 2.2).

        Without `iam_id`, `scope` account means all keys, those of service IDs in the default group only. IBM leaves
        open whether the keys of one service ID in another group are listed without it, so a group that is known is
        named: a key that is not listed would be made again.
        """
        action = f"list the API keys of {query.get('iam_id') or 'the account'}"

        def get(path: str, action: str, query: dict[str, t.Any]) -> t.Any:
            return self._send("GET", path, action, query=query).body

        group_id = self.group_ids.get(query.get("iam_id") or "")
        asked = {**({"group_id": group_id} if group_id else {}), **query, "account_id": account_id}
        return map(Told.from_iam, each_entry(get, "/v1/apikeys", "apikeys", asked, action))

    def get(self, key_id: str) -> ApiKey:
        reply = self._send("GET", _path(key_id), f"read API key {key_id}")
        return ApiKey.from_iam({**reply.body, "entity_tag": reply.etag or reply.body.get("entity_tag")})

    def read_activity(self, key_id: str) -> Activity:
        """How often and when the key logged in; a request that IBM calls expensive."""
        activity = self.read(key_id, include_activity="true").activity
        if activity is None:
            raise NotUnderstood(f"IBM Cloud IAM did not tell whether API key {key_id} ever logged in")
        return activity

    def read(self, key_id: str, **query: t.Any) -> Told:
        """One key with what `query` asks for besides: include_history, include_activity."""
        asked = {name: value for name, value in query.items() if value is not None}
        return Told.from_iam(self._send("GET", _path(key_id), f"read API key {key_id}", query=asked).body)

    def find_by_value(self, key_value: str) -> ApiKey | None:
        """The key that has this value; None when IAM knows of none."""
        try:
            reply = self._send(
                "GET",
                "/v1/apikeys/details",
                "look an API key up by its value",
                headers={"IAM-ApiKey": key_value},
            )
        except NotFound:
            return None
        return ApiKey.from_iam(reply.body)

    def create(self, new: NewKey) -> ApiKey:
        """Create a key; a lost answer never leads to a second one.

        IAM accepts a value once (iam-facts.md 3.2), so after an answer that did not come, or one that says the value is
        taken, the key with that value is the one asked for. Raises a `Refused` only when no try can have made the key.
        A value that IAM chooses is only in its answer, so a lost one is not settled here: nothing is sent again.
        """
        if new.key_value is None:
            return self._post(new)
        is_open = False
        for attempt in range(1, CREATE_TRIES + 1):
            try:
                return self._post(new)
            except IamError as error:
                is_open = is_open or error.may_have_happened
                if is_open or isinstance(error, (Conflict, Invalid)):
                    made = self._settle(new, error, patient=is_open or isinstance(error, Conflict))
                    if made is not None:
                        return made
                if error.may_have_happened and attempt < CREATE_TRIES:
                    continue
                if is_open and not error.may_have_happened:
                    raise _unknown(error, "an earlier try got no answer and may still make the key") from None
                raise
        raise NotUnderstood(f"creating API key {new.name} had no outcome")

    def update(self, key_id: str, changes: dict[str, t.Any], entity_tag: str | None) -> ApiKey:
        """Change some properties of a key; an empty text clears. `entity_tag` is the version that was read before."""
        if not entity_tag:
            raise NotUnderstood(f"IBM Cloud IAM told no version of API key {key_id}, so it cannot be changed safely")
        reply = self._send(
            "PUT", _path(key_id), f"change API key {key_id}", json=changes, headers={"If-Match": entity_tag}
        )
        return ApiKey.from_iam(reply.body)

    def delete(self, key_id: str) -> bool:
        """Delete a key; False when it was gone already."""
        try:
            self._send("DELETE", _path(key_id), f"delete API key {key_id}")
        except NotFound:
            return False
        return True

    def lock(self, key_id: str) -> None:
        self._switch("POST", key_id, "lock", "lock")

    def unlock(self, key_id: str) -> None:
        self._switch("DELETE", key_id, "lock", "unlock")

    def disable(self, key_id: str) -> None:
        self._switch("POST", key_id, "disable", "disable")

    def enable(self, key_id: str) -> None:
        self._switch("DELETE", key_id, "disable", "enable")

    def _switch(self, method: str, key_id: str, what: str, verb: str) -> None:
        try:
            self._send(method, f"{_path(key_id)}/{what}", f"{verb} API key {key_id}")
        except Conflict:
            key = self.get(key_id)
            is_set = key.locked if what == "lock" else key.disabled
            if is_set != (method == "POST"):
                raise

    def _post(self, new: NewKey) -> ApiKey:
        wanted = {
            "name": new.name,
            "iam_id": new.iam_id,
            "account_id": new.account_id,
            "apikey": new.key_value,
            "description": new.description,
            "expires_at": new.expires_at,
            "action_when_leaked": new.action_when_leaked,
            "support_sessions": new.support_sessions,
            # What IAM does when it is not told is open; of a user's key it never keeps the value (iam-facts.md 3.2).
            "store_value": bool(new.store_value) if new.iam_id.startswith("iam-ServiceId-") else None,
        }
        body = {member: value for member, value in wanted.items() if value is not None}
        headers = {"Entity-Lock": str(new.locked).lower(), "Entity-Disable": str(new.disabled).lower()}
        reply = self._send("POST", "/v1/apikeys", f"create API key {new.name}", json=body, headers=headers)
        return ApiKey.from_iam(reply.body)

    def _settle(self, new: NewKey, error: IamError, *, patient: bool) -> ApiKey | None:
        try:
            return self._look_for(new, patient=patient)
        except IamError:
            raise _unknown(error, "whether there is such a key now could not be looked up") from None

    def _look_for(self, new: NewKey, *, patient: bool) -> ApiKey | None:
        for pause in (0, *LOOK_AGAIN_AFTER_SECONDS) if patient else (0,):
            self._clock.sleep(pause)
            found = self.find_by_value(t.cast(str, new.key_value))
            if found is not None:
                return found if (found.iam_id, found.name) == (new.iam_id, new.name) else None
        return None


def _unknown(error: IamError, why: str) -> OutcomeUnknown:
    return OutcomeUnknown(f"{error}; {why}", transaction_id=error.transaction_id)


def _path(key_id: str) -> str:
    # An id goes into a path: only what IAM's ids are made of may get there.
    if not key_id or not all(character.isalnum() or character in "-_" for character in key_id):
        raise Invalid(f"not the id of an API key: {key_id!r}")
    return f"/v1/apikeys/{key_id}"
