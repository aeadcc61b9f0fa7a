# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which files of a commit are meant by paths, folders and patterns; no link is followed."""

from __future__ import annotations

import fnmatch
import glob
import posixpath
import typing as t
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.repository import check_path
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.tree import Entry
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.found_files import matches, refuse_unused
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import CannotStore

_SHOWN = 5


@dataclass
class Found:
    """The files in order, and whether each was named itself; what is no file and was passed over."""

    files: dict[str, bool] = field(default_factory=dict)
    links: list[str] = field(default_factory=list)
    submodules: list[str] = field(default_factory=list)


class Tip:
    """All that is in one commit; `name` is the branch, for messages."""

    def __init__(self, name: str, entries: Iterable[Entry]) -> None:
        self._name = name
        self.entries = {entry.path: entry for entry in entries}
        self._folders = {""} | {folder for path in self.entries for folder in _above(path)}

    def found(self, paths: Sequence[str], exclude: Sequence[str]) -> Found:
        """Raises CannotStore for a path that is not there or no file, and for a pattern that nothing matches."""
        found, unused = Found(), set(exclude)
        for path in paths:
            for entry, is_named in self._below("" if posixpath.normpath(path) == "." else check_path(path)):
                excluding = {pattern for pattern in exclude if is_excluded(entry.path, pattern)}
                unused -= excluding
                if not excluding:
                    _add(found, entry, is_named)
        refuse_unused(exclude, unused)
        return found

    def _below(self, path: str) -> Iterable[tuple[Entry, bool]]:
        entry = self.entries.get(path)
        if entry is not None:
            if not entry.is_file:
                raise CannotStore(f"{path} is no regular file in {self._name}; name the file itself, not a link to it")
            return [(entry, True)]
        if path in self._folders:
            return self._in_folder(path)
        for above in _above(path):
            if above in self.entries:
                raise CannotStore(f"{above} is no folder in {self._name}; name a file by the path where it lies")
        matched = list(self._matching(path)) if glob.has_magic(path) else []
        if not matched:
            raise CannotStore(f"there is nothing at {self._name}:{path}")
        return matched

    def _matching(self, pattern: str) -> t.Iterator[tuple[Entry, bool]]:
        for folder in self._folders - {""}:
            if fits(folder, pattern):
                yield from self._in_folder(folder)
        yield from ((entry, False) for path, entry in self.entries.items() if fits(path, pattern))

    def _in_folder(self, folder: str) -> t.Iterator[tuple[Entry, bool]]:
        """Everything below that is in no hidden folder."""
        begin = f"{folder}/" if folder else ""
        for path, entry in self.entries.items():
            if path.startswith(begin) and not _is_hidden(posixpath.dirname(path[len(begin) :])):
                yield entry, False

    def may_lead_to(self, link: str, target: str, paths: Iterable[str]) -> bool:
        """Whether a link may lead to one of these files, or to who knows what outside the repository."""
        leads_to = posixpath.normpath(posixpath.join(posixpath.dirname(link), target))
        if leads_to.startswith(("/", "../")) or leads_to in (".", ".."):
            return True
        on_the_way = (self.entries[each] for each in (leads_to, *_above(leads_to)) if each in self.entries)
        return any(not entry.is_file for entry in on_the_way) or any(
            path == leads_to or path.startswith(f"{leads_to}/") for path in paths
        )


def is_excluded(path: str, pattern: str) -> bool:
    """Whether a pattern leaves a file out; `*/archive/*` does so at the top of the repository too."""
    return matches(path, pattern) or matches(f"/{path}", pattern)


def fits(path: str, pattern: str) -> bool:
    """Whether Python's `glob` would find it, with `**` for any number of folders, and nothing hidden by `*`."""
    wanted = pattern.split("/")
    # How far in the pattern one may be after these parts of the path.
    reached = _with_none_of_any({0}, wanted)
    for part in path.split("/"):
        reached = _with_none_of_any({each for at in reached for each in _after(part, at, wanted)}, wanted)
    return len(wanted) in reached


def _after(part: str, at: int, wanted: list[str]) -> list[int]:
    if at == len(wanted) or (part.startswith(".") and not wanted[at].startswith(".")):
        return []
    if wanted[at] == "**":
        return [at]
    return [at + 1] if fnmatch.fnmatchcase(part, wanted[at]) else []


def _with_none_of_any(reached: set[int], wanted: list[str]) -> set[int]:
    """`**` stands for no folder as well."""
    for at, part in enumerate(wanted):
        if part == "**" and at in reached:
            reached.add(at + 1)
    return reached


def _add(found: Found, entry: Entry, is_named: bool) -> None:
    if entry.is_file:
        found.files[entry.path] = found.files.get(entry.path, False) or is_named
    else:
        passed_over = found.links if entry.is_link else found.submodules
        if entry.path not in passed_over:
            passed_over.append(entry.path)


def _above(path: str) -> t.Iterator[str]:
    while path := posixpath.dirname(path):
        yield path


def _is_hidden(folder: str) -> bool:
    return any(part.startswith(".") for part in folder.split("/"))


def told_of_links(tip: Tip, found: Found, targets: Mapping[str, str], marked: Collection[str]) -> t.Iterator[str]:
    """Warnings about what a reader of the repository would reach, and this did not.

    `targets` says where the links lead to, and `marked` which files hold cipher text.
    """
    not_seen = [path for path in marked if path not in found.files]
    elsewhere = [link for link in found.links if tip.may_lead_to(link, targets[link], not_seen)]
    yield from _told(elsewhere, "links are not followed, name what they lead to if values are there")
    yield from _told(found.submodules, "submodules are repositories of their own, move the values there too")


def _told(paths: Sequence[str], what: str) -> t.Iterator[str]:
    if paths:
        more = f", and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
        yield f"not looked into: {', '.join(paths[:_SHOWN])}{more}; {what}"
