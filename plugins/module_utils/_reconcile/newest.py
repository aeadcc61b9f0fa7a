# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which keys of an identity are older than its newest ones: decides and touches nothing."""

from __future__ import annotations

import fnmatch
import typing as t
from dataclasses import dataclass
from datetime import datetime

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import parse_time
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.marker import NEXT
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.rotated_keys import marker_of


@dataclass(frozen=True)
class Newest:
    """How many keys that can log in stay, of those whose name fits one of the patterns; without a pattern, of all.

    With `counts_rotated` keys of rotations are keys like others. With `deletes` what goes is deleted, else disabled.
    """

    count: int
    names: tuple[str, ...] = ()
    counts_rotated: bool = False
    deletes: bool = False


def older_keys(keys: t.Sequence[ApiKey], newest: Newest, now: datetime) -> list[ApiKey]:
    """The keys of one identity that are older than the newest ones, the oldest first; protected ones are among them.

    Only a key that can log in counts: else a working key would go for one that works no more. Raises TaskRefused when
    IAM's times, which are in minutes, do not tell which are the newest.
    """
    asked = [key for key in keys if not newest.names or any(map(_matcher(key.name), newest.names))]
    rotated = set() if newest.counts_rotated else ids_of_rotations(keys)
    counting = [key for key in asked if key.id not in rotated and can_log_in(key, now)]
    if len(counting) <= newest.count:
        return []
    unknown = [key.id for key in asked if not key.created_at]
    if unknown:
        raise TaskRefused(
            f"IBM Cloud does not tell when {', '.join(unknown)} was created, so which keys are the newest ones is not "
            "known. Nothing was changed"
        )
    oldest_kept = sorted(map(_created, counting), reverse=True)[newest.count - 1]
    tied = [key for key in counting if _created(key) == oldest_kept]
    if sum(_created(key) >= oldest_kept for key in counting) > newest.count:
        raise TaskRefused(
            f"{', '.join(sorted(key.id for key in tied))} were created in the same minute, and which of them belongs "
            f"to the newest {newest.count} cannot be told: keep more, or take one of them away by its `id` first. "
            "Nothing was changed"
        )
    older = [key for key in asked if _created(key) < oldest_kept and (newest.deletes or can_log_in(key, now))]
    return sorted(older, key=lambda key: (_created(key), key.id))


def ids_of_rotations(keys: t.Sequence[ApiKey]) -> set[str]:
    """Keys with a marker, and those that a rotation without markers may be about to replace, and their next ones."""
    names = {key.name for key in keys}
    nexts = {name for name in names if name.endswith(NEXT) and name.removesuffix(NEXT) in names}
    replaced = {name.removesuffix(NEXT) for name in nexts}
    return {key.id for key in keys if marker_of(key) or key.name in nexts | replaced}


def can_log_in(key: ApiKey, now: datetime) -> bool:
    """Whether a key is neither disabled nor has expired."""
    return not key.disabled and (not key.expires_at or parse_time(key.expires_at) > now)


def _created(key: ApiKey) -> datetime:
    return parse_time(t.cast(str, key.created_at))


def _matcher(name: str) -> t.Callable[[str], bool]:
    return lambda pattern: fnmatch.fnmatchcase(name, pattern)
