# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Does a key work, and which key is it? Reads only, and each may be taken up anew after a pause."""

from __future__ import annotations

import typing as t
from dataclasses import replace

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
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.view import Step, View, require

# Without a settling time one log-in is enough, unless the round took long.
STILL_PROVEN_SECONDS = 60

REMOVE_IT = (
    "Somebody put it there, and it may be the only copy, so it is not overwritten. Nothing was changed; remove the "
    "variable, or name another one"
)


def check_value(session: Session, view: View, step: Step) -> View:
    """Refuse to replace or remove a value that is not the published key's; one that nobody can log in with may go.

    Raises SlotStopped: it may be the only copy of a working key that somebody put there.
    """
    current = view.loaded.record.current if view.loaded.record else None
    is_lost = session.values.is_lost(view.loaded)
    if view.has_value and current is None:
        raise SlotStopped(f"{view.slot.file}: {view.slot.variable} holds a value already. {REMOVE_IT}")
    if is_lost:
        view = replace(view, value_is_lost=True, value_in_a_copy=session.values.in_a_copy(view.loaded))
    key = view.current_key()
    if key is None or step.name != "intend":
        return view
    for property_text in view.not_inherited():
        session.warn(f"the successor of {key.id} does not inherit {property_text}")
    if is_lost:
        session.warn(
            f"{view.slot.variable} holds no value that IBM Cloud knows, so nobody who reads it can log in; "
            f"{key.id}, which was published, gets a successor"
        )
    return view


def check_pair(session: Session, view: View, step: Step) -> View:
    """Refuse to touch the published key unless it is the one whose value the variable holds."""
    if session.values.is_lost(view.loaded):
        session.values.note_lost(str(step.key_id))
        return replace(view, value_is_lost=True)
    return view


def check_published(session: Session, view: View, step: Step) -> View:
    """Refuse to write anything down of a record whose published key is not the one that the variable holds."""
    if view.record.current is not None:
        session.values.is_lost(view.loaded)
    return view


def check_copied_value(session: Session, view: View, step: Step) -> View:
    """Refuse to copy a value that nobody can log in with over one that may be good; raises SlotStopped."""
    if session.values.is_lost(view.loaded):
        raise SlotStopped(
            f"{view.slot.file}: {view.slot.variable} does not hold the published key's value, so it is not copied. "
            "Bring it back, or run again with `verify_values` to have the key replaced"
        )
    return view


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
