# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Owner, group, mode, ACL and attributes of a vault file survive an edit, or nothing is written."""

from __future__ import annotations

import errno
import os
import stat
import struct
import typing as t
from pathlib import Path

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils import _attributes, _private_file
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.storage import Storage
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import CannotStore

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
ACCESS, DEFAULT = "system.posix_acl_access", "system.posix_acl_default"
# Tags of an entry: owner, named user, group, mask, others.
USER_OBJ, USER, GROUP_OBJ, MASK, OTHER, NOBODY_NAMED = 0x01, 0x02, 0x04, 0x10, 0x20, 0xFFFFFFFF


def acl(named_user: int, rights: int) -> bytes:
    """u::rw, u:named_user:rights, g::r, m::rights, o::- in the kernel's own form, which setfacl writes too."""
    entries = [(USER_OBJ, 6, NOBODY_NAMED), (USER, rights, named_user), (GROUP_OBJ, 4, NOBODY_NAMED)]
    entries += [(MASK, rights, NOBODY_NAMED), (OTHER, 0, NOBODY_NAMED)]
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "vault.yml"
    path.write_bytes(b"old")
    path.chmod(0o640)
    return path


def set_or_skip(path: Path, name: str, value: bytes) -> None:
    try:
        os.setxattr(path, name, value)
    except OSError as error:
        pytest.skip(f"this file system has no {name}: {error}")


def edit(path: Path, content: bytes = b"new") -> None:
    storage = Storage(str(path), 1)
    with storage.locked():
        identity = storage.read()[1]
        storage.check_may_write(identity)
        storage.write(content, identity, 0o600)
    assert path.read_bytes() == content


def test_an_acl_is_kept(file: Path) -> None:
    set_or_skip(file, ACCESS, acl(12345, 6))
    mode = stat.S_IMODE(file.stat().st_mode)

    edit(file)

    assert os.getxattr(file, ACCESS) == acl(12345, 6)
    assert stat.S_IMODE(file.stat().st_mode) == mode


def test_the_acl_that_a_folder_gives_its_new_files_is_not_taken_on(file: Path) -> None:
    set_or_skip(file.parent, DEFAULT, acl(12345, 6))

    edit(file)

    assert os.listxattr(file) == []
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


def test_a_new_private_file_takes_on_no_acl_either(tmp_path: Path) -> None:
    set_or_skip(tmp_path, DEFAULT, acl(12345, 6))

    _private_file.replace_file(str(tmp_path / "key.json"), b"new")

    assert os.listxattr(tmp_path / "key.json") == []


@ROOT_ONLY
def test_all_is_kept_at_once(file: Path) -> None:
    os.chown(file, 12345, 54321)
    set_or_skip(file, ACCESS, acl(23456, 4))
    for name in ("user.note", "user.empty", "security.cloudkeys", "trusted.cloudkeys"):
        set_or_skip(file, name, b"" if name == "user.empty" else name.encode())
    file.chmod(0o2640)
    names = sorted(os.listxattr(file))

    edit(file)

    found = file.stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (12345, 54321, 0o2640)
    assert sorted(os.listxattr(file)) == names
    assert os.getxattr(file, "trusted.cloudkeys") == b"trusted.cloudkeys"


@pytest.mark.parametrize(("name", "words"), [(ACCESS, "its ACL"), ("user.note", "its extended attributes")])
def test_an_attribute_that_cannot_be_kept_is_refused_before_anything_is_written(
    file: Path, name: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_or_skip(file, name, acl(12345, 4) if name == ACCESS else b"note")

    def refuse(*_args: t.Any) -> None:
        raise OSError(errno.EPERM, "")

    monkeypatch.setattr(os, "setxattr", refuse)
    storage = Storage(str(file), 1)

    with storage.locked(), pytest.raises(CannotStore, match=f"{words} cannot be kept: Operation not permitted"):
        storage.check_may_write(storage.read()[1])


def test_what_the_kernel_computes_of_the_content_is_not_carried_over() -> None:
    assert {"security.ima", "security.evm"} == _attributes._OF_CONTENT
