# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Faults that wait for the requests they are meant for."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from .messages import Request
from .refusals import invalid
from .strikes import KINDS, Fault, Kind

MATCHING_OPTIONS: Mapping[str, tuple[type, ...]] = {
    "kind": (str,),
    "method": (str,),
    "path": (str,),
    "skip": (int,),
    "times": (int,),
}


def parse_fault(wish: object) -> Fault:
    """Read one fault; anything unknown or of a wrong type is refused."""
    if not isinstance(wish, dict) or wish.get("kind") not in KINDS:
        raise invalid(f"a fault is an object whose kind is one of {', '.join(KINDS)}")
    kind = KINDS[wish["kind"]]
    _check_options(wish, kind)
    options = {name: value for name, value in wish.items() if name not in MATCHING_OPTIONS}
    if wish["kind"] == "kill":
        options["pid"] = _foreign_process_group(options)
    try:
        method, path = (re.compile(wish.get(name, "")) for name in ("method", "path"))
    except re.error as error:
        raise invalid(f"not a regular expression: {error}") from None
    if not method.pattern:
        method = re.compile(".*")
    return Fault(wish["kind"], method, path, wish.get("skip", 0), wish.get("times", 1), options)


def _check_options(wish: Mapping[str, Any], kind: Kind) -> None:
    types = {**MATCHING_OPTIONS, **kind.required, **kind.optional}
    for name, value in wish.items():
        if name not in types or type(value) not in types[name]:
            raise invalid(f"fault {wish['kind']} does not take {name}={value!r}")
    if wish.get("skip", 0) < 0 or wish.get("times", 1) < 1:
        raise invalid("skip is at least 0, times at least 1")
    absent = kind.required.keys() - wish.keys()
    if absent:
        raise invalid(f"fault {wish['kind']} needs {', '.join(sorted(absent))}")


def _foreign_process_group(options: Mapping[str, Any]) -> int:
    if options["when"] not in ("before", "after"):
        raise invalid("when must be before or after")
    try:
        group = os.getpgid(options["pid"]) if options["pid"] > 1 else 0
    except ProcessLookupError:
        raise invalid(f"there is no process {options['pid']}") from None
    # A kill must never reach the emulator itself or everything.
    if group in (0, 1, os.getpgrp()):
        raise invalid("the process must be in a process group of its own")
    return group


class Faults:
    """The faults that still wait, in the order in which they were asked for."""

    def __init__(self) -> None:
        self.waiting: list[Fault] = []

    def add(self, wishes: object) -> None:
        """Take in a list of faults; all of them or none."""
        if not isinstance(wishes, list):
            raise invalid("faults come as a list")
        self.waiting.extend([parse_fault(wish) for wish in wishes])

    def next_for(self, request: Request) -> Fault | None:
        """The fault that strikes this request; the others count it as seen."""
        chosen: Fault | None = None
        for fault in [fault for fault in self.waiting if fault.matches(request)]:
            if fault.skip > 0:
                fault.skip -= 1
            elif chosen is None:
                chosen = fault
        if chosen is not None:
            chosen.times -= 1
        self.waiting = [fault for fault in self.waiting if fault.times > 0]
        return chosen
