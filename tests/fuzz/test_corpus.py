# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Files that people wrote: the variables in what packages ship, and every other YAML mapping there.

For each variable at the top level: set it to a string, to a mapping, remove it, add another one.
"""

from __future__ import annotations

import functools
import hashlib
import re
import typing as t
from dataclasses import dataclass, replace
from pathlib import Path

import ansible
import ansiblelint
import pytest
import yaml
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.document import Edit, change
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.path import Path as Steps
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.path import Typed
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import CannotEdit
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.vault_file.fake_vault import FakeVault
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.vault_file.laws import (
    DEFECTS,
    Tally,
    edited,
    is_insertion,
    load,
    picked,
)

PACKAGES = Path(__file__).resolve().parents[2] / ".build" / "fuzz"
FOLDERS = [PACKAGES, Path(ansible.__file__).parent, Path(ansiblelint.__file__).parent]
VARS_FOLDERS = re.compile(r"/(vars|defaults|group_vars|host_vars|inventory)/|vars[^/]*$")
FEWEST_FILES = 300
# Of the files that hold no variables, such as changelogs, one in so many, and no more keys than this.
ONE_IN, MOST_KEYS_ELSEWHERE = 3, 10
# Of the texts inside one file no more are set, spread over the file.
MOST_PLACES = 40
MAPPING = {"id": "ApiKey-1", "key_value": "a secret value", "generation": 4}


def corpus() -> list[Path]:
    """YAML files whose top level is a mapping, each content once, those that hold variables first."""
    found: dict[str, Path] = {}
    paths = [path for folder in FOLDERS for end in ("yml", "yaml") for path in sorted(folder.rglob(f"*.{end}"))]
    for path in paths:
        content = path.read_bytes()
        if len(content) < 200_000 and is_mapping(content):
            found.setdefault(hashlib.sha256(content).hexdigest(), path)
    return sorted(found.values(), key=lambda path: (not is_vars_file(path), path))


def is_vars_file(path: Path) -> bool:
    return VARS_FOLDERS.search(path.as_posix()) is not None


def is_mapping(content: bytes) -> bool:
    try:
        return isinstance(load(content.decode()), dict)
    except (yaml.YAMLError, ValueError, TypeError):
        return False


@pytest.fixture(scope="module")
def files() -> list[Path]:
    return corpus()


def test_the_corpus_is_large_enough(files: list[Path]) -> None:
    assert len([path for path in files if is_vars_file(path)]) >= FEWEST_FILES


@pytest.mark.parametrize("kind", ["vars", "other"])
def test_every_variable_of_every_file(kind: str, files: list[Path], tally: Tally, one_file_in: int) -> None:
    chosen = [path for path in files if is_vars_file(path) == (kind == "vars")]
    for path in chosen[:: one_file_in if kind == "vars" else one_file_in * ONE_IN]:
        text = path.read_bytes().decode()
        names = [name for name in said(text) if isinstance(name, str)]
        names = names if kind == "vars" else names[:MOST_KEYS_ELSEWHERE]
        edits = [edit for name in names for edit in edits_of(name)]
        for edit in [*edits, Edit(("a_variable_that_is_new",), "secret"), Edit(("a_mapping", "that is new"), MAPPING)]:
            tally.add(check(path, text, edit))
        tally.files += 1
    assert tally.share < 0.2


def test_places_inside_the_variables_of_every_file(files: list[Path], tally: Tally, one_file_in: int) -> None:
    """Every text inside a mapping or a list is set, down to the last; items by their number and by their members."""
    for path in filter(is_vars_file, files[::one_file_in]):
        text = path.read_bytes().decode()
        bom = "\ufeff" * text.startswith("\ufeff")
        found = list(places_in(composed(text.removeprefix(bom)), ()))
        for place in found[:: max(1, len(found) // MOST_PLACES)]:
            for way in dict.fromkeys((place.path, picked(said(text), place.path))):
                tally.add(check_place(path, text, bom, replace(place, path=way), place.path))
        tally.files += 1
    assert tally.done > 2 * tally.files / one_file_in
    assert tally.share < 0.2


@dataclass(frozen=True)
class Place:
    """A scalar inside a variable, by PyYAML's marks."""

    path: Steps
    node: t.Any
    is_flow: bool


