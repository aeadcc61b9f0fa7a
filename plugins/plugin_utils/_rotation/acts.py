# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the steps do in IAM. Each act may be taken up anew after a pause or a crash; none of them writes a record."""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey, NewKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import format_time
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import (
    BadCredentials,
    Conflict,
    LimitReached,
    NotFound,
    Refused,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.iam_ids import is_service_id
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.gone import delete_key
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.locks import locked_again_on_failure
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.marker import (
    join_description,
    split_description,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.guards import guard
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.plan import orphans
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.proof import check_is_ours, prove
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.session import (
    Again,
    Done,
    Rejected,
    Result,
    Session,
    TooLate,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import SlotStopped
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.view import Step, View, require

# With other runs, of one slot in one run.
MOST_CONFLICTS = 3


def create(session: Session, view: View, step: Step) -> Result:
    """Make the announced key."""
    pending = view.pending
    if not session.is_in_time(pending.started_at):
        return TooLate()
    try:
        made = session.iam.api_keys.create(new_key(session, view))
    except BadCredentials:
        raise
    except LimitReached as error:
        told = f"keys_per_identity says {view.slot.policy.keys_per_identity}"
        return Rejected(f"{told}; IBM Cloud allows fewer, or somebody made a key at the same moment: {error}")
    except Refused as error:
        return Rejected(str(error))
    # One that was made with this value before was deleted since.
    session.made = {key_id: key for key_id, key in session.made.items() if key.key_value != pending.key_value}
    session.made[made.id] = made
    if pending.key_value is None:
        if not made.key_value:
            raise SlotStopped(
                f"IBM Cloud sent no value for API key {made.id}; the next run withdraws it and makes another"
            )
        session.protect(made.key_value)
    return Done(made)


def new_key(session: Session, view: View) -> NewKey:
    """The successor inherits what the slot does not say: text, lock, length of life, and what happens at a leak."""
    slot, pending, old = view.slot, view.pending, view.current_key()
    inherited = split_description(old.description)[0] if old else ""
    text = inherited if slot.description is None else slot.description
    life = view.life_of_successor
    return NewKey(
        name=slot.next_key_name,
        iam_id=slot.iam_id,
        account_id=slot.account_id,
        key_value=pending.key_value,
        description=join_description(text, view.marker(pending.generation)),
        # What the slot wants locked is locked once it has its name.
        locked=bool(old and old.locked and not slot.locked),
        expires_at=format_time(session.iam.now() + life) if life else None,
        action_when_leaked=old.action_when_leaked if old else None,
        # Only users' keys have sessions; IAM refuses the word for a service ID's.
        support_sessions=True if old and old.support_sessions and not is_service_id(slot.iam_id) else None,
    )


def publish(session: Session, view: View, step: Step) -> Result:
    """Prove the new key, and call it again what it was called if somebody gave it another name meanwhile.

    Before it is published, because afterwards a name that somebody gave it is to stay.
    """
    result = prove(session, view, step)
    key = result.key if isinstance(result, Done) else None
    if key is None or key.name == view.slot.key_name or view.slot.is_unfinished_name(key.name):
        return result
    session.just_read.pop(key.id, None)
    try:
        _change(session, key, {"name": view.slot.next_key_name}, locks=key.locked)
    except BadCredentials:
        raise
    except Refused as error:
        session.warn(
            f"{key.id} is published under the name that somebody gave it, and that could not be mended: {error}"
        )
    return result


def finish_publishing(session: Session, view: View, step: Step) -> Result:
    """Give the published key its name, its marker and its lock.

    Nothing announces this, so another run may do the same: what is left then is planned anew.
    """
    key_id = str(step.key_id)
    if view.value_is_lost:
        # It may be somebody else's key that stands on record: it is replaced, and not touched.
        session.unfit.add(key_id)
        return Done()
    try:
        key = _read(session, key_id)
        if isinstance(key, Again):
            return key
        _put_right(session, view, key)
    except BadCredentials:
        raise
    except Refused as error:
        # Somebody changed it since it was read, or it is too new to be known everywhere.
        session.conflicts += 1
        if not isinstance(error, (Conflict, NotFound)) or session.conflicts > MOST_CONFLICTS:
            session.unfit.add(key_id)
            session.warn(f"{key_id} is published and works, but {step.reason}, and that could not be mended: {error}")
    return Done()


def withdraw(session: Session, view: View, step: Step) -> Result:
    """Delete the pending key, if there is one; its number is burnt."""
    pending = view.pending
    found = session.iam.api_keys.find_by_value(pending.key_value) if pending.key_value else None
    key = found or view.pending_key()
    if key is None and pending.key_value:
        session.values.check_dead(
            pending.key_value, f"the value of generation {pending.generation}, which is withdrawn,"
        )
    if key is not None:
        check_is_ours(view, key)
        guard(session, view, key.id)
        _delete(session, key)
        session.made.pop(key.id, None)
    return Done()


def disable(session: Session, view: View, step: Step) -> Result:
    """Disable a replaced key."""
    if not session.is_in_time(view.entry(step.key_id).disabling_at):
        return TooLate()
    return disable_leaked(session, view, step)


def disable_leaked(session: Session, view: View, step: Step) -> Result:
    """Disable a key that is on record, be it locked or not."""
    key = view.key(step.key_id)
    if key is not None and not key.disabled:
        if key.locked:
            session.iam.api_keys.unlock(key.id)
        session.iam.api_keys.disable(key.id)
    return Done()


def delete_leaked(session: Session, view: View, step: Step) -> Result:
    """Delete the published key, which leaked, to make place for its successor."""
    if not session.is_in_time(require(view.record.current, "a published key").deleting_at):
        return TooLate()
    key = view.current_key()
    if key is not None:
        _delete(session, key)
        session.warn(
            f"{key.id} leaked and was deleted before there was a successor, because {view.slot.iam_id} has no place "
            f"for one more API key: {view.slot.variable} holds no value that works until the successor is published"
        )
    return Done()


def delete(session: Session, view: View, step: Step) -> Result:
    """Delete a replaced key; gone is fine."""
    entry = view.entry(step.key_id)
    if not session.is_in_time(entry.deleting_at):
        return TooLate()
    key = view.key(entry.id)
    if key is not None:
        _delete(session, key)
    return Done()


def enable(session: Session, view: View, step: Step) -> Result:
    """Enable a replaced key, but not before an announced disable of it can no longer land."""
    entry = view.entry(step.key_id)
    if entry.disabling_at is not None and session.iam.now() < entry.disabling_at + view.slot.policy.lease:
        return Done()
    key = session.iam.api_keys.get(entry.id)
    if key.disabled:
        if key.locked:
            session.iam.api_keys.unlock(key.id)
        session.iam.api_keys.enable(key.id)
    session.enabled.add((key.id, entry.enabling_at))
    return Done()


def sweep(session: Session, view: View, step: Step) -> Result:
    """Delete what runs that were stopped have left: old keys with the slot's marker that nothing needs.

    One that ever logged in is retired with an overlap instead. The record was read again after the keys were listed, so
    an entry that another run made meanwhile counts.
    """
    swept, used = [], []
    for key in orphans(view):
        guard(session, view, key.id)
        marker = split_description(key.description)[1]
        if marker is not None and _has_logged_in(session, key):
            used.append((key, marker.generation))
        else:
            _delete(session, key)
            swept.append(key.id)
    return Done(swept_ids=tuple(swept), used=tuple(used))


def _has_logged_in(session: Session, key: ApiKey) -> bool:
    try:
        return session.iam.api_keys.read_activity(key.id).login_count > 0
    except NotFound:
        return False


def _read(session: Session, key_id: str) -> ApiKey | Again:
    """The key in a version that a change may name; raises NotFound when IAM does not know it after a while."""
    key = session.just_read.pop(key_id, None)
    if key is not None and key.entity_tag:
        return key
    try:
        return session.iam.api_keys.get(key_id)
    except NotFound:
        again = session.look_again(f"read {key_id}")
        if again is None:
            raise
        return again


def _put_right(session: Session, view: View, key: ApiKey) -> None:
    slot, current = view.slot, require(view.record.current, "a published key")
    text, marker = split_description(key.description)
    wanted = view.marker(current.generation)
    changes = {"name": slot.key_name} if slot.is_unfinished_name(key.name) else {}
    if wanted is not None and marker != wanted:
        changes["description"] = join_description(text, wanted)
    _change(session, key, changes, locks=key.locked or (slot.locked and slot.is_wanted))


def _change(session: Session, key: ApiKey, changes: dict[str, t.Any], *, locks: bool) -> None:
    """Change a key, be it locked or not; with `locks` it is locked afterwards, whatever happens."""
    iam = session.iam.api_keys
    with locked_again_on_failure(["lock"]) as noted:
        if changes and key.locked:
            noted.note(iam.lock, key.id)
            iam.unlock(key.id)
            key = iam.get(key.id)
        if changes:
            iam.update(key.id, changes, key.entity_tag)
        if locks and (changes or not key.locked):
            iam.lock(key.id)


def _delete(session: Session, key: ApiKey) -> None:
    """Delete a key that `guard` let through, a locked one too; gone is fine, if that is proven."""
    iam = session.iam.api_keys
    with locked_again_on_failure(["delete"]) as locks:
        if key.locked:
            locks.note(iam.lock, key.id)
            # A key that is gone is found out by deleting it.
            with contextlib.suppress(NotFound):
                iam.unlock(key.id)
        delete_key(session.iam, key)
