# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Records in a real repository: what the file store promises, and a push as the compare-and-swap."""

from __future__ import annotations

import contextlib
import os
import textwrap
import typing as t
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import pytest
from ansible.parsing.vault import VaultSecret
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.git_errors import GitError
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.engine import Settings, rotate_slots
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.loaded import Loaded
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.move import move_slot
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.open_store import (
    OpenStore,
    StoreContext,
    open_store,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.ports import (
    CommitLost,
    NotWritten,
    RecordStore,
    SlotChange,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import Current, Pending, Record
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Orders, Place, Slot, SlotStopped
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.cipher import Cipher
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.git.remote import Remote
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import Effects, Scene

MOMENT = datetime(2026, 6, 1, 12, 0, 7, tzinfo=timezone.utc)
OWN = frozenset({"old-value"})
RECORD = Record("12345678", 2, 2, Current(1, "K1", MOMENT), Pending(2, MOMENT, "the-pending-value"))
FILE = "group_vars/all/secrets.yml"
SLOT = Slot("deploy", FILE, "deploy", "deploy", "iam-ServiceId-1", "acc")
OTHER = replace(SLOT, name="other", variable="other")

Stores = t.Callable[..., RecordStore]


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    return Remote(tmp_path / "remote.git")


def context() -> StoreContext:
    secret: t.Any = VaultSecret(b"password of dev")
    cipher = Cipher([("dev", secret)])
    return StoreContext(cipher, lambda value: None, lambda line: None, os.environ, lambda seconds: None)


def opening(remote: Remote, **options: t.Any) -> contextlib.AbstractContextManager[OpenStore]:
    return open_store({"git": remote.options(**options), "vault_id": None}, context())


@pytest.fixture
def stores(remote: Remote) -> t.Iterator[Stores]:
    """Opens the store of one run after the other."""
    with contextlib.ExitStack() as stack:
        yield lambda: stack.enter_context(opening(remote)).store


def commit(store: RecordStore, slot: Slot, loaded: Loaded, record: Record | None, value: str | None = None) -> Loaded:
    (answer,) = store.commit([SlotChange(slot, loaded, record, value)])
    if isinstance(answer, NotWritten):
        raise CommitLost if answer.why is None else GitError(answer.why)
    return answer


def test_a_commit_is_pushed_and_the_next_run_reads_it(remote: Remote, stores: Stores) -> None:
    store = stores()

    commit(store, SLOT, store.load(SLOT), RECORD, "the-value")

    again = stores().load(SLOT)
    assert (again.record, again.published_value) == (RECORD, "the-value")
    assert [secret for secret in ("the-value", "the-pending-value") if secret in remote.read(FILE)] == []


def test_the_message_names_slots_and_generations_and_no_value(remote: Remote) -> None:
    with opening(remote, message="chore: keys") as opened:
        store = opened.store
        loaded = commit(store, SLOT, store.load(SLOT), RECORD)
        published = replace(RECORD, revision=3, pending=None, current=Current(2, "K2", MOMENT))
        commit(store, SLOT, loaded, published, "the-value")

    newest, before, _first = remote.messages()
    assert newest.startswith("chore: keys\n\ndeploy: generation 2 published\n")
    assert before.startswith("chore: keys\n\ndeploy: generation 2 announced\n")
    assert "value" not in newest + before


def test_the_name_of_a_slot_gives_no_order_in_the_history(remote: Remote) -> None:
    slot = replace(SLOT, name="[skip ci] @team fixes #1\x1b[31m\nSigned-off-by: a <a@b.c>")
    with opening(remote, message="chore: keys") as opened:
        commit(opened.store, slot, opened.store.load(slot), RECORD)

    line = remote.messages()[0].splitlines()[2]
    assert line.startswith("\\x5bskip ci\\x5d \\x40team fixes \\x231\\x1b\\x5b31m Signed-off-by: a <a\\x40b.c>: ")


def test_slots_of_one_file_are_one_commit_and_files_are_one_each(remote: Remote, stores: Stores) -> None:
    store, elsewhere = stores(), replace(OTHER, file="other.yml")
    changes = [SlotChange(slot, store.load(slot), RECORD, "a") for slot in (SLOT, OTHER)]

    store.commit(changes)
    commit(store, elsewhere, store.load(elsewhere), RECORD, "b")

    assert len(remote.messages()) == 3
    assert "deploy: generation 1 published\nother: generation 1 published\n" in remote.messages()[1]


def test_a_commit_of_what_is_no_longer_there_is_lost_and_undone(stores: Stores) -> None:
    store, other_run = stores(), stores()
    loaded = store.load(SLOT)
    commit(other_run, SLOT, other_run.load(SLOT), RECORD)

    with pytest.raises(CommitLost):
        commit(store, SLOT, loaded, replace(RECORD, revision=3), "the-value")

    assert store.load(SLOT).record == RECORD


# Makes another commit of the one that was pushed, as servers do that sign commits or put their own committer in.
REWRITES = """\
    unset GIT_QUARANTINE_PATH
    export GIT_AUTHOR_NAME=server GIT_AUTHOR_EMAIL=x GIT_COMMITTER_NAME=server GIT_COMMITTER_EMAIL=x
    echo x >> asked
    tree=$(git rev-parse 'main^{tree}')
    """
AS_IT_IS = "git update-ref refs/heads/main $(git commit-tree $tree -p main^ -m rewritten)\n"
WITH_ANOTHER_CONTENT = f"""\
    export GIT_INDEX_FILE=rewriting.index
    git read-tree main
    blob=$( (git show main:{FILE}; echo '# seen by the server') | git hash-object -w --stdin)
    git update-index --add --cacheinfo 100644,$blob,{FILE}
    tree=$(git write-tree)
    """


def rewriting(remote: Remote, *more: str) -> None:
    remote.hook("post-receive", "".join(textwrap.dedent(part) for part in (REWRITES, *more, AS_IT_IS)))


def rotate_all_the_way(scene: Scene, remote: Remote) -> list[Slot]:
    """Three slots in two files get their first key and the next one, and come to rest."""
    slots = [
        replace(scene.make_slot(name, soak_hours=0, overlap_hours=0), file=f"{name[0]}.yml")
        for name in ("a1", "a2", "b1")
    ]
    for days in (0, 91, 0):
        scene.pass_time(days * 86400)
        outcomes = rotate(scene, remote, *slots)
        assert [outcome.failure for outcome in outcomes] == [None] * 3

    assert [outcome.step.name for outcome in outcomes] == ["idle"] * 3
    return slots


def test_a_server_that_makes_another_commit_of_a_push_changes_nothing(remote: Remote) -> None:
    scene = Scene()
    rewriting(remote)

    rotate_all_the_way(scene, remote)

    assert remote.messages()[:-1] == ["rewritten\n"] * (len(remote.messages()) - 1)
    assert [line for line in scene.told if "somebody else changed" in line] == []


def test_a_server_that_changes_every_push_is_given_up_with_one_clear_message(remote: Remote) -> None:
    scene = Scene()
    slot = replace(scene.make_slot("deploy", soak_hours=0, overlap_hours=0), file=FILE)
    rotate(scene, remote, slot)
    scene.pass_time(91 * 86400)
    rewriting(remote, WITH_ANOTHER_CONTENT)

    (outcome,) = rotate(scene, remote, slot)

    assert "main was rewritten 3 times in this run" in str(outcome.failure)
    assert "name a branch in git.branch on which" in str(outcome.failure)
    assert len((remote.path / "asked").read_text().splitlines()) == 3
    (remote.path / "hooks" / "post-receive").unlink()
    (outcome,) = rotate(scene, remote, slot)
    assert (outcome.failure, outcome.step.name, len(scene.keys())) == (None, "idle", 1)


@pytest.mark.parametrize("same", [True, False], ids=["with the same content again", "with other content"])
def test_a_history_that_somebody_rewrote_is_noticed_and_not_overwritten(
    remote: Remote, stores: Stores, same: bool
) -> None:
    store, first = stores(), remote.tip
    loaded = commit(store, SLOT, store.load(SLOT), RECORD)
    content = remote.read(FILE) + "\n"
    remote.git("update-ref", "refs/heads/main", first)
    theirs = remote.write(FILE, "somebody: else\n")
    if same:
        theirs = remote.write(FILE, content)
    store.refresh()

    with pytest.raises(CommitLost):
        commit(store, SLOT, loaded, replace(RECORD, revision=3), "the-value")

    assert remote.tip == theirs
    assert (store.load(SLOT).record == RECORD) is same


def test_a_history_that_was_rewritten_below_what_was_pushed_is_noticed_too(remote: Remote, stores: Stores) -> None:
    store = stores()
    loaded = commit(store, SLOT, store.load(SLOT), RECORD)
    content = remote.read(FILE) + "\n"
    remote.git("update-ref", "-d", "refs/heads/main")
    (remote.path / "index").unlink()
    theirs = remote.write(FILE, content)

    with pytest.raises(CommitLost):
        commit(store, SLOT, loaded, replace(RECORD, revision=3))

    assert remote.tip == theirs


def test_what_others_push_elsewhere_takes_no_commit_away(remote: Remote, stores: Stores) -> None:
    store = stores()
    loaded = store.load(SLOT)
    remote.write("site.yml", "theirs\n")

    commit(store, SLOT, loaded, RECORD, "the-value")

    assert remote.read("site.yml") == "theirs"
    assert stores().load(SLOT).published_value == "the-value"


def test_a_file_that_others_wrote_while_another_one_was_pushed_is_not_overwritten(
    remote: Remote, stores: Stores
) -> None:
    store, elsewhere = stores(), replace(OTHER, file="other.yml")
    loaded, loaded_elsewhere = store.load(SLOT), store.load(elsewhere)
    other_run = stores()
    commit(other_run, elsewhere, other_run.load(elsewhere), RECORD, "theirs")
    commit(store, SLOT, loaded, RECORD, "mine")

    with pytest.raises(CommitLost):
        commit(store, elsewhere, loaded_elsewhere, RECORD, "mine")

    assert stores().load(elsewhere).published_value == "theirs"


def test_a_file_put_back_to_what_it_was_is_another_file(remote: Remote, stores: Stores) -> None:
    store = stores()
    loaded = commit(store, SLOT, store.load(SLOT), RECORD)
    content = remote.read(FILE) + "\n"
    remote.write(FILE, "somebody: else\n")
    remote.write(FILE, content)
    store.refresh()
    assert store.load(SLOT).record == loaded.record

    with pytest.raises(CommitLost):
        commit(store, SLOT, loaded, replace(RECORD, revision=3))


def test_what_others_pushed_is_seen_after_a_refresh_and_is_no_surprise(stores: Stores) -> None:
    store, other_run = stores(), stores()
    store.load(SLOT)
    commit(other_run, OTHER, other_run.load(OTHER), RECORD, "theirs")

    store.refresh()
    commit(store, SLOT, store.load(SLOT), RECORD, "mine")

    assert store.load(OTHER).published_value == "theirs"


def test_what_others_push_right_on_top_is_seen_too(remote: Remote, stores: Stores) -> None:
    store = stores()
    loaded = store.load(SLOT)
    remote.hook("post-receive", "test -e on-top && exit 0\ntouch on-top\nsh -c '. ./on-top.sh'\nkill -9 $PPID\n")
    (remote.path / "on-top.sh").write_text(
        "export GIT_AUTHOR_NAME=x GIT_AUTHOR_EMAIL=x GIT_COMMITTER_NAME=x GIT_COMMITTER_EMAIL=x\n"
        "export GIT_INDEX_FILE=on-top.index\n"
        "git read-tree main\n"
        f"git update-index --add --cacheinfo 100644,$(echo 'a: 1' | git hash-object -w --stdin),{FILE}\n"
        "git update-ref refs/heads/main $(git commit-tree -p main -m more $(git write-tree))\n"
    )

    commit(store, SLOT, loaded, RECORD, "mine")
    store.refresh()

    assert store.load(SLOT).published_value is None


def test_a_refused_push_is_a_clear_error_and_is_asked_once_for_all_files(remote: Remote, stores: Stores) -> None:
    store, elsewhere = stores(), replace(OTHER, file="other.yml")
    remote.hook("pre-receive", "echo x >> asked\necho protected\nexit 1\n")

    for slot in (SLOT, elsewhere):
        with pytest.raises(GitError, match="Name a branch"):
            commit(store, slot, store.load(slot), RECORD, "the-value")

    assert (remote.path / "asked").read_text() == "x\n"
    assert store.load(SLOT).record is None


def test_check_pushes_nothing(remote: Remote, stores: Stores) -> None:
    store, before = stores(), remote.tip

    store.check(SlotChange(SLOT, store.load(SLOT), RECORD))

    assert remote.tip == before


def test_copies_are_pushed_and_only_when_they_differ(remote: Remote, stores: Stores) -> None:
    store = stores()
    source = replace(SLOT, copies=(Place("copy.yml", "copied"), Place(FILE, "copied_too")))
    commit(store, source, store.load(source), RECORD, "the-value")
    assert store.load(source).stale_copies

    store.copy(source, "the-value", OWN)
    pushed = remote.tip
    store.copy(source, "the-value", OWN)

    assert not stores().load(source).stale_copies
    assert remote.tip == pushed


def test_a_copy_is_written_again_when_others_write_its_file(remote: Remote, stores: Stores) -> None:
    store, source = stores(), replace(SLOT, copies=(Place("copy.yml", "copied"),))
    store.load(source)
    remote.write("copy.yml", "theirs: 1\n")

    store.copy(source, "the-value", OWN)

    assert remote.read("copy.yml").startswith("theirs: 1")
    assert "copied: !vault" in remote.read("copy.yml")


def test_a_file_that_makes_no_sense_stops_the_slot(remote: Remote, stores: Stores) -> None:
    remote.write(FILE, "deploy: [1, 2]\n")

    with pytest.raises(SlotStopped, match="not a text"):
        stores().load(SLOT)


def test_the_working_copy_is_private_and_gone_afterwards(
    remote: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temp = tmp_path / "tmp"
    temp.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temp))
    with opening(remote) as opened:
        opened.store.load(SLOT)
        (folder,) = temp.iterdir()
        assert folder.stat().st_mode & 0o777 == 0o700
        assert opened.path_of(FILE) is None

    assert list(temp.iterdir()) == []


def test_a_working_copy_that_is_kept_holds_the_file_until_a_later_task_ends_it(remote: Remote) -> None:
    with opening(remote, keep_working_copy=True) as opened:
        commit(opened.store, SLOT, opened.store.load(SLOT), RECORD, "the-value")
    kept, folder = Path(str(opened.path_of(FILE))), opened.working_copy
    assert "deploy: !vault" in kept.read_text(encoding="utf-8")
    remote.write(FILE, "deploy: others were here\n")

    with opening(remote, working_copy=folder) as opened:
        assert opened.store.load(SLOT).published_value == "others were here"

    assert not Path(str(folder)).exists()


def test_nothing_is_kept_of_a_task_that_failed(remote: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    temp = tmp_path / "tmp"
    temp.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temp))

    with pytest.raises(GitError), opening(remote, branch="nowhere", keep_working_copy=True):
        pass

    assert list(temp.iterdir()) == []


