# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What must hold of any edit of any file. PyYAML is the judge of what a text says, not the code that is tested."""

from __future__ import annotations

import collections
import json
import re
import string
import typing as t
from dataclasses import replace

import yaml
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.document import Edit, change, read
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.path import Path, Pick, Step, Typed
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import (
    CannotEdit,
    VaultFileError,
)
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.vault_file.any_file import File
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.vault_file.fake_vault import FakeVault
from hypothesis import strategies as st

# Never a reason: each of these would hide a defect.
DEFECTS = re.compile("does not read back|overlap")
# The last line of a file may have no end.
_LAST_COMMA, _FIRST_COMMA = re.compile(r",?\s*\Z"), re.compile(r"\A\s*,?\s*")
_COMMENT_ABOVE = re.compile(r"(?:[ \t]*(?:#[^\r\n]*)?\r?\n)*(?:[ \t]*#[^\r\n]*\Z)?")

texts = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ["yes", "012", "2026-01-31", "{{ x }}", "{% x %}", " lead", "trail ", "a: b", "- x", "#", "\n", "a\nb\n", "\u2028"]
)
secret_texts = texts.filter(lambda text: not text.startswith("$ANSIBLE_VAULT"))
keys = st.text(alphabet=string.ascii_letters + "-._ :#0{", min_size=1, max_size=6)
# Of a new variable; no word of Python is as long as these begin.
variables = st.from_regex(r"new_[a-zA-Z0-9_]{0,4}", fullmatch=True)
mappings = st.dictionaries(
    keys,
    st.recursive(
        st.none() | st.booleans() | st.integers() | secret_texts,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
        max_leaves=8,
    ),
    max_size=4,
)
values = secret_texts | mappings


@st.composite
def edits_of(draw: t.Any, file: File) -> list[Edit]:
    """Up to three edits of different places: set, remove, add."""
    found: list[Edit] = []
    for _number in range(draw(st.sampled_from([1, 1, 1, 2, 3]))):
        path = draw(st.sampled_from(file.paths)) if file.paths else ("new",)
        if draw(st.integers(0, 3)) == 0:
            above = path[: draw(st.integers(0, len(path)))]
            path = (*above, draw(keys if above else variables))
        if not any(edit.path[: len(path)] == path[: len(edit.path)] for edit in found):
            own = [step for step in path[-1:] if isinstance(step, str)]
            clear = draw(st.sampled_from([frozenset(), frozenset({"id", *own})]))
            is_removal = draw(st.integers(0, 3)) == 0
            found.append(Edit(path, None if is_removal else draw(values), is_removal, clear))
    return found


def check(file: File, edits: list[Edit], inline: bool, picks: bool = False) -> str:
    """Make the edits and hold the outcome against the laws; the answer is the refusal, or ''."""
    vault, text = FakeVault(), file.text
    given = [replace(edit, path=picked(load(text), edit.path)) for edit in edits] if picks else edits
    try:
        after = change(text, given, vault, vaults_strings=inline)
    except VaultFileError as refusal:
        message = str(refusal)
        assert not DEFECTS.search(message), message
        return message
    assert load(after) == edited(load(text), edits)
    assert change(after, edits, vault, vaults_strings=inline) == after
    for edit in edits:
        if not edit.remove:
            assert read(after, edit.path, vault) == edit.value
    if len(edits) == 1:
        _check_bytes(file, edits[0], after)
    _check_untouched(file, edits, after)
    return ""


def _check_bytes(file: File, edit: Edit, after: str) -> None:
    """Nothing outside the stretch that belongs to the target may differ."""
    if edit.path in file.kinds:
        before, _mine, behind = file.around(edit.path)
        if _is_emptied(file, edit):
            before, _mine, behind = file.around(edit.path[:-1])
    elif edit.remove or file.text == after:
        assert file.text == after
        return
    else:
        parent = next(path for n in range(len(edit.path), -1, -1) if not (path := edit.path[:n]) or path in file.kinds)
        before, _mine, behind = file.around(parent)
        if is_insertion(file.text, after):
            return
    if edit.remove and file.is_flow:
        # The comma goes along.
        before, behind = _LAST_COMMA.sub("", before), _FIRST_COMMA.sub("", behind)
    assert after.startswith(before)
    # Comments in a block belong to it, even when they stand behind its last entry. And behind the dash of an item the
    # next entry moves up, over blank lines too.
    moved_up = behind.lstrip(" \r\n") if edit.remove and before.endswith("- ") else behind
    assert after.endswith((behind, _COMMENT_ABOVE.sub("", behind, count=1), moved_up))


def _is_emptied(file: File, edit: Edit) -> bool:
    siblings = [path for path in file.paths if path[:-1] == edit.path[:-1]]
    return edit.remove and len(edit.path) > 1 and len(siblings) == 1


