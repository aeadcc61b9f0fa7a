# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plays a private data folder as AWX does it: what to do comes over standard input, not over argv.

AWX hands credentials over as environment variables, types the vault passwords at the prompt, and writes neither down in
the folder `env` (awx/main/tasks/jobs.py).
"""

from __future__ import annotations

import json
import sys

import ansible_runner

if __name__ == "__main__":
    done = ansible_runner.run(
        **json.load(sys.stdin),
        suppress_env_files=True,
        settings={"fact_cache_type": "jsonfile", "fact_cache": "fact_cache", "pexpect_timeout": 1},
    )
    sys.exit(done.rc)
