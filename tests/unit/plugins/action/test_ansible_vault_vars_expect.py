# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The compare-and-swap: a change that rests on what was read before happens to that very file, or not at all."""

from __future__ import annotations

import json
import os
import shutil

import pytest
from ansible.parsing.vault import VaultSecret
from ansible_collections.cloudkeys.ibmcloud.plugins.action import ansible_vault_vars as action
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_file import (
    ChangedMeanwhile,
    Cipher,
    VaultFile,
)

SECRET = "s3cret-value"
LAYOUTS = pytest.mark.parametrize("layout", ["inline", "file"])


@pytest.fixture
def cipher():
    return Cipher([("dev", VaultSecret(b"password of dev"))])


@pytest.fixture
def run(run_action, monkeypatch, cipher):
    """Change the variable `key` of a vault file."""
    monkeypatch.setattr(action.Cipher, "of_this_run", lambda loader: cipher)

    def run(check_mode=False, **args):
        args = {"path": "vault.yml", "name": "key", "create": True, **args}
        return run_action(action, args, check_mode)

    return run


@pytest.fixture
def key(tmp_path, cipher):
    file = VaultFile(str(tmp_path / "vault.yml"), cipher)
    return lambda: file.value(file.read(), ("key",))


@LAYOUTS
def test_changes_follow_one_another_by_their_revisions(run, key, layout):
    first = run(value="one", expect="missing", layout=layout)
    second = run(value="two", expect=first["revision"])
    again = run(value="two", expect=second["revision"])

    assert [each.get("failed", False) for each in (first, second, again)] == [False, False, False]
    assert [each["changed"] for each in (first, second, again)] == [True, True, False]
    assert first["revision"] != second["revision"] == again["revision"]
    assert key() == "two"


@LAYOUTS
@pytest.mark.parametrize("check_mode", [True, False])
def test_a_file_of_another_revision_is_a_conflict_and_stays(run, key, tmp_path, layout, check_mode):
    stale = run(value="one", layout=layout)["revision"]
    run(name="other", value="x")
    before = (tmp_path / "vault.yml").read_bytes()

    for expected in (stale, "missing"):
        for wish in ({"value": SECRET}, {"value": "one"}, {"state": "absent"}):
            result = run(check_mode, expect=expected, **wish)
            assert (result["failed"], result["conflict"], result["changed"]) == (True, True, False)
            assert "vault.yml is not of the expected revision" in result["msg"]
            assert SECRET not in json.dumps(result)
    assert (tmp_path / "vault.yml").read_bytes() == before


def test_a_file_that_is_gone_is_a_conflict(run, tmp_path):
    revision = run(value="one")["revision"]
    (tmp_path / "vault.yml").unlink()

    assert run(value="two", expect=revision)["conflict"]
    assert os.listdir(tmp_path) == []


def test_check_mode_returns_the_revision_that_stays(run):
    found = run(value="one")["revision"]

    tried = run(check_mode=True, value="two", expect=found)

    assert (tried["changed"], tried["revision"]) == (True, found)
    assert run(value="two", expect=tried["revision"])["changed"]


def test_a_copy_of_the_file_has_the_same_revision(run, tmp_path):
    revision = run(value="one")["revision"]
    shutil.copy(tmp_path / "vault.yml", tmp_path / "copy.yml")

    assert not run(path="copy.yml", value="two", expect=revision).get("failed")


@pytest.mark.parametrize("expect", ["sha256:", "none", "MISSING", "a" * 64, f"sha256:{'a' * 63}\n"])
def test_what_is_no_revision_does_not_turn_the_comparison_off(run, tmp_path, expect):
    result = run(value="one", expect=expect)

    assert result["failed"]
    assert not result["conflict"]
    assert "expect must be a revision" in result["msg"]
    assert os.listdir(tmp_path) == []


def test_a_writer_who_comes_during_the_task_is_a_conflict_too(run, monkeypatch):
    def interrupted(*_args, **_options):
        raise ChangedMeanwhile("changed")

    monkeypatch.setattr(action.VaultFile, "apply", interrupted)

    assert run(value="one")["conflict"]
