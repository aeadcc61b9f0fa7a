# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How the bytes of a private file get to the disk: written beside it, made durable, renamed.

A run may die at any point: the file is always the old one or the new one, complete. A leftover begins with a dot and
ends in `~`, so Ansible never loads it as variables, and it holds nothing that the file itself does not hold.

Links: what lies at the path is replaced, a symbolic link too. Where a user may have put a link, the caller hands in
`os.path.realpath`, so that the link stays and its file is replaced.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
import typing as t

_ATTRIBUTES_TO_SKIP = frozenset({errno.EPERM, errno.ENOTSUP, errno.ENODATA, errno.EINVAL, errno.EACCES})
# So much of the file's name is in that of the file beside it, which may be no longer than the file system allows.
_SHOWN_OF_NAME = 40


class Disk:
    """The calls that change something, in the order of `replace_file`; tests put a crash between them."""

    def create(self, path: str) -> int:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)

    def write(self, descriptor: int, content: bytes) -> None:
        view = memoryview(content)
        while view:
            view = view[os.write(descriptor, view) :]

    def sync(self, descriptor: int) -> None:
        os.fsync(descriptor)

    def replace(self, source: str, target: str) -> None:
        os.replace(source, target)

    def remove(self, path: str) -> None:
        os.unlink(path)


def replace_file(
    path: str,
    content: bytes,
    *,
    mode: int = 0o600,
    like: str | None = None,
    check: t.Callable[[], None] | None = None,
    disk: Disk | None = None,
) -> None:
    """Make `content` the file at `path`, private from its first byte.

    Raises OSError: the old file stays then, alone, unless it is only the folder that could not be synced.
    It gets the mode, owner and extended attributes (ACL, SELinux) of the file `like`, or `mode` when there is none.
    `check` runs as the last thing before the rename, and may raise to keep the old file.
    """
    disk = disk or Disk()
    folder, name = os.path.split(path)
    beside = os.path.join(folder, f".{name[:_SHOWN_OF_NAME]}.{secrets.token_hex(6)}.tmp~")
    descriptor = disk.create(beside)
    try:
        try:
            disk.write(descriptor, content)
            _dress(descriptor, like, mode)
            disk.sync(descriptor)
        finally:
            os.close(descriptor)
        if check:
            check()
        disk.replace(beside, path)
    except BaseException:
        with contextlib.suppress(OSError):
            disk.remove(beside)
        raise
    _sync_folder(folder, disk)


def reason_of(error: OSError) -> str:
    """Why the operating system refused, in words for the user."""
    if error.errno == errno.EBUSY:
        return "it is a mount point of its own, which cannot be replaced; mount its folder instead of the file"
    return os.strerror(error.errno) if error.errno else type(error).__name__


def _dress(descriptor: int, like: str | None, mode: int) -> None:
    old = _found(like)
    if old is None or like is None:
        os.fchmod(descriptor, mode)
        return
    new = os.fstat(descriptor)
    if (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid):
        os.fchown(descriptor, old.st_uid, old.st_gid)
    _copy_attributes(like, descriptor)
    os.fchmod(descriptor, stat.S_IMODE(old.st_mode))


def _found(path: str | None) -> os.stat_result | None:
    try:
        return os.stat(path) if path else None
    except FileNotFoundError:
        return None


def _copy_attributes(source: str, descriptor: int) -> None:
    """Extended attributes are kept where the file system and the rights allow it, as `cp --preserve` does."""
    # macOS has none of these calls.
    if not hasattr(os, "listxattr"):
        return
    names: list[str] = []
    with _where_possible():
        names = os.listxattr(source)
    for name in names:
        with _where_possible():
            os.setxattr(descriptor, name, os.getxattr(source, name))


@contextlib.contextmanager
def _where_possible() -> t.Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in _ATTRIBUTES_TO_SKIP:
            raise


def _sync_folder(folder: str, disk: Disk) -> None:
    descriptor = os.open(folder or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        disk.sync(descriptor)
    finally:
        os.close(descriptor)