def is_insertion(before: str, after: str) -> bool:
    """Tell whether the one is the other with something put in at one place."""
    same = 0
    while same < len(before) and before[same] == after[same]:
        same += 1
    return after.endswith(before[same:]) and len(after) >= len(before)


def _check_untouched(file: File, edits: list[Edit], after: str) -> None:
    """Each top-level entry that no edit is about is still there, in its place in the order."""
    touched = {edit.path[0] for edit in edits}
    position = 0
    for path in file.paths:
        if len(path) == 1 and path[0] not in touched:
            mine = file.around(path)[1].rstrip("\r\n")
            position = after.index(mine, position) + len(mine)


def edited(old: t.Any, edits: list[Edit]) -> t.Any:
    """The same edits on plain data."""
    new = _copied(old) or {}
    for edit in edits:
        here = new
        *way, last = map(_plain_step, edit.path)
        for step in way:
            is_there = step in here if isinstance(here, dict) else isinstance(here, list)
            deeper = here[step] if is_there else None
            if deeper is None and not edit.remove:
                deeper = here[step] = {}
            here = deeper
        if edit.remove and isinstance(here, dict):
            here.pop(last, None)
        elif not edit.remove:
            here[last] = edit.value
    # A file without a variable holds nothing, whether or not it has braces.
    return new or None


def _plain_step(step: Step) -> t.Any:
    return step.value if isinstance(step, Typed) else step


def picked(data: t.Any, path: Path) -> Path:
    """The same path with the items of lists picked by their members, where a member tells them apart."""
    given: list[Step] = []
    here = data
    for number, step in enumerate(path):
        # What picks the item must not be what is changed.
        pick = _pick_of(here, step, path[number + 1 :][:1]) if isinstance(here, list) else None
        given.append(pick or step)
        try:
            here = here[_plain_step(step)]
        except (TypeError, LookupError):
            here = None
    return tuple(given)


def _pick_of(items: list[t.Any], step: Step, changed: Path) -> Pick | None:
    number = _plain_step(step)
    item = items[number] if isinstance(number, int) and number < len(items) else None
    for name, value in item.items() if isinstance(item, dict) else ():
        same = [each for each in items if isinstance(each, dict) and each.get(name) == value]
        if isinstance(name, str) and name not in changed and isinstance(value, (str, int)) and len(same) == 1:
            return Pick(((name, value if isinstance(value, str) else Typed.of(value)),))
    return None


def _copied(value: t.Any) -> t.Any:
    if isinstance(value, dict):
        return {key: _copied(member) for key, member in value.items()}
    return [_copied(member) for member in value] if isinstance(value, list) else value


class Lenient(yaml.CSafeLoader):
    """Opens what the fake vault can open, and takes the other tags of Ansible for text."""


def _vaulted(_loader: t.Any, node: t.Any) -> str:
    text = "".join(f"{line.strip()}\n" for line in node.value.split("\n") if line.strip())
    try:
        return FakeVault().open(text)
    except CannotEdit:
        raise
    except VaultFileError:
        return text


for tag in ("!vault", "!vault-encrypted"):
    Lenient.add_constructor(tag, _vaulted)
Lenient.add_constructor("!unsafe", lambda _loader, node: node.value)


def load(text: str) -> t.Any:
    """What a text says, as plain data; like Ansible, as JSON if it is that."""
    try:
        return json.loads(text, object_hook=_out_of_json) or None
    except ValueError:
        return yaml.load(text, Loader=Lenient) or None


def _out_of_json(members: dict[str, t.Any]) -> t.Any:
    if list(members) == ["__ansible_vault"]:
        return FakeVault().open(members["__ansible_vault"])
    return members["__ansible_unsafe"] if list(members) == ["__ansible_unsafe"] else members


class Tally:
    """Counts outcomes, refusals by their reason without the particulars."""

    def __init__(self) -> None:
        self.files = 0
        self.done = 0
        self.refusals: collections.Counter[str] = collections.Counter()

    def add(self, refusal: str) -> None:
        self.done += 1
        if refusal:
            self.refusals[re.sub(r"^(line \d+: )|'[^']*'|\"[^\"]*\"|[\d, ]*\d", "…", refusal)[:90]] += 1

    @property
    def share(self) -> float:
        return sum(self.refusals.values()) / max(self.done, 1)

    def lines(self) -> list[str]:
        refused = sum(self.refusals.values())
        files = f"{self.files} files, " if self.files else ""
        head = f"{files}{self.done} edits, 0 wrong, {refused} refused ({self.share:.1%})"
        return [head, *(f"  {count:6}  {reason}" for reason, count in self.refusals.most_common())]
