# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The files below folders and patterns in which something may be vaulted."""

from __future__ import annotations

import fnmatch
import glob
import os
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import CannotStore

_MARK = b"$ANSIBLE_VAULT"
# Those that Ansible loads variables and inventories from; a file that is encrypted as a whole may have any name.
_ENDS = frozenset({"", ".yml", ".yaml", ".json"})


def is_one_file(path: str) -> bool:
    """Whether a path means one file and no pattern, be it one that is not there."""
    return not os.path.isdir(path) and (os.path.lexists(path) or not glob.has_magic(path))


def may_hold_variables(path: str) -> bool:
    """Whether Ansible loads such a file as variables or inventory, by its name."""
    return os.path.splitext(os.path.basename(path))[1].lower() in _ENDS


def found_files(paths: t.Sequence[str], exclude: t.Sequence[str] = ()) -> list[str]:
    """Absolute paths of all files with cipher text in them, each once, in order; a file that is named is always one.

    Raises CannotStore for a path that is not there, and for a pattern that nothing matches.
    """
    found: dict[str, str] = {}
    for path in paths:
        for file in _below(path):
            if not any(_matches(file, pattern) for pattern in exclude):
                found.setdefault(os.path.realpath(file), file)
    return list(found.values())


def _below(path: str) -> t.Iterator[str]:
    if os.path.isdir(path):
        yield from filter(_has_cipher_text, _files_in(path))
        return
    if os.path.lexists(path):
        yield path
        return
    # For `folder/**` Python tells the folder even when there is none.
    matches = sorted(filter(os.path.lexists, glob.glob(path, recursive=True))) if glob.has_magic(path) else []
    if not matches:
        raise CannotStore(f"there is nothing at {path}")
    for match in matches:
        files = _files_in(match) if os.path.isdir(match) else [match]
        yield from filter(_has_cipher_text, files)


def _files_in(folder: str) -> t.Iterator[str]:
    def refuse(error: OSError) -> None:
        raise CannotStore(f"cannot read the folder {error.filename}: {error.strerror}") from None

    for parent, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (os.path.join(parent, name) for name in sorted(names))


def _has_cipher_text(path: str) -> bool:
    name = os.path.basename(path)
    if name.endswith("~") or name.startswith(".") or not os.path.isfile(path):
        return False
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError as error:
        raise CannotStore(f"cannot read {path}: {error.strerror}") from None
    return content.startswith(_MARK) or (may_hold_variables(name) and _MARK in content)


def _matches(path: str, pattern: str) -> bool:
    return fnmatch.fnmatch(path, pattern) or fnmatch.fnmatch(os.path.basename(path), pattern)
