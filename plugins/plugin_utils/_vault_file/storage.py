# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A file that several runs write: lock its folder, compare it with what was read, and only then replace it.

It is read through any link, as Ansible itself does. It is written only where nobody else can have laid the link, or the
file, and always in the folder that was locked.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import stat
import time
import typing as t
from dataclasses import dataclass, replace

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._private_file import (
    Disk,
    check_may_keep,
    reason_of,
    replace_in,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._trusted_place import Place, open_place
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._folder_lock import wait_for_lock
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import (
    CannotStore,
    ChangedMeanwhile,
)

_CANNOT_LOCK = frozenset({errno.ENOLCK, errno.ENOTSUP, errno.EBADF})
_READ_TRIES = 5
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True)
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


class Storage:
    """One file on disk; a symbolic link is followed, the link itself stays."""

    def __init__(self, path: str, lock_timeout_seconds: float, disk: Disk | None = None) -> None:
        self._shown = path
        self.folder = os.path.dirname(path)
        # A link that is being replaced can be gone in the middle of this.
        with self._explained("find"):
            self.path = os.path.realpath(path)
        self.folder, self.name = os.path.split(self.path)
        self._lock_timeout_seconds = lock_timeout_seconds
        self._disk = disk
        # While the lock is held.
        self._place: Place | None = None

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
        # A FIFO would keep us until somebody writes.
        with os.fdopen(self._place.open() if self._place else os.open(self.path, _READ), "rb") as file:
            before = os.fstat(file.fileno())
            if not stat.S_ISREG(before.st_mode):
                raise CannotStore(f"{self._shown} is not a regular file")
            content = file.read()
            after = os.fstat(file.fileno())
        one, other = _identity(before), _identity(after)
        if one != other or one.size != len(content):
            return None
        return content, replace(one, sha256=hashlib.sha256(content).hexdigest())

    def check_may_write(self, identity: Identity | Missing) -> None:
        """Find out before anything is done whether `write` could work, with all that the file has kept."""
        if not os.path.isdir(self.folder):
            raise CannotStore(f"the folder of {self._shown} does not exist")
        if not os.access(self.folder, os.W_OK | os.X_OK):
            raise CannotStore(f"the folder of {self._shown} may not be written, which replacing the file needs")
        with self._explained("write"), self._at_place() as place:
            now = None if identity == MISSING else place.found()
            if now is None and identity != MISSING:
                raise ChangedMeanwhile(f"{self._shown} was taken away by somebody else since it was read")
            if now and now.st_nlink > 1:
                raise CannotStore(
                    f"{self._shown} has hard links, which a replaced file would leave behind; use one name"
                )
            if now and os.geteuid() not in (0, now.st_uid):
                raise CannotStore(f"{self._shown} belongs to another user, and replacing it would change its owner")
            place.check_not_planted()
            check_may_keep(place)

    @contextlib.contextmanager
    def _at_place(self) -> t.Iterator[Place]:
        """Where the file is; it has to be where it was when this run began to look at it."""
        if self._place:
            yield self._place
            return
        with open_place(self._shown) as place:
            if place.path != self.path:
                raise ChangedMeanwhile(f"{self._shown} leads to another file since it was read")
            yield place

    @contextlib.contextmanager
    def locked(self) -> t.Iterator[None]:
        """Keep other writers out; the lock is on the folder, so it leaves no file and survives the rename."""
        if not os.path.isdir(self.folder):
            raise CannotStore(f"the folder of {self._shown} does not exist")
        with contextlib.ExitStack() as stack:
            with self._explained("write"):
                place = stack.enter_context(self._at_place())
            with self._explained("lock the folder of"):
                descriptor = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=place.folder)
            stack.callback(os.close, descriptor)
            self._lock(descriptor)
            self._place = place
            try:
                yield
            finally:
                self._place = None

    def _lock(self, descriptor: int) -> None:
        seconds = self._lock_timeout_seconds
        with self._explained("lock the folder of"):
            is_ours = wait_for_lock(descriptor, seconds)
        if not is_ours:
            raise CannotStore(f"somebody else has held the folder of {self._shown} locked for {seconds:g} seconds")

    def expect(self, identity: Identity | Missing) -> None:
        """Compare before swap."""
        if self.read()[1] != identity:
            raise ChangedMeanwhile(f"{self._shown} was changed by somebody else since it was read")

    def write(self, content: bytes, identity: Identity | Missing, mode: int) -> Identity:
        """Replace what has this identity and tell the new one; call it with the lock held."""
        with self._explained("write"), self._at_place() as place:
            place.check_not_planted()
            replace_in(
                place,
                content,
                mode=mode,
                keeps=identity != MISSING,
                check=lambda: self.expect(identity),
                disk=self._disk,
            )
        written, now = self.read()
        if written == content and isinstance(now, Identity):
            return now
        # A writer that knows no lock came right after us. This identity matches nothing, so the next commit says so.
        return Identity(0, 0, len(content), 0, 0, hashlib.sha256(content).hexdigest())

    def back_up(self, content: bytes) -> str:
        """A copy beside the file, named so that Ansible does not load it."""
        moment = time.strftime("%Y-%m-%d@%H:%M:%S", time.gmtime())
        name = f"{self.name}.{os.getpid()}.{moment}.{secrets.token_hex(2)}~"
        with self._explained("back up"), self._at_place() as place:
            old = place.found()
            mode = stat.S_IMODE(old.st_mode) if old else 0o600
            replace_in(replace(place, name=name), content, mode=mode, disk=self._disk)
        return os.path.join(self.folder, name)

    @contextlib.contextmanager
    def _explained(self, action: str) -> t.Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            # As when an editor removes the file and writes it anew.
            if os.path.isdir(self.folder):
                raise ChangedMeanwhile(f"{self._shown} was taken away by somebody else since it was read") from None
            raise CannotStore(f"the folder of {self._shown} does not exist") from None
        except OSError as error:
            raise CannotStore(f"cannot {action} {self._shown}: {_reason(error)}") from None


def _identity(found: os.stat_result, sha256: str = "") -> Identity:
    return Identity(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns, sha256)


def _reason(error: OSError) -> str:
    if error.errno in _CANNOT_LOCK:
        return "this file system cannot lock folders; keep the file on a local one"
    return reason_of(error)