@pytest.mark.parametrize("mode", [0o700, 0o755])
def test_a_folder_of_somebody_else_is_not_taken_for_a_working_copy(remote: Remote, tmp_path: Path, mode: int) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    mine.chmod(mode)
    (mine / "thesis.txt").write_text("all my work")

    with pytest.raises(GitError, match="not a working copy"), opening(remote, working_copy=str(mine)):
        pass

    assert (mine / "thesis.txt").exists()


@pytest.mark.parametrize("given", [True, False])
def test_a_working_copy_where_others_may_put_theirs_is_refused(
    remote: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: bool
) -> None:
    temp = tmp_path / "tmp"
    temp.mkdir()
    temp.chmod(0o777)
    monkeypatch.setattr("tempfile.tempdir", str(temp))
    named = {"working_copy": str(temp / "copy")} if given else {}

    with (
        pytest.raises(GitError, match="cannot be the working copy of git: others may replace"),
        opening(remote, **named),
    ):
        pass

    assert list(temp.iterdir()) == []


def rotate(scene: Scene, remote: Remote, *slots: Slot, check_mode: bool = False) -> list[t.Any]:
    """One run of the engine over a real repository."""
    with opening(remote) as opened:
        ports = scene.ports(Effects(), opened.store)
        return rotate_slots(slots, ports, Orders(), Settings(1), check_mode=check_mode, unforeseen=repr)


