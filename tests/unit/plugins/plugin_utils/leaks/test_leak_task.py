# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A leak run in one account and over several: what is proven, what is not known, and a run that was killed."""

from __future__ import annotations

import json
import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._checked import check_arguments
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.opened import Surroundings
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._leaks import leak_task, report_task
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import (
    Effects,
    Killed,
    Scene,
)

VALUE = "own-Value-of-32-or-more-characters-0"
UNKNOWN = "ApiKey-00000000-0000-4000-8000-000000000000"


def unprotected(_text: str) -> None:
    """Here nothing is shown."""


AROUND = Surroundings(os.environ, unprotected, lambda _seconds: None)


def options(step: str, **words: t.Any) -> dict[str, t.Any]:
    checked = check_arguments(leak_task.SPEC, {"step": step, **words}, "task")
    assert checked.problem is None
    return checked.options


def judge(accounts: list[t.Any], around: Surroundings = AROUND, **words: t.Any) -> t.Any:
    checked = check_arguments(report_task.SPEC, {"accounts": accounts, **words}, "task")
    assert checked.problem is None
    return report_task.report(checked.options, around, check_mode=False)


class Leak:
    """A key of no slot, and a run for it."""

    def __init__(self, folder: Path | None = None) -> None:
        self.scene = Scene()
        self.key = self.scene.visitor.create_key(name="loose", iam_id=self.scene.owner["iam_id"], apikey=VALUE)
        self.words: dict[str, t.Any] = {"values": f"noise\nAPIKEY={VALUE}"}
        self.more = {"folder": str(folder)} if folder else {}

    def run(
        self, effects: Effects | None = None, *, between: t.Callable[[], None] = lambda: None, **more: t.Any
    ) -> t.Any:
        """Both halves and the verdict."""
        client = self.scene.client(effects or Effects())
        looked = leak_task.look(options("look", **self.words, **self.more), client, {}, unprotected, check_mode=False)
        between()
        asked = options("revoke", **self.words, **self.more, seen=looked["leaked"], **more)
        revoked = leak_task.revoke(asked, client, unprotected, check_mode=False)
        account = {**revoked, "name": "a", "looked_at": looked["looked_at"]}
        return judge([account])


def verdicts(told: t.Any) -> list[str]:
    return [entry["verdict"] for entry in told["verdicts"]]


@pytest.mark.parametrize("delete", [False, True])
def test_a_key_of_no_slot_is_shut_and_proven_dead(delete: bool) -> None:
    leak = Leak()

    told = leak.run(delete=delete)

    assert verdicts(told) == ["dead"]
    assert "failed" not in told
    assert not leak.scene.works(VALUE)
    assert (leak.key["id"] in set(leak.scene.keys())) is not delete
    assert VALUE not in json.dumps(told)


@pytest.mark.parametrize("was", ["as it is", "disabled before", "locked"])
def test_a_key_that_was_to_be_deleted_and_is_only_disabled_is_dead_and_red(was: str) -> None:
    leak = Leak()
    key = leak.scene.emulator.world.keys[leak.key["id"]]
    key.locked, key.disabled = was == "locked", was == "disabled before"
    leak.scene.emulator.faults.add(
        [{"kind": "status", "status": 403, "method": "DELETE", "path": "/v1/apikeys/[^/]+$"}]
    )

    told = leak.run(delete=True)

    assert verdicts(told) == ["dead"]
    assert told["all_dead"]
    assert told["verdicts"][0]["how"].startswith("disabled, but not deleted: ")
    assert told["msg"].startswith("every leaked key that was found is dead, and this is not done. line 2 of entry 1")
    assert "disabled, but not deleted: IBM Cloud IAM answered 403" in told["msg"]
    assert not leak.scene.works(VALUE)


def test_a_key_that_could_not_even_be_disabled_is_alive() -> None:
    leak = Leak()
    leak.scene.emulator.faults.add([{"kind": "status", "status": 403, "method": "POST", "path": "/disable$"}])

    told = leak.run(delete=True, proof_seconds=2)

    assert verdicts(told) == ["alive"]
    assert "it could not be deleted: " in told["msg"]


def test_a_locked_key_is_shut_too() -> None:
    leak = Leak()
    leak.scene.emulator.world.keys[leak.key["id"]].locked = True

    assert verdicts(leak.run(delete=True)) == ["dead"]


