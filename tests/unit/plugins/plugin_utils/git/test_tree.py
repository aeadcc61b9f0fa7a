# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is in a real commit: every kind of entry, names of any kind, and bytes that no setting changes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.access import Access
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.git_errors import GitError
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.program import Git
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.repository import Author, Branch
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.git.remote import BRANCH, Remote

MARK = "$ANSIBLE_VAULT"
NAMES = ["a b.yml", "-rf", "new\nline", "tab\tquote\"'\\", "\x1b[2J", "ä", "*?[x]", ":(glob)x", "\u202efdp", "a,b"]


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    return Remote(tmp_path / "remote.git")


def opened(remote: Remote, tmp_path: Path) -> Branch:
    folder = tmp_path / f"copy-{len(list(tmp_path.iterdir()))}"
    folder.mkdir()
    git = Git(str(folder), Access(str(remote.path)), 20, os.environ)
    branch = Branch(git, str(remote.path), BRANCH, Author("robot", "robot@example.com"), lambda _seconds: None)
    branch.open()
    return branch


def contents(branch: Branch) -> dict[str, bytes]:
    entries = [entry for entry in branch.entries() if entry.is_file]
    return dict(zip((entry.path for entry in entries), branch.contents(entries)))


def test_each_kind_of_entry_is_told(remote: Remote, tmp_path: Path) -> None:
    remote.write("run.sh", "true\n", mode="100755")
    remote.write("sub/link", "../run.sh", mode="120000")
    remote.git("update-index", "--add", "--cacheinfo", f"160000,{remote.tip},module")
    commit = remote.git("commit-tree", remote.git("write-tree"), "-p", remote.tip, "-m", "module")
    remote.git("update-ref", f"refs/heads/{BRANCH}", commit)

    entries = {entry.path: entry for entry in opened(remote, tmp_path).entries()}

    assert {path: (entry.mode, entry.is_file, entry.is_link) for path, entry in entries.items()} == {
        "README.md": ("100644", True, False),
        "run.sh": ("100755", True, False),
        "sub/link": ("120000", False, True),
        "module": ("160000", False, False),
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_a_name_whatever_is_in_it(remote: Remote, tmp_path: Path, name: str) -> None:
    remote.write(f"{name}/{name}", f"1 {MARK}", mode="100755")
    branch = opened(remote, tmp_path)

    assert branch.paths_with(MARK) == {f"{name}/{name}"}
    assert contents(branch) == {"README.md": b"for people\n", f"{name}/{name}": f"1 {MARK}".encode()}
    assert branch.push(branch.make_commit({f"{name}/{name}": b"2"}, "a message"))
    assert contents(opened(remote, tmp_path)) == {"README.md": b"for people\n", f"{name}/{name}": b"2"}
    assert remote.git("ls-tree", "-r", BRANCH).splitlines()[-1 if name > "README.md" else 0].startswith("100755 ")


def test_a_name_that_is_no_unicode_stays_as_it_is(remote: Remote, tmp_path: Path) -> None:
    name = b"lat\xe4in.yml".decode("utf-8", "surrogateescape")
    remote.write(name, MARK)
    branch = opened(remote, tmp_path)

    assert branch.paths_with(MARK) == {name}
    assert branch.push(branch.make_commit({name: b"2"}, "a message"))
    assert contents(opened(remote, tmp_path))[name] == b"2"


def test_bytes_are_read_as_they_are_whatever_the_repository_says(remote: Remote, tmp_path: Path) -> None:
    remote.write(".gitattributes", "* binary -diff text eol=crlf filter=x working-tree-encoding=UTF-16 ident\n")
    remote.write("a.yml", f"$Id$ {MARK}\r\n")
    remote.write("empty", "")
    remote.write("nul", f"\0\0{MARK}\0")
    branch = opened(remote, tmp_path)

    assert branch.paths_with(MARK) == {"a.yml", "nul"}
    assert contents(branch)["a.yml"] == f"$Id$ {MARK}\r\n".encode()
    assert (contents(branch)["empty"], contents(branch)["nul"]) == (b"", f"\0\0{MARK}\0".encode())
    assert branch.push(branch.make_commit({"a.yml": b"\r\n$Id$\n"}, "a message"))
    assert contents(opened(remote, tmp_path))["a.yml"] == b"\r\n$Id$\n"


def test_a_link_holds_no_text(remote: Remote, tmp_path: Path) -> None:
    remote.write("link", MARK, mode="120000")

    assert opened(remote, tmp_path).paths_with(MARK) == set()


def test_nothing_that_holds_a_text_is_an_answer(remote: Remote, tmp_path: Path) -> None:
    assert opened(remote, tmp_path).paths_with(MARK) == set()


def test_many_files_are_read_and_changed_in_one_commit(remote: Remote, tmp_path: Path) -> None:
    branch = opened(remote, tmp_path)
    made = {f"f{number:03}": f"{number}\n".encode() * (number % 7) for number in range(450)}
    assert branch.push(branch.make_commit(made, "a message"))

    assert contents(opened(remote, tmp_path)) == {"README.md": b"for people\n", **made}
    assert remote.git("rev-list", "--count", BRANCH) == "2"


def test_a_file_does_not_take_the_place_of_a_folder(remote: Remote, tmp_path: Path) -> None:
    remote.write("folder/file", "1")
    branch = opened(remote, tmp_path)

    with pytest.raises(GitError):
        branch.make_commit({"folder": b"2"}, "a message")
    with pytest.raises(GitError):
        branch.make_commit({"README.md/x": b"2"}, "a message")
