# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The files in which a run may have left something."""

from __future__ import annotations

import os
import tempfile
import typing as t
from pathlib import Path


def files_of_a_run(root: Path, since: float) -> list[Path]:
    """Everything below `root`, and what is new in the temp folders of the system and of Ansible."""
    files = [*new_files(root, 0), *new_files(Path.home() / ".ansible" / "tmp", since)]
    # pytest keeps the folders of all its runs there.
    return files + [path for path in new_files(Path(tempfile.gettempdir()), since) if "pytest-of-" not in str(path)]


def new_files(folder: Path, since: float) -> t.Iterator[Path]:
    """Files changed since a moment; a folder whose entries are all older is not looked into."""
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        try:
            is_new = entry.stat(follow_symlinks=False).st_mtime >= since
        except OSError:
            continue
        if is_new and entry.is_dir(follow_symlinks=False):
            yield from new_files(Path(entry.path), since)
        elif is_new and entry.is_file(follow_symlinks=False):
            yield Path(entry.path)


def content_of(path: Path) -> bytes:
    """What a file holds; nothing if it is gone."""
    try:
        return path.read_bytes()
    except OSError:
        return b""
