# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whatever the work does, a result without secrets comes of it."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import IamError, NotFound
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._outcome import nul_in_a_path, outcome, scrub_messages
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._secrets import MASK, protect

SECRET = "the-s3cret-of-this-test"


@pytest.fixture(autouse=True)
def _secret() -> None:
    protect(SECRET)


def raising(error):
    def work(params, check_mode):
        raise error

    return work


def test_the_work_gets_what_it_was_called_with():
    assert outcome(lambda params, check_mode: {"got": [params, check_mode]}, {"a": 1}, True) == {
        "got": [{"a": 1}, True]
    }


def test_a_result_is_scrubbed_except_for_the_value_that_was_asked_for():
    result = outcome(lambda *_: {"key_value": SECRET, "api_key": {"name": f"n {SECRET}"}, "diff": [SECRET]}, {}, False)

    assert result == {"key_value": SECRET, "api_key": {"name": f"n {MASK}"}, "diff": [MASK]}


def test_each_of_several_outcomes_may_carry_the_value_that_was_asked_for():
    parts = [{"key_value": SECRET, "msg": SECRET}, {"msg": SECRET, "failed": True}]
    result = outcome(lambda *_: {"outcomes": parts, "failed": True, "msg": SECRET}, {}, False)

    assert result == {
        "outcomes": [{"key_value": SECRET, "msg": MASK}, {"msg": MASK, "failed": True}],
        "failed": True,
        "msg": MASK,
    }


def test_a_known_error_is_told_with_its_details_and_its_reference():
    error = NotFound(f"no {SECRET}", transaction_id="t-1", details={"candidates": ["a", SECRET]})

    assert outcome(raising(error), {}, False) == {
        "failed": True,
        "changed": False,
        "msg": f"no {MASK}",
        "candidates": ["a", MASK],
        "transaction_ids": ["t-1"],
    }


def test_details_cannot_make_a_failure_a_success():
    assert outcome(raising(IamError("x", details={"failed": False, "msg": "fine"})), {}, False)["failed"] is True


@pytest.mark.parametrize("error", [KeyError("unforeseen-s3cret"), SystemExit("unforeseen-s3cret"), RecursionError()])
def test_an_error_nobody_foresaw_tells_its_kind_and_place_and_not_its_text(error):
    result = outcome(raising(error), {}, False)

    assert result["failed"] is True
    assert result["msg"].startswith(f"Unexpected {type(error).__name__} at test_outcome.py:")
    assert "raising" in result["exception"] or "work" in result["exception"]
    assert "unforeseen-s3cret" not in json.dumps(result)


@pytest.mark.parametrize("name", ["a\0b", "\0"])
def test_a_file_name_that_no_file_has_is_no_defect_of_ours(name):
    for ask in (open, os.stat, os.path.realpath, os.listdir):
        result = outcome(lambda *_, ask=ask: ask(f"/tmp/{name}"), {}, False)

        assert result == {"failed": True, "changed": False, "msg": str(nul_in_a_path())}


def test_exit_inside_the_work_does_not_end_the_process():
    assert outcome(lambda *_: sys.exit(3), {}, False)["failed"] is True


def test_a_user_who_interrupts_is_obeyed():
    with pytest.raises(KeyboardInterrupt):
        outcome(raising(KeyboardInterrupt()), {}, False)


@dataclass
class Event:
    msg: str
    formatted_source_context: str = ""


@dataclass
class Warned:
    """A warning as ansible-core 2.22 has it in the result of a module."""

    event: Event


def test_a_warning_of_ansible_stays_what_it_is_unless_a_secret_is_in_it():
    protect("s3cret-of-a-warning")
    fine, unsafe = Warned(Event("be careful")), Warned(Event("careful with s3cret-of-a-warning"))
    quoted = Warned(Event("be careful", "5   api_key: s3cret-of-a-warning"))
    result = {"warnings": ["by us: s3cret-of-a-warning", fine, unsafe, quoted], "exception": fine}

    scrub_messages(result)

    assert result["warnings"] == [f"by us: {MASK}", fine, f"careful with {MASK}", "be careful"]
    assert result["exception"] is fine
