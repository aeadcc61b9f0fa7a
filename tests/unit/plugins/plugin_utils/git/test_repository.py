# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reading and pushing one branch of a real repository."""

from __future__ import annotations

import os
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.access import Access
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.git_errors import GitError, PushRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.program import Git
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.repository import Author, Branch, check_path
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.git.remote import BRANCH, Remote

Branches = t.Callable[..., Branch]


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    return Remote(tmp_path / "remote.git")


@pytest.fixture
def branches(remote: Remote, tmp_path: Path) -> Branches:
    """Makes copies of the branch, each in a folder of its own."""

    def make(name: str = BRANCH, timeout_seconds: float = 20, **environ: str) -> Branch:
        folder = tmp_path / f"copy-{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        git = Git(str(folder), Access(str(remote.path)), timeout_seconds, {**os.environ, **environ})
        return Branch(git, str(remote.path), name, Author("robot", "robot@example.com"), lambda seconds: None)

    return make


def opened(branches: Branches, **environ: str) -> Branch:
    branch = branches(**environ)
    branch.open()
    return branch


def push(branch: Branch, path: str, content: str) -> bool:
    return branch.push(branch.make_commit({path: content.encode()}, "a message"))


def test_what_is_pushed_is_one_file_in_one_commit_and_the_rest_stays(remote: Remote, branches: Branches) -> None:
    remote.write("run.sh", "true\n", mode="100755")
    branch = opened(branches)

    assert push(branch, "group_vars/all/secrets.yml", "a: 1\n")

    assert remote.read("group_vars/all/secrets.yml") == "a: 1"
    assert remote.git("diff", "--name-only", "main~1", "main") == "group_vars/all/secrets.yml"
    assert remote.git("log", "-1", "--format=%an <%ae> %cn", BRANCH) == "robot <robot@example.com> robot"
    assert branch.tip == remote.tip


def test_an_executable_file_stays_one(remote: Remote, branches: Branches) -> None:
    remote.write("secrets.yml", "a: 1\n", mode="100755")

    push(opened(branches), "secrets.yml", "a: 2\n")

    assert remote.git("ls-tree", BRANCH, "secrets.yml").startswith("100755")


def test_bytes_are_kept_whatever_the_attributes_say(remote: Remote, branches: Branches) -> None:
    remote.write(".gitattributes", "*.yml text eol=crlf ident filter=x\n")
    remote.write("secrets.yml", "a: $Id$\n")
    branch = opened(branches)

    assert branch.read("secrets.yml") == b"a: $Id$\n"
    push(branch, "secrets.yml", "a: $Id$\r\nb: 1\r\n")
    assert branch.read("secrets.yml") == b"a: $Id$\r\nb: 1\r\n"


def test_a_branch_that_moved_on_takes_no_push(remote: Remote, branches: Branches) -> None:
    branch = opened(branches)
    commit = branch.make_commit({"secrets.yml": b"mine\n"}, "a message")
    theirs = remote.write("other.yml", "theirs\n")

    assert branch.push(commit) is False

    assert remote.tip == branch.tip == theirs


def test_a_branch_that_was_set_back_takes_no_push_although_it_would_be_a_fast_forward(
    remote: Remote, branches: Branches
) -> None:
    before = remote.tip
    branch = opened(branches)
    remote.write("secrets.yml", "to be undone\n")
    branch.refresh()
    commit = branch.make_commit({"secrets.yml": b"mine\n"}, "a message")
    remote.git("update-ref", f"refs/heads/{BRANCH}", before)

    assert branch.push(commit) is False

    assert remote.tip == before


def test_the_same_commit_of_two_jobs_is_two_commits_and_one_wins(branches: Branches) -> None:
    one, other = opened(branches), opened(branches)

    pushed = [push(branch, "secrets.yml", "the same\n") for branch in (one, other)]

    assert pushed == [True, False]


def test_a_push_that_arrived_without_an_answer_is_found_on_the_branch(remote: Remote, branches: Branches) -> None:
    remote.hook("post-receive", "touch landed\nkill -9 $PPID\n")
    branch = opened(branches)

    assert push(branch, "secrets.yml", "a: 1\n")

    assert (remote.path / "landed").exists()
    assert remote.read("secrets.yml") == "a: 1"
    assert len(remote.messages()) == 2


def test_a_push_that_arrived_without_an_answer_is_found_below_what_others_pushed_since(
    remote: Remote, branches: Branches, tmp_path: Path
) -> None:
    remote.hook(
        "post-receive",
        f"""
        test -e on-top && exit 0
        touch on-top
        export GIT_AUTHOR_NAME=x GIT_AUTHOR_EMAIL=x GIT_COMMITTER_NAME=x GIT_COMMITTER_EMAIL=x
        git update-ref refs/heads/{BRANCH} $(git commit-tree -p {BRANCH} -m more {BRANCH}^{{tree}})
        kill -9 $PPID
        """,
    )
    branch = opened(branches)

    commit = branch.make_commit({"secrets.yml": b"a: 1\n"}, "a message")

    assert branch.push(commit)
    assert branch.has(commit)
    assert branch.tip == remote.tip != commit


