# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The files below folders and patterns in which something may be vaulted."""

from __future__ import annotations

import errno
import fnmatch
import glob
import os
import re
import stat
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import CannotStore

_MARK = b"$ANSIBLE_VAULT"
# A value in YAML and in JSON; cipher text without one is an example, or a note.
_OF_VALUES = (b"!vault", b"__ansible_vault")
# Those that Ansible loads variables and inventories from; a file that is encrypted as a whole may have any name.
_ENDS = frozenset({"", ".yml", ".yaml", ".json"})
# Here a file is named after a host or group, and `web1.example.com` has no ending to Ansible.
_NAMED_AFTER_HOSTS = frozenset({"group_vars", "host_vars"})
_NO_FILE = frozenset({errno.ENOENT, errno.ELOOP, errno.ENOTDIR})
_SHOWN = 5
_BLOCK_BYTES = 1 << 20
# What is never looked at below folders, so a pattern for it leaves nothing out.
_HIDDEN = re.compile(r"(^|/)\.[^/]|~$")


def is_one_file(path: str) -> bool:
    """Whether a path means one file and no pattern, be it one that is not there."""
    return not os.path.isdir(path) and (os.path.lexists(path) or not glob.has_magic(path))


def may_hold_variables(path: str) -> bool:
    """Whether Ansible loads such a file as variables or inventory, by its name."""
    return _is_named_after_a_host(path) or _has_end_of_variables(path)


def _has_end_of_variables(path: str) -> bool:
    return os.path.splitext(os.path.basename(path))[1].lower() in _ENDS


def _is_named_after_a_host(path: str) -> bool:
    return os.path.basename(os.path.dirname(path)) in _NAMED_AFTER_HOSTS


def found_files(
    paths: t.Sequence[str], exclude: t.Sequence[str] = (), left: t.Callable[[str], None] = lambda path: None
) -> list[str]:
    """Absolute paths of all files with cipher text in them, each once, in order; a file that is named is always one.

    `left` is told of each file with values in it from which Ansible loads no variables by itself. Raises CannotStore
    for a path that is not there, and for a pattern, of `exclude` too, that nothing matches.
    """
    found: dict[str, str] = {}
    unused = set(exclude)
    for path in paths:
        for file, is_named in _below(path):
            real = os.path.realpath(file)
            # A link must not lead to what is to be spared.
            excluding = {pattern for pattern in exclude if matches(file, pattern) or matches(real, pattern)}
            unused -= excluding
            if not excluding and (is_named or _has_cipher_text(file, left)):
                found.setdefault(real, file)
    refuse_unused(exclude, unused)
    return list(found.values())


def refuse_outside(files: t.Sequence[str], paths: t.Sequence[str]) -> None:
    """Raises CannotStore for a file that only a link leads to: who laid it, in a repository maybe, chose the file."""
    tops = [os.path.realpath(_top(path)) for path in paths]
    for file in files:
        real = os.path.realpath(file)
        if not any(real == top or real.startswith(os.path.join(top, "")) for top in tops):
            raise CannotStore(
                f"{file} leads to {real} by a link, which is in none of the folders in paths; name that file or its "
                "folder too, or leave the link out with exclude"
            )


def _top(path: str) -> str:
    """What a path stands for all of; of a pattern the folder before the first sign of one."""
    while glob.has_magic(path) and not os.path.lexists(path):
        path = os.path.dirname(path)
    return path


def told_of_files(files: t.Sequence[str], left: t.Sequence[str]) -> t.Iterator[str]:
    """Warnings about what was not looked into, for a task that would else look as if all were done."""
    if not files:
        yield "no file below these paths holds cipher text, so there was nothing to look at; see whether they are right"
    if left:
        more = f", and {len(left) - _SHOWN} more" if len(left) > _SHOWN else ""
        yield (
            f"not looked into, because Ansible loads no variables by itself from files of such names: "
            f"{', '.join(left[:_SHOWN])}{more}; name a file itself if something else loads it"
        )