def test_one_server_that_knows_is_no_proof() -> None:
    """The key is enabled again behind the back of the run: of three looks in a row not all are refusals."""
    leak, looks = Leak(), Effects()

    def enable_again() -> None:
        if looks.done.count("POST /identity/token") in (3, 5):
            leak.scene.emulator.world.keys[leak.key["id"]].disabled = False

    looks.watch = enable_again
    told = leak.run(looks, proof_seconds=4)

    assert told["failed"]
    assert verdicts(told) == ["alive"]
    assert "a log-in with it still works" in told["msg"]


def test_refusals_that_do_not_follow_each_other_are_no_proof() -> None:
    leak, looks = Leak(), Effects()
    key = leak.scene.emulator.world.keys[leak.key["id"]]

    def lag() -> None:
        asked = looks.done.count("POST /identity/token")
        if asked in (3, 4):
            # Two refusals, one log-in that works, one refusal.
            key.disabled = asked == 4

    looks.watch = lag
    told = leak.run(looks, proof_seconds=3)

    assert verdicts(told) == ["unknown"]
    assert told["failed"]


@pytest.mark.parametrize("has_folder", [True, False])
@pytest.mark.parametrize("after", [False, True], ids=["before the effect", "after the effect"])
def test_killed_anywhere_and_run_again_the_verdict_is_the_same(tmp_path: Path, has_folder: bool, after: bool) -> None:
    stop = 0
    while True:
        folder = tmp_path / str(stop)
        folder.mkdir()
        leak = Leak(folder if has_folder else None)
        effects = Effects(stop, kill_after_effect=after)
        try:
            leak.run(effects, delete=True)
            break
        except Killed:
            pass
        told = leak.run(delete=True)
        is_gone = any("DELETE" in name for name in effects.done[:-1]) or (after and "DELETE" in effects.done[-1])
        assert verdicts(told) == (["dead"] if has_folder or not is_gone else ["not_found"])
        assert not leak.scene.works(VALUE)
        stop += 1
    assert stop > 5


def test_the_journal_holds_no_value_and_is_private(tmp_path: Path) -> None:
    Leak(tmp_path).run()

    (path,) = tmp_path.iterdir()
    assert VALUE not in path.read_text(encoding="utf-8")
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("content", ["", "[]", '{"keys": []}', '{"keys": {"ApiKey-1": 5}}', "\xff"])
def test_a_journal_of_somebody_else_stops_the_run_before_anything(tmp_path: Path, content: str) -> None:
    leak = Leak(tmp_path)
    (tmp_path / f"leaked-keys-{leak.scene.emulator.seed.account_id}.json").write_text(content, encoding="latin-1")

    with pytest.raises(TaskRefused, match="is not one of this collection"):
        leak.run()
    assert leak.scene.works(VALUE)


@pytest.mark.parametrize("how", ["written by all", "another's", "a pipe"])
def test_what_others_could_have_noted_makes_no_key_dead(tmp_path: Path, how: str) -> None:
    leak = Leak(tmp_path)
    leak.run(delete=True)
    (path,) = tmp_path.iterdir()
    if how == "written by all":
        path.chmod(0o666)
    elif how == "another's":
        if os.geteuid() != 0:
            pytest.skip("needs another user")
        tmp_path.chmod(0o777)
        os.chown(path, 4242, 4242)
    else:
        path.unlink()
        os.mkfifo(path, 0o600)

    with pytest.raises(
        TaskRefused, match=r"the journal .* cannot be read: (others|it belongs to another user|it is not)"
    ):
        leak.run()


def test_a_record_that_cannot_be_written_hides_no_verdict(tmp_path: Path) -> None:
    leak = Leak()
    account = {**leak.run(), "name": "a"}
    account = {**account, "leaked": account["verdicts"], "looked_at": "2026-11-29T10:00:00Z"}
    (tmp_path / "leak-20261129T100000Z.md").mkdir()

    told = judge([account], folder=str(tmp_path))

    assert verdicts(told) == ["dead"]
    assert told["failed"]
    assert "the record of this run, " in told["msg"]
    assert told["files"] == [str(tmp_path / "leak-20261129T100000Z.json")]


def test_what_is_in_the_journal_is_dead_only_with_proof(tmp_path: Path) -> None:
    """An id that was noted, and that IAM does not show any more, has to be missing from its owner's list."""
    leak = Leak(tmp_path)
    leak.run()
    leak.words = {"ids": [leak.key["id"]]}
    assert verdicts(leak.run(delete=True)) == ["dead"]
    assert verdicts(leak.run()) == ["dead"]
    leak.words = {"ids": [UNKNOWN]}
    assert verdicts(leak.run()) == ["not_found"]


