# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Entries of lists, keys that are no texts, braces, and what is left when the last entry goes."""

from __future__ import annotations

import json

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.document import Edit, change, read
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.path import parse_path
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import CannotEdit, NoSuchItem
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.vault_file import laws

LIST = """\
databases:
- name: orders  # the first
  port: 5432
  password: old
# between
- name: billing
  port: 5433
"""


def set_(path, value="new"):
    return Edit(parse_path(path), value)


def remove(path):
    return Edit(parse_path(path), remove=True)


@pytest.mark.parametrize("path", [["databases", 0, "password"], ["databases", {"name": "orders"}, "password"]])
def test_an_entry_of_an_item_is_set_and_nothing_else_changes(vault, path):
    after = change(LIST, [set_(path)], vault, vaults_strings=True)

    assert read(after, parse_path(path), vault) == "new"
    assert after.startswith(LIST[: LIST.index("  password")])
    assert after.endswith(LIST[LIST.index("# between") :])
    assert change(after, [set_(path)], vault, vaults_strings=True) == after


def test_a_new_entry_goes_to_the_end_of_its_item(vault):
    after = change(LIST, [set_(["databases", {"port": 5433}, "password"], "x")], vault, vaults_strings=True)

    assert after.startswith(LIST)
    assert laws.load(after)["databases"][1] == {"name": "billing", "port": 5433, "password": "x"}


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (["databases", {"name": "x"}, "p"], "no item of the list in line 2"),
        (["databases", {"port": "5432"}, "p"], "no item of the list in line 2"),
        (["databases", 2, "p"], "has 2 items, counted from 0"),
        (["databases", -1, "p"], "has 2 items"),
        (["databases", "orders", "p"], "line 2 holds a list"),
        (["databases", "0", "p"], "line 2 holds a list"),
        (["databases", True, "p"], "line 2 holds a list"),
        (["databases", 0, {"name": "x"}, "p"], "holds no list to pick from"),
        (["new", 0, "p"], "nothing is there yet to which 0 leads"),
        (["new", {"name": "x"}, "p"], "nothing is there yet to which {name: x} leads"),
        (["databases", 0, 5], "nothing is there yet to which 5 leads"),
    ],
)
def test_a_place_that_is_not_there_is_refused(vault, path, message):
    for edit in (set_(path), remove(path)):
        if edit.remove and "nothing is there" in message:
            assert change(LIST, [edit], vault, vaults_strings=True) == LIST
            continue
        with pytest.raises(CannotEdit, match=message):
            change(LIST, [edit], vault, vaults_strings=True)


def test_several_items_are_not_chosen_from(vault):
    text = "l:\n- {n: x, v: 1}\n- {n: x, v: 2}\n"

    with pytest.raises(CannotEdit, match=r"several items have these members \(lines 2, 3\)"):
        change(text, [set_(["l", {"n": "x"}, "p"])], vault, vaults_strings=True)
    assert 'v: 2, "p"' in change(text, [set_(["l", {"n": "x", "v": 2}, "p"])], vault, vaults_strings=True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("l:\n- n: !vault |\n    $ANSIBLE_VAULT;1.1;AES256\n    31\n", "'n' in line 2 is vaulted"),
        ("d: &d {n: x}\nl:\n- <<: *d\n  v: 1\n", "'n' may come from the merge key '<<' in line 3"),
        ("d: &d {n: x}\nl:\n- *d\n", "is an alias"),
        ("l: &l\n- n: x\nm: *l\n", "the anchor in line 1 is used by an alias"),
        ("l:\n- &i\n  n: x\nm: *i\n", "the anchor in line 2 is used by an alias"),
    ],
)
def test_an_item_that_others_share_or_nobody_can_tell_is_refused(vault, text, message):
    with pytest.raises(CannotEdit, match=message):
        change(text, [set_(["l", {"n": "x"}, "p"])], vault, vaults_strings=True)


def test_an_anchor_beside_the_way_is_in_nobodys_way(vault):
    text = "m:\n  base: &b {k: 1}\n  other: *b\n  secret: old\n"

    after = change(text, [set_(["m", "secret"])], vault, vaults_strings=True)

    assert after.startswith(text[: text.index("  secret")])


@pytest.mark.parametrize(
    "edit",
    [
        set_(["databases", {"name": "orders"}, "name"]),
        remove(["databases", {"name": "orders"}, "name"]),
        set_(["databases", {"name": "orders"}], {"port": 1}),
        Edit(parse_path(["databases", {"name": "orders"}, "name"]), "billing", plaintext_keys=frozenset({"name"})),
    ],
)
def test_a_change_that_a_second_run_would_not_find_again_is_refused(vault, edit):
    with pytest.raises(CannotEdit, match="after the change no item, or another one, has these members"):
        change(LIST, [edit], vault, vaults_strings=True)


