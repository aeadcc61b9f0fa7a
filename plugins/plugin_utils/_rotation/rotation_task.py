# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The work of iam_api_key_rotation: from a task's options to its result."""

from __future__ import annotations

import typing as t
from datetime import datetime

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import MissingCredentials, NotFound
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.declared_slots import orders_from, slots_from
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.engine import Settings, rotate_slots
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.outcome import SlotOutcome
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.ports import Ports
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.rotation_result import result_of
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Orders


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
    settings = Settings(params["concurrency"], params["batch_size"], params["stop_after_failures"])
    slots = slots_from(params, ports.client, settings.concurrency)
    orders = orders_from(params, ports)
    if not check_mode:
        _let_pass([slot.policy.rotate_if_older_than for slot in slots], ports)
    outcomes = rotate_slots(slots, ports, orders, settings, check_mode=check_mode, unforeseen=unforeseen)
    result = result_of(outcomes, check_mode=check_mode)
    unmanaged = _unmanaged(outcomes, ports.client, orders)
    own_id = ports.client.login_key_id() if unmanaged else None
    if own_id in unmanaged:
        # Whoever shuts it by this list shuts themselves out.
        unmanaged.remove(own_id)
        result["warnings"].append(
            f"the leaked key {own_id} is the one that this run logs in with, and belongs to no slot. It was not "
            "touched: make another key, log in with that, and run again"
        )
    return {**result, "unmanaged_ids": unmanaged}


def _let_pass(moments: t.Iterable[datetime | None], ports: Ports) -> None:
    """Wait for a moment that is almost there: a key that is published before it would be due again in the next run."""
    iam = ports.client
    seconds = max(((moment - iam.now()).total_seconds() for moment in moments if moment), default=0)
    if seconds > 0:
        ports.tell(f"waiting {seconds:.0f} s until rotate_if_older_than: IBM Cloud's clock is behind")
        iam.clock.sleep(seconds)


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
