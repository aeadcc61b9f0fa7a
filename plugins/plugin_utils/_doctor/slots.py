# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a rotation would find wrong with each slot: its record, its value, and the keys of its owner. Reads only."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._blanks import why_refused, without_blanks
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import CloudkeysError, TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.concurrency import AUTO
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.side_by_side import side_by_side
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._checked import check_arguments
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._doctor.checks import Check, answered
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.arguments import SLOT_SPEC
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.arguments import SPEC as ROTATION_SPEC
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.declared_slots import (
    resolve_paths,
    slots_from,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.loaded import Loaded
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.move import move_slot
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.plan import plan_slot
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.policy import task_options
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.ports import Ports, RecordStore
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.published_keys import PublishedKeys
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.session import Session
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Orders, Slot, SlotStopped
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.step_table import STEPS
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.values import check_account
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.view import Step, View

# So the value in the variable is asked about.
ORDERS = Orders(verify_values=True)
# How many requests are under way at a time, as a rotation has it by default.
SLOTS_SPEC = {"argument_spec": {"slots": ROTATION_SPEC["argument_spec"]["slots"]}}

Given = dict[str, t.Any]


def options_of(given: Given, git: t.Any, folder: str) -> Given:
    """The options of one slot as a rotation would read them; members that it does not know are passed over.

    Raises TaskRefused, and GitError, for what it would refuse.
    """
    known = {name: value for name, value in given.items() if name in SLOT_SPEC}
    # So a blank one is named as the user wrote it, and not by its place in a list.
    checked = check_arguments(SLOTS_SPEC, {"slots": [known]}, "slots")
    problem = why_refused(without_blanks(SLOT_SPEC, known)[1]) or checked.problem
    if problem:
        raise TaskRefused(problem)
    resolve_paths({"slots": checked.options["slots"], "git": git}, folder)
    return t.cast(Given, checked.options["slots"][0])


def check_slots(
    options: t.Sequence[Given],
    policy: t.Any,
    git: t.Any,
    ports: Ports,
    listed: t.Mapping[str, list[ApiKey]],
    looked_after: set[str],
) -> list[Check]:
    """One answer for each slot; `listed` are the keys of each owner, by IAM ID, as far as they could be listed.

    The ids of the keys that these slots have, will take over or will retire are added to `looked_after`.
    """
    try:
        resolve_paths({"slots": options, "git": git}, "")
        slots = slots_from({**task_options(policy), "slots": options}, ports.client, AUTO)
    except CloudkeysError as error:
        return [Check("slots", False, str(error))] if options else []
    # A store is not for threads, and IAM takes its time.
    questions = [_question(slot, ports, listed.get(slot.iam_id), looked_after) for slot in slots]
    return [_unless_raised(check) for check in side_by_side(lambda ask: ask(), questions, AUTO)]


def _unless_raised(check: Check | Exception) -> Check:
    if isinstance(check, Exception):
        raise check
    return check


def _question(slot: Slot, ports: Ports, keys: list[ApiKey] | None, looked_after: set[str]) -> t.Callable[[], Check]:
    """What is to be asked of IAM about a slot that was read; the answer itself where there is nothing to ask."""
    name = f"slot {slot.name}"
    looked_after |= slot.retire_ids
    if keys is None:
        unasked = Check(name, None, "the keys of its owner could not be listed")
        return lambda: unasked
    session = Session(slot, ports, PublishedKeys({}))
    try:
        loaded = _load(session, ports.store)
    except CloudkeysError as error:
        problem = Check(name, False, str(error))
        return lambda: problem
    looked_after |= loaded.record.known_ids if loaded.record else frozenset()
    return lambda: answered(name, lambda: _state_of(session, loaded, keys, looked_after))


def _load(session: Session, store: RecordStore) -> Loaded:
    slot = session.slot
    loaded = store.load(slot).opened()
    check_account(slot, loaded.record)
    if move_slot(store, slot, session.values.is_lost, check_mode=True) and loaded.record is None:
        return _at_the_old_place(slot, store)
    return loaded


def _state_of(session: Session, loaded: Loaded, keys: list[ApiKey], looked_after: set[str]) -> str:
    """Which key is published; raises SlotStopped with what there is to do."""
    view = session.see(loaded, keys, ORDERS, is_whole=True)
    step = plan_slot(view, ORDERS)
    _check(view, step)
    if step.name in ("adopt", "intend"):
        asked = STEPS[step.name].ask(session, view, step)
        looked_after |= {asked.adopted.id} if asked.adopted else set()
    return _fine(view, step)


def _at_the_old_place(slot: Slot, store: RecordStore) -> Loaded:
    """The slot as a move would bring it along; one that was stopped half-way has left its mark there."""
    there = store.load(slot.before_move or slot)
    return replace(there, record=replace(there.record, moved_to=None) if there.record else None)


def _check(view: View, step: Step) -> None:
    """Raise SlotStopped for what is wrong with the published key, and with why the slot stops."""
    slot, record = view.slot, view.loaded.record
    current = record.current if record else None
    if step.name == "stop":
        raise SlotStopped(step.reason)
    if current is None or not slot.is_wanted:
        return
    key = view.key(current.id)
    owner = current.iam_id or (key.iam_id if key else None)
    if owner not in (None, slot.iam_id):
        raise SlotStopped(
            f"the published key {current.id} is {owner}'s, and the slot is declared for {slot.iam_id}: the next run "
            "replaces it. If that is not meant, correct the owner"
        )
    if key is not None and view.value_is_lost and view.has_value:
        raise SlotStopped(
            f"nobody can log in with what {slot.variable} holds, and {current.id} is published: a run with "
            "`verify_values` replaces it. If you still have the value, bring it back"
        )
    if step.name == "intend" and step.due_at is None:
        raise SlotStopped(f"{step.reason}: the next run replaces it")


def _fine(view: View, step: Step) -> str:
    record = view.loaded.record
    if record is None or record.current is None:
        return step.reason
    text = f"generation {record.current.generation} is published ({record.current.id})"
    return f"{text}, and generation {record.pending.generation} is on its way" if record.pending else text
