# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Nothing that Ansible loads is passed over in silence, and nothing that is to be spared is taken."""

from __future__ import annotations

import os
import tracemalloc

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file import found_files as module
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.found_files import (
    found_files,
    may_hold_variables,
    told_of_files,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import CannotStore

INLINE = "k: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  00\n"


@pytest.fixture
def make(tmp_path):
    def make(name, text=INLINE):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return str(path)

    return make


@pytest.mark.parametrize("folder", ["host_vars", "group_vars", "inventories/prod/host_vars"])
def test_a_file_named_after_a_host_has_no_ending_to_ansible(make, tmp_path, folder):
    path = make(f"{folder}/web1.example.com")
    as_json = make(f"{folder}/db.example.net", '{"k": {"__ansible_vault": "$ANSIBLE_VAULT;1.1;AES256\\n00"}}')
    make(f"{folder}/README.md", "what begins with $ANSIBLE_VAULT is encrypted\n")

    assert found_files([str(tmp_path)]) == [as_json, path]
    assert found_files([f"{tmp_path}/**"]) == [as_json, path]
    assert may_hold_variables(path)


@pytest.mark.parametrize("pattern", ["", "/*", "/**"])
def test_a_link_to_a_folder_is_followed_as_ansible_does(make, tmp_path, pattern):
    path = make("shared/prod/vault.yml")
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars" / "prod").symlink_to("../shared/prod")
    (tmp_path / "shared" / "prod" / "back").symlink_to("../../group_vars")

    (found,) = found_files([f"{tmp_path}/group_vars{pattern}"])

    assert os.path.realpath(found) == path


def test_what_is_spared_is_spared_under_each_of_its_names(make, tmp_path):
    make("archive/2024/vault.yml")
    (tmp_path / "current").symlink_to("archive/2024")
    (tmp_path / "one.yml").symlink_to("archive/2024/vault.yml")

    assert found_files([str(tmp_path), f"{tmp_path}/current"], ["*/archive/*"]) == []


@pytest.mark.parametrize("pattern", ["group_vars/archive/*", "archive", "*/achive/*", "x.yml "])
def test_a_pattern_that_leaves_nothing_out_is_refused(make, tmp_path, pattern):
    make("group_vars/archive/x.yml")

    with pytest.raises(CannotStore, match="leaves nothing out") as caught:
        found_files([str(tmp_path)], ["x.yml", pattern])

    assert repr(pattern) in str(caught.value)


@pytest.mark.parametrize("pattern", ["*/.git/*", ".*", "*~", "*/clear.yml"])
def test_a_pattern_for_what_would_not_be_taken_anyway_is_none_with_a_slip(make, tmp_path, pattern):
    path = make("a.yml")
    make("clear.yml", "a: 1\n")

    assert found_files([str(tmp_path)], [pattern]) == [path]


@pytest.mark.parametrize("pattern", ["*/vault.yml", "*/*", "**/vault.yml"])
def test_a_folder_that_may_not_be_read_is_no_folder_without_files(make, tmp_path, monkeypatch, pattern):
    make("open/vault.yml")
    closed = os.path.dirname(make("closed/vault.yml"))
    access = os.access
    monkeypatch.setattr(module.os, "access", lambda path, mode: path.rstrip("/") != closed and access(path, mode))

    with pytest.raises(CannotStore, match=f"cannot read the folder {closed}"):
        found_files([f"{tmp_path}/{pattern}"])


def test_a_file_that_may_not_be_looked_at_is_no_missing_file(make, tmp_path, monkeypatch):
    path = make("a.yml")
    (tmp_path / "dangling.yml").symlink_to("nowhere")
    (tmp_path / "circle.yml").symlink_to("circle.yml")
    assert found_files([str(tmp_path)]) == [path]
    real_stat = os.stat

    def refused(name, *args, **kwargs):
        if name == path:
            raise PermissionError(13, "Permission denied")
        return real_stat(name, *args, **kwargs)

    monkeypatch.setattr(module.os, "stat", refused)

    with pytest.raises(CannotStore, match=r"a\.yml: Permission denied"):
        found_files([str(tmp_path)])


def test_what_was_not_looked_into_is_told(make, tmp_path):
    make("group_vars/all.yml", "a: 1\n")
    path, hidden = make("vars/secrets.vault"), make("host_vars/.vault.yml")
    whole = make(".env", "$ANSIBLE_VAULT;1.1;AES256\n00\n")
    make("vars/all.yml.1234~")
    make(".notes", "as in $ANSIBLE_VAULT;1.1\n")
    make("docs/vault.md", "as in $ANSIBLE_VAULT;1.1\n")
    left = []

    files = found_files([str(tmp_path)], left=left.append)

    assert (files, left) == ([], [whole, hidden, path])
    nothing, others = told_of_files(files, left)
    assert "no file below these paths holds cipher text" in nothing
    assert path in others
    assert list(told_of_files([path], [])) == []


def test_a_huge_file_is_read_block_by_block(make, tmp_path):
    image = make("files/image")
    with open(image, "wb") as file:
        file.seek((1 << 20) - 5)
        file.write(b"$ANSIBLE_VAULT")
    os.truncate(make("files/disk.iso", "x"), 1 << 28)
    tracemalloc.start()

    assert found_files([str(tmp_path)]) == [image]

    most_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most_bytes < 1 << 24
