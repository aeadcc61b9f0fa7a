# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Many files: nothing before everything is known, one step for each, and whatever happens in between."""

from __future__ import annotations

import errno
import itertools
import multiprocessing
import os
import signal
import threading
import typing as t
from pathlib import Path

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._private_file import Disk
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rekey import run as rekey_run
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rekey.run import FileOutcome, Rekeying
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.found_files import found_files
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.storage import Storage
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_file import (
    ChangedMeanwhile,
    Edit,
    VaultFile,
)
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rekey import laws
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rekey.laws import sealed

FORK = multiprocessing.get_context("fork")


def inline(name: str, *values: bytes, label: str = "prod") -> str:
    blocks = ["".join(f"    {line}\n" for line in sealed(name, value, label).splitlines()) for value in values]
    return "".join(f"v{number}: !vault |\n{text}" for number, text in enumerate(blocks))


class Tree:
    """A folder of files, and what is in them by a reader who has one secret."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "a.yml").write_text(inline("old", b"1", b"2"))
        (folder / "b.yml").write_text(inline("old", b"3"))
        (folder / "key.pem").write_text(sealed("old", b"\x00\xff", "prod"))

    def run(
        self, *, check_mode: bool = False, disk: Disk | None = None, skips: bool = False
    ) -> tuple[list[FileOutcome], bool]:
        work = Rekeying(
            laws.order(), skips_unreadable=skips, lock_timeout_seconds=5, tell=lambda _line: None, disk=disk
        )
        return work.run(found_files([str(self.folder)]), check_mode)

    def contents(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted(self.folder.iterdir()) if not path.name.endswith("~")}


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


def keys_of(tree: Tree) -> set[str]:
    """Under which secret each file is by now; a file under two of them would have two entries."""
    found = set()
    for name, content in tree.contents().items():
        done = laws.rekey(content, laws.order(), is_yaml=True)
        found |= {(name, place.state) for place in done.places}
    return {f"{name} {state}" for name, state in found}


ALL_DONE = {"a.yml done", "b.yml done", "key.pem done"}
ALL_OLD = {"a.yml moved", "b.yml moved", "key.pem moved"}


def test_everything_moves_and_a_second_run_writes_nothing(tree: Tree) -> None:
    outcomes, is_stopped = tree.run()
    after = tree.contents()

    assert [(Path(each.path).name, each.is_written, each.count("moved")) for each in outcomes] == [
        ("a.yml", True, 2),
        ("b.yml", True, 1),
        ("key.pem", True, 1),
    ]
    assert not is_stopped
    assert keys_of(tree) == ALL_DONE
    again, _stopped = tree.run()
    assert not any(each.is_written or each.changes for each in again)
    assert tree.contents() == after


def test_check_mode_writes_nothing(tree: Tree) -> None:
    before = tree.contents()

    outcomes, _stopped = tree.run(check_mode=True)

    assert [each.changes for each in outcomes] == [True] * 3
    assert tree.contents() == before


@pytest.mark.parametrize("what", ["value", "file", "whole", "text"])
def test_nothing_is_written_anywhere_when_something_cannot_be_read(tree: Tree, what: str) -> None:
    closed = {
        "value": inline("old", b"1") + inline("unknown", b"2").replace("v0", "w"),
        "file": f"a: [\n{inline('old', b'1')}",
        "whole": sealed("unknown", b"1", "prod"),
        "text": f"a: \udcff\n{inline('old', b'1')}",
    }[what]
    (tree.folder / "z.yml").write_bytes(closed.encode("utf-8", "surrogateescape"))
    before = tree.contents()

    outcomes, is_stopped = tree.run()

    assert is_stopped
    assert outcomes[-1].is_closed or outcomes[2].is_closed
    assert tree.contents() == before
    outcomes, is_stopped = tree.run(skips=True)
    assert not is_stopped
    assert {f"{name} done" for name in ("a.yml", "b.yml", "key.pem")} <= keys_of_readable(tree)
    assert what == "value" or tree.contents()["z.yml"] == before["z.yml"]


def keys_of_readable(tree: Tree) -> set[str]:
    for name in ("z.yml",):
        (tree.folder / name).rename(tree.folder / f"{name}~")
    try:
        return keys_of(tree)
    finally:
        (tree.folder / "z.yml~").rename(tree.folder / "z.yml")


@pytest.mark.parametrize("how", ["hard link", "folder"])
def test_nothing_is_written_anywhere_when_a_file_could_not_be(tree: Tree, how: str) -> None:
    if how == "folder" and os.geteuid() == 0:
        pytest.skip("root may do everything")
    closed = tree.folder / "sub"
    closed.mkdir()
    (closed / "c.yml").write_text(inline("old", b"5"))
    if how == "hard link":
        os.link(closed / "c.yml", closed / "d")
    else:
        closed.chmod(0o500)
    before = (tree.folder / "a.yml").read_bytes()

    outcomes, is_stopped = tree.run()

    assert is_stopped
    assert [each.problem is not None for each in outcomes].count(True) >= 1
    assert (tree.folder / "a.yml").read_bytes() == before
    assert tree.run(skips=True)[1]


class Between(Disk):
    """Does something at the n-th call, before it or after it."""

    def __init__(self, at: int, act: t.Callable[[], None], after: bool = False) -> None:
        self.left, self.act, self.after = at, act, after

    def __getattribute__(self, name: str) -> t.Any:
        found = super().__getattribute__(name)
        if name.startswith("_") or name not in vars(Disk):
            return found

        def call(*args: t.Any, **named: t.Any) -> t.Any:
            self.left -= 1
            if self.left == 0 and not self.after:
                self.act()
            answer = found(*args, **named)
            if self.left == 0 and self.after:
                self.act()
            return answer

        return call


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("after", [False, True])
def test_a_run_that_is_killed_at_any_call_leaves_each_file_old_or_new_and_the_next_run_ends_it(
    tmp_path: Path, after: bool
) -> None:
    for at in itertools.count(1):
        (tmp_path / str(at)).mkdir()
        tree = Tree(tmp_path / str(at))
        child = FORK.Process(target=tree.run, kwargs={"disk": Between(at, kill, after)})
        child.start()
        child.join()
        now = keys_of(tree)
        assert len(now) == 3
        assert now <= ALL_DONE | ALL_OLD
        if child.exitcode == 0:
            break
        assert child.exitcode == -signal.SIGKILL
        outcomes, is_stopped = tree.run()
        assert not is_stopped
        assert [each.problem for each in outcomes] == [None] * 3
        assert keys_of(tree) == ALL_DONE
        # What a killed write left behind is hidden, and no clear text.
        for path in tree.folder.glob("*~"):
            assert path.name.startswith(".")
            assert b"$ANSIBLE_VAULT".startswith(path.read_bytes()[:14]) or b"!vault" in path.read_bytes()
    assert at > 12
    assert keys_of(tree) == ALL_DONE


def full() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("at", range(1, 8))
def test_a_full_disk_at_any_call_leaves_each_file_old_or_new(tree: Tree, at: int) -> None:
    outcomes, is_stopped = tree.run(disk=Between(at, full))

    assert not is_stopped
    assert keys_of(tree) <= ALL_DONE | ALL_OLD
    failed = [each for each in outcomes if each.problem]
    assert all("No space left" in str(each.problem) and not each.is_written for each in failed)
    assert not [path for path in tree.folder.iterdir() if path.name.endswith("~")]
    assert tree.run()[1] is False
    assert keys_of(tree) == ALL_DONE


def edit(path: Path) -> t.Callable[[], None]:
    return lambda: path.write_text(path.read_text() + "# a person was here\n")


def test_a_file_that_is_edited_in_between_is_planned_again(tree: Tree) -> None:
    outcomes, _stopped = tree.run(disk=Between(1, edit(tree.folder / "b.yml")))

    assert [each.is_written for each in outcomes] == [True] * 3
    assert (tree.folder / "b.yml").read_text().endswith("# a person was here\n")
    assert keys_of(tree) == ALL_DONE


def test_a_file_that_is_edited_all_the_time_is_left_and_told(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    expect, file = Storage.expect, tree.folder / "b.yml"

    def edited_first(storage: Storage, identity: t.Any) -> None:
        if storage.path == str(file):
            edit(file)()
        expect(storage, identity)

    monkeypatch.setattr(Storage, "expect", edited_first)

    outcomes, is_stopped = tree.run()

    assert not is_stopped
    assert [(each.is_written, each.is_conflict) for each in outcomes] == [(True, False), (False, True), (True, False)]
    assert "was changed by somebody else" in str(outcomes[1].problem)
    assert keys_of(tree) == {"a.yml done", "b.yml moved", "key.pem done"}


def test_a_file_that_gets_a_value_nobody_opens_in_between_is_left_and_told(tree: Tree) -> None:
    file = tree.folder / "b.yml"
    more = inline("unknown", b"x").replace("v0", "w")

    outcomes, _stopped = tree.run(disk=Between(1, lambda: file.write_text(file.read_text() + more) and None))

    assert [each.is_written for each in outcomes] == [True, False, True]
    assert "holds now what no loaded vault secret opens" in str(outcomes[1].problem)


def test_a_file_that_vanishes_in_between_is_told(tree: Tree) -> None:
    outcomes, _stopped = tree.run(disk=Between(1, (tree.folder / "b.yml").unlink))

    assert [each.is_written for each in outcomes] == [True, False, True]
    assert outcomes[1].problem is not None
    assert not (tree.folder / "b.yml").exists()


def test_two_runs_at_once_end_with_everything_moved_once(tree: Tree) -> None:
    runs = [FORK.Process(target=tree.run) for _number in range(2)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()

    assert [run.exitcode for run in runs] == [0, 0]
    assert keys_of(tree) == ALL_DONE
    assert tree.run()[0][0].changes is False


def test_a_file_by_two_names_is_done_once_and_the_link_stays(tree: Tree) -> None:
    (tree.folder / "0-link.yml").symlink_to("a.yml")

    outcomes, _stopped = tree.run()

    assert [Path(each.path).name for each in outcomes] == ["0-link.yml", "b.yml", "key.pem"]
    assert (tree.folder / "0-link.yml").is_symlink()
    assert "a.yml done" in keys_of(tree)


def test_values_are_worked_on_side_by_side(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: {0, 1}, raising=False)
    together = threading.Barrier(2, timeout=20)
    work = laws.order()
    first, once = work.open, threading.local()

    def open_together(vaulttext: str) -> t.Any:
        if not getattr(once, "done", False):
            once.done = True
            together.wait()
        return first(vaulttext)

    monkeypatch.setattr(work, "open", open_together)
    rekeying = Rekeying(work, skips_unreadable=False, lock_timeout_seconds=1, tell=lambda _line: None)
    (tree.folder / "key.pem").unlink()

    outcomes, _stopped = rekeying.run(found_files([str(tree.folder)]), check_mode=True)

    assert [each.problem for each in outcomes] == [None, None]


def test_lines_tell_how_far_it_is(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rekey_run, "_TELL_EVERY_SECONDS", 0)
    lines: list[str] = []

    Rekeying(laws.order(), skips_unreadable=False, lock_timeout_seconds=1, tell=lines.append).run(
        found_files([str(tree.folder)]), check_mode=False
    )

    assert lines == [
        *(f"{number} of 3 files read and encrypted anew" for number in (1, 2, 3)),
        *(f"{number} of 3 files written" for number in (1, 2, 3)),
    ]


def test_a_value_and_its_copy_in_a_record_stay_the_same_text(tree: Tree) -> None:
    value = "".join(f"        {line}\n" for line in sealed("old", b"key", "prod").splitlines())
    (tree.folder / "slots.yml").write_text(
        f"ci_key: !vault |\n{value}cloudkeys_records:\n  ci_key:\n    current:\n      key_value: !vault |\n{value}"
    )

    tree.run()

    one, other = (tree.folder / "slots.yml").read_text().split("cloudkeys_records:")
    assert one.split("!vault |")[1] == other.split("!vault |")[1]


def test_a_task_that_is_ended_leaves_the_rest_undone(tree: Tree) -> None:
    work, opened = laws.order(), []

    class Ended(BaseException):
        pass

    def stop(line: str) -> None:
        opened.append(line)
        raise Ended

    for number in range(60):
        (tree.folder / f"more{number}.yml").write_text((tree.folder / "b.yml").read_text() + f"x: {number}\n")
    rekeying = Rekeying(work, skips_unreadable=False, lock_timeout_seconds=1, tell=stop)
    rekeying._told_at = 0
    before = tree.contents()

    with pytest.raises(Ended):
        rekeying.run(found_files([str(tree.folder)]), check_mode=False)

    assert len(opened) == 1
    assert tree.contents() == before


def test_whoever_read_a_file_before_the_move_does_not_write_over_it(tree: Tree) -> None:
    secrets = [(name, laws.SECRETS[name]) for name in laws.IDS]
    file = VaultFile(str(tree.folder / "a.yml"), laws.Cipher(secrets), vault_id="old")
    seen = file.read()

    tree.run()

    with pytest.raises(ChangedMeanwhile):
        file.commit(seen, [Edit(("v0",), "another value")])
    assert file.value(file.read(), ("v0",)) == "1"


def test_clear_text_is_in_no_file_at_any_moment(tree: Tree) -> None:
    secret = b"a long and secret value"
    (tree.folder / "c.yml").write_text(inline("old", secret))
    seen: list[bytes] = []

    class Watching(Disk):
        def write(self, descriptor: int, content: bytes) -> None:
            seen.append(content)
            super().write(descriptor, content)

    tree.run(disk=Watching())

    assert len(seen) == 4
    assert not any(secret in content for content in seen)
    (tree.folder / "c.yml").unlink()
    assert laws.said((tree.folder / "a.yml").read_text(), ["new"]) == [{"v0": "opened 1", "v1": "opened 2"}]
