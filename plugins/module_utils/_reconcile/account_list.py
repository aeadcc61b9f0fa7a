# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One list of the whole account in place of many small ones, where that is fewer requests and takes no longer.

Such a list shows what the caller may see, and of service IDs only the default group (iam-facts.md 2.2): it tells that a
key exists, never that one does not. What is not found in it has to be asked for by itself.
"""

from __future__ import annotations

import itertools
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.concurrency import Concurrency, at_a_time
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import IamError
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.iam_ids import is_service_id
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.pages import LARGEST_PAGE

FEWEST_PAGES = 2
# Counted as side by side at least, so that a list which is read in vain costs little.
LEAST_SPARED = 8

Entry = t.TypeVar("Entry")


def keys_in_account_list(
    client: IamClient, iam_ids: t.Iterable[str], concurrency: Concurrency
) -> dict[str, list[ApiKey]]:
    """The keys that the account's list shows of these identities; {} when a list of each is the better way."""
    owners = {each for each in iam_ids if is_service_id(each) and each not in client.api_keys.group_ids}
    account_id = client.caller().account_id
    entries = client.api_keys.search(account_id, scope="account", type="serviceid")
    found: dict[str, list[ApiKey]] = {}
    for told in read_if_cheaper(entries, len(owners), concurrency) or ():
        if told.key.iam_id in owners:
            found.setdefault(told.key.iam_id, []).append(told.key)
    return found


def read_if_cheaper(entries: t.Iterator[Entry], instead_of: int, concurrency: Concurrency) -> list[Entry] | None:
    """All entries of a list that takes the place of so many requests, `concurrency` at a time; None if it is too long.

    Its pages come one after the other, so it may have as many as there would be turns of the others. Reading
    stops there, so a list that was read in vain costs an eighth of the others at most.
    """
    most_pages = instead_of // max(at_a_time(concurrency), LEAST_SPARED)
    if most_pages < FEWEST_PAGES:
        return None
    most_entries = most_pages * LARGEST_PAGE
    try:
        found = list(itertools.islice(entries, most_entries))
    except IamError:
        # A caller who may not list the account may still list each identity.
        return None
    return found if len(found) < most_entries else None
