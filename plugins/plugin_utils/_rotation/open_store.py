# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Opens the store that a task's options describe, and clears away what it needed."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import time
import typing as t
from dataclasses import dataclass
from datetime import datetime

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.git_errors import GitError
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.opened import (
    REPOSITORY,
    Surroundings,
    access_of,
    branch_in,
    check_private,
    check_wait,
    new_folder,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.file_store import FileStore
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.git_store import GitStore
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.history import History
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.history_file import (
    HistoryFile,
    StoreWithHistory,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.history_in_git import HistoryInGit
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.ports import RecordStore
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.cipher import Cipher

FILES = "files"


@dataclass(frozen=True)
class HistoryContext:
    """What a history gets from the run: IAM's time, what takes every secret out of a text, and who runs it."""

    now: t.Callable[[], datetime]
    scrub: t.Callable[[str], str]
    user: str


@dataclass(frozen=True)
class StoreContext:
    """What a store gets from the run."""

    cipher: Cipher
    protect: t.Callable[[str], None]
    tell: t.Callable[[str], None]
    environ: t.Mapping[str, str]
    pause: t.Callable[[float], None] = time.sleep
    history: HistoryContext | None = None


@dataclass(frozen=True)
class OpenStore:
    """`working_copy` is a folder that stays behind for later tasks, if there is one."""

    store: RecordStore
    working_copy: str | None = None
    in_git: bool = False
    history: History | None = None

    def path_of(self, file: str) -> str | None:
        """Where later tasks find a slot's file on this machine; None when it is only in the repository."""
        if not self.in_git:
            return file
        return os.path.join(self.working_copy, FILES, file) if self.working_copy else None


@contextlib.contextmanager
def open_store(params: t.Mapping[str, t.Any], context: StoreContext) -> t.Iterator[OpenStore]:
    """Vault files on disk, or in Git when the task says so; raises GitError before anything was done."""
    given = params["git"]
    if not given:
        files = FileStore(context.cipher, context.protect, vault_id=params["vault_id"])
        shelf = HistoryFile(params["history"]["file"]) if params.get("history") else None
        history = _history(params, shelf, context)
        yield OpenStore(StoreWithHistory(files, history) if history else files, history=history)
        return
    check_wait(given)
    around = Surroundings(context.environ, context.protect, context.pause)
    access = access_of(given, around)
    with _working_copy(given["working_copy"], keep=given["keep_working_copy"]) as folder:
        branch = branch_in(folder, access, given, around)
        files_folder = os.path.join(folder, FILES)
        files = FileStore(context.cipher, context.protect, vault_id=params["vault_id"], folder=files_folder)
        kept_in = params["history"]["file"] if params.get("history") else None
        in_git = HistoryInGit(branch, kept_in, given["message"], context.tell) if kept_in else None
        history = _history(params, in_git, context)
        along = (history, in_git) if history and in_git else None
        git_store = GitStore(files, branch, files_folder, given["message"], context.tell, along)
        yield OpenStore(git_store, folder if given["keep_working_copy"] else None, in_git=True, history=history)


def _history(
    params: t.Mapping[str, t.Any], shelf: HistoryFile | HistoryInGit | None, context: StoreContext
) -> History | None:
    """The history of this run; raises HistoryRefused, before anything was done, when it could not be kept."""
    given, about = params.get("history"), context.history
    if not given or shelf is None or about is None:
        return None
    shelf.check()
    return History(
        shelf,
        shelf.name,
        now=about.now,
        scrub=about.scrub,
        keep_days=given["keep_days"],
        by=given["by"] or about.user,
        job=given["job"],
    )


@contextlib.contextmanager
def _working_copy(given: str | None, *, keep: bool) -> t.Iterator[str]:
    """A private folder; it is left behind only when the task went well and a later one wants it."""
    folder = _folder_of_an_earlier_task(given) if given else new_folder()
    try:
        for name in (REPOSITORY, FILES):
            os.makedirs(os.path.join(folder, name), mode=0o700, exist_ok=True)
        yield folder
    except BaseException:
        keep = False
        raise
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def _folder_of_an_earlier_task(folder: str) -> str:
    """The folder, made again if somebody cleared it away; raises GitError for one that nobody else may have made."""
    check_private(folder)
    with contextlib.suppress(FileExistsError):
        os.mkdir(folder, mode=0o700)
    found = os.lstat(folder)
    is_private = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077
    if not is_private or set(os.listdir(folder)) - {REPOSITORY, FILES}:
        raise GitError(f"{folder} is not a working copy that an earlier task left; leave git.working_copy out")
    return folder