def test_a_push_that_did_not_arrive_is_sent_again(remote: Remote, branches: Branches) -> None:
    remote.hook("pre-receive", "test -e tried && exit 0\ntouch tried\nkill -9 $PPID\nexit 1\n")
    branch = opened(branches)

    assert push(branch, "secrets.yml", "a: 1\n")

    assert remote.read("secrets.yml") == "a: 1"
    assert len(remote.messages()) == 2


def test_a_hook_that_says_no_ends_it_at_once(remote: Remote, branches: Branches) -> None:
    remote.hook("pre-receive", "echo x >> asked\necho main is protected\nexit 1\n")
    branch = opened(branches)

    with pytest.raises(PushRefused, match=r"main is protected.*Name a branch"):
        push(branch, "secrets.yml", "a: 1\n")

    assert (remote.path / "asked").read_text() == "x\n"


def test_a_server_that_never_answers_is_given_up(remote: Remote, branches: Branches) -> None:
    remote.hook("pre-receive", "sleep 60\n")
    branch = branches(timeout_seconds=0.5)
    branch.open()
    began = time.monotonic()

    with pytest.raises(GitError, match=r"3 times: no answer within 0\.5 seconds"):
        push(branch, "secrets.yml", "a: 1\n")

    assert time.monotonic() - began < 20


def test_a_missing_branch_is_named(branches: Branches) -> None:
    with pytest.raises(GitError, match=r"nowhere of .*push a first commit"):
        branches("nowhere").open()


def test_a_name_that_no_branch_has_is_refused(branches: Branches) -> None:
    with pytest.raises(GitError, match="no name of a branch"):
        branches("a..b").open()


def test_a_missing_program_is_a_clear_error(branches: Branches) -> None:
    with pytest.raises(GitError, match="the program git is not installed"):
        branches(PATH="/nowhere").open()


def test_a_link_in_the_repository_is_not_followed(remote: Remote, branches: Branches) -> None:
    remote.write("secrets.yml", "/etc/passwd", mode="120000")

    with pytest.raises(GitError, match="no regular file"):
        opened(branches).read("secrets.yml")


@pytest.mark.parametrize(("mode", "content"), [("120000", "real"), ("100644", "a: 1\n")], ids=["link", "file"])
@pytest.mark.parametrize("place", ["group", "group/deeper"])
def test_a_path_through_a_link_or_a_file_is_refused(
    remote: Remote, branches: Branches, place: str, mode: str, content: str
) -> None:
    """Git cannot commit such a file, which would show only when the first key is announced, or copied."""
    remote.write("real/secrets.yml", "a: 1\n")
    remote.write(place, content, mode=mode)
    branch = opened(branches)

    with pytest.raises(GitError, match=f"{place} is no folder in "):
        branch.read(f"{place}/secrets.yml")
    assert branch.read("real/new.yml") is None
    assert branch.read("new/deeper/secrets.yml") is None


def test_a_file_that_was_put_back_has_been_touched(remote: Remote, branches: Branches) -> None:
    remote.write("secrets.yml", "a: 1\n")
    branch = opened(branches)
    since = branch.tip
    remote.write("other.yml", "x\n")
    branch.refresh()
    assert not branch.has_touched(since, "secrets.yml")

    remote.write("secrets.yml", "a: 2\n")
    remote.write("secrets.yml", "a: 1\n")
    branch.refresh()

    assert branch.has_touched(since, "secrets.yml")


@pytest.mark.parametrize("path", [":(top)x.yml", "[ab]*.yml", "a file with blanks.yml"])
def test_a_path_is_taken_literally(remote: Remote, branches: Branches, path: str) -> None:
    branch = opened(branches)
    since = branch.tip
    remote.write("a.yml", "somebody else's\n")
    branch.refresh()
    assert branch.read(path) is None
    assert not branch.has_touched(since, path)

    assert push(branch, path, "a: 1\n")

    assert branch.read(path) == b"a: 1\n"
    assert branch.has_touched(since, path)


def test_settings_and_hooks_of_the_user_have_no_say(
    remote: Remote, branches: Branches, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    (home / "hooks").mkdir(parents=True)
    hook = home / "hooks" / "pre-push"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    (home / ".gitconfig").write_text(
        f"[core]\nhooksPath = {home}/hooks\n[commit]\ngpgSign = true\n[push]\ngpgSign = true\n"
        '[url "/nowhere/"]\ninsteadOf = /\n'
    )
    monkeypatch.setenv("HOME", str(home))
    environ = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "core.hooksPath",
        "GIT_CONFIG_VALUE_0": str(home / "hooks"),
        "GIT_DIR": "/nowhere",
        "GIT_TRACE": str(tmp_path / "trace"),
    }

    assert push(opened(branches, **environ), "secrets.yml", "a: 1\n")

    assert not (tmp_path / "trace").exists()


@pytest.mark.parametrize("path", ["/etc/passwd", "../x.yml", "a/../../x.yml", ".git/config", "a/.GIT/x", "."])
def test_a_path_that_leads_out_of_the_repository_is_refused(path: str) -> None:
    with pytest.raises(GitError, match="relative to the repository"):
        check_path(path)


def test_a_path_has_one_form() -> None:
    assert check_path("./group_vars//all/../all/secrets.yml") == "group_vars/all/secrets.yml"
