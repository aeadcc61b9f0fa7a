# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The work of the module iam_service_id."""

from __future__ import annotations

import typing as t
from dataclasses import asdict

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._arguments import CONNECTION, ROTATED_KEYS, STATE
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import NotFound
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.service_ids import ServiceId
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._identities.login import client_for
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._identities.owner import (
    one_service_id,
    service_id_group_of,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.service_id_gone import (
    check_service_id_is_gone,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.service_id_plan import (
    ServiceIdWish,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.service_id_run import reconcile_service_id

SPEC: dict[str, t.Any] = {
    "argument_spec": {
        **CONNECTION,
        **STATE,
        "name": {"type": "str"},
        "id": {"type": "str"},
        "service_id_group": {"type": "str"},
        "description": {"type": "str"},
        "unique_instance_crns": {"type": "list", "elements": "str"},
        "locked": {"type": "bool"},
        "unlock": {"type": "bool", "default": False},
        "delete_keys": {"type": "bool", "default": False, "no_log": False},
        "allow_self": {"type": "bool", "default": False},
        **ROTATED_KEYS,
    },
    "required_one_of": [("name", "id")],
}


def run(params: dict[str, t.Any], check_mode: bool, client: IamClient | None = None) -> dict[str, t.Any]:
    """Make one service ID as described; raises TaskRefused for what is ambiguous or needs the user's word."""
    client = client or client_for(params)
    wish = _wish_from(client, params)
    before = _find(client, wish)
    change, after = reconcile_service_id(client, before, wish, check_mode=check_mode)
    before_view, after_view = _view(None if change.went_by_itself else before), _view(after)
    return {
        "changed": bool(change.steps) or before_view != after_view,
        "service_id": after_view if after and after.id else None,
        "transaction_ids": list(client.transaction_ids),
        "diff": {"before": before_view, "after": after_view},
    }


def _wish_from(client: IamClient, params: dict[str, t.Any]) -> ServiceIdWish:
    account_id = client.caller().account_id
    crns = params["unique_instance_crns"]
    said = ("id", "name", "state", "description", "locked", "unlock", "delete_keys", "allow_self", "rotated_keys")
    return ServiceIdWish(
        account_id=account_id,
        group_id=service_id_group_of(client, params["service_id_group"]),
        unique_instance_crns=None if crns is None else tuple(crns),
        **{name: params[name] for name in said},
    )


def _find(client: IamClient, wish: ServiceIdWish) -> ServiceId | None:
    if wish.id is None:
        found = client.service_ids.list_named(t.cast(str, wish.name), wish.account_id, wish.group_id)
        return one_service_id(found, t.cast(str, wish.name)) if found else None
    try:
        existing = client.service_ids.get(wish.id)
    except NotFound:
        if wish.state == "absent":
            check_service_id_is_gone(client, wish.id, wish.group_id)
        return None
    if wish.group_id and existing.group_id != wish.group_id:
        raise TaskRefused(
            f"service ID {existing.id} is in the group {existing.group_id}, not in {wish.group_id}; "
            "IBM Cloud does not move service IDs between groups"
        )
    return existing


def _view(service_id: ServiceId | None) -> dict[str, t.Any]:
    if service_id is None:
        return {}
    shown = asdict(service_id)
    shown.pop("entity_tag")
    shown.pop("modified_at")
    crns = sorted(service_id.unique_instance_crns)
    return {**shown, "description": service_id.description or "", "unique_instance_crns": crns}
