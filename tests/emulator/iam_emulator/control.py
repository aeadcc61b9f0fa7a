# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The side channel with which tests steer the emulator; README.md describes it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from . import scenery
from .bodies import check_properties, require
from .messages import NO_CONTENT, Answer, Request, json_answer
from .refusals import Refusal, invalid
from .world import World

if TYPE_CHECKING:
    from .emulator import Emulator

Control = Callable[["Emulator", Any], Answer]


def _show_requests(emulator: Emulator, _body: Any) -> Answer:
    return json_answer(emulator.requests)


def _reset(emulator: Emulator, _body: Any) -> Answer:
    emulator.reset()
    return NO_CONTENT


def _settle(emulator: Emulator, _body: Any) -> Answer:
    emulator.settle()
    return NO_CONTENT


def _set_latency(emulator: Emulator, body: Any) -> Answer:
    milliseconds = _only_number(body, "milliseconds")
    if milliseconds < 0:
        raise invalid("milliseconds cannot be negative")
    emulator.latency_ms = int(milliseconds)
    return NO_CONTENT


def _advance_clock(emulator: Emulator, body: Any) -> Answer:
    emulator.clock.advance(_only_number(body, "advance_seconds"))
    return json_answer({"now": emulator.clock.now()})


def _show_faults(emulator: Emulator, _body: Any) -> Answer:
    return json_answer([fault.show() for fault in emulator.faults.waiting])


def _add_faults(emulator: Emulator, body: Any) -> Answer:
    emulator.faults.add(body)
    return NO_CONTENT


def _clear_faults(emulator: Emulator, _body: Any) -> Answer:
    emulator.faults.waiting.clear()
    return NO_CONTENT


def _change_settings(emulator: Emulator, body: Any) -> Answer:
    if not isinstance(body, dict):
        raise invalid("settings come as an object")
    emulator.change_settings(**body)
    return NO_CONTENT


def _add_account(emulator: Emulator, _body: Any) -> Answer:
    return json_answer(asdict(emulator.add_account()))


def _add_user(emulator: Emulator, body: Any) -> Answer:
    check_properties(body, {"name": str, "roles": list, "account_id": str})
    return json_answer(scenery.add_user(_world_in(emulator, body), body.get("name", ""), body.get("roles", [])))


def _grant(emulator: Emulator, body: Any) -> Answer:
    check_properties(body, {"iam_id": str, "roles": list, "account_id": str, "service_id": str})
    require(body, "iam_id")
    scenery.grant(_world_in(emulator, body), body["iam_id"], body.get("roles", []), body.get("service_id"))
    return NO_CONTENT


def _link_compute_resource(emulator: Emulator, body: Any) -> Answer:
    check_properties(body, {"profile_id": str, "account_id": str})
    require(body, "profile_id")
    return json_answer({"cr_token": scenery.link_compute_resource(_world_in(emulator, body), body["profile_id"])})


def _leak(emulator: Emulator, body: Any) -> Answer:
    check_properties(body, {"id": str, "account_id": str})
    require(body, "id")
    scenery.leak(_world_in(emulator, body), body["id"])
    return NO_CONTENT


def _world_in(emulator: Emulator, body: Any) -> World:
    account_id = body.get("account_id", emulator.seed.account_id)
    if account_id not in emulator.worlds:
        raise invalid(f"unknown account {account_id}")
    return emulator.worlds[account_id]


def _allow_addresses(emulator: Emulator, body: Any) -> Answer:
    check_properties(body, {"id": str, "allowed_ip_addresses": str, "account_id": str})
    require(body, "id")
    scenery.allow_addresses(_world_in(emulator, body), body["id"], body.get("allowed_ip_addresses", ""))
    return NO_CONTENT


CONTROLS: dict[tuple[str, str], Control] = {
    ("GET", "requests"): _show_requests,
    ("POST", "reset"): _reset,
    ("POST", "settle"): _settle,
    ("POST", "latency"): _set_latency,
    ("POST", "clock"): _advance_clock,
    ("GET", "faults"): _show_faults,
    ("POST", "faults"): _add_faults,
    ("DELETE", "faults"): _clear_faults,
    ("POST", "settings"): _change_settings,
    ("POST", "accounts"): _add_account,
    ("POST", "users"): _add_user,
    ("POST", "roles"): _grant,
    ("POST", "compute_resources"): _link_compute_resource,
    ("POST", "leaks"): _leak,
    ("POST", "addresses"): _allow_addresses,
}


def answer_control(emulator: Emulator, request: Request) -> Answer:
    """Carry out one request of the side channel."""
    control = CONTROLS.get((request.method, request.path.removeprefix("/__emulator__/")))
    try:
        if control is None or emulator.is_sealed:
            raise Refusal(404, f"no such control: {request.method} {request.path}")
        return control(emulator, _body_of(request))
    except Refusal as refusal:
        return json_answer({"error": refusal.message}, refusal.status)


def _body_of(request: Request) -> Any:
    try:
        return json.loads(request.body) if request.body else None
    except ValueError:
        raise invalid("the body is not JSON") from None


def _only_number(body: Any, name: str) -> float:
    if not isinstance(body, dict) or body.keys() != {name} or type(body[name]) not in (int, float):
        raise invalid(f'the body must look like {{"{name}": 1}}')
    return float(body[name])
