# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest
import yaml
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.document import (
    Edit,
    change,
    effects,
    names,
    read,
)

VAULTED = "!vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  313a6e6577\n"
KEYS = frozenset({"id"})


def set_a(vault, text, **options):
    return change(text, [Edit(("a",), "new")], vault, vaults_strings=True, **options)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", f"---\na: {VAULTED}"),
        ("# only a comment\n", f"# only a comment\na: {VAULTED}"),
        ("---\n", f"---\na: {VAULTED}"),
        ("---\n# c\n...\n", f"---\n# c\na: {VAULTED}...\n"),
        ("b: 1\n", f"b: 1\na: {VAULTED}"),
        ("b: 1", f"b: 1\na: {VAULTED}"),
        ("b: 1\n...\n# behind\n", f"b: 1\na: {VAULTED}...\n# behind\n"),
        ("b: 1\n\n# end\n", f"b: 1\n\n# end\na: {VAULTED}"),
        ("b: !vault |\n  6161", f"b: !vault |\n  6161\na: {VAULTED}"),
        ("a: old\n", f"a: {VAULTED}"),
        ("a: old", f"a: {VAULTED}"),
        ("a: new\n", f"a: {VAULTED}"),
        ('a:   "old"  # why\nb: 1\n', "a:   " + VAULTED.replace("|\n", "|  # why\n", 1) + "b: 1\n"),
        ("a:\nb: 1\n", f"a: {VAULTED}b: 1\n"),
        ("a:   # why\nb: 1\n", "a: " + VAULTED.replace("|\n", "|   # why\n", 1) + "b: 1\n"),
        ("a: |  # why\n  old\n\n# c\nb: 1\n", "a: " + VAULTED.replace("|\n", "|  # why\n", 1) + "\n# c\nb: 1\n"),
        ("a: >-\n    old\n    text\nb: 1\n", f"a: {VAULTED}b: 1\n"),
        ("a: old\n  text\nb: 1\n", f"a: {VAULTED}b: 1\n"),
        ("a:\n  x: 1\n  # in\n  y: 2\n# out\nb: 1\n", f"a: {VAULTED}# out\nb: 1\n"),
        ("a: # why\n- x\n- y\nb: 1\n", "a: " + VAULTED.replace("|\n", "| # why\n", 1) + "b: 1\n"),
        ("a: {x: 1}\nb: 1\n", f"a: {VAULTED}b: 1\n"),
        ('"a" : old\n', f'"a" : {VAULTED}'),
        ("a:\n  later\n", "a:\n  " + VAULTED),
        ("  a: old\n  b: 1\n", "  a: " + VAULTED.replace("\n  ", "\n    ") + "  b: 1\n"),
        ("a: &unused old\n", f"a: {VAULTED}"),
        ("a: old\nb: ünï ☃ 😀\n", f"a: {VAULTED}b: ünï ☃ 😀\n"),
        ("b: 😀\na: old\n", f"b: 😀\na: {VAULTED}"),
        ("\ufeffb: 1\na: old\n", f"\ufeffb: 1\na: {VAULTED}"),
        ("b: 1\r\na: old\r\n", f"b: 1\na: {VAULTED}".replace("\n", "\r\n")),
    ],
)
def test_setting_a_string_touches_nothing_else(vault, before, after):
    assert set_a(vault, before) == after


def test_a_comment_below_that_is_deeper_stays_a_comment(vault):
    after = set_a(vault, "a: old\n    # deep\nb: 1\n")

    assert after == "a: !vault |\n     $ANSIBLE_VAULT;1.1;AES256\n     313a6e6577\n    # deep\nb: 1\n"


def test_a_vaulted_value_keeps_header_line_and_indentation(vault):
    before = f"x: 1\na: !vault |-  # why\n{vault.block('old', 7)}\n# c\nb: 1\n"

    after = set_a(vault, before)

    assert after == f"x: 1\na: !vault |-  # why\n       {'$ANSIBLE_VAULT;1.1;AES256'}\n       323a6e6577\n\n# c\nb: 1\n"


@pytest.mark.parametrize("style", ["!vault |\n", "!vault-encrypted |\n", "!vault |2-\n"])
def test_an_equal_value_changes_nothing(vault, style):
    before = f"a: {style}{vault.block('new', 2)}b: 1"

    assert set_a(vault, before) is before


