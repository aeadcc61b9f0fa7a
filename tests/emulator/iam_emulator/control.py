# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The side channel with which tests steer the emulator; README.md describes it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .messages import NO_CONTENT, Answer, Request, json_answer
from .refusals import Refusal, invalid

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
}


def answer_control(emulator: Emulator, request: Request) -> Answer:
    """Carry out one request of the side channel."""
    control = CONTROLS.get((request.method, request.path.removeprefix("/__emulator__/")))
    try:
        if control is None:
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
