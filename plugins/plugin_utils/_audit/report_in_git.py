# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The files of a report in a branch: what differs is pushed in one commit, made from what the branch is at that moment.

Others push to the same branch, and audits of other accounts into the same folder. Who was slower reads what they have
left there, and makes all files anew.
"""

from __future__ import annotations

import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.report_files import (
    Kept,
    Make,
    check_slots,
    is_of_slots,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.git_errors import GitError
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.opened import (
    Surroundings,
    access_of,
    check_wait,
    opened_branch,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.repository import Branch, path_in_repository

# Lost to strangers; each other account of the report may be faster once more.
PUSH_TRIES = 10

Given = t.Mapping[str, t.Any]


def check_branch(given: Given, folder: str, around: Surroundings) -> None:
    """Raise TaskRefused or GitError for options with which no report could be pushed; asks no server."""
    _path(folder, "report")
    check_wait(given)
    access_of(given, around)


def keep_in_branch(
    given: Given,
    folder: str,
    memory: str,
    make: Make,
    around: Surroundings,
    *,
    about: str,
    others: int,
    check_mode: bool,
) -> Kept:
    """Push what differs; `memory` is the name of the report before, `about` what the message of the commit tells.

    `others` is how many accounts share the folder. Raises GitError, and TaskRefused as `make` does.
    """
    with opened_branch(given, around) as branch:
        for _try in range(PUSH_TRIES + others):
            wanted = make(branch.read(_path(folder, memory)))
            for path in (_path(folder, name) for name in filter(is_of_slots, wanted)):
                check_slots(path, branch.read(path))
            files = {_path(folder, name): text().encode() for name, text in wanted.items()}
            changing = {path: content for path, content in files.items() if branch.read(path) != content}
            if not changing or check_mode or _is_pushed(branch, changing, f"{given['message']}\n\n{about}"):
                return bool(changing), [f"{branch.name}:{path}" for path in files]
        raise GitError(f"others keep pushing to {branch.name}")


def _is_pushed(branch: Branch, files: t.Mapping[str, bytes], message: str) -> bool:
    return branch.push(branch.make_commit(files, message))


def _path(folder: str, name: str) -> str:
    return path_in_repository(folder, name, "a report")
