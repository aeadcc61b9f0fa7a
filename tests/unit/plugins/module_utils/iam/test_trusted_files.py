# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Files that a log-in rests on: what everybody may write is refused, what a group may write is told."""

from __future__ import annotations

import os
import threading
import typing as t
from pathlib import Path

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import open_client
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.credentials import (
    cautions,
    read_cr_token,
    read_key_file,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import Invalid, MissingCredentials
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.trusted_files import (
    LONGEST_WAIT_SECONDS,
    MOST_BYTES,
    read_for_login,
    refuse_if_others_may_write,
)

VALUE = "a-value-that-is-logged-in-with"
ANOTHER_GROUP = 4242


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    folder = tmp_path / "keys"
    folder.mkdir(mode=0o755)
    found = folder / "key.json"
    found.write_text(VALUE)
    found.chmod(0o600)
    return found


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o400, 0o444])
def test_a_file_that_others_may_only_read_is_read(key_file: Path, mode: int) -> None:
    key_file.chmod(mode)

    assert read_key_file(str(key_file)) == VALUE


@pytest.mark.parametrize("mode", [0o602, 0o666, 0o777, 0o646])
@pytest.mark.parametrize("read", [read_key_file, read_cr_token])
def test_a_file_that_everybody_may_write_is_refused(key_file: Path, read: t.Any, mode: int) -> None:
    key_file.chmod(mode)

    with pytest.raises(Invalid, match=f"everybody .* may change it.*chmod o-w {key_file}") as caught:
        read(str(key_file))
    assert VALUE not in str(caught.value)


@pytest.mark.parametrize("mode", [0o777, 0o757])
def test_a_folder_above_it_that_everybody_may_write_is_named(key_file: Path, tmp_path: Path, mode: int) -> None:
    for folder in (key_file.parent, tmp_path):
        folder.chmod(mode)
        with pytest.raises(Invalid, match=f"may change {folder}, "):
            read_key_file(str(key_file))
        folder.chmod(0o755)


def test_in_a_folder_like_tmp_its_owner_decides(key_file: Path) -> None:
    key_file.parent.chmod(0o1777)
    assert read_key_file(str(key_file)) == VALUE

    if os.geteuid() == 0:
        os.chown(key_file, 4242, 4242)
        with pytest.raises(Invalid):
            read_key_file(str(key_file))


def test_the_folder_of_a_link_counts_and_that_of_the_file(key_file: Path, tmp_path: Path) -> None:
    places = tmp_path / "links"
    places.mkdir()
    link = places / "mine"
    link.symlink_to(key_file)
    assert read_key_file(str(link)) == VALUE

    for folder in (places, key_file.parent):
        folder.chmod(0o777)
        with pytest.raises(Invalid, match=f"may change {folder}, "):
            read_key_file(str(link))
        folder.chmod(0o755)


def test_a_link_on_the_way_counts_too(key_file: Path, tmp_path: Path) -> None:
    everybodys = tmp_path / "everybodys"
    everybodys.mkdir()
    everybodys.chmod(0o777)
    (everybodys / "second").symlink_to(key_file)
    (tmp_path / "first").symlink_to(everybodys / "second")

    with pytest.raises(Invalid, match=f"may change {everybodys}, "):
        read_key_file(str(tmp_path / "first"))


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user")
def test_nobody_elses_link_in_a_folder_like_tmp_is_followed(key_file: Path, tmp_path: Path) -> None:
    like_tmp = tmp_path / "like-tmp"
    like_tmp.mkdir()
    like_tmp.chmod(0o1777)
    planted = like_tmp / "key"
    planted.symlink_to(key_file)
    assert read_key_file(str(planted)) == VALUE

    os.chown(planted, 4242, 4242, follow_symlinks=False)
    with pytest.raises(Invalid, match="symbolic link that another user made"):
        read_key_file(str(planted))


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user")
def test_a_team_shares_its_files_whoever_owns_them(key_file: Path) -> None:
    link = key_file.parent / "link"
    link.symlink_to(key_file.name)
    os.chown(key_file.parent, 4243, ANOTHER_GROUP)
    os.chown(key_file, 4244, ANOTHER_GROUP)
    os.chown(link, 4245, ANOTHER_GROUP, follow_symlinks=False)
    key_file.parent.chmod(0o2775)
    key_file.chmod(0o664)

    assert read_key_file(str(link)) == VALUE
    assert len(cautions({"api_key_file": str(link)}, {})) == 1
    key_file.chmod(0o644)
    assert f"chmod g-w {key_file.parent} " in cautions({"api_key_file": str(link)}, {})[0]


