# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How the bytes of a private file get to the disk: written without a name, made durable, named, renamed.

A run may die at any point: the file is always the old one or the new one, complete. Until it is complete the new one
has no name where the system knows files without (`O_TMPFILE`), so that it goes with the process. One that replaces
another has a name beside it for the moment before the rename. A leftover of that moment begins with a dot and ends in
`~`, so Ansible never loads it as variables, and the next write of the file removes it: its lock is free then.

Links: what lies at the place is replaced, a symbolic link too. `open_place` follows those that may be followed.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import secrets
import stat
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._attributes import check_attributes, dress
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._trusted_place import NotTrusted, Place, open_place

# So much of the file's name is in that of the file beside it, which may be no longer than the file system allows.
_SHOWN_OF_NAME = 40
_NEW = os.O_WRONLY | os.O_CLOEXEC
# What a system says that knows no files without a name, or cannot name them later.
_HAS_NO_NAMELESS = frozenset(
    {errno.EISDIR, errno.ENOENT, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EPERM, errno.EXDEV, errno.ENOSYS}
)


class Disk:
    """The calls that change something, in the order of `replace_in`; tests put a crash between them.

    A name is one in `folder`, a descriptor.
    """

    def create_nameless(self, folder: int) -> int:
        return os.open(".", _NEW | os.O_TMPFILE, 0o600, dir_fd=folder)

    def create(self, name: str, folder: int) -> int:
        return os.open(name, _NEW | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=folder)

    def write(self, descriptor: int, content: bytes) -> None:
        view = memoryview(content)
        while view:
            view = view[os.write(descriptor, view) :]

    def sync(self, descriptor: int) -> None:
        os.fsync(descriptor)

    def name(self, descriptor: int, name: str, folder: int) -> None:
        os.link(f"/proc/self/fd/{descriptor}", name, dst_dir_fd=folder, follow_symlinks=True)

    def replace(self, source: str, target: str, folder: int) -> None:
        os.replace(source, target, src_dir_fd=folder, dst_dir_fd=folder)

    def remove(self, name: str, folder: int) -> None:
        os.unlink(name, dir_fd=folder)


class _NeedsName(Exception):
    """The file has to have a name from its begin, on this system."""


def replace_file(path: str, content: bytes, *, mode: int = 0o600) -> None:
    """Make `content` the file at `path`, in the place of a link too; as `replace_in`."""
    with open_place(path, follow=False) as place:
        replace_in(place, content, mode=mode)


def replace_in(
    place: Place,
    content: bytes,
    *,
    mode: int = 0o600,
    keeps: bool = False,
    check: t.Callable[[], None] | None = None,
    disk: Disk | None = None,
) -> None:
    """Make `content` the file at the place, private from its first byte.

    Raises OSError: the old file stays then, alone, unless it is only the folder that could not be synced.
    With `keeps` it gets the mode, owner and extended attributes (ACL, SELinux) of the old file, else `mode`.
    `check` runs as the last thing before the file gets its name, and may raise to keep the old one.
    """
    disk = disk or Disk()
    clear_leftovers(place)
    try:
        _replace(place, content, mode, keeps, check, disk, nameless=True)
    except _NeedsName:
        _replace(place, content, mode, keeps, check, disk, nameless=False)
    _sync_folder(place.folder, disk)


def check_may_keep(place: Place) -> None:
    """Raise OSError when `replace_in` could not keep owner, group and attributes of the old file; changes nothing."""
    try:
        descriptor = Disk().create_nameless(place.folder) if _knows_nameless() else None
    except OSError as error:
        if error.errno not in _HAS_NO_NAMELESS:
            raise
        descriptor = None
    if descriptor is None:
        check_attributes(place)
        return
    try:
        dress(descriptor, place, 0o600)
    finally:
        os.close(descriptor)


def clear_leftovers(place: Place) -> None:
    """Remove what writers of this file left behind that were killed; one that still writes holds a lock."""
    leftover = re.compile(re.escape(_beside(place)) + r"[0-9a-f]{12}\.tmp~")
    try:
        names = _list(place.folder)
    except OSError:
        return
    for name in filter(leftover.fullmatch, names):
        with contextlib.suppress(OSError):
            _clear(name, place)


