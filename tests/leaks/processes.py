# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The processes of one run, and of no other program on this machine.

A process counts when the mark is in the environment that it began with: children inherit it, and keep it when they have
a session of their own or their parent ends. One that was started without it counts when its parent counts, or who leads
its session; what counted once counts to its end.
"""

from __future__ import annotations

import os
import secrets
import typing as t
from pathlib import Path

from ansible_collections.cloudkeys.ibmcloud.tests.faults.files import content_of

MARK = "CLOUDKEYS_RUN_OF_A_TEST"


class Shown(t.NamedTuple):
    """What the system tells about a process."""

    parent: str
    session: str
    arguments: bytes
    environment: bytes


class OwnProcesses:
    """Those that were started with `environ`, and their descendants."""

    def __init__(self) -> None:
        self.environ = {MARK: secrets.token_hex(8)}
        self._mark = f"{MARK}={self.environ[MARK]}".encode()
        self._older = _numbers()
        self._own: set[str] = set()

    def look(self) -> list[Shown]:
        """The processes of the run at this moment."""
        shown = {number: _shown(number) for number in _numbers() - self._older}
        self._own |= {number for number, each in shown.items() if self._mark in each.environment.split(b"\0")}
        found = self._own
        while found:
            found = {number for number, each in shown.items() if self._own & {each.parent, each.session}} - self._own
            self._own |= found
        return [each for number, each in shown.items() if number in self._own]


def _numbers() -> set[str]:
    return {name for name in os.listdir("/proc") if name.isdigit()}


def _shown(number: str) -> Shown:
    folder = Path("/proc", number)
    # The name of the program stands in brackets and may hold anything; after it come state, parent, group, session.
    after_name = content_of(folder / "stat").decode(errors="replace").rpartition(")")[2].split()
    parent, _group, session = after_name[1:4] if after_name else ("", "", "")
    return Shown(parent, session, content_of(folder / "cmdline"), content_of(folder / "environ"))
