# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How bytes get to the disk: lock the folder, write beside, make it durable, rename.

A run may die at any point: the file is always the old one or the new one, complete. A leftover begins with a dot and
ends in `~`, so Ansible never loads it as variables, and it holds nothing that the file itself does not hold.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import fcntl
import hashlib
import os
import secrets
import stat
import time
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.errors import (
    CannotStore,
    ChangedMeanwhile,
)

_LOCK_PAUSE_SECONDS = 0.02
_LOCK_BUSY = frozenset({errno.EAGAIN, errno.EACCES, errno.EWOULDBLOCK})
_ATTRIBUTES_TO_SKIP = frozenset({errno.EPERM, errno.ENOTSUP, errno.ENODATA, errno.EINVAL, errno.EACCES})
_READ_TRIES = 5


@dataclasses.dataclass(frozen=True)
class Identity:
    """What tells one state of a file from another, a restored older one included."""

    device: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int
    sha256: str


Missing = t.Literal["missing"]
MISSING: Missing = "missing"


class Disk:
    """The calls that change something, in the order of `Storage.write`; tests put a crash between them."""

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


class Storage:
    """One file on disk; a symbolic link is followed, the link itself stays."""

    def __init__(self, path: str, lock_timeout_seconds: float, disk: Disk | None = None) -> None:
        self.path = os.path.realpath(path)
        self.folder, self.name = os.path.split(self.path)
        self._shown = path
        self._lock_timeout_seconds = lock_timeout_seconds
        self._disk = disk or Disk()

    def seems_to_be(self, identity: Identity | Missing) -> bool:
        """Whether the file system tells of no change; the content is not read."""
        try:
            now = os.stat(self.path)
        except OSError:
            return False
        return isinstance(identity, Identity) and _identity(now, identity.sha256) == identity

    def read(self) -> tuple[bytes, Identity | Missing]:
        """Content and identity of one state of the file."""
        with self._explained("read"):
            for _try in range(_READ_TRIES):
                try:
                    found = self._read_once()
                except FileNotFoundError:
                    return b"", MISSING
                if found is not None:
                    return found
        raise ChangedMeanwhile(f"{self._shown} changes all the time while it is being read")

    def _read_once(self) -> tuple[bytes, Identity] | None:
        with open(self.path, "rb") as file:
            before = os.fstat(file.fileno())
            if not stat.S_ISREG(before.st_mode):
                raise CannotStore(f"{self._shown} is not a regular file")
            content = file.read()
            after = os.fstat(file.fileno())
        one, other = _identity(before), _identity(after)
        if one != other or one.size != len(content):
            return None
        return content, dataclasses.replace(one, sha256=hashlib.sha256(content).hexdigest())

    def check_may_write(self, identity: Identity | Missing) -> None:
        """Find out before anything is done whether `write` could work."""
        if not os.path.isdir(self.folder):
            raise CannotStore(f"the folder of {self._shown} does not exist")
        if not os.access(self.folder, os.W_OK | os.X_OK):
            raise CannotStore(f"the folder of {self._shown} may not be written, which replacing the file needs")
        if identity == MISSING:
            return
        now = os.stat(self.path)
        if now.st_nlink > 1:
            raise CannotStore(f"{self._shown} has hard links, which a replaced file would leave behind; use one name")
        if os.geteuid() not in (0, now.st_uid):
            raise CannotStore(f"{self._shown} belongs to another user, and replacing it would change its owner")

    @contextlib.contextmanager
    def locked(self) -> t.Iterator[None]:
        """Keep other writers out; the lock is on the folder, so it leaves no file and survives the rename."""
        if not os.path.isdir(self.folder):
            raise CannotStore(f"the folder of {self._shown} does not exist")
        with self._explained("lock the folder of"):
            descriptor = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self._lock(descriptor)
            yield
        finally:
            os.close(descriptor)

    def _lock(self, descriptor: int) -> None:
        give_up_at = time.monotonic() + self._lock_timeout_seconds
        with self._explained("lock the folder of"):
            while True:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    return
                except OSError as error:
                    if error.errno not in _LOCK_BUSY:
                        raise
                if time.monotonic() >= give_up_at:
                    raise CannotStore(
                        f"somebody else has held the folder of {self._shown} locked for "
                        f"{self._lock_timeout_seconds:g} seconds"
                    )
                time.sleep(_LOCK_PAUSE_SECONDS)

    def expect(self, identity: Identity | Missing) -> None:
        """Compare before swap."""
        if self.read()[1] != identity:
            raise ChangedMeanwhile(f"{self._shown} was changed by somebody else since it was read")

    def write(self, content: bytes, identity: Identity | Missing, mode: int) -> Identity:
        """Replace what has this identity and tell the new one; call it with the lock held."""
        beside = os.path.join(self.folder, f".{self.name}.{secrets.token_hex(6)}.tmp~")
        with self._explained("write"):
            descriptor = self._disk.create(beside)
            try:
                try:
                    self._disk.write(descriptor, content)
                    self._dress(descriptor, identity, mode)
                    self._disk.sync(descriptor)
                finally:
                    os.close(descriptor)
                self.expect(identity)
                self._disk.replace(beside, self.path)
            except BaseException:
                with contextlib.suppress(OSError):
                    self._disk.remove(beside)
                raise
            self._sync_folder()
        written, now = self.read()
        if written == content and isinstance(now, Identity):
            return now
        # A writer that knows no lock came right after us. This identity matches nothing, so the next commit says so.
        return Identity(0, 0, len(content), 0, 0, hashlib.sha256(content).hexdigest())

    def back_up(self, content: bytes) -> str:
        """A copy beside the file, named so that Ansible does not load it."""
        moment = time.strftime("%Y-%m-%d@%H:%M:%S", time.gmtime())
        copy = os.path.join(self.folder, f"{self.name}.{os.getpid()}.{moment}.{secrets.token_hex(2)}~")
        with self._explained("back up"):
            descriptor = self._disk.create(copy)
            try:
                self._disk.write(descriptor, content)
                os.fchmod(descriptor, stat.S_IMODE(os.stat(self.path).st_mode))
                self._disk.sync(descriptor)
            finally:
                os.close(descriptor)
        return copy

    def _dress(self, descriptor: int, identity: Identity | Missing, mode: int) -> None:
        """Give the new file the owner, the extended attributes (ACL, SELinux) and the mode of the old one."""
        if identity == MISSING:
            os.fchmod(descriptor, mode)
            return
        old, new = os.stat(self.path), os.fstat(descriptor)
        if (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid):
            os.fchown(descriptor, old.st_uid, old.st_gid)
        _copy_attributes(self.path, descriptor)
        os.fchmod(descriptor, stat.S_IMODE(old.st_mode))

    def _sync_folder(self) -> None:
        descriptor = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self._disk.sync(descriptor)
        finally:
            os.close(descriptor)

    @contextlib.contextmanager
    def _explained(self, action: str) -> t.Iterator[None]:
        try:
            yield
        except OSError as error:
            raise CannotStore(f"cannot {action} {self._shown}: {_reason(error)}") from None


def _identity(found: os.stat_result, sha256: str = "") -> Identity:
    return Identity(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns, sha256)


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


def _reason(error: OSError) -> str:
    if error.errno == errno.EBUSY:
        return "it is a mount point of its own, which cannot be replaced; mount its folder instead of the file"
    if error.errno in (errno.ENOLCK, errno.ENOTSUP, errno.EBADF):
        return "this file system cannot lock folders; keep the file on a local one"
    return os.strerror(error.errno) if error.errno else type(error).__name__
