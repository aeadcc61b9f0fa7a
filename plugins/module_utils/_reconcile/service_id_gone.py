# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Is a service ID gone? IAM's 404 may mean that it hides one from this caller (iam-facts.md 5.3)."""

from __future__ import annotations

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import (
    NotFound,
    NotPermitted,
    OutcomeUnknown,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.iam_ids import SERVICE_ID
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.service_ids import ServiceId


def check_service_id_is_gone(client: IamClient, service_id: str, group_id: str | None) -> None:
    """Raise TaskRefused unless a service ID that IAM does not know by its id is gone; costs one request.

    Whoever may list the service IDs of the account is told of each of them (iam-facts.md 5.1).
    """
    if not service_id.startswith(SERVICE_ID):
        # Not quoted: it may be a value in the wrong place.
        raise TaskRefused(
            "`id` is not the id of a service ID, which is like ServiceId-1, so nothing is proven to be gone; a name "
            "goes into `name`. Nothing was changed"
        )
    try:
        next(client.service_ids.search(client.caller().account_id, group_id=group_id), None)
    except NotPermitted as error:
        raise TaskRefused(
            f"IBM Cloud IAM knows no service ID {service_id}, or hides it from this caller, who may not list those of "
            f"the account: log in with a role that may. Nothing was changed ({error})",
            transaction_id=error.transaction_id,
        ) from None


def delete_service_id(client: IamClient, existing: ServiceId) -> None:
    """Delete a service ID that was read before; that it is gone already is fine, if the list of its name lacks it.

    Raises OutcomeUnknown when it does not, NotPermitted when IAM still shows it, and what else IAM refuses.
    """
    if not client.service_ids.delete(existing.id):
        _check_is_not_listed(client, existing)


def has_gone(client: IamClient, existing: ServiceId) -> bool:
    """Whether a service ID that was read before is gone: IAM does not know it, and the list of its name lacks it.

    Raises OutcomeUnknown when that has it.
    """
    try:
        client.service_ids.get(existing.id)
    except NotFound:
        _check_is_not_listed(client, existing)
        return True
    return False


def _check_is_not_listed(client: IamClient, existing: ServiceId) -> None:
    named = client.service_ids.list_named(existing.name, existing.account_id, existing.group_id)
    if any(each.id == existing.id for each in named):
        raise OutcomeUnknown(
            f"IBM Cloud IAM lists service ID {existing.id} and does not show it by its id: it was deleted this moment, "
            "then run again; or the caller lacks a role"
        )
