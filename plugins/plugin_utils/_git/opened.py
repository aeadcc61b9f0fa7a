# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Opens the branch that the option `git` of a task describes, in a private folder."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import typing as t
from dataclasses import dataclass, field

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._private_file import reason_of
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._trusted_place import open_place
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.access import Access, access_from
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.git_errors import GitError
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.program import Git
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.repository import Author, Branch

REPOSITORY = "repository.git"
LONGEST_WAIT_SECONDS = 86_400


@dataclass(frozen=True)
class Surroundings:
    """What a branch gets from the run."""

    environ: t.Mapping[str, str] = field(repr=False)
    protect: t.Callable[[str], None]
    pause: t.Callable[[float], None]


def check_wait(given: t.Mapping[str, t.Any]) -> None:
    """Raise TaskRefused for a limit of time that is none."""
    # This is also false for what YAML writes as .nan.
    if not 0 < given["timeout_seconds"] <= LONGEST_WAIT_SECONDS:
        raise TaskRefused(f"git: timeout_seconds has to be more than 0, and {LONGEST_WAIT_SECONDS} at most")


def access_of(given: t.Mapping[str, t.Any], around: Surroundings) -> Access:
    """How Git logs in, with the token protected; raises GitError before anything was done."""
    access = access_from(given, around.environ)
    if access.token:
        around.protect(access.token)
    return access


def branch_in(folder: str, access: Access, given: t.Mapping[str, t.Any], around: Surroundings) -> Branch:
    """The branch as it is now, in the folder of a repository; raises GitError."""
    git = Git(os.path.join(folder, REPOSITORY), access, given["timeout_seconds"], around.environ)
    author = Author(given["author_name"], given["author_email"])
    branch = Branch(git, given["repository"], given["branch"], author, around.pause)
    branch.open()
    return branch


@contextlib.contextmanager
def opened_branch(given: t.Mapping[str, t.Any], around: Surroundings) -> t.Iterator[Branch]:
    """The branch in a folder that goes away at the end; raises GitError, and TaskRefused as `check_wait` does."""
    check_wait(given)
    access = access_of(given, around)
    folder = new_folder()
    try:
        os.mkdir(os.path.join(folder, REPOSITORY), mode=0o700)
        yield branch_in(folder, access, given, around)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def new_folder() -> str:
    """A folder of our own; raises GitError where others may replace it."""
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
