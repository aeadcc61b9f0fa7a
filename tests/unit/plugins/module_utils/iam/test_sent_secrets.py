# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A secret that was sent is recognised in what comes back, however many were sent."""

from __future__ import annotations

import secrets
import time

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.sent_secrets import SentSecrets

VALUE = "first-of-many_values-that-were-sent-to-the-server"


def sent(*more: str) -> SentSecrets:
    known = SentSecrets()
    known.add([VALUE, *more])
    known.add(secrets.token_urlsafe(33) for _number in range(2000))
    return known


@pytest.mark.parametrize("text", [VALUE, VALUE[:8], VALUE[-8:], VALUE[20:30], f"a-{VALUE}-b", f"x{VALUE[:9]}y"])
def test_a_secret_and_its_parts_are_recognised(text: str) -> None:
    assert sent().show_in(text)


@pytest.mark.parametrize("start", range(len(VALUE) - 7))
def test_eight_characters_are_enough_wherever_they_stand(start: int) -> None:
    assert sent().show_in(f"req-{VALUE[start : start + 8]}-1")


@pytest.mark.parametrize("start", range(len(VALUE) - 6))
def test_seven_characters_tell_nothing(start: int) -> None:
    assert not sent().show_in(f"req.{VALUE[start : start + 7]}.1")


@pytest.mark.parametrize("text", ["", "emul8ed-0123456789abcdef", VALUE[:7], VALUE.upper()])
def test_other_texts_are_none(text: str) -> None:
    assert not sent().show_in(text)


def test_a_short_secret_counts_as_a_whole() -> None:
    assert sent("pass").show_in("it-is-pass!")
    assert not sent("pass").show_in("it-is-pas-s")


def test_many_secrets_cost_no_more_than_few() -> None:
    # 2,000 slots send 2,000 values, and each of their answers is looked at: one by one that took 13 seconds.
    known = sent()
    began = time.process_time()
    for _answer in range(16_000):
        known.show_in("emul8ed-0123456789abcdef0123456789abcdef")
    assert time.process_time() - began < 2
