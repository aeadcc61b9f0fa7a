# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which undeclared keys go, and which stay and why: decides and touches nothing."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.marker import NEXT
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.rotated_keys import marker_of


@dataclass(frozen=True)
class DeclaredOf:
    """What a task declares of one identity: names of keys, ids of keys that are theirs, and what these are called."""

    names: frozenset[str] = frozenset()
    ids: frozenset[str] = frozenset()
    shown_names: frozenset[str] = frozenset()


@dataclass(frozen=True)
class PurgeRules:
    """What protects an undeclared key."""

    keep_ids: frozenset[str] = frozenset()
    unlock: bool = False
    login_key_id: str | None = None
    verb: str = "delete"
    rotated_keys: str = "refuse"
    # The keys that a rotation without markers may have made as the next ones of others, or may be about to replace.
    next_ids: frozenset[str] = frozenset()


@dataclass
class Purge:
    """The keys to delete, and those that stay, with the reason."""

    doomed: list[ApiKey] = field(default_factory=list)
    kept: list[tuple[ApiKey, str]] = field(default_factory=list)


def undeclared(keys: t.Iterable[ApiKey], declared: DeclaredOf) -> list[ApiKey]:
    """The keys that the task does not mention, neither by name nor by id."""
    return [key for key in keys if key.name not in declared.names and key.id not in declared.ids]


def next_of_declared(keys: t.Iterable[ApiKey], declared: DeclaredOf) -> set[str]:
    """Ids of the keys that are called like the next key of a declared one."""
    nexts = {name + NEXT for name in declared.names | declared.shown_names}
    return {key.id for key in keys if key.name in nexts}


def plan_purge(keys: t.Iterable[ApiKey], rules: PurgeRules) -> Purge:
    """Sort undeclared keys into those that go and those that stay."""
    purge = Purge()
    for key in keys:
        reason = _why_it_stays(key, rules)
        if reason:
            purge.kept.append((key, reason))
        else:
            purge.doomed.append(key)
    return purge


def _why_it_stays(key: ApiKey, rules: PurgeRules) -> str | None:
    if key.id in rules.keep_ids:
        return "it is in `keep_ids`"
    if key.id == rules.login_key_id:
        return "it is the key that this task logs in with"
    if rules.rotated_keys != "allow" and marker_of(key):
        return f"it belongs to a rotation, {marker_of(key)}"
    if rules.rotated_keys != "allow" and key.id in rules.next_ids:
        return _of_a_rotation_without_markers(key)
    if key.locked and not rules.unlock:
        return f"it is locked, and `unlock` does not allow to {rules.verb} it"
    return None


def _of_a_rotation_without_markers(key: ApiKey) -> str:
    if key.name.endswith(NEXT):
        return f"a rotation without markers may have made it as the next key of {key.name.removesuffix(NEXT)!r}"
    return f"there is a key {key.name + NEXT!r}, so a rotation without markers may be about to replace it"