def refuse_unused(exclude: t.Sequence[str], unused: t.Collection[str]) -> None:
    """One with a slip of the pen would leave nothing out, and what was to be spared would be done."""
    patterns = [pattern for pattern in exclude if pattern in unused and not _HIDDEN.search(pattern)]
    if patterns:
        raise CannotStore(
            f"exclude: no file matches {patterns[0]!r}, so it leaves nothing out; a pattern is compared with the whole "
            "path, as in */archive/*, and with the name of each file"
        )


def _below(path: str) -> t.Iterator[tuple[str, bool]]:
    """Every file, and whether it is named itself."""
    if os.path.isdir(path):
        yield from ((file, False) for file in _files_in(path))
        return
    if os.path.lexists(path):
        yield path, True
        return
    if not glob.has_magic(path):
        raise CannotStore(f"there is nothing at {path}")
    _refuse_closed(path)
    # For `folder/**` Python tells the folder even when there is none.
    matches = sorted(filter(os.path.lexists, glob.glob(path, recursive=True)))
    if not matches:
        raise CannotStore(f"there is nothing at {path}")
    for match in matches:
        files = _files_in(match) if os.path.isdir(match) else [match]
        yield from ((file, False) for file in files)


def _refuse_closed(pattern: str) -> None:
    """A folder on the way that may not be read is simply no match to Python."""
    head = os.path.dirname(pattern)
    folders = glob.glob(head, recursive=True) if glob.has_magic(head) else [head]
    if glob.has_magic(head):
        _refuse_closed(head)
    for folder in filter(os.path.isdir, folders):
        if not os.access(folder, os.R_OK | os.X_OK):
            raise CannotStore(f"cannot read the folder {folder}: {os.strerror(errno.EACCES)}")


def _files_in(folder: str) -> t.Iterator[str]:
    """Through links to folders as well, as Ansible goes; each folder once, for a link may lead back."""

    def refuse(error: OSError) -> None:
        raise CannotStore(f"cannot read the folder {error.filename}: {error.strerror}") from None

    seen: set[str] = set()
    for parent, folders, names in os.walk(folder, onerror=refuse, followlinks=True):
        real = os.path.realpath(parent)
        # Real folders first: a link beside one does not take its name.
        folders.sort(key=lambda name: (os.path.islink(os.path.join(parent, name)), name))
        folders[:] = [] if real in seen else [name for name in folders if not name.startswith(".")]
        yield from (os.path.join(parent, name) for name in ([] if real in seen else sorted(names)))
        seen.add(real)


def _has_cipher_text(path: str, left: t.Callable[[str], None]) -> bool:
    return is_looked_into(path, b"" if path.endswith("~") else _content(path), left)


def is_looked_into(path: str, content: bytes, left: t.Callable[[str], None]) -> bool:
    """Whether a file that was not named itself is one of the found, by its name and by what is in it."""
    name = os.path.basename(path)
    is_hidden = name.startswith(".")
    if name.endswith("~"):
        return False
    if _MARK not in content or (not is_hidden and (content.startswith(_MARK) or _has_end_of_variables(path))):
        return _MARK in content
    has_values = content.startswith(_MARK) or any(each in content for each in _OF_VALUES)
    if has_values and (is_hidden or not _is_named_after_a_host(path)):
        left(path)
        return False
    return has_values


def _content(path: str) -> bytes:
    """Nothing for what is no file, such as a link to none, and for a file without cipher text, which may be huge."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return b""
        with open(path, "rb") as file:
            if not _holds_mark(file):
                return b""
            file.seek(0)
            return file.read()
    except OSError as error:
        if error.errno in _NO_FILE:
            return b""
        raise CannotStore(f"cannot read {path}: {error.strerror}") from None


def _holds_mark(file: t.BinaryIO) -> bool:
    end = b""
    while block := file.read(_BLOCK_BYTES):
        if _MARK in end + block:
            return True
        end = block[-len(_MARK) :]
    return False


def matches(path: str, pattern: str) -> bool:
    """Whether a pattern of `exclude` leaves a file out."""
    return fnmatch.fnmatch(path, pattern) or fnmatch.fnmatch(os.path.basename(path), pattern)
