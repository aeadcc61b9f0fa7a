# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What IAM's calls on API keys and on service IDs have in common."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam import forms
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.answers import NO_CONTENT
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import (
    Conflict,
    Invalid,
    NotFound,
    NotPermitted,
    NotUnderstood,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.transport import Reply

LONGEST_QUOTED = 20
ID = re.compile("[0-9A-Za-z_-]{1,200}")
ACTIVITY: dict[str, forms.Form] = {"authn_count": forms.count, "last_authn": forms.past}


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
    def from_iam(cls, entry: t.Any, action: str) -> Activity | None:
        """What IAM tells of it; None when it does not."""
        if entry is None:
            return None
        told = forms.understood(entry, {}, ACTIVITY, "an activity", action)
        return cls(told["authn_count"], told.get("last_authn")) if "authn_count" in told else None


def history_in(entry: dict[str, t.Any], action: str) -> list[dict[str, t.Any]] | None:
    """What was done to a key or service ID, as IAM tells it; None when it does not."""
    told = forms.understood(entry, {}, {"history": forms.objects}, "a history", action)
    return told.get("history")


def path_of(folder: str, entity_id: str, what: str) -> str:
    """The path of one key or service ID; raises Invalid for what cannot be an id, because it goes into a path."""
    if not ID.fullmatch(entity_id):
        # A longer one may be a value in the wrong place (docs/decisions/0013-what-a-message-may-quote.md).
        quoted = f": {entity_id!r}" if len(entity_id) <= LONGEST_QUOTED else ""
        raise Invalid(f"not the id of {what}{quoted}")
    return f"{folder}/{entity_id}"


def with_version(reply: Reply) -> t.Any:
    """What a single read tells; its version stands in the header ETag as well."""
    body = reply.body
    return {**body, "entity_tag": reply.etag or body.get("entity_tag")} if isinstance(body, dict) else body


def switch(send: SendRequest, method: str, path: str, action: str, is_set: t.Callable[[], bool]) -> None:
    """POST sets, DELETE takes away; that it is so already is no conflict."""
    try:
        _check_done(send(method, path, action), action)
    except Conflict:
        if is_set() != (method == "POST"):
            raise


def delete(send: SendRequest, path: str, action: str, read: t.Callable[[], object]) -> bool:
    """False when IAM knows of no such thing, neither to delete nor to `read`; that may hide it, and proves nothing."""
    try:
        _check_done(send("DELETE", path, action), action)
    except NotFound as error:
        return _is_shown(read, error)
    return True


def _is_shown(read: t.Callable[[], object], error: NotFound) -> t.Literal[False]:
    """False when it is not; raises NotPermitted when IAM knows it after all."""
    try:
        read()
    except NotFound:
        return False
    raise NotPermitted(
        f"{error}. IBM Cloud IAM still shows it: the caller may read it and lacks a role to delete it (Operator or "
        "Administrator on the service IAM Identity), or it was deleted this moment: then run again",
        transaction_id=error.transaction_id,
    )


def _check_done(reply: Reply, action: str) -> None:
    """Raise NotUnderstood unless IAM says "done" as it does, with 204 (iam-facts.md 3.5, iam-facts.md 3.6)."""
    if reply.status != NO_CONTENT:
        raise NotUnderstood(
            f"the answer {reply.status} to {action} is not the one that IBM Cloud IAM gives when it is done; look "
            "whether it is",
            transaction_id=reply.transaction_id,
        )
