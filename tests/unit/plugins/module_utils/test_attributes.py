# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Attributes that a system does not know, or cannot read or set; real ones are in `vault_file/test_attributes.py`."""

from __future__ import annotations

import errno
import os
import stat
import typing as t
from pathlib import Path

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils import _private_file
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._private_file import (
    Disk,
    check_may_keep,
    replace_in,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._trusted_place import NotTrusted, Place, open_place

SOMEBODY = 4242


def refuses(number: int) -> t.Callable[..., t.Any]:
    """A call that the system answers with this error."""

    def refuse(*_arguments: t.Any, **_words: t.Any) -> t.Any:
        raise OSError(number, os.strerror(number))

    return refuse


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "secrets.yml"
    path.write_bytes(b"old")
    path.chmod(0o604)
    return path


def replace(path: Path) -> None:
    with open_place(str(path)) as place:
        replace_in(place, b"new", keeps=True)


def belongs_to(monkeypatch: pytest.MonkeyPatch, user: int, group: int) -> None:
    """Have the old file look as if it were another user's."""
    find = Place.found

    def found(place: Place) -> os.stat_result | None:
        told = find(place)
        return os.stat_result((*told[:4], user, group, *told[6:10])) if told else None

    monkeypatch.setattr(Place, "found", found)


@pytest.fixture
def attributes(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """What every file has by itself, as a label of SELinux."""
    found = {"security.selinux": b"label"}
    monkeypatch.setattr(os, "listxattr", lambda _descriptor: list(found), raising=False)
    monkeypatch.setattr(os, "getxattr", lambda _place, name: found[name], raising=False)
    monkeypatch.setattr(os, "setxattr", refuses(errno.EACCES), raising=False)
    return found


def test_an_owner_that_cannot_be_kept_keeps_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    belongs_to(monkeypatch, SOMEBODY, os.getegid())
    monkeypatch.setattr(os, "fchown", refuses(errno.EPERM))

    with pytest.raises(NotTrusted, match="its owner and group cannot be kept: Operation not permitted"):
        replace(path)

    assert path.read_bytes() == b"old"


def test_an_attribute_that_the_new_file_has_by_itself_is_not_set(path: Path, attributes: dict[str, bytes]) -> None:
    """A label may be one that nobody but the system may set."""
    attributes["system.sockprotoname"] = b"no space for users"

    replace(path)

    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"new", 0o604)


@pytest.mark.parametrize("name", ["user.note", "system.posix_acl_access"])
def test_an_attribute_that_cannot_be_set_keeps_the_old_file(
    path: Path, attributes: dict[str, bytes], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    looks: list[int] = []
    monkeypatch.setattr(os, "listxattr", lambda _file: looks.append(1) or ([name] if len(looks) == 1 else []))
    attributes[name] = b"of the old one"

    with pytest.raises(NotTrusted, match=f"its {'ACL' if 'acl' in name else 'extended attributes'} cannot be kept"):
        replace(path)

    assert path.read_bytes() == b"old"


@pytest.mark.usefixtures("attributes")
@pytest.mark.parametrize("call", ["listxattr", "getxattr"])
def test_a_file_system_without_attributes_is_no_obstacle(
    path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    monkeypatch.setattr(os, call, refuses(errno.ENOTSUP))

    replace(path)

    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"new", 0o604)


@pytest.mark.usefixtures("attributes")
@pytest.mark.parametrize("call", ["listxattr", "getxattr"])
def test_attributes_that_cannot_be_read_keep_the_old_file(
    path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    with open_place(str(path)) as place:
        monkeypatch.setattr(os, call, refuses(errno.EIO))
        with pytest.raises(OSError, match=r"extended attributes cannot be kept: Input/output|Input/output error"):
            replace_in(place, b"new", keeps=True)

    assert path.read_bytes() == b"old"


def test_a_system_that_knows_no_attributes_writes_all_the_same(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for call in ("listxattr", "getxattr", "setxattr", "removexattr"):
        monkeypatch.delattr(os, call, raising=False)

    replace(path)
    with open_place(str(path.parent / "new.yml")) as place:
        replace_in(place, b"new")

    assert [stat.S_IMODE(each.stat().st_mode) for each in sorted(path.parent.iterdir())] == [0o600, 0o604]


def test_an_acl_that_cannot_be_taken_away_stops_the_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a folder gives to its new files would let others read a private one."""
    monkeypatch.setattr(os, "removexattr", refuses(errno.EIO), raising=False)

    with open_place(str(tmp_path / "new.yml")) as place, pytest.raises(OSError, match="Input/output"):
        replace_in(place, b"new")

    assert list(tmp_path.iterdir()) == []


# ---- told before anything is done, where a new file would have to have a name


@pytest.fixture(params=["no /proc", "no nameless files"])
def named_only(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "no /proc":
        monkeypatch.setattr(_private_file, "_knows_nameless", lambda: False)
    else:
        monkeypatch.setattr(Disk, "create_nameless", refuses(errno.EOPNOTSUPP))


@pytest.mark.usefixtures("named_only")
@pytest.mark.parametrize(
    ("user", "group", "keeps"),
    [(SOMEBODY, SOMEBODY, True), (0, SOMEBODY, False), (SOMEBODY, 0, False)],
)
def test_whether_owner_and_group_could_be_kept_is_told_without_a_new_file(
    path: Path, monkeypatch: pytest.MonkeyPatch, user: int, group: int, keeps: bool
) -> None:
    with open_place(str(path)) as place:
        belongs_to(monkeypatch, user, group)
        for call in ("geteuid", "getegid"):
            monkeypatch.setattr(os, call, lambda: SOMEBODY)
        monkeypatch.setattr(os, "getgroups", list)
        if keeps:
            check_may_keep(place)
        else:
            with pytest.raises(NotTrusted, match="its owner and group cannot be kept"):
                check_may_keep(place)

    assert list(path.parent.iterdir()) == [path]


@pytest.mark.usefixtures("named_only")
def test_a_file_that_is_not_there_has_nothing_to_keep(tmp_path: Path) -> None:
    with open_place(str(tmp_path / "new.yml")) as place:
        check_may_keep(place)

    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_before_anything_is_done(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Disk, "create_nameless", refuses(errno.ENOSPC))

    with open_place(str(path)) as place, pytest.raises(OSError, match="No space left"):
        check_may_keep(place)
