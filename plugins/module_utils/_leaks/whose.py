# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whose is it? What IAM knows of each item that was given; everything here only reads."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.concurrency import Concurrency
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import (
    BadCredentials,
    DisabledKey,
    IamError,
    NotFound,
    NotPermitted,
    UnknownKeyValue,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.iam_ids import kind_of, service_id_of
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.tokens import Caller
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._leaks.items import Item, fingerprint
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.marker import split_description
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.side_by_side import side_by_side

LogIn = t.Literal["works", "disabled", "unknown", "refused"]


@dataclass(frozen=True)
class Sighting:
    """What was seen of one item in one account.

    `key` is the key, if these credentials may see it. `log_in` says what a log-in with the value told, None when it was
    not tried; `caller` is whom it let in. `key_value` is the reading that was found. `problem` is what could not be
    asked.
    """

    item: Item
    key: ApiKey | None = None
    log_in: LogIn | None = None
    caller: Caller | None = None
    key_value: str | None = field(default=None, repr=False)
    problem: str = ""

    @property
    def is_there(self) -> bool:
        """Whether there is such a key, here or in another account."""
        return self.key is not None or self.log_in in ("works", "disabled", "refused")


def look_at(client: IamClient, items: t.Sequence[Item], concurrency: Concurrency) -> list[Sighting]:
    """Look every item up, side by side; raises only what was foreseen by nobody."""
    client.caller()
    with client.waiting_freely():
        seen = side_by_side(lambda item: look(client.branch(), item), items, concurrency)
    sightings = []
    for item, each in zip(items, seen):
        if isinstance(each, Exception) and not isinstance(each, IamError):
            raise each
        sightings.append(Sighting(item, problem=str(each)) if isinstance(each, Exception) else each)
    return sightings


def look(client: IamClient, item: Item) -> Sighting:
    """Look one item up: an id by itself, a value in this account and then, by a log-in, in any.

    A key that is found is not logged in with: that would count as its last use.
    """
    if item.key_id is not None:
        try:
            return Sighting(item, client.api_keys.get(item.key_id))
        except NotFound:
            return Sighting(item)
    doubtful = None
    for key_value in item.readings:
        key = find_by_value(client, key_value)
        if key is not None:
            return Sighting(item, key, key_value=key_value)
    for key_value in item.readings:
        log_in, caller, why = try_log_in(client, key_value)
        if log_in in ("works", "disabled"):
            return Sighting(item, None, log_in, caller, key_value)
        if log_in == "refused":
            doubtful = doubtful or Sighting(item, None, log_in, None, key_value, why)
    return doubtful or Sighting(item, log_in="unknown")


def why_alive(seen: Sighting) -> str:
    """What keeps these credentials from closing the leak of a key that they do not see."""
    if seen.log_in == "works" and seen.caller is not None:
        return (
            f"it logs in, as {seen.caller.iam_id} of account {seen.caller.account_id}: log in to that account with "
            "a role that may see its keys"
        )
    if seen.log_in == "disabled":
        words = "it is that of a disabled key that this caller does not see"
        return f"{words}: log in to its account with a role that may see it"
    return f"whether there is an API key with it cannot be told: {seen.problem}"


def find_by_value(client: IamClient, key_value: str) -> ApiKey | None:
    """The key with this value, as far as these credentials may see it."""
    try:
        return client.api_keys.find_by_value(key_value)
    except NotPermitted:
        return None


def try_log_in(client: IamClient, key_value: str) -> tuple[LogIn, Caller | None, str]:
    """What a log-in with a value tells, whom it lets in, why it was refused; raises an IamError without an answer."""
    try:
        return "works", client.log_in_with(key_value).caller, ""
    except UnknownKeyValue as error:
        return "unknown", None, str(error)
    except DisabledKey as error:
        return "disabled", None, str(error)
    except BadCredentials as error:
        return "refused", None, str(error)


def describe(client: IamClient, seen: Sighting) -> dict[str, t.Any]:
    """A sighting for people and for later tasks: nothing of a value but its fingerprint."""
    key = seen.key
    account_id = key.account_id if key else seen.caller.account_id if seen.caller else None
    iam_id = key.iam_id if key else seen.caller.iam_id if seen.caller else None
    marker = split_description(key.description)[1] if key else None
    return {
        "place": seen.item.place,
        "given_as": "id" if seen.item.key_id else "value",
        "item": seen.item.key_id or fingerprint("\n".join(seen.item.readings)),
        "found": seen.is_there,
        "is_guess": not seen.item.must_be_found,
        "id": key.id if key else seen.item.key_id,
        "name": key.name if key else None,
        "iam_id": iam_id,
        "owner": _owner(client, iam_id, seen.caller) if iam_id else None,
        "account_id": account_id,
        "is_of_this_account": key is not None,
        "locked": key.locked if key else None,
        "disabled": key.disabled if key else (True if seen.log_in == "disabled" else None),
        "expires_at": key.expires_at if key else None,
        "last_used_at": _last_use(client, key) if key else None,
        "log_in": seen.log_in,
        "rotation_marker": str(marker) if marker else None,
        "slot": None,
        "fingerprint": fingerprint(seen.key_value or seen.item.readings[0]) if seen.item.readings else None,
        "problem": seen.problem or None,
    }


def _owner(client: IamClient, iam_id: str, caller: Caller | None) -> dict[str, t.Any]:
    """The owner by name, as far as one may read it; IAM tells names of service IDs and of who logs in."""
    owner: dict[str, t.Any] = {"type": kind_of(iam_id), "name": None, "email": None}
    own = client.caller()
    known = next((each for each in (caller, own) if each and each.iam_id == iam_id), None)
    if known is not None:
        owner.update(name=known.name, email=known.email)
    elif owner["type"] == "serviceid":
        try:
            owner["name"] = client.service_ids.get(service_id_of(iam_id)).name
        except IamError:
            owner["name"] = None
    return owner


def _last_use(client: IamClient, key: ApiKey) -> str | None:
    try:
        return client.api_keys.read_activity(key.id).last_login_at
    except IamError:
        return None


def sentence(entry: t.Mapping[str, t.Any]) -> str:
    """One line of a report on an entry of `describe`."""
    place = entry["place"]
    if entry["problem"]:
        return f"{place}: cannot be told: {entry['problem']}"
    if not entry["found"]:
        what = f"no API key {entry['id']} that these credentials may see" if entry["given_as"] == "id" else "NOT FOUND"
        return f"{place}: {what}"
    owner = entry["owner"] or {}
    of = f" of {owner.get('name') or owner.get('email') or entry['iam_id']}" if entry["iam_id"] else ""
    account = f" in account {entry['account_id']}" if entry["account_id"] else " in an account that is not known"
    known = f"{entry['id']} ({entry['name']})" if entry["name"] else "a key that these credentials may not see"
    states = [name for name in ("locked", "disabled") if entry[name]]
    used = f", last used {entry['last_used_at']}" if entry["last_used_at"] else ""
    slot = entry["slot"]
    declared = f", {slot['state']} in {slot['file']}: {slot['variable']}" if slot else ""
    marked = f", {entry['rotation_marker']}" if entry["rotation_marker"] and not slot else ""
    return f"{place}: {known}{of}{account}, {' and '.join(states) or 'works'}{used}{declared}{marked}"
