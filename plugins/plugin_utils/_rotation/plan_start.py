# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a rotation may begin, and how a slot begins that has no key; pure."""

from __future__ import annotations

from datetime import datetime

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.marker import split_description
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Slot
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.view import Step, View


def plan_first(view: View) -> Step:
    """The next step of a slot without a record."""
    if not view.slot.is_wanted:
        return _stop_if_left_over(view) or Step("gone", "there is nothing of this slot")
    if view.slot.policy.on_missing_record == "adopt" and view.has_value:
        return Step("adopt", f"the value in {view.slot.variable} is taken over as it is")
    slot = view.slot
    namesakes = [key.id for key in view.keys if key.name == slot.key_name or _is_left_by_a_rotation(slot, key)]
    if view.slot.policy.on_missing_record != "replace" and namesakes:
        return Step(
            "stop",
            f"{view.slot.file} has no record of this slot, but there is an API key {view.slot.key_name!r} already: "
            f"{', '.join(namesakes)}. Nothing was changed. If the record is in another file or variable say "
            "`moved_from`, if the file was reverted bring its newest version back. Otherwise say `on_missing_record: "
            "adopt` if the key's value is in the variable, or `replace` to make a new key and leave that one alone "
            "(`retire_ids` names it to be retired)",
        )
    return begin(view)


def _stop_if_left_over(view: View) -> Step | None:
    """A slot is not gone while its variable has a value or a key of its name carries a marker: its record was lost."""
    slot = view.slot
    names = (slot.key_name, slot.next_key_name)
    marked = [key.id for key in view.keys if key.name in names and split_description(key.description)[1]]
    left = [f"the variable {slot.variable} has a value"] if view.has_value else []
    left += [f"there is {', '.join(marked)}"] if marked else []
    if not left:
        return None
    return Step(
        "stop",
        f"{slot.file} has no record of this slot, but {' and '.join(left)}. Nothing was changed; bring the record "
        "back, or take away by hand what is left, or take the slot off the list if another one has the key",
    )


def _is_left_by_a_rotation(slot: Slot, key: ApiKey) -> bool:
    """A successor that a rotation was making: its record was somewhere, and is lost or in another file."""
    return key.name == slot.next_key_name and split_description(key.description)[1] is not None


def begin(view: View) -> Step:
    """Make the first key, or one again, where none is published."""
    if view.has_value:
        return Step(
            "stop",
            f"{view.slot.file} has no published key of this slot on record, but the variable {view.slot.variable} has "
            "a value. It may be the only copy of a working key, so it is not overwritten: say `on_missing_record: "
            "adopt`, remove the variable, or name another one",
        )
    return start(view, "no key yet: make the first one")


def start(view: View, why: str, key_id: str | None = None, due_at: datetime | None = None) -> Step:
    """Begin a rotation, if this run may and there is a place for one more key."""
    if view.has_replaced:
        return Step("later", f"due ({why}), and put off: a run replaces a key once", key_id)
    if view.has_place:
        return Step("intend", why, key_id, due_at=due_at)
    limit = view.slot.policy.keys_per_identity
    full = f"{view.slot.iam_id} may have {limit} API keys, and a rotation needs a free place among them"
    if view.place_frees_at is not None:
        return Step("later", f"due ({why}), and put off: {full}", key_id, view.place_frees_at)
    return Step(
        "stop",
        f"due ({why}), and it cannot be replaced: {full}. None gets free by itself; delete a key that is not needed "
        "(or set keys_per_identity if IBM raised the limit)",
        key_id,
    )


def published_is_disabled(key: ApiKey) -> Step:
    """IBM shuts a key that it finds in public, and tells nobody (iam-facts.md 3.8)."""
    return Step(
        "stop",
        f"the published key {key.id} is disabled. Somebody decided that, or IBM Cloud did, which disables a key that "
        "it finds in public. It stays as it is; if it leaked, name it in `revoke_leaked_ids` to the playbook "
        "cloudkeys.ibmcloud.revoke_leaked, and it is replaced",
        key.id,
    )
