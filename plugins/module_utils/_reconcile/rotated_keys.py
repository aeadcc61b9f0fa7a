# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keys that a rotation looks after are not taken away behind its back (decision 24)."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.marker import split_description

# People add a word behind a marker, or copy it by hand. The rotation knows its published key by the id and goes on.
EDITED = re.compile(r"\[\s*cloudkeys\s+[0-9a-f]{8}\s*/\s*[0-9]+\s*\]?", re.IGNORECASE)


def marker_of(key: ApiKey) -> str | None:
    """What tells that a key belongs to a slot, be it edited; None for no slot, or one with `use_marker: false`."""
    marker = split_description(key.description)[1]
    edited = EDITED.search(key.description or "")
    return str(marker) if marker else edited and edited[0]


def refuse_if_rotated(keys: t.Sequence[ApiKey], rotated_keys: str, what: str) -> None:
    """Raise TaskRefused when one of these keys belongs to a slot; `what` says what would become of it.

    IAM does not tell which key of a slot is the published one, so none of them is touched without leave.
    """
    rotated = sorted((key for key in keys if marker_of(key)), key=lambda key: key.id)
    if not rotated or rotated_keys == "allow":
        return
    named = ", ".join(f"{key.id} ({key.name}, {marker_of(key)})" for key in rotated)
    raise TaskRefused(
        f"API key {named} belongs to a rotation, and whoever uses its value would be shut out, so it is not {what}. "
        "Let iam_api_key_rotation do it, with the slot that has this marker: `compromised_ids` replaces a key that "
        "leaked, `retire_ids` of the slot deletes one that nobody needs, `state: absent` of the slot ends all of them. "
        "`rotated_keys: allow` does it here all the same. Nothing was changed",
        details={"candidates": [key.id for key in rotated]},
    )