def test_two_names_of_one_place_are_one_edit_too_many(vault):
    with pytest.raises(CannotEdit, match="more than once"):
        change(
            LIST,
            [set_(["databases", 0, "p"]), set_(["databases", {"name": "orders"}, "p"])],
            vault,
            vaults_strings=True,
        )


@pytest.mark.parametrize("path", [["databases", 0], ["databases", {"name": "orders"}]])
def test_an_item_is_not_removed(vault, path):
    with pytest.raises(CannotEdit, match="item of a list and cannot be removed"):
        change(LIST, [remove(path)], vault, vaults_strings=True)


def test_what_is_gone_with_its_item_may_count_as_removed(vault):
    path = parse_path(["databases", {"name": "gone"}, "p"])

    with pytest.raises(NoSuchItem):
        change(LIST, [Edit(path, remove=True)], vault, vaults_strings=True)
    assert change(LIST, [Edit(path, remove=True, may_be_gone=True)], vault, vaults_strings=True) == LIST


ODD = "8443: a\nyes: b\n2026-01-31: c\n'080': d\nm:\n  8443: e\n  ~: f\n  1.5: g\n"


@pytest.mark.parametrize(
    "path", [[8443], [True], ["m", 8443], ["m", None], ["m", 1.5], ["080"], '["m", 8443]'], ids=str
)
def test_a_key_is_what_yaml_says_it_is(vault, path):
    after = change(ODD, [set_(path)], vault, vaults_strings=True)

    assert read(after, parse_path(path), vault) == "new"
    assert len(laws.load(after)) == 5
    assert laws.load(change(after, [remove(path)], vault, vaults_strings=True)) != laws.load(ODD)
    assert "new" not in str(laws.load(change(after, [remove(path)], vault, vaults_strings=True)))


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (["8443"], r"the key '8443' in line 1 is a number and no text; .* such as \[8443\]"),
        (["0x20FB"], "the key '0x20FB' in line 1 is a number"),
        (["yes"], r"in line 2 is a truth value and no text; .* such as \[true\]"),
        (["true"], "in line 2 is a truth value"),
        (["2026-01-31"], "in line 3 is a date and no text"),
        (["m", "8443"], "in line 6 is a number"),
        (["m", "~"], "in line 7 is null"),
        (["m", "null"], "in line 7 is null"),
        ([80], None),
    ],
)
def test_a_twin_is_neither_made_nor_taken_for_gone(vault, path, message):
    for edit in (set_(path), remove(path)):
        if message is None:
            continue
        with pytest.raises(CannotEdit, match=message):
            change(ODD, [edit], vault, vaults_strings=True)


def test_a_number_does_not_mean_a_text_of_the_same_look(vault):
    text = "m:\n  '8443': secret\n  'yes': secret\n"
    for step in (8443, True):
        for edit in (set_(["m", step]), remove(["m", step])):
            with pytest.raises(CannotEdit, match="is a text, or has a tag; give it in quotes"):
                change(text, [edit], vault, vaults_strings=True)


@pytest.mark.parametrize(
    ("there", "step"),
    [
        ("cafe\u0301", "caf\u00e9"),
        ("caf\u00e9", "cafe\u0301"),
        ("'ci '", "ci"),
        ("ci", " ci"),
        ('"c\\u200bi"', "ci"),
    ],
)
def test_a_key_that_looks_the_same_is_neither_doubled_nor_taken_for_gone(vault, there, step):
    text = f"m:\n  {there}: secret\n"
    for edit in (set_(["m", step]), remove(["m", step])):
        with pytest.raises(CannotEdit, match=r"the key in line 2 looks like .* copy it from the file"):
            change(text, [edit], vault, vaults_strings=True)
    # Where both are there, each is itself.
    both = f"{text}  {step!r}: other\n"
    assert change(both, [set_(["m", step])], vault, vaults_strings=True).startswith(text)


@pytest.mark.parametrize(("there", "step"), [("1.0", 1), ("true", 1), ("1", True), ("1", 1.0), ("0", False)])
def test_a_key_that_python_takes_for_equal_is_not_taken_for_gone(vault, there, step):
    for edit in (set_(["m", step]), remove(["m", step])):
        with pytest.raises(CannotEdit, match=rf"the key {there} in line 2 is the same as .*, such as \[{there}\]"):
            change(f"m:\n  {there}: secret\n", [edit], vault, vaults_strings=True)


def test_what_equals_nothing_is_no_step():
    with pytest.raises(CannotEdit, match="name must be"):
        parse_path(["m", float("nan")])


