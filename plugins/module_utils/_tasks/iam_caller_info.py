# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The work of the module iam_caller_info."""

from __future__ import annotations

import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._arguments import CONNECTION
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import format_time
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.iam_ids import service_id_of
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._identities.login import client_for

SPEC: dict[str, t.Any] = {"argument_spec": CONNECTION}


def run(params: dict[str, t.Any], check_mode: bool, client: IamClient | None = None) -> dict[str, t.Any]:
    """Log in and tell who the credentials are."""
    client = client or client_for(params)
    caller = client.caller()
    token = client.tokens.token()
    return {
        "changed": False,
        "caller": {
            "iam_id": caller.iam_id,
            "type": caller.type,
            "id": None if caller.type == "user" else service_id_of(caller.iam_id),
            "account_id": caller.account_id,
            "name": caller.name,
            "email": caller.email,
            "token_expires_at": format_time(caller.expires_at),
            "token_lifetime_seconds": int((caller.expires_at - token.issued_at).total_seconds()),
        },
    }
