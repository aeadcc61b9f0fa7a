# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is kept of large texts, and when Python's collector rests."""

from __future__ import annotations

import gc
import typing as t
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from ansible.parsing.vault import VaultSecret
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file import (
    ansible_reading,
    document,
    frame,
    nodes,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.cipher import Cipher
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.frame import plain_lines, unwrap
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
def test_of_two_states_of_a_file_only_one_that_is_read_again_is_kept(tmp_path: Path, check_mode: bool) -> None:
    path = tmp_path / "vars.yml"
    path.write_text("---\none: 1\n", encoding="utf-8")
    file = VaultFile(str(path), Cipher([("dev", VaultSecret(b"password"))]))
    before = file.read()
    nodes.PAGES.clear()

    edits = [Edit(("secret",), "value")]
    after = file.commit(before, edits, check_mode=check_mode, tells_effects=False).snapshot

    assert nodes.PAGES.has(before.text) is check_mode
    assert frame.FRAMES.has(before.text) is check_mode
    assert not nodes.PAGES.has(after.text)
    assert not frame.FRAMES.has(after.text)


@pytest.mark.parametrize("check_mode", [False, True])
def test_while_ansible_reads_the_new_text_nothing_is_kept_that_is_not_read_again(
    tmp_path: Path, check_mode: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "vars.yml"
    path.write_text("---\none: 1\n", encoding="utf-8")
    file = VaultFile(str(path), Cipher([("dev", VaultSecret(b"password"))]))
    before = file.read()
    nodes.PAGES.clear()
    kept: list[tuple[bool, bool]] = []

    def look(old: str, new: str, *_others: object) -> None:
        kept.append((nodes.PAGES.has(old), nodes.PAGES.has(new)))

    monkeypatch.setattr(ansible_reading, "check_reads_back", look)
    file.commit(before, [Edit(("secret",), "value")], check_mode=check_mode, tells_effects=False)

    assert kept == [(check_mode, False)]


def test_a_text_is_another_one_with_the_other_flag_and_both_are_forgotten() -> None:
    few = LastFew(lambda text, flag: (text, flag), 4)

    assert (few.of("a", True), few.of("a", False)) == (("a", True), ("a", False))
    few.of("b", False)
    assert few.has("b")
    few.forget("a")
    assert not few.has("a")


def test_what_cannot_be_made_is_not_kept() -> None:
    answers = iter([ValueError("no"), "made"])

    def make(_text: str, _flag: bool) -> str:
        answer = next(answers)
        if isinstance(answer, ValueError):
            raise answer
        return answer

    few = LastFew(make, 2)
    with pytest.raises(ValueError, match="no"):
        few.of("a", True)
    assert not few.has("a")
    assert few.of("a", True) == "made"


def test_threads_get_what_belongs_to_their_text_and_leave_the_collector_on() -> None:
    few = LastFew(lambda text, flag: (text, flag), 2)

    def read(number: int) -> bool:
        with without_collector():
            few.forget(str((number + 1) % 5))
            return few.of(str(number % 5), number % 2 == 0) == (str(number % 5), number % 2 == 0)

    with ThreadPoolExecutor(8) as workers:
        assert all(workers.map(read, range(2000)))
    assert gc.isenabled()


@pytest.mark.parametrize("text", ["one: 1", "one: 1\r\n", "\ufeffone: 1\r\n", "\ufeffone: 1"])
@pytest.mark.parametrize("check_mode", [False, True])
def test_nothing_of_the_other_state_is_kept_however_the_file_ends_its_lines(
    tmp_path: Path, text: str, check_mode: bool
) -> None:
    path = tmp_path / "vars.yml"
    path.write_bytes(text.encode())
    file = VaultFile(str(path), Cipher([("dev", VaultSecret(b"password"))]))
    before = file.read()

    after = file.commit(before, [Edit(("secret",), "value")], check_mode=check_mode).snapshot

    gone = after if check_mode else before
    assert not nodes.PAGES.has(unwrap(gone.text)[1])
    assert not nodes.PAGES.has(plain_lines(gone.text))


def test_nothing_is_kept_of_what_a_file_said_before_that_is_encrypted_as_a_whole(tmp_path: Path) -> None:
    path, cipher = tmp_path / "vars.yml", Cipher([("dev", VaultSecret(b"password"))])
    file = VaultFile(str(path), cipher, layout="file", create=True)
    first = file.commit(file.read(), [Edit(("secret",), "value")]).snapshot
    said = cipher.open(first.text).plaintext
    file.value(first, ("secret",))
    assert nodes.PAGES.has(said)

    file.commit(first, [Edit(("secret",), "another")])

    assert not nodes.PAGES.has(said)


def test_two_files_with_the_same_text_are_edited_each_by_itself(tmp_path: Path) -> None:
    files = []
    for name in ("a.yml", "b.yml"):
        (tmp_path / name).write_text("---\none: 1\ntwo: 2\n", encoding="utf-8")
        files.append(VaultFile(str(tmp_path / name), Cipher([("dev", VaultSecret(b"password"))])))
    states = [file.read() for file in files]

    files[0].commit(states[0], [Edit(("one",), None, remove=True)])
    files[1].commit(states[1], [Edit(("two",), None, remove=True)])

    assert (tmp_path / "a.yml").read_text(encoding="utf-8") == "---\ntwo: 2\n"
    assert (tmp_path / "b.yml").read_text(encoding="utf-8") == "---\none: 1\n"


@pytest.mark.parametrize(("asked", "count"), [(True, 1), (False, 0)])
def test_effects_are_found_out_for_whoever_asks_for_them(tmp_path: Path, asked: bool, count: int) -> None:
    file = VaultFile(str(tmp_path / "vars.yml"), Cipher([("dev", VaultSecret(b"password"))]), create=True)

    assert len(file.commit(file.read(), [Edit(("a",), "b")], tells_effects=asked).effects) == count


def test_nobody_looks_for_garbage_while_a_text_is_read_or_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, bool]] = []

    def watched(name: str, work: t.Any) -> t.Any:
        def watching(*words: t.Any, **options: t.Any) -> t.Any:
            seen.append((name, gc.isenabled()))
            return work(*words, **options)

        return watching

    monkeypatch.setattr(nodes, "_documents", watched("read", nodes._documents))
    monkeypatch.setattr(document, "change", watched("change", document.change))
    file = VaultFile(str(tmp_path / "vars.yml"), Cipher([("dev", VaultSecret(b"password"))]), create=True)
    nodes.PAGES.clear()
    nodes.parse("a: b\n")
    file.commit(file.read(), [Edit(("a",), "b")])

    assert {name for name, _is_on in seen} == {"read", "change"}
    assert not any(is_on for _name, is_on in seen)


def test_the_collector_is_left_as_it_was() -> None:
    assert gc.isenabled()
    with without_collector():
        assert not gc.isenabled()
        with without_collector():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_is_left_so_by_work_that_fails() -> None:
    with pytest.raises(ValueError, match="no"), without_collector():
        raise ValueError("no")
    assert gc.isenabled()


def test_one_that_somebody_has_turned_off_stays_off() -> None:
    gc.disable()
    try:
        with without_collector():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
