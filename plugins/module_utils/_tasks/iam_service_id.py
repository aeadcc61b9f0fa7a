# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The work of the module iam_service_id."""

from __future__ import annotations

import typing as t
from dataclasses import asdict, replace

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._arguments import CONNECTION, STATE
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import Conflict
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.service_ids import ServiceId
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.wish import CannotDecide
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._tasks.identity import one_service_id
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._tasks.session import client_for

SPEC: dict[str, t.Any] = {
    "argument_spec": {
        **CONNECTION,
        **STATE,
        "name": {"type": "str", "required": True},
        "description": {"type": "str"},
        "delete_keys": {"type": "bool", "default": False, "no_log": False},
    },
}


def run(params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """Make one service ID as the task describes it."""
    return manage_service_id(client_for(params), params, check_mode)


def manage_service_id(client: IamClient, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """The same with the client handed in. Raises CannotDecide for an ambiguous name, and for keys that would go too."""
    name = params["name"]
    found = client.service_ids.list_named(name, client.caller().account_id)
    existing = one_service_id(found, name) if found else None
    if params["state"] == "absent":
        after = _remove(client, existing, params, check_mode)
    else:
        after = _ensure(client, existing, params, check_mode)
    before_view, after_view = _view(existing), _view(after)
    return {
        "changed": before_view != after_view,
        "service_id": after_view if after and after.id else None,
        "transaction_ids": list(client.transaction_ids),
        "diff": {"before": before_view, "after": after_view},
    }


def _ensure(client: IamClient, existing: ServiceId | None, params: dict[str, t.Any], check_mode: bool) -> ServiceId:
    name, description = params["name"], params["description"]
    if existing is None:
        if check_mode:
            return ServiceId("", "", name, client.caller().account_id, description)
        return client.service_ids.create(name, client.caller().account_id, description)
    if description is None or description == (existing.description or ""):
        return existing
    if not check_mode:
        _describe(client, existing.id, description)
    return replace(existing, description=description)


def _describe(client: IamClient, service_id: str, description: str) -> None:
    """Write the description; a change by somebody else in between is read again once."""
    for is_last in (False, True):
        fresh = client.service_ids.get(service_id)
        if (fresh.description or "") == description:
            return
        try:
            client.service_ids.update(service_id, {"description": description}, fresh.entity_tag)
            return
        except Conflict:
            if is_last:
                raise


def _remove(
    client: IamClient, existing: ServiceId | None, params: dict[str, t.Any], check_mode: bool
) -> ServiceId | None:
    if existing is None:
        return None
    keys = client.api_keys.list(existing.iam_id, existing.account_id)
    if keys and not params["delete_keys"]:
        raise CannotDecide(
            f"service ID {existing.id} ({existing.name}) still has {len(keys)} API keys: "
            f"{', '.join(sorted(key.id for key in keys))}. Deleting it deletes them at once; "
            "delete them first, or say `delete_keys: true`",
            details={"candidates": sorted(key.id for key in keys)},
        )
    if not check_mode:
        client.service_ids.delete(existing.id)
    return None


def _view(service_id: ServiceId | None) -> dict[str, t.Any]:
    if service_id is None:
        return {}
    shown = asdict(service_id)
    shown.pop("entity_tag")
    shown.pop("modified_at")
    return {**shown, "description": service_id.description or ""}
