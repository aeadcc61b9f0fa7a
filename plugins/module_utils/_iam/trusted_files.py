# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Files that a log-in rests on: who may write them decides who a task works as, and whom it tells its secrets.

Where a path leads, and who has a say in that, is the question of `_trusted_place`. Here a team is no other: what a
group may write is told, and what everybody may write is refused (docs/decisions/0035).
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import stat
import time
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import Invalid
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._trusted_place import (
    NotTrusted,
    Place,
    everybody_may_write,
    open_given,
    open_place,
    others_may_write,
)

# What a process was started with, as in <(command).
_GIVEN = re.compile(r"/dev/stdin|/dev/fd/[0-9]+|/proc/(?:self|[0-9]+)/fd/[0-9]+")
# Of a file or a folder.
_LOOK = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
# A key has some hundred bytes, a token of a compute resource some thousand.
MOST_BYTES = 1 << 20
LONGEST_WAIT_SECONDS = 60.0


def read_for_login(path: str, what: str, wait_seconds: float = LONGEST_WAIT_SECONDS) -> str:
    """The text of a file that is logged in with; a pipe is waited for, as one of a command.

    Raises Invalid when everybody may write it or may replace it, OSError and UnicodeDecodeError when it is no such
    file. The mark that some editors put before a text is no part of it.
    """
    if _GIVEN.fullmatch(path):
        return _text(open_given(path), path, what, wait_seconds)
    with _trusted(path, what) as place:
        return _text(place.open(pipes=True), path, what, wait_seconds)


def refuse_if_others_may_write(path: str, what: str) -> None:
    """Raise Invalid when everybody may write or replace what lies there, which may be a folder; else it is nothing."""
    # Whoever reads it says why it cannot be read.
    with contextlib.suppress(OSError):
        if not _GIVEN.fullmatch(path):
            with _trusted(path, what) as place:
                descriptor = os.open(place.name, _LOOK, dir_fd=place.folder)
                try:
                    _check_mode(descriptor, path, what)
                finally:
                    os.close(descriptor)


def group_may_write(path: str) -> str | None:
    """Which place lets a group change what is read from `path`; a group of nobody but its owner is no other."""
    if _GIVEN.fullmatch(path):
        return None
    try:
        with open_place(path, teams=True) as place:
            descriptor = place.open()
            try:
                return path if others_may_write(os.fstat(descriptor), descriptor) else place.of_team
            finally:
                os.close(descriptor)
    except OSError:
        return None


@contextlib.contextmanager
def _trusted(path: str, what: str) -> t.Iterator[Place]:
    try:
        with open_place(path, teams=True) as place:
            if place.shared:
                raise _open_to_everybody(path, place.shared, what)
            place.check_not_planted()
            yield place
    except NotTrusted as error:
        raise Invalid(f"{what} {path} is not used: {error.strerror}") from None


def _check_mode(descriptor: int, path: str, what: str) -> None:
    if everybody_may_write(os.fstat(descriptor), descriptor):
        raise _open_to_everybody(path, path, what)


def _open_to_everybody(path: str, place: str, what: str) -> Invalid:
    return Invalid(
        f"{what} {path} is not used: everybody on this machine may change {'it' if place == path else place}, and "
        f"so decide who this task works as. Take the right away (chmod o-w {place}), and look whether the file is "
        "still the right one"
    )


def _text(descriptor: int, path: str, what: str, wait_seconds: float) -> str:
    try:
        _check_mode(descriptor, path, what)
        ends = time.monotonic() + wait_seconds if stat.S_ISFIFO(os.fstat(descriptor).st_mode) else None
        content = bytearray()
        while len(content) <= MOST_BYTES:
            if ends is not None:
                _wait(descriptor, ends)
            part = os.read(descriptor, MOST_BYTES)
            if not part:
                return content.decode("utf-8-sig")
            content += part
        raise NotTrusted("it is too large")
    finally:
        os.close(descriptor)


def _wait(descriptor: int, ends: float) -> None:
    """Wait until there is something in the pipe, or its end."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    if not poll.poll(max(0.0, ends - time.monotonic()) * 1000):
        raise NotTrusted("it is a pipe into which nobody wrote in time; what it held can be read once only")
