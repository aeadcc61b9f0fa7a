# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The files of a report in a folder of the controller: what differs is written, under a lock."""

from __future__ import annotations

import contextlib
import os
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._private_file import reason_of
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._trusted_place import open_place
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.slots_block import is_as_written
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._public_file import (
    content_of,
    locked_folder,
    write_if_other,
)

REPORT_MODE = 0o640
# Others write their accounts into the same folder. With 40,000 keys in it each needs ten seconds, on a busy machine
# more than a minute, and some wait in line; who ends in between lets go of it.
LOCK_TIMEOUT_SECONDS = 600.0

# From the report that lies there, None when there is none, to the files that are to lie there, in the order in which
# they are written.
Make = t.Callable[[bytes | None], t.Mapping[str, t.Callable[[], str]]]
# Whether something was written, and the paths of all files.
Kept = tuple[bool, list[str]]


def keep_in_folder(folder: str, memory: str, make: Make, *, check_mode: bool, lock_timeout_seconds: float) -> Kept:
    """Write what differs; `memory` is the name of the report before. Raises TaskRefused."""
    with contextlib.nullcontext() if check_mode else locked_folder(folder, lock_timeout_seconds):
        wanted = make(_earlier(os.path.join(folder, memory)))
        for name in filter(is_of_slots, wanted):
            check_slots(os.path.join(folder, name), _earlier(os.path.join(folder, name)))
        written = [_write_file(folder, name, text(), check_mode) for name, text in wanted.items()]
    return any(has_written for has_written, _path in written), [path for _written, path in written]


def is_of_slots(name: str) -> bool:
    """Whether a file of a report is one of slots, which people also write themselves."""
    return name.endswith(".yml")


def check_slots(path: str, content: bytes | None) -> None:
    """Raise TaskRefused when what lies in the place of the slots is no earlier report's, or was changed."""
    if content and not is_as_written(content):
        raise TaskRefused(
            f"{path} was not written by an audit, or was changed since, and would be lost: move it away, use another "
            "folder, or leave slots out of the formats. No report was written"
        )


def _earlier(path: str) -> bytes | None:
    try:
        with open_place(path, follow=False) as place:
            return content_of(place)
    except OSError as error:
        raise TaskRefused(f"{path} cannot be read: {reason_of(error)}") from None


def _write_file(folder: str, name: str, text: str, check_mode: bool) -> tuple[bool, str]:
    """Write what differs -> whether it did, and the path."""
    path = os.path.join(folder, name)
    try:
        # A link is replaced: what it leads to need not be a report.
        with open_place(path, follow=False) as place:
            content = text.encode()
            return write_if_other(place, content, mode=REPORT_MODE, keeps=True, check_mode=check_mode), place.path
    except OSError as error:
        raise TaskRefused(f"{path} cannot be written: {reason_of(error)}") from None
