# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What has to happen to one service ID: decides, and touches nothing."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field, replace

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.service_ids import ServiceId
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.rotated_keys import refuse_if_rotated

StepName = t.Literal["create", "unlock", "update", "lock", "unlock_keys", "delete"]


@dataclass(frozen=True)
class ServiceIdWish:
    """One service ID as it should be; None means that the user did not say."""

    account_id: str
    id: str | None = None
    name: str | None = None
    state: str = "present"
    group_id: str | None = None
    description: str | None = None
    unique_instance_crns: tuple[str, ...] | None = None
    locked: bool | None = None
    unlock: bool = False
    delete_keys: bool = False
    allow_self: bool = False
    rotated_keys: str = "refuse"


@dataclass(frozen=True)
class ServiceIdChange:
    """The steps in order, none when it is so already; `fields` is what a create or an update sends.

    `went_by_itself`: somebody else deleted it before anything was sent.
    """

    steps: tuple[StepName, ...] = ()
    fields: dict[str, t.Any] = field(default_factory=dict)
    after: ServiceId | None = None
    locked_key_ids: tuple[str, ...] = ()
    went_by_itself: bool = False


def plan_present(existing: ServiceId | None, wish: ServiceIdWish) -> ServiceIdChange:
    """Steps that make the service ID as wanted; raises TaskRefused for what the task does not allow."""
    if existing is None:
        return _plan_create(wish)
    fields = _differences(existing, wish)
    locked_after = existing.locked if wish.locked is None else wish.locked
    steps: list[StepName] = ["update"] if fields else []
    if existing.locked and (steps or not locked_after):
        if steps and wish.locked is not False:
            _refuse_if_locked(existing, wish, "changed")
        steps.insert(0, "unlock")
    if locked_after and (steps or not existing.locked):
        steps.append("lock")
    return ServiceIdChange(tuple(steps), fields, replace(existing, **fields, locked=locked_after))


def _plan_create(wish: ServiceIdWish) -> ServiceIdChange:
    if wish.id is not None:
        raise TaskRefused(f"there is no service ID {wish.id}, or the caller may not see it")
    name = t.cast(str, wish.name)
    wanted: dict[str, t.Any] = {
        "name": name,
        "group_id": wish.group_id,
        "description": wish.description,
        "unique_instance_crns": wish.unique_instance_crns,
    }
    fields = {member: value for member, value in wanted.items() if value is not None}
    after = ServiceId("", "", account_id=wish.account_id, locked=bool(wish.locked), **fields)
    return ServiceIdChange(("create",), fields, after)


def _differences(existing: ServiceId, wish: ServiceIdWish) -> dict[str, t.Any]:
    """What an update sends; an empty text or list clears, and the order of CRNs says nothing."""
    fields: dict[str, t.Any] = {}
    if wish.name is not None and wish.name != existing.name:
        fields["name"] = wish.name
    if wish.description is not None and wish.description != (existing.description or ""):
        fields["description"] = wish.description
    crns = wish.unique_instance_crns
    if crns is not None and sorted(crns) != sorted(existing.unique_instance_crns):
        fields["unique_instance_crns"] = crns
    return fields


def plan_absent(
    existing: ServiceId, keys: t.Sequence[ApiKey], login_iam_id: str | None, wish: ServiceIdWish
) -> ServiceIdChange:
    """Steps to delete a service ID; raises TaskRefused while something speaks against it.

    IAM deletes the keys first and stops at a locked one, the others being gone then: so nothing is sent at all unless
    every key may go.
    """
    if existing.iam_id == login_iam_id and not wish.allow_self:
        raise TaskRefused(
            f"service ID {existing.id} ({existing.name}) is the one that this task logs in as; "
            "with it go the credentials. `allow_self: true` allows that"
        )
    _refuse_if_locked(existing, wish, "deleted")
    ids = sorted(key.id for key in keys)
    if ids and not wish.delete_keys:
        raise TaskRefused(
            f"service ID {existing.id} ({existing.name}) still has {len(ids)} API keys: {', '.join(ids)}. "
            "Deleting it deletes them at once; delete them first, or say `delete_keys: true`",
            details={"candidates": ids},
        )
    refuse_if_rotated(keys, wish.rotated_keys, f"deleted with service ID {existing.id} ({existing.name})")
    locked = sorted(key.id for key in keys if key.locked)
    if locked and not wish.unlock:
        raise TaskRefused(
            f"service ID {existing.id} ({existing.name}) has locked API keys: {', '.join(locked)}. "
            "Somebody locked them on purpose; `unlock: true` allows to delete them too",
            details={"candidates": locked},
        )
    steps: list[StepName] = ["unlock"] if existing.locked else []
    steps += ["unlock_keys"] if locked else []
    return ServiceIdChange((*steps, "delete"), locked_key_ids=tuple(locked))


def _refuse_if_locked(existing: ServiceId, wish: ServiceIdWish, verb: str) -> None:
    if existing.locked and not wish.unlock:
        raise TaskRefused(
            f"service ID {existing.id} ({existing.name}) is locked, so it is not {verb}. "
            "Somebody locked it on purpose; `unlock: true` allows it (it is locked again after a change)"
        )