def test_what_cannot_be_opened_is_not_overwritten(vault):
    with pytest.raises(Exception, match="damaged"):
        set_a(vault, "a: !vault |\n  nonsense\n")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a: 1\nb: 2\n", "b: 2\n"),
        ("b: 2\na: 1", "b: 2\n"),
        ("# a\na: 1  # why\n\n# b\nb: 2\n", "# a\n\n# b\nb: 2\n"),
        ("a: |\n  x\n\nb: 2\n", "\nb: 2\n"),
        ("a:\n  x: 1\n  y:\n    - z\nb: 2\n", "b: 2\n"),
        ("a:\nb: 2\n", "b: 2\n"),
        ("---\na: 1\n", "---\n"),
        ("b: 2\n", "b: 2\n"),
        ("", ""),
        ("{b: 2}\n", "{b: 2}\n"),
    ],
)
def test_removing_a_variable_takes_its_lines(vault, before, after):
    assert change(before, [Edit(("a",), remove=True)], vault, vaults_strings=True) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("b: 1\n", "b: 1\nm:\n  k:\n    id: new\n    num: 1\n"),
        ("m:\nb: 1\n", "m:\n  k:\n    id: new\n    num: 1\nb: 1\n"),
        ("m: {}  # why\nb: 1\n", "m:  # why\n  k:\n    id: new\n    num: 1\nb: 1\n"),
        (
            "m:\n    o: 1\n    # o\n# b\nb: 1\n",
            "m:\n    o: 1\n    # o\n    k:\n      id: new\n      num: 1\n# b\nb: 1\n",
        ),
        ("m:\n  k: {id: old}\n  o: 1\n", "m:\n  k:\n    id: new\n    num: 1\n  o: 1\n"),
        ("m: {k: {id: old, num: 1}, o: 1}\n", 'm: {k: {"id": "new", "num": 1}, o: 1}\n'),
        ("m: {o: 1}\n", 'm: {o: 1, "k": {"id": "new", "num": 1}}\n'),
        ('{"m": {"o": 1}}\n', '{"m": {"o": 1, "k": {"id": "new", "num": 1}}}\n'),
        ('{"o": 1}', '{"o": 1, "m": {"k": {"id": "new", "num": 1}}}'),
    ],
)
def test_an_entry_of_a_mapping_is_set_in_its_place(vault, before, after):
    edit = Edit(("m", "k"), {"id": "new", "num": 1}, plaintext_keys=KEYS)

    assert change(before, [edit], vault, vaults_strings=True) == after


def test_a_string_in_braces_is_vaulted_on_one_line(vault):
    after = set_a(vault, "{a: old, b: 1}\n")

    assert after == '{a: !vault "$ANSIBLE_VAULT;1.1;AES256\\n313a6e6577\\n", b: 1}\n'
    assert read(after, ("a",), vault) == "new"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("m:\n  k: 1\n  o: 2\n", "m:\n  o: 2\n"),
        ("m:  # why\n  k: 1\nb: 1\n", "m: {}  # why\nb: 1\n"),
        ("m:\n  o: 1\n", "m:\n  o: 1\n"),
        ("m: {}\n", "m: {}\n"),
        ("{m: {k: 1}, b: 1}\n", "{m: {}, b: 1}\n"),
        ("m:\n", "m:\n"),
        ("b: 1\n", "b: 1\n"),
    ],
)
def test_removing_the_last_entry_leaves_an_empty_mapping(vault, before, after):
    assert change(before, [Edit(("m", "k"), remove=True)], vault, vaults_strings=True) == after


def test_several_edits_go_in_one_pass(vault):
    edits = [
        Edit(("a",), "A"),
        Edit(("m", "k1"), {"id": "one"}, plaintext_keys=KEYS),
        Edit(("m", "k2"), {"id": "two"}, plaintext_keys=KEYS),
        Edit(("gone",), remove=True),
        Edit(("z",), "Z"),
    ]

    after = change("gone: 1\na: old\nm:\n  k0: 1", edits, vault, vaults_strings=True)

    assert [line for line in after.splitlines() if not line.startswith("  3") and "ANSIBLE" not in line] == [
        *("a: !vault |", "m:", "  k0: 1", "  k1:", "    id: one", "  k2:", "    id: two", "z: !vault |"),
    ]
    assert [read(after, (name,), vault) for name in ("a", "gone", "z")] == ["A", None, "Z"]
    assert change(after, edits, vault, vaults_strings=True) is after


def test_a_mapping_reuses_the_cipher_text_of_what_stays(vault):
    record = {"id": "1", "current": {"key_value": "one"}, "pending": {"key_value": "two"}}
    before = change("", [Edit(("r",), record, plaintext_keys=KEYS)], vault, vaults_strings=True)
    sealed = vault.sealed

    moved = {"id": "2", "current": {"key_value": "two"}, "superseded": [{"key_value": "one"}, {"key_value": "three"}]}
    after = change(before, [Edit(("r",), moved, plaintext_keys=KEYS)], vault, vaults_strings=True)

    assert vault.sealed == sealed + 1
    assert read(after, ("r",), vault) == moved
    hex_of = {line.strip() for line in before.splitlines() if line.strip().startswith("3")}
    assert hex_of <= {line.strip() for line in after.splitlines()}


