# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which existing key is meant: one, none, or an honest "ambiguous"."""

from __future__ import annotations

import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import parse_time
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.marker import split_description


def match_by_name(
    keys: t.Sequence[ApiKey], name: str, on_duplicate: str = "fail"
) -> tuple[ApiKey | None, list[ApiKey]]:
    """Find the key of that exact name among all keys of one identity -> (the key or None, the others of that name).

    Keys of one rotation slot share a name during the overlap: the one of the highest generation is the published one.
    Other twins are ambiguous unless `on_duplicate` names one of them, or `all`. Raises TaskRefused when several keys
    could be meant; ids are in `details["candidates"]`.
    """
    named = [key for key in keys if key.name == name]
    if len(named) <= 1 or on_duplicate == "all":
        return (named[0] if named else None), named[1:]
    meant = _published(named) or _by_age(named, on_duplicate)
    if meant is None:
        ids = sorted(key.id for key in named)
        why = " were created in the same minute, so neither is the " + on_duplicate if on_duplicate != "fail" else ""
        raise TaskRefused(
            f"{len(named)} API keys are called {name!r}: {', '.join(ids)}{why}. Names are not unique in IBM Cloud; "
            "say which one is meant with `id`, or set `on_duplicate`",
            details={"candidates": ids},
        )
    return meant, [key for key in named if key is not meant]


def _published(twins: list[ApiKey]) -> ApiKey | None:
    """The published one of a rotation slot; None when these are not the keys of one slot."""
    markers = [(split_description(key.description)[1], key) for key in twins]
    generations = {marker.generation: key for marker, key in markers if marker}
    slots = {marker.slot_id if marker else None for marker, _key in markers}
    return generations[max(generations)] if len(slots) == 1 and None not in slots else None


def _by_age(twins: list[ApiKey], on_duplicate: str) -> ApiKey | None:
    """The newest or the oldest; None when that was not asked for, or when two of them are."""
    if on_duplicate not in {"newest", "oldest"} or not all(key.created_at for key in twins):
        return None
    oldest_first = sorted(twins, key=lambda key: parse_time(t.cast(str, key.created_at)))
    meant, next_to_it = oldest_first[:2] if on_duplicate == "oldest" else oldest_first[:-3:-1]
    return meant if meant.created_at != next_to_it.created_at else None


def check_owner(key: ApiKey, iam_id: str | None, account_id: str) -> None:
    """Refuse a key that belongs to another identity or account than the task names."""
    if key.account_id and key.account_id != account_id:
        raise TaskRefused(f"API key {key.id} belongs to account {key.account_id}, not to {account_id}")
    if iam_id and key.iam_id != iam_id:
        raise TaskRefused(f"API key {key.id} belongs to {key.iam_id}, not to {iam_id}; nothing was changed")