def test_a_rotation_goes_all_the_way_with_nothing_but_the_repository(remote: Remote) -> None:
    scene = Scene()
    slots = rotate_all_the_way(scene, remote)

    assert len(scene.keys()) == 3
    published = [line for message in remote.messages() for line in message.splitlines() if "published" in line]
    assert sorted(published) == sorted(f"{slot.name}: generation {n} published" for slot in slots for n in (1, 2))


def test_an_idle_run_and_check_mode_push_nothing(remote: Remote) -> None:
    scene = Scene()
    rotate(scene, remote, scene.slot, check_mode=True)
    assert (len(remote.messages()), scene.keys()) == (1, {})
    rotate(scene, remote, scene.slot)
    before = remote.tip

    rotate(scene, remote, scene.slot)

    assert remote.tip == before


def test_a_protected_branch_creates_nothing_and_says_so_for_each_slot(remote: Remote) -> None:
    scene = Scene()
    remote.hook("update", "echo protected\nexit 1\n")

    outcomes = rotate(scene, remote, scene.make_slot("a"), scene.make_slot("b"))

    assert all("Name a branch in git.branch" in str(outcome.failure) for outcome in outcomes)
    assert scene.keys() == {}


def test_a_server_that_is_gone_stops_the_run_before_anything(remote: Remote) -> None:
    scene = Scene()

    with opening(remote) as opened:
        ports = scene.ports(Effects(), opened.store)
        remote.path.rename(remote.path.with_name("gone"))
        with pytest.raises(GitError, match="cannot be read"):
            rotate_slots([scene.slot], ports, Orders(), Settings(1), check_mode=False, unforeseen=repr)

    assert scene.keys() == {}


