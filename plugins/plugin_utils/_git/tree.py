# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is in a commit: all entries of its tree, which of them hold a text, and the bytes of many files at a time."""

from __future__ import annotations

import typing as t
from collections.abc import Sequence
from dataclasses import dataclass

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.git_errors import GitError
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.program import Git

FILE_MODES = frozenset({"100644", "100755"})
_LINK_MODE = "120000"
# What Git prints is held in memory, so it is asked for some files at a time.
_READ_AT_ONCE = 200


@dataclass(frozen=True)
class Entry:
    """A file, a symbolic link or a submodule; `path` may hold whatever a name may hold, as Python names files."""

    path: str
    mode: str
    blob: str

    @property
    def is_file(self) -> bool:
        return self.mode in FILE_MODES

    @property
    def is_link(self) -> bool:
        return self.mode == _LINK_MODE


def entries_of(git: Git, commit: str) -> list[Entry]:
    """All of them, folders left out; raises GitError."""
    return [_entry(line) for line in _lines(git.call("ls-tree", "-r", "-z", commit))]


def paths_with(git: Git, commit: str, text: str) -> set[str]:
    """The files that hold a text somewhere; no link, and nothing in a submodule. Raises GitError."""
    done = git.ask("grep", "--text", "--files-with-matches", "--null", "--fixed-strings", "-e", text, commit)
    return {line.removeprefix(f"{commit}:") for line in _lines(done or b"")}


def contents_of(git: Git, entries: Sequence[Entry]) -> t.Iterator[bytes]:
    """The bytes of each, in order; for a link the path that it leads to. Raises GitError."""
    for begin in range(0, len(entries), _READ_AT_ONCE):
        some = entries[begin : begin + _READ_AT_ONCE]
        answer = git.call("cat-file", "--batch", given="".join(f"{each.blob}\n" for each in some).encode())
        position = 0
        for each in some:
            end_of_line = answer.index(b"\n", position)
            name, kind, size = answer[position:end_of_line].decode().split(" ")
            if (name, kind) != (each.blob, "blob"):
                raise GitError(f"git cat-file told of {name}, and was asked for {each.blob}")
            position = end_of_line + 1 + int(size)
            yield answer[end_of_line + 1 : position]
            position += 1


def _entry(line: str) -> Entry:
    about, path = line.split("\t", 1)
    mode, _kind, blob = about.split(" ")
    return Entry(path, mode, blob)


def _lines(printed: bytes) -> list[str]:
    return printed.decode("utf-8", "surrogateescape").split("\0")[:-1]
