# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Existing + wanted -> Change: decides what has to happen to one key and touches nothing."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.marker import (
    join_description,
    split_description,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.wish import CannotDecide, KeyWish

StepName = t.Literal["create", "unlock", "update", "disable", "enable", "lock", "delete"]


@dataclass(frozen=True)
class Change:
    """The steps that turn a key into what the task asked for, in order; none means that it is so already.

    `fields` is what an update or a create sends; `before` and `after` are views without secrets, for the diff.
    """

    steps: tuple[StepName, ...] = ()
    key: t.Optional[ApiKey] = None
    fields: dict[str, str] = field(default_factory=dict)
    before: dict[str, t.Any] = field(default_factory=dict)
    after: dict[str, t.Any] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        return bool(self.steps)


def view(key: ApiKey) -> dict[str, t.Any]:
    """What a task's result and diff show of a key: everything but its value."""
    text, marker = split_description(key.description)
    shown = {
        name: getattr(key, name)
        for name in ApiKey.__dataclass_fields__
        if name not in {"key_value", "entity_tag", "description"}
    }
    return {**shown, "description": text, "rotation_marker": str(marker) if marker else None}


def plan_key(existing: ApiKey | None, wish: KeyWish) -> Change:
    """Decide what has to happen to one key; raises CannotDecide when the task does not allow what it would take."""
    if wish.state == "absent":
        return _plan_absent(existing, wish)
    if existing is None:
        return _plan_create(wish)
    return _plan_update(existing, wish)


def _plan_absent(existing: ApiKey | None, wish: KeyWish) -> Change:
    if existing is None:
        return Change()
    steps: tuple[StepName, ...] = ("unlock", "delete") if existing.locked else ("delete",)
    _refuse_if_locked(existing, wish, "deleted")
    return Change(steps, existing, before=view(existing))


def _plan_create(wish: KeyWish) -> Change:
    if wish.name is None:
        raise CannotDecide(f"there is no API key {wish.id}, and without a name none can be created")
    wanted = {"name": wish.name, "description": wish.description}
    fields = {member: text for member, text in wanted.items() if text is not None}
    after = {
        "name": wish.name,
        "iam_id": wish.iam_id,
        "account_id": wish.account_id,
        "description": wish.description or "",
        "locked": bool(wish.locked),
        "disabled": bool(wish.disabled),
    }
    return Change(("create",), fields=fields, after=after)


def _plan_update(existing: ApiKey, wish: KeyWish) -> Change:
    text, marker = split_description(existing.description)
    fields: dict[str, str] = {}
    shown: dict[str, t.Any] = {}
    if wish.name is not None and wish.name != existing.name:
        fields["name"] = shown["name"] = wish.name
    if wish.description is not None and wish.description != text:
        fields["description"], shown["description"] = join_description(wish.description, marker), wish.description
    steps: list[StepName] = ["update"] if fields else []
    if wish.disabled is not None and wish.disabled != existing.disabled:
        steps.append("disable" if wish.disabled else "enable")
        shown["disabled"] = wish.disabled
    locked_after = existing.locked if wish.locked is None else wish.locked
    if existing.locked and (steps or not locked_after):
        if steps:
            _refuse_if_locked(existing, wish, "changed")
        steps.insert(0, "unlock")
    if locked_after and (steps or not existing.locked):
        steps.append("lock")
    if locked_after != existing.locked:
        shown["locked"] = locked_after
    before = view(existing)
    return Change(tuple(steps), existing, fields, before, {**before, **shown})


def _refuse_if_locked(key: ApiKey, wish: KeyWish, verb: str) -> None:
    if key.locked and not wish.unlock and wish.locked is not False:
        raise CannotDecide(
            f"API key {key.id} ({key.name}) is locked, so it is not {verb}. Somebody locked it on purpose; "
            "`unlock: true` allows it (the key is locked again after a change)"
        )
