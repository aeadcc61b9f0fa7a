# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The one grammar of places."""

from __future__ import annotations

import datetime
import json

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.path import (
    Pick,
    Typed,
    canonical,
    check_new_variable,
    overlap,
    parse_path,
    shown_path,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import CannotEdit

ORDERS = Pick((("name", "orders"),))


class Tagged(str):
    """As ansible-core 2.19 hands texts over."""


class TaggedInt(int):
    """And numbers."""


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ("ibm_api_key", ("ibm_api_key",)),
        ("a.b", ("a.b",)),
        (["ibm", "api_key"], ("ibm", "api_key")),
        (("ibm", "api_key"), ("ibm", "api_key")),
        ('["ibm", "api_key"]', ("ibm", "api_key")),
        (' ["ibm"]', ("ibm",)),
        (["[x]"], ("[x]",)),
        (["ports", 8443, True, None, 1.5], ("ports", *map(Typed.of, (8443, True, None, 1.5)))),
        ('["ports", 8443, true, null]', ("ports", *map(Typed.of, (8443, True, None)))),
        (["d", datetime.date(2026, 1, 31)], ("d", Typed.of(datetime.date(2026, 1, 31)))),
        (["databases", {"name": "orders"}, "password"], ("databases", ORDERS, "password")),
        ('["databases", {"name": "orders"}, "password"]', ("databases", ORDERS, "password")),
        (["x", {"b": 1, "a": "t"}], ("x", Pick((("a", "t"), ("b", Typed.of(1)))))),
        ([Tagged("a"), TaggedInt(2)], ("a", Typed.of(2))),
    ],
)
def test_a_path_is_a_list_or_its_json(given, path):
    found = parse_path(given)

    assert found == path
    assert all(type(step) in (str, Typed, Pick) for step in found)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("", "is empty"),
        (["a", ""], "empty part"),
        ([], "must be a name, or a list"),
        (None, "must be a name, or a list"),
        (5, "must be a name, or a list"),
        ({"a": 1}, "must be a name, or a list"),
        ([["a"]], "must be a name, or a list"),
        (["a", {}], "at least one member"),
        (["a", {"b": ["c"]}], "picks an item"),
        (["a", {1: "c"}], "picks an item"),
        (["a\nb"], "cannot be printed"),
        (["a", {"b": "\x1b[31m"}], "cannot be printed"),
        ('["a"', "no list in JSON"),
        ("['a']", "no list in JSON"),
        ('["a", NaN]', "no list in JSON"),
        ('["a", {"b": 1, "b": 2}]', "no list in JSON"),
        ("[" * 100_000, "no list in JSON"),
    ],
)
def test_anything_else_is_refused_by_the_name_of_the_option(given, message):
    with pytest.raises(CannotEdit, match=f"^variable.*{message}"):
        parse_path(given, "variable")


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("deploy", "deploy"),
        (["deploy"], "deploy"),
        ("a.b", "a.b"),
        (["ibm", "api_key"], '["ibm", "api_key"]'),
        ('["ibm",   "api_key"]', '["ibm", "api_key"]'),
        ([8443], "[8443]"),
        (["8443"], "8443"),
        (["[x]"], '["[x]"]'),
        (["x", {"b": 1, "a": "é"}], '["x", {"a": "é", "b": 1}]'),
    ],
)
def test_each_path_has_one_text_that_reads_back(given, text):
    path = parse_path(given)

    assert canonical(path) == text
    assert parse_path(canonical(path)) == path


@pytest.mark.parametrize(
    ("one", "other", "may"),
    [
        (["a"], ["a"], True),
        (["a"], ["b"], False),
        (["a"], ["a", "b"], True),
        (["a", "b"], ["a", "c"], False),
        (["a", 0], ["a", 1], False),
        (["a", 0, "k"], ["a", 1, "k"], False),
        (["a", 0], ["a", {"n": "x"}], True),
        (["a", {"n": "x"}, "k"], ["a", {"n": "y"}, "k"], False),
        (["a", {"n": "x"}, "k"], ["a", {"m": "x"}, "k"], True),
        (["a", {"n": "x"}, "k"], ["a", {"m": "x"}, "l"], False),
        (["a", 1], ["a", True], False),
        (["a", 1], ["a", "1"], False),
    ],
)
def test_places_overlap_unless_they_cannot(one, other, may):
    assert overlap(parse_path(one), parse_path(other)) is may
    assert overlap(parse_path(other), parse_path(one)) is may


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("mysql.password", ["mysql", "password"]),
        ("a.b.c", ["a", "b", "c"]),
        ("a/b", ["a", "b"]),
        ("a:b", ["a", "b"]),
        ("a['b']", ["a", "b"]),
        ("a[0].b", ["a", "0", "b"]),
        ("my-key", None),
        ("8443", None),
        ("class", None),
        ("é", None),
        ("a b", None),
        ("1.5", None),
    ],
)
def test_a_new_variable_is_one_that_ansible_accepts(name, meant):
    with pytest.raises(CannotEdit, match="accepts for a new variable") as caught:
        check_new_variable(name)

    assert (f"give the list {json.dumps(meant)}" in str(caught.value)) is (meant is not None)


@pytest.mark.parametrize(
    "name", ["hostvars", "groups", "vars", "environment", "playbook_dir", "ansible_version", "omit"]
)
def test_a_new_variable_is_none_that_a_play_would_answer_itself(name):
    with pytest.raises(CannotEdit, match="keeps for something of its own"):
        check_new_variable(name)


def test_a_path_is_shown_without_quotes():
    assert shown_path(parse_path(["a", {"n": "x", "p": 1}, 0, True])) == "a / {n: x, p: 1} / 0 / true"
