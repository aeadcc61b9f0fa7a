# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Carries out one Change."""

from __future__ import annotations

import contextlib
import typing as t
from dataclasses import replace

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey, ApiKeys, NewKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import IamError
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.plan import Change
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.wish import KeyWish


def apply_change(api_keys: ApiKeys, change: Change, wish: KeyWish, draw_value: t.Callable[[], str]) -> ApiKey | None:
    """Carry out the steps of a change and return the key as it is then; None when it was deleted.

    The value of a created key is in `key_value` of the result. Raises Conflict when somebody else changed the key
    since it was read: plan again from a fresh read. A key that was unlocked for a change that fails is locked again.
    """
    key = change.key
    for number, step in enumerate(change.steps):
        try:
            key = _take_step(api_keys, step, key, change, wish, draw_value)
        except IamError:
            if "unlock" in change.steps[:number] and {"lock", "delete"} & set(change.steps):
                _lock_again(api_keys, change)
            raise
    return key


def _lock_again(api_keys: ApiKeys, change: Change) -> None:
    """Leave a key that was locked no less protected than it was; the error that led here matters more than one here."""
    if change.key is not None:
        with contextlib.suppress(IamError):
            api_keys.lock(change.key.id)


def _take_step(
    api_keys: ApiKeys,
    step: str,
    key: ApiKey | None,
    change: Change,
    wish: KeyWish,
    draw_value: t.Callable[[], str],
) -> ApiKey | None:
    if step == "create":
        key_value = draw_value()
        made = api_keys.create(_new_key(change, wish, key_value))
        return replace(made, key_value=key_value)
    if key is None:
        raise ValueError(f"the step {step} needs a key")
    if step == "delete":
        api_keys.delete(key.id)
        return None
    if step == "update":
        # A lock or an unlock before this may have made a new version, so the tag has to be fresh.
        tag = key.entity_tag if change.steps[0] == "update" else api_keys.get(key.id).entity_tag
        return api_keys.update(key.id, change.fields, tag)
    getattr(api_keys, step)(key.id)
    return replace(key, **SWITCHES[step])


SWITCHES: dict[str, dict[str, t.Any]] = {
    "lock": {"locked": True},
    "unlock": {"locked": False},
    "disable": {"disabled": True},
    "enable": {"disabled": False},
}


def _new_key(change: Change, wish: KeyWish, key_value: str) -> NewKey:
    return NewKey(
        name=change.fields["name"],
        iam_id=wish.iam_id,
        account_id=wish.account_id,
        key_value=key_value,
        description=change.fields.get("description"),
        locked=bool(wish.locked),
        disabled=bool(wish.disabled),
    )