def test_a_secret_as_kubernetes_mounts_it_is_read(tmp_path: Path) -> None:
    """A chain of links in a folder with the sticky bit, which changes as a whole when the secret does."""
    mount = tmp_path / "secrets"
    (mount / "..2026_11_29").mkdir(parents=True)
    mount.chmod(0o3777)
    (mount / "..2026_11_29" / "token").write_text(VALUE)
    (mount / "..2026_11_29" / "token").chmod(0o440)
    (mount / "..data").symlink_to("..2026_11_29")
    (mount / "token").symlink_to("..data/token")

    assert read_key_file(str(mount / "token")) == VALUE
    assert read_cr_token(str(mount / "token")) == VALUE
    assert cautions({"cr_token_file": str(mount / "token")}, {}) == []


def test_nobody_writes_a_volume_that_is_mounted_read_only(key_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A volume of a pod, which an agent fills, is often 0777."""
    key_file.parent.chmod(0o777)
    with pytest.raises(Invalid, match="everybody"):
        read_key_file(str(key_file))

    class ReadOnly:
        f_flag = os.ST_RDONLY

    monkeypatch.setattr(os, "fstatvfs", lambda _descriptor: ReadOnly)
    assert read_key_file(str(key_file)) == VALUE


def test_a_pipe_is_as_trusted_as_a_file(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    tmp_path.chmod(0o777)
    with pytest.raises(Invalid, match=f"may change {tmp_path}, "):
        read_key_file(str(pipe))

    tmp_path.chmod(0o1777)
    if os.geteuid() == 0:
        os.chown(pipe, 4242, 4242)
        with pytest.raises(Invalid, match="another user"):
            read_key_file(str(pipe))


def test_a_pipe_is_waited_for_and_not_without_end(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    with pytest.raises(Invalid, match="nobody wrote in time"):
        read_for_login(str(pipe), "the file", wait_seconds=0.1)

    later = threading.Timer(0.2, pipe.write_text, [VALUE])
    later.start()
    assert read_for_login(str(pipe), "the file") == VALUE
    later.join()
    assert LONGEST_WAIT_SECONDS >= 30


def test_what_the_run_was_started_with_is_nobodys_to_replace(tmp_path: Path) -> None:
    """As <(command) in a shell."""
    end, begin = os.pipe()
    os.write(begin, VALUE.encode())
    os.close(begin)

    assert read_key_file(f"/dev/fd/{end}") == VALUE
    os.close(end)


@pytest.mark.parametrize("what", ["folder", "device", "large", "missing"])
def test_what_holds_no_key_is_told_at_once(key_file: Path, what: str) -> None:
    path = {"folder": str(key_file.parent), "device": "/dev/zero"}.get(what, str(key_file))
    if what == "missing":
        key_file.unlink()
    elif what == "large":
        key_file.write_bytes(b"x" * (MOST_BYTES + 1))

    with pytest.raises((Invalid, MissingCredentials)):
        read_key_file(path)


@pytest.mark.parametrize("text", [VALUE, f'{{"apikey":"{VALUE}"}}', f"{VALUE}\r\n"])
def test_the_mark_of_an_editor_is_no_part_of_a_key(key_file: Path, text: str) -> None:
    key_file.write_bytes(b"\xef\xbb\xbf" + text.encode())

    assert read_key_file(str(key_file)) == VALUE


def test_a_folder_of_certificates_to_trust_is_nobody_elses(key_file: Path) -> None:
    refuse_if_others_may_write(str(key_file.parent), "ca_path")
    key_file.parent.chmod(0o777)
    with pytest.raises(Invalid, match=f"chmod o-w {key_file.parent}"):
        refuse_if_others_may_write(str(key_file.parent), "ca_path")


def test_certificates_to_trust_are_such_a_file_too(key_file: Path) -> None:
    key_file.chmod(0o666)

    with pytest.raises(Invalid, match=r"ca_path, .* is not used"):
        open_client({"api_key": "K", "ca_path": str(key_file)}, {}, lambda _: None)


def test_what_a_group_may_write_is_used_and_told(key_file: Path) -> None:
    key_file.chmod(0o660)
    os.chown(key_file, -1, ANOTHER_GROUP if os.geteuid() == 0 else os.getegid())

    told = cautions({"api_key_file": str(key_file)}, {})

    assert read_key_file(str(key_file)) == VALUE
    if os.geteuid() == 0:
        assert len(told) == 1
        assert f"chmod g-w {key_file}" in told[0]
        assert cautions({}, {"IBMCLOUD_API_KEY": f"@{key_file}"}) == told
        assert cautions({"api_key": "K"}, {"IBMCLOUD_API_KEY": f"@{key_file}"}) == []


def test_a_group_of_ones_own_is_nobody_else(key_file: Path) -> None:
    key_file.chmod(0o660)
    if os.geteuid() == 0:
        os.chown(key_file, 0, 0)
        assert cautions({"api_key_file": str(key_file)}, {}) == []


@pytest.mark.parametrize(("said", "count"), [(False, 1), (True, 0), (None, 0)])
def test_that_certificates_are_not_looked_at_is_told(said: bool | None, count: int) -> None:
    assert len(cautions({"validate_certs": said}, {})) == count
