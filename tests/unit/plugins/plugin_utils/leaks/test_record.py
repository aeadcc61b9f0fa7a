# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The record of a leak run in Git, and what an account may not tell."""

from __future__ import annotations

import json
import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import CloudkeysError, TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.opened import Surroundings
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._leaks import record
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.git.remote import BRANCH, Remote
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.leaks.test_leak_task import (
    account,
    entry,
    judge,
)

TIME = "2026-11-29T03:12:00Z"
STEM = "incidents/leak-20261129T031200Z"
DEAD = {**account("a", entry("dead", own=True)), "looked_at": TIME}


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    return Remote(tmp_path / "remote.git")


def push(remote: Remote, accounts: list[t.Any] | None = None, **words: t.Any) -> t.Any:
    git = {
        name: value
        for name, value in remote.options(**words.pop("git", {})).items()
        if value is not None and "working_copy" not in name
    }
    return judge(accounts or [DEAD], folder="incidents", git={**git, "message": "Leak"}, **words)


def test_both_files_are_pushed_in_one_commit(remote: Remote) -> None:
    before = remote.tip

    told = push(remote)

    assert told["files"] == [f"{BRANCH}:{STEM}.json", f"{BRANCH}:{STEM}.md"]
    assert json.loads(remote.read(f"{STEM}.json"))["started_at"] == TIME
    assert remote.read(f"{STEM}.md").startswith("# Leaked API keys")
    assert remote.git("rev-list", "--count", f"{before}..{BRANCH}") == "1"
    assert remote.messages()[0].splitlines()[:3] == ["Leak", "", "leak-20261129T031200Z"]
    assert remote.read("README.md") == "for people"
    assert (told["all_dead"], "failed" in told) == (True, False)


@pytest.mark.parametrize("there", [".json", ".md"])
def test_a_record_that_is_there_is_never_replaced(remote: Remote, there: str) -> None:
    remote.write(STEM + there, "of another run")

    assert push(remote)["files"] == [f"{BRANCH}:{STEM}-2.json", f"{BRANCH}:{STEM}-2.md"]
    assert remote.read(STEM + there) == "of another run"


def test_a_lost_race_tries_again_under_the_next_free_name(remote: Remote, tmp_path: Path) -> None:
    """Somebody else pushes a record of the same name while this one is being made."""
    remote.write(f"{STEM}.md", "of another run")
    theirs = remote.tip
    remote.git("update-ref", f"refs/heads/{BRANCH}", f"{theirs}~1")
    remote.is_faster_once(theirs, tmp_path / "raced")

    told = push(remote)

    assert (tmp_path / "raced").exists()
    assert told["files"] == [f"{BRANCH}:{STEM}-2.json", f"{BRANCH}:{STEM}-2.md"]
    assert remote.read(f"{STEM}.md") == "of another run"