@pytest.mark.parametrize("name", ["ibm.key", "ibm/key", "ibm['key']"])
def test_a_path_that_is_written_as_a_name_is_not_taken_for_removed(vault, name):
    text = "ibm:\n  key: secret\n"

    with pytest.raises(CannotEdit, match="is not there, but ibm / key is; give it as a list"):
        change(text, [remove([name])], vault, vaults_strings=True)
    assert change("other: 1\n", [remove([name])], vault, vaults_strings=True) == "other: 1\n"
    with pytest.raises(CannotEdit, match="accepts for a new variable"):
        change(text, [set_([name])], vault, vaults_strings=True)
    # What stands there already has its name.
    assert change("ibm.key: x\n", [remove(["ibm.key"])], vault, vaults_strings=True) == ""


@pytest.mark.parametrize(
    ("before", "path", "after"),
    [
        ("m:  # note\n  # above\n  a: 1\n  # below\nz: 1\n", ["m", "a"], "m: {}  # note\n  # above\n  # below\nz: 1\n"),
        ("m:\n  a: |\n    x\n\n  # below\n", ["m", "a"], "m: {}\n\n  # below\n"),
        ("l:\n- a: 1  # note\n- b: 2\n", ["l", 0, "a"], "l:\n- {}  # note\n- b: 2\n"),
        ("l:\n- a: 1\n  b: 2\n", ["l", 0, "a"], "l:\n- b: 2\n"),
        ("l:\n- a: 1\n  b: 2  # note\n", ["l", 0, "b"], "l:\n- a: 1\n"),
        ("l:\n- - a: 1\n    b: 2\n", ["l", 0, 0, "a"], "l:\n- - b: 2\n"),
        ("{a: 1}\n", ["a"], "{}\n"),
        ("{a: 1,}\n", ["a"], "{}\n"),
        ("{a: 1, b: 2}\n", ["a"], "{b: 2}\n"),
        ("{a: 1, b: 2}\n", ["b"], "{a: 1}\n"),
        ("{a: 1, b: 2, c: 3,}\n", ["c"], "{a: 1, b: 2,}\n"),
        ('{\n  "a": 1,\n  "b": 2\n}\n', ["a"], '{\n  "b": 2\n}\n'),
        ("x: {a: {b: 1}}\n", ["x", "a", "b"], "x: {a: {}}\n"),
    ],
)
def test_what_is_left_when_an_entry_goes(vault, before, path, after):
    assert change(before, [remove(path)], vault, vaults_strings=True) == after
    assert change(after, [remove(path)], vault, vaults_strings=True) == after


def test_several_entries_leave_their_braces_in_one_write(vault):
    text = "{a: 1, b: 2, c: 3, d: 4}\n"

    edits = [remove([name]) for name in "abd"]
    assert change(text, edits, vault, vaults_strings=True) == "{c: 3}\n"
    assert change(text, [*edits, remove(["c"])], vault, vaults_strings=True) == "{}\n"
    after = change(text, [*edits, remove(["c"]), set_(["e"])], vault, vaults_strings=False)
    assert after == '{"e": "new"}\n'


JSON = '{\n  "a": 1,\n  "m": {"k": "x", "l": [1, {"e": "y"}]}\n}\n'


@pytest.mark.parametrize("inline", [True, False])
@pytest.mark.parametrize("value", ["secret", "{{ lookup('pipe', 'id') }}", "😀 é", {"a": ["b", 1]}])
@pytest.mark.parametrize("path", [["m", "k"], ["m", "l", 1, "e"], ["new"], ["m", "new", "deep"]], ids=str)
def test_json_stays_json(vault, inline, value, path):
    after = change(JSON, [set_(path, value)], vault, vaults_strings=inline)

    json.loads(after)
    assert read(after, parse_path(path), vault) == value
    assert ("__ansible_vault" in after) is inline
    assert change(after, [set_(path, value)], vault, vaults_strings=inline) == after
    assert change(after, [remove(path)], vault, vaults_strings=inline).count("__ansible") == 0


def test_json_after_a_mark_is_yaml_to_ansible(vault):
    assert "!vault" in change("\ufeff" + JSON, [set_(["new"])], vault, vaults_strings=True)


def test_a_vaulted_value_in_json_is_replaced_in_its_place(vault):
    text = change(JSON, [set_(["m", "k"], "one")], vault, vaults_strings=True)

    after = change(text, [set_(["m", "k"], "two")], vault, vaults_strings=True)

    assert (read(text, ("m", "k"), vault), read(after, ("m", "k"), vault)) == ("one", "two")
    assert laws.load(after)["m"]["l"] == [1, {"e": "y"}]


def test_what_is_vaulted_inside_a_whole_file_stays_so(vault):
    sealed = json.dumps(vault.seal("old", []))
    text = f"m: {{a: !vault {sealed}, b: clear}}\n"

    after = change(text, [set_(["m"], {"a": "new", "b": "other"})], vault, vaults_strings=False)

    assert (after.count("!vault"), "new" in after, "other" in after) == (1, False, True)
    assert read(after, ("m",), vault) == {"a": "new", "b": "other"}
