# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The work of the module iam_api_key_bulk."""

from __future__ import annotations

import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._arguments import (
    CONCURRENCY,
    CONNECTION,
    IDENTITY,
    IDENTITY_RULES,
    KEY_OPTIONS,
    KEY_RULES,
    ROTATED_KEYS,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._declared.declared_keys import (
    Declared,
    carry_out,
    check_declared_once,
    read_wishes,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._declared.keep_newest import keep_newest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._declared.purge import (
    Purged,
    owners_to_purge,
    purge_undeclared,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.concurrency import concurrency_from
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._identities.login import client_for
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._outcome import failure_of
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.plan import view

SPEC: dict[str, t.Any] = {
    "argument_spec": {
        **CONNECTION,
        **CONCURRENCY,
        "keys": {
            "type": "list",
            "elements": "dict",
            "required": True,
            "no_log": False,
            "options": KEY_OPTIONS,
            **KEY_RULES,
        },
        "purge": {"type": "bool", "default": False},
        "purge_all": {"type": "bool", "default": False},
        "identities": {
            "type": "list",
            "elements": "dict",
            "options": IDENTITY,
            "mutually_exclusive": IDENTITY_RULES,
            "required_one_of": IDENTITY_RULES,
        },
        "keep_ids": {"type": "list", "elements": "str"},
        "keep_newest": {
            "type": "dict",
            "options": {
                "count": {"type": "int", "required": True},
                "names": {"type": "list", "elements": "str"},
                "action": {"type": "str", "choices": ["disable", "delete"], "default": "disable"},
            },
        },
        "unlock": {"type": "bool", "default": False},
        **ROTATED_KEYS,
    },
}
# How many failures the message tells; `outcomes` has all.
TOLD_FAILURES = 5

Result = dict[str, t.Any]


def run(params: dict[str, t.Any], check_mode: bool, client: IamClient | None = None) -> Result:
    """Keep many API keys as declared. A key that fails is told in the result; raises when nothing was begun."""
    client = client or client_for(params)
    concurrency = concurrency_from(params["concurrency"])
    with client.waiting_freely():
        if params["keep_newest"]:
            disables = params["keep_newest"]["action"] == "disable"
            return _result([], keep_newest(client, params, check_mode=check_mode), disables=disables)
        declared = read_wishes(client, params["keys"], concurrency)
        check_declared_once(declared)
        owners = owners_to_purge(client, params, declared)
        lists = carry_out(
            client,
            declared,
            check_mode=check_mode,
            concurrency=concurrency,
            needs_all_keys=bool(owners),
        )
        purged = purge_undeclared(client, params, declared, owners, lists, check_mode=check_mode)
    return _result(declared, purged)


def _result(declared: t.Sequence[Declared], purged: Purged, *, disables: bool = False) -> Result:
    outcomes = [_of_one(each) for each in declared]
    failures = [(_name(each.params), part["msg"]) for each, part in zip(declared, outcomes) if part.get("failed")]
    others = [(what, failure_of(error)["msg"]) for what, error in purged.errors]
    changes = {"disabled": True} if disables else {}
    result = {
        "changed": any(part["changed"] for part in outcomes) or bool(purged.gone),
        "outcomes": outcomes,
        "purged": [{**view(key), **changes} for key in purged.gone],
        "kept": [{"id": key.id, "name": key.name, "iam_id": key.iam_id, "reason": why} for key, why in purged.kept],
        "transaction_ids": [each for part in outcomes for each in part["transaction_ids"]] + purged.transaction_ids,
        "diff": _diff(declared, purged, changes),
    }
    return (
        {**result, "failed": True, "msg": _message(failures, others, declares=bool(declared))}
        if failures or others
        else result
    )


def _of_one(each: Declared) -> Result:
    done = failure_of(each.error) if each.error else {name: each.done[name] for name in each.done if name != "diff"}
    named = {option: each.params[option] for option in ("name", "file")}
    return {"api_key": None, "duplicates": [], "transaction_ids": [], **named, "failed": False, **done}


def _name(params: dict[str, t.Any]) -> str:
    owner = params["service_id"] or params["iam_id"]
    return str(params["name"] or params["id"] or "the key with that value") + (f" of {owner}" if owner else "")


def _message(failures: t.Sequence[tuple[str, str]], others: t.Sequence[tuple[str, str]], *, declares: bool) -> str:
    """What failed; of `others` nothing else in the result tells, so all of them are named."""
    told = "; ".join(f"{what}: {why}" for what, why in [*failures[:TOLD_FAILURES], *others])
    more = f"; and {len(failures) - TOLD_FAILURES} more, see `outcomes`" if len(failures) > TOLD_FAILURES else ""
    if not declares:
        return f"{len(others)} failed, `purged` tells what was done all the same. {told}"
    return f"{len(failures) + len(others)} API keys failed, the others are as declared. {told}{more}"


def _diff(declared: t.Sequence[Declared], purged: Purged, changes: Result) -> Result:
    """What changed, each key under its name and owner; those that stay as they are do not show."""
    before, after = {}, {}
    for each in declared:
        diff = each.done.get("diff", {"before": {}, "after": {}})
        if diff["before"] != diff["after"]:
            name = _name(each.params)
            before[name], after[name] = diff["before"], diff["after"]
    for key in purged.gone:
        named = f"{key.name} ({key.id})"
        before[named] = view(key)
        if changes:
            after[named] = {**view(key), **changes}
    return {"before": before, "after": after}
