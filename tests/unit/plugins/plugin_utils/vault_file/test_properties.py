# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Any file, any edit: the target reads back, and every other byte is what it was, or the edit is refused."""

from __future__ import annotations

import string

import yaml
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.document import Edit, change, read
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.errors import CannotEdit
from hypothesis import given, settings
from hypothesis import strategies as st

BLOCK = "$ANSIBLE_VAULT;1.1;AES256\n          313a6f6c64\n"
VALUES = [
    " plain\n",
    "\n",
    "   # a comment\n",
    ' "quoted: yes"  # a comment\n',
    " 'it''s'\n",
    " more\n  than one\n  line\n",
    ' "more\n  than one"  # a comment\n',
    " |\n  block\n   text\n",
    " |+  # a comment\n  block\n\n",
    " >-\n      folded\n      text\n\n",
    " {a: 1, b: [x, 'y']}  # a comment\n",
    " {\n  a: 1,\n}\n",
    " []\n",
    "\n  a: 1\n  # inside\n  b:\n    - x\n    - y: |\n        z\n",
    "  # a comment\n- x\n- y: 1\n",
    "\n  later  # a comment\n",
    f" !vault |\n          {BLOCK}",
    f" !vault |  # a comment\n          {BLOCK}\n",
    ' !vault "$ANSIBLE_VAULT;1.1;AES256\\n313a6f6c64\\n"\n',
    " &anchor value\n",
    " !unsafe '{{ x }}'\n",
    " 😀 ünï\n",
    " 2026-01-31\n",
]
NOISE = ["", "", "\n", "# a comment\n", "\n# two\n# lines\n\n"]
DEEP_NOISE = [*NOISE, "  # deeper\n", "            # very deep\n"]

texts = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ["yes", "2026-01-31", "{{ x }}", "{% x %}", " lead", "trail ", "a: b", "- x", "#", "\n", "a\nb\n", "\u2028", "\x85"]
)
secret_texts = texts.filter(lambda text: not text.startswith("$ANSIBLE_VAULT"))
keys = st.text(alphabet=string.ascii_letters + "-._ :#0{", min_size=1, max_size=6)
mappings = st.dictionaries(
    keys,
    st.recursive(
        st.none() | st.booleans() | st.integers() | secret_texts,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
        max_leaves=8,
    ),
    max_size=4,
)


@st.composite
def files(draw):
    """Pieces of a file: noise, entry, noise, entry ..., and the place of one of the entries."""
    count = draw(st.integers(1, 5))
    pieces = [draw(st.sampled_from(["", "---\n", "# first\n"]))]
    for number in range(count):
        value = draw(st.sampled_from(VALUES)).replace("&anchor", f"&anchor{number}")
        pieces.append(f"key{number}:{value}")
        is_block = "|" in value or ">" in value
        pieces.append(draw(st.sampled_from(NOISE if is_block else DEEP_NOISE)))
    return pieces, draw(st.integers(0, count - 1))


def parts(pieces, number):
    place = 1 + 2 * number
    return "".join(pieces[:place]), pieces[place], "".join(pieces[place + 1 :])


@settings(max_examples=400, deadline=None)
@given(file=files(), value=secret_texts | mappings, inline=st.booleans())
def test_setting_a_variable(make_vault, file, value, inline):
    vault = make_vault()
    before, _entry, behind = parts(*file)
    text, name = "".join(file[0]), f"key{file[1]}"
    edit = Edit((name,), value)

    after = change(text, [edit], vault, vaults_strings=inline)

    assert after.startswith(before)
    # Comments that are deeper than the key count as part of a block that is replaced.
    assert after.endswith((behind, behind.lstrip().removeprefix("# deeper\n").removeprefix("# very deep\n")))
    assert read(after, (name,), vault) == value
    assert change(after, [edit], vault, vaults_strings=inline) is after


@settings(max_examples=200, deadline=None)
@given(file=files(), name=keys, value=secret_texts | mappings)
def test_adding_a_variable(make_vault, file, name, value):
    vault = make_vault()
    text = "".join(file[0])

    after = change(text, [Edit((name,), value)], vault, vaults_strings=True)

    assert after.startswith(text)
    assert read(after, (name,), vault) == value


@settings(max_examples=200, deadline=None)
@given(file=files())
def test_removing_a_variable(make_vault, file):
    vault = make_vault()
    before, _entry, behind = parts(*file)
    text, name = "".join(file[0]), f"key{file[1]}"
    after, refusal = outcome(vault, text, Edit((name,), remove=True))
    if refusal:
        assert "would touch more" in refusal
        return

    assert after.startswith(before)
    assert after.endswith(behind)
    assert yaml.load(after, Loader=LENIENT) == without(yaml.load(text, Loader=LENIENT), name)


@settings(max_examples=200, deadline=None)
@given(file=files(), name=keys, value=secret_texts | mappings)
def test_adding_an_entry_to_a_mapping(make_vault, file, name, value):
    vault = make_vault()
    before, entry, behind = parts(*file)
    target = f"key{file[1]}"
    after, refusal = outcome(vault, "".join(file[0]), Edit((target, name), value))
    if refusal:
        assert "not a mapping" in refusal
        assert "a: 1" not in entry
        return

    assert after.startswith(before)
    assert after.endswith(behind.lstrip(" \n").removeprefix("# deeper\n").removeprefix("# very deep\n"))
    assert read(after, (target, name), vault) == value


@settings(max_examples=200, deadline=None)
@given(old=mappings, new=mappings)
def test_replacing_a_mapping_seals_only_what_is_new(make_vault, old, new):
    vault = make_vault()
    before = change("x: 1\ny: 2\n", [Edit(("m",), old)], vault, vaults_strings=True)
    vault.sealed = 1_000_000

    after = change(before, [Edit(("m",), new)], vault, vaults_strings=True)

    assert read(after, ("m",), vault) == new
    assert vault.sealed - 1_000_000 <= len([text for text in strings(new) if text not in set(strings(old))])


def outcome(vault, text, edit):
    """The new text, or why there is none."""
    try:
        return change(text, [edit], vault, vaults_strings=True), ""
    except CannotEdit as refusal:
        return "", str(refusal)


def strings(value):
    if isinstance(value, str):
        return [value]
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [text for member in members for text in strings(member)]


def without(mapping, name):
    rest = {key: value for key, value in mapping.items() if key != name}
    return rest or None


class LENIENT(yaml.SafeLoader):
    """Takes the tags of Ansible for text."""


for tag in ("!vault", "!unsafe"):
    LENIENT.add_constructor(tag, lambda loader, node: "".join(node.value.split()))
