# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Does a key work, and which key is it? Reads only, and each may be taken up anew after a pause."""

from __future__ import annotations

import typing as t
from dataclasses import replace
from datetime import datetime, timedelta

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import UnknownKeyValue
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.marker import split_description
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.session import (
    Again,
    Done,
    NeverLogsIn,
    Rejected,
    Result,
    Session,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import SlotStopped
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.view import (
    Step,
    View,
    require,
)

# Without a settling time one log-in is enough, unless the round took long.
STILL_PROVEN_SECONDS = 60

# A new key is unknown for seconds (docs/iam-facts.md 1.4); after this long the value is another one.
UNKNOWN_FOR_GOOD = timedelta(hours=1)


def prove_for_later(session: Session, view: View, step: Step) -> Result:
    """Log in with the new key, and leave publishing to a later stage."""
    try:
        again = _log_in_until_settled(session, _pending_value(view), view.pending.started_at)
    except NeverLogsIn as error:
        return Rejected(str(error))
    if again is None:
        session.proven.add(view.pending.generation)
    return again or Done()


def prove(session: Session, view: View, step: Step) -> Result:
    """Log in with the new key until it holds, and find out which key it is: its id is what gets published."""
    key_value, marker = _pending_value(view), view.marker(view.pending.generation)
    try:
        again = _log_in_until_settled(session, key_value, view.pending.started_at)
        if again is not None:
            return again
        key = session.made_with(key_value, marker) or session.iam.api_keys.find_by_value(key_value)
        if key is None:
            return session.look_again(f"find {key_value}") or _stop(
                "the new key logs in but cannot be found by its value; run again later"
            )
        check_is_ours(view, key)
        _prove_again(session, key_value)
    except NeverLogsIn as error:
        return Rejected(str(error))
    session.just_read[key.id] = key
    session.values.note(key_value, key.id)
    return Done(key)


def prove_replaced_key(session: Session, view: View, step: Step) -> Result:
    """Log in with the key that is to be published again, if the value on record is its own."""
    entry = view.entry(step.key_id)
    key_value = require(entry.key_value, "the key's value")
    try:
        session.log_in(key_value)
    except (NeverLogsIn, UnknownKeyValue) as error:
        raise SlotStopped(f"there is no way back to {entry.id} yet, nothing was swapped: {error}") from None
    found_id = session.values.id_of(key_value)
    if found_id != entry.id:
        raise SlotStopped(
            f"there is no way back to {entry.id}: the value that is on record for it is that of "
            f"{found_id or 'no known key'}. Nothing was swapped"
        )
    return Done()


def find_adopted_key(session: Session, view: View, step: Step) -> View:
    """Find the key whose value the variable holds; raises SlotStopped unless it may become the slot's."""
    slot, value = view.slot, view.loaded.published_value
    key = session.iam.api_keys.find_by_value(value) if value else None
    if key is None:
        session.values.check_dead(value or "", f"the value in {slot.variable}, which is to be adopted,")
        raise SlotStopped(
            f"{slot.file}: {slot.variable} holds no value that IBM Cloud knows, so there is nothing to adopt"
        )
    if (key.iam_id, key.account_id) != (slot.iam_id, slot.account_id):
        raise SlotStopped(f"the value in {slot.variable} belongs to {key.iam_id}, not to {slot.iam_id}")
    if key.disabled:
        raise SlotStopped(f"the value in {slot.variable} belongs to {key.id}, which is disabled")
    if key.id in view.foreign_ids:
        raise SlotStopped(
            f"the value in {slot.variable} belongs to {key.id}, the published key of another slot of this run. Say "
            "`copies` there if both places are to have it"
        )
    return replace(view, adopted=key)


def adopted_key(session: Session, view: View, step: Step) -> Result:
    """The key that was found."""
    return Done(view.adopted)


def _pending_value(view: View) -> str:
    return require(view.pending.key_value, "the value of the pending key")


def _log_in_until_settled(session: Session, key_value: str, announced_at: datetime) -> Again | None:
    """Log in with a new value until it works, and wait for the settling time; None when that is over.

    Raises SlotStopped while IAM does not know the value or when it belongs to somebody else, NeverLogsIn when waiting
    is of no use.
    """
    if key_value in session.works_since:
        return None
    try:
        session.log_in(key_value)
    except UnknownKeyValue as error:
        if session.iam.now() > announced_at + UNKNOWN_FOR_GOOD:
            # Replicas agree long since: the value on record is not that key's.
            raise NeverLogsIn(str(error)) from None
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


def check_is_ours(view: View, key: ApiKey) -> None:
    """Raise SlotStopped unless the key that has the pending value is the one that we made.

    Its marker tells, or, where it has none, what a key is called until it is published: a marker that somebody removed
    is put back later.
    """
    found, marker = split_description(key.description)[1], view.marker(view.pending.generation)
    if found is not None and found == marker:
        return
    if found is not None or not view.slot.is_unfinished_name(key.name):
        put_back = f"Put {marker} back at its end" if marker else f"Call it {view.slot.next_key_name!r} again"
        raise SlotStopped(
            f"API key {key.id} has the value of this slot's next key, and neither its marker nor its name: somebody "
            f"changed the key or the record. Nothing was changed. {put_back} if the key is this slot's, and run again"
        )


def _stop(why: str) -> t.NoReturn:
    raise SlotStopped(why)
