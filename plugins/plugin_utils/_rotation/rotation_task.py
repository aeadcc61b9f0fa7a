# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The work of iam_api_key_rotation: from a task's options to its result."""

from __future__ import annotations

import typing as t
from datetime import datetime

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import CloudkeysError, TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.concurrency import concurrency_from
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import IamError, MissingCredentials
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.gone import absence_of
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.declared_slots import (
    Leaked,
    look_up_leaked_values,
    orders_from,
    slots_from,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.engine import Settings, rotate_slots
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.outcome import SlotOutcome
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.ports import Ports
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import Record
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.report import report_lines
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.rotation_result import result_of
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Orders
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.year_plan import Pace
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.year_result import plan_of

# A year, and the day of the year after it: what repeats does so by then.
MOST_PLAN_DAYS = 366


def rotate(
    params: dict[str, t.Any], ports: Ports, *, check_mode: bool, unforeseen: t.Callable[[Exception], str]
) -> dict[str, t.Any]:
    """Rotate the slots of a task and return the task's result; `failed` is set when any slot failed.

    Raises a `CloudkeysError` when the slots cannot even be looked at; nothing was changed then.
    """
    if not ports.client.tokens.can_renew:
        raise MissingCredentials(
            "a rotation logs in by itself, because it lives by the time that IBM Cloud tells at log-in: "
            "use api_key or api_key_file, not token"
        )
    _check_counts(params)
    _check_there_is_something_to_do(params)
    settings = Settings(concurrency_from(params["concurrency"]), params["batch_size"], params["stop_after_failures"])
    slots = slots_from(params, ports.client, settings.concurrency)
    leaked = look_up_leaked_values(params, ports)
    orders = orders_from(params, leaked.ids)
    if not check_mode:
        _let_pass([slot.policy.rotate_if_older_than for slot in slots], ports)
    outcomes = rotate_slots(slots, ports, orders, settings, check_mode=check_mode, unforeseen=unforeseen)
    if ports.measure is not None:
        ports.measure(outcomes)
    unkept = _keep_history(ports)
    result = result_of(outcomes, check_mode=check_mode)
    if check_mode:
        pace = Pace(settings.batch_size, settings.stop_after_failures, params["plan_days"])
        result["plan"] = plan_of(outcomes, orders, pace)
    _tell(outcomes, result, params.get("report"), ports)
    unmanaged = _left_open(outcomes, ports.client, orders)
    not_found = leaked.not_found + unmanaged.not_found
    result["warnings"] += [
        f"{each} is that of no key: it is gone already, was mistyped, or is of another account" for each in not_found
    ]
    told = _with_problems(
        result, unkept + leaked.problems + unmanaged.problems + _no_ways_back(outcomes, ports.client, orders)
    )
    is_known = not leaked.problems and not unmanaged.problems
    left = sorted(orders.compromised_ids - _closed_ids(outcomes) - unmanaged.gone_ids) if is_known else None
    return {**told, "unmanaged_ids": sorted(unmanaged.ids), "not_found": not_found, "leaked_ids": left}


def _tell(outcomes: list[SlotOutcome], result: dict[str, t.Any], report: str | None, ports: Ports) -> None:
    """Show how far the slots are; in check mode, their plan."""
    lines = report_lines(outcomes, report, ports.client.now())
    for line in result["plan"]["report"] if lines and "plan" in result else lines:
        ports.tell(line)


def _check_counts(params: dict[str, t.Any]) -> None:
    for name, least in (("batch_size", 0), ("stop_after_failures", 1)):
        if params[name] is not None and params[name] < least:
            raise TaskRefused(f"{name} is {params[name]}, and has to be at least {least}")
    if not 1 <= params["plan_days"] <= MOST_PLAN_DAYS:
        raise TaskRefused(f"plan_days is {params['plan_days']}, and has to be from 1 to {MOST_PLAN_DAYS}")


def _check_there_is_something_to_do(params: dict[str, t.Any]) -> None:
    """A run over nothing would be green; leaked keys may belong to no slot."""
    names_leaks = any(params[name] for name in ("compromised_ids", "compromised_values", "compromised_values_file"))
    if not params["slots"] and not names_leaks:
        raise TaskRefused(
            "no slots are declared, so nothing would be rotated: is the name of their variable right, and its file "
            "loaded? Where there are to be none, skip the task with `when`"
        )


def _with_problems(result: dict[str, t.Any], problems: list[str]) -> dict[str, t.Any]:
    """The result of a run that was told of leaks and cannot say of all of them that they are closed: it failed."""
    if not problems:
        return result
    told = "; ".join(dict.fromkeys(problems))
    return {**result, "failed": True, "msg": f"{result['msg']}; {told}" if "msg" in result else told}


def _let_pass(moments: t.Iterable[datetime | None], ports: Ports) -> None:
    """Wait for a moment that is almost there: a key that is published before it would be due again in the next run."""
    iam = ports.client
    seconds = max(((moment - iam.now()).total_seconds() for moment in moments if moment), default=0)
    if seconds > 0:
        ports.tell(f"waiting {seconds:.0f} s until rotate_if_older_than: IBM Cloud's clock is behind")
        iam.clock.sleep(seconds)


def _keep_history(ports: Ports) -> list[str]:
    """Keep what no commit has taken along -> why it could not be kept, if so."""
    try:
        if ports.history is not None:
            ports.history.flush()
    except CloudkeysError as error:
        return [str(error)]
    return []


def _records(outcomes: list[SlotOutcome]) -> list[Record]:
    return [record for each in outcomes for record in (each.before, each.after) if record]


def _closed_ids(outcomes: list[SlotOutcome]) -> set[str]:
    """Keys that this task has taken away: a record named them before, and none does any more."""
    before = {key_id for each in outcomes if each.before for key_id in each.before.known_ids}
    left = {key_id for each in outcomes if each.after for key_id in each.after.known_ids}
    unread = {key_id for each in outcomes if each.before and not each.after for key_id in each.before.known_ids}
    return before - left - unread


def _left_open(outcomes: list[SlotOutcome], client: IamClient, orders: Orders) -> Leaked:
    """Leaked keys of no slot, and what there is to say of them."""
    unmanaged = _unmanaged(outcomes, client, orders)
    own_id = client.login_key_id() if unmanaged.ids else None
    if own_id in unmanaged.ids:
        # Whoever shuts it by this list shuts themselves out.
        unmanaged.ids.remove(own_id)
        unmanaged.problems.append(
            f"the leaked key {own_id} is the one that this run logs in with, and belongs to no slot. It still works, "
            "for whoever has it too. In this order: make another key, give it to whatever logs in with this one, run "
            "again with it and the leaked key is disabled, and look up what was done with it since it leaked"
        )
    if unmanaged.ids and not orders.only_leaked:
        unmanaged.problems.append(
            f"the leaked keys {', '.join(sorted(unmanaged.ids))} belong to none of these slots and were not touched: "
            "name them to the playbook cloudkeys.ibmcloud.revoke_leaked, or run again with the file of their slots"
        )
    return unmanaged


def _unmanaged(outcomes: list[SlotOutcome], client: IamClient, orders: Orders) -> Leaked:
    """Leaked keys that still exist and belong to none of these slots: somebody has to revoke them by their id."""
    managed = {key_id for record in _records(outcomes) for key_id in record.known_ids}
    managed |= {each.pending_id for each in outcomes if each.pending_id}
    found = Leaked()
    for key_id in sorted(orders.compromised_ids - managed):
        try:
            absence = absence_of(client, key_id)
        except IamError as error:
            found.problems.append(f"whether the leaked key {key_id} still works cannot be told: {error}")
            continue
        if absence.reason == "shown":
            found.ids.add(key_id)
        elif absence.is_gone:
            found.gone_ids.add(key_id)
            found.not_found.append(f"the id {key_id}")
        else:
            found.problems.append(f"the leaked key {key_id} may still work: {absence.words}")
    return found


def _no_ways_back(outcomes: list[SlotOutcome], client: IamClient, orders: Orders) -> list[str]:
    """Orders to go back that no slot of this run can carry out, with what IAM has of these keys."""
    known = {key_id for record in _records(outcomes) for key_id in record.known_ids}
    told = {each.step.key_id for each in outcomes if each.failure}
    return [
        f"`rollback_to_ids` names {key_id}, which is on record of none of these slots, so nothing was gone back to: "
        f"{_what_is_there(client, key_id)}"
        for key_id in sorted(orders.rollback_to_ids - known - told)
    ]


def _what_is_there(client: IamClient, key_id: str) -> str:
    try:
        absence = absence_of(client, key_id)
    except IamError as error:
        return f"whether there is such a key cannot be told: {error}"
    if absence.is_gone:
        return "IBM Cloud has no such key (any more). Take it off `rollback_to_ids`, or correct the id"
    if absence.reason == "shown":
        return (
            "IBM Cloud has this key, and its value is known here no more. Declare the slot that it belongs to, or "
            "bring the version of the vault file back whose record has it"
        )
    return absence.words
