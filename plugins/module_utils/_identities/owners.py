# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Many identities of one task: each is looked up once, side by side, or all of them in one list."""

from __future__ import annotations

import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._arguments import IDENTITY
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.concurrency import Concurrency
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.iam_ids import SERVICE_ID
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.service_ids import ServiceId
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._identities.owner import (
    identity_of,
    one_service_id,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.account_list import read_if_cheaper
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.side_by_side import side_by_side

Identity = tuple[t.Any, ...]


def owner_named_by(params: t.Mapping[str, t.Any]) -> Identity:
    return tuple(params.get(option) for option in IDENTITY)


def resolve(
    client: IamClient, owners: t.Iterable[Identity], concurrency: Concurrency
) -> dict[Identity, str | Exception]:
    """The IAM ID of each of these owners, or why there is none; each is looked up once."""
    distinct = list(dict.fromkeys(owners))
    service_ids = _all_service_ids(client, distinct, concurrency)

    def look_up(owner: Identity) -> str:
        params = dict(zip(IDENTITY, owner))
        name = params["service_id"]
        if service_ids is not None and _is_name(params):
            return one_service_id(service_ids.get(name, []), name).iam_id
        return identity_of(client.branch(), params)

    return dict(zip(distinct, side_by_side(look_up, distinct, concurrency)))


def _all_service_ids(
    client: IamClient, owners: t.Sequence[Identity], concurrency: Concurrency
) -> dict[str, list[ServiceId]] | None:
    """All service IDs of the default group by name, if that is the cheaper way to look up the names that are given.

    It is the very list that IAM would search for each name, read to its end: here "missing" and "only one" hold.
    """
    names = sum(1 for owner in owners if _is_name(dict(zip(IDENTITY, owner))))
    if not names:
        return None
    told = read_if_cheaper(client.service_ids.search(client.caller().account_id), names, concurrency)
    if told is None:
        return None
    found: dict[str, list[ServiceId]] = {}
    for each in told:
        found.setdefault(each.service_id.name, []).append(each.service_id)
    return found


def _is_name(params: t.Mapping[str, t.Any]) -> bool:
    """Whether an owner is a service ID of the default group that is given by its name."""
    service_id = params["service_id"]
    others = params["iam_id"] or params["service_id_group"]
    return bool(service_id) and not others and not service_id.startswith(SERVICE_ID)
