# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Records in vault files of a Git repository: a commit of a record is a commit that was pushed.

Each write of a file is one commit and one push, and a refused push is a failed compare-and-swap. What lies on disk here
is the bare repository and the wanted files, which are cipher text: a killed run leaves nothing secret in clear.
"""

from __future__ import annotations

import contextlib
import typing as t
from dataclasses import replace
from pathlib import Path

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import CloudkeysError
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._private_file import replace_file
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.git_errors import GitError
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.repository import Branch, check_path
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._out.for_readers import for_commit
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.file_store import FileStore
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.history import History, Line
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.history_in_git import HistoryInGit
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.loaded import Loaded
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.ports import (
    CommitLost,
    NotWritten,
    SlotChange,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Slot
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import VaultFileError

# While others push to the same branch. The engine plans again after a lost commit, and is bounded as well.
_REBASE_TRIES = 5
_COPY_TRIES = 3
# One may be a person who mends the history; a server that does so to every push will never stop.
_REWRITES_BORNE = 2


class GitStore:
    """Wraps a `FileStore` whose folder is `folder`, and keeps that in line with the branch."""

    def __init__(
        self,
        files: FileStore,
        branch: Branch,
        folder: str,
        message: str,
        tell: t.Callable[[str], None],
        history: tuple[History, HistoryInGit] | None = None,
    ) -> None:
        self._files = files
        self._branch = branch
        self._folder = Path(folder)
        self._message = message
        self._tell = tell
        self._history = history
        # Each file that lies in the folder, with the commit whose content it is.
        self._provided: dict[str, str] = {}
        self._rewritten_tips: set[str] = set()
        self._refusal: GitError | None = None

    def refresh(self) -> None:
        self._branch.refresh()
        for path in list(self._provided):
            if self._is_touched(path):
                self._provide(path)
            else:
                self._provided[path] = self._branch.tip
        if self._history and self._history[0].is_urgent:
            self._history[0].flush()

    def load(self, slot: Slot) -> Loaded:
        for path in (slot.file, *(place.file for place in slot.copies)):
            if path not in self._provided:
                self._provide(path)
        with self._told_by_branch():
            return self._files.load(slot)

    def check(self, *changes: SlotChange) -> None:
        with self._told_by_branch():
            self._files.check(*changes)

    def commit(self, changes: t.Sequence[SlotChange]) -> list[Loaded | NotWritten]:
        path = changes[0].slot.file
        with self._told_by_branch():
            answers = [self._answer(answer) for answer in self._files.commit(changes)]
        written = [change for change, answer in zip(changes, answers) if isinstance(answer, Loaded)]
        if not written:
            return answers
        try:
            self._push(path, [_line(change) for change in written], [line for each in written for line in each.lines])
        except (VaultFileError, GitError) as error:
            refusal = NotWritten(self._by_branch(str(error)))
        except CommitLost:
            refusal = NotWritten()
        else:
            return answers
        return [refusal if isinstance(answer, Loaded) else answer for answer in answers]

    def copy(self, slot: Slot, published_value: str | None, own_values: frozenset[str]) -> None:
        for place in slot.copies:
            for is_last in [False] * (_COPY_TRIES - 1) + [True]:
                with self._told_by_branch():
                    self._files.copy(replace(slot, copies=(place,)), published_value, own_values)
                try:
                    self._push(place.file, [f"{for_commit(slot.name)}: copy to {for_commit(place.variable)}"])
                    break
                except CommitLost as error:
                    if is_last:
                        raise VaultFileError(str(error)) from None

    @contextlib.contextmanager
    def _told_by_branch(self) -> t.Iterator[None]:
        """What is told of a file names the branch: the folder is gone when somebody reads it."""
        try:
            yield
        except CloudkeysError as error:
            error.args = (self._by_branch(str(error)), *error.args[1:])
            raise

    def _answer(self, answer: Loaded | NotWritten) -> Loaded | NotWritten:
        return NotWritten(self._by_branch(answer.why)) if isinstance(answer, NotWritten) and answer.why else answer

    def _by_branch(self, text: str) -> str:
        return text.replace(f"{self._folder}/", f"{self._branch.name}:")

    def _push(self, path: str, lines: list[str], told: t.Sequence[Line] = ()) -> None:
        """Make what lies in the folder the branch's; raises CommitLost, and puts the folder right when it is not."""
        with self._provided_again_unless_done(path):
            content = self._place(path).read_bytes() if self._place(path).exists() else None
            for _try in range(_REBASE_TRIES):
                if self._is_touched(path):
                    if self._refusal:
                        raise self._refusal
                    raise CommitLost(f"somebody else pushed another {path} to {self._branch.name}")
                if content is None or content == self._branch.read(path):
                    return
                also = self._history_with(told)
                commit = self._branch.make_commit({**also, path: content}, "\n".join([self._message, "", *lines]))
                if self._try_push(commit):
                    self._provided[path] = commit
                    if self._history:
                        self._history[0].kept([*self._history[0].waiting, *told])
                    self._tell(f"{path}: pushed {commit[:12]} to {self._branch.name}")
                    return
            raise CommitLost(f"others keep pushing to {self._branch.name}")

    def _history_with(self, told: t.Sequence[Line]) -> dict[str, bytes]:
        """The history as the commit of a record takes it along; others may have written theirs meanwhile."""
        if not self._history:
            return {}
        history, shelf = self._history
        content = history.added_to(shelf.read(), told)
        return {} if content is None else {shelf.path: content}

    def _is_touched(self, path: str) -> bool:
        """Whether the file is another than the one that lies here; a history that is rewritten again ends pushing."""
        commit = self._provided[path]
        if not self._branch.has_touched(commit, path):
            return False
        if not self._branch.has(commit):
            self._rewritten_tips.add(self._branch.tip)
        if len(self._rewritten_tips) > _REWRITES_BORNE:
            self._refusal = GitError(
                f"{self._branch.name} was rewritten {len(self._rewritten_tips)} times in this run: what is pushed does "
                "not stay as it was pushed. Nothing was overwritten; name a branch in git.branch on which no server "
                "hook, bot or person replaces commits, then run again"
            )
        return True

    def _try_push(self, commit: str) -> bool:
        if self._refusal:
            raise self._refusal
        try:
            return self._branch.push(commit)
        except GitError as error:
            # It would be refused for every other file as well.
            self._refusal = error
            raise

    @contextlib.contextmanager
    def _provided_again_unless_done(self, path: str) -> t.Iterator[None]:
        try:
            yield
        except BaseException:
            self._provide(path)
            raise

    def _provide(self, path: str) -> None:
        """Put the branch's file into the folder; a new file each time, so that it counts as changed."""
        place = self._place(path)
        content = self._branch.read(path)
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if content is None:
            place.unlink(missing_ok=True)
        else:
            replace_file(str(place), content)
        self._provided[path] = self._branch.tip

    def _place(self, path: str) -> Path:
        return self._folder / check_path(path)


def _line(change: SlotChange) -> str:
    """What a change is about, for the history: never a value."""
    name, record = for_commit(change.slot.name), change.record
    if record is None:
        return f"{name}: forgotten"
    if change.published_value is not None and record.current:
        return f"{name}: generation {record.current.generation} published"
    if record.pending:
        what = "withdrawn" if record.pending.withdrawing_at else "announced"
        return f"{name}: generation {record.pending.generation} {what}"
    leaving = ", ".join(str(each.generation) for each in record.superseded)
    return f"{name}: generation {record.current.generation if record.current else record.last_generation}" + (
        f", on the way out {leaving}" if leaving else ""
    )