def places_in(node: t.Any, path: Steps, is_flow: bool = False) -> t.Iterator[Place]:
    if isinstance(node, yaml.ScalarNode):
        if len(path) > 1 and node.start_mark.index < node.end_mark.index:
            yield Place(path, node, is_flow)
        return
    for number, member in enumerate(node.value):
        if isinstance(node, yaml.MappingNode):
            key, value = member
            if key.tag == "tag:yaml.org,2002:str":
                yield from places_in(value, (*path, key.value), node.flow_style)
        else:
            yield from places_in(member, (*path, Typed.of(number)), node.flow_style)


def changed(path: Path, text: str, edit: Edit, vault: FakeVault) -> tuple[str, str]:
    """The text with one edit, or '' and the refusal, which is none for a defect of ours."""
    try:
        return change(text, [edit], vault, vaults_strings=True), ""
    except CannotEdit as refusal:
        reason = str(refusal)
    assert not DEFECTS.search(reason), (path, edit, reason)
    return "", reason


def check_place(path: Path, text: str, bom: str, place: Place, way: Steps) -> str:
    """Set the text and hold the outcome against the old text; the answer is the refusal, or ''."""
    vault, edit = FakeVault(), Edit(place.path, "a secret value")
    after, reason = changed(path, text, edit, vault)
    if reason:
        return reason
    assert load(after) == edited(said(text), [replace(edit, path=way)]), (path, edit)
    assert change(after, [edit], vault, vaults_strings=True) == after, (path, edit)
    body = text.removeprefix(bom)
    start, end = place.node.start_mark.index, place.node.end_mark.index
    if not place.is_flow and place.node.style not in ("|", ">"):
        # A comment behind the value moves behind the new head.
        end = body.find("\n", end) + 1 or len(body)
    assert after.startswith(bom + body[:start]), (path, edit)
    assert after.endswith(body[end:]), (path, edit)
    return ""


def edits_of(name: str) -> list[Edit]:
    mapping = Edit((name,), MAPPING, plaintext_keys=frozenset({"id"}))
    return [Edit((name,), "a secret value"), mapping, Edit((name,), None, remove=True)]


def check(path: Path, text: str, edit: Edit) -> str:
    """Make one edit and hold it against the old text; the answer is the refusal, or ''."""
    vault = FakeVault()
    after, reason = changed(path, text, edit, vault)
    if reason:
        return reason
    assert load(after) == wanted(said(text), edit), (path, edit)
    assert change(after, [edit], vault, vaults_strings=True) == after, (path, edit)
    assert "a secret value" not in after or "a secret value" in text, (path, edit)
    before, behind = around(text, edit.path[0])
    assert after.startswith(before), (path, edit)
    assert after.endswith(behind), (path, edit)
    assert edit.path[0] in said(text) or is_insertion(text, after), (path, edit)
    return ""


@functools.lru_cache(maxsize=1)
def said(text: str) -> t.Any:
    return load(text)


@functools.lru_cache(maxsize=1)
def composed(text: str) -> t.Any:
    return yaml.compose(text, Loader=yaml.CSafeLoader)


def around(text: str, name: str) -> tuple[str, str]:
    """The text before a variable and from the next one on; measured without the code that is tested."""
    bom = "\ufeff" * text.startswith("\ufeff")
    body = text.removeprefix(bom)
    root = composed(body)
    number = next((n for n, (key, _value) in enumerate(root.value) if key.value == name), None)
    if number is None:
        return bom, ""
    start, end = (mark.index for mark in (root.value[number][0].start_mark, root.value[number][1].end_mark))
    if root.flow_style:
        return bom + body[:start], body[end:]
    line = body.rfind("\n", 0, start) + 1
    following = root.value[number + 1 :]
    # Notes in the first column are about what comes next.
    rest = body[line : following[0][0].start_mark.index if following else len(body)]
    notes = re.search(r"(?:^#.*\n)*\Z", rest, re.MULTILINE)
    return bom + body[:line], body[line + t.cast("re.Match[str]", notes).start() :]


def wanted(data: dict[t.Any, t.Any], edit: Edit) -> dict[t.Any, t.Any] | None:
    """The same edit on plain data."""
    if edit.remove:
        return {name: value for name, value in data.items() if name != edit.path[0]} or None
    if len(edit.path) > 1:
        return {**data, edit.path[0]: {edit.path[1]: edit.value}}
    return {**data, edit.path[0]: edit.value}
