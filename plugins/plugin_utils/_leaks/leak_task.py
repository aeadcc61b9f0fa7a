# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One account's part of a leak run: look what leaked; after the rotation, shut the rest and prove that all are dead."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._arguments import CONCURRENCY, CONNECTION
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import format_time
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.concurrency import concurrency_from
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._leaks.items import (
    GIVEN,
    Given,
    fingerprint,
    given_items,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._leaks.whose import describe, look_at, sentence
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._leaks import journal
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._leaks.proof import Suspect, prove_dead
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._leaks.shut import left_undone, shut
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._leaks.verdict import other_verdict, own_verdict

SPEC: dict[str, t.Any] = {
    "argument_spec": {
        **CONNECTION,
        **GIVEN,
        "step": {"type": "str", "choices": ["look", "revoke"], "required": True},
        "seen": {"type": "list", "elements": "dict", "default": []},
        "rotated": {"type": "dict"},
        "delete": {"type": "bool", "default": False},
        "vault_files": {"type": "list", "elements": "path"},
        "folder": {"type": "path"},
        "proof_seconds": {"type": "float", "default": 60},
        **CONCURRENCY,
    },
    "required_one_of": [tuple(GIVEN)],
}

LONGEST_PROOF = 3600
# Two runs may begin in one minute, and each has its record.
SECOND_FORM = "%Y-%m-%dT%H:%M:%SZ"

Params = dict[str, t.Any]
Entry = dict[str, t.Any]


def resolve_paths(params: Params, folder: str) -> None:
    """Make the paths of a task absolute; a relative one starts at `folder`."""
    if not 0 <= params["proof_seconds"] <= LONGEST_PROOF:
        raise TaskRefused(f"proof_seconds is {params['proof_seconds']}, and has to be from 0 to {LONGEST_PROOF}")
    for name in ("values_file", "folder"):
        if params[name]:
            params[name] = os.path.join(folder, params[name])
    params["vault_files"] = [os.path.join(folder, path) for path in params["vault_files"] or []]
    if params["folder"] and not os.path.isdir(params["folder"]):
        raise TaskRefused(f"there is no folder {params['folder']} for the record of a leak")


def look(
    params: Params,
    client: IamClient,
    slots: t.Mapping[str, Entry],
    protect: t.Callable[[str], None],
    *,
    check_mode: bool,
) -> dict[str, t.Any]:
    """What of the items is of this account; the keys are noted in the journal before anybody touches them."""
    given, account_id = given_items(params, protect), client.caller().account_id
    known = journal.read(journal.path_of(params["folder"], account_id)) if params["folder"] else {}
    items = []
    for number, seen in enumerate(look_at(client, given.items, concurrency_from(params["concurrency"]))):
        if not (seen.is_there or seen.item.must_be_found or seen.problem):
            continue
        entry = {"number": number, **describe(client, seen)}
        entry["slot"] = slots.get(entry["id"] or "")
        entry["noted"] = None if seen.is_there else journal.recall(known, seen.item)
        items.append(entry)
    own = [entry for entry in items if entry["is_of_this_account"]]
    if params["folder"] and not check_mode:
        journal.note(journal.path_of(params["folder"], account_id), own, format_time(client.now()))
    caller = client.caller()
    return {
        "changed": False,
        "leaked": items,
        "leaked_ids": sorted({entry["id"] for entry in own}),
        "account_id": account_id,
        "caller": {"iam_id": caller.iam_id, "name": caller.name, "email": caller.email},
        "looked_at": client.now().strftime(SECOND_FORM),
        "report": [sentence(entry) for entry in items],
        **_about(given, items),
    }


def _about(given: Given, items: t.Sequence[Entry]) -> dict[str, t.Any]:
    """What of the texts is in no item."""
    return {
        "problems": list(given.problems),
        "nothing_in": given.nothing_in({entry["place"] for entry in items}),
    }


def revoke(
    params: Params, client: IamClient, protect: t.Callable[[str], None], *, check_mode: bool
) -> dict[str, t.Any]:
    """Shut what belongs to no slot, prove that all are dead, and say so of each item."""
    given = given_items(params, protect)
    for entry in params["seen"]:
        _check_same(given, entry)
    own = {entry["id"]: entry for entry in params["seen"] if entry["is_of_this_account"]}
    acts = {key_id: shut(client, entry, params, check_mode=check_mode) for key_id, entry in own.items()}
    suspects = {
        key_id: Suspect(key_id, (entry["iam_id"], entry["account_id"]), _value_of(given, params["seen"], key_id))
        for key_id, entry in own.items()
        if acts[key_id]["is_shut"]
    }
    with client.waiting_freely():
        prove_dead(client, list(suspects.values()), params["proof_seconds"], concurrency_from(params["concurrency"]))
    items = [
        own_verdict(entry, acts[entry["id"]], suspects.get(entry["id"]))
        if entry["is_of_this_account"]
        else other_verdict(client, entry, given.items[entry["number"]])
        for entry in params["seen"]
    ]
    caller, about = client.caller(), _about(given, items)
    return {
        "changed": any(act["changed"] for act in acts.values()),
        "leaked": items,
        "account_id": caller.account_id,
        "caller": {"iam_id": caller.iam_id, "name": caller.name, "email": caller.email},
        "ended_at": client.now().strftime(SECOND_FORM),
        "transaction_ids": [*((params["rotated"] or {}).get("transaction_ids") or []), *client.transaction_ids],
        **about,
        "problems": [*about["problems"], *left_undone(items, acts, params["rotated"])],
    }


def _check_same(given: Given, entry: Entry) -> None:
    number = entry.get("number")
    item = given.items[number] if isinstance(number, int) and 0 <= number < len(given.items) else None
    prints = {fingerprint(reading) for reading in item.readings} if item else set()
    is_same = item is not None and item.place == entry["place"] and item.key_id in (None, entry["id"])
    if not is_same or (entry["given_as"] == "value" and entry["fingerprint"] not in prints):
        raise TaskRefused("what leaked is not what was looked at before: it was changed meanwhile. Run again")


def _value_of(given: Given, seen: t.Sequence[Entry], key_id: str) -> str | None:
    for entry in seen:
        if entry["id"] == key_id and entry["given_as"] == "value":
            for reading in given.items[entry["number"]].readings:
                if fingerprint(reading) == entry["fingerprint"]:
                    return reading
    return None
