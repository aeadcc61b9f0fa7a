# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The history of keys: what a file may hold, what is added to it, and who reads it."""

from __future__ import annotations

import json
import os
import re
import stat
import threading
import typing as t
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.marker import Marker, join_description
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.declared_slots import resolve_history
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.engine import rotate_slots
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.happenings import What, told_by_record
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.history import (
    History,
    HistoryRefused,
    Line,
    line_of,
    read_history,
    with_lines,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.history_file import (
    HistoryFile,
    StoreWithHistory,
    read_history_file,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.history_shown import (
    Question,
    chosen,
    for_people,
    moment,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.ports import NotWritten, Ports
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import Current, Record
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Orders
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import (
    DAY_SECONDS,
    ONE_AT_A_TIME,
    Effects,
    Killed,
    MemoryStore,
    Scene,
)

NOW = datetime(2026, 6, 1, tzinfo=timezone.utc)
AT_ONCE: dict[str, t.Any] = {"overlap_hours": 0, "soak_hours": 0, "quiet_hours": 0}
SCHEMA = Path(__file__).parents[5] / "docs/schemas/api-key-history-1.json"


def a_line(name: str, days_ago: float = 0, **words: t.Any) -> Line:
    at = (NOW - timedelta(days=days_ago)).strftime("%Y-%m-%dT%H:%M:%S+0000")
    return {"id": name, "at": at, "what": "made", "slot": "deploy", **words}


def in_file(*lines: Line) -> bytes:
    return "".join(json.dumps(line, sort_keys=True) + "\n" for line in lines).encode()


def a_history(path: Path, **words: t.Any) -> History:
    shelf = HistoryFile(str(path))
    return History(shelf, shelf.name, now=lambda: NOW, scrub=lambda text: text.replace("secret-value", "***"), **words)


def test_only_what_is_new_is_added_and_the_rest_stays_byte_for_byte() -> None:
    by_hand = b'{"id":"a",   "at": "2026-05-01T00:00Z", "of a newer version": [1]}\n'

    after = with_lines(by_hand, [a_line("a"), a_line("b"), a_line("b")], None, "history")

    assert after == by_hand + in_file(a_line("b"))
    assert with_lines(after, [a_line("b")], None, "history") is None


def test_the_line_of_whoever_tells_first_counts() -> None:
    after = with_lines(b"", [a_line("a"), a_line("a", by="somebody who looks later")], None, "history")

    assert after == in_file(a_line("a"))


def test_what_is_older_than_it_is_kept_goes_with_the_next_write_and_does_not_come_back() -> None:
    old, new = a_line("old", 31), a_line("new", 1)
    begin = NOW - timedelta(days=30)

    assert with_lines(in_file(old), [old], begin, "history") is None
    assert with_lines(in_file(old), [new], begin, "history") == in_file(new)
    assert with_lines(in_file(new), [old], begin, "history") is None


GARBLED = [b'{"id": "a", "at"', b"<<<<<<< HEAD\n", b"[]\n", b'{"id": 1, "at": "2026-05-01T00:00Z"}\n', b'{"id": "a"}\n']
GARBLED += [b'{"id": "a", "at": "yesterday"}\n', b"\xff\n", b"key: value\n", b"[" * 9999 + b"\n"]


@pytest.mark.parametrize("garbled", GARBLED, ids=lambda text: repr(text[:12]))
def test_a_file_that_is_no_history_is_told_and_left_as_it_is(garbled: bytes, tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.write_bytes(in_file(a_line("a")) + garbled)
    history = a_history(path)
    history.note([a_line("b")])

    for refused in (HistoryFile(str(path)).check, history.flush, lambda: read_history_file(str(path))):
        with pytest.raises(HistoryRefused, match=r"line 2|UTF-8"):
            refused()

    assert path.read_bytes() == in_file(a_line("a")) + garbled
    assert history.waiting


def test_a_last_line_without_its_end_gets_one(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.write_bytes(in_file(a_line("a")).rstrip(b"\n"))
    history = a_history(path)
    history.note([a_line("b")])

    history.flush()

    assert path.read_bytes() == in_file(a_line("a"), a_line("b"))


def test_the_file_is_private_and_no_text_of_a_secret_gets_into_it(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    history = a_history(path)
    history.note([a_line("a", why="it said secret-value", transaction_ids=["secret-value"])])

    history.flush()

    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert b"secret-value" not in path.read_bytes()


def test_of_many_runs_at_once_none_loses_or_doubles_a_line(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"

    def run(number: int) -> None:
        for step in range(5):
            history = a_history(path)
            history.note([a_line(f"{number}/{step}"), a_line(f"shared/{step}")])
            history.flush()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    ids = [entry.id for entry in read_history(path.read_bytes(), "history")]
    assert sorted(ids) == sorted([f"{n}/{s}" for n in range(4) for s in range(5)] + [f"shared/{s}" for s in range(5)])


def test_a_place_that_is_somebody_elses_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    (folder / "history.jsonl").mkdir()

    with pytest.raises(HistoryRefused, match="cannot be kept"):
        HistoryFile(str(folder / "history.jsonl")).check()
    with pytest.raises(HistoryRefused, match="cannot be kept"):
        HistoryFile(str(tmp_path / "nowhere" / "history.jsonl")).check()


class Rotation:
    """A scene whose runs keep a history in a file."""

    def __init__(self, path: Path, keep_days: float | None = None, **policy: t.Any) -> None:
        self.scene = Scene(**(policy or AT_ONCE))
        self.path, self.keep_days = path, keep_days

    def run(self, effects: Effects | None = None, **words: t.Any) -> None:
        scene, effects = self.scene, effects or Effects()
        client = scene.client(effects)
        shelf = HistoryFile(str(self.path))
        history = History(shelf, shelf.name, now=client.now, scrub=str, keep_days=self.keep_days, by="jane", job="12")
        store = StoreWithHistory(MemoryStore(scene.store, effects), history)
        ports = Ports(client, store, lambda secret: None, scene.told.append, history=history)
        (outcome,) = rotate_slots(
            [scene.slot], ports, Orders(**words), ONE_AT_A_TIME, check_mode=False, unforeseen=repr
        )
        assert outcome.failure is None, outcome.failure
        history.flush()

    @property
    def lines(self) -> list[Line]:
        return [entry.line for entry in read_history_file(str(self.path))] if self.path.exists() else []


def test_a_rotation_tells_what_happened_why_and_by_whom(tmp_path: Path) -> None:
    world = Rotation(tmp_path / "history.jsonl")
    world.run()
    first = world.scene.published_id
    world.scene.pass_time(91 * DAY_SECONDS)
    world.run()
    second = world.scene.published_id

    told = [(line["what"], line["key_id"], line.get("old_id")) for line in world.lines]
    assert told == [
        ("made", first, None),
        ("published", first, None),
        ("made", second, None),
        ("published", second, first),
        ("disabled", first, None),
        ("deleted", first, None),
    ]
    assert {(line["by"], line["job"], line["slot"]) for line in world.lines} == {("jane", "12", "deploy")}
    assert "older than 90 days" in world.lines[2]["why"]
    assert world.lines[2]["transaction_ids"]
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    for line in world.lines:
        assert set(schema["required"]) <= set(line) <= set(schema["properties"])
        assert re.match(schema["properties"]["id"]["pattern"], line["id"])
        assert re.match(schema["properties"]["at"]["pattern"], line["at"])
    assert schema["properties"]["what"]["enum"] == list(t.get_args(What))


def test_an_adopted_key_is_told_once_although_its_record_changes(tmp_path: Path) -> None:
    world = Rotation(tmp_path / "history.jsonl")
    scene = world.scene
    made = scene.visitor.create_key(name="deploy", iam_id=scene.owner["iam_id"])
    scene.store.values["deploy"] = made["apikey"]
    scene.slot = replace(scene.slot, policy=replace(scene.slot.policy, on_missing_record="adopt"))
    world.run()
    scene.pass_time(91 * DAY_SECONDS)
    world.run()

    told = [line["what"] for line in world.lines if line["key_id"] == made["id"]]
    assert told == ["adopted", "disabled", "deleted"]


def test_the_key_that_was_unpublished_is_told_and_no_other_though_its_value_was_lost(tmp_path: Path) -> None:
    world = Rotation(tmp_path / "history.jsonl", **{**AT_ONCE, "overlap_hours": 72})
    scene = world.scene
    world.run()
    scene.pass_time(91 * DAY_SECONDS)
    world.run()
    last = scene.published_id
    scene.pass_time(DAY_SECONDS)
    scene.slot = replace(scene.slot, is_wanted=False)
    del scene.store.values["deploy"]
    scene.store.stamp += 1
    # The record still has the value of the key before; the run that unpublishes is killed before it tells so.
    with pytest.raises(Killed):
        world.run(Effects(kill_on="commit", kill_after_effect=True))
    world.run()

    assert [line["key_id"] for line in world.lines if line["what"] == "unpublished"] == [last]


def test_a_key_that_is_swept_is_told_before_nobody_knows_it_any_more(tmp_path: Path) -> None:
    world = Rotation(tmp_path / "history.jsonl")
    scene = world.scene
    world.run()
    text = join_description("", Marker(scene.record.slot_id, 1))
    left = scene.visitor.create_key(name="deploy (next)", iam_id=scene.owner["iam_id"], description=text)["id"]
    scene.pass_time(DAY_SECONDS)
    with pytest.raises(Killed):
        world.run(Effects(kill_on=f"DELETE /v1/apikeys/{left}", kill_after_effect=True))
    world.run()

    assert left not in set(scene.keys())
    assert [line["what"] for line in world.lines if line["key_id"] == left] == ["left_over"]


def test_a_history_costs_no_request_and_an_idle_run_does_not_touch_it(tmp_path: Path) -> None:
    world = Rotation(tmp_path / "history.jsonl")
    world.run()
    before, without = os.stat(world.path), Effects()
    world.scene.run(effects=without)
    with_it = Effects()

    world.run(with_it)

    assert with_it.done == without.done
    assert os.stat(world.path) == before


def test_a_run_killed_right_after_its_commit_is_caught_up_without_a_word_on_who_it_was(tmp_path: Path) -> None:
    world = Rotation(tmp_path / "history.jsonl")
    with pytest.raises(Killed):
        world.run(Effects(kill_on="commit", kill_on_skips=1, kill_after_effect=True))
    assert world.scene.record.current

    world.run()

    (published,) = [line for line in world.lines if line["what"] == "published"]
    assert published["key_id"] == world.scene.published_id
    assert not {"by", "job", "why"} & published.keys()


def test_nothing_is_written_over_a_record_whose_history_cannot_be_kept(tmp_path: Path) -> None:
    class Full:
        def update(self, change: t.Any) -> None:
            raise HistoryRefused("no space")

    history = History(Full(), "history", now=lambda: NOW, scrub=str)
    history.note([a_line("a")])
    committed: list[t.Any] = []

    class Store:
        def commit(self, changes: t.Any) -> list[NotWritten]:
            committed.append(changes)
            return []

    with pytest.raises(HistoryRefused, match="no space"):
        StoreWithHistory(t.cast(t.Any, Store()), history).commit([])
    assert committed == []


def test_a_record_from_before_the_history_tells_what_it_knows(tmp_path: Path) -> None:
    world = Rotation(tmp_path / "history.jsonl")
    world.scene.run()

    world.run()

    assert [line["what"] for line in world.lines] == ["published"]


def test_an_adopted_key_was_not_made(tmp_path: Path) -> None:
    adopted = Record("3f9a2c7d", revision=1, last_generation=1, current=Current(1, "ApiKey-1", NOW))

    assert [each.what for each in told_by_record(adopted, NOW)] == ["adopted"]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, ["a", "b", "c"]),
        ({"slot": "deploy"}, ["a", "b"]),
        ({"slot": "3f9a2c7d"}, ["c"]),
        ({"key_id": "ApiKey-1"}, ["a", "b"]),
        ({"since": moment("2026-05-31", "since")}, ["b", "c"]),
        ({"until": moment("2026-05-31T00:00Z", "until")}, ["a"]),
        ({"slot": "no such slot"}, []),
    ],
    ids=str,
)
def test_people_ask_by_slot_key_and_time(asked: dict[str, t.Any], found: list[str]) -> None:
    lines = [
        a_line("c", slot="other", slot_id="3f9a2c7d"),
        a_line("b", 1, key_id="ApiKey-2", old_id="ApiKey-1"),
        a_line("a", 9, key_id="ApiKey-1"),
        a_line("a", 2, key_id="ApiKey-1"),
    ]

    entries = read_history(in_file(*lines), "history")

    assert [line["id"] for line in chosen(entries, Question(**asked))] == found


def test_hostile_lines_are_shown_and_obeyed_by_nothing() -> None:
    line = a_line("a", slot="\x1b[2J{{ 7 * 7 }}\u202e", what="made\nnext line", by="\x07")

    told = for_people(line)

    assert told.isprintable()
    assert "{{ 7 * 7 }}" in told


@pytest.mark.parametrize("what", [None, "", " ", 7, ["deleted"]])
def test_a_line_that_does_not_say_what_happened_is_told_so(what: t.Any) -> None:
    line = {**a_line("a", key_id="ApiKey-1", by="jane"), "what": what, "slot": None}

    (entry,) = read_history(in_file({name: value for name, value in line.items() if value is not None}), "history")

    at = "2026-06-01T00:00:00+0000"
    assert for_people(entry.line) == f"{at} no slot: ApiKey-1 (the line does not say what happened), by jane"


@pytest.mark.parametrize("given", ["yesterday", "2026-13-01", 7])
def test_a_time_that_is_none_is_refused(given: t.Any) -> None:
    with pytest.raises(HistoryRefused, match="since has to be"):
        moment(given, "since")


def test_an_adopted_key_is_told_once_whatever_comes_after(tmp_path: Path) -> None:
    world = Rotation(tmp_path / "history.jsonl")
    scene = world.scene
    made = scene.visitor.create_key(name="deploy", iam_id=scene.owner["iam_id"])
    scene.store.values["deploy"] = made["apikey"]
    scene.slot = scene.make_slot("deploy", on_missing_record="adopt", **AT_ONCE)
    world.run()
    scene.pass_time(91 * DAY_SECONDS)
    world.run()

    of_it = [line["what"] for line in world.lines if line["key_id"] == made["id"]]
    assert of_it == ["adopted", "disabled", "deleted"]


def test_a_leaked_key_that_stays_on_record_for_long_is_told_once(tmp_path: Path) -> None:
    current = Current(1, "ApiKey-1", NOW - timedelta(days=90), compromised=True)
    record, slot = Record("3f9a2c7d", revision=4, last_generation=1, current=current), Scene().slot
    path = tmp_path / "history.jsonl"
    for day in range(6):
        now = NOW + timedelta(days=day)
        shelf = HistoryFile(str(path))
        history = History(shelf, shelf.name, now=lambda: now, scrub=str, keep_days=2)  # noqa: B023  # it is used at once
        history.note(line_of(each, slot, None) for each in told_by_record(record, now))
        history.note([a_line(f"of day {day}", -day)])
        history.flush()

    told = [entry.line for entry in read_history_file(str(path))]
    assert [(line["what"], line["at"][:10]) for line in told if "key_id" in line] == [("leaked", "2026-06-01")]
    assert [line["id"] for line in told if "key_id" not in line] == ["of day 3", "of day 4", "of day 5"]


@pytest.mark.parametrize("keep_days", [0.5, 1e6, 1e10, float("nan")])
def test_days_that_cannot_be_counted_back_are_refused(keep_days: float) -> None:
    with pytest.raises(TaskRefused, match=r"keep_days is .*at least 1 and at most 36500"):
        resolve_history({"history": {"file": "history.jsonl", "keep_days": keep_days}, "git": None}, "/srv", [])


def test_what_a_record_tells_without_its_time_goes_with_the_key() -> None:
    leaked = a_line("s/1/leaked/ApiKey-1", 40, what="leaked", key_id="ApiKey-1")
    disabled = a_line("s/1/disabled/ApiKey-1", 40, what="disabled", key_id="ApiKey-1")
    dated = a_line("s/1/disabled/20260101T000000Z", 40, what="disabled", key_id="ApiKey-1")
    deleted = a_line("s/1/deleted/ApiKey-1", 39, what="deleted", key_id="ApiKey-1")
    by_others = a_line("z", 1, what="deleted", key_id=["ApiKey-1"])
    new, begin = a_line("new"), NOW - timedelta(days=30)

    assert with_lines(in_file(leaked, disabled, dated), [new], begin, "history") == in_file(leaked, disabled, new)
    assert with_lines(in_file(leaked, by_others), [new], begin, "history") == in_file(leaked, by_others, new)
    assert with_lines(in_file(leaked, disabled, deleted), [new], begin, "history") == in_file(new)
