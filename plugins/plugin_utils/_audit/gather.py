# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads what an audit needs from IAM: the keys, their last use and owners.

The only thing that is asked for, and not only read, is its report on inactive keys.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from datetime import datetime

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.activity import ActivityReports, InactiveKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.concurrency import Concurrency
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import IamError
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.pages import Spoiled
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._identities.owner import identity_of
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.side_by_side import side_by_side
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.facts import KeyFacts, facts_of

HOURS_A_DAY = 24


@dataclass(frozen=True)
class Gathered:
    """The keys, and sentences on what could not be read.

    `owner_ids` are the owners that were asked for, none for the whole account; `is_whole` when no entry was left out.
    """

    keys: tuple[KeyFacts, ...]
    now: datetime
    account_id: str
    caller_iam_id: str
    login_key_id: str | None
    not_checked: tuple[str, ...]
    owner_ids: tuple[str, ...] = ()
    is_whole: bool = True


def gather(
    client: IamClient,
    identities: t.Sequence[t.Mapping[str, t.Any]],
    *,
    unused_after_days: int,
    report_timeout_seconds: float,
    concurrency: Concurrency,
) -> Gathered:
    """Read the keys of these identities, of the whole account when none is named; raises an IamError.

    Without the right to the report on last use, or to the names of owners, the audit goes on and says what it lacks.
    """
    caller = client.caller()
    not_checked: list[str] = []

    def leave_out(error: IamError) -> None:
        not_checked.append(f"one entry, because {error}")

    owner_ids = tuple(dict.fromkeys(identity_of(client, each) for each in identities))
    keys = list(_keys(client, owner_ids, caller.account_id, concurrency, leave_out))
    is_whole = not not_checked
    inactive = None
    try:
        found = ActivityReports(client.send, client.clock).inactive_keys(
            caller.account_id,
            for_hours=unused_after_days * HOURS_A_DAY,
            timeout_seconds=report_timeout_seconds,
            spoiled=leave_out,
        )
        inactive = {entry.key_id: entry for entry in found}
        unreadable = [entry.key_id for entry in found if not entry.is_readable]
        not_checked += [f"when {key_id} logged in last, because IAM tells it in no known form" for key_id in unreadable]
    except IamError as error:
        not_checked.append(f"which keys are not used, because {error}")
    names = {**_names_of_users(client, keys, inactive or {}), **_names_of_service_ids(client, leave_out, not_checked)}
    login_key_id = _login_key_id(client, not_checked.append)
    now = client.now()
    facts = tuple(facts_of(key, now, names, inactive) for key in keys)
    return Gathered(facts, now, caller.account_id, caller.iam_id, login_key_id, tuple(not_checked), owner_ids, is_whole)


def _names_of_service_ids(client: IamClient, leave_out: Spoiled, not_checked: list[str]) -> dict[str, str]:
    try:
        found = (told.service_id for told in client.service_ids.search(client.caller().account_id, leave_out))
        return {each.iam_id: each.name for each in found}
    except IamError as error:
        not_checked.append(f"the names of service IDs, because {error}")
        return {}


def _names_of_users(
    client: IamClient, keys: t.Sequence[ApiKey], inactive: t.Mapping[str, InactiveKey]
) -> dict[str, str]:
    """IAM tells the name of a user beside a key that is not used only; all keys of that user are theirs."""
    caller = client.caller()
    entries = ((key.iam_id, inactive[key.id].owner_name) for key in keys if key.id in inactive)
    names = {iam_id: name for iam_id, name in entries if name}
    return {**({caller.iam_id: caller.name} if caller.name else {}), **names}


def _login_key_id(client: IamClient, not_checked: t.Callable[[str], None]) -> str | None:
    """Which key must not be taken away by a task that is proposed; None for a token, and when nobody may tell."""
    try:
        return client.login_key_id()
    except IamError as error:
        not_checked(f"which key this run logs in with, because {error}")
        return None


def _keys(
    client: IamClient,
    owner_ids: t.Sequence[str],
    account_id: str,
    concurrency: Concurrency,
    spoiled: Spoiled,
) -> t.Iterator[ApiKey]:
    if not owner_ids:
        return (told.key for told in client.api_keys.search(account_id, spoiled, scope="account"))

    def list_keys(iam_id: str) -> list[ApiKey]:
        return [told.key for told in client.branch().api_keys.search(account_id, spoiled, iam_id=iam_id)]

    lists = side_by_side(list_keys, list(owner_ids), concurrency)
    for found in lists:
        if isinstance(found, Exception):
            raise found
    return (key for found in lists if isinstance(found, list) for key in found)
