# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Existing + wanted -> Change: decides what has to happen to one key and touches nothing."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field, replace

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.key_wish import (
    KeyWish,
    minute_text,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.marker import (
    join_description,
    split_description,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.rotated_keys import refuse_if_rotated

StepName = t.Literal["create", "unlock", "update", "disable", "enable", "lock", "delete"]


@dataclass(frozen=True)
class Change:
    """The steps that turn a key into what the task asked for, in order; none means that it is so already.

    `key` is the existing one; when the first step is to create, it is the one that the new key replaces. `fields` is
    what an update or a create sends; `before` and `after` are views without secrets, for the diff.
    """

    steps: tuple[StepName, ...] = ()
    key: ApiKey | None = None
    fields: dict[str, t.Any] = field(default_factory=dict)
    before: dict[str, t.Any] = field(default_factory=dict)
    after: dict[str, t.Any] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        return bool(self.steps)

    @property
    def creates(self) -> bool:
        return self.steps[:1] == ("create",)


def view(key: ApiKey) -> dict[str, t.Any]:
    """What a task's result and diff show of a key: everything but its value."""
    text, marker = split_description(key.description)
    shown = {
        name: getattr(key, name)
        for name in ApiKey.__dataclass_fields__
        if name not in {"key_value", "entity_tag", "description"}
    }
    return {**shown, "description": text, "rotation_marker": str(marker) if marker else None}


def plan_key(existing: ApiKey | None, wish: KeyWish, *, is_replaced: bool = False) -> Change:
    """Decide what has to happen to one key; raises TaskRefused when the task does not allow what it would take.

    `is_replaced` says that what is asked for cannot be had by changing the existing key.
    """
    if wish.state == "absent":
        return _plan_absent(existing, wish)
    if existing is None:
        return _plan_create(wish)
    return _plan_replace(existing, wish) if is_replaced else _plan_update(existing, wish)


def _plan_absent(existing: ApiKey | None, wish: KeyWish) -> Change:
    if existing is None:
        return Change()
    return Change(_steps_to_delete(existing, wish), existing, before=view(existing))


def _steps_to_delete(existing: ApiKey, wish: KeyWish) -> tuple[StepName, ...]:
    refuse_if_rotated([existing], wish.rotated_keys, "deleted")
    _refuse_if_locked(existing, wish, "deleted")
    return ("unlock", "delete") if existing.locked else ("delete",)


def _plan_create(wish: KeyWish) -> Change:
    if wish.name is None:
        raise TaskRefused(f"there is no API key {wish.id}, and without a name none can be created")
    wanted = {
        "name": wish.name,
        "description": wish.description,
        # An empty text takes an expiry away; a new key has none.
        "expires_at": wish.expires_at or None,
        "action_when_leaked": wish.action_when_leaked,
        "support_sessions": wish.support_sessions,
    }
    fields = {member: value for member, value in wanted.items() if value is not None}
    after: dict[str, t.Any] = {
        **fields,
        "iam_id": wish.iam_id,
        "account_id": wish.account_id,
        "description": wish.description or "",
        "locked": bool(wish.locked),
        "disabled": bool(wish.disabled),
    }
    return Change(("create",), fields=fields, after=after)


def _plan_replace(existing: ApiKey, wish: KeyWish) -> Change:
    """A new key like the old one, then the old one goes; options that are not set are as they were."""
    text, _marker = split_description(existing.description)
    inherited = {
        "name": existing.name,
        "description": text or None,
        "expires_at": existing.expires_at,
        "action_when_leaked": existing.action_when_leaked,
        # IAM returns it for every key, and accepts it for keys of users only.
        "support_sessions": existing.support_sessions or None,
        "locked": existing.locked,
        "disabled": existing.disabled,
    }
    unsaid: dict[str, t.Any] = {name: value for name, value in inherited.items() if getattr(wish, name) is None}
    change = _plan_create(replace(wish, iam_id=existing.iam_id, **unsaid))
    return replace(change, steps=("create", *_steps_to_delete(existing, wish)), key=existing, before=view(existing))


def _plan_update(existing: ApiKey, wish: KeyWish) -> Change:
    fields, shown = _differences(existing, wish)
    steps: list[StepName] = ["update"] if fields else []
    if wish.disabled is not None and wish.disabled != existing.disabled:
        steps.append("disable" if wish.disabled else "enable")
        shown["disabled"] = wish.disabled
    if "disable" in steps or _ends_sooner(existing, fields):
        refuse_if_rotated([existing], wish.rotated_keys, "disabled" if "disable" in steps else "made to expire sooner")
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


def _differences(existing: ApiKey, wish: KeyWish) -> tuple[dict[str, t.Any], dict[str, t.Any]]:
    """What an update has to send -> (the fields as IAM takes them, the same as a view shows them)."""
    text, marker = split_description(existing.description)
    is_now = {
        "name": existing.name,
        "description": text,
        "expires_at": minute_text(existing.expires_at) if existing.expires_at else "",
        "action_when_leaked": (existing.action_when_leaked or "").lower(),
        "support_sessions": existing.support_sessions or False,
    }
    wanted = {name: getattr(wish, name) for name in is_now}
    fields = {name: value for name, value in wanted.items() if value not in (None, is_now[name])}
    shown = {name: None if (name, value) == ("expires_at", "") else value for name, value in fields.items()}
    if "description" in fields:
        fields["description"] = join_description(fields["description"], marker)
    return fields, shown


def _ends_sooner(existing: ApiKey, fields: dict[str, t.Any]) -> bool:
    """Whether the key would expire earlier than it does: that takes it away as disabling it does, only later."""
    wanted = fields.get("expires_at")
    return bool(wanted) and (not existing.expires_at or str(wanted) < minute_text(existing.expires_at))


def _refuse_if_locked(key: ApiKey, wish: KeyWish, verb: str) -> None:
    if key.locked and not wish.unlock and wish.locked is not False:
        raise TaskRefused(
            f"API key {key.id} ({key.name}) is locked, so it is not {verb}. Somebody locked it on purpose; "
            "`unlock: true` allows it (the key is locked again after a change)"
        )
