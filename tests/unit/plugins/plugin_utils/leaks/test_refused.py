# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A leak run that is given nonsense, or to which IAM or the disk answers with a refusal: nothing is dead by that."""

from __future__ import annotations

import errno
import json
import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import IamClient
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.concurrency import concurrency_from
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import BadCredentials
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._leaks import journal, leak_task, proof, record
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.leaks.test_leak_task import (
    SILENT,
    UNKNOWN,
    VALUE,
    Leak,
    account,
    entry,
    judge,
    options,
    verdicts,
)
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import Effects

KEY = r"/v1/apikeys/ApiKey-[^/]+$"


def full_disk(*_arguments: t.Any, **_words: t.Any) -> t.Any:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("seconds", [-1, 3601])
def test_a_proof_of_no_time_or_of_hours_is_refused(seconds: int) -> None:
    with pytest.raises(TaskRefused, match=f"proof_seconds is {seconds}.* from 0 to 3600"):
        leak_task.resolve_paths(options("look", ids=[UNKNOWN], proof_seconds=seconds), "/")


def test_relative_paths_start_at_the_playbook_and_absolute_ones_stay(tmp_path: Path) -> None:
    (tmp_path / "incidents").mkdir()
    params = options("look", values_file="leaked.txt", folder="incidents", vault_files=["a.yml", "/b.yml"])

    leak_task.resolve_paths(params, str(tmp_path))

    assert params["values_file"] == str(tmp_path / "leaked.txt")
    assert params["folder"] == str(tmp_path / "incidents")
    assert params["vault_files"] == [str(tmp_path / "a.yml"), "/b.yml"]


def test_a_folder_that_is_not_there_is_told_before_anything_is_done(tmp_path: Path) -> None:
    with pytest.raises(TaskRefused, match=f"there is no folder {tmp_path}/incidents for the record"):
        leak_task.resolve_paths(options("look", ids=[UNKNOWN], folder="incidents"), str(tmp_path))


def test_a_journal_that_cannot_be_written_stops_the_run_before_a_key_is_touched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leak = Leak(tmp_path)
    monkeypatch.setattr(journal, "replace_file", full_disk)

    with pytest.raises(TaskRefused, match=r"cannot be written: No space left on device\. Nothing was changed"):
        leak.run()

    assert leak.scene.works(VALUE)


def test_a_guess_that_is_no_key_is_not_told() -> None:
    """A hash in a log has the length of a value; the lines in which nothing was found are told."""
    leak = Leak()
    leak.words = {"values": f"APIKEY={VALUE}\ncommit {'0a1B' * 11}zz"}

    told = leak.run()

    assert verdicts(told) == ["dead"]
    assert "failed" not in told


def test_a_log_in_key_that_leaked_is_left_to_this_run_and_alive() -> None:
    leak = Leak()
    client = leak.scene.client(Effects())
    leak.words = {"ids": [client.login_key_id()]}

    told = leak.run()
    failed = leak.run(rotated={"msg": f"{client.login_key_id()} is not replaced", "unmanaged_ids": []})

    assert (verdicts(told), verdicts(failed)) == (["alive"], ["alive"])
    assert "it is the key that this run logs in with: log in with its successor" in told["msg"]
    assert "logs in with (ApiKey-" in failed["msg"]
    assert leak.scene.works(leak.scene.emulator.seed.api_key)


