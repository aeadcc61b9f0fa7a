# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Carries out what was planned for one service ID."""

from __future__ import annotations

import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.service_ids import ServiceId
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.locks import locked_again_on_failure
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.service_id_plan import (
    ServiceIdChange,
    ServiceIdWish,
    StepName,
)


def apply_steps(
    client: IamClient, existing: ServiceId | None, change: ServiceIdChange, wish: ServiceIdWish
) -> ServiceId | None:
    """Take the steps and return the service ID as it is then; None when it was deleted.

    Raises Conflict when somebody else changed it since it was read: plan again from a fresh read. What was unlocked for
    a step that fails is locked again, the service ID and its keys.
    """
    if change.steps == ("create",):
        return client.service_ids.create(account_id=wish.account_id, locked=bool(wish.locked), **change.fields)
    if existing is None:
        return None
    with locked_again_on_failure(change.steps) as locks:
        for step in change.steps:
            if step == "unlock":
                locks.note(client.service_ids.lock, existing.id)
            if step == "unlock_keys":
                for key_id in change.locked_key_ids:
                    locks.note(client.api_keys.lock, key_id)
            STEPS[step](client, existing, change)
    return None if "delete" in change.steps else t.cast(ServiceId, change.after)


def _update(client: IamClient, existing: ServiceId, change: ServiceIdChange) -> None:
    # An unlock before this may have made a new version, so the tag has to be fresh.
    tag = existing.entity_tag if change.steps[0] == "update" else client.service_ids.get(existing.id).entity_tag
    client.service_ids.update(existing.id, change.fields, tag)


def _unlock_keys(client: IamClient, _existing: ServiceId, change: ServiceIdChange) -> None:
    for key_id in change.locked_key_ids:
        client.api_keys.unlock(key_id)


STEPS: dict[StepName, t.Callable[[IamClient, ServiceId, ServiceIdChange], object]] = {
    "unlock": lambda client, existing, _change: client.service_ids.unlock(existing.id),
    "update": _update,
    "lock": lambda client, existing, _change: client.service_ids.lock(existing.id),
    "unlock_keys": _unlock_keys,
    "delete": lambda client, existing, _change: client.service_ids.delete(existing.id),
}
