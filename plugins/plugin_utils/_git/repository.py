# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One branch of a repository: read files of its tip, and push a commit if the branch is still where it was.

Trees and commits are made directly, without a checkout: nothing but the wanted files is on disk, no filter or line-end
setting touches them, and nobody else's file can become part of a commit.
"""

from __future__ import annotations

import os
import secrets
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._addresses import (
    shown_address,
    with_shown_addresses,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.git_errors import GitError, PushRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.program import Git
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.tree import (
    FILE_MODES,
    Entry,
    contents_of,
    entries_of,
    paths_with,
)

_TIP = "refs/cloudkeys/tip"
_PUSH_TRIES = 3
_PAUSE_SECONDS = 1.0
# What one call takes as its arguments has a limit.
_CHANGED_AT_ONCE = 200
_NEW_MODE = "100644"
# The server's words for a push that met another one in the middle of its work.
_BUSY = ("lock", "failed to update ref", "incorrect old value")


@dataclass(frozen=True)
class Author:
    """Who signs the commits."""

    name: str
    email: str


class Branch:
    """A shallow copy of a branch; `tip` is the commit that was read last."""

    def __init__(self, git: Git, repository: str, name: str, author: Author, pause: t.Callable[[float], None]) -> None:
        self._git = git
        self._repository = repository
        self._shown = shown_address(repository)
        self._ref = f"refs/heads/{name}"
        self._author = author
        self._pause = pause
        # Each commit that the server took from here, with the one that was the tip before.
        self._taken: dict[str, str] = {}
        self.name = name
        self.tip = ""

    def open(self) -> None:
        """Make the copy: one commit, without history. Raises GitError."""
        self._git.call("init", "--quiet", "--bare", "--template=")
        if not self._git.holds("check-ref-format", self._ref):
            raise GitError(f"git.branch: {self.name!r} is no name of a branch")
        self._fetch("--depth=1")

    def refresh(self) -> None:
        """See where the branch is now; what came since is fetched with its history. Raises GitError."""
        self._fetch()

    def read(self, path: str) -> bytes | None:
        """The file as the tip has it, byte for byte; None when there is none. Raises GitError."""
        listed = self._git.call("ls-tree", "-z", self.tip, "--", path).decode("utf-8", "surrogateescape")
        if not listed:
            self._check_folders(path)
            return None
        mode = listed.split(" ", 1)[0]
        if mode not in FILE_MODES:
            raise GitError(f"{path} is no regular file in {self._shown}; name the file itself, not a link to it")
        return self._git.call("cat-file", "blob", f"{self.tip}:{path}")

    def _check_folders(self, path: str) -> None:
        """Refuse a path through a link, a file or a submodule: the file could not become a part of the tree."""
        above = os.path.dirname(path)
        while above:
            listed = self._git.call("ls-tree", "-z", self.tip, "--", above).decode("utf-8", "surrogateescape")
            if listed and not listed.startswith("040000 "):
                raise GitError(f"{above} is no folder in {self._shown}; name the file by the path where it lies")
            above = os.path.dirname(above)

    def has_touched(self, since: str, path: str) -> bool:
        """Tell whether the file was written since a commit, also when it came back to what it was.

        Some servers make another commit of one that they took. That is no write of the file, as long as it is the only
        one since the commit before, and the file is byte for byte the one that was pushed.
        """
        if since == self.tip:
            return False
        if self.has(since):
            return self._times_written(since, path) > 0
        before = self._taken.get(since)
        if before is None or not self.has(before) or self._blob(self.tip, path) != self._blob(since, path):
            return True
        own_writes = 0 if self._blob(before, path) == self._blob(since, path) else 1
        return self._times_written(before, path) > own_writes

    def _times_written(self, since: str, path: str) -> int:
        return len(self._git.call("rev-list", "--full-history", f"{since}..{self.tip}", "--", path).split())

    def _blob(self, commit: str, path: str) -> bytes:
        """What names the file's mode and content; empty when there is none."""
        return self._git.call("ls-tree", "-z", commit, "--", path)

    def has(self, commit: str) -> bool:
        """Tell whether the branch contains a commit."""
        return self._git.holds("merge-base", "--is-ancestor", commit, self.tip)

    def entries(self) -> list[Entry]:
        """All that is in the tip; raises GitError."""
        return entries_of(self._git, self.tip)

    def paths_with(self, text: str) -> set[str]:
        """The files of the tip that hold a text; raises GitError."""
        return paths_with(self._git, self.tip, text)

    def contents(self, entries: Sequence[Entry]) -> list[bytes]:
        """Files of the tip, byte for byte; raises GitError."""
        return list(contents_of(self._git, entries))

    def make_commit(self, files: Mapping[str, bytes], message: str) -> str:
        """A commit on the tip that changes these files; each keeps its mode."""
        index = {"GIT_INDEX_FILE": "cloudkeys-index"}
        modes = {entry.path: entry.mode for entry in self.entries()}
        self._git.call("read-tree", self.tip, environ=index)
        changes = [f"{modes.get(path, _NEW_MODE)},{self._kept(content)},{path}" for path, content in files.items()]
        for begin in range(0, len(changes), _CHANGED_AT_ONCE):
            words = [word for each in changes[begin : begin + _CHANGED_AT_ONCE] for word in ("--cacheinfo", each)]
            self._git.call("update-index", "--add", *words, environ=index)
        tree = self._git.call("write-tree", environ=index).decode().strip()
        people = {
            f"GIT_{role}_{part}": value
            for role in ("AUTHOR", "COMMITTER")
            for part, value in (("NAME", self._author.name), ("EMAIL", self._author.email))
        }
        # Two jobs that commit the same within a second would make the same commit, and both would think they had won.
        unique = f"{message}\n\nCloudkeys-Commit: {secrets.token_hex(8)}\n"
        made = self._git.call("commit-tree", tree, "-p", self.tip, given=unique.encode(), environ=people)
        return made.decode().strip()

    def _kept(self, content: bytes) -> str:
        """Put a file's content into the copy of the repository, and tell its name there."""
        return self._git.call("hash-object", "-w", "--no-filters", "--stdin", given=content).decode().strip()

    def push(self, commit: str) -> bool:
        """Move the branch to this commit; False when it is no longer where it was. Raises GitError, PushRefused.

        A push without an answer is settled by looking at the branch, and only then sent again: it is the same commit.
        """
        parent, done = self.tip, None
        for number in range(_PUSH_TRIES):
            if number:
                self._pause(_PAUSE_SECONDS * number)
            done = self._git.talk(
                "push", "--porcelain", f"--force-with-lease={self._ref}:{parent}", self._repository,
                f"{commit}:{self._ref}",
            )  # fmt: skip
            if done.code == 0:
                self._git.call("update-ref", _TIP, commit)
                self.tip, self._taken[commit] = commit, parent
                return True
            self._look_after(done.words)
            if self.has(commit):
                return True
            if self.tip != parent:
                return False
            answer = _answer(done.stdout)
            if answer and not any(word in answer for word in _BUSY):
                raise PushRefused(
                    f"{self._shown} refused the push to {self.name}: {answer}: {done.words}. "
                    "Name a branch in git.branch that this job may push to"
                )
        said = done.words if done else ""
        raise GitError(f"the push to {self.name} of {self._shown} failed {_PUSH_TRIES} times: {said}")

    def _look_after(self, words: str) -> None:
        for number in range(_PUSH_TRIES):
            try:
                self.refresh()
                return
            except GitError:
                self._pause(_PAUSE_SECONDS * (number + 1))
        raise GitError(
            f"whether the push to {self.name} of {self._shown} arrived is not known, and the branch cannot be "
            f"read: {words}. Nothing that needs it was done; the next run goes on from what it finds"
        )

    def _fetch(self, *depth: str) -> None:
        done = self._git.talk("fetch", "--quiet", "--no-tags", *depth, self._repository, f"+{self._ref}:{_TIP}")
        if done.code:
            raise GitError(f"{self.name} of {self._shown} cannot be read: {done.words}")
        self.tip = self._git.call("rev-parse", "--verify", _TIP).decode().strip()


def _answer(porcelain: bytes) -> str | None:
    """Why the server or Git refused, from the line of the branch; None when no answer came."""
    for line in porcelain.decode("utf-8", "replace").splitlines():
        flag, _tab, rest = line.partition("\t")
        if flag == "!":
            return with_shown_addresses(rest.partition("\t")[2])
    return None


def check_path(path: str) -> str:
    """A path inside a repository, in its plain form; raises GitError for one that leads out of it."""
    plain = os.path.normpath(path)
    parts = plain.split(os.sep)
    if os.path.isabs(path) or parts[0] in ("..", ".") or any(part.lower() == ".git" for part in parts):
        raise GitError(f"with git, a file is named relative to the repository, and {path} is not inside it")
    return plain


def path_in_repository(folder: str, name: str, what: str) -> str:
    """The path of a file in a folder that a task names; `what` is what goes there. Raises GitError."""
    if os.path.isabs(folder):
        raise GitError(
            f"with git, the folder for {what} is a path in the repository, and {folder} is one of this machine; name "
            "another, or give no git"
        )
    return check_path(os.path.join(folder, name))
