# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A neighbour planted the working copy of Git: its settings would be commands, so it is never taken for ours."""

from __future__ import annotations

import os
import stat
import typing as t
from pathlib import Path

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.git_errors import GitError
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.open_store import _working_copy
from ansible_collections.cloudkeys.ibmcloud.tests.neighbours.people import KINDS, NEIGHBOUR, Yard, as_user


def _repository(target: Path) -> None:
    (target / "repository.git").mkdir(parents=True)
    (target / "repository.git" / "config").write_text("[core]\n\tsshCommand = touch /planted\n", encoding="utf-8")
    target.chmod(0o700)


def _link_to_repository(yard: Yard, target: Path) -> None:
    _repository(yard.own / "copy")
    target.symlink_to(yard.own / "copy")


PLANTS: dict[str, t.Callable[[Yard, Path], object]] = {
    "a repository": lambda _yard, target: _repository(target),
    "a link to a repository": _link_to_repository,
    "a link to a folder": lambda yard, target: target.symlink_to(yard.treasure),
    "a dangling link": lambda yard, target: target.symlink_to(yard.treasure / "new"),
    "a FIFO": lambda _yard, target: os.mkfifo(target),
    "a file": lambda _yard, target: target.write_text("planted", encoding="utf-8"),
}


def open_copy(target: Path) -> str | None:
    """What the task says, or None when it got a folder."""
    try:
        with _working_copy(str(target), keep=True):
            return None
    except GitError as error:
        return str(error)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("plant", PLANTS)
def test_what_is_planted_is_no_working_copy(plant: str, kind: str, yard_of: t.Callable[[int, str], Yard]) -> None:
    yard = yard_of(0, kind)
    target = yard.folder / "copy"
    as_user(0 if kind == "of the victim" else NEIGHBOUR, lambda: PLANTS[plant](yard, target))
    if kind == "of the victim":
        os.chown(target, NEIGHBOUR, NEIGHBOUR, follow_symlinks=False)

    told = as_user(0, lambda: open_copy(target))

    assert told is not None
    assert "working copy" in told
    yard.check_nothing_changed()


@pytest.mark.parametrize("kind", ["of everybody, sticky", "of the victim"])
def test_in_a_safe_folder_it_is_made_private(kind: str, yard_of: t.Callable[[int, str], Yard]) -> None:
    target = yard_of(12345, kind).folder / "copy"

    assert as_user(12345, lambda: open_copy(target)) is None
    assert stat.S_IMODE(target.stat().st_mode) == 0o700
    assert target.stat().st_uid == 12345
