# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the history calls what happened in the less usual lives of a key, and where it may be kept."""

from __future__ import annotations

import typing as t
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import CloudkeysError
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.declared_slots import resolve_history
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.history import HistoryRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.history_file import HistoryFile
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.history_in_git import HistoryInGit
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import (
    DAY_SECONDS,
    HOUR_SECONDS,
    Effects,
    Killed,
)
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.test_history import (
    Rotation,
    a_history,
    a_line,
    in_file,
)

LATER: dict[str, t.Any] = {"overlap_hours": 72, "soak_hours": 168, "quiet_hours": 0}


def whats_of(world: Rotation, key_id: str) -> list[str]:
    return [line["what"] for line in world.lines if line["key_id"] == key_id]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.jsonl"


def test_a_key_that_was_gone_back_to_and_goes_at_last(path: Path) -> None:
    world = Rotation(path, **LATER)
    world.run()
    first = world.scene.published_id
    world.scene.pass_time(91 * DAY_SECONDS)
    world.run()
    second = world.scene.published_id
    world.scene.pass_time(DAY_SECONDS)
    world.run(rollback_to_ids=frozenset({first}))
    for _day in range(12):
        world.scene.pass_time(DAY_SECONDS)
        world.run()

    assert whats_of(world, first)[:3] == ["made", "published", "rolled_back"]
    assert whats_of(world, second) == ["made", "published", "disabled", "deleted"]
    back = next(line for line in world.lines if line["what"] == "rolled_back")
    assert back["old_id"] == second


def test_a_leaked_key_is_told_as_disabled_also_when_the_run_was_killed_after_it(path: Path) -> None:
    world = Rotation(path)
    world.run()
    leaked = world.scene.published_id
    words: dict[str, t.Any] = {"compromised_ids": frozenset({leaked})}
    with pytest.raises(Killed):
        world.run(Effects(kill_on=f"POST /v1/apikeys/{leaked}/disable", kill_after_effect=True), **words)
    world.run(**words)

    told = whats_of(world, leaked)
    assert told[:2] == ["made", "published"]
    assert sorted(told[2:]) == ["deleted", "disabled", "leaked"]


def test_a_key_that_is_not_wanted_before_it_was_published_is_withdrawn(path: Path) -> None:
    world = Rotation(path)
    with pytest.raises(Killed):
        world.run(Effects(kill_on="POST /v1/apikeys", kill_after_effect=True))
    (made,) = world.scene.keys()
    world.scene.slot = replace(world.scene.slot, is_wanted=False)
    for _run in range(2):
        world.scene.pass_time(3 * HOUR_SECONDS)
        world.run()

    assert world.scene.keys() == {}
    assert whats_of(world, made) == ["made", "withdrawn"]


def test_another_owner_is_told_with_the_one_before(path: Path) -> None:
    world = Rotation(path, **LATER)
    scene = world.scene
    world.run()
    first, before = scene.published_id, scene.slot.iam_id
    other = scene.visitor.create_service_id(name="ci-2", account_id=scene.emulator.seed.account_id)
    scene.visitor.grant(other["iam_id"], "Operator")
    scene.slot = replace(scene.slot, iam_id=other["iam_id"])
    scene.pass_time(DAY_SECONDS)
    world.run()

    (changed,) = [line for line in world.lines if line["what"] == "owner_changed"]
    assert (changed["old_iam_id"], changed["iam_id"], changed["old_id"]) == (before, other["iam_id"], first)


def test_a_history_lies_beside_the_slots_or_in_their_repository() -> None:
    here: dict[str, t.Any] = {"history": {"file": "history.jsonl", "keep_days": 30}, "git": None}
    in_git: dict[str, t.Any] = {
        "history": {"file": "logs/../history.jsonl", "keep_days": 30},
        "git": {"branch": "main"},
    }

    resolve_history(here, "/srv", ["/srv/secrets.yml"])
    resolve_history(in_git, "/srv", ["secrets.yml"])
    resolve_history({"history": None}, "/srv", [])

    assert here["history"]["file"] == "/srv/history.jsonl"
    assert in_git["history"]["file"] == "history.jsonl"


@pytest.mark.parametrize(
    ("git", "file", "files"),
    [
        (None, "secrets.yml", ["/srv/secrets.yml"]),
        ({"branch": "main"}, "secrets.yml", ["secrets.yml"]),
        ({"branch": "main"}, "Secrets.yml", ["secrets.yml"]),
        ({"branch": "main"}, "../history.jsonl", []),
    ],
)
def test_a_history_is_no_vault_file_and_inside_the_repository(git: t.Any, file: str, files: list[str]) -> None:
    with pytest.raises(CloudkeysError):
        resolve_history({"history": {"file": file, "keep_days": 30}, "git": git}, "/srv", files)


def test_a_history_that_another_run_writes_meanwhile_is_read_again(path: Path) -> None:
    path.write_bytes(in_file(a_line("a")))
    seen: list[bytes] = []

    def change(content: bytes) -> bytes:
        seen.append(content)
        if len(seen) == 2:
            # Between the look and the write; the lock is of no use against who does not take it.
            path.write_bytes(in_file(a_line("a"), a_line("b")))
        return content + in_file(a_line("c"))

    HistoryFile(str(path)).update(change)

    assert path.read_bytes() == in_file(a_line("a"), a_line("b"), a_line("c"))
    assert len(seen) == 3


def test_nothing_to_add_writes_nothing(path: Path) -> None:
    path.write_bytes(in_file(a_line("a")))
    history = a_history(path)
    history.note([a_line("a")])
    before = path.stat()

    history.flush()

    assert path.stat().st_mtime_ns == before.st_mtime_ns


class Contested:
    """A branch to which others push so often before a push of ours gets through."""

    name = "main"

    def __init__(self, lost: int) -> None:
        self.lost, self.content = lost, in_file(a_line("a"))

    def read(self, _path: str) -> bytes:
        return self.content

    def make_commit(self, files: t.Mapping[str, bytes], _message: str) -> str:
        (self.made,) = files.values()
        return "c" * 40

    def push(self, _commit: str) -> bool:
        self.lost -= 1
        self.content = self.made if self.lost < 0 else self.content + in_file(a_line(f"of others {self.lost}"))
        return self.lost < 0


def test_a_push_that_others_were_faster_than_is_made_anew_from_what_they_left() -> None:
    branch: t.Any = Contested(2)
    told: list[str] = []

    HistoryInGit(branch, "history.jsonl", "Rotate", told.append).update(lambda content: content + in_file(a_line("b")))

    assert branch.content == in_file(a_line("a"), a_line("of others 1"), a_line("of others 0"), a_line("b"))
    assert told == ["history.jsonl: pushed cccccccccccc to main"]


def test_a_history_that_others_keep_pushing_to_is_told() -> None:
    branch: t.Any = Contested(99)

    with pytest.raises(HistoryRefused, match=r"others keep pushing\. What happened stays on record"):
        HistoryInGit(branch, "history.jsonl", "Rotate", print).update(lambda content: content + in_file(a_line("b")))

    assert in_file(a_line("b")) not in branch.content
