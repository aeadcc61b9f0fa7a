# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The work of the lookup iam_token."""

from __future__ import annotations

import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._identities.login import client_for


def bearer_token(params: t.Mapping[str, t.Any], client: IamClient | None = None) -> str:
    """A token for these connection options; the same as before while it has a fifth of its life left.

    Raises Invalid when the credentials belong to another account than the one asked for. Whoever made the client had
    every token protected already: that of an option when it was opened, that of an answer when it came.
    """
    client = client or client_for(params)
    client.caller()
    return client.tokens.token().bearer
