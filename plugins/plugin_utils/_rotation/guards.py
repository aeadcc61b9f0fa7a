# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What has to be true before a step is announced; each reads at most, and raises SlotStopped when it is not."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.marker import Marker, split_description
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.session import Session
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import SlotStopped
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.view import (
    Step,
    View,
    current_leaked,
    replaced_value,
    require,
)

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
    held_id = view.holds_replaced_id
    if held_id is not None and held_id != step.key_id and view.current_key() is not None and not current_leaked(view):
        raise SlotStopped(replaced_value(view, held_id))
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


def check_may_go(session: Session, view: View, step: Step) -> View:
    """Refuse to announce the end of a key that is in use, or that nothing but the record says is the slot's."""
    entry, key = view.entry(step.key_id), view.key(step.key_id)
    guard(session, view, entry.id)
    if key is None or entry.id in view.orders.compromised_ids:
        # Gone, or the user's own word.
        return view
    marker = split_description(key.description)[1]
    if entry.id in view.slot.retire_ids and (marker is None or str(marker) == entry.displaced_marker):
        # The user's own word, which is for no key of another slot.
        return view
    if marker is not None and marker.slot_id == view.record.slot_id:
        return view
    has_own_name = key.name in (view.slot.key_name, view.slot.next_key_name)
    has_own_value = entry.key_value is not None and session.values.id_of(entry.key_value) == entry.id
    is_anothers = marker is not None and str(marker) != entry.displaced_marker
    if is_anothers:
        raise SlotStopped(
            f"the record says that {entry.id} was replaced, and it carries the marker of another slot, {marker}. "
            "Nothing was changed; take the marker off the key if no other slot has it, or the entry off the record if "
            "one has"
        )
    if not (has_own_value or has_own_name):
        raise SlotStopped(
            f"the record says that {entry.id} was replaced, and neither its marker nor name nor the value that is kept "
            "for it says so: somebody edited the record or the key. Nothing was changed; bring their last version "
            "back, or name the key in `retire_ids` if it is to go"
        )
    return view


def check_leaked_may_go(session: Session, view: View, step: Step) -> View:
    """Refuse to announce the end of a leaked key that this run needs, or that is published elsewhere."""
    why = view.why_needed(str(step.key_id), session.iam.login_key_id)
    if why:
        raise SlotStopped(why)
    return check_is_named(session, view, step)


def check_is_named(session: Session, view: View, step: Step) -> View:
    """Refuse to touch a published key that leaked by the record alone, if that may name another one."""
    key, current = view.key(step.key_id), require(view.record.current, "a published key")
    is_ours = key is not None and split_description(key.description)[1] == Marker(
        view.record.slot_id, current.generation
    )
    if not is_ours and step.key_id not in view.orders.compromised_ids:
        session.values.is_lost(view.loaded)
    return view


def guard(session: Session, view: View, key_id: str) -> None:
    """Refuse to disable or delete a key that is in use; raises SlotStopped."""
    why = view.why_kept(key_id, session.iam.login_key_id)
    if why:
        raise SlotStopped(why)
