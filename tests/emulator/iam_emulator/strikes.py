# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The kinds of faults, and what each does to the request that it strikes."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import re
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from .messages import CUT, Answer, Request
from .refusals import Refusal

PROXY_PAGE = b"<html><head><title>Bad Gateway</title></head><body>The proxy got no answer.</body></html>"


@dataclass
class Fault:
    """One thing that goes wrong `times` times, after `skip` matching requests."""

    kind: str
    method: re.Pattern[str]
    path: re.Pattern[str]
    skip: int
    times: int
    options: dict[str, Any] = field(default_factory=dict)

    def matches(self, request: Request) -> bool:
        """Whether the fault is meant for requests like this one."""
        return bool(self.method.fullmatch(request.method) and self.path.search(request.path))

    def show(self) -> dict[str, Any]:
        """What is left of the fault."""
        shown = {"kind": self.kind, "method": self.method.pattern, "path": self.path.pattern}
        return {**shown, "skip": self.skip, "times": self.times, **self.options}


class Stage(Protocol):
    """What a fault may do with the request that it strikes."""

    def serve(self, request: Request) -> Answer:
        """Let the request have its effect."""

    def refuse(self, request: Request, refusal: Refusal) -> Answer:
        """Answer with an error body."""

    def postpone(self, request: Request, seconds: float) -> None:
        """Let the request have its effect later."""


Strike = Callable[[Fault, Request, Stage], Answer]


def _status(fault: Fault, request: Request, stage: Stage) -> Answer:
    options = fault.options
    refusal = Refusal(options["status"], "This error was asked for.", options.get("code"), options.get("details"))
    answer = stage.refuse(request, refusal)
    if "retry_after" not in fault.options:
        return answer
    return Answer(answer.status, {**answer.headers, "Retry-After": str(fault.options["retry_after"])}, answer.body)


def _status_after_effect(fault: Fault, request: Request, stage: Stage) -> Answer:
    stage.serve(request)
    return _status(fault, request, stage)


def _cut_before(_fault: Fault, _request: Request, _stage: Stage) -> Answer:
    return CUT


def _cut_after(_fault: Fault, request: Request, stage: Stage) -> Answer:
    stage.serve(request)
    return CUT


def _torn(_fault: Fault, request: Request, stage: Stage) -> Answer:
    return replace(stage.serve(request), is_torn=True)


def _slow(fault: Fault, request: Request, stage: Stage) -> Answer:
    return replace(stage.serve(request), **fault.options)


def _late(fault: Fault, request: Request, stage: Stage) -> Answer:
    stage.postpone(request, fault.options["seconds"])
    return CUT


def _proxy_page(fault: Fault, _request: Request, _stage: Stage) -> Answer:
    body = fault.options.get("body")
    headers = {"Content-Type": fault.options.get("content_type", "text/html")}
    return Answer(fault.options.get("status", 502), headers, PROXY_PAGE if body is None else body.encode())


def _altered(fault: Fault, request: Request, stage: Stage) -> Answer:
    answer = stage.serve(request)
    if not answer.body:
        return answer
    return replace(answer, body=json.dumps(_altered_in(answer.json(), fault.options["members"])).encode())


def _altered_in(node: Any, members: Mapping[str, Any]) -> Any:
    """The same with other values for these members, wherever they stand."""
    if isinstance(node, list):
        return [_altered_in(each, members) for each in node]
    if isinstance(node, dict):
        return {name: members[name] if name in members else _altered_in(value, members) for name, value in node.items()}
    return node


def _large(fault: Fault, request: Request, stage: Stage) -> Answer:
    """JSON with a long member of no meaning; blanks pack well, which is the point."""
    answer = stage.serve(request)
    filler = json.dumps({"filler": " " * int(fault.options["megabytes"] * 2**20)}).encode()
    body = filler[:-1] + b", " + answer.body[1:] if answer.body.startswith(b"{") else filler
    if not fault.options.get("packed"):
        return replace(answer, body=body)
    return replace(answer, headers={**answer.headers, "Content-Encoding": "gzip"}, body=gzip.compress(body))


def _invalid_token_once(_fault: Fault, request: Request, stage: Stage) -> Answer:
    return stage.refuse(request, Refusal(401, "The provided access token is invalid."))


def _kill(fault: Fault, request: Request, stage: Stage) -> Answer:
    if fault.options["when"] == "after":
        stage.serve(request)
    groups = [fault.options["pid"]]
    if fault.options.get("tree"):
        # Nobody may see the end of another one and start something.
        os.killpg(fault.options["pid"], signal.SIGSTOP)
        groups += _groups_below(fault.options["pid"])
    for group in groups:
        # A group that ended by itself looks the same to the client.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)
    return CUT


def _groups_below(pid: int) -> list[int]:
    """The process groups of all descendants; Linux only."""
    parents: dict[int, tuple[int, int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # The name of the program, in parentheses, may hold anything.
            _state, parent, group = stat.read_text(errors="replace").rpartition(")")[2].split()[:3]
            parents[int(stat.parent.name)] = (int(parent), int(group))
    below = {pid}
    while True:
        more = {child for child, (parent, _group) in parents.items() if parent in below} - below
        if not more:
            return [parents[child][1] for child in below - {pid}]
        below |= more


@dataclass(frozen=True)
class Kind:
    """How a fault strikes and which options it needs or takes."""

    strike: Strike
    required: Mapping[str, tuple[type, ...]] = field(default_factory=dict)
    optional: Mapping[str, tuple[type, ...]] = field(default_factory=dict)


_STATUS_OPTIONS: Mapping[str, tuple[type, ...]] = {"retry_after": (int, str), "code": (str,), "details": (str,)}
KINDS: dict[str, Kind] = {
    "status": Kind(_status, {"status": (int,)}, _STATUS_OPTIONS),
    "status_after_effect": Kind(_status_after_effect, {"status": (int,)}, _STATUS_OPTIONS),
    "cut_before": Kind(_cut_before),
    "cut_after": Kind(_cut_after),
    "torn": Kind(_torn),
    "slow": Kind(_slow, optional={"seconds_before": (int, float), "seconds_per_byte": (int, float)}),
    "late": Kind(_late, {"seconds": (int, float)}),
    "proxy_page": Kind(_proxy_page, optional={"status": (int,), "content_type": (str,), "body": (str,)}),
    "altered": Kind(_altered, {"members": (dict,)}),
    "large": Kind(_large, {"megabytes": (int, float)}, {"packed": (bool,)}),
    "invalid_token_once": Kind(_invalid_token_once),
    "kill": Kind(_kill, {"pid": (int,), "when": (str,)}, {"tree": (bool,)}),
}


def strike(fault: Fault, request: Request, stage: Stage) -> Answer:
    """Let the fault happen to the request."""
    return KINDS[fault.kind].strike(fault, request, stage)
