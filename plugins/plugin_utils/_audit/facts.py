# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an audit knows of one key: plain data, and no value."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from datetime import datetime

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.activity import InactiveKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import parse_time
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.iam_ids import is_service_id
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.marker import Marker, split_description


@dataclass(frozen=True)
class KeyFacts:
    """One API key. Days are whole days; `expires_in_days` is negative when the key has expired.

    `last_login_at` is known only of keys that did not log in for a while (IAM's report tells no others); `is_inactive`
    is None when nobody could tell.
    """

    id: str
    name: str
    owner_id: str
    owner_name: str | None
    description: str
    marker: Marker | None
    created_at: datetime
    age_days: int
    expires_at: datetime | None
    expires_in_days: int | None
    is_inactive: bool | None
    last_login_at: datetime | None
    locked: bool
    disabled: bool

    @property
    def owner_kind(self) -> str:
        return "service ID" if is_service_id(self.owner_id) else "user"

    @property
    def has_expired(self) -> bool:
        return self.expires_in_days is not None and self.expires_in_days < 0

    @property
    def can_log_in(self) -> bool:
        return not self.disabled and not self.has_expired


def facts_of(
    key: ApiKey,
    now: datetime,
    owner_names: t.Mapping[str, str],
    inactive: t.Mapping[str, InactiveKey] | None,
) -> KeyFacts:
    """What is known of a key; `inactive` are the keys in IAM's report by their id, None when there is no report."""
    text, marker = split_description(key.description)
    entry = inactive.get(key.id) if inactive is not None else None
    created_at = parse_time(key.created_at) if key.created_at else now
    expires_at = parse_time(key.expires_at) if key.expires_at else None
    return KeyFacts(
        id=key.id,
        name=key.name,
        owner_id=key.iam_id,
        owner_name=owner_names.get(key.iam_id) or (entry.owner_name if entry else None),
        description=text,
        marker=marker,
        created_at=created_at,
        age_days=(now - created_at).days,
        expires_at=expires_at,
        expires_in_days=(expires_at - now).days if expires_at else None,
        is_inactive=None if inactive is None or (entry and not entry.is_readable) else entry is not None,
        last_login_at=parse_time(entry.last_login_at) if entry and entry.last_login_at else None,
        locked=key.locked,
        disabled=key.disabled,
    )