def test_an_equal_mapping_in_another_order_is_no_change(vault):
    before = change("", [Edit(("r",), {"id": "1", "x": {"s": "t", "n": None}})], vault, vaults_strings=True)

    assert change(before, [Edit(("r",), {"x": {"n": None, "s": "t"}, "id": "1"})], vault, vaults_strings=True) is before


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("plain-Text_1.2", "plain-Text_1.2"),
        ("two words", "two words"),
        ("2026-01-31T08:00:00Z", '"2026-01-31T08:00:00Z"'),
        ("yes", '"yes"'),
        ("null", '"null"'),
        ("y", '"y"'),
        ("012", '"012"'),
        ("1e3", '"1e3"'),
        ("", '""'),
        ("a: b", '"a: b"'),
        ("x #y", '!unsafe "x #y"'),
        ("#jinja2:variable_start_string:'[['", "!unsafe \"#jinja2:variable_start_string:'[['\""),
        ("a[0]", '!unsafe "a[0]"'),
        ("\u202e", '"\\u202e"'),
        ("\U000e0101", '"\\U000e0101"'),
        ("line\nline\t", '"line\\nline\\t"'),
        ("\u2028\x85\ufeff", '"\\u2028\\u0085\\ufeff"'),
        ("\x7f", '!unsafe "\\u007f"'),
        ("😀", '"😀"'),
        ("{{ lookup('pipe', 'x') }}", "!unsafe \"{{ lookup('pipe', 'x') }}\""),
        ("{% x %}", '!unsafe "{% x %}"'),
        ("a{#", '!unsafe "a{#"'),
    ],
)
def test_clear_text_is_written_so_that_nothing_misreads_it(vault, text, written):
    edit = Edit(("m",), {"id": text}, plaintext_keys=KEYS)

    after = change("", [edit], vault, vaults_strings=True)

    assert after == f"---\nm:\n  id: {written}\n"
    assert yaml.safe_load(after.replace("!unsafe ", "")) == {"m": {"id": text}}
    assert change(after, [edit], vault, vaults_strings=True) is after


def test_in_a_file_that_is_encrypted_as_a_whole_strings_stay_plain(vault):
    after = change("b: 1\n", [Edit(("a",), "{{ x }}"), Edit(("c",), {"d": ["e"]})], vault, vaults_strings=False)

    assert after == 'b: 1\na: !unsafe "{{ x }}"\nc:\n  d:\n    - e\n'
    assert vault.sealed == 0


def test_a_template_in_clear_is_rewritten_as_unsafe(vault):
    assert change('a: "{{ x }}"\n', [Edit(("a",), "{{ x }}")], vault, vaults_strings=False) == 'a: !unsafe "{{ x }}"\n'


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 1\n", 1),
        ("a: 0o7\n", "0o7"),
        ("a: yes\n", True),
        ("a: 1.5\n", 1.5),
        ("a: ~\n", None),
        ("b: 1\n", None),
        ("", None),
        ("a: 2026-01-31\n", "2026-01-31"),
        ("a: !unsafe x\n", "x"),
        ("a: &x y\n", "y"),
        ("a:\n  b: [1, {c: d}]\n", {"b": [1, {"c": "d"}]}),
    ],
)
def test_reading_gives_plain_python(vault, text, value):
    assert read(text, ("a",), vault) == value


def test_reading_opens_only_what_is_asked_for(vault):
    text = f"a: !vault |\n{vault.block('mine')}b: !vault |\n  somebody else's\n"

    assert read(text, ("a",), vault) == "mine"
    assert names(text) == ["a", "b"]


def test_effects_tell_names_and_kinds(vault):
    text = f"a: clear\nb: !vault |\n{vault.block('B')}c: 1\nm: {{id: x, s: y}}\n"
    edits = [
        Edit(("a",), "new"),
        Edit(("b",), "B"),
        Edit(("c",), remove=True),
        Edit(("d",), "D"),
        Edit(("e",), remove=True),
        Edit(("m",), {"id": "z"}, plaintext_keys=KEYS),
    ]

    found = effects(text, edits, vault, vaults_strings=True)

    assert [("/".join(e.path), e.existed, e.remains, e.was_clear) for e in found] == [
        ("a", True, True, True),
        ("c", True, False, False),
        ("d", False, True, False),
        ("m", True, True, True),
    ]
