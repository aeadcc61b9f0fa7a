# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One API key as a task declares it; what iam_api_key and iam_api_key_bulk have in common."""

from __future__ import annotations

import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._declared.value_destination import DeclaredDestination
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import Conflict, Refused, UnknownOwner
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._identities.owner import check_service_id_exists
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.key_wish import KeyWish, minute_text
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.plan import view
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.run import KeyOutcome, reconcile_key

ASKED = (
    *("name", "id", "state", "description", "action_when_leaked", "support_sessions", "locked", "disabled"),
    *("store_value", "key_value", "key_source", "on_duplicate", "unlock", "allow_self", "recreate", "rotated_keys"),
)


def names_an_identity(params: t.Mapping[str, t.Any]) -> bool:
    return bool(params["iam_id"] or params["service_id"])


def leaves_owner_open(params: t.Mapping[str, t.Any]) -> bool:
    """Whether the key may be anybody's: it is named by its id or value, and the task names no owner."""
    return not names_an_identity(params) and bool(params["id"] or not params["name"])


def wish_of(params: t.Mapping[str, t.Any], iam_id: str, account_id: str) -> KeyWish:
    """What the options ask for; raises TaskRefused when they cannot be meant."""
    expires_at = params["expires_at"]
    asked = {option: params[option] for option in ASKED}
    return KeyWish(iam_id, account_id, **asked, expires_at=minute_text(expires_at) if expires_at else expires_at)


def keep_as_declared(
    client: IamClient,
    params: dict[str, t.Any],
    wish: KeyWish,
    *,
    check_mode: bool,
    known: t.Sequence[ApiKey] | None = None,
) -> dict[str, t.Any]:
    """Make the key as wished and return the result of the task; raises what kept it from being done."""
    destination = DeclaredDestination(client, params, check_mode)
    try:
        outcome = reconcile_key(client, wish, check_mode=check_mode, destination=destination, known=known)
    except Refused as error:
        # "Conflict" may mean that a key with this value is there after all: then the file is its only copy.
        if not isinstance(error, Conflict):
            destination.give_up()
        if not isinstance(error, UnknownOwner):
            check_service_id_exists(client, wish.iam_id)
        raise
    has_finished_file = wish.state == "present" and destination.finish(outcome)
    return _result(client, outcome, has_finished_file, destination.revealed(outcome))


def _result(client: IamClient, outcome: KeyOutcome, has_finished_file: bool, key_value: str | None) -> dict[str, t.Any]:
    change, key = outcome.change, outcome.key
    result: dict[str, t.Any] = {
        "changed": change.changed or has_finished_file,
        "api_key": view(key) if key else None,
        "duplicates": [twin.id for twin in outcome.duplicates],
        "transaction_ids": list(client.transaction_ids),
        "diff": {"before": change.before, "after": change.after},
    }
    if key_value:
        result["key_value"] = key_value
    return result
