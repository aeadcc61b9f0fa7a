# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is secret among arguments is known before they are checked, whatever their types and names."""

from __future__ import annotations

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._secret_arguments import (
    doubtful_texts,
    hidden_in_addresses,
    secret_texts,
    texts_in,
    texts_like_a_value,
)

OPTIONS = {
    "name": {},
    "password": {"no_log": True, "aliases": ["pass_word"]},
    "count": {"type": "int"},
    "state": {"choices": ["present", "absent"]},
    "tags": {"type": "list", "elements": "int"},
    "free": {"type": "dict"},
    "keys": {
        "type": "list",
        "elements": "dict",
        "options": {"value": {"no_log": True}, "locked": {"type": "bool"}},
    },
    "git": {"type": "dict", "options": {"token": {"no_log": True}}},
}
LONG = "a-text-of-more-than-twenty-characters"


class Undecryptable:
    def __str__(self) -> str:
        raise ValueError("no password for it")


@pytest.mark.parametrize(
    "given",
    [
        {"password": "s3cret"},
        {"pass_word": "s3cret"},
        {"password": ["s3cret"]},
        {"password": {"a": [{"b": "s3cret"}]}},
        {"password": {"s3cret": 1}},
        {"password": ("s3cret",)},
        {"keys": [{"value": "s3cret"}]},
        {"keys": {"value": "s3cret"}},
        {"keys": [5, {"value": ["s3cret"]}]},
        {"keys": '[{"value": "s3cret"}]'},
        {"keys": "value=s3cret"},
        {"git": {"token": "s3cret"}},
        {"git": [{"token": "s3cret"}]},
        {"git": "token=s3cret"},
    ],
    ids=str,
)
def test_an_option_that_is_marked_is_secret_in_any_shape(given):
    assert "s3cret" in set(secret_texts(OPTIONS, given))


@pytest.mark.parametrize("given", [None, "text", 5, ["a"], {"keys": None}, {"keys": [[]]}, {5: 6}, {None: {}}, {}])
def test_what_makes_no_sense_raises_nothing(given):
    assert list(secret_texts(OPTIONS, given)) == []
    list(doubtful_texts(OPTIONS, given))


def test_what_cannot_be_decrypted_raises_nothing():
    assert list(secret_texts(OPTIONS, {"password": Undecryptable(), Undecryptable(): "x"})) == []


@pytest.mark.parametrize(
    "given",
    [
        {"pasword": LONG},
        {"Password": {"a": [LONG]}},
        {"nonsense": {LONG: 1}},
        {"count": LONG},
        {"state": LONG},
        {"tags": [LONG]},
        {"keys": LONG},
        {"keys": [{"valeu": LONG}]},
        {"keys": [{"locked": LONG}]},
        {"git": LONG},
        LONG,
        [LONG],
    ],
    ids=str,
)
def test_what_stands_where_it_does_not_belong_may_be_secret(given):
    assert LONG in set(doubtful_texts(OPTIONS, given))


@pytest.mark.parametrize(
    "given", [{"name": LONG}, {"count": "5"}, {"state": "presnt"}, {"tags": ["1", 2]}, {"free": {LONG: LONG}}], ids=str
)
def test_what_belongs_there_or_is_a_short_mistake_may_be_shown(given):
    assert list(doubtful_texts(OPTIONS, given)) == []


def test_a_value_is_known_by_its_looks_and_an_id_of_ibm_is_none():
    value = "Zk3v" * 11
    ids = ["ApiKey-2b4a7b7c-1111-2222-3333-ABCDEFabcdef", "iam-ServiceId-2b4a7b7c-1111-2222-3333-ABCDEF123456"]

    assert list(texts_like_a_value({"a": [value, *ids, LONG, "eu-de"]})) == [value]


def test_the_texts_of_a_message_are_values_and_with_names_everything():
    assert list(texts_in({"name": ["v", 5, None, True, " blank "]})) == ["v", "5", " blank ", "blank"]
    assert list(texts_in({"name": {"inner": "v"}}, names=True)) == ["name", "inner", "v"]


@pytest.mark.parametrize(
    "given",
    [
        {"iam_endpoint": "https://user:the-secret@host"},
        {"iam_endpoint": "https://the-secret@host"},
        {"iam_endpoint": "https://host/?apikey=the-secret"},
        {"iam_endpoint": "https://user:the/secret@host"},
        {"git": {"repository": "ssh://git:the-secret@host/x"}},
        {"description": "https://user:the-secret@host/x"},
        {"description": "https://user:the/secret@host/x"},
        [["https://user:the-secret@host"]],
    ],
    ids=str,
)
def test_an_address_with_a_secret_in_it_is_hidden_wherever_it_stands(given):
    (address,) = texts_in(given)

    assert address in list(hidden_in_addresses(given))


@pytest.mark.parametrize(
    "given",
    [
        {"iam_endpoint": "https://iam.cloud.ibm.com:443/identity/token"},
        {"git": {"repository": "ssh://git@host/x"}},
        {"git": {"repository": "git@host:x"}},
        {"description": "https://wiki/page?id=1234567"},
        {"description": "https://blog/@somebody/page"},
        {"description": "see https://user:x@host"},
    ],
    ids=str,
)
def test_nothing_else_of_addresses_is_hidden(given):
    assert list(hidden_in_addresses(given)) == []
