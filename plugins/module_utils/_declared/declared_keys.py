# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The engine of iam_api_key and iam_api_key_bulk: many declared keys, side by side; one key is a list of one."""

from __future__ import annotations

import os
import typing as t
from collections import Counter
from dataclasses import dataclass, field

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._declared.declared_key import (
    keep_as_declared,
    leaves_owner_open,
    wish_of,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.concurrency import Concurrency
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import Refused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._identities.owner import check_service_id_exists
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._identities.owners import owner_named_by, resolve
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.account_list import keys_in_account_list
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.key_lists import list_keys
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.key_wish import KeyWish
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.plan import plan_key
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.side_by_side import side_by_side

# IBM's limit for one identity; it may be raised, never lowered (iam-facts.md 6.1).
KEYS_PER_IDENTITY = 20

KeysOrError = t.Union[list[ApiKey], Exception]


@dataclass
class Declared:
    """One key of the task: its options, what they ask for, and what became of it."""

    params: dict[str, t.Any]
    wish: KeyWish | None = None
    done: dict[str, t.Any] = field(default_factory=dict)
    error: Exception | None = None

    def result(self) -> dict[str, t.Any]:
        """The result of this key; raises what went wrong."""
        if self.error:
            raise self.error
        return self.done


def read_wishes(client: IamClient, keys: t.Sequence[dict[str, t.Any]], concurrency: Concurrency) -> list[Declared]:
    """What each key asks for, owners looked up; a key that cannot be meant gets its error, and the others go on."""
    account_id = client.caller().account_id
    owned = [owner_named_by(params) for params in keys if not leaves_owner_open(params)]
    iam_ids = resolve(client, owned, concurrency)
    declared = [Declared(params) for params in keys]
    for each in declared:
        iam_id = "" if leaves_owner_open(each.params) else iam_ids[owner_named_by(each.params)]
        try:
            if isinstance(iam_id, Exception):
                raise iam_id
            each.wish = wish_of(each.params, iam_id, account_id)
        except Exception as error:
            each.error = error
    return declared


def check_declared_once(declared: t.Sequence[Declared]) -> None:
    """Raise TaskRefused when two of the keys are the same one, or go to the same file."""
    wishes = [each.wish for each in declared if each.wish]
    files = [os.path.realpath(each.params["file"]) for each in declared if each.params["file"]]
    named = [f"the key {wish.name} of {wish.iam_id}" for wish in wishes if wish.name and not wish.id]
    seen = Counter([*named, *(f"the key {wish.id}" for wish in wishes if wish.id), *(f"the file {f}" for f in files)])
    seen.update("a key with the same `key_value`" for value in _repeated([wish.key_value for wish in wishes]) * 2)
    twice = [what for what, count in seen.items() if count > 1]
    if twice:
        raise TaskRefused(f"`keys` names more than once: {', '.join(twice)}. Nothing was changed")


def _repeated(values: t.Sequence[str | None]) -> list[str]:
    return [value for value, count in Counter(values).items() if value and count > 1]


def read_lists(
    client: IamClient, iam_ids: t.Iterable[str], concurrency: Concurrency, must_exist: t.Container[str] = ()
) -> dict[str, KeysOrError]:
    """The keys of each identity, one list each; an empty one of those that must exist costs one look more."""
    distinct = list(dict.fromkeys(iam_ids))
    account_id = client.caller().account_id

    def read(iam_id: str) -> list[ApiKey]:
        try:
            keys = list_keys(client.branch(), iam_id, account_id)
        except Refused:
            check_service_id_exists(client.branch(), iam_id)
            raise
        if not keys and iam_id in must_exist:
            check_service_id_exists(client.branch(), iam_id)
        return keys

    return dict(zip(distinct, side_by_side(read, distinct, concurrency)))


def carry_out(
    client: IamClient,
    declared: t.Sequence[Declared],
    *,
    check_mode: bool,
    concurrency: Concurrency,
    needs_all_keys: bool = False,
) -> dict[str, KeysOrError]:
    """Make every key as declared; returns the lists that were read on the way, as they were before.

    `needs_all_keys` when somebody will judge by these lists what is missing or too much.
    """
    wishes = [each.wish for each in declared if each.wish and _is_found_by_name(each.wish)]
    # A misspelt owner has no keys either, and `absent` would be content with that.
    must_exist = {wish.iam_id for wish in wishes if wish.state == "absent"}
    lists: dict[str, KeysOrError] = {} if needs_all_keys else _seen_to_be_as_wished(client, wishes, concurrency)
    others = [wish.iam_id for wish in wishes if wish.iam_id not in lists]
    lists.update(read_lists(client, others, concurrency, must_exist))

    def keep(lane: list[Declared]) -> None:
        for each in lane:
            wish = t.cast(KeyWish, each.wish)
            known = lists[wish.iam_id] if _is_found_by_name(wish) else None
            try:
                if isinstance(known, Exception):
                    raise known
                each.done = keep_as_declared(client.branch(), each.params, wish, check_mode=check_mode, known=known)
            except Exception as error:
                each.error = error

    side_by_side(keep, _lanes(declared, lists), concurrency)
    return lists


def _seen_to_be_as_wished(
    client: IamClient, wishes: t.Sequence[KeyWish], concurrency: Concurrency
) -> dict[str, KeysOrError]:
    """The keys of the identities that need no change, as a list of the whole account shows them."""
    by_owner: dict[str, list[KeyWish]] = {}
    for wish in wishes:
        by_owner.setdefault(wish.iam_id, []).append(wish)
    seen = keys_in_account_list(client, by_owner, concurrency)
    return {
        iam_id: keys for iam_id, keys in seen.items() if all(_is_as_wished(keys, wish) for wish in by_owner[iam_id])
    }


def _is_as_wished(keys: t.Sequence[ApiKey], wish: KeyWish) -> bool:
    named = [key for key in keys if key.name == wish.name]
    if wish.state != "present" or wish.recreate or len(named) != 1:
        return False
    try:
        return not plan_key(named[0], wish).changed
    except TaskRefused:
        return False


def _is_found_by_name(wish: KeyWish) -> bool:
    return bool(wish.name and not wish.id)


def _lanes(declared: t.Sequence[Declared], lists: dict[str, KeysOrError]) -> list[list[Declared]]:
    """Which keys go one after the other: all of an identity that may become full, so that never timing decides."""
    lanes: dict[t.Any, list[Declared]] = {}
    created = Counter(each.wish.iam_id for each in declared if each.wish and _may_create(each.wish, lists))
    for number, each in enumerate(declared):
        if each.wish is None:
            continue
        keys = lists.get(each.wish.iam_id, [])
        fits = isinstance(keys, Exception) or len(keys) + created[each.wish.iam_id] <= KEYS_PER_IDENTITY
        lanes.setdefault(number if fits else each.wish.iam_id, []).append(each)
    return list(lanes.values())


def _may_create(wish: KeyWish, lists: dict[str, KeysOrError]) -> bool:
    keys = lists.get(wish.iam_id, [])
    names = set() if isinstance(keys, Exception) else {key.name for key in keys}
    return wish.state == "present" and (wish.recreate or wish.name not in names)
