# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where a path leads when others may have a say; with real neighbours: tests/neighbours."""

from __future__ import annotations

import os
import struct
import typing as t
from pathlib import Path

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._trusted_place import (
    NotTrusted,
    open_place,
    others_may_write,
    read_own_text,
    read_text,
)

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
OTHER = 65534


def path_of(path: Path | str) -> str:
    with open_place(str(path)) as place:
        return place.path


def shared(path: Path | str) -> str | None:
    with open_place(str(path)) as place:
        return place.shared


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "folder"
    path.mkdir(mode=0o755)
    return path


def test_a_path_is_walked_as_the_system_walks_it(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "absolute").symlink_to(folder)
    (tmp_path / "relative").symlink_to("./folder//")
    (folder / "up").symlink_to("../folder/file")
    (folder / "deep").mkdir()
    (tmp_path / "to deep").symlink_to("folder/deep")
    for path in ("folder/file", "absolute/file", "relative/file", "folder/up", "./folder/../folder//file"):
        assert path_of(f"{tmp_path}/{path}") == os.path.realpath(folder / "file")
    assert path_of(f"{tmp_path}/to deep/../file") == os.path.realpath(folder / "file")


def test_a_relative_path_begins_where_the_process_is(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)

    assert path_of("file") == os.path.realpath(folder / "file")


def test_links_in_a_circle_are_no_way(folder: Path) -> None:
    (folder / "a").symlink_to("b")
    (folder / "b").symlink_to("a")

    with pytest.raises(OSError, match="Too many levels"):
        path_of(folder / "a")


@pytest.mark.parametrize("path", ["/", "no/folder/file"])
def test_what_has_no_folder_is_an_error_of_the_system(tmp_path: Path, path: str) -> None:
    with pytest.raises(OSError, match="directory"):
        path_of(tmp_path / path)


@pytest.mark.parametrize(("mode", "is_shared"), [(0o755, False), (0o777, True), (0o757, True), (0o1777, False)])
@pytest.mark.parametrize("below", ["file", "inner/file"])
def test_a_folder_in_which_others_may_replace_names_is_seen_on_the_way(
    folder: Path, mode: int, is_shared: bool, below: str
) -> None:
    (folder / "inner").mkdir(mode=0o755)
    folder.chmod(mode)

    assert shared(folder / below) == (os.path.realpath(folder) if is_shared else None)


@ROOT_ONLY
def test_the_group_of_root_is_nobody_else_unless_it_stands_for_an_acl(folder: Path) -> None:
    folder.chmod(0o775)
    assert shared(folder / "file") is None
    entries = [(1, 7, -1), (2, 7, OTHER), (4, 5, -1), (16, 7, -1), (32, 5, -1)]
    acl = struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *entry) for entry in entries)
    try:
        os.setxattr(folder, "system.posix_acl_access", acl)
    except OSError as error:
        pytest.skip(f"this file system has no ACL: {error}")

    assert shared(folder / "file") == os.path.realpath(folder)


@ROOT_ONLY
def test_a_group_that_is_not_the_owners_own_is_others(folder: Path) -> None:
    folder.chmod(0o775)
    os.chown(folder, 0, OTHER)

    assert shared(folder / "file") == os.path.realpath(folder)


@ROOT_ONLY
@pytest.mark.parametrize(
    ("folder_owner", "mode", "link_owner"),
    [(0, 0o755, OTHER), (0, 0o777, 0), (0, 0o1777, OTHER), (OTHER, 0o755, 0), (OTHER, 0o1777, 0)],
)
@pytest.mark.parametrize("is_last", [True, False])
def test_a_link_that_others_made_or_may_replace_is_not_followed(
    folder: Path, folder_owner: int, mode: int, link_owner: int, is_last: bool
) -> None:
    target = folder.parent / "target"
    target.mkdir()
    link = folder / "link"
    link.symlink_to("../target/file" if is_last else "../target")
    os.chown(link, link_owner, 0, follow_symlinks=False)
    os.chown(folder, folder_owner, 0)
    folder.chmod(mode)

    with pytest.raises(NotTrusted, match="symbolic link that another user"):
        path_of(link if is_last else link / "file")


def test_a_link_of_ours_in_a_folder_of_all_users_is_followed(folder: Path) -> None:
    (folder / "link").symlink_to("../target")
    folder.chmod(0o1777)
    if os.geteuid() == 0:
        assert path_of(folder / "link") == os.path.realpath(folder.parent / "target")


def test_a_last_link_can_be_left_alone(folder: Path) -> None:
    (folder / "link").symlink_to("nowhere")

    with open_place(str(folder / "link"), follow=False) as place:
        assert place.name == "link"
        assert place.found() is not None


@ROOT_ONLY
def test_a_folder_of_another_user_among_those_of_all_is_not_entered(folder: Path) -> None:
    folder.chmod(0o1777)
    (folder / "theirs").mkdir()
    os.chown(folder / "theirs", OTHER, OTHER)

    with pytest.raises(NotTrusted, match="lies where others may put folders"):
        path_of(folder / "theirs" / "file")


@pytest.mark.parametrize("read", [read_text, read_own_text])
def test_nobody_is_waited_for(folder: Path, read: t.Callable[[str], str]) -> None:
    os.mkfifo(folder / "fifo")

    with pytest.raises(NotTrusted, match="not a regular file"):
        read(str(folder / "fifo"))


def test_a_text_that_others_may_write_is_not_ours(folder: Path) -> None:
    path = folder / "file"
    path.write_text("text", encoding="utf-8")
    path.chmod(0o644)
    assert read_own_text(str(path)) == read_text(str(path)) == "text"

    path.chmod(0o666)
    with pytest.raises(NotTrusted, match="others may write it"):
        read_own_text(str(path))


def test_write_rights_of_nobody_are_none(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        assert not others_may_write(os.fstat(descriptor), descriptor)
    finally:
        os.close(descriptor)
