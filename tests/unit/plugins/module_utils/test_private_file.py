# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What `vault_file/test_storage.py` does not show: crashes and full disks are there."""

from __future__ import annotations

import errno
import fcntl
import os
import stat

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils import _private_file
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._private_file import (
    Disk,
    reason_of,
    replace_file,
    replace_in,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._trusted_place import NotTrusted, open_place


@pytest.fixture(autouse=True)
def open_umask():
    old = os.umask(0)
    yield
    os.umask(old)


def replace(path, content, **more):
    with open_place(str(path)) as place:
        replace_in(place, content, **more)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_is_private_unless_told_otherwise(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(0o644)

    replace_file(str(path), b"new")

    assert (path.read_bytes(), mode(path)) == (b"new", 0o600)


@pytest.mark.parametrize("exists", [True, False])
def test_the_mode_is_that_of_the_old_file_if_that_is_to_be_kept(tmp_path, exists):
    path = tmp_path / "file"
    if exists:
        path.write_bytes(b"old")
        path.chmod(0o604)

    replace(path, b"new", mode=0o640, keeps=True)

    assert mode(path) == (0o604 if exists else 0o640)


def test_a_link_at_the_path_is_replaced_and_what_it_leads_to_stays(tmp_path):
    link, other = tmp_path / "link", tmp_path / "other"
    other.write_bytes(b"other")
    link.symlink_to(other)

    replace_file(str(link), b"new")

    assert not link.is_symlink()
    assert (link.read_bytes(), other.read_bytes()) == (b"new", b"other")


def test_a_check_that_raises_keeps_the_old_file_and_leaves_nothing_beside_it(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def refuse():
        raise KeyError

    with pytest.raises(KeyError):
        replace(path, b"new", check=refuse)

    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("letter", ["x", "\u20ac"])
def test_a_name_as_long_as_the_file_system_allows_is_no_obstacle(tmp_path, letter):
    path = tmp_path / (letter * (255 // len(letter.encode())))

    replace_file(str(path), b"new")

    assert path.read_bytes() == b"new"


def test_a_refusal_has_words_even_without_a_number():
    assert reason_of(OSError(errno.ENOSPC, "")) == os.strerror(errno.ENOSPC)
    assert "mount its folder instead" in reason_of(OSError(errno.EBUSY, ""))
    assert reason_of(OSError()) == "OSError"


def test_what_another_run_is_writing_is_no_leftover(tmp_path):
    path = tmp_path / "file"
    beside = tmp_path / ".file.0123456789ab.tmp~"
    beside.write_bytes(b"another run's")
    with beside.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        replace_file(str(path), b"new")
        assert beside.exists()

    replace_file(str(path), b"newer")

    assert not beside.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_leftover_of_another_user_is_left(tmp_path):
    beside = tmp_path / ".file.0123456789ab.tmp~"
    beside.write_bytes(b"theirs")
    os.chown(beside, 65534, 65534)

    replace_file(str(tmp_path / "file"), b"new")

    assert beside.exists()


class NamesLate(Disk):
    """Somebody writes the file between the last look and the moment when ours gets its name."""

    def __init__(self, path) -> None:
        self.path = path

    def name(self, descriptor, name, folder):
        if name == self.path.name:
            self.path.write_bytes(b"of somebody")
        super().name(descriptor, name, folder)


def test_a_file_that_comes_in_the_last_moment_is_looked_at_again(tmp_path):
    path, looked = tmp_path / "file", []

    replace(path, b"new", check=lambda: looked.append(path.exists()), disk=NamesLate(path))

    assert looked == [False, True]
    assert path.read_bytes() == b"new"


def test_a_file_system_that_cannot_name_a_file_later_gets_one_with_a_name(tmp_path):
    class CannotName(Disk):
        def name(self, descriptor, name, folder):
            raise OSError(errno.EPERM, "")

    replace(tmp_path / "file", b"new", disk=CannotName())

    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_a_file_that_comes_in_the_last_moment_is_replaced_where_nobody_looks(tmp_path):
    replace(tmp_path / "file", b"new", disk=NamesLate(tmp_path / "file"))

    assert (tmp_path / "file").read_bytes() == b"new"


def test_a_new_file_that_was_taken_for_a_leftover_is_made_again(tmp_path):
    """Another run may remove it in the moment before it is locked."""

    class Removed(Disk):
        made = 0

        def create_nameless(self, folder):
            raise OSError(errno.EOPNOTSUPP, "")

        def create(self, name, folder):
            descriptor = super().create(name, folder)
            self.made += 1
            if self.made == 1:
                os.unlink(name, dir_fd=folder)
            return descriptor

    disk = Removed()
    replace(tmp_path / "file", b"new", disk=disk)

    assert disk.made == 2
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("file", b"new")]


def test_what_somebody_else_put_in_the_place_is_not_taken_for_ours(tmp_path):
    """Where others may add files, one of theirs can get the name beside it, and then the place."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    tmp_path.chmod(0o1777)

    class Swapped(Disk):
        def replace(self, source, target, folder):
            os.unlink(source, dir_fd=folder)
            (tmp_path / source).write_bytes(b"of somebody")
            super().replace(source, target, folder)

    with pytest.raises(NotTrusted, match="another user put another file in its place"):
        replace(path, b"new", disk=Swapped())


def test_a_folder_that_may_not_be_listed_may_be_written(tmp_path, monkeypatch):
    def refuse(_folder):
        raise PermissionError

    monkeypatch.setattr(_private_file.os, "listdir", refuse)

    replace(tmp_path / "file", b"new")

    assert (tmp_path / "file").read_bytes() == b"new"
