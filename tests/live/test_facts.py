# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`make live-facts` against emulators that answer otherwise: it says so, guesses nothing, and leaves nothing behind."""

from __future__ import annotations

import json
import re
import signal
import time
import typing as t
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace

import live_facts
import live_more_questions
import live_questions
import pytest
from ansible_collections.cloudkeys.ibmcloud.tests.live.scene import (
    Run,
    name_of,
    sealed_account,
    wait_until_something_is_ours,
)
from iam_emulator.settings import Settings
from live_more_questions import ALL_QUESTIONS
from live_questions import Question
from live_requests import SECONDS_BETWEEN_REQUESTS, Iam, Reply, Unanswered

OTHERWISE = {
    "access_token_lifetime_seconds": 900,
    "account_list_is_shortened": True,
    "already_so_status": 204,
    "creates_take_past_expiry": True,
    "default_action_when_leaked": "none",
    "description_limit": 240,
    "details_unknown_code": "BXNIM0415E",
    "details_unknown_status": 400,
    "disabled_login_code": "BXNIM0437E",
    "disabled_login_status": 401,
    "disabled_logins": 2,
    "duplicate_value_status": 400,
    "empty_expiry_clears": False,
    "expired_login_code": "BXNIM0415E",
    "expired_login_status": 401,
    "foreign_key_status": 404,
    "keys_need_group": True,
    "keys_per_identity": 7,
    "locked_write_status": 400,
    "name_limit": 64,
    "odd_report_times": True,
    "quoted_tags": True,
    "report_leaves_out_empty": True,
    "report_unready_reads": 3,
    "stale_pages": 2,
    "stale_tag_status": 412,
    "unknown_reads": 3,
}
# What the emulator takes for a setting, and what is no one answer.
NO_ANSWER = {
    "default_action_when_leaked": "later",
    "duplicate_value_status": 500,
    "keys_per_identity": 40,
    "stale_tag_status": 503,
}


class FactsRun(Run):
    """One `make live-facts`."""

    tool = "live_facts.py"

    @property
    def answers(self) -> dict[str, t.Any]:
        told = re.search(r"^Answers, as settings of the emulator:\n(.*)$", self.output, re.MULTILINE)
        assert told is not None, self.output
        return t.cast(dict[str, t.Any], json.loads(told[1]))


def assert_no_value_in(run: FactsRun) -> None:
    """IBM's values have 44 characters; no word of the output is nearly as long."""
    assert re.search(r"[\w-]{36,}", run.output) is None


@pytest.mark.parametrize("name", OTHERWISE)
def test_what_is_otherwise_is_told(tmp_path: Path, name: str) -> None:
    with sealed_account(**{name: OTHERWISE[name]}) as account:
        before = account.contents()
        run = FactsRun(tmp_path / "output", account, name, LIVE="yes")

        assert run.wait() == 0, run.output
        assert run.answers[name] == OTHERWISE[name] != asdict(Settings())[name]
        assert f"  {name}: {json.dumps(OTHERWISE[name])}, not " in run.output
        assert account.contents() == before
        assert_no_value_in(run)


def test_what_is_as_it_is_emulated_is_told_and_an_emulator_begins_with_the_answers(tmp_path: Path) -> None:
    with sealed_account() as account:
        before = account.contents()
        run = FactsRun(tmp_path / "output", account, LIVE="yes")
        wait_until_something_is_ours(account, run)

        assert run.wait() == 0, run.output
        assert account.contents() == before
    asked = {name for question in ALL_QUESTIONS if not question.costs for name in question.settings}
    assert run.answers == {name: value for name, value in asdict(Settings()).items() if name in asked}
    assert_no_value_in(run)
    assert "All as the emulator does by itself" in run.output
    assert "odd_report_times: a new report takes the place" in run.output
    assert "caller_address: it sets the scene" in run.output
    with sealed_account(**run.answers) as account:
        assert account.names_of_ours() == []


@pytest.mark.parametrize("name", NO_ANSWER)
def test_what_is_no_answer_is_told_and_not_guessed(tmp_path: Path, name: str) -> None:
    with sealed_account(**{name: NO_ANSWER[name]}) as account:
        before = account.contents()
        run = FactsRun(tmp_path / "output", account, name, "quoted_tags", LIVE="yes")

        assert run.wait() == live_facts.NOT_ANSWERED, run.output
        assert run.answers == {"quoted_tags": False}
        assert re.search(rf"^NOT ANSWERED:\n  {name}: \w", run.output, re.MULTILINE)
        assert account.contents() == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_an_interrupted_run_leaves_nothing_or_says_how_it_goes(tmp_path: Path, number: signal.Signals) -> None:
    with sealed_account() as account:
        before = account.contents()
        run = FactsRun(tmp_path / "output", account, "keys_need_group", "keys_per_identity", LIVE="yes")
        wait_until_something_is_ours(account, run)
        run.process.send_signal(number)

        assert run.wait() != 0
        if number == signal.SIGKILL:
            again = FactsRun(tmp_path / "again", account, LIVE="yes")
            assert again.wait() == 1
            assert f"make live CLEAN={name_of(run)}" in again.output
            assert Run(tmp_path / "cleaning", account, LIVE="yes", CLEAN=name_of(run)).wait() == 0
        assert account.contents() == before, run.output


@pytest.mark.parametrize(("tool", "word"), [(Run, "iam_service_id"), (FactsRun, "keys_per_identity")])
def test_an_interrupted_run_that_nobody_reads_leaves_nothing(tmp_path: Path, tool: type[Run], word: str) -> None:
    with sealed_account() as account:
        before = account.contents()
        run = tool(tmp_path / "output", account, word, with_reader=True, LIVE="yes")
        wait_until_something_is_ours(account, run)
        run.stop_reading()
        run.process.send_signal(signal.SIGINT)

        assert run.wait() != 0
        assert account.contents() == before


