# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From a task's options to slots, and from outcomes to a task's result."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import format_time
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import MissingCredentials, NotFound
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._identities.owners import owner_named_by, resolve
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.repository import check_path
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.engine import Settings, rotate_slots
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.outcome import SlotOutcome
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.policy import policy_of
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.ports import Ports
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import Record, describe_record
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import (
    Orders,
    Place,
    Slot,
    SlotStopped,
    check_slots,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.view import RESTING


def rotate(
    params: dict[str, t.Any], ports: Ports, *, check_mode: bool, unforeseen: t.Callable[[Exception], str]
) -> dict[str, t.Any]:
    """Rotate the slots of a task and return the task's result; `failed` is set when any slot failed.

    Raises an `IamError` when the slots cannot even be looked at; nothing was changed then.
    """
    if not ports.client.tokens.can_renew:
        raise MissingCredentials(
            "a rotation logs in by itself, because it lives by the time that IBM Cloud tells at log-in: "
            "use api_key or api_key_file, not token"
        )
    settings = Settings(params["concurrency"], params["batch_size"], params["stop_after_failures"])
    slots = slots_from(params, ports.client, settings.concurrency)
    orders = orders_from(params, ports)
    outcomes = rotate_slots(slots, ports, orders, settings, check_mode=check_mode, unforeseen=unforeseen)
    failed = [each for each in outcomes if each.failure]
    unmanaged = _unmanaged(outcomes, ports.client, orders)
    own_id = ports.client.login_key_id() if unmanaged else None
    result: dict[str, t.Any] = {
        "changed": any(_changes(each, check_mode) for each in outcomes),
        "slots": [_shown(each) for each in outcomes],
        "report": [_line(each) for each in outcomes],
        "diff": [_diff(each, check_mode) for each in outcomes],
        "warnings": [f"{each.slot.name}: {text}" for each in outcomes for text in each.warnings],
        "unmanaged_ids": unmanaged,
        "transaction_ids": [reference for each in outcomes for reference in each.transaction_ids],
    }
    if own_id in unmanaged:
        # Whoever shuts it by this list shuts themselves out.
        unmanaged.remove(own_id)
        result["warnings"].append(
            f"the leaked key {own_id} is the one that this run logs in with, and belongs to no slot. It was not "
            "touched: make another key, log in with that, and run again"
        )
    if failed:
        result.update(failed=True, msg=f"{len(failed)} of {len(outcomes)} slots failed. {_told_once(failed)}")
    return result


def _told_once(failed: list[SlotOutcome]) -> str:
    """Every reason once, with the slots that it keeps from going on."""
    names: dict[str, list[str]] = {}
    for each in failed:
        names.setdefault(str(each.failure), []).append(each.slot.name)
    return "; ".join(f"{', '.join(slots)}: {failure}" for failure, slots in names.items())


def resolve_paths(params: dict[str, t.Any], folder: str) -> None:
    """Make the paths of a task absolute; a relative one starts at `folder`, a vault file in Git at its repository."""
    for slot in params["slots"]:
        moved_from = [slot["moved_from"]] if slot["moved_from"] and slot["moved_from"]["file"] else []
        for place in (slot, *slot["copies"], *moved_from):
            place["file"] = check_path(place["file"]) if params["git"] else os.path.join(folder, place["file"])
    for holder, name in (
        (params, "compromised_values_file"),
        (params["git"] or {}, "ssh_key_file"),
        (params["git"] or {}, "known_hosts_file"),
    ):
        if holder.get(name):
            holder[name] = os.path.join(folder, holder[name])


def slots_from(params: dict[str, t.Any], client: IamClient, concurrency: int) -> list[Slot]:
    """Build the slots of a task; looks service IDs up by name, and refuses what does not fit together."""
    found = resolve(client, map(owner_named_by, params["slots"]), concurrency)
    slots = []
    for given in params["slots"]:
        iam_id, problem = _owner(found[owner_named_by(given)])
        slots.append(
            Slot(
                name=given["name"],
                file=given["file"],
                variable=given["variable"] or given["name"],
                key_name=given["key_name"] or given["name"],
                iam_id=iam_id,
                problem=problem,
                account_id=client.caller().account_id,
                description=given["description"],
                locked=given["locked"],
                is_wanted=given["state"] == "present",
                has_hand_over=given["hand_over"],
                use_marker=given["use_marker"],
                copies=tuple(Place(each["file"], each["variable"]) for each in given["copies"]),
                moved_from=_moved_from(given),
                retire_ids=frozenset(given["retire_ids"]),
                policy=policy_of(params, given),
            )
        )
    try:
        check_slots(slots)
    except SlotStopped as error:
        raise TaskRefused(str(error)) from None
    return slots


def _moved_from(given: dict[str, t.Any]) -> Place | None:
    """Where a slot was before; what is not said of it has stayed the same."""
    place = given["moved_from"]
    if not place:
        return None
    variable = given["variable"] or given["name"]
    before = Place(place["file"] or given["file"], place["variable"] or variable)
    return None if before == Place(given["file"], variable) else before


def _owner(found: str | Exception) -> tuple[str, str | None]:
    """The IAM ID of a slot's owner, or why it is not known; that is this slot's problem and no other's."""
    if isinstance(found, str):
        return found, None
    if isinstance(found, TaskRefused):
        return "", str(found)
    raise found


def orders_from(params: dict[str, t.Any], ports: Ports) -> Orders:
    """What the task asks of this run beside the policy; leaked values are looked up, and only their ids go on."""
    leaked = set(params["compromised_ids"]) | ids_of_leaked_values(params, ports)
    orders = Orders(
        until=params["until"],
        leak_response=params["leak_response"],
        compromised_ids=frozenset(leaked),
        rollback_to_ids=frozenset(params["rollback_to_ids"]),
        withdraw_ids=frozenset(params["withdraw_ids"]),
        probed_ids=None if params["probed_ids"] is None else frozenset(params["probed_ids"]),
        handed_over_ids=frozenset(params["handed_over_ids"]),
        verify_values=params["verify_values"],
    )
    both = sorted(orders.compromised_ids & orders.rollback_to_ids)
    if both:
        raise TaskRefused(f"there is no way back to a key that leaked: {', '.join(both)}")
    return orders


def ids_of_leaked_values(params: dict[str, t.Any], ports: Ports) -> set[str]:
    """The ids of the keys that have these values; a value that no key has is revoked already."""
    values = list(params["compromised_values"] or ())
    if params["compromised_values_file"]:
        values += _lines_of(params["compromised_values_file"])
    for value in values:
        ports.protect(value)
    found = (ports.client.api_keys.find_by_value(value) for value in values)
    return {key.id for key in found if key is not None}


def _lines_of(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8") as stream:
            return [line.strip() for line in stream if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise TaskRefused(f"compromised_values_file {path} cannot be read: {reason}") from None


def _unmanaged(outcomes: list[SlotOutcome], client: IamClient, orders: Orders) -> list[str]:
    """Leaked keys that still exist and belong to none of these slots: somebody has to revoke them by their id."""
    records = [record for each in outcomes for record in (each.before, each.after) if record]
    managed = {key_id for record in records for key_id in record.known_ids} | {each.pending_id for each in outcomes}
    return sorted(key_id for key_id in orders.compromised_ids - managed if _exists(client, key_id))


def _exists(client: IamClient, key_id: str) -> bool:
    try:
        client.api_keys.get(key_id)
    except NotFound:
        return False
    return True


def _changes(outcome: SlotOutcome, check_mode: bool) -> bool:
    if check_mode:
        return outcome.step.name not in RESTING | {"wait", "observe", "prove"}
    return outcome.changed


def _shown(outcome: SlotOutcome) -> dict[str, t.Any]:
    before = outcome.before.current if outcome.before else None
    after = outcome.after.current if outcome.after else None
    return {
        "name": outcome.slot.name,
        "file": outcome.slot.file,
        "variable": outcome.slot.variable,
        "slot_id": outcome.after.slot_id if outcome.after else None,
        "step": "failed" if outcome.failure else outcome.step.name,
        "reason": outcome.failure or outcome.step.reason,
        "taken": list(outcome.taken),
        "old_id": before.id if before else None,
        "new_id": after.id if after else None,
        "pending_id": outcome.pending_id,
        "generation": _generation(outcome),
        "superseded_ids": [each.id for each in outcome.after.superseded] if outcome.after else [],
        "swept_ids": list(outcome.swept),
        "next_at": format_time(outcome.step.next_at) if outcome.step.next_at else None,
    }


def _generation(outcome: SlotOutcome) -> int | None:
    """The generation that this run is about: the one on its way, else the published one."""
    record = outcome.after
    newest = (record.pending or record.current) if record else None
    return newest.generation if newest else None


def _line(outcome: SlotOutcome) -> str:
    """One line an operator needs: where the slot is, when it goes on, and why."""
    if outcome.failure:
        return f"{outcome.slot.name}: FAILED, {outcome.failure}"
    goes_on = f", goes on at {format_time(outcome.step.next_at)}" if outcome.step.next_at else ""
    done = f", did {' '.join(outcome.taken)}" if outcome.taken else ""
    return f"{outcome.slot.name}: {outcome.step.name}{goes_on}{done} ({outcome.step.reason})"


def _record_to_come(outcome: SlotOutcome) -> Record | None:
    """The record where this run would come to rest."""
    rest = next((each for each in outcome.foreseen if each.step.rests), None)
    return rest.record if rest else outcome.before


def _diff(outcome: SlotOutcome, check_mode: bool) -> dict[str, t.Any]:
    where = f"{outcome.slot.file}: {outcome.slot.variable}"
    return {
        "before_header": where,
        "after_header": where,
        "before": describe_record(outcome.before),
        "after": describe_record(_record_to_come(outcome) if check_mode else outcome.after),
    }
