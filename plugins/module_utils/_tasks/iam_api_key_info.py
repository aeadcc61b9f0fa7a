# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The work of the module iam_api_key_info."""

from __future__ import annotations

import typing as t
from datetime import datetime, timedelta

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._arguments import (
    CONCURRENCY,
    CONNECTION,
    IDENTITY,
    IDENTITY_RULES,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._declared.declared_key import names_an_identity
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey, KeyDetails
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import LATEST, format_time, parse_time
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.concurrency import Concurrency, concurrency_from
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.entities import Activity
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import NotFound, Refused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._identities.login import client_for
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._identities.owner import (
    check_service_id_exists,
    identity_of,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._leaks.items import (
    GIVEN,
    given_items,
    is_given,
    nothing_found,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._leaks.whose import describe, look_at, sentence
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.key_lists import search_keys
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.match import check_owner
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.plan import view
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.side_by_side import side_by_side
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._secrets import protect

SPEC: dict[str, t.Any] = {
    "argument_spec": {
        **CONNECTION,
        **IDENTITY,
        "name": {"type": "str"},
        "id": {"type": "str"},
        "scope": {"type": "str", "choices": ["entity", "account"], "default": "entity"},
        "type": {"type": "str", "choices": ["user", "serviceid"]},
        "filter": {"type": "str"},
        "include_history": {"type": "bool", "default": False},
        "include_activity": {"type": "bool", "default": False},
        **GIVEN,
        "vault_files": {"type": "list", "elements": "path"},
        **CONCURRENCY,
    },
    "mutually_exclusive": [
        *IDENTITY_RULES,
        ("name", "id"),
        ("filter", "id"),
        *((one, other) for one in GIVEN for other in ("id", "name", "filter", "type", "iam_id", "service_id")),
    ],
}
# Erased when this is over for both the expiry and the last change (iam-facts.md 3.7).
ERASED_AFTER = timedelta(days=90)

Params = dict[str, t.Any]
# From paths of vault files to the slot of each key id on record.
SlotsIn = t.Callable[[t.Sequence[str]], dict[str, dict[str, t.Any]]]


def run(
    params: Params, check_mode: bool, client: IamClient | None = None, slots_in: SlotsIn | None = None
) -> dict[str, t.Any]:
    """Read API keys; never a value. `slots_in` tells which slot of the vault files each key on record is of."""
    client = client or client_for(params)
    _check(params)
    concurrency = concurrency_from(params["concurrency"])
    if is_given(params):
        return _tell_whose(client, params, slots_in)
    now = client.now()
    found = (told for told in _find(client, params) if params["name"] in (None, told.key.name))
    # An account may have 40,000 keys: of each only what is shown is kept.
    shown = [_show(told, params["include_history"], now) for told in found]
    if params["include_activity"]:
        with client.waiting_freely():
            _add_activity(client, shown, concurrency, now)
    return {"changed": False, "api_keys": shown}


def _check(params: Params) -> None:
    is_account = params["scope"] == "account"
    if is_account and (names_an_identity(params) or params["id"] or is_given(params)):
        raise TaskRefused(
            "`scope: account` reads the keys of every identity: leave `iam_id`, `service_id` and what names keys out"
        )
    if params["type"] and not is_account:
        raise TaskRefused("`type` goes with `scope: account`")


def _tell_whose(client: IamClient, params: Params, slots_in: SlotsIn | None) -> dict[str, t.Any]:
    """What each id and value that was given is; values that nobody can find are told by their place."""
    if params["vault_files"] and slots_in is None:
        raise TaskRefused(
            "`vault_files` are read on the controller: leave them out, or run the task with `connection: local`"
        )
    given = given_items(params, protect)
    slots = slots_in(params["vault_files"]) if params["vault_files"] and slots_in else {}
    found = list(enumerate(look_at(client, given.items, concurrency_from(params["concurrency"]))))
    seen = [(number, each) for number, each in found if each.is_there or each.problem or each.item.must_be_found]
    whose = [{"number": number, **describe(client, each)} for number, each in seen]
    for entry in whose:
        entry["slot"] = slots.get(entry["id"] or "")
    nothing_in = given.nothing_in({entry["place"] for entry in whose})
    keys = {each.key.id: each.key for _number, each in seen if each.key}
    lines = [*map(sentence, whose), *given.problems, *nothing_found(nothing_in)]
    return {
        "changed": False,
        "api_keys": [_show(KeyDetails(key), False, client.now()) for key in keys.values()],
        "whose": whose,
        "report": lines,
        "problems": list(given.problems),
        "nothing_in": nothing_in,
        "account_id": client.caller().account_id,
    }


def _find(client: IamClient, params: Params) -> t.Iterator[KeyDetails]:
    account_id = client.caller().account_id
    query = {"filter": params["filter"], "include_history": "true" if params["include_history"] else None}
    if params["id"]:
        return _find_one(client, params, account_id)
    if params["scope"] == "account":
        return client.api_keys.search(account_id, scope="account", type=params["type"], **query)
    return _find_those_of(client, identity_of(client, params), account_id, query)


def _find_one(client: IamClient, params: Params, account_id: str) -> t.Iterator[KeyDetails]:
    try:
        told = client.api_keys.read(params["id"], include_history="true" if params["include_history"] else None)
    except NotFound:
        return
    check_owner(told.key, identity_of(client, params) if names_an_identity(params) else None, account_id)
    yield told


def _find_those_of(client: IamClient, iam_id: str, account_id: str, query: Params) -> t.Iterator[KeyDetails]:
    count = 0
    try:
        for told in search_keys(client, iam_id, account_id, **query):
            count += 1
            yield told
    except Refused:
        check_service_id_exists(client, iam_id)
        raise
    if not count:
        check_service_id_exists(client, iam_id)


def _show(told: KeyDetails, with_history: bool, now: datetime) -> dict[str, t.Any]:
    key = told.key
    shown = {
        **view(key),
        "age_days": (now - parse_time(key.created_at)).days if key.created_at else None,
        "expires_in_days": (parse_time(key.expires_at) - now).days if key.expires_at else None,
        "erased_at": _erased_at(key),
    }
    return {**shown, "history": told.history or []} if with_history else shown


def _erased_at(key: ApiKey) -> str | None:
    if not key.expires_at:
        return None
    last = max(parse_time(text) for text in (key.expires_at, key.modified_at) if text)
    return format_time(last + ERASED_AFTER) if last < LATEST - ERASED_AFTER else None


def _add_activity(client: IamClient, shown: list[dict[str, t.Any]], concurrency: Concurrency, now: datetime) -> None:
    """One request a key: IAM does not tell the activity in lists."""

    def read(entry: dict[str, t.Any]) -> Activity | None:
        try:
            return client.branch().api_keys.read_activity(entry["id"])
        except NotFound:
            # Deleted since it was listed.
            return None

    for entry, activity in zip(shown, side_by_side(read, shown, concurrency)):
        if isinstance(activity, Exception):
            raise activity
        last = activity.last_login_at if activity else None
        entry["activity"] = {"authn_count": activity.login_count, "last_authn": last} if activity else None
        entry["last_used_days"] = (now - parse_time(last)).days if last else None
