# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Kills the run that loads this, and the process that started it, at one step of writing a vault file.

KILL_AT is `STEP WHEN`: the n-th call after a file without a name was asked for, `before` or `after` its effect. Python
imports a module of this name at its start when the folder is in PYTHONPATH.
"""

from __future__ import annotations

import os
import signal
import typing as t

STEPS = ["open", "write", "fsync", "link", "replace", "fsync"]
seen: list[str] = []


def die() -> None:
    os.kill(os.getppid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


def guard(name: str, at: int, when: str) -> None:
    """Put a kill around one of the calls."""
    call: t.Any = getattr(os, name)

    def guarded(*args: t.Any, **options: t.Any) -> t.Any:
        # Ansible makes files without a name as well, but elsewhere.
        is_ours = name == "open" and args[0] == "." and args[1] & os.O_TMPFILE == os.O_TMPFILE
        if not seen and not is_ours:
            return call(*args, **options)
        if len(seen) == len(STEPS) or name != STEPS[len(seen)]:
            return call(*args, **options)
        seen.append(name)
        is_now = len(seen) == at
        if is_now and when == "before":
            if name == "write":
                call(args[0], args[1][: len(args[1]) // 2])
            die()
        answer = call(*args, **options)
        if is_now:
            die()
        return answer

    setattr(os, name, guarded)


if "KILL_AT" in os.environ:
    number, moment = os.environ["KILL_AT"].split()
    for step in sorted(set(STEPS)):
        guard(step, int(number), moment)
