# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What IAM's calls on API keys and on service IDs have in common."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import Conflict, Invalid, NotFound
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.transport import Reply


class SendRequest(t.Protocol):
    """An authorised request."""

    def __call__(self, method: str, path: str, action: str, **parts: t.Any) -> Reply:
        """Send it, and log in first if need be."""


@dataclass(frozen=True)
class Activity:
    """How often something ever logged in, and when last (IAM's text; None: never)."""

    login_count: int
    last_login_at: str | None

    @classmethod
    def from_iam(cls, entry: t.Any) -> Activity | None:
        """What IAM tells of it; None when it does not."""
        count = entry.get("authn_count") if isinstance(entry, dict) else None
        return cls(count, entry.get("last_authn")) if isinstance(count, int) else None


def path_of(folder: str, entity_id: str, what: str) -> str:
    """The path of one key or service ID; raises Invalid for what cannot be an id, because it goes into a path."""
    if not entity_id or not all(character.isalnum() or character in "-_" for character in entity_id):
        raise Invalid(f"not the id of {what}: {entity_id!r}")
    return f"{folder}/{entity_id}"


def switch(send: SendRequest, method: str, path: str, action: str, is_set: t.Callable[[], bool]) -> None:
    """POST sets, DELETE takes away; that it is so already is no conflict."""
    try:
        send(method, path, action)
    except Conflict:
        if is_set() != (method == "POST"):
            raise


def delete(send: SendRequest, path: str, action: str) -> bool:
    """False when it was gone already."""
    try:
        send("DELETE", path, action)
    except NotFound:
        return False
    return True
