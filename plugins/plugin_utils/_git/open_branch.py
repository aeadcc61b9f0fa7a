# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Opens the branch that the option `git` of a task describes, in a folder where nobody else has a say."""

from __future__ import annotations

import os
import tempfile
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._private_file import reason_of
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._trusted_place import open_place
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.access import Access, access_from
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.git_errors import GitError
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.program import Git
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.repository import Author, Branch

LONGEST_WAIT_SECONDS = 86_400


def check_access(
    given: t.Mapping[str, t.Any], environ: t.Mapping[str, str], protect: t.Callable[[str], None]
) -> Access:
    """What Git logs in with, its token protected; raises TaskRefused or GitError for what makes no sense."""
    # This is also false for what YAML writes as .nan.
    if not 0 < given["timeout_seconds"] <= LONGEST_WAIT_SECONDS:
        raise TaskRefused(f"git: timeout_seconds has to be more than 0, and {LONGEST_WAIT_SECONDS} at most")
    access = access_from(given, environ)
    if access.token:
        protect(access.token)
    return access


def open_branch(
    given: t.Mapping[str, t.Any],
    access: Access,
    folder: str,
    environ: t.Mapping[str, str],
    pause: t.Callable[[float], None],
) -> Branch:
    """A shallow copy of the branch in `folder`, which is empty or an earlier copy; raises GitError."""
    git = Git(folder, access, given["timeout_seconds"], environ)
    author = Author(given["author_name"], given["author_email"])
    branch = Branch(git, given["repository"], given["branch"], author, pause)
    branch.open()
    return branch


def new_private_folder() -> str:
    """A folder that nobody else may enter; raises GitError where there is no such place."""
    folder = tempfile.mkdtemp(prefix="cloudkeys-")
    try:
        check_private(folder)
    except GitError:
        os.rmdir(folder)
        raise
    return folder


def check_private(folder: str) -> None:
    """Raise GitError when others may put a repository of theirs in the place of ours: Git does what its files say."""
    try:
        with open_place(folder, follow=False) as place:
            place.check_private()
    except OSError as error:
        raise GitError(f"{folder} cannot be the working copy of git: {reason_of(error)}") from None
