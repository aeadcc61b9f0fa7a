# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The work of the module iam_api_key."""

from __future__ import annotations

import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._arguments import CONNECTION, KEY_OPTIONS, KEY_RULES
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._declared.declared_keys import carry_out, read_wishes
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._identities.login import client_for

SPEC: dict[str, t.Any] = {"argument_spec": {**CONNECTION, **KEY_OPTIONS}, **KEY_RULES}


def run(params: dict[str, t.Any], check_mode: bool, client: IamClient | None = None) -> dict[str, t.Any]:
    """Make one API key as the task describes it; raises a `CloudkeysError` when that cannot be done.

    Without `client`, here as in the other tasks, it is the one that the task's options and environment name.
    """
    client = client or client_for(params)
    declared = read_wishes(client, [params], concurrency=1)
    carry_out(client, declared, check_mode=check_mode, concurrency=1)
    return declared[0].result()
