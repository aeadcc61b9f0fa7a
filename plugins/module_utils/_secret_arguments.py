# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which texts among a task's arguments are secret, or may be: told before anything is checked, whatever their types.

Nothing here raises: what is wrong with the arguments is somebody else's question, and comes later.
"""

from __future__ import annotations

import contextlib
import json
import re
import typing as t

from ansible.module_utils.common.parameters import DEFAULT_TYPE_VALIDATORS
from ansible.module_utils.common.validation import check_type_dict, check_type_list
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._addresses import hidden_parts

Options = t.Mapping[str, t.Mapping[str, t.Any]]

# A mistyped choice or number is shorter than this, a key or a token longer.
LONGEST_QUOTED = 20
# The options that are an address, of IAM and of Git.
ADDRESSES = frozenset({"iam_endpoint", "repository"})
# ansible-core has no types for these.
_VALIDATORS: dict[str, t.Any] = DEFAULT_TYPE_VALIDATORS
# The value of a key, or a token of IAM or a Git server. IBM Cloud's own ids look alike, and end in a UUID.
_LIKE_A_VALUE = re.compile(
    r"(?!(?:iam-)?[A-Za-z]+-[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-)"
    r"(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9])(?:[A-Za-z0-9_-]{32,}|eyJ[A-Za-z0-9._-]{32,})"
)


def secret_texts(options: Options, given: t.Any) -> t.Iterator[str]:
    """The texts in options that are marked as secret, at any depth: also in a list where a text belongs."""
    for option, value in _given(options, given):
        if option is None:
            continue
        if option.get("no_log"):
            yield from texts_in(value, names=True)
        elif option.get("options"):
            for member in _mappings(value):
                yield from secret_texts(option["options"], member)


def doubtful_texts(options: Options, given: t.Any) -> t.Iterator[str]:
    """The texts that stand where nothing of theirs belongs, for which the task is refused.

    A secret under a misspelled name, or a key in the place of a switch, a number, a list or a choice.
    """
    if given is not None and not isinstance(given, t.Mapping):
        yield from _long(given)
    for option, value in _given(options, given):
        if option is None:
            yield from texts_in(value, names=True)
        elif option.get("options"):
            for member in _mappings(value):
                yield from doubtful_texts(option["options"], member)
        elif not _fits(option, value):
            yield from _long(value)


def of_the_task(given: t.Any) -> t.Any:
    """The arguments without Ansible's own, which it puts among them: a message may tell the name of the module."""
    if not isinstance(given, t.Mapping):
        return given
    return {name: value for name, value in given.items() if not _text(name).startswith("_ansible_")}


def texts_like_a_value(given: t.Any) -> t.Iterator[str]:
    """The texts that look like the value of a key, wherever they stand."""
    yield from filter(_LIKE_A_VALUE.fullmatch, texts_in(given, names=True))


def parts_of_a_secret(given: t.Any, secrets: t.Collection[str]) -> t.Iterator[str]:
    """The texts that stand within a secret one: an argument may have words around what a loop goes over."""
    long = (text for text in texts_in(given, names=True) if len(text) > LONGEST_QUOTED)
    yield from (text for text in long if any(text in secret for secret in secrets))


def hidden_in_addresses(given: t.Any, *, is_meant: bool = False) -> t.Iterator[str]:
    """What nobody may see of addresses, in whatever option they stand (docs/decisions/0039)."""
    if isinstance(given, t.Mapping):
        for name, member in given.items():
            yield from hidden_in_addresses(member, is_meant=_text(name) in ADDRESSES)
    elif isinstance(given, (list, tuple)):
        for member in given:
            yield from hidden_in_addresses(member, is_meant=is_meant)
    else:
        for text in texts_in(given):
            yield from hidden_parts(text, is_meant=is_meant)


def texts_in(value: t.Any, *, names: bool = False) -> t.Iterator[str]:
    """Every text and number among the values, as a message would quote it; with `names` those of mappings too."""
    if isinstance(value, t.Mapping):
        for name, member in value.items():
            yield from texts_in(name) if names else ()
            yield from texts_in(member, names=names)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for member in value:
            yield from texts_in(member, names=names)
    elif value is not None and not isinstance(value, bool):
        text = _text(value)
        yield from filter(None, dict.fromkeys((text, text.strip())))


def _given(options: Options, given: t.Any) -> t.Iterator[tuple[t.Mapping[str, t.Any] | None, t.Any]]:
    """Each option that is given, under its name or another one; None for a name that no option has."""
    known = {alias: option for name, option in options.items() for alias in (name, *(option.get("aliases") or ()))}
    for name, value in given.items() if isinstance(given, t.Mapping) else ():
        yield known.get(_text(name)), value


def _mappings(value: t.Any) -> list[t.Any]:
    """The mappings that a list or a mapping of options holds, or a text that may be meant as such."""
    parts = _read((json.loads, check_type_list), value)
    return [_read((json.loads, check_type_dict), part) for part in (parts if isinstance(parts, list) else [parts])]


def _read(readers: t.Iterable[t.Callable[[t.Any], t.Any]], value: t.Any) -> t.Any:
    """What the first of these reads in a text; the text itself when none of them can, and what is no text."""
    for reader in readers if isinstance(value, str) else ():
        with contextlib.suppress(Exception):
            return reader(value)
    return value


def _fits(option: t.Mapping[str, t.Any], value: t.Any) -> bool:
    kind = option.get("type", "str")
    choices = option.get("choices")
    try:
        read = _VALIDATORS[kind](value)
        parts = read if kind == "list" else [read]
        member = _VALIDATORS[option.get("elements", "raw")] if kind == "list" else None
        return all((member is None or member(part) is not None) and (not choices or part in choices) for part in parts)
    except Exception:
        return False


def _long(value: t.Any) -> t.Iterator[str]:
    yield from (text for text in texts_in(value, names=True) if len(text) > LONGEST_QUOTED)


def _text(value: t.Any) -> str:
    # Ansible's own kinds of text: one that cannot be decrypted raises, and shows nothing.
    try:
        return str(value)
    except Exception:
        return ""
