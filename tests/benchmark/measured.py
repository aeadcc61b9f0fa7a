# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs a command and writes what it took: measured.py REPORT.json COMMAND...

A small process of its own, because Linux counts for ru_maxrss what the parent had when it started a process: a
benchmark that has set a large scene would be told of itself.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path

started_at = time.monotonic()
status = subprocess.call(sys.argv[2:])
seconds = time.monotonic() - started_at
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
took = {
    "seconds": seconds,
    "processor_seconds": usage.ru_utime + usage.ru_stime,
    "megabytes": usage.ru_maxrss / 1024,
}
Path(sys.argv[1]).write_text(json.dumps(took), encoding="utf-8")
sys.exit(status)
