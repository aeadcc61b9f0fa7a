# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The work of the module iam_service_id_info."""

from __future__ import annotations

import typing as t
from dataclasses import asdict
from datetime import datetime

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._arguments import CONNECTION
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import parse_time
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import NotFound, NotUnderstood
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.service_ids import ServiceIdDetails
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._identities.login import client_for
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._identities.owner import service_id_group_of

SPEC: dict[str, t.Any] = {
    "argument_spec": {
        **CONNECTION,
        "id": {"type": "str"},
        "name": {"type": "str"},
        "service_id_group": {"type": "str"},
        "all_groups": {"type": "bool", "default": False},
        "filter": {"type": "str"},
        "include_history": {"type": "bool", "default": False},
        "include_activity": {"type": "bool", "default": False},
    },
    "mutually_exclusive": [
        ("id", "name"),
        ("id", "filter"),
        ("id", "service_id_group", "all_groups"),
    ],
}

Params = t.Mapping[str, t.Any]


def run(params: Params, check_mode: bool, client: IamClient | None = None) -> dict[str, t.Any]:
    """Read service IDs."""
    client = client or client_for(params)
    now = client.now()
    return {"changed": False, "service_ids": [_view(told, params, now) for told in _find(client, params)]}


def _find(client: IamClient, params: Params) -> t.Iterator[ServiceIdDetails]:
    with_history = "true" if params["include_history"] else None
    if params["id"]:
        found = _read(client, params, params["id"])
        yield from [found] if found else []
        return
    account_id = client.caller().account_id
    name = params["name"]
    for group_id in _groups(client, params, account_id):
        query = {"name": name, "group_id": group_id, "filter": params["filter"], "include_history": with_history}
        for told in client.service_ids.search(account_id, **query):
            if name not in (None, told.service_id.name):
                continue
            # IAM does not tell the activity in lists.
            seen = _read(client, params, told.service_id.id) if params["include_activity"] else told
            yield from [seen] if seen else []


def _groups(client: IamClient, params: Params, account_id: str) -> list[str | None]:
    if params["all_groups"]:
        return [group["id"] for group in client.service_ids.list_groups(account_id)]
    return [service_id_group_of(client, params["service_id_group"])]


def _read(client: IamClient, params: Params, service_id: str) -> ServiceIdDetails | None:
    asked = {name: "true" for name in ("include_history", "include_activity") if params[name]}
    try:
        return client.service_ids.read(service_id, **asked)
    except NotFound:
        # Unknown, or deleted since it was listed.
        return None


def _view(told: ServiceIdDetails, params: Params, now: datetime) -> dict[str, t.Any]:
    service_id = told.service_id
    shown = asdict(service_id)
    shown.pop("entity_tag")
    shown["description"] = service_id.description or ""
    shown["unique_instance_crns"] = list(service_id.unique_instance_crns)
    shown["age_days"] = _days_since(service_id.created_at, now)
    if params["include_history"]:
        shown["history"] = told.history
    if params["include_activity"]:
        shown.update(_activity_view(told, now))
    return shown


def _activity_view(told: ServiceIdDetails, now: datetime) -> dict[str, t.Any]:
    if told.activity is None:
        raise NotUnderstood(f"IBM Cloud IAM did not tell whether service ID {told.service_id.id} ever logged in")
    last = told.activity.last_login_at
    activity = {"authn_count": told.activity.login_count, "last_authn": last}
    return {"activity": activity, "last_used_days": _days_since(last, now)}


def _days_since(text: str | None, now: datetime) -> int | None:
    return (now - parse_time(text)).days if text else None
