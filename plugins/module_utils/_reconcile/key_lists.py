# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The keys of one identity, listed where IAM lists them for this caller."""

from __future__ import annotations

import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey, KeyDetails
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import NotPermitted
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.iam_ids import is_profile, is_service_id


def list_keys(client: IamClient, iam_id: str, account_id: str) -> list[ApiKey]:
    """All keys of one identity."""
    return [told.key for told in search_keys(client, iam_id, account_id)]


def search_keys(client: IamClient, iam_id: str, account_id: str, **query: t.Any) -> t.Iterator[KeyDetails]:
    """The keys of one identity one by one; `query` holds IAM's own parameters besides.

    IAM lists a user's keys to that user only (iam-facts.md 2.2); for a colleague all user keys of the
    account are read.
    """
    if is_profile(iam_id):
        raise TaskRefused(
            "a trusted profile has no API keys of its own, and whoever logged in as one cannot create any for a user: "
            "log in as that user, or name a service ID with `service_id`"
        )
    if iam_id == client.caller().iam_id or is_service_id(iam_id):
        yield from client.api_keys.search(account_id, iam_id=iam_id, **query)
        return
    try:
        found = client.api_keys.search(account_id, scope="account", type="user", **query)
        yield from (told for told in found if told.key.iam_id == iam_id)
    except NotPermitted as error:
        raise NotPermitted(
            f"{error}. The keys of another user, {iam_id}, are among those of the whole account, "
            "and only an Administrator on IAM Identity sees these. Nobody can create a key for another user",
            transaction_id=error.transaction_id,
        ) from None
