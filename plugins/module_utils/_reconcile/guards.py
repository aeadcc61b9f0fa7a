# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a plan must not do, said before anything is sent: what IAM never allows, and what would lock us out."""

from __future__ import annotations

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import parse_time
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.iam_ids import is_service_id
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.key_wish import (
    KeyWish,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.plan import Change


def check_change(client: IamClient, change: Change, wish: KeyWish) -> None:
    """Raise TaskRefused for a change that must not be made."""
    if change.creates:
        _check_owner_may_have_a_key(client, change.after["iam_id"])
    if change.fields.get("expires_at"):
        _check_lies_ahead(client, change.fields["expires_at"])
    if {"delete", "disable"} & set(change.steps) and not wish.allow_self:
        _check_not_the_login_key(client, change)


def _check_owner_may_have_a_key(client: IamClient, iam_id: str) -> None:
    """A user's key is created by that user only (iam-facts.md 3.3)."""
    caller_id = client.caller().iam_id
    if iam_id != caller_id and not is_service_id(iam_id):
        raise TaskRefused(
            f"these credentials belong to {caller_id}, and IBM Cloud lets nobody create an API key for somebody else: "
            f"{iam_id} has to log in to create it, or name a service ID with `service_id`. An administrator can "
            "change and delete the keys of others. Nothing was changed"
        )


def _check_lies_ahead(client: IamClient, expires_at: str) -> None:
    if parse_time(expires_at) <= client.now():
        raise TaskRefused(f"expires_at lies in the past, {expires_at}: the key would not work. Nothing was changed")


def _check_not_the_login_key(client: IamClient, change: Change) -> None:
    key = change.key
    # It can only be one of who logs in, so most tasks need not ask.
    if key is None or key.iam_id != client.login_iam_id() or client.login_key_id() != key.id:
        return
    verb = "deleted" if "delete" in change.steps else "disabled"
    raise TaskRefused(
        f"API key {key.id} ({key.name}) is the one that this task logs in with, so it is not {verb}; "
        "`allow_self: true` allows it"
    )
