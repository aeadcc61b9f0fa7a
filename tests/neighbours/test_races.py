# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A neighbour who swaps names without a pause while files are written: nothing of anybody else changes."""

from __future__ import annotations

import contextlib
import os
import signal
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._declared import key_file
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import CloudkeysError
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.report_files import _write_file
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_file import Edit, VaultFile
from ansible_collections.cloudkeys.ibmcloud.tests.neighbours.people import (
    NEIGHBOUR,
    Yard,
    as_user,
    begin_as,
)
from ansible_collections.cloudkeys.ibmcloud.tests.neighbours.writers import CIPHER

SECONDS = 2.0
VALUE = "value-that-nobody-else-may-read"


def _swap_name(yard: Yard, target: Path) -> None:
    """The file, by turns a link to one of the victim's, a FIFO, and gone."""
    os.mkfifo(yard.own / "fifo")
    (yard.own / "link").symlink_to(yard.treasure / "notes.txt")
    (yard.own / "dangling").symlink_to(yard.treasure / "new")
    while True:
        for plant in ("link", "fifo", "dangling"):
            with contextlib.suppress(OSError):
                os.link(yard.own / plant, yard.own / "now", follow_symlinks=False)
                (yard.own / "now").rename(target)
            with contextlib.suppress(OSError):
                target.unlink()


def _swap_folder(_yard: Yard, target: Path) -> None:
    """The folder, by turns a folder and a link to one of the victim's."""
    folder, away = target.parent, target.parent.with_name("away")
    link = target.parent.with_name("link")
    while True:
        with contextlib.suppress(OSError):
            folder.rename(away)
            link.symlink_to("../treasure")
            link.rename(folder)
        with contextlib.suppress(OSError):
            folder.unlink()
            away.rename(folder)


def _swap_temporary_names(yard: Yard, target: Path) -> None:
    """What lies beside the file for a moment, by a file of the neighbour's."""
    while True:
        for path in target.parent.glob(".*.tmp~"):
            with contextlib.suppress(OSError):
                (yard.own / "mine").write_text("planted", encoding="utf-8")
                (yard.own / "mine").rename(path)


def _write_key(target: Path) -> None:
    key_file.check_writable(str(target))
    kept = key_file.read_kept_key(str(target))
    assert kept is None or kept.key_value == VALUE
    key_file.announce(str(target), "new", VALUE)


def _write_vault(target: Path) -> None:
    edit = Edit(("secret",), f"{VALUE} {time.monotonic()}")
    VaultFile(str(target), CIPHER, create=True).apply([edit])


def _write_report(target: Path) -> None:
    _write_file(str(target.parent), target.name, f"{VALUE} {time.monotonic()}", False)


WRITERS = {"deploy.json": _write_key, "vault.yml": _write_vault, "api-keys.csv": _write_report}
SWAPS = {"name": _swap_name, "folder": _swap_folder, "temporary name": _swap_temporary_names}


def _write_on(write: t.Callable[[Path], None], target: Path) -> dict[str, int]:
    """Write as often as there is time for; how often it went well, and how often it was refused."""
    told = {"written": 0, "refused": 0}
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        try:
            write(target)
            told["written"] += 1
        except CloudkeysError:
            told["refused"] += 1
    return told


@pytest.mark.daily_slice
@pytest.mark.parametrize("kind", ["of everybody", "of everybody, sticky", "of the neighbour"])
@pytest.mark.parametrize("swap", SWAPS)
@pytest.mark.parametrize("file_name", WRITERS)
def test_who_swaps_names_all_the_time_leads_nobody_astray(
    file_name: str, swap: str, kind: str, yard_of: t.Callable[[int, str], Yard]
) -> None:
    yard = yard_of(0, kind)
    inner = yard.folder / "inner"
    as_user(NEIGHBOUR if swap == "folder" else 0, inner.mkdir)
    inner.chmod(0o777 if kind == "of everybody" else 0o1777 if kind == "of everybody, sticky" else 0o755)
    if kind == "of the neighbour":
        os.chown(inner, NEIGHBOUR, NEIGHBOUR)
    target = inner / file_name

    neighbour = begin_as(NEIGHBOUR, lambda: SWAPS[swap](yard, target))
    try:
        told = as_user(0, lambda: _write_on(WRITERS[file_name], target))
    finally:
        os.kill(neighbour, signal.SIGKILL)
        os.waitpid(neighbour, 0)

    print(told)
    yard.check_nothing_changed()
    assert file_name == "api-keys.csv" or VALUE.encode() not in yard.read_by_neighbour()
