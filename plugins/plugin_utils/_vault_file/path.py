# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The one grammar of places: how people name an entry of a vars file, in a task, on the command line, in a slot.

A name is a variable; a list leads on from it. A text is a key, a number is a place in a list or a key that is a number,
and a mapping picks the one item of a list that has these members. The same as a JSON text is the same path.
"""

from __future__ import annotations

import datetime
import json
import keyword
import math
import re
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import CannotEdit

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
# Whatever a vars file says, a play gets its own under these names, or with the last of them loses what templates need.
_OF_ANSIBLE = frozenset(
    {
        "ansible_check_mode",
        "ansible_config_file",
        "ansible_dependent_role_names",
        "ansible_diff_mode",
        "ansible_facts",
        "ansible_forks",
        "ansible_inventory_sources",
        "ansible_limit",
        "ansible_play_batch",
        "ansible_play_hosts",
        "ansible_play_hosts_all",
        "ansible_play_name",
        "ansible_play_role_names",
        "ansible_playbook_python",
        "ansible_role_name",
        "ansible_role_names",
        "ansible_run_tags",
        "ansible_search_path",
        "ansible_skip_tags",
        "ansible_verbosity",
        "ansible_version",
        "environment",
        "group_names",
        "groups",
        "hostvars",
        "inventory_dir",
        "inventory_file",
        "inventory_hostname",
        "inventory_hostname_short",
        "play_hosts",
        "playbook_dir",
        "role_name",
        "role_names",
        "role_path",
        "role_uuid",
        "self",
        "vars",
        "lookup",
        "omit",
        "q",
        "query",
    }
)
# What people put between the parts of a path when they write it as one name.
_SEPARATORS = re.compile(r"[./:]|\[['\"]?|['\"]?\]")
_FORM = "a name, or a list that leads to an entry: texts, numbers, and mappings that pick an item of a list"


@dataclass(frozen=True)
class Typed:
    """A key or member that is no text; `kind` keeps 1, 1.0 and true apart, which Python takes for equal."""

    kind: str
    value: int | float | bool | datetime.date | None

    @classmethod
    def of(cls, value: t.Any) -> Typed:
        return cls(type(value).__name__, value)

    @property
    def shown(self) -> str:
        return str(self.value) if isinstance(self.value, datetime.date) else json.dumps(self.value)


@dataclass(frozen=True)
class Pick:
    """The one item of a list that has these members, sorted by their names."""

    members: tuple[tuple[str, str | Typed], ...]

    @property
    def shown(self) -> str:
        members = (f"{name}: {value.shown if isinstance(value, Typed) else value}" for name, value in self.members)
        return "{" + ", ".join(members) + "}"


@dataclass(frozen=True)
class Item:
    """A place in a list of one text, which a number or a Pick was found to mean."""

    number: int

    @property
    def shown(self) -> str:
        return str(self.number)


Step = t.Union[str, Typed, Pick, Item]
Path = tuple[Step, ...]


def parse_path(given: object, option: str = "name") -> Path:
    """The path that a user gave; raises CannotEdit, which names the option, for anything else."""
    if isinstance(given, str) and given.lstrip().startswith("["):
        given = _from_json(given, option)
    steps = given if isinstance(given, (list, tuple)) else [given]
    if not steps or not isinstance(given, (list, tuple, str)):
        raise CannotEdit(f"{option} must be {_FORM}")
    return tuple(_step(step, option) for step in steps)


def shown_path(path: Sequence[Step]) -> str:
    """A path for people, in messages and diffs."""
    return " / ".join(step if isinstance(step, str) else step.shown for step in path)


def plain_path(path: Sequence[Step]) -> list[t.Any]:
    """A path as a task takes it, in plain data; a date becomes the text that stands for it."""
    return [_plain(step) for step in path]


def canonical(path: Path) -> str:
    """One text for each path: the name of a variable as it is, every longer path as JSON; `parse_path` reads it."""
    if len(path) == 1 and isinstance(path[0], str) and not path[0].lstrip().startswith("["):
        return path[0]
    return json.dumps(plain_path(path), ensure_ascii=False)


def overlap(one: Path, other: Path) -> bool:
    """Tell whether one path may lead to the other's place, or to something around it.

    Items of one list that are picked in different ways may be the same; only the file could tell.
    """
    return all(_may_be_same(step, another) for step, another in zip(one, other))


def check_new_variable(name: Step) -> None:
    """Refuse a new variable that no template could use; raises CannotEdit with the path that was probably meant."""
    if name in _OF_ANSIBLE:
        raise CannotEdit(
            f"{name!r} is a name that Ansible keeps for something of its own, so no play would read a variable that is "
            "called like that; choose another name"
        )
    if isinstance(name, str) and _is_variable(name):
        return
    shown = shown_path((name,))
    meant = meant_by(name)
    hint = f"; if an entry of a mapping is meant, give the list {json.dumps(list(meant))}" if meant else ""
    raise CannotEdit(
        f"{shown!r} is not there, and no name that Ansible accepts for a new variable (letters, digits and "
        f"underscores, and no word of Python){hint}"
    )


def meant_by(name: Step) -> tuple[str, ...] | None:
    """The path that a name such as `a.b` was probably meant to be."""
    parts = [part for part in _SEPARATORS.split(name) if part] if isinstance(name, str) else []
    return tuple(parts) if len(parts) > 1 and _is_variable(parts[0]) else None


def _is_variable(name: str) -> bool:
    return _VARIABLE.fullmatch(name) is not None and not keyword.iskeyword(name)


def _from_json(text: str, option: str) -> object:
    try:
        return json.loads(text, object_pairs_hook=_members_once, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise CannotEdit(
            f'{option} begins with a bracket and is no list in JSON, which has double quotes: \'["keys", "ci"]\''
        ) from None


def _members_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError
    return members


def _no_number(_text: str) -> object:
    raise ValueError


def _step(given: object, option: str) -> Step:
    if isinstance(given, Mapping):
        return _pick(given, option)
    step = _scalar(given)
    if step is None:
        raise CannotEdit(f"{option} must be {_FORM}")
    if isinstance(step, str):
        _check_text(step, option)
    return step


def _pick(given: Mapping[t.Any, object], option: str) -> Pick:
    members = {}
    for name, value in given.items():
        member = _scalar(value)
        if not isinstance(name, str) or member is None:
            raise CannotEdit(f"{option}: a mapping that picks an item holds names with texts, numbers or truth values")
        members[str.__str__(name)] = member
    if not members:
        raise CannotEdit(f"{option}: a mapping that picks an item names at least one member")
    for text in (*members, *(value for value in members.values() if isinstance(value, str))):
        if not text.isprintable():
            raise CannotEdit(f"{option} holds a character that cannot be printed")
    return Pick(tuple(sorted(members.items(), key=lambda member: member[0])))


def _check_text(text: str, option: str) -> None:
    if not text:
        raise CannotEdit(f"{option} is empty or has an empty part; it needs the name of a variable")
    if not text.isprintable():
        raise CannotEdit(f"{option} holds a character that cannot be printed")


def _scalar(given: object) -> str | Typed | None:
    """Plain Python for whatever Ansible handed over; its tagged texts and numbers are subclasses."""
    if isinstance(given, str):
        return str.__str__(given)
    if given is None or given is True or given is False:
        return Typed.of(given)
    for kind in (int, float):
        if isinstance(given, kind):
            # What is not even equal to itself is found nowhere, and would be taken for gone.
            return None if kind is float and math.isnan(given) else Typed.of(kind(given))
    if isinstance(given, datetime.datetime):
        return Typed.of(datetime.datetime.fromisoformat(given.isoformat()))
    if isinstance(given, datetime.date):
        return Typed.of(datetime.date(given.year, given.month, given.day))
    return None


def _plain(step: Step) -> t.Any:
    if isinstance(step, Typed):
        return str(step.value) if isinstance(step.value, datetime.date) else step.value
    if isinstance(step, Item):
        return step.number
    if isinstance(step, Pick):
        return {name: _plain(value) for name, value in step.members}
    return step


def _may_be_same(one: Step, other: Step) -> bool:
    if one == other:
        return True
    if isinstance(one, Pick) and isinstance(other, Pick):
        mine, others = dict(one.members), dict(other.members)
        return all(mine[name] == others[name] for name in mine.keys() & others.keys())
    kinds = {type(one), type(other)}
    return Pick in kinds and bool(kinds & {Typed, Item})
