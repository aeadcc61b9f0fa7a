# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import multiprocessing
import os
from dataclasses import replace
from pathlib import Path

import pytest
from ansible.parsing.vault import VaultSecret
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._private_file import Disk
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.cipher import Cipher
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import (
    CannotDecrypt,
    CannotEdit,
    CannotStore,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_file import (
    ChangedMeanwhile,
    Edit,
    VaultFile,
)

FORK = multiprocessing.get_context("fork")
LAYOUTS = pytest.mark.parametrize("layout", ["inline", "file"])


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "vault.yml")


def content(path):
    with open(path, encoding="utf-8", newline="") as file:
        return file.read()


def new_file(path, cipher, layout="inline", **options):
    file = VaultFile(path, cipher, create=True, layout=layout, **options)
    file.apply([Edit(("a",), "one"), Edit(("m", "k"), {"id": "1", "v": "two"}, plaintext_keys=frozenset({"id"}))])
    return file


@LAYOUTS
def test_a_new_file_holds_no_secret_in_clear(path, cipher, layout):
    file = new_file(path, cipher, layout)
    snapshot = file.read()

    assert snapshot.exists
    assert snapshot.layout == layout
    assert "one" not in content(path)
    assert "two" not in content(path)
    assert file.value(snapshot, ("a",)) == "one"
    assert file.value(snapshot, ("m",)) == {"k": {"id": "1", "v": "two"}}
    assert file.value(snapshot, ("m", "x")) is None
    assert file.names(snapshot) == ["a", "m"]
    assert os.stat(path).st_mode & 0o777 == 0o600


@LAYOUTS
def test_a_second_run_writes_nothing(path, cipher, layout):
    file = new_file(path, cipher, layout)
    before, inode = content(path), os.stat(path).st_ino

    committed = file.apply([Edit(("a",), "one"), Edit(("x",), remove=True)])

    assert not committed.changed
    assert committed.vault_id == "dev"
    assert (content(path), os.stat(path).st_ino) == (before, inode)


@LAYOUTS
def test_commits_follow_one_another_by_their_snapshots(path, cipher, layout):
    file = new_file(path, cipher, layout)
    first = file.commit(file.read(), [Edit(("a",), "1")])
    second = file.commit(first.snapshot, [Edit(("a",), "2")])

    assert first.changed
    assert second.changed
    assert second.snapshot == file.read()
    assert file.value(second.snapshot, ("a",)) == "2"
    for stale in (first.snapshot, replace(second.snapshot, identity="missing")):
        with pytest.raises(ChangedMeanwhile):
            file.commit(stale, [Edit(("a",), "3")])
    assert file.value(file.read(), ("a",)) == "2"


def test_even_a_commit_without_a_change_is_a_comparison(path, cipher):
    file = new_file(path, cipher)
    stale = file.read()
    file.apply([Edit(("b",), "x")])

    with pytest.raises(ChangedMeanwhile):
        file.commit(stale, [Edit(("a",), "one")])


def test_a_missing_file_needs_leave_to_be_created(path, cipher):
    file = VaultFile(path, cipher)

    assert not file.read().exists
    assert file.value(file.read(), ("a",)) is None
    assert not file.apply([Edit(("a",), remove=True)]).changed
    with pytest.raises(CannotEdit, match="does not exist"):
        file.apply([Edit(("a",), "x")])
    assert not os.path.exists(path)


@LAYOUTS
def test_an_empty_file_takes_the_wanted_layout(path, cipher, layout):
    open(path, "w").close()
    VaultFile(path, cipher, layout=layout).apply([Edit(("a",), "x")])

    assert content(path).startswith("$ANSIBLE_VAULT") == (layout == "file")


@LAYOUTS
def test_an_existing_layout_is_kept(path, cipher, layout):
    new_file(path, cipher, layout)
    other = VaultFile(path, cipher, layout="file" if layout == "inline" else "inline")
    other.apply([Edit(("a",), "x")])

    assert other.read().layout == layout


@pytest.mark.parametrize("create", [True, False])
def test_check_mode_does_all_but_the_write(path, cipher, create):
    if not create:
        new_file(path, cipher)
    before = os.listdir(os.path.dirname(path))
    file = VaultFile(path, cipher, create=create, backup=True)

    committed = file.apply([Edit(("z",), "x")], check_mode=True)

    assert committed.changed
    assert file.value(committed.snapshot, ("z",)) == "x"
    assert os.listdir(os.path.dirname(path)) == before
    assert file.value(file.read(), ("z",)) is None


def test_check_mode_finds_what_would_fail(path, cipher):
    file = new_file(path, cipher)
    os.link(path, f"{path}.twin")

    with pytest.raises(CannotStore, match="hard links"):
        file.apply([Edit(("a",), "x")], check_mode=True)


