# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which key of a mapping a step of a path means: by what YAML says the key is, and never by a guess."""

from __future__ import annotations

import datetime
import typing as t

import yaml
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._out.for_yaml import STR_TAG, implied_tag
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.nodes import Node, Page
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.pair_index import look_of
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.path import Step, Typed
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import CannotEdit

_YAML = "tag:yaml.org,2002:"
SCALAR_TAGS = frozenset(_YAML + name for name in ("null", "bool", "int", "float"))
TIMESTAMP_TAG = _YAML + "timestamp"
_KINDS = {"bool": "a truth value", "NoneType": "null", "date": "a date", "datetime": "a date"}


def pair(page: Page, mapping: Node, step: Step) -> tuple[Node, Node] | None:
    """Key and value of a step; one that stands there twice, may come from elsewhere or has a twin is refused."""
    if isinstance(step, str):
        found = mapping.index.by_name.get(step)
        is_twice = step in mapping.index.names_given_twice
        same = [key for key, _value in mapping.pairs if key.value == step and key.is_text] if is_twice else []
    else:
        pairs = [each for each in mapping.index.odd if _is_equal(step_of(each[0]), step)]
        found = next((each for each in pairs if step_of(each[0]) == step), None)
        same, is_twice = [key for key, _value in pairs], len(pairs) > 1
    if found is None:
        _refuse_other_sources(page, mapping, step)
        return None
    if is_twice:
        lines = ", ".join(str(page.line(key.start)) for key in same)
        raise CannotEdit(f"{_shown(step)} is defined more than once (lines {lines}); remove all but one")
    return found


def step_of(key: Node) -> str | Typed | None:
    """What a scalar is to YAML: a text, or something typed; None for what has a tag of its own."""
    if key.kind != "scalar" or key.is_vault:
        return None
    return key.value if key.is_text else _typed(key.resolved_tag, key.value)


def construct(tag: str, text: str) -> t.Any:
    """Plain Python for a scalar; raises ValueError when the text does not suit the tag."""
    constructor: t.Any = yaml.constructor.SafeConstructor()
    return constructor.construct_object(yaml.ScalarNode(tag, text))


def _typed(tag: str, text: str) -> Typed | None:
    if tag not in SCALAR_TAGS and tag != TIMESTAMP_TAG:
        return None
    try:
        value = construct(tag, text)
    except (ValueError, KeyError):
        return None
    return Typed.of(value) if isinstance(value, (int, float, datetime.date, type(None))) else None


def _refuse_other_sources(page: Page, mapping: Node, step: Step) -> None:
    """A step without a key of its own is not simply missing when it may be there in another guise."""
    for key in mapping.index.merge_keys:
        raise CannotEdit(f"{_shown(step)} may come from the merge key '<<' in line {page.line(key.start)}")
    if isinstance(step, str) and look_of(step) in mapping.index.by_look:
        line = page.line(mapping.index.by_look[look_of(step)][0].start)
        raise CannotEdit(
            f"the key in line {line} looks like {_shown(step)}, and is written with other characters or blanks; copy "
            "it from the file"
        )
    for key in _twins(mapping, step):
        found = step_of(key)
        if isinstance(found, Typed) and not isinstance(step, str):
            raise CannotEdit(
                f"the key {found.shown} in line {page.line(key.start)} is the same as {_shown(step)} once it is read; "
                f"give it as it is there, such as [{found.shown}]"
            )
        if isinstance(found, Typed):
            kind = _KINDS.get(found.kind, "a number")
            how = f"give the name as a list in which it is one too, such as [{found.shown}]"
            raise CannotEdit(f"the key {_shown(step)} in line {page.line(key.start)} is {kind} and no text; {how}")
        raise CannotEdit(
            f"the key {_shown(step)} in line {page.line(key.start)} is a text, or has a tag; give it in quotes"
        )


def _twins(mapping: Node, step: Step) -> t.Iterator[Node]:
    """Keys that people read as the same, and YAML does not."""
    if isinstance(step, str):
        tag = implied_tag(step)
        meaning = _typed(tag, step) if tag != STR_TAG else None
        for key, _value in mapping.index.odd:
            if not key.is_vault and (key.value == step or (meaning is not None and step_of(key) == meaning)):
                yield key
        return
    yield from (key for key, _value in mapping.index.odd if _is_equal(step_of(key), step))
    for name, (key, _value) in mapping.index.by_name.items():
        if name == getattr(step, "shown", "") or _typed(implied_tag(name), name) == step:
            yield key


def _is_equal(one: object, other: object) -> bool:
    """Python's own idea, by which a mapping in memory has only one of 1, 1.0 and true."""
    return isinstance(one, Typed) and isinstance(other, Typed) and one.value == other.value


def _shown(step: Step) -> str:
    return repr(step) if isinstance(step, str) else step.shown
