# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which existing key is meant: one, none, or an honest "ambiguous"."""

from __future__ import annotations

import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.marker import split_description
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.wish import CannotDecide


def match_by_name(keys: t.Sequence[ApiKey], name: str) -> tuple[t.Optional[ApiKey], list[ApiKey]]:
    """Find the key of that exact name among all keys of one identity -> (the key or None, its other twins).

    Keys of one rotation slot share a name during the overlap: the one of the highest generation is the published one.
    Raises CannotDecide when several keys could be meant; ids are in `details["candidates"]`.
    """
    named = [key for key in keys if key.name == name]
    if len(named) <= 1:
        return (named[0] if named else None), []
    markers = {key.id: split_description(key.description)[1] for key in named}
    slots = {marker.slot_id if marker else None for marker in markers.values()}
    if len(slots) > 1 or None in slots:
        ids = sorted(key.id for key in named)
        raise CannotDecide(
            f"{len(named)} API keys are called {name!r}: {', '.join(ids)}. Names are not unique in IBM Cloud; "
            "say which one is meant with `id`",
            details={"candidates": ids},
        )
    published = max(named, key=lambda key: markers[key.id].generation if markers[key.id] else 0)  # type: ignore[union-attr]  # None was ruled out above
    return published, [key for key in named if key is not published]


def check_owner(key: ApiKey, iam_id: str | None, account_id: str) -> None:
    """Refuse a key that belongs to another identity or account than the task names."""
    if key.account_id and key.account_id != account_id:
        raise CannotDecide(f"API key {key.id} belongs to account {key.account_id}, not to {account_id}")
    if iam_id and key.iam_id != iam_id:
        raise CannotDecide(f"API key {key.id} belongs to {key.iam_id}, not to {iam_id}; nothing was changed")