def test_what_leaked_must_not_change_between_the_halves() -> None:
    leak = Leak()

    def change() -> None:
        leak.words = {"values": "APIKEY=another-Value-of-32-or-more-characters"}

    with pytest.raises(TaskRefused, match="what leaked is not what was looked at before"):
        leak.run(between=change)
    assert leak.scene.works(VALUE)


def test_nor_must_an_id() -> None:
    leak = Leak()
    leak.words = {"ids": [leak.key["id"]]}

    with pytest.raises(TaskRefused, match="what leaked is not what was looked at before"):
        leak.run(between=lambda: leak.words.update(ids=[UNKNOWN]))
    assert leak.scene.works(VALUE)


def test_a_key_that_a_slot_could_not_close_is_left_to_it_and_alive() -> None:
    leak = Leak()

    told = leak.run(rotated={"msg": "1 of 1 slots failed", "unmanaged_ids": []})

    assert verdicts(told) == ["alive"]
    assert "a slot has it, and it was not closed there: 1 of 1 slots failed" in told["msg"]
    assert f'-a "id={leak.key["id"]} disabled=true unlock=true rotated_keys=allow"' in told["msg"]
    assert leak.scene.works(VALUE)


def test_check_mode_shuts_nothing_and_is_red() -> None:
    leak = Leak()
    client = leak.scene.client(Effects())
    looked = leak_task.look(options("look", **leak.words), client, {}, lambda _text: None, check_mode=True)
    asked = options("revoke", **leak.words, seen=looked["leaked"])

    (entry,) = leak_task.revoke(asked, client, lambda _text: None, check_mode=True)["leaked"]

    assert (entry["verdict"], entry["how"]) == ("alive", "check mode: it would be disabled")
    assert entry["command"] is None
    assert leak.scene.works(VALUE)


@pytest.mark.parametrize("is_gone", [True, False])
def test_check_mode_tells_what_the_slot_would_do_and_what_is_dead_already(is_gone: bool) -> None:
    leak = Leak()
    client = leak.scene.client(Effects())
    looked = leak_task.look(options("look", **leak.words), client, {}, lambda _text: None, check_mode=True)
    if is_gone:
        leak.scene.visitor.ask("DELETE", f"/v1/apikeys/{leak.key['id']}")
    asked = options("revoke", **leak.words, seen=looked["leaked"], rotated={"unmanaged_ids": []})

    (entry,) = leak_task.revoke(asked, client, lambda _text: None, check_mode=True)["leaked"]

    told = ("dead", "deleted") if is_gone else ("alive", "check mode: its slot would replace it, or take it away")
    assert (entry["verdict"], entry["how"]) == told
    assert entry["command"] is None


@pytest.mark.parametrize(
    "rotated", [{"msg": "its hand-over failed", "unmanaged_ids": []}, {"unmanaged_ids": []}], ids=str
)
@pytest.mark.parametrize("is_gone", [True, False])
def test_a_dead_key_whose_slot_is_not_through_is_red(rotated: dict[str, t.Any], is_gone: bool) -> None:
    """The leak is closed, and whoever used the key may have no other."""
    leak = Leak()

    def close() -> None:
        if is_gone:
            leak.scene.visitor.ask("DELETE", f"/v1/apikeys/{leak.key['id']}")
        else:
            leak.scene.emulator.world.keys[leak.key["id"]].disabled = True

    told = leak.run(between=close, rotated=rotated)

    assert verdicts(told) == ["dead"]
    assert told.get("failed", False) is (not is_gone or "msg" in rotated)
    if "msg" in rotated:
        assert told["msg"].count("its hand-over failed") == 1


def test_what_other_slots_could_not_do_is_no_matter_of_the_leak() -> None:
    leak = Leak()

    assert "failed" not in leak.run(rotated={"msg": "another account", "unmanaged_ids": [leak.key["id"]]})


@pytest.mark.parametrize(("slot_id", "is_red"), [(None, True), ("0a1b2c3d", False)])
def test_a_marked_key_whose_slot_may_be_one_that_nobody_could_read_is_red(slot_id: str | None, is_red: bool) -> None:
    leak = Leak()
    leak.scene.emulator.world.keys[leak.key["id"]].description = "[cloudkeys 3f9a2c7d/5]"
    failed = {"name": "deploy", "step": "failed", "slot_id": slot_id}

    told = leak.run(rotated={"msg": "cannot be opened", "unmanaged_ids": [leak.key["id"]], "slots": [failed]})

    assert verdicts(told) == ["dead"]
    assert told.get("failed", False) is is_red
    # Whoever is on call is not sent to look for the file of another slot.
    assert ("a slot that failed, or was not among these, [cloudkeys 3f9a2c7d/5]" in "".join(told["report"])) is is_red


