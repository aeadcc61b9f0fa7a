# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Values of a real repository: one commit with everything or nothing, whoever pushes and whatever ends it."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import typing as t
from collections.abc import Mapping
from pathlib import Path

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.access import Access
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.git_errors import GitError, PushRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.program import Done, Git
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.repository import Author, Branch
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rekey.branch_run import (
    PUSH_TRIES,
    BranchOutcome,
    BranchRekeying,
    Wish,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import CannotStore
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.git.remote import BRANCH, Remote
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rekey import laws
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rekey.laws import sealed

FORK = multiprocessing.get_context("fork")
MESSAGE = "Move to another vault password"


def inline(name: str, *values: bytes) -> str:
    blocks = ["".join(f"    {line}\n" for line in sealed(name, value, "prod").splitlines()) for value in values]
    return "".join(f"v{number}: !vault |\n{text}" for number, text in enumerate(blocks))


class KilledGit(Git):
    """Is killed before the n-th call of Git."""

    def __init__(self, *args: t.Any) -> None:
        super().__init__(*args)
        self.left = 0

    def _run(self, settings: t.Any, arguments: t.Any, given: bytes, more: t.Any) -> Done:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return super()._run(settings, arguments, given, more)


class WatchedBranch(Branch):
    """Lets others push before each push, and keeps what was to be pushed."""

    def __init__(self, *args: t.Any) -> None:
        super().__init__(*args)
        self.others: t.Callable[[int], object] = lambda number: None
        self.made: list[Mapping[str, bytes]] = []
        self.pushes = 0

    def make_commit(self, files: Mapping[str, bytes], message: str) -> str:
        self.made.append(files)
        return super().make_commit(files, message)

    def push(self, commit: str) -> bool:
        self.pushes += 1
        self.others(self.pushes)
        return super().push(commit)


class Scene:
    """A repository with values under the old secret; `branch` is the copy of the last run."""

    def __init__(self, folder: Path, server: Remote) -> None:
        self.folder = folder
        self.remote = Remote.copy_of(server, folder / "remote.git")
        self.begin = self.remote.tip
        self.told: list[str] = []

    def copy(self) -> tuple[WatchedBranch, KilledGit]:
        folder = self.folder / f"copy-{len(list(self.folder.iterdir()))}"
        folder.mkdir()
        git = KilledGit(str(folder), Access(str(self.remote.path)), 20, os.environ)
        author = Author("robot", "robot@example.com")
        branch = WatchedBranch(git, str(self.remote.path), BRANCH, author, lambda _seconds: None)
        branch.open()
        return branch, git

    def run(
        self,
        *paths: str,
        check_mode: bool = False,
        skips: bool = False,
        exclude: tuple[str, ...] = (),
        others: t.Callable[[int], object] = lambda number: None,
    ) -> BranchOutcome:
        self.branch, _git = self.copy()
        self.branch.others = others
        return self.rekeying(self.branch, paths or (".",), skips, exclude).run(check_mode)

    def rekeying(
        self, branch: Branch, paths: tuple[str, ...] = (".",), skips: bool = False, exclude: tuple[str, ...] = ()
    ) -> BranchRekeying:
        wish = Wish(paths, exclude, MESSAGE)
        return BranchRekeying(laws.order(), branch, wish, skips_unreadable=skips, tell=self.told.append)

    def states(self) -> set[str]:
        """Under which secret each file is by now."""
        found = set()
        for line in self.remote.git("ls-tree", "-r", "-z", BRANCH).split("\0")[:-1]:
            mode, _kind, blob, path = line.replace("\t", " ", 1).split(" ", 3)
            content = self.remote.git("cat-file", "blob", blob) + "\n" if mode.startswith("100") else ""
            if "$ANSIBLE_VAULT" in content:
                done = laws.rekey(content.encode(), laws.order(), is_yaml=True)
                found |= {f"{path} {place.state}" for place in done.places}
        return found

    def tree(self, *names: str) -> list[str]:
        """All entries but those of some files."""
        lines = self.remote.git("ls-tree", "-r", BRANCH).splitlines()
        return [line for line in lines if line.split("\t")[1] not in names]


MOVED = ["files/key.pem", "group_vars/a.yml", "group_vars/b.yml"]
ALL_DONE = {f"{path} done" for path in MOVED}
ALL_OLD = {f"{path} moved" for path in MOVED}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Remote:
    """What every scene begins with."""
    remote = Remote(tmp_path_factory.mktemp("server") / "remote.git")
    remote.write("group_vars/a.yml", inline("old", b"1", b"2"))
    remote.write("group_vars/b.yml", inline("old", b"3"), mode="100755")
    remote.write("files/key.pem", sealed("old", b"the key", "prod"))
    remote.write("clear.yml", "a: 1\n")
    remote.write("group_vars/link.yml", "a.yml", mode="120000")
    return remote


@pytest.fixture
def scene(tmp_path: Path, server: Remote) -> Scene:
    return Scene(tmp_path, server)


def test_everything_moves_in_one_commit_and_a_second_run_pushes_nothing(scene: Scene) -> None:
    rest = scene.tree(*MOVED)

    done = scene.run()

    assert [(each.path, each.is_written, each.count("moved")) for each in done.outcomes] == [
        ("main:files/key.pem", True, 1),
        ("main:group_vars/a.yml", True, 2),
        ("main:group_vars/b.yml", True, 1),
    ]
    assert scene.states() == ALL_DONE
    assert (done.commit, scene.remote.git("rev-parse", f"{BRANCH}^")) == (scene.remote.tip, scene.begin)
    assert scene.remote.git("diff", "--name-only", scene.begin, BRANCH).splitlines() == MOVED
    assert scene.tree(*MOVED) == rest
    assert [line[:6] for line in scene.remote.git("ls-tree", BRANCH, "--", *MOVED).splitlines()] == [
        *("100644", "100644", "100755"),
    ]
    assert scene.remote.messages()[0].startswith(
        f"{MESSAGE}\n\n4 values in 3 files, under the vault id prod now\n\nCloudkeys-Commit: "
    )
    assert scene.told == [f"pushed {scene.remote.tip[:12]} to main"]
    assert done.warnings == []
    again = scene.run()
    assert (again.commit, scene.branch.pushes) == (None, 0)
    assert not any(each.changes or each.is_written for each in again.outcomes)
    assert scene.remote.tip == done.commit


def test_a_person_with_the_new_secret_alone_reads_what_was_there(scene: Scene) -> None:
    scene.run()

    assert laws.said(scene.remote.read("group_vars/a.yml") + "\n", ["new"]) == [{"v0": "opened 1", "v1": "opened 2"}]
    assert laws.opened_with(("new",), scene.remote.read("files/key.pem")) == "opened the key"


def test_check_mode_plans_from_the_tip_and_pushes_nothing(scene: Scene) -> None:
    done = scene.run(check_mode=True)

    assert [each.changes for each in done.outcomes] == [True] * 3
    assert not any(each.is_written for each in done.outcomes)
    assert (done.commit, scene.branch.made, scene.remote.tip) == (None, [], scene.begin)


def test_only_what_is_named_is_moved(scene: Scene) -> None:
    scene.run("group_vars/*.yml", exclude=("b.yml",))

    assert scene.states() == {"files/key.pem moved", "group_vars/a.yml done", "group_vars/b.yml moved"}


def test_a_file_that_is_named_and_holds_nothing_is_told_and_stays(scene: Scene) -> None:
    done = scene.run("clear.yml")

    assert [(each.path, each.layout, each.changes) for each in done.outcomes] == [("main:clear.yml", "inline", False)]
    assert scene.run("clear*").warnings[0].startswith("no file below these paths holds cipher text")


@pytest.mark.parametrize("what", ["value", "file", "whole", "text"])
@pytest.mark.parametrize("check_mode", [True, False])
def test_nothing_is_pushed_when_something_cannot_be_read(scene: Scene, what: str, check_mode: bool) -> None:
    closed = {
        "value": inline("old", b"1") + inline("unknown", b"2").replace("v0", "w"),
        "file": f"a: [\n{inline('old', b'1')}",
        "whole": sealed("unknown", b"1", "prod"),
        "text": f"a: \x01\n{inline('old', b'1')}",
    }[what]
    before = scene.remote.write("group_vars/z.yml", closed)

    done = scene.run(check_mode=check_mode)

    assert done.is_stopped
    assert done.outcomes[-1].is_closed
    assert (scene.remote.tip, scene.branch.made) == (before, [])
    assert not scene.run(skips=True).is_stopped
    assert scene.states() >= ALL_DONE if what in ("value", "whole") else scene.remote.tip != before


def test_somebody_who_pushed_another_file_loses_nothing(scene: Scene) -> None:
    def others(number: int) -> None:
        if number == 1:
            scene.remote.write("clear.yml", "a: 2\n")
            scene.remote.write("group_vars/new.yml", inline("old", b"5"))

    done = scene.run(others=others)

    assert scene.states() == {*ALL_DONE, "group_vars/new.yml done"}
    assert scene.remote.read("clear.yml") == "a: 2"
    assert (done.commit, scene.branch.pushes) == (scene.remote.tip, 2)
    assert scene.told[0] == "somebody else pushed to main, so the move is planned anew"
    assert scene.remote.git("rev-list", "--count", f"{scene.begin}..{BRANCH}") == "3"


def test_somebody_who_pushed_the_same_file_is_not_written_over(scene: Scene) -> None:
    scene.run(
        others=lambda number: number == 1 and scene.remote.write("group_vars/b.yml", "x: 1\n" + inline("old", b"8"))
    )

    assert scene.states() == ALL_DONE
    assert scene.remote.read("group_vars/b.yml").startswith("x: 1\nv0: !vault |\n")
    assert laws.said(scene.remote.read("group_vars/b.yml") + "\n", ["new"]) == [{"x": 1, "v0": "opened 8"}]


def test_what_was_sealed_for_a_lost_push_is_sealed_no_second_time(scene: Scene) -> None:
    scene.run(others=lambda number: number == 1 and scene.remote.write("clear.yml", "a: 2\n"))

    assert [sorted(files) for files in scene.branch.made] == [MOVED] * 2
    assert scene.branch.made[0] == scene.branch.made[1]


def test_a_value_that_nobody_opens_and_came_in_between_stops_it(scene: Scene) -> None:
    done = scene.run(others=lambda _number: scene.remote.write("group_vars/z.yml", inline("unknown", b"5")))

    assert done.is_stopped
    assert (done.commit, scene.branch.pushes) == (None, 1)
    assert scene.states() >= ALL_OLD


def test_a_file_that_was_taken_away_in_between_does_not_come_back(scene: Scene) -> None:
    def others(number: int) -> None:
        if number == 1:
            scene.remote.git("read-tree", BRANCH)
            scene.remote.git("update-index", "--index-info", given=f"0 {'0' * 40}\tgroup_vars/b.yml\n")
            commit = scene.remote.git("commit-tree", scene.remote.git("write-tree"), "-p", BRANCH, "-m", "remove")
            scene.remote.git("update-ref", f"refs/heads/{BRANCH}", commit)

    scene.run(others=others)

    assert scene.states() == ALL_DONE - {"group_vars/b.yml done"}


def test_who_never_wins_gives_up_and_has_pushed_nothing(scene: Scene) -> None:
    done = scene.run(others=lambda number: scene.remote.write("clear.yml", f"a: {number}\n"))

    assert scene.branch.pushes == PUSH_TRIES
    assert {each.is_conflict for each in done.outcomes} == {True}
    assert {each.problem for each in done.outcomes} == {
        f"others pushed to main {PUSH_TRIES} times while the move was planned; run it again"
    }
    assert not any(each.is_written for each in done.outcomes)
    assert (done.commit, scene.states()) == (None, ALL_OLD)


def test_a_branch_that_was_rewritten_is_planned_anew(scene: Scene) -> None:
    def others(number: int) -> None:
        if number == 1:
            scene.remote.git("update-ref", f"refs/heads/{BRANCH}", f"{BRANCH}~1")

    scene.run(others=others)

    assert scene.states() == ALL_DONE
    assert "link.yml" not in scene.remote.git("ls-tree", "-r", BRANCH)


def test_of_two_runs_one_pushes_and_the_other_finds_it_done(scene: Scene) -> None:
    first: list[BranchOutcome] = []

    def others(number: int) -> None:
        if number == 1:
            branch, _git = scene.copy()
            first.append(scene.rekeying(branch).run(check_mode=False))

    done = scene.run(others=others)

    assert first[0].commit == scene.remote.tip
    assert (done.commit, done.is_stopped) == (None, False)
    assert [(each.changes, each.problem, each.count("done")) for each in done.outcomes] == [
        (False, None, 1), (False, None, 2), (False, None, 1),
    ]  # fmt: skip
    assert scene.remote.git("rev-list", "--count", f"{scene.begin}..{BRANCH}") == "1"


def test_two_processes_at_once_end_with_one_commit(scene: Scene) -> None:
    runs = [FORK.Process(target=scene.rekeying(scene.copy()[0]).run, args=(False,)) for _number in range(2)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()

    assert [run.exitcode for run in runs] == [0, 0]
    assert scene.states() == ALL_DONE
    assert scene.remote.git("rev-list", "--count", f"{scene.begin}..{BRANCH}") == "1"


@pytest.mark.parametrize("hook", ["pre-receive", "update"])
def test_a_server_that_refuses_is_told_with_its_words_and_nothing_is_changed(scene: Scene, hook: str) -> None:
    scene.remote.hook(hook, "echo 'main is for people' >&2\nexit 1\n")

    with pytest.raises(PushRefused, match=r"refused the push to main: .*main is for people"):
        scene.run()

    assert (scene.remote.tip, scene.states()) == (scene.begin, ALL_OLD)


def test_a_server_that_goes_away_is_told(scene: Scene) -> None:
    def others(_number: int) -> None:
        scene.remote.path.rename(scene.remote.path.with_name("gone.git"))

    with pytest.raises(GitError, match="arrived is not known"):
        scene.run(others=others)

    scene.remote.path.with_name("gone.git").rename(scene.remote.path)
    assert scene.states() == ALL_OLD
    scene.run()
    assert scene.states() == ALL_DONE


def test_an_answer_that_was_lost_is_no_second_commit(scene: Scene) -> None:
    scene.remote.hook("post-receive", "kill -9 $PPID\n")

    done = scene.run()

    assert (done.commit, scene.states()) == (scene.remote.tip, ALL_DONE)
    assert scene.remote.git("rev-list", "--count", f"{scene.begin}..{BRANCH}") == "1"


def test_a_run_that_is_killed_before_any_call_of_git_leaves_all_old_or_all_new(tmp_path: Path, server: Remote) -> None:
    pushed = []
    for at in itertools.count(1):
        (tmp_path / str(at)).mkdir()
        scene = Scene(tmp_path / str(at), server)
        branch, git = scene.copy()
        git.left = at
        child = FORK.Process(target=scene.rekeying(branch).run, args=(False,))
        child.start()
        child.join()
        pushed.append(scene.remote.tip != scene.begin)
        again = scene.run()
        assert [(each.problem, each.count("done") > 0) for each in again.outcomes] == [(None, pushed[-1])] * 3
        assert scene.remote.git("rev-list", "--count", f"{scene.begin}..{BRANCH}") == "1"
        if child.exitcode == 0:
            break
        assert child.exitcode == -signal.SIGKILL
    assert scene.states() == ALL_DONE
    # Up to the push nothing is there, and one call comes after it.
    assert pushed == [False] * (len(pushed) - 2) + [True] * 2
    assert at > 12


@pytest.mark.parametrize("hook", ["pre-receive", "post-receive"])
def test_a_run_that_is_killed_while_the_server_takes_the_push_is_run_again(scene: Scene, hook: str) -> None:
    branch, _git = scene.copy()
    pid_file = scene.folder / "pid"
    scene.remote.hook(hook, f"kill -9 $(cat {pid_file})\nsleep 0.2\nrm {scene.remote.path}/hooks/{hook}\n")

    def run() -> None:
        pid_file.write_text(str(os.getpid()))
        scene.rekeying(branch).run(check_mode=False)

    child = FORK.Process(target=run)
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    # The program git goes on alone, and ends with the push or without it.
    while (scene.remote.path / "hooks" / hook).exists():
        pass
    scene.run()
    assert scene.states() == ALL_DONE
    assert scene.run().commit is None


def test_clear_text_is_in_no_commit_and_in_no_copy(scene: Scene) -> None:
    scene.run()

    folders = [scene.remote.path, *scene.folder.glob("copy-*")]
    assert len(folders) == 2
    for folder in folders:
        listed = scene.remote.git("--git-dir", str(folder), "cat-file", "--batch-all-objects", "--batch-check")
        blobs = [line.split(" ")[0] for line in listed.splitlines() if " blob " in line]
        texts = [scene.remote.git("--git-dir", str(folder), "cat-file", "blob", blob) for blob in blobs]
        assert len(blobs) >= 5 + len(MOVED)
        assert not any("opened" in text or "the key" in text for text in texts)
        assert not list(folder.rglob("*.yml"))


def test_links_and_submodules_stay_and_are_told_of_when_values_may_be_behind(scene: Scene) -> None:
    scene.remote.write("group_vars/outside.yml", "../../vault.yml", mode="120000")
    scene.remote.git("update-index", "--add", "--cacheinfo", f"160000,{scene.remote.tip},module")
    commit = scene.remote.git("commit-tree", scene.remote.git("write-tree"), "-p", scene.remote.tip, "-m", "module")
    scene.remote.git("update-ref", f"refs/heads/{BRANCH}", commit)
    rest = scene.tree(*MOVED)

    done = scene.run()

    assert [warning.split(";")[0] for warning in done.warnings] == [
        "not looked into: group_vars/outside.yml",
        "not looked into: module",
    ]
    assert (scene.tree(*MOVED), scene.states()) == (rest, ALL_DONE)
    with pytest.raises(CannotStore, match=r"group_vars/outside.yml is no regular file in main"):
        scene.run("group_vars/outside.yml")


@pytest.mark.parametrize(
    "name", ["new\nline.yml", "\x1b[2J.yml", "--force", "a b.yml", "\udce4.yml", "{{ x }}.yml", "*"]
)
def test_a_name_of_any_kind_is_moved_as_it_is(scene: Scene, name: str) -> None:
    scene.remote.write(f"host_vars/{name}", inline("old", b"5"))

    done = scene.run("host_vars")

    assert [(each.path, each.is_written) for each in done.outcomes] == [(f"main:host_vars/{name}", True)]
    assert laws.said(scene.remote.read(f"host_vars/{name}") + "\n", ["new"]) == [{"v0": "opened 5"}]


def test_values_in_files_of_other_names_are_told_of(scene: Scene) -> None:
    scene.remote.write("notes.txt", inline("old", b"5"))
    scene.remote.write("group_vars/.hidden", inline("old", b"5"))

    (warning,) = scene.run().warnings

    assert "group_vars/.hidden, notes.txt; name a file itself" in warning
    assert scene.states() == {*ALL_DONE, "notes.txt moved", "group_vars/.hidden moved"}
    scene.run("notes.txt")
    assert "notes.txt done" in scene.states()
