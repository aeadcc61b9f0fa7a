# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""SIGKILL at each system call of a write: the file is the old or the new one, and the next run clears what is left."""

from __future__ import annotations

import collections
import functools
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._declared import key_file

STRACE = shutil.which("strace")
MARK = "/here-the-write-begins"
WRITE = f"""
import os, sys
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils import _private_file
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._declared import key_file
if sys.argv[2] == "named":
    _private_file._knows_nameless = lambda: False
os.access({MARK!r}, os.F_OK)
key_file.announce(sys.argv[1], "new", "v" * 44)
"""
CALL = re.compile(r"^(\d+ +)?(\w+)\(")
NEW, OLD = {"name": "new", "apikey": "v" * 44}, {"id": "ApiKey-1", "name": "old", "apikey": "o" * 44}

pytestmark = pytest.mark.skipif(STRACE is None, reason="strace is not installed")


def run(target: Path, way: str, *words: str) -> int:
    return subprocess.run(
        [str(STRACE), *words, sys.executable, "-c", WRITE, str(target), way],
        capture_output=True,
        timeout=60,
        check=False,
    ).returncode


@functools.cache
def calls(folder: Path, way: str, *, replaces: bool) -> list[tuple[str, int]]:
    """Each system call of the write, with its number among those of its name in the whole process."""
    target, log = folder / "traced.json", folder / "log"
    if replaces:
        target.write_text(json.dumps(OLD), encoding="utf-8")
    assert run(target, way, "-o", str(log)) == 0
    counted: collections.Counter[str] = collections.Counter()
    found, is_write = [], False
    for line in log.read_text(encoding="utf-8").splitlines():
        name = CALL.match(line)
        if name is None:
            continue
        counted[name[2]] += 1
        if is_write and name[2] not in ("exit_group", "rt_sigaction", "munmap", "mmap", "brk"):
            found.append((name[2], counted[name[2]]))
        is_write = is_write or MARK in line
    target.unlink()
    log.unlink()
    return found


@pytest.mark.daily_slice
@pytest.mark.parametrize(("way", "replaces"), [("nameless", True), ("nameless", False), ("named", True)])
def test_a_write_that_is_killed_at_any_call_leaves_nothing_that_lasts(tmp_path: Path, way: str, replaces: bool) -> None:
    target, killed, leftovers = tmp_path / "deploy.json", 0, 0
    for name, number in calls(tmp_path, way, replaces=replaces):
        if replaces:
            target.write_text(json.dumps(OLD), encoding="utf-8")
        killed += run(target, way, "-e", f"trace={name}", "-e", f"inject={name}:signal=KILL:when={number}") != 0
        found = json.loads(target.read_text(encoding="utf-8")) if target.exists() else None
        assert found in ([OLD, NEW] if replaces else [None, NEW])
        left = [path for path in tmp_path.iterdir() if path != target]
        assert all(path.stat().st_mode & 0o777 == 0o600 for path in left)
        leftovers += len(left)

        key_file.announce(str(target), "new", "v" * 44)

        assert list(tmp_path.iterdir()) == [target]
        target.unlink()
    print(f"{killed} kills, {leftovers} left something")
    assert killed > 15
    # Without a name until it is complete, a file that replaces none leaves nothing at all.
    assert leftovers <= {"nameless": 2 if replaces else 0, "named": killed}[way]