@pytest.mark.parametrize(
    ("slot", "how"),
    [
        ({"name": "deploy", "old_id": "THIS", "new_id": "ApiKey-new"}, "replaced by ApiKey-new (slot deploy)"),
        ({"name": "deploy", "slot_id": "3f9a2c7d", "new_id": "ApiKey-new"}, "replaced by ApiKey-new (slot deploy)"),
        ({"name": "deploy", "old_id": "THIS", "new_id": None}, "deleted"),
        ({"name": "other", "old_id": "ApiKey-other", "slot_id": "00000000", "new_id": "ApiKey-new"}, "deleted"),
    ],
)
def test_a_key_that_its_slot_replaced_names_the_new_one(slot: dict[str, t.Any], how: str) -> None:
    leak = Leak()
    leak.scene.emulator.world.keys[leak.key["id"]].description = "[cloudkeys 3f9a2c7d/5]"
    slot = {name: leak.key["id"] if value == "THIS" else value for name, value in slot.items()}

    told = leak.run(
        between=lambda: leak.scene.visitor.ask("DELETE", f"/v1/apikeys/{leak.key['id']}"),
        rotated={"slots": [slot], "unmanaged_ids": []},
    )

    assert verdicts(told) == ["dead"]
    assert told["verdicts"][0]["how"].startswith(how)


# ---- what IAM does not tell


def fails_between(leak: Leak, **fault: t.Any) -> t.Callable[[], None]:
    return lambda: leak.scene.emulator.faults.add([{"kind": "status", "status": 403, "times": 999, **fault}])


def test_a_key_of_which_nothing_can_be_told_is_not_touched_and_unknown() -> None:
    leak = Leak()

    told = leak.run(between=fails_between(leak, method="GET", path=KEY), proof_seconds=2)

    assert verdicts(told) == ["unknown"]
    assert "whether it is still there cannot be told: " in told["msg"]
    assert leak.scene.works(VALUE)


def test_a_proof_that_gets_no_answer_is_none() -> None:
    leak = Leak()
    leak.words = {"ids": [leak.key["id"]]}
    looks = Effects()

    def shut_the_door() -> None:
        if looks.done[-1].endswith("/disable"):
            fails_between(leak, method="GET", path=KEY)()

    looks.watch = shut_the_door
    told = leak.run(looks, proof_seconds=2)

    assert verdicts(told) == ["unknown"]
    assert "IBM Cloud IAM answered 403" in told["msg"]


def test_an_id_that_is_enabled_again_is_alive() -> None:
    leak, looks = Leak(), Effects()
    leak.words = {"ids": [leak.key["id"]]}

    def enable_again() -> None:
        if looks.done[-1].endswith("/disable"):
            leak.scene.emulator.world.keys[leak.key["id"]].disabled = False

    looks.watch = enable_again
    told = leak.run(looks, proof_seconds=2)

    assert verdicts(told) == ["alive"]
    assert "IBM Cloud IAM shows it enabled" in told["msg"]


@pytest.mark.parametrize(("was_shut", "verdict"), [(True, "dead"), (False, "alive")])
def test_where_a_log_in_is_refused_for_another_reason_the_key_itself_tells(
    monkeypatch: pytest.MonkeyPatch, was_shut: bool, verdict: str
) -> None:
    """From an address that may not log in, a refusal says nothing about the key."""
    leak, looks = Leak(), Effects()
    monkeypatch.setattr(proof, "try_log_in", lambda *_what: ("refused", None, "not from this address"))
    if not was_shut:
        looks.watch = lambda: setattr(leak.scene.emulator.world.keys[leak.key["id"]], "disabled", False)

    assert verdicts(leak.run(looks, proof_seconds=2)) == [verdict]


def test_a_key_that_is_only_missing_from_one_answer_is_not_dead() -> None:
    """IAM does not show it, and its owner's list has it still."""
    leak, looks = Leak(), Effects()
    leak.words = {"ids": [leak.key["id"]]}

    def hide() -> None:
        if looks.done[-1].endswith("/disable"):
            fails_between(leak, status=404, method="GET", path=KEY)()

    looks.watch = hide
    told = leak.run(looks, proof_seconds=2)

    assert verdicts(told) == ["unknown"]


def test_what_nobody_foresaw_in_a_proof_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(*_what: t.Any) -> t.Any:
        raise ZeroDivisionError

    client = Leak().scene.client(Effects())
    monkeypatch.setattr(proof, "_look", break_down)
    suspect = proof.Suspect("ApiKey-1", ("IBMid-1", "1"))

    with pytest.raises(ZeroDivisionError):
        proof.prove_dead(client, [suspect], 1, concurrency_from("1"))

    assert not suspect.is_proven


