# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Deletes the keys of the named identities that a task does not declare."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._declared.declared_keys import (
    Declared,
    KeysOrError,
    read_lists,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.concurrency import Concurrency, concurrency_from
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._identities.key_ids import check_key_ids
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._identities.owners import owner_named_by, resolve
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.apply import apply_change
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.key_wish import KeyWish
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.plan import plan_key
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.purge_plan import (
    DeclaredOf,
    PurgeRules,
    next_of_declared,
    plan_purge,
    undeclared,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.side_by_side import side_by_side

Params = t.Mapping[str, t.Any]


def _concurrency(params: Params) -> Concurrency:
    return concurrency_from(params["concurrency"])


@dataclass
class Purged:
    """What became of the undeclared keys; those in `gone` were deleted, or disabled if that was asked for."""

    gone: list[ApiKey] = field(default_factory=list)
    kept: list[tuple[ApiKey, str]] = field(default_factory=list)
    errors: list[tuple[str, Exception]] = field(default_factory=list)
    transaction_ids: list[str] = field(default_factory=list)


def owners_to_purge(client: IamClient, params: Params, declared: t.Sequence[Declared]) -> list[str]:
    """The IAM IDs of the identities that the task names; [] without `purge`.

    Raises TaskRefused before anything is changed when all keys of one of them would go, unless `purge_all` says so.
    """
    check_key_ids("keep_ids", params["keep_ids"] or ())
    if not params["purge"]:
        return []
    named = resolve(client, [owner_named_by(each) for each in params["identities"] or []], _concurrency(params))
    iam_ids: dict[str, None] = {}
    for iam_id in (*named.values(), *(each.wish.iam_id for each in declared if each.wish)):
        if isinstance(iam_id, Exception):
            raise iam_id
        iam_ids.update({iam_id: None} if iam_id else {})
    keeping = {each.wish.iam_id for each in declared if each.wish and each.wish.state == "present"}
    bare = [iam_id for iam_id in iam_ids if iam_id not in keeping]
    if bare and not params["purge_all"]:
        raise TaskRefused(
            f"no key of {', '.join(bare)} is declared present, so `purge` would delete all that it has; "
            "`purge_all: true` allows it. Nothing was changed"
        )
    return list(iam_ids)


def purge_undeclared(
    client: IamClient,
    params: Params,
    declared: t.Sequence[Declared],
    iam_ids: t.Sequence[str],
    lists: dict[str, KeysOrError],
    *,
    check_mode: bool,
) -> Purged:
    """Delete what is not declared of these identities; `lists` are the keys as they were before this task."""
    purged = Purged()
    lists = {**read_lists(client, [each for each in iam_ids if each not in lists], _concurrency(params)), **lists}
    candidates: list[ApiKey] = []
    next_ids: set[str] = set()
    for iam_id in iam_ids:
        keys = lists[iam_id]
        if isinstance(keys, Exception):
            purged.errors.append((f"the other keys of {iam_id}", keys))
            continue
        declared_here = _declared_of(declared, iam_id)
        extra = undeclared(keys, declared_here)
        next_ids |= next_of_declared(extra, declared_here)
        if _may_be_among(declared, iam_id):
            purged.kept += [(key, "a declared key failed, so nothing of its owner is purged") for key in extra]
        else:
            candidates += extra
    plan = plan_purge(candidates, rules_of(client, params, candidates, next_ids))
    purged.kept += plan.kept
    take_away(client, params, plan.doomed, purged, check_mode, state="absent")
    return purged


def _declared_of(declared: t.Sequence[Declared], iam_id: str) -> DeclaredOf:
    names, ids, shown_names = set(), set(), set()
    for each in declared:
        if each.wish and each.wish.iam_id == iam_id and each.wish.name:
            names.add(each.wish.name)
        shown = (each.done.get("api_key"), each.done.get("diff", {}).get("before"))
        ids |= {part["id"] for part in shown if part}
        ids |= {each.params["id"]} - {None}
        shown_names |= {part["name"] for part in shown if part}
    return DeclaredOf(frozenset(names), frozenset(ids), frozenset(shown_names))


def _may_be_among(declared: t.Sequence[Declared], iam_id: str) -> bool:
    """Whether a declared key that failed may be one of this identity: its owner, or of nobody knows whom."""
    return any(each.error and (each.wish is None or each.wish.iam_id in {"", iam_id}) for each in declared)


def rules_of(
    client: IamClient, params: Params, keys: t.Sequence[ApiKey], next_ids: t.Iterable[str], verb: str = "delete"
) -> PurgeRules:
    """What protects these keys; `verb` is what becomes of the others."""
    own = client.login_iam_id()
    return PurgeRules(
        keep_ids=frozenset(params["keep_ids"] or []),
        unlock=params["unlock"],
        rotated_keys=params["rotated_keys"],
        next_ids=frozenset(next_ids),
        verb=verb,
        # One request, and only when it can matter.
        login_key_id=client.branch().login_key_id() if any(key.iam_id == own for key in keys) else None,
    )


def take_away(
    client: IamClient, params: Params, doomed: t.Sequence[ApiKey], purged: Purged, check_mode: bool, **asked: t.Any
) -> None:
    """Do to each key what is asked for, and note what became of it."""

    def take(key: ApiKey) -> list[str]:
        leave: dict[str, t.Any] = {option: params[option] for option in ("unlock", "rotated_keys")}
        wish = KeyWish(key.iam_id, key.account_id, id=key.id, **leave, **asked)
        branch = client.branch()
        change = plan_key(key, wish)
        if not check_mode:
            apply_change(branch, change, wish, lambda: None)
        return branch.transaction_ids

    for key, done in zip(doomed, side_by_side(take, doomed, _concurrency(params))):
        if isinstance(done, Exception):
            purged.errors.append((f"{key.name} ({key.id})", done))
        else:
            purged.gone.append(key)
            purged.transaction_ids += done
