# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Files that a log-in rests on: what everybody may write is refused, what a group may write is told."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import open_client
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.credentials import (
    cautions,
    read_cr_token,
    read_key_file,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import Invalid
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.trusted_files import others_may_write

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


def test_a_pipe_is_nobodys_to_replace(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    tmp_path.chmod(0o777)
    assert others_may_write(str(pipe)) is None
    assert others_may_write(str(tmp_path / "missing")) is None


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
