# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The history in a file of the repository with the vault files: a line comes with the commit that it is about."""

from __future__ import annotations

import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.repository import Branch
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.history import HistoryRefused, read_history

_TRIES = 5


class HistoryInGit:
    """A shelf for what no commit of a record took along: a commit of its own."""

    def __init__(self, branch: Branch, path: str, message: str, tell: t.Callable[[str], None]) -> None:
        self.path = path
        self._branch, self._message, self._tell = branch, message, tell

    @property
    def name(self) -> str:
        return f"{self._branch.name}:{self.path}"

    def read(self) -> bytes:
        """The file as the tip has it."""
        return self._branch.read(self.path) or b""

    def check(self) -> None:
        """Raise HistoryRefused when there is a file, and it is no history."""
        read_history(self.read(), self.name)

    def update(self, change: t.Callable[[bytes], bytes | None]) -> None:
        for _try in range(_TRIES):
            content = change(self.read())
            if content is None:
                return
            commit = self._branch.make_commit({self.path: content}, f"{self._message}\n\nhistory")
            if self._branch.push(commit):
                self._tell(f"{self.path}: pushed {commit[:12]} to {self._branch.name}")
                return
        raise HistoryRefused(
            f"the history {self.name} cannot be kept: others keep pushing. What happened stays on record, and a run "
            "that can keep it adds it"
        )
