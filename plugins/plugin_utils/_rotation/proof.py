# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Does a key work, and which key is it? Reads only, and each may be taken up anew after a pause."""

from __future__ import annotations

import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import UnknownKeyValue
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.marker import Marker, split_description
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.session import (
    Again,
    Done,
    NeverLogsIn,
    Rejected,
    Result,
    Session,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import SlotStopped
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.view import Step, View, require

# Without a settling time one log-in is enough, unless the round took long.
STILL_PROVEN_SECONDS = 60


def prove_for_later(session: Session, view: View, step: Step) -> Result:
    """Log in with the new key, and leave publishing to a later stage."""
    try:
        again = _log_in_until_settled(session, _pending_value(view))
    except NeverLogsIn as error:
        return Rejected(str(error))
    if again is None:
        session.proven.add(view.pending.generation)
    return again or Done()


def prove(session: Session, view: View, step: Step) -> Result:
    """Log in with the new key until it holds, and find out which key it is: its id is what gets published."""
    key_value, marker = _pending_value(view), view.marker(view.pending.generation)
    try:
        again = _log_in_until_settled(session, key_value)
        if again is not None:
            return again
        key = session.made_with(key_value, marker) or session.iam.api_keys.find_by_value(key_value)
        if key is None:
            return session.look_again(f"find {key_value}") or _stop(
                "the new key logs in but cannot be found by its value; run again later"
            )
        check_is_ours(key, marker)
        _prove_again(session, key_value)
    except NeverLogsIn as error:
        return Rejected(str(error))
    session.just_read[key.id] = key
    return Done(key)


def prove_replaced_key(session: Session, view: View, step: Step) -> Result:
    """Log in with the key that is to be published again."""
    entry = view.entry(step.key_id)
    try:
        session.log_in(require(entry.key_value, "the key's value"))
    except (NeverLogsIn, UnknownKeyValue) as error:
        raise SlotStopped(f"there is no way back to {entry.id} yet, nothing was swapped: {error}") from None
    return Done()


def find_adopted_key(session: Session, view: View, step: Step) -> Result:
    """The key whose value the variable holds."""
    slot, value = view.slot, view.loaded.published_value
    key = session.iam.api_keys.find_by_value(value) if value else None
    if key is None:
        raise SlotStopped(
            f"{slot.file}: {slot.variable} holds no value that IBM Cloud knows, so there is nothing to adopt"
        )
    if (key.iam_id, key.account_id) != (slot.iam_id, slot.account_id):
        raise SlotStopped(f"the value in {slot.variable} belongs to {key.iam_id}, not to {slot.iam_id}")
    if key.disabled:
        raise SlotStopped(f"the value in {slot.variable} belongs to {key.id}, which is disabled")
    return Done(key)


def _pending_value(view: View) -> str:
    return require(view.pending.key_value, "the value of the pending key")


def _log_in_until_settled(session: Session, key_value: str) -> Again | None:
    """Log in with a new value until it works, and wait for the settling time; None when that is over.

    Raises SlotStopped while IAM does not know the value or when it belongs to somebody else, NeverLogsIn when waiting
    is of no use.
    """
    if key_value in session.works_since:
        return None
    try:
        session.log_in(key_value)
    except UnknownKeyValue:
        return session.look_again(f"log in {key_value}") or _stop(
            "the new key is still unknown to IBM Cloud. The old one is untouched; run again later and it goes on from "
            "here"
        )
    session.works_since[key_value] = session.iam.clock.monotonic()
    settle_seconds = session.slot.policy.settle_seconds
    return Again(settle_seconds) if settle_seconds else None


def _prove_again(session: Session, key_value: str) -> None:
    """Log in once more right before publishing, when there was time in which IAM's word could change."""
    proven_for = session.iam.clock.monotonic() - session.works_since.pop(key_value)
    if not session.slot.policy.settle_seconds and proven_for < STILL_PROVEN_SECONDS:
        return
    try:
        session.log_in(key_value)
    except UnknownKeyValue:
        raise SlotStopped(
            "the new key logged in, and then was unknown: IBM Cloud does not know it everywhere yet. The old one is "
            "untouched; run again later and it goes on from here"
        ) from None


def check_is_ours(key: ApiKey, marker: Marker | None) -> None:
    """Raise SlotStopped unless the key carries this marker; without markers the value alone says that it is ours."""
    if marker is not None and split_description(key.description)[1] != marker:
        raise SlotStopped(
            f"API key {key.id} has the value of this slot's next key but not its marker: somebody changed its "
            f"description. Put {marker} back at its end, and run again"
        )


def _stop(why: str) -> t.NoReturn:
    raise SlotStopped(why)
