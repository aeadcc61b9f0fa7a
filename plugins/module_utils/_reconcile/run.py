# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""For one wish: match, plan, and apply unless this is check mode."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey, draw_key_value
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import Conflict, NotFound
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.apply import apply_change
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.match import check_owner, match_by_name
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.plan import Change, plan_key
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.wish import CannotDecide, KeyWish


@dataclass(frozen=True)
class Outcome:
    """What became of one wish; `key` is None when there is no such key (any more, or yet)."""

    change: Change
    key: t.Optional[ApiKey]
    duplicates: list[ApiKey] = field(default_factory=list)


def reconcile_key(
    client: IamClient,
    wish: KeyWish,
    *,
    check_mode: bool,
    before_apply: t.Callable[[Change], None] = lambda change: None,
    draw_value: t.Callable[[], str] = draw_key_value,
) -> Outcome:
    """Make one key as wished; `before_apply` sees the plan and may refuse it by raising.

    When somebody else changes the key in between, it is read and planned again once.
    """
    attempted: Change | None = None
    while True:
        key, twins = find_key(client, wish)
        change = plan_key(key, wish)
        before_apply(change)
        if attempted and attempted.key and not change.changed:
            # The answer to our own change was lost, or somebody wanted the same: since the first look it was done.
            change = attempted
        elif not check_mode and change.changed:
            try:
                key = apply_change(client.api_keys, change, wish, draw_value)
            except Conflict:
                if attempted:
                    raise
                attempted = change
                continue
        return Outcome(change, key if wish.state == "present" else None, twins)


def find_key(client: IamClient, wish: KeyWish) -> tuple[t.Optional[ApiKey], list[ApiKey]]:
    """The key that the wish is about, and the twins of its rotation slot; an unknown id is never created."""
    if wish.id:
        try:
            key = client.api_keys.get(wish.id)
        except NotFound:
            if wish.state == "absent":
                return None, []
            raise CannotDecide(
                f"there is no API key {wish.id}, or the caller may not see it; with `id` a key is never created"
            ) from None
        check_owner(key, wish.iam_id or None, wish.account_id)
        return key, []
    if not wish.name:
        raise CannotDecide("say which API key is meant: `name` or `id`")
    return match_by_name(client.api_keys.list(wish.iam_id, wish.account_id), wish.name)