# ---- what is of no account that was asked


@pytest.mark.parametrize(
    ("state", "verdict", "says"),
    [
        ("works", "alive", "run again with credentials of account"),
        ("disabled", "dead", "disabled already, in an account that these credentials do not see"),
        ("refused", "unknown", "not from this address"),
        ("unanswered", "unknown", "IBM Cloud IAM answered"),
    ],
)
def test_a_key_of_another_account_has_the_verdict_that_a_log_in_tells(
    monkeypatch: pytest.MonkeyPatch, state: str, verdict: str, says: str
) -> None:
    leak = Leak()
    other = leak.scene.emulator.add_account()
    leak.words = {"values": f"APIKEY={other.api_key}"}
    key = leak.scene.emulator.worlds[other.account_id].keys[other.api_key_id]
    key.disabled = state == "disabled"
    if state == "refused":
        monkeypatch.setattr(IamClient, "log_in_with", refuse_log_in)
    if state == "unanswered":
        fails_between(leak, status=400, method="GET", path="/v1/apikeys/details")()

    told = leak.run()

    assert verdicts(told) == [verdict]
    assert says in json.dumps(told["verdicts"])
    assert other.api_key not in json.dumps(told)
    assert key.disabled is (state == "disabled")


def refuse_log_in(_client: t.Any, _key_value: str) -> t.NoReturn:
    raise BadCredentials("not from this address")


@pytest.mark.parametrize("fault", ["no owner noted", "no answer"])
def test_a_note_that_cannot_be_held_against_iam_makes_no_key_dead(tmp_path: Path, fault: str) -> None:
    leak = Leak(tmp_path)
    leak.words = {"ids": [leak.key["id"]]}
    assert verdicts(leak.run(delete=True)) == ["dead"]
    (path,) = tmp_path.iterdir()
    if fault == "no answer":
        between = fails_between(leak, method="GET", path="/v1/apikeys$")
    else:
        noted = json.loads(path.read_text(encoding="utf-8"))
        del noted["keys"][leak.key["id"]]["iam_id"]
        path.write_text(json.dumps(noted), encoding="utf-8")
        between = fails_between(leak, path="/never")

    assert verdicts(leak.run(between=between)) == ["not_found"]


# ---- over several accounts, and the record


def test_an_account_that_broke_off_says_nothing_of_keys_that_are_not_its_own() -> None:
    told = judge([{**account("b", entry("dead"), entry("dead", own=True, number=1)), "problem": "cut off"}])

    assert [(each["number"], each["verdict"]) for each in told["verdicts"]] == [(1, "unknown")]


def test_a_question_that_no_account_answered_is_red() -> None:
    told = judge([SILENT], require_dead=False)

    assert told["failed"]
    assert "no access" in told["msg"]
    assert "failed" not in judge([SILENT, account("a")], require_dead=False)


def test_a_folder_that_takes_no_record_hides_no_verdict(tmp_path: Path) -> None:
    dead = account("a", entry("dead", own=True), looked_at="2026-11-29T03:12:00Z")

    told = judge([dead], folder=str(tmp_path / "gone"))

    assert (verdicts(told), told["files"]) == (["dead"], [])
    assert f"the record of this run, {tmp_path}/gone/leak-20261129T031200Z, cannot be written: " in told["msg"]


def test_a_record_that_can_go_nowhere_hides_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    dead = account("a", entry("dead", own=True), looked_at="2026-11-29T03:12:00Z")
    monkeypatch.setattr(record.tempfile, "mkdtemp", full_disk)

    told = judge([dead], folder="x", git={"repository": "/not/there.git", "branch": "main"})

    assert (verdicts(told), told["files"]) == (["dead"], [])
    assert "the record of this run is lost: there is no temporary folder: No space left on device" in told["msg"]
