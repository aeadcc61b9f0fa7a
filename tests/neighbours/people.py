# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Users of this machine: a piece of a test runs as one of them, in a process of its own."""

from __future__ import annotations

import os
import pickle
import signal
import stat
import tempfile
import traceback
import typing as t
from dataclasses import dataclass
from pathlib import Path

NEIGHBOUR = 65534
LONGEST_SECONDS = 60

Made = t.TypeVar("Made")


def as_user(uid: int, call: t.Callable[[], Made]) -> Made:
    """What the call returns as this user; one that hangs is ended, and raises like one that fails."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        _be(uid, call, writer)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    if not told:
        raise AssertionError(f"no end within {LONGEST_SECONDS} seconds, as user {uid}")
    answer = pickle.loads(told)
    if isinstance(answer, BaseException):
        raise answer
    return t.cast(Made, answer)


def begin_as(uid: int, call: t.Callable[[], None]) -> int:
    """Start something as this user that goes on until it is killed; returns its process."""
    child = os.fork()
    if not child:
        _be(uid, call, os.open(os.devnull, os.O_WRONLY))
    return child


def _be(uid: int, call: t.Callable[[], t.Any], writer: int) -> t.NoReturn:
    signal.alarm(LONGEST_SECONDS)
    answer: t.Any
    try:
        if uid:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
        answer = call()
    except BaseException as error:
        answer = AssertionError("".join(traceback.format_exception(error)))
    os.write(writer, pickle.dumps(answer))
    os._exit(0)


@dataclass(frozen=True)
class Seen:
    """A file as its owner left it."""

    mode: int
    uid: int
    content: bytes | str


class Yard:
    """A folder that everybody may enter: `folder` is where a file is to be written, `treasure` what is not the
    neighbour's to change, `own` the neighbour's."""

    def __init__(self, victim: int, kind: str) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="neighbours-"))
        self.root.chmod(0o755)
        self.victim = victim
        self.folder = self._make("folder", *KINDS[kind](victim))
        self.own = self._make("own", NEIGHBOUR, NEIGHBOUR, 0o755)
        self.treasure = self._make("treasure", victim, victim, 0o755)
        for name, mode in (("notes.txt", 0o644), ("secret.txt", 0o600)):
            path = self.treasure / name
            path.write_text(f"{name} of the victim\n", encoding="utf-8")
            path.chmod(mode)
            os.chown(path, victim, victim)
        self._before = self.others_files()

    def _make(self, name: str, uid: int, gid: int, mode: int) -> Path:
        path = self.root / name
        path.mkdir()
        os.chown(path, uid, gid)
        path.chmod(mode)
        return path

    def others_files(self) -> dict[str, Seen]:
        return {str(path): _seen(path) for path in sorted(self.treasure.rglob("*"))}

    def check_nothing_changed(self) -> None:
        assert self.others_files() == self._before

    def read_by_neighbour(self) -> bytes:
        """All that the neighbour can read in the yard."""
        return as_user(NEIGHBOUR, lambda: b"\n".join(_readable(self.root)))


# Owner, group and mode of the folder in which a file is to be written.
KINDS: dict[str, t.Callable[[int], tuple[int, int, int]]] = {
    "of everybody": lambda victim: (victim, victim, 0o777),
    "of everybody, sticky": lambda victim: (0, 0, 0o1777),
    "of a group": lambda victim: (victim, NEIGHBOUR, 0o775),
    "of the victim": lambda victim: (victim, victim, 0o755),
    "of the neighbour": lambda victim: (NEIGHBOUR, NEIGHBOUR, 0o755),
}


def _seen(path: Path) -> Seen:
    found = path.lstat()
    is_link = stat.S_ISLNK(found.st_mode)
    content = os.readlink(path) if is_link else path.read_bytes() if path.is_file() else ""
    return Seen(found.st_mode, found.st_uid, content)


def _readable(root: Path) -> t.Iterator[bytes]:
    for above, _folders, names in os.walk(root):
        for name in names:
            path = os.path.join(above, name)
            try:
                if stat.S_ISREG(os.stat(path).st_mode):
                    yield Path(path).read_bytes()
            except OSError:
                continue
