# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where the record of a leak run goes: a folder, or a branch, and a private folder here when that cannot be pushed to.

It is a new file for each run and ending; nothing that is there is ever replaced.
"""

from __future__ import annotations

import itertools
import os
import tempfile
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import CloudkeysError
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._private_file import reason_of, replace_file
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._trusted_place import open_place
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.git_errors import GitError
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.opened import (
    Surroundings,
    access_of,
    check_wait,
    opened_branch,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.repository import Branch, path_in_repository
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._out.for_readers import for_commit

# While others push to the same branch.
PUSH_TRIES = 10

Params = t.Mapping[str, t.Any]
# Makes the text of one ending at the moment when it is written: it tells what went wrong until then.
Makers = t.Mapping[str, t.Callable[[], str]]


def check_destination(params: Params, around: Surroundings) -> None:
    """Raise TaskRefused or GitError for options with which no record could be kept; asks no server."""
    if params["git"] and params["folder"]:
        _path_in_repository(params["folder"], "leak")
        check_wait(params["git"])
        access_of(params["git"], around)


def keep(params: Params, name: str, makers: Makers, problems: list[str], around: Surroundings) -> list[str]:
    """Write or push the record, and tell what files it is in; what could not be done is a problem more.

    It never raises: the verdicts have to be told all the same, and nobody can make them again when the keys are gone.
    """
    if not params["git"]:
        return _in_folder(params["folder"], name, makers, problems)
    try:
        return _push(params, name, makers, around)
    except (CloudkeysError, OSError) as error:
        why = f"{reason_of(error)}" if isinstance(error, OSError) else str(error)
        problems.append(f"the record of this run is not in Git: {why}")
    try:
        folder = params["local_folder"] or tempfile.mkdtemp(prefix="cloudkeys-leak-")
    except OSError as error:
        problems.append(f"the record of this run is lost: there is no temporary folder: {reason_of(error)}")
        return []
    problems[-1] += f". It is kept in {folder}: move it to where it lasts, and push it yourself"
    return _in_folder(folder, name, makers, problems)


def _push(params: Params, name: str, makers: Makers, around: Surroundings) -> list[str]:
    """Push both files in one commit; again, under the next name that is free, when others were faster."""
    given = params["git"]
    texts = {ending: make().encode() for ending, make in makers.items()}
    with opened_branch(given, around) as branch:
        for _try in range(PUSH_TRIES):
            stem = _free_in(branch, params["folder"], name, texts)
            files = {f"{stem}{ending}": content for ending, content in texts.items()}
            if branch.push(branch.make_commit(files, f"{given['message']}\n\n{for_commit(name)}")):
                return [f"{branch.name}:{path}" for path in files]
        raise GitError(f"others keep pushing to {branch.name}")


def _free_in(branch: Branch, folder: str, name: str, endings: t.Iterable[str]) -> str:
    stems = (_path_in_repository(folder, numbered) for numbered in _numbered(name))
    return next(stem for stem in stems if all(branch.read(f"{stem}{ending}") is None for ending in endings))


def _path_in_repository(folder: str, name: str) -> str:
    return path_in_repository(folder, name, "the record of a leak")


def _in_folder(folder: str, name: str, makers: Makers, problems: list[str]) -> list[str]:
    stem = os.path.join(folder, name)
    try:
        stem = _free(stem)
    except OSError as error:
        problems.append(f"the record of this run, {stem}, cannot be written: {reason_of(error)}")
        return []
    paths = []
    for ending, make in makers.items():
        try:
            replace_file(stem + ending, make().encode())
        except OSError as error:
            problems.append(f"the record of this run, {stem}{ending}, cannot be written: {reason_of(error)}")
        else:
            paths.append(stem + ending)
    return paths


def _free(stem: str) -> str:
    """A name that no other run has: those of one second, and those that could ask nobody when, have a record each."""
    return next(free for free in _numbered(stem) if _is_taken_now(f"{free}.json"))


def _is_taken_now(path: str) -> bool:
    """Make an empty file; False when there is one."""
    try:
        with open_place(path, follow=False) as place:
            os.close(os.open(place.name, os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=place.folder))
    except FileExistsError:
        return False
    return True


def _numbered(name: str) -> t.Iterator[str]:
    return (name if number == 1 else f"{name}-{number}" for number in itertools.count(1))
