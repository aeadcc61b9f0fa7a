# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a caller wants to stand in a file, before anybody has looked at the file."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.path import Item, Path, Step, shown_path
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import CannotEdit


@dataclass(frozen=True)
class Edit:
    """Set or remove one variable, or one entry of a mapping or item of a list.

    `path` of length 1 is a top-level variable. `may_be_gone` when nothing is to be removed where a list on the way has
    no such item; otherwise that is an error. Strings are vaulted in a file that is not encrypted as a whole,
    except those whose key is in `plaintext_keys`; numbers, booleans and None always stay clear.
    """

    path: Path
    value: object | None = field(default=None, repr=False)
    remove: bool = False
    plaintext_keys: frozenset[str] = frozenset()
    may_be_gone: bool = False

    @property
    def label(self) -> str:
        return shown_path(self.path)

    @property
    def key(self) -> str:
        """The key that its value stands under, be it in a list."""
        return next((step for step in reversed(self.path) if isinstance(step, str)), "")


@dataclass(frozen=True)
class Leaf:
    """A scalar as it shall be written.

    `keeps_vault` when it is clear only because the whole file is encrypted: what is vaulted by itself there stays so.
    """

    value: str | int | float | bool | None = field(repr=False)
    is_vaulted: bool
    keeps_vault: bool = False


Want = t.Union[Leaf, "dict[str, Want]", "list[Want]"]


@dataclass(frozen=True)
class Remove:
    """The place shall be empty."""


REMOVE = Remove()


@dataclass
class Goals:
    """Edits by place: a step leads to what shall stand there, or to goals further down."""

    parts: dict[Step, Goals | Want | Remove] = field(default_factory=dict)

    def new_content(self) -> dict[str, Want]:
        """The content that fulfils these goals where nothing stands yet."""
        content: dict[str, Want] = {}
        for step, part in self.parts.items():
            if isinstance(part, Goals):
                deeper = part.new_content()
                if deeper:
                    content[_new_key(step)] = deeper
            elif not isinstance(part, Remove):
                content[_new_key(step)] = part
        return content


def _new_key(step: Step) -> str:
    if isinstance(step, str):
        return step
    raise CannotEdit(
        f"nothing is there yet to which {shown_path((step,))} leads: a new key is a text, and a list is written by hand"
    )


def group(edits: Sequence[Edit], vaults_strings: bool) -> Goals:
    """Sort edits into one tree; two edits of the same place, or of a place inside another, are refused.

    Their paths hold no picks any more (see `resolve`).
    """
    goals = Goals()
    for edit in edits:
        _check_path(edit)
        here = goals
        for name in edit.path[:-1]:
            deeper = here.parts.setdefault(name, Goals())
            if not isinstance(deeper, Goals):
                raise CannotEdit(f"{edit.label} lies inside another variable that is set or removed as well")
            here = deeper
        if edit.path[-1] in here.parts:
            raise CannotEdit(f"{edit.label} is given more than once")
        if edit.remove and isinstance(edit.path[-1], Item):
            raise CannotEdit(
                f"{edit.label} is an item of a list and cannot be removed, because the others would move up and be "
                "found under its number; remove its entries, or take it out by hand"
            )
        here.parts[edit.path[-1]] = REMOVE if edit.remove else _top_want(edit, vaults_strings)
    return goals


def secret_strings(edit: Edit) -> t.Iterator[str]:
    """The strings of an edit that are not meant to be seen."""
    if not edit.remove:
        yield from _vaulted(_top_want(edit, True))


def _vaulted(want: Want) -> t.Iterator[str]:
    if isinstance(want, Leaf):
        if want.is_vaulted:
            yield str(want.value)
        return
    for part in want.values() if isinstance(want, dict) else want:
        yield from _vaulted(part)


def _check_path(edit: Edit) -> None:
    if not edit.path or "" in edit.path:
        raise CannotEdit("a variable needs a name, and no part of a path is empty")
    if not all(step.isprintable() for step in edit.path if isinstance(step, str)):
        raise CannotEdit("a variable name holds a character that cannot be printed")


def _top_want(edit: Edit, vaults_strings: bool) -> Want:
    if not isinstance(edit.value, (str, Mapping)):
        raise CannotEdit(f"the value of {edit.label} is neither a string nor a mapping")
    clear_keys = edit.plaintext_keys if vaults_strings else None
    return _want(edit.value, edit.key, edit, clear_keys)


def _want(value: object, key: str, edit: Edit, clear_keys: frozenset[str] | None) -> Want:
    """Plain Python for whatever Ansible handed over; `clear_keys` None leaves every string clear."""
    if isinstance(value, Mapping):
        return {_key(name, edit): _want(part, _key(name, edit), edit, clear_keys) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_want(part, key, edit, clear_keys) for part in value]
    if isinstance(value, str):
        return Leaf(_text(value, edit), clear_keys is not None and key not in clear_keys, clear_keys is None)
    return Leaf(_plain_scalar(value, edit), False)


def _key(name: object, edit: Edit) -> str:
    if not isinstance(name, str) or not name.isprintable() or not name:
        raise CannotEdit(f"the value of {edit.label} has a key that is not a printable string")
    return str.__str__(name)


def _text(value: str, edit: Edit) -> str:
    # Ansible's tagged and unsafe strings are subclasses; str() would keep them.
    text = str.__str__(value)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise CannotEdit(f"the value of {edit.label} is not valid Unicode text") from None
    if text.startswith("$ANSIBLE_VAULT"):
        raise CannotEdit(f"the value of {edit.label} is cipher text already; give the plain value")
    return text


def _plain_scalar(value: object, edit: Edit) -> int | float | bool | None:
    if value is None or value is True or value is False:
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    raise CannotEdit(f"the value of {edit.label} holds a {type(value).__name__}, which a vars file cannot hold")
