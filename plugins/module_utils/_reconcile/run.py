# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""For one wish: match, plan, and apply unless this is check mode."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey, draw_key_value
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import Conflict, NotFound
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.iam_ids import API_KEY
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.apply import apply_change
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.gone import absence_of, absence_of_value
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.guards import check_change
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.key_lists import list_keys
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.key_wish import (
    KeyWish,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.match import check_owner, match_by_name
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.plan import Change, plan_key

Keys = t.Sequence[ApiKey]


@dataclass(frozen=True)
class KeyOutcome:
    """What became of one wish; `key` is None when there is no such key (any more, or yet)."""

    change: Change
    key: ApiKey | None
    duplicates: list[ApiKey] = field(default_factory=list)


class ValueDestination:
    """Where the value of a key goes: a port, and the kind for a caller who takes it from the key itself."""

    def why_unusable(self, key: ApiKey) -> str | None:
        """Why an existing key cannot give what was asked for; None when it can."""
        return None

    def prepare(self, change: Change) -> None:
        """See the plan before anything is sent, and refuse it by raising."""

    def draw(self) -> str | None:
        """The value of the key that is about to be made; None lets IAM choose."""
        return draw_key_value()


def reconcile_key(
    client: IamClient,
    wish: KeyWish,
    *,
    check_mode: bool,
    destination: ValueDestination | None = None,
    known: Keys | None = None,
) -> KeyOutcome:
    """Make one key as wished; `known` are the keys of its identity if they were read already.

    When somebody else changes the key in between, it is read and planned again once.
    """
    destination = destination or ValueDestination()
    attempted: Change | None = None
    while True:
        key, twins = find_key(client, wish, known if attempted is None else None)
        change = _plan(key, wish, destination)
        also = [plan_key(twin, wish) for twin in twins if wish.on_duplicate == "all"]
        for each in (change, *also):
            check_change(client, each, wish)
        destination.prepare(change)
        if attempted and attempted.key and not change.changed:
            # The answer to our own change was lost, or somebody wanted the same: since the first look it was done.
            change = attempted
        elif not check_mode and change.changed:
            try:
                key = apply_change(client, change, wish, destination.draw)
                for each in also:
                    apply_change(client, each, wish, destination.draw)
            except Conflict:
                if attempted:
                    raise
                attempted = change
                continue
        return KeyOutcome(change, key if wish.state == "present" else None, twins)


def _plan(key: ApiKey | None, wish: KeyWish, destination: ValueDestination) -> Change:
    why_unusable = destination.why_unusable(key) if key and wish.state == "present" else None
    if why_unusable and not wish.recreate:
        raise TaskRefused(why_unusable)
    return plan_key(key, wish, is_replaced=bool(why_unusable))


def find_key(client: IamClient, wish: KeyWish, known: Keys | None = None) -> tuple[ApiKey | None, list[ApiKey]]:
    """The key that the wish is about, and the others of its name; an unknown id or value is never created."""
    if wish.id or not wish.name:
        key = _find_one(client, wish)
        if key:
            check_owner(key, wish.iam_id or None, wish.account_id)
        elif wish.id and not wish.id.startswith(API_KEY):
            # Not quoted: it may be the value of a key that works.
            raise TaskRefused(
                "`id` is not the id of an API key, which is like ApiKey-1, so this tells nothing of the key that is "
                "meant; a value goes into `key_value`. Nothing was changed"
            )
        elif wish.state == "present":
            meant, option = (wish.id, "id") if wish.id else ("with this value", "key_value")
            raise TaskRefused(
                f"there is no API key {meant}, or the caller may not see it; with `{option}` a key is never created"
                + ("" if wish.id else " unless it has a `name`")
            )
        else:
            _check_is_gone(client, wish)
        return key, []
    keys = list_keys(client, wish.iam_id, wish.account_id) if known is None else known
    return match_by_name(keys, wish.name, wish.on_duplicate)


def _find_one(client: IamClient, wish: KeyWish) -> ApiKey | None:
    if not wish.id:
        if not wish.key_value:
            raise TaskRefused("say which API key is meant: `name`, `id` or `key_value`")
        return client.api_keys.find_by_value(wish.key_value)
    try:
        return client.api_keys.get(wish.id)
    except NotFound:
        return None


def _check_is_gone(client: IamClient, wish: KeyWish) -> None:
    """Raise TaskRefused unless it is proven that there is no such key: IAM may only hide it from this caller."""
    if wish.id:
        owner = (wish.iam_id, wish.account_id) if wish.iam_id else None
        absence = absence_of(client, wish.id, owner=owner, is_unknown=True)
    else:
        absence = absence_of_value(client, t.cast(str, wish.key_value))
    if not absence.is_gone:
        raise TaskRefused(absence.words)
