# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The file that receives a key's value: written ahead, 0600 from its first byte, replaced in one step.

The value is chosen before the key is made, so it is on disk before IAM knows it: a run that dies in between leaves a
file that the next run finishes, not a key whose value nobody has.

What the next run finishes becomes a key, so a file without an id counts only when nobody but this user and root can
have written or read it. A file with an id may be another user's, who was handed it: then its value is proof, and not
its id.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import typing as t
from dataclasses import dataclass, field

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._private_file import (
    clear_leftovers,
    reason_of,
    replace_in,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._trusted_place import (
    check_written_by_me,
    is_trusted,
    open_place,
    others_may_write,
)


@dataclass(frozen=True)
class KeptKey:
    """What a key file holds; `key_id` is None while the key is only announced.

    `is_word_of_others` when somebody else could have written what it says.
    """

    key_id: str | None
    name: str | None
    key_value: str | None = field(default=None, repr=False)
    is_word_of_others: bool = False
    others_may_read: bool = False


def read_kept_key(path: str) -> KeptKey | None:
    """Read a key file; None when there is none. Raises TaskRefused when it is something else, or may be of others."""
    try:
        with open_place(path) as place:
            place.check_private()
            return _read(path, place.open())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise TaskRefused(f"{path} cannot be read: {reason_of(error)}") from None


def _read(path: str, descriptor: int) -> KeptKey:
    with os.fdopen(descriptor, encoding="utf-8") as stream:
        try:
            members = json.load(stream)
        except (ValueError, RecursionError):
            members = None
        if not isinstance(members, dict) or not _describes_a_key(members):
            raise TaskRefused(f"{path} exists and is not the file of an API key; it is left as it is")
        key_id, found = members.get("id"), os.fstat(descriptor)
        is_word_of_others = not is_trusted(found) or others_may_write(found, descriptor)
        if not key_id:
            check_written_by_me(descriptor)
    others_may_read = bool(stat.S_IMODE(found.st_mode) & 0o077)
    return KeptKey(key_id, members.get("name"), members["apikey"], is_word_of_others, others_may_read)


def _describes_a_key(members: dict[str, t.Any]) -> bool:
    has_texts = all(isinstance(members.get(name), (str, type(None))) for name in ("id", "name"))
    return has_texts and isinstance(members.get("apikey"), str) and bool(members["apikey"])


def check_writable(path: str) -> None:
    """Raise TaskRefused when the file could not be written, or not be private, before a key is made for it."""
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder):
        raise TaskRefused(f"{path} cannot be written: there is no folder {folder}")
    if os.path.isdir(path):
        raise TaskRefused(f"{path} cannot be written: it is a folder")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise TaskRefused(f"{path} cannot be written: no permission to write in {folder}")
    try:
        with open_place(path) as place:
            place.check_private()
    except OSError as error:
        raise TaskRefused(f"{path} cannot be written: {reason_of(error)}") from None


def clear_away(path: str) -> None:
    """Remove what an earlier run left beside the file when it was killed while it wrote."""
    with contextlib.suppress(OSError), open_place(path) as place:
        clear_leftovers(place)


def announce(path: str, name: str, key_value: str) -> None:
    """Put the value of a key that does not exist yet on disk."""
    _replace(path, {"name": name, "apikey": key_value})


def take_back(path: str) -> None:
    """Remove an announcement: there will be no such key."""
    with contextlib.suppress(OSError), open_place(path) as place:
        os.unlink(place.name, dir_fd=place.folder)


def keep(path: str, key: ApiKey, key_value: str) -> None:
    """Write the file of an existing key, in the members that `ibmcloud login --apikey @FILE` knows."""
    members = {
        name: getattr(key, name)
        for name in ("id", "crn", "iam_id", "account_id", "name", "description", "locked", "created_at", "created_by")
    }
    _replace(path, {**members, "apikey": key_value})


def _replace(path: str, members: dict[str, t.Any]) -> None:
    text = json.dumps(members, indent="\t") + "\n"
    try:
        with open_place(path) as place:
            place.check_private()
            replace_in(place, text.encode())
    except OSError as error:
        raise TaskRefused(f"{path} cannot be written: {reason_of(error)}") from None