def test_a_branch_that_never_rests_ends(remote: Remote, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(record, "PUSH_TRIES", 2)
    remote.never_rests(tmp_path / "pushes")

    told = push(remote, local_folder=str(tmp_path))

    assert f"is not in Git: others keep pushing to {BRANCH}" in told["msg"]


@pytest.mark.parametrize("has_folder", [True, False])
def test_a_push_that_is_refused_keeps_the_record_here_and_is_red(
    remote: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_folder: bool
) -> None:
    remote.hook("pre-receive", "echo protected >&2; exit 1")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before, kept = remote.tip, tmp_path / "kept"
    kept.mkdir()

    told = push(remote, **({"local_folder": str(kept)} if has_folder else {}))

    assert told["failed"]
    assert told["all_dead"]
    assert told["msg"].startswith(
        "every leaked key that was found is dead, and this is not done. the record of this run"
    )
    assert "refused the push" in told["msg"]
    folder = kept if has_folder else next(tmp_path.glob("cloudkeys-leak-*"))
    assert f"It is kept in {folder}: move it to where it lasts" in told["msg"]
    assert told["files"] == [f"{folder}/leak-20261129T031200Z{ending}" for ending in (".json", ".md")]
    assert {Path(path).stat().st_mode & 0o777 for path in told["files"]} == {0o600}
    assert "refused the push" in Path(told["files"][0]).read_text(encoding="utf-8")
    assert remote.tip == before
    # The copy of the repository is gone.
    assert {path.name for path in tmp_path.iterdir()} == {"remote.git", "kept"} | ({folder.name} - {"kept"})


@pytest.mark.parametrize(
    ("git", "says"),
    [
        ({"branch": "not-there"}, "cannot be read"),
        ({"repository": "/not/there.git"}, "cannot be read"),
        ({"repository": "https://user:word@example.com/x.git"}, "holds a password or a user"),
    ],
)
def test_a_repository_that_is_no_good_hides_no_verdict(
    remote: Remote, tmp_path: Path, git: dict[str, str], says: str
) -> None:
    told = push(remote, git=git, local_folder=str(tmp_path))

    assert [each["verdict"] for each in told["verdicts"]] == ["dead"]
    assert says in told["msg"]
    assert "word@" not in told["msg"]
    assert len(told["files"]) == 2


@pytest.mark.parametrize(
    ("folder", "says"),
    [("/var/incidents", "is one of this machine"), ("../x", "is not inside it"), (".git/x", "is not inside it")],
)
def test_where_no_record_could_go_is_told_before_anything_is_done(remote: Remote, folder: str, says: str) -> None:
    git = {"repository": str(remote.path), "branch": BRANCH}

    with pytest.raises(CloudkeysError, match=says):
        judge([], folder=folder, git=git, require_dead=False)
    with pytest.raises(CloudkeysError, match="timeout_seconds has to be"):
        judge([], folder="x", git={**git, "timeout_seconds": 0}, require_dead=False)
    assert "failed" not in judge([], folder="x", git=git, require_dead=False)


def test_the_token_of_git_is_protected(remote: Remote) -> None:
    seen: list[str] = []
    around = Surroundings({**os.environ, "CLOUDKEYS_GIT_TOKEN": "a-token"}, seen.append, lambda _seconds: None)
    git = {"repository": "https://example.com/x.git", "branch": BRANCH}

    judge([], around, folder="x", git=git, require_dead=False)

    assert seen == ["a-token"]


# ---- what an account may not tell

LEAKED = entry("dead", own=True)


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"leaked": "text"}, "`leaked`"),
        ({"leaked": {"a": 1}}, "`leaked`"),
        ({"leaked": [5]}, "entry 1 of `leaked`"),
        ({"leaked": [LEAKED, {}]}, "entry 2 of `leaked`: `number`"),
        ({"leaked": [{**LEAKED, "number": "0"}]}, "`number`"),
        ({"leaked": [{**LEAKED, "number": True}]}, "`number`"),
        ({"leaked": [{**LEAKED, "place": None}]}, "`place`"),
        ({"leaked": [{**LEAKED, "is_of_this_account": 1}]}, "`is_of_this_account`"),
        ({"leaked": [{**LEAKED, "verdict": "DEAD"}]}, "`verdict`"),
        ({"leaked": [{**LEAKED, "verdict": []}]}, "`verdict`"),
        ({"leaked": [{**LEAKED, "how": None}]}, "`verdict`"),
        ({"leaked": [{**LEAKED, "how": 5}]}, "`how`"),
        ({"leaked": [{**LEAKED, "owner": "me"}]}, "`owner`"),
        ({"leaked": [{**LEAKED, "owner": {"name": 5}}]}, "`owner`"),
        ({"leaked": [{**LEAKED, "name": {}}]}, "`name`"),
        ({"leaked": [{**LEAKED, "tokens_end_at": 5}]}, "`tokens_end_at`"),
        ({"problems": "one"}, "`problems`"),
        ({"problems": [5]}, "`problems`"),
        ({"nothing_in": 5}, "`nothing_in`"),
        ({"transaction_ids": {"a": 1}}, "`transaction_ids`"),
        ({"problem": ["x"]}, "`problem`"),
        ({"name": ["x"]}, "`name`"),
        ({"account_id": 5}, "`account_id`"),
        ({"looked_at": {}}, "`looked_at`"),
        ({"caller": "me"}, "`caller`"),
        ({"caller": {"email": 5}}, "`caller`"),
    ],
)
@pytest.mark.parametrize("is_silent", [False, True])
def test_what_was_made_by_hand_is_refused_in_words(
    told: dict[str, t.Any], says: str, is_silent: bool, tmp_path: Path
) -> None:
    if is_silent and says == "`verdict`":
        pytest.skip("an account with a problem has no verdicts")
    made = {**account("a"), **({"problem": "none"} if is_silent else {}), **told}

    with pytest.raises(TaskRefused, match="accounts, entry 2") as refused:
        judge([DEAD, made], folder=str(tmp_path))

    assert says in str(refused.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("require_dead", [True, False])
def test_what_may_be_missing_may_be_missing(require_dead: bool) -> None:
    least = {"number": 0, "place": "here", "is_of_this_account": True, "verdict": "dead", "how": "so"}

    told = judge([account("a", least)], require_dead=require_dead)

    assert "failed" not in told
