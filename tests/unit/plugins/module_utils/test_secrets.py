# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is secret leaves in no form."""

from __future__ import annotations

import json
import time
from urllib.parse import quote

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils import _secrets
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._secrets import (
    MASK,
    _is_free_of,
    conceal,
    is_free_of_all,
    protect,
    register_secret,
    scrub,
    scrub_all,
    without_no_log_values,
)

ODD = 'pa"ss/w%rd\\ä+='


@pytest.fixture(autouse=True)
def _some_secrets() -> None:
    for secret in ("s3cret-one", "s3cret-one-longer", ODD):
        protect(secret)


@pytest.mark.parametrize("secret", ["s3cret-one", "s3cret-one-longer", ODD])
@pytest.mark.parametrize("form", [str, json.dumps, lambda text: quote(text, safe="")])
def test_a_secret_is_masked_in_a_text_in_json_and_in_an_address(secret, form):
    assert scrub(f"a {form(secret)} b").strip('" ab') == MASK


def test_a_secret_inside_a_longer_one_does_not_leave_the_rest_of_it():
    assert scrub("x s3cret-one-longer y s3cret-one z") == f"x {MASK} y {MASK} z"


def test_every_text_of_a_result_is_scrubbed_names_included():
    value = {"s3cret-one": ["a s3cret-one b", ("s3cret-one", 5, None, True)], "n": {"m": 1.5}}

    assert scrub_all(value) == {MASK: [f"a {MASK} b", [MASK, 5, None, True]], "n": {"m": 1.5}}


@pytest.mark.parametrize("secret", ["s3cret-one", "s3cret-one-longer", ODD])
def test_one_secret_among_many_texts_is_found(secret):
    value = [{"id": number, "text": "nothing"} for number in range(100)]
    value[57] = {"text": [f"a {secret} b"]}

    assert scrub_all(value)[57] == {"text": [f"a {MASK} b"]}


@pytest.mark.parametrize(
    ("value", "words", "is_free"),
    [
        ({"a": ["x s3cret y"]}, ["s3cret"], False),
        ({"x s3cret y": 1}, ["s3cret"], False),
        ({"a": 1234567}, ["1234567"], False),
        ({"a": ["other"]}, ["s3cret"], True),
        ({"a": 'pa"ss/'}, ['pa"ss/'], False),
        ({"a": "passwörd"}, ["swörd-"], False),
        ({"a": object()}, ["s3cret"], False),
        ({"a": "other"}, ["short"], False),
    ],
    ids=["text", "name", "number", "free", "quote", "umlaut", "no JSON", "short word"],
)
def test_what_is_seen_as_a_whole_is_free_only_when_that_is_certain(value, words, is_free):
    assert _is_free_of(value, words) == is_free


def test_what_holds_no_secret_stays_as_it_is():
    value = {"a": ["s3cret-on", 5, None], "b": {"c": "one"}}

    assert scrub_all(value) == value


@pytest.mark.skipif(register_secret is not None, reason="this ansible-core masks by itself")
@pytest.mark.parametrize("word", ["marked as secret", 'with "quotes"', "short", "1234567"])
def test_values_of_secret_options_are_masked_and_nothing_else(word):
    result = {"a": [f"x {word} y", word], "b": {"c": "other", "n": 3}}

    masked = without_no_log_values(result, [word])

    assert word not in json.dumps(masked)
    assert masked["b"] == {"c": "other", "n": 3}
    assert without_no_log_values(result, ["not in there"]) == result


@pytest.mark.skipif(register_secret is not None, reason="this ansible-core masks by itself")
def test_a_number_that_is_a_secret_is_masked_too():
    assert without_no_log_values({"n": 1234567}, ["1234567"])["n"] != 1234567


def test_what_is_no_json_becomes_a_text_without_secrets():
    class Odd:
        def __str__(self) -> str:
            return "odd s3cret-one"

    assert scrub_all({"a": Odd(), "b": b"s3cret-one"}) == {"a": f"odd {MASK}", "b": f"b'{MASK}'"}


@pytest.mark.parametrize("short", ["", "a", "12345"])
def test_what_is_too_short_to_be_a_secret_does_not_mask_everything(short):
    protect(short)

    assert scrub("a 12345 b") == "a 12345 b"


def value_of(number: int) -> str:
    return f"{number:06}{'v' * 38}"


class Counting(set[str]):
    """Counts how often somebody looks into it."""

    looks = 0

    def __contains__(self, text: object) -> bool:
        Counting.looks += 1
        return super().__contains__(text)


@pytest.mark.parametrize("secrets", [100, 5000])
def test_the_time_grows_with_the_text_and_not_with_the_secrets(monkeypatch, secrets):
    _secrets._hidden.clear()
    for number in range(secrets):
        conceal(value_of(number))
    monkeypatch.setattr(_secrets._hidden, "words", Counting(_secrets._hidden.words))
    Counting.looks = 0

    assert is_free_of_all([{"id": f"ApiKey-{at:036}", "iam_id": f"iam-ServiceId-{at:036}"} for at in range(100)])

    # No id of a key is as long as a value, and that of an owner is longer by six.
    assert Counting.looks == 100 * 7


def test_a_value_in_the_middle_of_a_long_word_is_found_among_thousands():
    _secrets._hidden.clear()
    for number in range(100):
        conceal(value_of(number))

    assert not is_free_of_all({"a": [f"xx{value_of(57)}yy"]})
    assert scrub(f"xx{value_of(57)}yy") == f"xx{MASK}yy"


def test_thousands_of_secrets_do_not_slow_a_result_down():
    for number in range(5000):
        protect(f"{number}-one-of-very-many-{number}")
    started = time.process_time()
    scrubbed = scrub_all({str(number): f"text with {number}-one-of-very-many-{number} in it" for number in range(2000)})

    assert set(scrubbed.values()) == {f"text with {MASK} in it"}
    assert time.process_time() - started < 1