def test_the_temporary_file_holds_cipher_text_only(path, cipher):
    written = []

    class Watch(Disk):
        def write(self, descriptor, content):
            written.append(content)
            super().write(descriptor, content)

    for layout in ("inline", "file"):
        new_file(f"{path}.{layout}", cipher, layout, disk=Watch())

    assert len(written) == 2
    assert not any(secret in content for content in written for secret in (b"one", b"two"))


def test_a_backup_is_the_old_file_and_says_if_it_holds_clear_text(path, cipher):
    with open(path, "w") as plain:
        plain.write("a: s3cret\n")
    file = VaultFile(path, cipher, backup=True)

    first = file.apply([Edit(("a",), "s3cret")])
    second = file.apply([Edit(("a",), "new")])
    third = file.apply([Edit(("a",), "new")])

    assert content(first.backup_file) == "a: s3cret\n"
    assert [each.replaced_clear_text for each in (first, second, third)] == [True, False, False]
    assert second.backup_file
    assert third.backup_file is None


@LAYOUTS
def test_the_asked_for_id(path, two_ids, layout):
    file = new_file(path, two_ids, layout, vault_id="prod")

    assert file.apply([Edit(("a",), "x")]).vault_id == "prod"
    assert "1.2;AES256;prod" in content(path)
    assert VaultFile(path, two_ids).apply([Edit(("a",), "y")]).vault_id == "prod"


def test_an_inline_value_is_sealed_anew_under_another_id(path, two_ids):
    new_file(path, two_ids, vault_id="dev")
    file = VaultFile(path, two_ids, vault_id="prod")

    assert file.apply([Edit(("a",), "one")]).changed
    assert not file.apply([Edit(("a",), "one")]).changed
    assert content(path).count("AES256;prod") == content(path).count("AES256;dev") == 1


def test_a_whole_file_under_another_id_is_refused(path, two_ids):
    new_file(path, two_ids, "file", vault_id="dev")

    with pytest.raises(CannotEdit, match=r"vault.yml: .*under 'dev' and not under 'prod'.*rekey"):
        VaultFile(path, two_ids, vault_id="prod").apply([Edit(("a",), "x")])


@LAYOUTS
def test_other_secrets_do_not_open_the_file(path, cipher, layout):
    new_file(path, cipher, layout)
    stranger = VaultFile(path, Cipher([("other", VaultSecret(b"another password"))]))

    with pytest.raises(CannotDecrypt, match=r"vault.yml: .*none of the loaded vault ids \(other\)"):
        stranger.value(stranger.read(), ("a",))
    place = "vault.yml: line 2: none" if layout == "inline" else "vault.yml: none"
    with pytest.raises(CannotDecrypt, match=place):
        stranger.apply([Edit(("a",), "x")])


def test_bytes_that_are_no_text_are_refused(path, cipher):
    with open(path, "wb") as binary:
        binary.write(b"a: \xff\n")

    with pytest.raises(CannotEdit, match=r"not UTF-8 \(line 1, byte 3\)"):
        VaultFile(path, cipher).read()


def test_line_ends_survive_on_disk(path, cipher):
    with open(path, "wb") as dos:
        dos.write(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    VaultFile(path, cipher).apply([Edit(("b",), remove=True)])

    assert Path(path).read_bytes() == b"\xef\xbb\xbfa: 1\r\n"


@LAYOUTS
def test_processes_that_race_lose_no_variable(path, cipher, layout):
    new_file(path, cipher, layout)

    def work(number):
        for turn in range(6):
            VaultFile(path, cipher).apply([Edit((f"v{number}_{turn}",), f"{number}.{turn}")])

    workers = [FORK.Process(target=work, args=(number,)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    file = VaultFile(path, cipher)
    snapshot = file.read()
    assert [worker.exitcode for worker in workers] == [0, 0, 0, 0]
    assert sorted(file.names(snapshot)) == sorted(["a", "m", *(f"v{n}_{t}" for n in range(4) for t in range(6))])
    assert file.value(snapshot, ("v3_5",)) == "3.5"


def test_of_two_commits_on_one_snapshot_one_wins(path, cipher):
    file = new_file(path, cipher)
    snapshot = file.read()
    outcomes = FORK.Queue()

    def work(number):
        try:
            VaultFile(path, cipher).commit(snapshot, [Edit(("a",), str(number))])
            outcomes.put(number)
        except ChangedMeanwhile:
            outcomes.put(None)

    workers = [FORK.Process(target=work, args=(number,)) for number in range(1, 4)]
    for worker in workers:
        worker.start()
    results = [outcomes.get(timeout=20) for _worker in workers]
    for worker in workers:
        worker.join()

    winner = [number for number in results if number]
    assert len(winner) == 1
    assert file.value(file.read(), ("a",)) == str(winner[0])
