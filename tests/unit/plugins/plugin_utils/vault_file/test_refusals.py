# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import datetime

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.document import Edit, change, read
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import CannotEdit

SET = Edit(("a",), "s3cret-wish")
SET_IN_M = Edit(("m", "k"), "s3cret-wish")
REMOVE = Edit(("a",), remove=True)


@pytest.mark.parametrize(
    ("text", "edit", "message"),
    [
        ("a: s3cret\n---\nb: 1\n", SET, r"several YAML documents \(line 2\)"),
        ("- s3cret\n", SET, r"not a mapping \(line 1\)"),
        ("# c\n\ns3cret\n", SET, r"not a mapping \(line 3\)"),
        ("b: 1\na: [s3cret\n", SET, r"not valid YAML \(line \d\)"),
        ("b: s3cret\n\tc: 1\n", SET, r"not valid YAML \(line 2\)"),
        ("b: *s3cret\n", Edit(("b",), "x"), "is an alias"),
        ("a: s3cret\nb: 1\na: 2\n", SET, r"more than once \(lines 1, 3\)"),
        ("m:\n  k: s3cret\n  k: 2\n", SET_IN_M, r"more than once \(lines 2, 3\)"),
        ("a: &x s3cret\nb: *x\n", SET, r"anchor in line 1 is used"),
        ("a:\n  b: &x s3cret\nc: *x\n", REMOVE, r"anchor in line 2 is used"),
        ("m: &x\n  k: s3cret\nc: *x\n", SET_IN_M, r"anchor in line 1 is used"),
        ("&x a: s3cret\nb: *x\n", SET, r"anchor in line 1 is used"),
        ("b: &x {k: s3cret}\nm: *x\n", SET_IN_M, r"'m' in line 2 is an alias"),
        ("b: &x {k: s3cret}\nm:\n  <<: *x\n", SET_IN_M, r"merge key '<<' in line 3"),
        ("m: s3cret\n", SET_IN_M, r"'m' in line 1 is not a mapping"),
        ("m:\n- s3cret\n", SET_IN_M, r"m / k: line 2 holds a list"),
        ("? a\n: s3cret\n", SET, "line 1"),
        ("? a\n: s3cret\n", REMOVE, "line 1"),
        ("{a: s3cret, # note\n b: 1}\n", REMOVE, r"beside the entry in line 1 stands a comment"),
        ("{a: , b: s3cret}\n", SET, r"line 1 has no value in its braces"),
        ("{b: s3cret, c}\n", SET, "end in a key without a value"),
        ("a: !!map\n  b: s3cret\n", SET, r"line 1 has a tag or an anchor"),
        ("b: |\n  s3cret", SET, r"would touch more than its target \(line 1\)"),
        ("b: |+\n  s3cret\n\na: 1\n\n", REMOVE, r"would touch more than its target \(line 1\)"),
        ("a: s3cret\rb: 1\r", SET, r"line ends \(line 1\)"),
        ("a: s3cret\r\nb: 1\n", SET, r"line ends \(line 2\)"),
        ("b: 1\na: s3cret\r", SET, r"line ends \(line 2\)"),
        ("a: s3cret\x01\n", SET, "not valid YAML"),
    ],
)
def test_what_cannot_be_changed_safely_is_refused_without_showing_content(vault, text, edit, message):
    with pytest.raises(CannotEdit, match=message) as caught:
        change(text, [edit], vault, vaults_strings=True)

    assert "s3cret" not in str(caught.value) or text == "b: *s3cret\n"


@pytest.mark.parametrize(
    ("edits", "message"),
    [
        ([Edit((), "x")], "needs a name"),
        ([Edit(("",), "x")], "needs a name"),
        ([Edit(("a\nb",), "x")], "cannot be printed"),
        ([SET, SET], "more than once"),
        ([SET, Edit(("a", "b"), "x")], "lies inside another"),
        ([Edit(("a", "b"), "x"), SET], "more than once"),
        ([Edit(("a",), 5)], "neither a string nor a mapping"),
        ([Edit(("a",), None)], "neither a string nor a mapping"),
        ([Edit(("a",), ["s3cret"])], "neither a string nor a mapping"),
        ([Edit(("a",), {"b": datetime.date(2026, 1, 31)})], "holds a date"),
        ([Edit(("a",), {1: "s3cret"})], "key that is not"),
        ([Edit(("a",), {"b": {"": "s3cret"}})], "key that is not"),
        ([Edit(("a",), "$ANSIBLE_VAULT;s3cret")], "cipher text already"),
        ([Edit(("a",), "s3cret\ud800")], "not valid Unicode"),
    ],
)
def test_wishes_that_make_no_sense_are_refused(vault, edits, message):
    with pytest.raises(CannotEdit, match=message) as caught:
        change("b: 1\n", edits, vault, vaults_strings=True)

    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("b: &x 1\na: *x\n", "line 2 is an alias"),
        ("a: {b: 1, b: 2}\n", "line 1 is defined more than once"),
        ("a: {<<: {b: 1}}\n", "line 1 has a form"),
        ("a: {[b]: 1}\n", "line 1 has a form"),
        ("a: !!binary YQ==\n", "line 1 has a tag"),
        ("a: !!int x\n", "line 1 does not suit its tag"),
    ],
)
def test_what_cannot_be_read_as_plain_data_is_refused(vault, text, message):
    with pytest.raises(CannotEdit, match=message):
        read(text, ("a",), vault)


def test_a_reading_through_an_alias_is_refused(vault):
    with pytest.raises(CannotEdit, match=r"alias stands on the way to m / k \(line 2\)"):
        read("b: &x {k: 1}\nm: *x\n", ("m", "k"), vault)


def test_a_failed_proof_stops_the_change(make_vault):
    class Wrong(make_vault):
        def seal(self, plaintext, replaced):
            return super().seal("something else", replaced)

    with pytest.raises(CannotEdit, match="does not read back"):
        change("a: s3cret\n", [SET], Wrong(), vaults_strings=True)
