# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The files of a branch: plan and prove all of them from its tip, and push one commit with all of them, or nothing.

Others may push in between. Then the push is refused, and everything is planned anew from what the branch is now. What
was opened and sealed before is known, so that this costs the new values only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.repository import Branch
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._out.for_readers import for_commit
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rekey.content import MARK
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rekey.order import Order
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rekey.run import FileOutcome, Planning
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rekey.tip_files import Tip, told_of_links
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.found_files import (
    is_looked_into,
    told_of_files,
)

PUSH_TRIES = 5


@dataclass(frozen=True)
class Wish:
    """What a task names of the repository."""

    paths: Sequence[str]
    exclude: Sequence[str]
    message: str


@dataclass
class BranchOutcome:
    """What became of each file, as in `Rekeying.run`; `commit` is the one that was pushed."""

    outcomes: list[FileOutcome]
    is_stopped: bool = False
    commit: str | None = None
    warnings: list[str] = field(default_factory=list)


@dataclass
class _Planned:
    path: str
    outcome: FileOutcome
    content: bytes = field(default=b"", repr=False)


class BranchRekeying(Planning):
    """One task with files of a branch."""

    def __init__(
        self, order: Order, branch: Branch, wish: Wish, *, skips_unreadable: bool, tell: Callable[[str], None]
    ) -> None:
        super().__init__(order, skips_unreadable=skips_unreadable, tell=tell)
        self._branch = branch
        self._wish = wish

    def run(self, check_mode: bool) -> BranchOutcome:
        """Raises VaultFileError and GitError, PushRefused too; nothing of it was pushed then, as far as is known."""
        for number in range(PUSH_TRIES):
            if number:
                self._tell(f"somebody else pushed to {self._branch.name}, so the move is planned anew")
            planned, warnings = self._plan_tip()
            result = BranchOutcome([each.outcome for each in planned], warnings=warnings)
            result.is_stopped = any(self._stops(each.outcome) for each in planned)
            changing = [each for each in planned if each.outcome.changes]
            if check_mode or result.is_stopped or not changing:
                return result
            commit = self._branch.make_commit({each.path: each.content for each in changing}, self._message(changing))
            if self._branch.push(commit):
                for each in changing:
                    each.outcome.is_written = True
                result.commit = commit
                self._tell(f"pushed {commit[:12]} to {self._branch.name}")
                return result
        for each in changing:
            each.outcome.is_conflict = True
            each.outcome.problem = (
                f"others pushed to {self._branch.name} {PUSH_TRIES} times while the move was planned; run it again"
            )
        return result

    def _plan_tip(self) -> tuple[list[_Planned], list[str]]:
        tip = Tip(self._branch.name, self._branch.entries())
        found = tip.found(self._wish.paths, self._wish.exclude)
        marked = self._branch.paths_with(MARK.decode())
        targets = {
            link: content.decode("utf-8", "surrogateescape") for link, content in self._read(tip, found.links).items()
        }
        # What holds no cipher text is not read.
        contents = self._read(tip, [path for path in found.files if path in marked])
        left: list[str] = []
        chosen = [
            path
            for path, is_named in found.files.items()
            if is_named or (path in marked and is_looked_into(path, contents[path], left.append))
        ]
        with self._side_by_side() as (files, values):
            plans = files.map(lambda path: self._plan(path, contents.get(path, b""), values), chosen)
            planned = self._each_planned(plans, len(chosen))
        return planned, [*told_of_links(tip, found, targets, marked), *told_of_files(chosen, left)]

    def _read(self, tip: Tip, paths: Sequence[str]) -> dict[str, bytes]:
        return dict(zip(paths, self._branch.contents([tip.entries[path] for path in paths])))

    def _plan(self, path: str, content: bytes, values: ThreadPoolExecutor) -> _Planned:
        outcome = FileOutcome(f"{self._branch.name}:{path}")
        done = self._rekeyed(outcome, content, path, values)
        return _Planned(path, outcome, content if done is None else done.content)

    def _message(self, changing: Sequence[_Planned]) -> str:
        moved = sum(each.outcome.count("moved") for each in changing)
        label = for_commit(self._order.label)
        return f"{self._wish.message}\n\n{moved} values in {len(changing)} files, under the vault id {label} now"
