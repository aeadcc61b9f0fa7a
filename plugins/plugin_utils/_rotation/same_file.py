# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which paths mean one file: through links, mounts and other spellings, and also while the file is not there yet."""

from __future__ import annotations

import os
import typing as t
import unicodedata

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused

Stat = t.Callable[[str], os.stat_result]


def first_spellings(paths: t.Iterable[str], stat: Stat = os.stat) -> dict[str, str]:
    """Each path -> the first of them that means the same file on this machine."""
    first: dict[object, str] = {}
    return {path: first.setdefault(_identity(path, stat), path) for path in paths}


def check_letter_case(paths: t.Iterable[str]) -> None:
    """Raise TaskRefused for paths in a repository that one folder cannot hold on every machine."""
    first: dict[str, str] = {}
    for path in paths:
        other = first.setdefault(_folded(path), path)
        if other != path:
            raise TaskRefused(
                f"{other} and {path} are one file where letter case does not count, and nothing was done: give them "
                "the same spelling, or rename one in the repository"
            )


def _identity(path: str, stat: Stat) -> tuple[object, ...]:
    """The file, or the folder nearest to it that is there and the rest of the way."""
    found, real, missing = None, os.path.realpath(path), ""
    while found is None:
        try:
            found = stat(real)
        except OSError:
            real, name = os.path.split(real)
            missing = os.path.join(name, missing) if missing else name
            if not name:
                return (path,)
    if missing and _ignores_case(real, stat):
        missing = _folded(missing)
    # Some file systems over a network number nothing.
    return (found.st_dev, found.st_ino or real, missing)


def _ignores_case(folder: str, stat: Stat) -> bool:
    """Whether the folder is found in other letters too: then so are the files that it will hold."""
    while folder.swapcase() != folder:
        above, name = os.path.split(folder)
        other = os.path.join(above, name.swapcase())
        if other != folder:
            try:
                return os.path.samestat(stat(folder), stat(other))
            except OSError:
                return False
        folder = above
    return False


def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", path).casefold()
