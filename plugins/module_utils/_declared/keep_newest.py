# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keeps the newest keys of the named identities, and takes the older ones away."""

from __future__ import annotations

import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._declared.declared_keys import read_lists
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._declared.purge import Purged, rules_of, take_away
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.concurrency import concurrency_from
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._identities.key_ids import check_key_ids
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._identities.owners import owner_named_by, resolve
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.newest import (
    Newest,
    ids_of_rotations,
    older_keys,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.purge_plan import plan_purge

Params = t.Mapping[str, t.Any]


def keep_newest(client: IamClient, params: Params, *, check_mode: bool) -> Purged:
    """Take away what is older than the newest keys of each identity; one that cannot be read does not stop the others.

    Raises TaskRefused, and has changed nothing, when options do not fit or the newest keys of one cannot be told.
    """
    newest = _asked(params)
    check_key_ids("keep_ids", params["keep_ids"] or ())
    concurrency = concurrency_from(params["concurrency"])
    named = resolve(client, [owner_named_by(each) for each in params["identities"]], concurrency)
    iam_ids: list[str] = []
    for iam_id in named.values():
        if isinstance(iam_id, Exception):
            raise iam_id
        iam_ids.append(iam_id)
    purged, older, next_ids = Purged(), list[ApiKey](), set[str]()
    # A misspelt owner has no keys either.
    for iam_id, keys in read_lists(client, iam_ids, concurrency, must_exist=iam_ids).items():
        if isinstance(keys, Exception):
            purged.errors.append((f"the keys of {iam_id}", keys))
            continue
        older += older_keys(keys, newest, client.now())
        next_ids |= ids_of_rotations(keys)
    _check_login_key_is_known(client, older)
    verb = "delete" if newest.deletes else "disable"
    plan = plan_purge(older, rules_of(client, params, older, next_ids, verb))
    purged.kept += plan.kept
    wish = {"state": "absent"} if newest.deletes else {"disabled": True}
    take_away(client, params, plan.doomed, purged, check_mode, **wish)
    return purged


def _asked(params: Params) -> Newest:
    given = params["keep_newest"]
    if params["keys"] or params["purge"]:
        raise TaskRefused(
            "`keep_newest` goes with neither `keys` nor `purge`: give it a task of its own. Nothing was changed"
        )
    if not params["identities"]:
        raise TaskRefused("`keep_newest` needs `identities`, whose keys it is about. Nothing was changed")
    if given["count"] < 1:
        raise TaskRefused(
            f"keep_newest: count is {given['count']}, and has to be at least 1; `purge` takes all keys away. Nothing "
            "was changed"
        )
    names = given["names"]
    if names == []:
        raise TaskRefused("keep_newest: names is empty: leave it out to mean all keys. Nothing was changed")
    return Newest(given["count"], tuple(names or ()), params["rotated_keys"] == "allow", given["action"] == "delete")


def _check_login_key_is_known(client: IamClient, older: t.Sequence[ApiKey]) -> None:
    """A token does not tell which of the caller's keys it was made with, if with any."""
    if client.tokens.key_value is None and any(key.iam_id == client.login_iam_id() for key in older):
        raise TaskRefused(
            "a token does not tell which of your own keys it was made with, so none of them is taken away by age: log "
            "in with `api_key` or `api_key_file`. Nothing was changed"
        )
