# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whose keys a task is about: an IAM ID, a service ID, or the caller itself."""

from __future__ import annotations

import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import NotFound
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.iam_ids import (
    SERVICE_ID,
    SERVICE_ID_GROUP,
    iam_id_of,
    is_service_id,
    service_id_of,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.service_ids import ServiceId


def identity_of(client: IamClient, params: t.Mapping[str, t.Any]) -> str:
    """The IAM ID that the task's options name; the caller's own when they name none.

    A service ID given by name costs one request, its group given by name another one; from then on its keys are listed
    in that group. Raises TaskRefused when no service ID has that name, or several, and for an owner that is empty: a
    question of a survey that nobody answered must not make a task one about the caller's own keys.
    """
    for option in ("iam_id", "service_id"):
        given = params.get(option)
        if given is not None and not given.strip():
            raise TaskRefused(
                f"`{option}` is empty, and without an owner the task would be about the caller's own keys. Nothing was "
                "changed; name the owner, or leave the option out if you mean your own keys"
            )
    iam_id, service_id = params.get("iam_id"), params.get("service_id")
    if params.get("service_id_group") and not service_id:
        raise TaskRefused("`service_id_group` goes with `service_id`")
    if iam_id:
        return iam_id_of(iam_id) if iam_id.startswith(SERVICE_ID) else t.cast(str, iam_id)
    if not service_id:
        return _caller_with_keys(client)
    group = params.get("service_id_group")
    group_id = service_id_group_of(client, group)
    if service_id.startswith(SERVICE_ID):
        owner = iam_id_of(service_id)
    else:
        found = client.service_ids.list_named(service_id, client.caller().account_id, group_id)
        owner = one_service_id(found, service_id, group).iam_id
    if group_id:
        client.api_keys.group_ids[owner] = group_id
    return owner


def _caller_with_keys(client: IamClient) -> str:
    caller = client.caller()
    if caller.type == "profile":
        raise TaskRefused(
            f"these credentials work as the trusted profile {caller.name or caller.iam_id}, which has no API keys: "
            "name a service ID with `service_id`, or a user with `iam_id`"
        )
    return caller.iam_id


def service_id_group_of(client: IamClient, text: str | None) -> str | None:
    """The id of a service-ID group that is given by id or name; None for None, which means the default group to IAM.

    A name costs one request. Raises TaskRefused when no group has it; names of groups are unique in an account.
    """
    if not text or text.startswith(SERVICE_ID_GROUP):
        return text or None
    groups = client.service_ids.list_groups(client.caller().account_id)
    for group in groups:
        if group.get("name") == text:
            return t.cast(str, group["id"])
    raise TaskRefused(
        f"there is no service-ID group called {text!r} in this account, or the caller may not see it; there are: "
        f"{', '.join(sorted(str(group.get('name')) for group in groups))}"
    )


def one_service_id(found: t.Sequence[ServiceId], name: str, group: str | None = None) -> ServiceId:
    """The only one of these service IDs; raises TaskRefused when there is none, or more than one."""
    if not found:
        place = f"the service-ID group {group}" if group else "the default service-ID group of this account"
        others = "" if group else "; `service_id_group` names another group"
        raise TaskRefused(f"there is no service ID called {name!r} in {place}, or the caller may not see it{others}")
    if len(found) > 1:
        ids = sorted(each.id for each in found)
        raise TaskRefused(
            f"{len(found)} service IDs are called {name!r}: {', '.join(ids)}. Say which one is meant by its id",
            details={"candidates": ids},
        )
    return found[0]


def check_service_id_exists(client: IamClient, iam_id: str) -> None:
    """Raise TaskRefused when an IAM ID is that of a service ID which does not exist; costs one request."""
    if not is_service_id(iam_id):
        return
    service_id = service_id_of(iam_id)
    try:
        client.service_ids.get(service_id)
    except NotFound:
        raise TaskRefused(f"there is no service ID {service_id}, or the caller may not see it") from None
