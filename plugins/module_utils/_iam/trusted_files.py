# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Files that a log-in rests on: who may write them decides who a task works as, and whom it tells its secrets."""

from __future__ import annotations

import os
import stat
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import Invalid

EVERYBODY, GROUP = stat.S_IWOTH, stat.S_IWGRP


def others_may_write(path: str) -> str | None:
    """Which place lets everybody on this machine change what is read from `path`; None if there is none.

    Looked at are the file, each folder above it, and those above the link if it is one. In a folder with the sticky
    bit, as /tmp, only the owner may replace a file, who has to be this user, or root, then.
    """
    return _writable_by(EVERYBODY, path)


def group_may_write(path: str) -> str | None:
    """The same for the group of the file or of its folder; a group that has nobody but its owner is no other."""
    return _writable_by(GROUP, path)


def refuse_if_others_may_write(path: str, what: str) -> None:
    """Raise Invalid when everybody may write a file that is logged in with."""
    place = others_may_write(path)
    if place:
        raise Invalid(
            f"{what} {path} is not used: everybody on this machine may change {'it' if place == path else place}, and "
            f"so decide who this task works as. Take the right away (chmod o-w {place}), and look whether the file is "
            "still the right one"
        )


def _writable_by(whom: int, path: str) -> str | None:
    try:
        real = os.path.realpath(path)
        if not stat.S_ISREG(os.stat(real).st_mode):
            return None  # a pipe or a device, as in <(command), is nobody's to replace
        if _lets(whom, os.stat(real)):
            return path
        owner = os.stat(real).st_uid
        places = dict.fromkeys([*_above(os.path.abspath(path)), *_above(real)])
        return next((place for place in places if _lets_replace(whom, os.stat(place), owner)), None)
    except OSError:
        return None  # whoever reads it says why it cannot be read


def _above(path: str) -> t.Iterator[str]:
    while path != os.path.dirname(path):
        path = os.path.dirname(path)
        yield path


def _lets(whom: int, found: os.stat_result) -> bool:
    if not found.st_mode & whom:
        return False
    return whom == EVERYBODY or not _is_alone(found)


def _lets_replace(whom: int, folder: os.stat_result, owner_of_file: int) -> bool:
    if not _lets(whom, folder):
        return False
    return not folder.st_mode & stat.S_ISVTX or owner_of_file not in (0, os.geteuid())


def _is_alone(found: os.stat_result) -> bool:
    """Whether the group is the user's own, as many systems give each user one, or root's, in which a container runs."""
    if found.st_gid == 0:
        return True
    try:
        import grp  # Windows has neither
        import pwd

        group, user = grp.getgrgid(found.st_gid), pwd.getpwuid(found.st_uid)
    except (ImportError, KeyError):
        return False
    return group.gr_name == user.pw_name and set(group.gr_mem) <= {user.pw_name}
