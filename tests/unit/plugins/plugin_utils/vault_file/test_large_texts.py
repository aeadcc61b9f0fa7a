# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is kept of large texts, and when Python's collector rests."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest
from ansible.parsing.vault import VaultSecret
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file import nodes
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.cipher import Cipher
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.large_texts import (
    LastFew,
    without_collector,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_file import Edit, VaultFile


def test_what_was_made_is_made_once_until_it_is_pushed_out_or_forgotten() -> None:
    made: list[str] = []

    def make(text: str, _flag: bool) -> list[str]:
        made.append(text)
        return [text]

    few = LastFew(make, 2)

    assert few.of("a", True) is few.of("a", True)
    few.of("b", True)
    few.of("a", True)
    few.of("c", True)
    few.of("a", True)
    assert made == ["a", "b", "c"]
    few.forget("a")
    few.of("a", True)
    few.of("b", True)
    assert made == ["a", "b", "c", "a", "b"]


@pytest.mark.parametrize("check_mode", [False, True])
def test_of_two_states_of_a_file_only_the_one_that_is_read_again_is_kept(tmp_path: Path, check_mode: bool) -> None:
    path = tmp_path / "vars.yml"
    path.write_text("---\none: 1\n", encoding="utf-8")
    file = VaultFile(str(path), Cipher([("dev", VaultSecret(b"password"))]))
    before = file.read()
    nodes.PAGES.clear()

    after = file.commit(before, [Edit(("secret",), "value")], check_mode=check_mode).snapshot

    kept, gone = (before, after) if check_mode else (after, before)
    assert nodes.PAGES.has(kept.text)
    assert not nodes.PAGES.has(gone.text)


def test_the_collector_is_left_as_it_was() -> None:
    assert gc.isenabled()
    with without_collector():
        assert not gc.isenabled()
        with without_collector():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()