# ---- over several accounts


def entry(verdict: str, *, own: bool = False, number: int = 0) -> dict[str, t.Any]:
    names = ("id", "name", "owner", "iam_id", "account_id", "command", "tokens_end_at")
    return {
        **dict.fromkeys(names),
        "number": number,
        "place": "entry 1 of `ids`",
        "is_of_this_account": own,
        "verdict": verdict,
        "how": "so",
    }


def account(name: str, *entries: dict[str, t.Any], **words: t.Any) -> dict[str, t.Any]:
    return {"name": name, "account_id": name, "leaked": list(entries), "problems": [], "nothing_in": [], **words}


SILENT = {"name": "b", "problem": "no access"}


@pytest.mark.parametrize(
    ("accounts", "wanted", "is_red"),
    [
        ([account("a", entry("dead", own=True)), account("b", entry("not_found"))], ["dead"], False),
        ([account("a", entry("dead", own=True)), account("b", entry("alive"))], ["dead"], False),
        ([account("a", entry("alive", own=True)), account("b", entry("not_found"))], ["alive"], True),
        ([account("a", entry("not_found")), account("b", entry("alive"))], ["alive"], True),
        ([account("a", entry("not_found")), account("b", entry("unknown"))], ["unknown"], True),
        ([account("a", entry("not_found")), account("b", entry("not_found"))], ["not_found"], True),
        ([account("a", entry("not_found")), SILENT], ["unknown"], True),
        ([account("a", entry("dead", own=True)), SILENT], ["dead"], True),
        ([SILENT], ["unknown"], True),
        ([{**account("b", entry("x", own=True)), "problem": "cut off"}], ["unknown"], True),
        ([account("a")], [], True),
        ([account("a", entry("dead", own=True), problems=["nothing in entry 2"])], ["dead"], True),
        ([account("a", entry("dead", own=True)), {"name": "b"}], ["dead"], True),
    ],
)
def test_accounts_are_merged_into_one_verdict(accounts: list[t.Any], wanted: list[str], is_red: bool) -> None:
    told = judge(accounts)

    assert verdicts(told) == wanted
    assert told.get("failed", False) is is_red
    assert [line for line in told["report"] if "::" in line] == []


def test_an_account_that_two_hosts_are_is_named_once() -> None:
    told = judge([account("a", entry("not_found")), {**account("a", entry("not_found")), "name": "again"}])

    assert "not found in a: " in "".join(told["report"])


def test_accounts_that_were_asked_about_different_keys_are_not_mixed_up() -> None:
    accounts = [
        account(name, {**entry(told, own=True), "item": name}) for name, told in (("a", "dead"), ("b", "alive"))
    ]

    told = judge(accounts)

    assert verdicts(told) == ["dead", "alive"]


def test_an_account_that_was_to_be_asked_and_is_not_there_is_red() -> None:
    told = judge([account("a", entry("dead", own=True))], expected=["a", "b"])

    assert "b could not be asked: it gave no answer" in told["msg"]


def test_the_record_is_written_and_nothing_in_it_is_markup(tmp_path: Path) -> None:
    hostile = {**entry("dead", own=True), "name": "x | `y` <b>\x1b[31m{{ z }}", "owner": {"name": "[a](http://b)"}}
    told = judge([account("a", hostile)], folder=str(tmp_path))

    record = next(path for path in map(Path, told["files"]) if path.suffix == ".md").read_text(encoding="utf-8")
    row = next(line for line in record.splitlines() if line.startswith("| dead"))
    assert row.count("|") == 8
    assert "{{" not in record
    assert "\x1b" not in record
    assert {path.stat().st_mode & 0o777 for path in map(Path, told["files"])} == {0o600}


def test_two_runs_of_one_second_have_a_record_each(tmp_path: Path) -> None:
    files = [path for _run in range(2) for path in judge([SILENT], folder=str(tmp_path))["files"]]

    assert len(set(files)) == len(list(tmp_path.iterdir())) == 4


@pytest.mark.parametrize("seconds", ["-1", "3601"])
def test_proof_is_bounded(seconds: str, tmp_path: Path) -> None:
    with pytest.raises(TaskRefused, match=r"proof_seconds is .* has to be from 0 to 3600"):
        leak_task.resolve_paths(options("look", ids=[UNKNOWN], proof_seconds=seconds), str(tmp_path))
