# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""SIGKILL, a full disk, and two runs at once, with real processes: the file is the old one or the new one."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import time
from pathlib import Path

import pytest
from ansible_collections.cloudkeys.ibmcloud.tests.vault_runs.place import MODULE, Place

DEV = "--vault-id=dev@dev.password"
KILLER = str(Path(__file__).parent / "killer")
TOO_SMALL = 64 * 1024
PLAY = """\
- hosts: all
  gather_facts: false
  tasks:
    - {module}:
        path: {file}
        name: "{{{{ inventory_hostname }}}}"
        value: "value of {{{{ inventory_hostname }}}}"
"""


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("step", [1, 2, 3, 4, 5, 6])
def test_a_killed_run_leaves_the_old_or_the_new_file(place: Place, step: int, moment: str) -> None:
    place.set_here("key", "old-value")
    old = place.file.read_bytes()

    killed = place.set("name=key value=new-value", DEV, environ={"KILL_AT": f"{step} {moment}", "PYTHONPATH": KILLER})

    is_replaced = step == 6 or (step, moment) == (5, "after")
    has_name = (step, moment) in ((4, "after"), (5, "before"))
    wait_until_gone(place)
    assert killed.returncode == -signal.SIGKILL
    assert (place.file.read_bytes() == old) == (not is_replaced)
    assert place.loaded() == {"key": "new-value" if is_replaced else "old-value"}
    assert len(place.leftovers()) == (1 if has_name else 0)
    for leftover in place.leftovers():
        assert leftover.endswith("~")
        assert b"new-value" not in (place.folder / leftover).read_bytes()
    # A killed process still holds its lock for the moment in which the system ends it.
    place.set_here("other", "x", lock_timeout_seconds=5)
    assert place.loaded() == {"key": "new-value" if is_replaced else "old-value", "other": "x"}
    assert place.leftovers() == []


def wait_until_gone(place: Place) -> None:
    """Two processes were killed, and only one of them is our child."""
    for _turn in range(100):
        links = [link for link in Path("/proc").glob("[0-9]*/cwd") if points_to(link, place.folder)]
        if not links:
            return
        time.sleep(0.05)
    raise AssertionError(links)


def points_to(link: Path, folder: Path) -> bool:
    try:
        return os.readlink(link) == str(folder)
    except OSError:
        return False


def test_of_two_runs_with_twenty_variables_each_forty_arrive(place: Place) -> None:
    place.set_here("first", "x")
    (place.folder / "play.yml").write_text(PLAY.format(module=MODULE, file=place.file), encoding="utf-8")
    names = [[f"{run}_{number}" for number in range(20)] for run in ("one", "two")]

    runs = [
        place.start("ansible-playbook", "play.yml", "-i", ",".join(hosts) + ",", "-f", "20", DEV) for hosts in names
    ]
    outputs = [run.communicate(timeout=120)[0] for run in runs]

    assert [run.returncode for run in runs] == [0, 0], outputs
    assert place.loaded() == {"first": "x"} | {name: f"value of {name}" for hosts in names for name in hosts}
    assert place.leftovers() == []


def test_a_file_that_grows_too_large_stays_as_it_was(place: Place) -> None:
    place.set_here("key", "old-value")
    place.file.write_bytes(place.file.read_bytes() + b"# a comment\n" * (TOO_SMALL // 12))
    old = place.file.read_bytes()

    failed = place.set(
        "name=key value=new-value",
        DEV,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (TOO_SMALL, TOO_SMALL)),
    )

    assert failed.returncode != 0
    assert "cannot write" in failed.stdout
    assert "File too large" in failed.stdout
    assert (place.file.read_bytes(), place.leftovers()) == (old, [])


def may_mount() -> bool:
    try:
        return subprocess.run(["unshare", "-rm", "true"], check=False, capture_output=True).returncode == 0
    except OSError:
        return False


@pytest.mark.skipif(not may_mount(), reason="this system lets nobody make a mount namespace of their own")
@pytest.mark.parametrize(
    ("mounts", "message"),
    [
        # 8 KiB: the old file fits, the new one beside it does not.
        ("mount -t tmpfs -o size=8k none store && cp vault.yml store/", "No space left"),
        ("cp vault.yml store/ && mount --bind vault.yml store/vault.yml", "mount its folder instead"),
        ("cp vault.yml store/ && mount --bind store store && mount -o remount,ro,bind store", "may not be written"),
    ],
)
def test_a_folder_that_takes_no_file_keeps_the_old_one(place: Place, mounts: str, message: str) -> None:
    place.set_here("key", "old-value")
    place.file.write_bytes(place.file.read_bytes() + b"# a comment\n" * 500)
    (place.folder / "store").mkdir()
    change = f'ansible localhost -m {MODULE} -a "path=store/vault.yml name=key value=new-value" {DEV}'
    same = "cmp vault.yml store/vault.yml && ls -A store"

    run = place.run("unshare", "-rm", "sh", "-c", f"{mounts} && ! {change} && {same}")

    assert run.returncode == 0, run.stdout + run.stderr
    assert message in run.stdout
    assert run.stdout.rstrip().endswith("\nvault.yml")
