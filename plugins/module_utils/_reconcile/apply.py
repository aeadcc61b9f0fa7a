# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Carries out one Change."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey, NewKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import (
    Conflict,
    IamError,
    NotUnderstood,
    OutcomeUnknown,
    Refused,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.gone import delete_key
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.key_wish import (
    KeyWish,
    minute_text,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.locks import locked_again_on_failure
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.plan import Change

DrawsValue = t.Callable[[], t.Optional[str]]


def apply_change(client: IamClient, change: Change, wish: KeyWish, draw_value: DrawsValue) -> ApiKey | None:
    """Carry out the steps of a change and return the key as it is then; None when it was deleted.

    The value of a created key is in `key_value` of the result; a `draw_value` of None lets IAM choose it. Raises
    Conflict when somebody else changed the key since it was read: plan again from a fresh read. A key that was unlocked
    for a change that fails is locked again.
    """
    if not change.creates:
        return _take_steps(client, change)
    new = NewKey(
        **change.fields,
        **{member: change.after[member] for member in ("iam_id", "account_id", "locked", "disabled")},
        key_value=draw_value(),
        store_value=wish.store_value,
    )
    try:
        made = client.api_keys.create(new)
    except IamError as error:
        if new.key_value is None and error.may_have_happened:
            raise _lost(client, change, error) from None
        raise
    made = replace(made, key_value=new.key_value or made.key_value)
    if change.key is not None:
        _delete_the_old(client, change, made)
    return made


def _take_steps(client: IamClient, change: Change) -> ApiKey | None:
    key = change.key
    with locked_again_on_failure(change.steps) as locks:
        for step in change.steps:
            existing = t.cast(ApiKey, key)
            if step == "unlock":
                locks.note(client.api_keys.lock, existing.id)
            key = _take_step(client, step, existing, change)
    return key


def _take_step(client: IamClient, step: str, key: ApiKey, change: Change) -> ApiKey | None:
    if step == "delete":
        delete_key(client, key)
        return None
    if step == "update":
        # A lock or an unlock before this may have made a new version, so the tag has to be fresh.
        tag = key.entity_tag if change.steps[0] == "update" else _read_again(client, key).entity_tag
        return _with_expiry_as_asked(client.api_keys.update(key.id, change.fields, tag), change)
    getattr(client.api_keys, step)(key.id)
    return replace(key, **SWITCHES[step])


def _read_again(client: IamClient, key: ApiKey) -> ApiKey:
    """The key as it is now; raises Conflict when its description changed: what is sent was made from the old one.

    A rotation that takes the key over at this moment writes its marker there, which must not be lost.
    """
    now = client.api_keys.get(key.id)
    if (now.description or "") != (key.description or ""):
        raise Conflict(
            f"somebody changed the description of API key {key.id} ({key.name}) at the same moment; run again"
        )
    return now


SWITCHES: dict[str, dict[str, t.Any]] = {
    "lock": {"locked": True},
    "unlock": {"locked": False},
    "disable": {"disabled": True},
    "enable": {"disabled": False},
}


def _with_expiry_as_asked(key: ApiKey, change: Change) -> ApiKey:
    """How an expiry is taken away is open (iam-facts.md 3.4), so what IAM made of the request is looked at."""
    is_now = minute_text(key.expires_at) if key.expires_at else ""
    if change.fields.get("expires_at", is_now) != is_now:
        raise NotUnderstood(
            f"IBM Cloud IAM accepted another expires_at for API key {key.id}, and it is {is_now or 'not set'} now"
        )
    return key


def _lost(client: IamClient, change: Change, error: IamError) -> IamError:
    """IAM chose the value and its answer is lost: nobody has that value, and nothing is guessed."""
    old_id = change.key.id if change.key else None
    name, iam_id = change.fields["name"], change.after["iam_id"]
    try:
        keys = client.api_keys.list(iam_id, change.after["account_id"])
    except IamError:
        keys = []
    ids = sorted(key.id for key in keys if key.name == name and key.id != old_id)
    there = f"a key of that name is there: {', '.join(ids)}; delete it" if ids else "look for it before the next try"
    return OutcomeUnknown(
        f"{error}; the key may have been made, and then nobody has its value (`key_source: iam`): {there}",
        transaction_id=error.transaction_id,
        details={"candidates": ids},
    )


def _delete_the_old(client: IamClient, change: Change, made: ApiKey) -> None:
    """Finish a replacement: when the old key has to stay, the new one, which nobody has yet, goes again."""
    try:
        _take_steps(client, replace(change, steps=change.steps[1:]))
    except Refused as error:
        _withdraw(client, made, error)
        raise
    except IamError as error:
        old_id = t.cast(ApiKey, change.key).id
        raise OutcomeUnknown(
            f"API key {made.id} was created to replace {old_id}, and it is not known whether that is deleted: {error}. "
            "Look, and delete one of the two by its id",
            transaction_id=error.transaction_id,
            details={"candidates": sorted([made.id, old_id])},
        ) from None


def _withdraw(client: IamClient, made: ApiKey, why: IamError) -> None:
    try:
        delete_locked_or_not(client, made)
    except IamError:
        raise OutcomeUnknown(
            f"{why}; the API key that was created to replace it, {made.id}, could not be deleted again: do that",
            transaction_id=why.transaction_id,
            details={"candidates": [made.id]},
        ) from None


def delete_locked_or_not(client: IamClient, key: ApiKey) -> None:
    """Delete a key of which nobody has the value."""
    if key.locked:
        client.api_keys.unlock(key.id)
    delete_key(client, key)
