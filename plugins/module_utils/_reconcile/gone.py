# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Is an API key gone? Decided here, for every module and for the rotation.

IAM's 404 may mean that it hides a key from this caller (iam-facts.md 5.3), so it is only the first of the proofs.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import (
    BadCredentials,
    DisabledKey,
    Invalid,
    NotFound,
    NotPermitted,
    OutcomeUnknown,
    UnknownKeyValue,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.iam_ids import is_service_id, service_id_of
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.key_lists import list_keys

Owner = tuple[str, str]
Reason = t.Literal["gone", "shown", "listed", "works", "refused", "elsewhere", "hidden"]


@dataclass(frozen=True)
class Absence:
    """Whether a key is gone; when that is not proven, `words` tell the user why, and what to do.

    `shown`, `listed`: IAM knows it by its id, or lists it. `works`: its value logs in. `refused`: its value is refused,
    and not as unknown. `elsewhere`: it belongs to another account. `hidden`: the caller may not look.
    """

    reason: Reason
    words: str = ""

    @property
    def is_gone(self) -> bool:
        """Whether there is proof."""
        return self.reason == "gone"


GONE = Absence("gone")


def absence_of(
    client: IamClient,
    key_id: str,
    *,
    owner: Owner | None = None,
    listed: t.Iterable[str] | None = None,
    key_value: str | None = None,
    is_unknown: bool = False,
) -> Absence:
    """Look for proof that a key is gone: IAM knows no such id, its owner's list lacks it, its value is unknown.

    `owner` is (IAM ID, account ID). `listed` are the ids in a complete list of the owner's keys, and `is_unknown` says
    that IAM answered 404 for the id, if the caller has read that already. `key_value` is the value of the key, if it is
    known. Without an owner it takes a value, or a caller who may see every key. Ask about no key that is seconds old:
    it may be unknown to all of them (iam-facts.md 1.4). Raises an `IamError` when IAM gives no answer of its own, and
    NotPermitted when it says that the caller may not read this key.
    """
    return (
        _elsewhere(client, key_id, owner)
        or (None if is_unknown else _shown(client, key_id))
        or (None if key_value is None else _alive(client, key_value, f"the value of API key {key_id}"))
        or _listed_or_hidden(client, key_id, owner, listed, is_value_dead=key_value is not None)
        or GONE
    )


def absence_of_value(client: IamClient, key_value: str) -> Absence:
    """Whether no API key of IBM Cloud has this value: a log-in tells it to everybody (iam-facts.md 1.5)."""
    return _alive(client, key_value, "this value") or GONE


def delete_key(client: IamClient, key: ApiKey) -> None:
    """Delete a key that was read before; that it is gone already is fine, if that is proven.

    Raises OutcomeUnknown when it is not, NotPermitted when IAM still shows the key, and what else IAM refuses.
    """
    if client.api_keys.delete(key.id):
        return
    owner = (key.iam_id, key.account_id or client.caller().account_id)
    absence = absence_of(client, key.id, owner=owner, is_unknown=True)
    if not absence.is_gone:
        raise OutcomeUnknown(f"IBM Cloud IAM answered 404 to delete API key {key.id}: {absence.words}")


def _elsewhere(client: IamClient, key_id: str, owner: Owner | None) -> Absence | None:
    account_id = client.caller().account_id
    if owner is None or owner[1] == account_id:
        return None
    words = f"API key {key_id} belongs to account {owner[1]}, and these credentials to account {account_id}"
    return Absence("elsewhere", f"{words}: log in to that account")


def _shown(client: IamClient, key_id: str) -> Absence | None:
    try:
        client.api_keys.get(key_id)
    except NotFound:
        return None
    return Absence("shown", f"IBM Cloud IAM still shows API key {key_id}")


def _alive(client: IamClient, key_value: str, what: str) -> Absence | None:
    try:
        caller = client.log_in_with(key_value).caller
    except UnknownKeyValue:
        return None
    except DisabledKey:
        words = f"IBM Cloud IAM shows this caller no such API key, but {what} is that of a disabled one"
        return Absence("refused", f"{words}: log in to its account with a role that may see it")
    except BadCredentials as error:
        return Absence("refused", f"whether there is an API key with {what} cannot be told: {error}")
    words = f"IBM Cloud IAM shows this caller no such API key, but {what} logs in"
    where = f"as {caller.iam_id} of account {caller.account_id}"
    return Absence("works", f"{words}, {where}: log in to that account with a role that may see its keys")


def _listed_or_hidden(
    client: IamClient, key_id: str, owner: Owner | None, listed: t.Iterable[str] | None, *, is_value_dead: bool
) -> Absence | None:
    if owner is None:
        return None if is_value_dead or client.sees_all_keys() else _hidden(key_id)
    try:
        ids = _listed_ids(client, owner) if listed is None else listed
    except NotPermitted:
        return _hidden(key_id, owner[0])
    if ids is None:
        # All keys of a service ID that is gone are gone (iam-facts.md 4.3), but it may be hidden like the key.
        return None if is_value_dead else _hidden(key_id, owner[0])
    if key_id not in ids:
        return None
    words = f"IBM Cloud IAM lists API key {key_id} among those of {owner[0]} and does not show it by its id"
    return Absence("listed", f"{words}: it was deleted this moment, then run again; or the caller lacks a role")


def _listed_ids(client: IamClient, owner: Owner) -> set[str] | None:
    """The ids of all keys of the owner; None when that is a service ID that IAM does not know."""
    iam_id, account_id = owner
    if not is_service_id(iam_id):
        return {key.id for key in list_keys(client, iam_id, account_id)}
    try:
        robot = client.service_ids.get(service_id_of(iam_id))
    except NotFound:
        return None
    try:
        # Its group goes along: without that a list may lack its keys (iam-facts.md 2.2).
        return {key.id for key in client.service_ids.list_keys(robot)}
    except (Invalid, NotFound):
        if _is_known(client, robot.id):
            raise
        # It was deleted since it was read, so IAM has no list of its keys any more.
        return None


def _is_known(client: IamClient, service_id: str) -> bool:
    try:
        client.service_ids.get(service_id)
    except NotFound:
        return False
    return True


def _hidden(key_id: str, iam_id: str = "") -> Absence:
    words = f"IBM Cloud IAM knows no API key {key_id}, or hides it from this caller"
    if iam_id:
        return Absence("hidden", f"{words}, like its owner {iam_id}: log in with a role that may see the owner's keys")
    return Absence(
        "hidden",
        f"{words}, who may not see all keys of the account: name its owner with `service_id` or `iam_id`, or log in as "
        "an Administrator on the service IAM Identity",
    )
