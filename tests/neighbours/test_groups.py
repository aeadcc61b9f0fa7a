# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A vault file with a group that its user is not in: check mode and the real run say no, and write nothing."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils import _private_file
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import CannotStore
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_file import Edit, VaultFile
from ansible_collections.cloudkeys.ibmcloud.tests.neighbours.people import Yard, as_user
from ansible_collections.cloudkeys.ibmcloud.tests.neighbours.writers import CIPHER

USER, OTHER_GROUP = 12345, 54321


def edit(path: Path, check_mode: bool, knows_nameless: bool) -> str:
    if not knows_nameless:
        _private_file._knows_nameless = lambda: False
    try:
        VaultFile(str(path), CIPHER).apply([Edit(("secret",), "value")], check_mode=check_mode)
    except CannotStore as error:
        return str(error)
    return "written"


@pytest.mark.parametrize("knows_nameless", [True, False])
@pytest.mark.parametrize("check_mode", [True, False])
def test_a_group_that_cannot_be_kept_is_refused_before_anything_is_written(
    check_mode: bool, knows_nameless: bool, yard_of: t.Callable[[int, str], Yard]
) -> None:
    folder = yard_of(USER, "of the victim").folder
    path = folder / "vault.yml"
    path.write_text("other: 1\n", encoding="utf-8")
    os.chown(path, USER, OTHER_GROUP)
    before = folder.stat().st_mtime_ns

    told = as_user(USER, lambda: edit(path, check_mode, knows_nameless))

    assert told == f"cannot write {path}: its owner and group cannot be kept: Operation not permitted"
    assert path.read_text(encoding="utf-8") == "other: 1\n"
    assert (os.listdir(folder), folder.stat().st_mtime_ns) == ([path.name], before)


def test_root_keeps_it(yard_of: t.Callable[[int, str], Yard]) -> None:
    path = yard_of(USER, "of the victim").folder / "vault.yml"
    path.write_text("other: 1\n", encoding="utf-8")
    os.chown(path, USER, OTHER_GROUP)

    assert as_user(0, lambda: edit(path, False, True)) == "written"
    assert (path.stat().st_uid, path.stat().st_gid) == (USER, OTHER_GROUP)
