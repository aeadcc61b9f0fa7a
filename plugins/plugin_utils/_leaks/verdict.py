# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The verdict on one item in one account: `dead`, `alive`, `unknown` or `not_found`, and how or why."""

from __future__ import annotations

import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import format_time
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import IamError
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._leaks.items import Item
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.gone import absence_of
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._leaks.proof import TOKEN_LIFE, Suspect

Entry = dict[str, t.Any]


def own_verdict(entry: Entry, act: Entry, suspect: Suspect | None) -> Entry:
    """The verdict on a key of this account."""
    told = {**entry, "how": act["how"], "command": None, "tokens_end_at": None}
    if suspect is not None and suspect.is_proven and suspect.dead_at is not None:
        return {**told, "verdict": "dead", "tokens_end_at": format_time(suspect.dead_at + TOKEN_LIFE)}
    if act["is_unknown"] or (suspect is not None and not suspect.is_alive):
        why = f"; {suspect.why_not}" if suspect is not None and suspect.why_not else ""
        return {**told, "verdict": "unknown", "how": f"{act['how']}{why}"}
    if act["is_foreseen"]:
        return {**told, "verdict": "alive"}
    why = f"; {suspect.why_not}" if suspect is not None else ""
    arguments = f"id={entry['id']} disabled=true unlock=true rotated_keys=allow"
    command = f'ansible localhost -m cloudkeys.ibmcloud.iam_api_key -a "{arguments}"'
    return {**told, "verdict": "alive", "how": f"{act['how']}{why}", "command": command}


def other_verdict(client: IamClient, entry: Entry, item: Item) -> Entry:
    """The verdict on what is no key that these credentials see."""
    told = {**entry, "command": None, "tokens_end_at": None}
    if entry["problem"] and entry["log_in"] is None:
        return {**told, "verdict": "unknown", "how": entry["problem"]}
    if entry["log_in"] == "works":
        who = f"it logs in as {entry['iam_id']} of account {entry['account_id']}"
        command = f"run again with credentials of account {entry['account_id']} that may see its keys"
        return {**told, "verdict": "alive", "how": who, "command": command}
    if entry["log_in"] == "disabled":
        return {**told, "verdict": "dead", "how": "disabled already, in an account that these credentials do not see"}
    if entry["log_in"] == "refused":
        return {**told, "verdict": "unknown", "how": entry["problem"]}
    noted = entry["noted"]
    if noted and _is_gone(client, item, noted):
        known = {name: noted.get(name) for name in ("id", "name", "iam_id", "account_id", "owner")}
        return {**told, **known, "verdict": "dead", "how": f"deleted since the run of {noted.get('seen_at')} saw it"}
    return {**told, "verdict": "not_found", "how": "no such key, as far as these credentials can tell"}


def _is_gone(client: IamClient, item: Item, noted: Entry) -> bool:
    """A value was refused as unknown just now; an id has to be missing from its owner's list."""
    if item.key_id is None:
        return True
    try:
        return absence_of(client, item.key_id, owner=(noted["iam_id"], noted["account_id"])).is_gone
    except (IamError, KeyError, TypeError):
        return False
