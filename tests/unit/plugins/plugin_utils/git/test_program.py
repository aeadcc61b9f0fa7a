# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the program `git` finds in its environment, and what is told of its words."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.access import Access
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.git_errors import GitError
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.program import Done, Git

TOKEN, LOGIN = "token-of-the-tests", "log-in-of-the-tests"


@pytest.fixture
def git(tmp_path: Path) -> Git:
    """Git stands in for by a program that prints its environment and its arguments."""
    program = tmp_path / "git"
    program.write_text('#!/bin/sh\nenv; echo "$@"\n', encoding="utf-8")
    program.chmod(0o700)
    environ = {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "IBMCLOUD_API_KEY": LOGIN}
    return Git(str(tmp_path), Access("https://git.example.com/x", token=TOKEN), 10, environ)


def test_the_token_is_in_the_environment_of_a_call_to_the_server_and_no_other_secret(git: Git) -> None:
    shown = git.talk("fetch").stdout.decode()

    assert [line for line in shown.splitlines() if TOKEN in line] == [f"CLOUDKEYS_GIT_HELPER_TOKEN={TOKEN}"]
    assert LOGIN not in shown


def test_a_call_that_stays_on_this_machine_has_no_secret(git: Git) -> None:
    shown = git.call("init").decode()

    assert TOKEN not in shown
    assert LOGIN not in shown


@pytest.mark.parametrize("address", ["https://u:s3cret@example.com/x", "https://example.com/x?token=s3cret"])
def test_what_git_says_of_another_address_has_no_secret(address: str) -> None:
    words = Done(1, b"", f"fatal: unable to update url base from redirection: redirect: {address}\n").words

    assert "redirection" in words
    assert "s3cret" not in words


def test_an_answer_that_is_neither_yes_nor_no_is_no_no(git: Git, tmp_path: Path) -> None:
    program = tmp_path / "git"
    for code, expected in ((0, True), (1, False)):
        program.write_text(f"#!/bin/sh\nexit {code}\n", encoding="utf-8")
        assert git.holds("merge-base", "--is-ancestor", "a", "b") is expected
    program.write_text("#!/bin/sh\necho fatal: no such commit >&2; exit 128\n", encoding="utf-8")

    with pytest.raises(GitError, match=r"git merge-base failed: .*no such commit"):
        git.holds("merge-base", "--is-ancestor", "a", "b")


def test_a_program_that_cannot_be_started_is_told(tmp_path: Path) -> None:
    (tmp_path / "git").write_bytes(b"\x7fELF of another machine")
    (tmp_path / "git").chmod(0o700)
    git = Git(str(tmp_path), Access("https://git.example.com/x"), 10, {"PATH": str(tmp_path)})

    with pytest.raises(GitError, match="the program git cannot be started: Exec format error"):
        git.call("init")
