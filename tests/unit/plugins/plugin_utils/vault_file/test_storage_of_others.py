# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A vault file that somebody else changes while it is read or looked at."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.storage import Storage
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import ChangedMeanwhile


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "vault.yml"
    path.write_bytes(b"old")
    return path


def grows(monkeypatch: pytest.MonkeyPatch, file: Path, times: int) -> None:
    """Somebody adds to the file, so many times, each while it is open."""
    fdopen, left = os.fdopen, [times]

    def opened(descriptor: int, mode: str) -> t.Any:
        found = fdopen(descriptor, mode)
        read = found.read

        class Read:
            def __enter__(self) -> t.Any:
                return self

            def __exit__(self, *_error: object) -> None:
                found.close()

            def fileno(self) -> int:
                return int(found.fileno())

            def read(self) -> bytes:
                content = bytes(read())
                if left[0]:
                    left[0] -= 1
                    with file.open("ab") as theirs:
                        theirs.write(b"+")
                return content

        return Read()

    monkeypatch.setattr(os, "fdopen", opened)


def test_a_file_that_changed_while_it_was_read_is_read_again(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    grows(monkeypatch, file, 1)

    assert Storage(str(file), 5).read()[0] == b"old+"


def test_a_file_that_changes_all_the_time_is_told_and_not_taken_half(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grows(monkeypatch, file, 99)

    with pytest.raises(ChangedMeanwhile, match="changes all the time while it is being read"):
        Storage(str(file), 5).read()


def test_a_file_that_was_taken_away_since_it_was_read_is_told(file: Path) -> None:
    storage = Storage(str(file), 5)
    identity = storage.read()[1]
    file.unlink()

    with pytest.raises(ChangedMeanwhile, match="was taken away by somebody else since it was read"):
        storage.check_may_write(identity)


def test_a_link_that_leads_elsewhere_since_it_was_read_is_told(file: Path, tmp_path: Path) -> None:
    link, other = tmp_path / "link.yml", tmp_path / "other.yml"
    link.symlink_to(file)
    other.write_bytes(b"old")
    storage = Storage(str(link), 5)
    identity = storage.read()[1]
    link.unlink()
    link.symlink_to(other)

    with pytest.raises(ChangedMeanwhile, match="leads to another file since it was read"):
        storage.check_may_write(identity)
