# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Does the new key work, and which key is it? Reads only; pauses are asked of the round."""

from __future__ import annotations

import typing as t
from collections.abc import Generator

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import (
    BadCredentials,
    NotFound,
    UnknownKeyValue,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.marker import Marker, split_description
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.asks import Ask, Pause
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Slot, SlotStopped

# A new key reaches IAM's replicas at different times; about two seconds are usual (iam-facts.md 1.4).
LOOK_AGAIN_AFTER_SECONDS = (0.5, 1, 2, 4, 8, 15, 30)

# Without a settling time one log-in is enough, unless the round took long.
STILL_PROVEN_SECONDS = 60


class NeverLogsIn(Exception):
    """IAM knows the new key and does not let it in, so it has to be withdrawn."""


def prove(client: IamClient, slot: Slot, key_value: str) -> Generator[Ask, t.Any, float]:
    """Log in with the new value until it works, and wait for the settling time -> when it worked (monotonic).

    Raises SlotStopped while IAM does not know the value or when it belongs to somebody else, NeverLogsIn when waiting
    is of no use.
    """
    for seconds in LOOK_AGAIN_AFTER_SECONDS:
        try:
            log_in(client, slot, key_value)
        except UnknownKeyValue:
            yield Pause(seconds)
            continue
        proven_at = client.clock.monotonic()
        if slot.policy.settle_seconds:
            yield Pause(slot.policy.settle_seconds)
        return proven_at
    raise SlotStopped(
        "the new key is still unknown to IBM Cloud. The old one is untouched; run again later and it goes on from here"
    )


def prove_again(client: IamClient, slot: Slot, key_value: str, proven_at: float) -> None:
    """Log in once more right before publishing, when there was time in which IAM's word could change."""
    if not slot.policy.settle_seconds and client.clock.monotonic() - proven_at < STILL_PROVEN_SECONDS:
        return
    try:
        log_in(client, slot, key_value)
    except UnknownKeyValue:
        raise SlotStopped(
            "the new key logged in, and then was unknown: IBM Cloud does not know it everywhere yet. The old one is "
            "untouched; run again later and it goes on from here"
        ) from None


def find_key(client: IamClient, key_value: str) -> Generator[Ask, t.Any, ApiKey]:
    """The key that has this value: its id is what gets published."""
    for seconds in LOOK_AGAIN_AFTER_SECONDS:
        key = client.api_keys.find_by_value(key_value)
        if key is not None:
            return key
        yield Pause(seconds)
    raise SlotStopped("the new key logs in but cannot be found by its value; run again later")


def read_key(client: IamClient, key_id: str) -> Generator[Ask, t.Any, ApiKey]:
    """Read a key that exists for certain but may be too new to be known everywhere."""
    for seconds in LOOK_AGAIN_AFTER_SECONDS:
        try:
            return client.api_keys.get(key_id)
        except NotFound:
            yield Pause(seconds)
    return client.api_keys.get(key_id)


def check_is_ours(key: ApiKey, marker: Marker | None) -> None:
    """Raise SlotStopped unless the key carries this marker; without markers the value alone says that it is ours."""
    if marker is not None and split_description(key.description)[1] != marker:
        raise SlotStopped(
            f"API key {key.id} has the value of this slot's next key but not its marker: somebody changed its "
            f"description. Put {marker} back at its end, and run again"
        )


def log_in(client: IamClient, slot: Slot, key_value: str) -> None:
    """Log in once; raises UnknownKeyValue, NeverLogsIn, or SlotStopped when the value belongs to somebody else."""
    try:
        caller = client.log_in_with(key_value).caller
    except UnknownKeyValue:
        raise
    except BadCredentials as error:
        raise NeverLogsIn(str(error)) from None
    if (caller.iam_id, caller.account_id) != (slot.iam_id, slot.account_id):
        raise SlotStopped(f"the key logs in as {caller.iam_id}, not as {slot.iam_id}. The published one is untouched")