@pytest.mark.parametrize("file", [FILE, "group_vars/ci/new.yml"], ids=["within a file", "to another file"])
def test_a_slot_moves_in_the_branch_and_every_step_of_it_is_pushed(remote: Remote, stores: Stores, file: str) -> None:
    store = stores()
    commit(store, SLOT, store.load(SLOT), RECORD, "the-value")
    pushes = len(remote.messages())
    moved = replace(SLOT, file=file, variable="new_name", moved_from=Place(SLOT.file, SLOT.variable))

    assert move_slot(stores(), moved, lambda loaded: None, check_mode=False)

    after = stores()
    assert after.load(moved).record == replace(RECORD, revision=RECORD.revision + 1)
    assert after.load(moved).published_value == "the-value"
    assert (after.load(SLOT).record, after.load(SLOT).published_value) == (None, None)
    assert len(remote.messages()) == pushes + 3


@pytest.mark.parametrize("is_copy", [False, True], ids=["variable", "copy"])
def test_a_file_is_told_by_its_branch_and_not_by_a_folder_that_will_be_gone(
    remote: Remote, tmp_path: Path, is_copy: bool
) -> None:
    remote.write("odd.yml", "deploy: [\n")
    scene = Scene()
    slot = replace(scene.slot, copies=(Place("odd.yml", "copy"),)) if is_copy else replace(scene.slot, file="odd.yml")

    (outcome,) = rotate(scene, remote, slot)

    assert "main:odd.yml" in (outcome.failure or "")
    assert "cloudkeys-" not in (outcome.failure or "")
