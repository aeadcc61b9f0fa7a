# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Files for other people and programs to read: reports and metrics. Written where nobody can lead the write astray."""

from __future__ import annotations

import contextlib
import os
import stat
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._private_file import (
    clear_leftovers,
    reason_of,
    replace_in,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._trusted_place import Place
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._folder_lock import wait_for_lock


@contextlib.contextmanager
def locked_folder(folder: str, timeout_seconds: float) -> t.Iterator[int]:
    """Keep other writers out of a folder for a moment -> a descriptor of it; raises TaskRefused."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise TaskRefused(f"{folder} cannot be opened: {reason_of(error)}") from None
    with contextlib.ExitStack() as stack:
        stack.callback(os.close, descriptor)
        try:
            is_ours = wait_for_lock(descriptor, timeout_seconds)
        except OSError as error:
            raise TaskRefused(f"{folder} cannot be locked: {reason_of(error)}") from None
        if not is_ours:
            raise TaskRefused(f"somebody else has held the folder {folder} locked for {timeout_seconds:g} seconds")
        yield descriptor


def content_of(place: Place) -> bytes | None:
    """What lies there; None when nothing does, or a link. Raises TaskRefused for what is no file, and OSError."""
    found = place.found()
    if found is None or stat.S_ISLNK(found.st_mode):
        return None
    if not stat.S_ISREG(found.st_mode):
        raise TaskRefused(f"{place.path} is not a regular file")
    place.check_not_planted()
    with os.fdopen(place.open(), "rb") as file:
        return file.read()


def write_if_other(place: Place, content: bytes, *, mode: int, keeps: bool, check_mode: bool) -> bool:
    """Write a file if it differs; True when it does. Raises as `content_of`."""
    if not check_mode:
        clear_leftovers(place)
    if content_of(place) == content:
        return False
    if not check_mode:
        replace_in(place, content, mode=mode, keeps=keeps)
    return True
