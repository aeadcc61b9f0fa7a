# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import errno
import fcntl
import multiprocessing
import os
import stat
import threading
from pathlib import Path

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._private_file import Disk
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.storage import MISSING, Storage
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import (
    CannotStore,
    ChangedMeanwhile,
)

FORK = multiprocessing.get_context("fork")
NOT_ROOT = pytest.mark.skipif(os.geteuid() == 0, reason="root may do everything")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "vault.yml"
    path.write_bytes(b"old")
    return path


def write(storage, content):
    with storage.locked():
        return storage.write(content, storage.read()[1], 0o600)


class Crash(Disk):
    """Dies like a killed process at the n-th call, before or after its effect."""

    def __init__(self, at: int, after: bool) -> None:
        self.left, self.after = at, after

    def __getattribute__(self, name: str) -> object:
        found = super().__getattribute__(name)
        if name not in ("create_nameless", "create", "write", "sync", "name", "replace", "remove"):
            return found

        def call(*args):
            self.left -= 1
            if self.left == 0 and not self.after:
                os._exit(7)
            if self.left == 0 and name == "write":
                found(args[0], args[1][: len(args[1]) // 2])
                os._exit(7)
            answer = found(*args)
            if self.left == 0:
                os._exit(7)
            return answer

        return call


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", [1, 2, 3, 4, 5, 6])
@pytest.mark.parametrize("nameless", [True, False])
def test_a_killed_run_leaves_the_old_or_the_new_file(file, at, after, nameless, monkeypatch):
    if not nameless:
        monkeypatch.delattr(os, "O_TMPFILE")
        if at == 6:
            pytest.skip("a file that has a name from its begin needs a call less")
    child = FORK.Process(target=lambda: write(Storage(str(file), 1, Crash(at, after)), b"new content"))
    child.start()
    child.join()

    assert child.exitcode == 7
    renames_at = 5 if nameless else 4
    is_replaced = (at, after) >= (renames_at, True)
    assert file.read_bytes() == (b"new content" if is_replaced else b"old")
    leftovers = [name for name in os.listdir(file.parent) if name != file.name]
    assert all(name.startswith(".") and name.endswith("~") for name in leftovers)
    named_at = 4 if nameless else 1
    assert len(leftovers) == (0 if is_replaced or (at, after) <= (named_at, False) else 1)
    write(Storage(str(file), 0), b"next run")
    assert file.read_bytes() == b"next run"
    assert os.listdir(file.parent) == [file.name]


class OtherDisk(Disk):
    """A disk of which some calls do something else."""

    def __init__(self, **calls) -> None:
        vars(self).update(calls)


def failing(number):
    def fail(*_args):
        raise OSError(number, "")

    return fail


@pytest.mark.parametrize("call", ["create_nameless", "write", "sync", "name", "replace"])
def test_a_full_disk_leaves_the_old_file_and_nothing_else(file, call):
    with pytest.raises(CannotStore, match=r"cannot write .*vault\.yml: No space left"):
        write(Storage(str(file), 1, OtherDisk(**{call: failing(errno.ENOSPC)})), b"new")

    assert file.read_bytes() == b"old"
    assert os.listdir(file.parent) == [file.name]


def test_a_mount_point_is_explained(file):
    with pytest.raises(CannotStore, match="mount its folder instead"):
        write(Storage(str(file), 1, OtherDisk(replace=failing(errno.EBUSY))), b"new")


def test_a_change_between_reading_and_writing_is_noticed(file):
    storage = Storage(str(file), 1)
    identity = storage.read()[1]
    file.write_bytes(b"own")

    with storage.locked(), pytest.raises(ChangedMeanwhile):
        storage.write(b"new", identity, 0o600)

    assert file.read_bytes() == b"own"
    assert os.listdir(file.parent) == [file.name]


def test_a_restored_older_file_is_another_file(file):
    storage = Storage(str(file), 1)
    content, identity = storage.read()
    times = (identity.mtime_ns, identity.mtime_ns)
    write(storage, b"new")
    file.write_bytes(content)
    os.utime(file, ns=times)

    with pytest.raises(ChangedMeanwhile):
        storage.expect(identity)


def test_a_file_that_came_meanwhile_is_noticed(tmp_path):
    storage = Storage(str(tmp_path / "vault.yml"), 1)
    assert storage.read() == (b"", MISSING)
    (tmp_path / "vault.yml").write_bytes(b"own")

    with pytest.raises(ChangedMeanwhile):
        storage.expect(MISSING)


def test_a_writer_without_a_lock_right_after_us_is_noticed_by_the_next_commit(file):
    disk = OtherDisk(replace=lambda *names: (Disk().replace(*names), file.write_bytes(b"own")))
    storage = Storage(str(file), 1, disk)
    identity = write(storage, b"new")

    with pytest.raises(ChangedMeanwhile):
        storage.expect(identity)


def test_the_identity_after_a_write_is_good_for_the_next_one(file):
    storage = Storage(str(file), 1)
    storage.expect(write(storage, b"new"))


def test_a_symbolic_link_stays_and_its_file_is_replaced(file, tmp_path):
    link = tmp_path / "elsewhere" / "link.yml"
    link.parent.mkdir()
    link.symlink_to("../vault.yml")

    write(Storage(str(link), 1), b"new")

    assert link.is_symlink()
    assert file.read_bytes() == b"new"
    assert os.listdir(link.parent) == ["link.yml"]


def test_hard_links_are_refused(file):
    os.link(file, file.parent / "twin.yml")
    storage = Storage(str(file), 1)

    with pytest.raises(CannotStore, match="hard links"):
        storage.check_may_write(storage.read()[1])


def test_mode_and_attributes_are_kept(file):
    file.chmod(0o640)
    try:
        os.setxattr(file, "user.note", b"kept")
    except OSError:
        pytest.skip("this file system has no user attributes")

    write(Storage(str(file), 1), b"new")

    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert os.getxattr(file, "user.note") == b"kept"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_the_owner_is_kept(file):
    os.chown(file, 12345, 54321)

    write(Storage(str(file), 1), b"new")

    assert (file.stat().st_uid, file.stat().st_gid) == (12345, 54321)


def test_somebody_elses_file_is_refused(file, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    storage = Storage(str(file), 1)

    with pytest.raises(CannotStore, match="belongs to another user"):
        storage.check_may_write(storage.read()[1])


def test_a_new_file_is_private_from_its_first_byte_whatever_the_umask(tmp_path):
    seen = []

    class Watch(Disk):
        def write(self, descriptor, content):
            seen.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
            super().write(descriptor, content)

    path = tmp_path / "vault.yml"
    old = os.umask(0)
    try:
        with Storage(str(path), 1).locked():
            Storage(str(path), 1, Watch()).write(b"new", MISSING, 0o640)
    finally:
        os.umask(old)

    assert seen == [0o600]
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.parametrize("folder", ["missing", "vault.yml"])
def test_a_missing_folder_is_an_error(file, folder):
    storage = Storage(str(file.parent / folder / "x.yml"), 1)

    with pytest.raises(CannotStore):
        storage.check_may_write(MISSING)
    with pytest.raises(CannotStore, match="does not exist"), storage.locked():
        pass


@NOT_ROOT
def test_a_read_only_folder_is_an_error(file):
    file.parent.chmod(0o500)
    try:
        with pytest.raises(CannotStore, match="may not be written"):
            Storage(str(file), 1).check_may_write(MISSING)
    finally:
        file.parent.chmod(0o700)


def test_a_folder_is_not_a_file(tmp_path):
    with pytest.raises(CannotStore):
        Storage(str(tmp_path), 1).read()


def test_a_device_is_not_a_file():
    with pytest.raises(CannotStore, match="not a regular file"):
        Storage(os.devnull, 1).read()


def test_a_lock_that_somebody_holds_is_waited_for_and_given_up(file):
    storage = Storage(str(file), 0.05)
    with (
        Storage(str(file), 1).locked(),
        pytest.raises(CannotStore, match=r"locked for 0\.05 seconds"),
        storage.locked(),
    ):
        pass

    with storage.locked():
        pass


def test_a_lock_is_waited_for(file):
    holder = Storage(str(file), 1)
    entered, release = threading.Event(), threading.Event()

    def hold():
        with holder.locked():
            entered.set()
            release.wait(5)

    thread = threading.Thread(target=hold)
    thread.start()
    entered.wait(5)
    threading.Timer(0.1, release.set).start()
    with Storage(str(file), 5).locked():
        assert release.is_set()
    thread.join()


def test_a_file_system_without_folder_locks_is_explained(file, monkeypatch):
    def refuse(*_args):
        raise OSError(errno.ENOLCK, "")

    monkeypatch.setattr(fcntl, "flock", refuse)

    with pytest.raises(CannotStore, match="cannot lock folders"), Storage(str(file), 1).locked():
        pass


def test_a_backup_is_complete_and_not_loaded_as_variables(file):
    file.chmod(0o640)

    copy = Storage(str(file), 1).back_up(b"old")

    assert os.path.dirname(copy) == str(file.parent)
    assert os.path.basename(copy).startswith("vault.yml.")
    assert copy.endswith("~")
    assert Path(copy).read_bytes() == b"old"
    assert stat.S_IMODE(os.stat(copy).st_mode) == 0o640
