# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is shown to people moves no cursor, turns no line around and hides nothing; data stays as it is."""

from __future__ import annotations

import copy
import json
import typing as t
import unicodedata

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._outcome import failure_of, outcome, refused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._secrets import MASK, protect
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._shown import shown, with_shown_messages
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.out.hostile import ANY_TEXTS, TERMINAL
from hypothesis import given

ODD = "red\x1b[31m c1\x9b31m turned\u202e line\nnext"
SPELLED = "red\\x1b[31m c1\\x9b31m turned\\u202e line\\nnext"


def texts_of(value: t.Any) -> t.Iterator[str]:
    if isinstance(value, dict):
        value = [*value.keys(), *value.values()]
    if isinstance(value, list):
        for each in value:
            yield from texts_of(each)
    elif isinstance(value, str):
        yield value


@given(text=ANY_TEXTS)
def test_any_text_is_shown_on_one_line_with_all_that_is_in_it(text: str) -> None:
    said = shown(text)

    assert said.isprintable()
    assert not {unicodedata.category(each)[0] for each in said} & {"C"}
    assert len(said) >= len(text)
    said.encode()


@pytest.mark.parametrize("text", [*TERMINAL, "\ud800"])
def test_what_cannot_be_seen_is_spelled_out(text: str) -> None:
    said = shown(f"a{text}b")

    assert said.startswith("a\\")
    assert said.endswith("b")


@pytest.mark.parametrize("text", ["Schlüssel für 東京 ключ", "deploy_key-1 (prod)", "e\u0301 ⚠\ufe0f 👍", "مفتاح"])
def test_letters_and_signs_of_the_world_stay_as_they_are(text: str) -> None:
    assert shown(text) == text


def test_messages_are_shown_and_data_is_as_it_was() -> None:
    data = {"api_key": {"name": ODD, "description": ODD, "msg": ODD}, "vars": [{"name": [ODD], "reason": ODD}]}
    messages = {
        "msg": ODD,
        "warnings": [ODD],
        "report": [ODD],
        "not_checked": [ODD],
        "checks": [{"name": ODD, "fine": True, "text": ODD}],
    }
    result = {
        **data,
        **messages,
        "outcomes": [{"msg": ODD, "name": ODD}],
        "kept": [{"name": ODD, "reason": ODD}],
        "slots": [{"name": ODD, "reason": ODD, "steps_to_come": [{"reason": ODD, "key_id": ODD}]}],
    }

    told = outcome(lambda _params, _check: copy.deepcopy(result), {}, False)

    assert {name: told[name] for name in data} == data
    assert set(texts_of([told[name] for name in messages])) == {SPELLED, "name", "fine", "text"}
    assert told["outcomes"] == [{"msg": SPELLED, "name": ODD}]
    assert told["kept"] == [{"name": ODD, "reason": SPELLED}]
    assert told["slots"][0]["reason"] == told["slots"][0]["steps_to_come"][0]["reason"] == SPELLED
    assert told["slots"][0]["name"] == ODD


def test_a_ready_file_of_slots_is_no_list_of_results() -> None:
    assert with_shown_messages({"slots": "---\nrotate_api_keys_slots:\n"})["slots"] == "---\nrotate_api_keys_slots:\n"


def test_a_difference_keeps_its_lines_and_nothing_else() -> None:
    diff = {"before": {f"{ODD} (ApiKey-1)": {"name": ODD}}, "after": "one\ntwo\x1b\n", "before_header": "file\u202e"}

    told = outcome(lambda _params, _check: {"diff": [diff]}, {}, False)["diff"][0]

    assert told["after"] == "one\ntwo\\x1b\n"
    assert told["before_header"] == "file\\u202e"
    assert all(text.replace("\n", "").isprintable() for text in texts_of(told))


def test_an_error_is_shown() -> None:
    told = failure_of(TaskRefused(f"the key {ODD} is not there", details={"reason": ODD, "name": ODD}))

    assert (told["msg"], told["reason"], told["name"]) == (f"the key {SPELLED} is not there", SPELLED, ODD)
    assert refused(ODD)["msg"] == SPELLED


def test_a_secret_is_found_before_anything_is_spelled_out() -> None:
    secret = "not-a-value\u200bwith-a-joint"
    protect(secret)

    assert secret not in json.dumps(refused(f"told {secret}"), ensure_ascii=False)
    assert refused(f"told {secret}")["msg"] == f"told {MASK}"
