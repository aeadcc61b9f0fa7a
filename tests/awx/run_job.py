# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs one job with ansible-runner, with what AWX gives to it, and deletes the job's folder; a process of its own.

What the job is about comes in the variable JOB, so that no secret of it is in a file.
"""

from __future__ import annotations

import json
import os
import shutil
import sys

import ansible_runner

LISTENS_EVERY_SECONDS = 0.2


def main() -> int:
    job = json.loads(os.environ.pop("JOB"))
    events = []

    def remember(event: dict[str, object]) -> bool:
        events.append(event)
        return False

    try:
        done = ansible_runner.interface.run(
            private_data_dir=job["folder"],
            ident="1",
            playbook=job["playbook"],
            inventory=f"{job['folder']}/inventory/hosts",
            cmdline=job["cmdline"],
            envvars=job["environ"],
            passwords=job["passwords"],
            quiet=True,
            settings={"pexpect_timeout": LISTENS_EVERY_SECONDS},
            # AWX keeps these off the disk; runner writes the environment to `command` in any case.
            suppress_env_files=True,
            event_handler=remember,
        )
    finally:
        shutil.rmtree(job["folder"], ignore_errors=True)
    print("\n".join(str(event["stdout"]) for event in events if event.get("stdout")))
    with open(job["events"], "w", encoding="utf-8") as stream:
        json.dump(events, stream)
    return int(done.status != "successful")


if __name__ == "__main__":
    sys.exit(main())
