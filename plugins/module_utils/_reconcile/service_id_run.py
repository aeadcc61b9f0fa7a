# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""For one service ID: plan, and take the steps unless this is check mode."""

from __future__ import annotations

import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import Conflict, Invalid, NotFound
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.service_ids import ServiceId
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.locks import locked_again_on_failure
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.service_id_gone import (
    delete_service_id,
    has_gone,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.service_id_plan import (
    ServiceIdChange,
    ServiceIdWish,
    StepName,
    plan_absent,
    plan_present,
)


def reconcile_service_id(
    client: IamClient, existing: ServiceId | None, wish: ServiceIdWish, *, check_mode: bool
) -> tuple[ServiceIdChange, ServiceId | None]:
    """Make one service ID as wanted -> (what it took, the service ID as it is then; None when it is gone).

    When somebody else changes it or one of its keys in between, it is read and planned again once; when it was to go
    and somebody else deletes it, that is fine, once it is proven. What was unlocked for a step that fails is locked
    again, the service ID and its keys.
    """
    attempted: list[ServiceIdChange] = []
    try:
        return _reconcile(client, existing, wish, attempted, check_mode=check_mode)
    except (Invalid, NotFound):
        # A list of keys is refused as Invalid when its owner was deleted, everything else as NotFound.
        if wish.state == "present" or existing is None or not has_gone(client, existing):
            raise
    return (attempted[0] if attempted else ServiceIdChange(went_by_itself=True)), None


def _reconcile(
    client: IamClient,
    existing: ServiceId | None,
    wish: ServiceIdWish,
    attempted: list[ServiceIdChange],
    *,
    check_mode: bool,
) -> tuple[ServiceIdChange, ServiceId | None]:
    while True:
        change = _plan(client, existing, wish)
        if check_mode or not change.steps:
            return change, change.after
        attempted.append(change)
        try:
            return change, _take_steps(client, existing, change, wish)
        except (Conflict, NotFound):
            if len(attempted) > 1 or existing is None:
                raise
            existing = client.service_ids.get(existing.id)


def _plan(client: IamClient, existing: ServiceId | None, wish: ServiceIdWish) -> ServiceIdChange:
    if wish.state == "present":
        return plan_present(existing, wish)
    if existing is None:
        return ServiceIdChange()
    return plan_absent(existing, client.service_ids.list_keys(existing), client.login_iam_id(), wish)


def _take_steps(
    client: IamClient, existing: ServiceId | None, change: ServiceIdChange, wish: ServiceIdWish
) -> ServiceId | None:
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
    "delete": lambda client, existing, _change: delete_service_id(client, existing),
}
