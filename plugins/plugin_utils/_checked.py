# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Checks a task's arguments as a module does, and quotes nothing in a complaint that may be a secret."""

from __future__ import annotations

import json
import math
import typing as t
from dataclasses import dataclass, field

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import UnsupportedError
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._blanks import why_refused, without_blanks
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._secret_arguments import LONGEST_QUOTED, texts_in
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._secrets import MASK

# What Ansible's check raises instead of telling it.
STUMBLES = (ArithmeticError, TypeError, ValueError)


@dataclass(frozen=True)
class Checked:
    """`options` is what the work gets; `problem` says why there is no work to do; `secrets` are `no_log` values."""

    options: dict[str, t.Any] = field(repr=False)
    problem: str | None
    secrets: frozenset[str] = field(repr=False)
    notes: dict[str, list[t.Any]]


def check_arguments(spec: dict[str, t.Any], task_args: t.Any, action: str, hidden: t.Iterable[str] = ()) -> Checked:
    """Check arguments against an argument spec; `hidden` are texts that are masked however short they are.

    Blank ones are left out, or are the problem (`_blanks.py`).
    """
    args, blank = without_blanks(spec["argument_spec"], plain(task_args))
    checked, unreadable = _validated(spec, args)
    no_mapping = next(_no_mappings(spec["argument_spec"], args), None)
    problem = why_refused(blank) or (f"{no_mapping}. Nothing was changed" if no_mapping else None)
    endless = [] if checked.error_messages else list(_endless(spec["argument_spec"], checked.validated_parameters))
    if endless and not problem:
        problem = (
            f"{endless[0]} has to be a number that ends: it is infinite, or none at all (nan). Nothing was changed"
        )
    if unreadable and not problem:
        problem = f"{min(unreadable)} holds a number that is infinite or too large"
    if checked.error_messages and not problem:
        is_unsupported = isinstance(checked.errors[0], UnsupportedError)
        prefix = f"Unsupported parameters for ({action}) module: " if is_unsupported else ""
        long = (text for text in texts_in(args) if len(text) > LONGEST_QUOTED)
        problem = _without(prefix + str(checked.errors.msg), {*hidden, *long, *checked._no_log_values})
    both = [f"Both option {each['option']} and its alias {each['alias']} are set." for each in checked._warnings]
    notes = {"deprecations": list(checked._deprecations), "warnings": both}
    return Checked(
        checked.validated_parameters,
        problem,
        frozenset({*checked._no_log_values, *(text for text in texts_in(unreadable) if len(text) > LONGEST_QUOTED)}),
        {name: texts for name, texts in notes.items() if texts},
    )


def _endless(spec: t.Any, options: t.Any, inside: str = "") -> t.Iterator[str]:
    """The options that hold nan or infinity: a comparison with these is never what it seems."""
    for name, option in spec.items():
        value = options.get(name)
        if isinstance(value, float) and not math.isfinite(value):
            yield f"{inside}{name}"
        for member in value if isinstance(value, list) else [value]:
            if option.get("options") and isinstance(member, dict):
                yield from _endless(option["options"], member, f"{inside}{name}.")


def _no_mappings(spec: t.Any, options: dict[str, t.Any], inside: str = "") -> t.Iterator[str]:
    """What is said of options that have to be mappings, or lists of them, and are a number, `true` or a list."""
    for name, option in spec.items():
        value, members = options.get(name), option.get("options")
        for member in value if isinstance(value, list) else [value]:
            if members and isinstance(member, dict):
                yield from _no_mappings(members, member, f"{inside}{name}.")
            elif members and not isinstance(member, (str, type(None))):
                wanted = "has to be a list of mappings" if option["type"] == "list" else "has to be a mapping"
                yield f"{inside}{name} {wanted}"


def _validated(spec: dict[str, t.Any], args: dict[str, t.Any]) -> tuple[t.Any, dict[str, t.Any]]:
    """What Ansible's check says, and the arguments that it stumbles over: infinity, or a number in place of a mapping.

    The others are checked all the same, since secrets among them have to be known.
    """
    try:
        return ArgumentSpecValidator(**spec).validate(args), {}
    except STUMBLES:
        options = {name: {**option, "required": False} for name, option in spec["argument_spec"].items()}
        unreadable = {name: value for name, value in args.items() if not _is_readable(options, name, value)}
        rest = {name: value for name, value in args.items() if name not in unreadable}
        return ArgumentSpecValidator(**spec).validate(rest), unreadable


def _is_readable(options: dict[str, t.Any], name: str, value: t.Any) -> bool:
    try:
        ArgumentSpecValidator(options).validate({name: value})
    except STUMBLES:
        return False
    return True


def plain(value: t.Any) -> t.Any:
    """The same data in Python's own types: a value from a playbook or a vault is a subclass with a life of its own."""
    return json.loads(json.dumps(value, default=_as_text))


def _as_text(value: t.Any) -> str:
    return str(value.isoformat()) if hasattr(value, "isoformat") else str(value)


def _without(message: str, texts: t.Iterable[str]) -> str:
    for text in sorted(texts, key=len, reverse=True):
        # The second form is how Python quotes a text with odd characters.
        for form in (text, repr(text)[1:-1]):
            message = message.replace(form, MASK)
    return message