def reason_of(error: OSError) -> str:
    """Why the operating system refused, or why we did, in words for the user."""
    if error.errno == errno.EBUSY:
        return "it is a mount point of its own, which cannot be replaced; mount its folder instead of the file"
    if isinstance(error, NotTrusted):
        return str(error.strerror)
    return os.strerror(error.errno) if error.errno else type(error).__name__


def _replace(
    place: Place,
    content: bytes,
    mode: int,
    keeps: bool,
    check: t.Callable[[], None] | None,
    disk: Disk,
    *,
    nameless: bool,
) -> None:
    beside = f"{_beside(place)}{secrets.token_hex(6)}.tmp~"
    descriptor = _create(beside, place.folder, disk, nameless=nameless)
    try:
        disk.write(descriptor, content)
        dress(descriptor, place if keeps else None, mode)
        disk.sync(descriptor)
        if check:
            check()
        if nameless and _is_named_at_once(descriptor, place, disk, check):
            return
        if nameless:
            _name(descriptor, beside, place.folder, disk)
        disk.replace(beside, place.name, place.folder)
        _check_arrived(descriptor, place)
    except BaseException:
        with contextlib.suppress(OSError):
            disk.remove(beside, place.folder)
        raise
    finally:
        os.close(descriptor)


def _create(name: str, folder: int, disk: Disk, *, nameless: bool) -> int:
    """A new file, locked, so that nobody takes it for a leftover."""
    if nameless:
        if not _knows_nameless():
            raise _NeedsName
        try:
            descriptor = disk.create_nameless(folder)
        except OSError as error:
            raise (_NeedsName if error.errno in _HAS_NO_NAMELESS else error) from None
    else:
        descriptor = disk.create(name, folder)
    # A file system without locks clears no leftovers either.
    with contextlib.suppress(OSError):
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    if not nameless and not os.fstat(descriptor).st_nlink:
        # It was taken for a leftover in the moment before the lock.
        os.close(descriptor)
        return _create(name, folder, disk, nameless=False)
    return descriptor


def _is_named_at_once(descriptor: int, place: Place, disk: Disk, check: t.Callable[[], None] | None) -> bool:
    """Give a file that replaces none its name in one step; False when there is one to replace."""
    if place.found() is not None:
        return False
    try:
        _name(descriptor, place.name, place.folder, disk)
    except FileExistsError:
        if check:
            check()
        return False
    return True


def _name(descriptor: int, name: str, folder: int, disk: Disk) -> None:
    try:
        disk.name(descriptor, name, folder)
    except OSError as error:
        raise (_NeedsName if error.errno in _HAS_NO_NAMELESS else error) from None


def _check_arrived(descriptor: int, place: Place) -> None:
    """In a folder that others may write, somebody can give the name beside it to a file of theirs."""
    found = place.found()
    if place.others_add and (found is None or not os.path.samestat(found, os.fstat(descriptor))):
        raise NotTrusted("another user put another file in its place at the moment when it was written")


def _knows_nameless() -> bool:
    # The file gets its name through /proc.
    return hasattr(os, "O_TMPFILE") and os.path.isdir("/proc/self/fd")


def _beside(place: Place) -> str:
    return f".{place.name[:_SHOWN_OF_NAME]}."


def _clear(name: str, place: Place) -> None:
    descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=place.folder)
    try:
        found, target = os.fstat(descriptor), place.found()
        # One that was about to take the place of somebody's file, by root, was theirs already.
        is_for_owner = target is not None and found.st_uid == target.st_uid and not place.others_add
        if stat.S_ISREG(found.st_mode) and (found.st_uid == os.geteuid() or is_for_owner):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.unlink(name, dir_fd=place.folder)
    finally:
        os.close(descriptor)


def _list(folder: int) -> list[str]:
    descriptor = _readable(folder)
    try:
        return os.listdir(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(folder: int, disk: Disk) -> None:
    descriptor = _readable(folder)
    try:
        disk.sync(descriptor)
    finally:
        os.close(descriptor)


def _readable(folder: int) -> int:
    return os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder)