@pytest.mark.parametrize(
    ("words", "variables", "says"),
    [
        ([], {}, "Nothing was created"),
        (["granted_role"], {"LIVE": "yes"}, "There is no question about granted_role"),
        ([], {"LIVE": "yes", "IBMCLOUD_API_KEY": ""}, "needs the environment variable IBMCLOUD_API_KEY"),
    ],
)
def test_nothing_is_asked_without_all_that_it_takes(
    tmp_path: Path, words: list[str], variables: dict[str, str], says: str
) -> None:
    with sealed_account() as account:
        before = account.contents()
        run = FactsRun(tmp_path / "output", account, *words, answer="n\n", **variables)

        assert run.wait() == 1
        assert says in run.output
        assert account.contents() == before


def test_an_account_that_goes_away_is_no_answer_and_it_is_said_what_is_not_known(tmp_path: Path) -> None:
    with sealed_account() as account:
        run = FactsRun(tmp_path / "output", account, "keys_per_identity", "quoted_tags", LIVE="yes")
        wait_until_something_is_ours(account, run)
        account.process.kill()

        assert run.wait() == 1
        assert "NOT ANSWERED:\n  keys_per_identity: no answer came: ConnectionError\n" in run.output
        assert "It is not known what is left: " in run.output
        assert f"make live CLEAN={name_of(run)}" in run.output
        assert run.answers == {}


def test_all_callers_share_one_pace() -> None:
    iam = Iam("http://127.0.0.1:9", "x")
    begun = time.monotonic()
    for each in (iam, iam.acting_as("y"), iam, iam.acting_as("z")):
        with pytest.raises(Unanswered, match="no answer came"):
            each.log_in("v")

    assert time.monotonic() - begun >= 3 * SECONDS_BETWEEN_REQUESTS
    assert 2 <= 1 / SECONDS_BETWEEN_REQUESTS <= 5


def test_a_text_of_ibm_is_no_code() -> None:
    said = {"errorCode": "the key abc is unknown", "errorMessage": "abc"}

    assert Reply(400, said, "").code == ""
    assert "abc" not in repr(Reply(400, said, ""))
    assert Reply(404, {"errors": [{"message_code": "BXNIM0102E"}]}, "").code == "BXNIM0102E"


def test_a_list_that_is_not_there_is_no_empty_one() -> None:
    for odd in ({}, {"apikeys": None}, {"apikeys": {}}, {"apikeys": [1]}):
        with pytest.raises(Unanswered, match="no list of apikeys"):
            Reply(200, odd, "").entries("apikeys")
    assert Reply(200, {"apikeys": []}, "").entries("apikeys") == []


def scene_in_which(*answers: Reply) -> t.Any:
    """A scene with one key, whose requests are answered with these, one after the other."""
    coming = iter(answers)
    iam = SimpleNamespace(ask=lambda *_words: next(coming))
    iam.acting_as = lambda _value: iam
    key = {"id": "ApiKey-1", "iam_id": "iam-1", "apikey": "v"}
    return SimpleNamespace(
        iam=iam, account_id="a", known_key=lambda **_words: key, update=lambda *_a, **_k: next(coming)
    )


def test_a_key_that_cannot_be_read_has_not_lost_its_expiry() -> None:
    with pytest.raises(Unanswered, match="no id"):
        live_questions.empty_expiry(scene_in_which(Reply(200, {}, ""), Reply(200, {}, "")))


def test_keys_of_others_are_seen_on_the_first_page_of_a_large_account() -> None:
    page = {"apikeys": [{"id": "ApiKey-of-others"}], "next": "the page with those of this run"}

    with pytest.raises(Unanswered, match="sees keys of others"):
        live_more_questions.account_list(scene_in_which(Reply(200, page, "")))
    shortened = live_more_questions.account_list(scene_in_which(Reply(200, {"apikeys": [{"id": "ApiKey-1"}]}, "")))
    assert shortened == {"account_list_is_shortened": True}


def test_what_is_not_understood_is_no_answer_and_the_next_question_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    def is_odd(_scene: t.Any) -> t.Any:
        raise KeyError("a text of the account's")

    asked = [
        Question("one", ("quoted_tags",), is_odd),
        Question("two", ("name_limit",), lambda _scene: {"name_limit": 9}),
    ]

    assert live_facts.tell(asked, scene_in_which()) == live_facts.NOT_ANSWERED
    output = capsys.readouterr().out
    assert "quoted_tags: what came back was not understood: KeyError at test_facts.py:" in output
    assert '{"name_limit": 9}' in output
    assert "text of the account" not in output


@pytest.mark.parametrize("tool", [Run, FactsRun])
def test_a_key_that_is_refused_is_told_in_one_line(tmp_path: Path, tool: type[Run]) -> None:
    with sealed_account() as account:
        account.api_key = "a-wrong-one"
        run = tool(tmp_path / "output", account, LIVE="yes")

        assert run.wait() == 1
        assert re.fullmatch(r"Not gone on: .*the API key is unknown.*\n", run.output)


def test_every_setting_has_a_question_or_a_reason_why_not() -> None:
    asked = [name for question in ALL_QUESTIONS for name in question.settings]

    assert sorted([*asked, *live_facts.NOT_ASKED]) == sorted(asdict(Settings()))
    assert OTHERWISE.keys() == set(asked)
