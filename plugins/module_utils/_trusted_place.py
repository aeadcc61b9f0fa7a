# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where a path leads, and whether other users of the machine have a say in that.

A path is walked name by name, each from the open folder before it, so nobody can put another folder in the place of
one that was looked at. *Trusted* are the user of this process and root. A symbolic link is followed when a trusted user
made it in a folder of a trusted user where nobody else can replace it.

Teams share what they log in with on purpose: with `teams` the members of a group are no others, only everybody is.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import stat
import typing as t
from dataclasses import dataclass

try:
    import grp
    import pwd
except ImportError:  # on Windows, where nothing of this runs
    pass

_MOST_LINKS = 40
# Where there is no O_PATH (macOS), a folder has to be readable.
_FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Without O_NONBLOCK a FIFO would keep its reader until somebody writes.
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class NotTrusted(OSError):
    """Another user has, or could have, a say in what lies at a path; `strerror` says how."""

    def __init__(self, reason: str) -> None:
        super().__init__(errno.EPERM, reason)


@dataclass(frozen=True)
class Place:
    """A name in a folder that is held open.

    `shared` is the first folder on the way in which others may replace what lies there, so all below may be theirs;
    in a folder with the sticky bit they cannot. `others_add` when others may put files there, in whatever way.
    `path` has no links in it, but for the last name if it was not followed. With `teams`, `of_team` is the first folder
    on the way in which only a group may replace what lies there.
    """

    folder: int
    name: str
    path: str
    shared: str | None
    others_add: bool
    of_team: str | None = None

    def found(self) -> os.stat_result | None:
        """What lies there, if only a link; None when nothing does."""
        try:
            return os.stat(self.name, dir_fd=self.folder, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def open(self, *, pipes: bool = False) -> int:
        """A descriptor to read the regular file; raises NotTrusted for what is none, without waiting for anybody.

        With `pipes` a pipe is taken too; whoever reads it has to wait for what comes.
        """
        return _regular(os.open(self.name, _READ, dir_fd=self.folder), pipes=pipes)

    def check_not_planted(self) -> None:
        """Raise NotTrusted for what another user put there, in a folder where others may put files."""
        found = self.found()
        if found is not None and self.others_add and not is_trusted(found):
            raise NotTrusted("it belongs to another user, in a folder where others may put files")

    def check_private(self) -> None:
        """Raise NotTrusted when others could replace the file, or put theirs there first."""
        if self.shared:
            raise NotTrusted(
                f"others may replace what is in the folder {self.shared}: take the write permission from them, or set "
                "its sticky bit. For a volume of a container whoever mounts it does that; a folder below does not help"
            )
        self.check_not_planted()


@contextlib.contextmanager
def open_place(path: str, *, follow: bool = True, teams: bool = False) -> t.Iterator[Place]:
    """Walk to a file that need not be there; a link that is the last name is left alone unless `follow`.

    Raises OSError: NotTrusted for a link, or a folder among those of all users, that somebody else may have put there.
    With `teams` one in a folder that only a group may write is followed, whoever of them made it.
    """
    walk = _Walk(teams)
    try:
        yield walk.to(path if os.path.isabs(path) else os.path.join(os.getcwd(), path), follow)
    finally:
        walk.leave()


def is_trusted(found: os.stat_result) -> bool:
    """Whether it belongs to this user or to root."""
    return found.st_uid in (0, os.geteuid())


def others_may_write(found: os.stat_result, descriptor: int) -> bool:
    """Whether anybody but its owner and root may; a group that is the owner's alone, and that of root, are nobody."""
    if found.st_mode & stat.S_IWOTH:
        return True
    return bool(found.st_mode & stat.S_IWGRP) and (not _is_nobodys_group(found) or _has_acl(descriptor))


def everybody_may_write(found: os.stat_result, descriptor: int) -> bool:
    """Whether everybody may, by its permissions and by those of its mount: a volume of a container is often 0777."""
    return bool(found.st_mode & stat.S_IWOTH) and not os.fstatvfs(descriptor).f_flag & os.ST_RDONLY


def open_given(path: str) -> int:
    """A descriptor to read what this process was started with (/dev/fd/63): nobody can put something else there."""
    return _regular(os.open(path, _READ & ~os.O_NOFOLLOW), pipes=True)


def read_text(path: str, encoding: str = "utf-8") -> str:
    """Read a file through any links, as `open` does, and refuse what is no regular file instead of waiting for it."""
    with os.fdopen(_regular(os.open(path, _READ & ~os.O_NOFOLLOW)), encoding=encoding) as stream:
        return stream.read()


def read_own_text(path: str, encoding: str = "utf-8") -> str:
    """Read a file of whose content something depends; raises NotTrusted when others could have put or written it."""
    return io.TextIOWrapper(io.BytesIO(read_own_bytes(path)), encoding=encoding).read()


def read_own_bytes(path: str) -> bytes:
    """The same as it lies on the disk."""
    with open_place(path) as place:
        place.check_not_planted()
        descriptor = place.open()
        with os.fdopen(descriptor, "rb") as stream:
            if others_may_write(os.fstat(descriptor), descriptor):
                raise NotTrusted("others may write it")
            return stream.read()


def check_written_by_me(descriptor: int) -> None:
    """Raise NotTrusted when another user has, or could have, written the open file."""
    found = os.fstat(descriptor)
    if not is_trusted(found):
        raise NotTrusted("it belongs to another user")
    if found.st_nlink > 1:
        raise NotTrusted("it has hard links, so it is another file as well")
    if others_may_write(found, descriptor):
        raise NotTrusted("others may write it")


class _Walk:
    def __init__(self, teams: bool) -> None:
        self._teams = teams
        self._folder = -1
        self._names: list[str] = []
        self._shared: str | None = None
        self._of_team: str | None = None

    def leave(self) -> None:
        if self._folder >= 0:
            os.close(self._folder)
            self._folder = -1

    def to(self, path: str, follow: bool) -> Place:
        names = self._begin(path)
        for _link in range(_MOST_LINKS):
            target = None
            while names and target is None:
                name = names.pop(0)
                if names or follow:
                    target = self._target_of(name)
                if target is None and names:
                    self._enter(name)
            if target is None:
                return Place(
                    self._folder, name, self._path(name), self._shared, self._others_add(), of_team=self._of_team
                )
            names = (self._begin(target) if target.startswith("/") else _names_in(target)) + names
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))

    def _begin(self, path: str) -> list[str]:
        names = _names_in(path)
        if not names:
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        self._stand_in(os.open("/", _FOLDER), [])
        return names

    def _stand_in(self, folder: int, names: list[str]) -> None:
        self.leave()
        self._folder, self._names = folder, names
        self._found = os.fstat(folder)
        others_write = others_may_write(self._found, folder)
        self._others_write = everybody_may_write(self._found, folder) if self._teams else others_write
        self._is_sticky = bool(self._found.st_mode & stat.S_ISVTX)
        if self._others_write and not self._is_sticky:
            self._shared = self._shared or self._path()
        elif others_write and not self._is_sticky:
            self._of_team = self._of_team or self._path()

    def _enter(self, name: str) -> None:
        folder = os.open(name, _FOLDER, dir_fd=self._folder)
        path = self._path(name)
        if self._others_write and not is_trusted(os.fstat(folder)):
            os.close(folder)
            raise NotTrusted(f"the folder {path} belongs to another user, and lies where others may put folders")
        self._stand_in(folder, self._names[:-1] if name == ".." else [*self._names, name])

    def _target_of(self, name: str) -> str | None:
        """Where a link leads; None for anything else."""
        try:
            found = os.stat(name, dir_fd=self._folder, follow_symlinks=False)
        except FileNotFoundError:
            return None
        if not stat.S_ISLNK(found.st_mode):
            return None
        keeps_links = not self._others_write or self._is_sticky
        # In a folder that is everybody's, it is the folder that is told (`shared`).
        is_of_team = self._teams and not (self._others_write and self._is_sticky)
        if not (is_of_team or (is_trusted(found) and is_trusted(self._found) and keeps_links)):
            raise NotTrusted(f"{self._path(name)} is a symbolic link that another user made or may replace")
        return os.readlink(name, dir_fd=self._folder)

    def _others_add(self) -> bool:
        return self._others_write or self._shared is not None

    def _path(self, *more: str) -> str:
        return "/" + "/".join([*self._names, *more])


def _names_in(path: str) -> list[str]:
    return [name for name in path.split("/") if name not in ("", ".")]


def _regular(descriptor: int, *, pipes: bool = False) -> int:
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode) or (pipes and stat.S_ISFIFO(mode)):
        return descriptor
    os.close(descriptor)
    raise NotTrusted(f"it is not a regular file{' and no pipe' if pipes else ''}")


def _is_nobodys_group(found: os.stat_result) -> bool:
    if found.st_gid == 0:
        return True
    try:
        group, user = grp.getgrgid(found.st_gid), pwd.getpwuid(found.st_uid)
    except KeyError:
        return False
    return group.gr_name == user.pw_name and set(group.gr_mem) <= {user.pw_name}


def _has_acl(descriptor: int) -> bool:
    """With an ACL the permissions of the group are those of everybody that it names."""
    if not hasattr(os, "getxattr"):
        return False
    try:
        # A descriptor of O_PATH answers by its name only.
        return bool(os.getxattr(f"/proc/self/fd/{descriptor}", "system.posix_acl_access"))
    except OSError:
        return False
