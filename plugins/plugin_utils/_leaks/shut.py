# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is left to do with one leaked key when the rotation is through with its slots."""

from __future__ import annotations

import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import IamError, NotFound
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.gone import delete_key

Params = dict[str, t.Any]
Entry = dict[str, t.Any]
# To be proven dead; not known whether it is there; left to a slot or to this run; disabled where it was to be deleted;
# only foreseen; changed.
FLAGS = ("is_shut", "is_unknown", "is_kept", "is_undone", "is_foreseen", "changed")


def shut(client: IamClient, entry: Entry, params: Params, *, check_mode: bool) -> Entry:
    """Do what is left to do with one key; `is_shut` says whether it is to be proven dead now."""
    key_id = entry["id"]
    try:
        key = client.api_keys.get(key_id)
    except NotFound:
        return _act(_how_gone(entry, params["rotated"] or {}), is_shut=True)
    except IamError as error:
        return _act(f"whether it is still there cannot be told: {error}", is_unknown=True)
    why_kept = _why_kept(client, entry, params["rotated"])
    if why_kept is not None:
        is_slots = "unmanaged_ids" in (params["rotated"] or {}) and not params["rotated"].get("msg")
        if check_mode and is_slots and not key.disabled and key_id != client.login_key_id():
            return _act("check mode: its slot would replace it, or take it away", is_foreseen=True)
        return _act(why_kept, is_shut=key.disabled, is_kept=True)
    if check_mode:
        return _act(f"check mode: it would be {'deleted' if params['delete'] else 'disabled'}", is_foreseen=True)
    return _shut_now(client, key, _whose(entry, params["rotated"]), delete=params["delete"])


def _whose(entry: Entry, rotated: Entry | None) -> str:
    """What is known of the slot that no record of this run ties to the key."""
    marker = entry["rotation_marker"]
    if not marker:
        return ""
    if _is_one_unread(rotated):
        return (
            f"it belongs to a slot that failed, or was not among these, {marker}. Mend what failed and run "
            "again, with the file that declares it"
        )
    return f"it belongs to a slot that was not among these, {marker}. Run again with the file that declares it"


def _is_one_unread(rotated: Entry | None) -> bool:
    """Whether nobody could read a record, which may be that of a key that carries a marker."""
    return any(slot.get("step") == "failed" and not slot.get("slot_id") for slot in (rotated or {}).get("slots") or [])


def _shut_now(client: IamClient, key: ApiKey, whose: str, *, delete: bool) -> Entry:
    wish, is_disabled = "deleted" if delete else "disabled", key.disabled
    try:
        if key.locked:
            client.api_keys.unlock(key.id)
        if not key.disabled:
            client.api_keys.disable(key.id)
        is_disabled = True
        if delete:
            delete_key(client, key)
    except IamError as error:
        how = f"disabled, but not {wish}: {error}" if is_disabled and delete else f"it could not be {wish}: {error}"
        return _act(how, is_shut=True, is_undone=is_disabled and delete, changed=True)
    told = wish if delete else "disabled, not deleted: belongs to no slot"
    if whose:
        told = f"{wish}: {whose}"
    return _act(told, is_shut=True, changed=delete or not key.disabled)


def left_undone(verdicts: t.Sequence[Entry], acts: t.Mapping[str, Entry], rotated: Entry | None) -> list[str]:
    """What is not done though a leaked key of a slot is dead: whoever used it may have no key now."""
    own = [entry for entry in verdicts if entry["is_of_this_account"]]
    left = [
        f"{each['place']}: {each['how']}"
        for each in own
        if each["verdict"] == "dead" and (acts[each["id"]]["is_kept"] or acts[each["id"]]["is_undone"])
    ]
    failed = (rotated or {}).get("msg")
    unmanaged = set((rotated or {}).get("unmanaged_ids") or [])
    of_slots = [
        each for each in own if each["id"] not in unmanaged or (_is_one_unread(rotated) and each["rotation_marker"])
    ]
    is_told = any(failed in each["how"] for each in own if each["verdict"] != "dead" or left) if failed else True
    return left if is_told or not of_slots else [*left, str(failed)]


def _act(how: str, **flags: bool) -> Entry:
    return {"how": how, **dict.fromkeys(FLAGS, False), **flags}


def _how_gone(entry: Entry, rotated: Entry) -> str:
    for slot in rotated.get("slots") or []:
        is_its = slot.get("old_id") == entry["id"] or f"[cloudkeys {slot.get('slot_id')}/" in (
            entry["rotation_marker"] or ""
        )
        if is_its and slot.get("new_id") not in (None, entry["id"]):
            return f"replaced by {slot['new_id']} (slot {slot['name']}), and deleted"
    slot = entry["slot"]
    return f"deleted ({slot['state']} key of {slot['variable']} in {slot['file']})" if slot else "deleted"


def _why_kept(client: IamClient, entry: Entry, rotated: Entry | None) -> str | None:
    """Why a key is not shut here: it is the one of this run, or a slot has it and could not replace it."""
    failed = (rotated or {}).get("msg") or ""
    if entry["id"] == client.login_key_id():
        words = "it is the key that this run logs in with"
        told = f" ({failed})" if entry["id"] in failed else ""
        return f"{words}{told}: log in with its successor, or with another key, and run again"
    if rotated is None or entry["id"] in (rotated.get("unmanaged_ids") or []):
        return None
    what = "a slot has it, and it was not closed there" if "unmanaged_ids" in rotated else "the rotation did not begin"
    return f"{what}: {failed or 'run again'}"
