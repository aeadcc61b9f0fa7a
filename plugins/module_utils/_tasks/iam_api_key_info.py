# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The work of the module iam_api_key_info."""

from __future__ import annotations

import typing as t
from datetime import datetime

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._arguments import CONNECTION, IDENTITY, IDENTITY_RULES
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import parse_time
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import NotFound, Refused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.match import check_owner
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.plan import view
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._tasks.identity import (
    check_service_id_exists,
    identity_of,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._tasks.session import client_for

SPEC: dict[str, t.Any] = {
    "argument_spec": {**CONNECTION, **IDENTITY, "name": {"type": "str"}, "id": {"type": "str"}},
    "mutually_exclusive": [*IDENTITY_RULES, ("name", "id")],
}


def run(params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """Read API keys; never a value."""
    return read_keys(client_for(params), params)


def read_keys(client: IamClient, params: dict[str, t.Any]) -> dict[str, t.Any]:
    """The same with the client handed in."""
    now = client.now()
    return {"changed": False, "api_keys": [_with_ages(key, now) for key in _find(client, params)]}


def _find(client: IamClient, params: dict[str, t.Any]) -> list[ApiKey]:
    account_id = client.caller().account_id
    if params["id"]:
        try:
            key = client.api_keys.get(params["id"])
        except NotFound:
            return []
        named = params["iam_id"] or params["service_id"]
        check_owner(key, identity_of(client, params) if named else None, account_id)
        return [key]
    iam_id = identity_of(client, params)
    try:
        keys = client.api_keys.list(iam_id, account_id)
    except Refused:
        check_service_id_exists(client, iam_id)
        raise
    if not keys:
        check_service_id_exists(client, iam_id)
    return [key for key in keys if params["name"] in (None, key.name)]


def _with_ages(key: ApiKey, now: datetime) -> dict[str, t.Any]:
    return {
        **view(key),
        "age_days": (now - parse_time(key.created_at)).days if key.created_at else None,
        "expires_in_days": (parse_time(key.expires_at) - now).days if key.expires_at else None,
    }
