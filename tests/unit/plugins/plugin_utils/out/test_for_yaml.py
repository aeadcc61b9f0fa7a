# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is written for Ansible is read back by Ansible: by loader and templates of the core that runs this."""

from __future__ import annotations

import inspect
import itertools
import typing as t
from pathlib import Path

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.audit import remedy
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.rules import RULE_BY_NAME
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.slots_block import rotatable, slots_block
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._out.for_yaml import clear_text, quote
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.document import Edit, change
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.audit.sample import NOW, USER, key
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.out.hostile import PIECES, TEXTS
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.vault_file.fake_vault import FakeVault
from hypothesis import example, given

# Marked by nothing, these are carried out.
CARRIED_OUT = [
    ("{{ 6 * 7 }}", 42),
    ("#jinja2:variable_start_string:'[' '[',variable_end_string:']' ']'\n[[ 6 * 7 ]]", 42),
    ("#jinja2:variable_start_string:'[' '[',variable_end_string:']' ']',keep_trailing_newline:'[[ 6 * 7 ]]' ", None),
]


class Reader:
    """Reads a file of variables as `-e @file` does, and uses each of them in a template."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count()

    def read(self, text: str) -> t.Any:
        path = self._folder / f"{next(self._numbers)}.yml"
        path.write_bytes(text.encode())
        loader: t.Any = DataLoader()
        # From ansible-core 2.19 on only what is trusted is a template.
        trusts = "trusted_as_template" in inspect.signature(loader.load_from_file).parameters
        variables = loader.load_from_file(str(path), **({"trusted_as_template": True} if trusts else {}))
        path.unlink()
        templar: t.Any = Templar(loader, variables=variables)
        return templar.template(variables)


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    return Reader(tmp_path_factory.mktemp("read"))


@pytest.mark.parametrize(("text", "result"), CARRIED_OUT)
def test_what_nothing_marks_is_carried_out(reader: Reader, text: str, result: int | None) -> None:
    """So that the tests below can see it."""
    try:
        said = reader.read(f"a: {quote(text)}\n")["a"]
    except Exception:
        return

    assert said != text
    assert result is None or str(said) == str(result)


@pytest.mark.parametrize("text", [*(text for text, _result in CARRIED_OUT), *PIECES])
def test_a_piece_comes_back_as_it_was(reader: Reader, text: str) -> None:
    assert reader.read(f"a: {clear_text(text)}\nb: [{clear_text(text, always_quote=True)}]\n") == {
        "a": text,
        "b": [text],
    }


@given(text=TEXTS)
def test_any_text_comes_back_as_it_was(reader: Reader, text: str) -> None:
    assert reader.read(f"a: {clear_text(text)}\nb: [{clear_text(text, always_quote=True)}]\n") == {
        "a": text,
        "b": [text],
    }


@given(name=TEXTS, key_id=TEXTS, owner=TEXTS)
def test_slots_of_any_key_come_back_as_they_were(reader: Reader, name: str, key_id: str, owner: str) -> None:
    found = rotatable([key("1", name=name, id=key_id, owner_id=f"iam-ServiceId-{owner}", owner_name=owner)], USER)

    read = reader.read(slots_block(found))["rotate_api_keys_slots"]

    assert [(slot["key_name"], slot["service_id"], slot["retire_ids"]) for slot in read] == [
        (each.name, f"ServiceId-{owner}", [key_id]) for each in found
    ]
    assert all(slot["name"].isidentifier() and slot["name"].isascii() for slot in read)
    assert bool(found) == bool(name.strip())


@given(key_id=TEXTS)
@example(key_id="x: {{ y }} # z")
def test_a_task_of_the_report_names_any_id_as_it_is(reader: Reader, key_id: str) -> None:
    rule = RULE_BY_NAME["expired"]

    text = remedy(rule, [key_id], NOW, None)

    loop = "".join(line + "\n" for line in text.splitlines()[-2:])
    assert reader.read(loop) == {"loop": [key_id]}


@given(value=TEXTS.filter(lambda text: not text.startswith("$ANSIBLE_VAULT")), is_whole=...)
def test_a_variable_in_clear_comes_back_as_it_was(reader: Reader, value: str, is_whole: bool) -> None:
    """In a file with vaulted values, and in one that is encrypted as a whole, where everything is in clear."""
    edit = Edit(("m",), {"id": value, "ids": [value]}, plaintext_keys=frozenset({"id", "ids"}))

    after = change("", [edit], FakeVault(), vaults_strings=not is_whole)

    assert reader.read(after) == {"m": {"id": value, "ids": [value]}}
    assert change(after, [edit], FakeVault(), vaults_strings=not is_whole) is after


@given(text=TEXTS)
@example(text="\u202e\u200bx")
def test_a_file_shows_all_that_is_in_it(text: str) -> None:
    written = slots_block(rotatable([key("1", name=f"x{text}")], USER))

    assert written.replace("\n", "").isprintable()


@given(name=TEXTS.filter(lambda text: text and text.isprintable()))
def test_the_name_of_a_variable_comes_back_as_it_was(reader: Reader, name: str) -> None:
    after = change("", [Edit(("m",), {name: 1})], FakeVault(), vaults_strings=True)

    assert reader.read(after) == {"m": {name: 1}}
