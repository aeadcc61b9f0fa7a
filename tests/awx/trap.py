# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the hooks `pre-receive` and `post-receive` of the repository run: kills the job which pushes.

`trap.json` says at which push (`at`, counted from 0) and when: `before` it lands, `after` it, or `late`: the job is
dead, and the push lands a while later all the same.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

LATE_SECONDS = 2.5


def ancestors_that_are_ansible() -> list[int]:
    """The worker that pushes and the main process of its job, and nothing above them."""
    found = []
    pid = os.getppid()
    while pid > 1:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        if b"ansible-playbook" in b" ".join(words[:2]):
            found.append(pid)
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
        pid = int(stat.rpartition(")")[2].split()[1])
    return found


def kill_the_job() -> None:
    pids = ancestors_that_are_ansible()
    for action in (signal.SIGSTOP, signal.SIGKILL):
        for pid in pids:
            os.kill(pid, action)


def main() -> int:
    trap_file, count_file = Path("trap.json"), Path("pushes")
    (hook,) = sys.argv[1:]
    number = len(count_file.read_text()) if count_file.exists() else 0
    if hook == "post-receive":
        number -= 1
    else:
        count_file.write_text("x" * (number + 1))
    trap = json.loads(trap_file.read_text()) if trap_file.exists() else {"at": None, "when": None}
    is_here = number == trap["at"] and (trap["when"] == "after") == (hook == "post-receive")
    if not is_here:
        return 0
    trap_file.unlink()
    kill_the_job()
    if trap["when"] == "late":
        time.sleep(LATE_SECONDS)
    return int(trap["when"] == "before")


if __name__ == "__main__":
    sys.exit(main())
