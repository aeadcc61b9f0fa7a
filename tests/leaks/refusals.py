# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every reason for which a task is refused, read from the code: its argument specs, and the actions themselves.

A reason is a set of arguments that must be refused, with a secret of its own in each place that may hold one. A new
option, a new rule of a spec or a new module is in by itself; a kind of rule that nobody thought of stops the lab.
"""

from __future__ import annotations

import importlib
import secrets
import typing as t
from dataclasses import dataclass, field

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._blanks import without_blanks
from ansible_collections.cloudkeys.ibmcloud.tests.faults.iam_server import ROOT

Spec = dict[str, t.Any]
Arguments = dict[str, t.Any]
NewSecret = t.Callable[[str], str]
Change = t.Callable[[NewSecret], Arguments]

MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))
# What an option or a spec may say. A word that is new here may be a new way to refuse: think of one, then add it.
WORDS_OF_AN_OPTION = {
    *("type", "elements", "options", "choices", "default", "required", "no_log"),
    *("mutually_exclusive", "required_one_of"),
}
WORDS_OF_A_SPEC = {"argument_spec", "mutually_exclusive", "required_one_of", "required_by"}
# Any text, or anything at all, fits these.
TAKE_ANY_TEXT = {"str", "path", "raw"}
SAMPLES: dict[str, t.Any] = {"str": "x", "path": "x.yml", "raw": "x", "bool": True, "int": 1, "float": 1.0}


@dataclass(frozen=True)
class Reason:
    """`kind` is what several options have in common; `secrets` are those that stand in `args`, by their place."""

    module: str
    kind: str
    name: str
    args: Arguments = field(repr=False)
    secrets: dict[str, str] = field(repr=False)


def spec_of(module: str) -> Spec:
    path = f"ansible_collections.cloudkeys.ibmcloud.plugins.action.{module}"
    return t.cast(Spec, importlib.import_module(path).ActionModule.spec)


def reasons_of(module: str) -> list[Reason]:
    """Every way in which the arguments of this module can be refused before anything is done."""
    spec = spec_of(module)
    return [_reason(module, kind, name, change) for kind, name, change in _changes(spec)]


def sound(spec: Spec, new_secret: NewSecret) -> Arguments:
    """As few arguments as are accepted, with a secret in each option at the top that is marked as one."""
    options = spec.get("argument_spec") or spec.get("options") or {}
    args = {name: _sample(option, new_secret) for name, option in options.items() if option.get("required")}
    for group in spec.get("required_one_of", ()):
        if not set(group) & set(args):
            args[group[0]] = _sample(options[group[0]], new_secret)
    taken = {name for group in spec.get("mutually_exclusive", ()) if set(group) & set(args) for name in group}
    for name, option in options.items():
        if option.get("no_log") and name not in taken and not args.keys() & INSTEAD.get(name, set()):
            args[name] = [new_secret(name)] if option.get("type") == "list" else new_secret(name)
    return args


# One credential is enough.
INSTEAD = {"token": {"api_key"}}


def _reason(module: str, kind: str, name: str, change: Change) -> Reason:
    found: dict[str, str] = {}

    def new_secret(place: str) -> str:
        found[f"{module}, {kind} {name}: {place}"] = value = secrets.token_urlsafe(33)
        return value

    return Reason(module, kind, name, change(new_secret), found)


def _sample(option: Spec, new_secret: NewSecret) -> t.Any:
    if "choices" in option:
        return option["choices"][0]
    kind = option.get("type", "str")
    if kind == "list":
        member = {**option, "type": option.get("elements", "str")}
        return [_sample(member, new_secret)]
    return sound(option, new_secret) if kind == "dict" else SAMPLES[kind]


def _changes(spec: Spec, path: str = "") -> t.Iterator[tuple[str, str, Change]]:
    """What can be wrong in one mapping of options; each yields the whole mapping."""
    unknown = set(spec) - WORDS_OF_A_SPEC - (WORDS_OF_AN_OPTION if path else set())
    assert not unknown, f"a kind of rule that the lab does not know: {unknown}"
    options: Spec = spec.get("argument_spec") or spec.get("options") or {}
    yield "unknown option", f"{path}nonsense", lambda new: {**sound(spec, new), "nonsense": new("value")}
    yield "unknown mapping", f"{path}nonsense", lambda new: {**sound(spec, new), "nonsense": [{"a": new("value")}]}
    for name in options:
        if not path and without_blanks(options, {**sound(spec, str), name: ""})[1]:
            yield "blank option", name, lambda new, name=name: {**sound(spec, new), name: ""}
    for name, option in options.items():
        assert set(option) <= WORDS_OF_AN_OPTION, f"{path}{name} has something that the lab does not know"
        yield from _of_option(spec, name, option, path)
    for group in spec.get("mutually_exclusive", ()):
        yield "conflict", f"{path}{'+'.join(group)}", lambda new, g=group: _conflict(spec, options, g, new)
    for name, others in spec.get("required_by", {}).items():
        yield "alone", f"{path}{name}", lambda new, n=name, o=others: _alone(spec, options, n, o, new)
    for group in spec.get("required_one_of", ()):
        yield "none of", f"{path}{'+'.join(group)}", lambda new, g=group: _without(sound(spec, new), g)


def _of_option(spec: Spec, name: str, option: Spec, path: str) -> t.Iterator[tuple[str, str, Change]]:
    place, kind = f"{path}{name}", option.get("type", "str")
    if option.get("no_log"):
        yield "misspelled secret", f"{place}s", lambda new: {**sound(spec, new), f"{name}s": new("value")}
        for wrong, wrap in WRAPPED.items():
            yield f"secret as {wrong}", place, lambda new, w=wrap: {**sound(spec, new), name: w(new), "nonsense": 1}
    if option.get("required"):
        yield "missing option", place, lambda new: _without(sound(spec, new), [name])
    if kind not in TAKE_ANY_TEXT:
        yield f"text as {kind}", place, lambda new: {**sound(spec, new), name: new("value")}
    if "choices" in option:
        yield "no choice", place, lambda new: {**sound(spec, new), name: new("value")}
    if option.get("options"):
        for inner_kind, inner_name, change in _changes(option, f"{place}."):
            many = kind == "list"
            yield (
                inner_kind,
                inner_name,
                lambda new, c=change, m=many: {**sound(spec, new), name: [c(new)] if m else c(new)},
            )


WRAPPED: dict[str, t.Callable[[NewSecret], t.Any]] = {
    "text": lambda new: new("value"),
    "list": lambda new: [new("first"), new("second")],
    "mapping": lambda new: {"a": {"b": new("value")}},
}


def _without(args: Arguments, names: t.Iterable[str]) -> Arguments:
    return {name: value for name, value in args.items() if name not in set(names)}


def _conflict(spec: Spec, options: Spec, group: t.Sequence[str], new_secret: NewSecret) -> Arguments:
    given = {
        name: new_secret(name) if options[name].get("no_log") else _sample(options[name], new_secret) for name in group
    }
    return {**sound(spec, new_secret), **given}


def _alone(spec: Spec, options: Spec, name: str, others: t.Iterable[str], new_secret: NewSecret) -> Arguments:
    """An option without those that it needs beside it."""
    return {**_without(sound(spec, new_secret), others), name: _sample(options[name], new_secret)}


def reason_of_the_work(module: str) -> Reason:
    """Arguments that are accepted, with a secret in every option that holds one, for a refusal by the work itself."""
    spec = spec_of(module)
    return _reason(module, "refusal by the work", "", lambda new: _full(spec, new))


def _full(spec: Spec, new_secret: NewSecret) -> Arguments:
    args = sound(spec, new_secret)
    for name, option in (spec.get("argument_spec") or spec.get("options") or {}).items():
        inner = option.get("options")
        taken = {other for group in spec.get("mutually_exclusive", ()) if name in group for other in group} & set(args)
        if inner and not taken - {name}:
            part = _full(option, new_secret)
            args[name] = [part] if option["type"] == "list" else part
        elif name == "value":
            args[name] = new_secret(name)
    return args
