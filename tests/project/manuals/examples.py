# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is wrong with the examples of a manual: they are read as Ansible reads them, and checked against the specs."""

from __future__ import annotations

import json
import re
import shlex
import typing as t

import jinja2
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.parsing.splitter import parse_kv
from ansible.playbook.task import Task

from .manual import Manual

Spec = dict[str, t.Any]
Specs = t.Mapping[str, Spec]
Problems = t.Iterator[str]

TASK_KEYWORDS = set(Task.fattributes)
INNER = ("tasks", "pre_tasks", "block", "rescue", "always")
FQCN = re.compile(r"\w+\.\w+\.\w+")
RULES = ("mutually_exclusive", "required_together", "required_one_of", "required_if", "required_by")
# Stands for what a template would give; the right value cannot be known.
STANDS_FOR: dict[str, t.Any] = {"int": 1, "float": 1.0, "bool": True, "list": [], "dict": {}}


def tasks_of(part: t.Any) -> t.Iterator[dict[str, t.Any]]:
    """Every task, those inside plays and blocks included."""
    for task in part or []:
        inner = [task[name] for name in INNER if name in task]
        if inner:
            yield from (found for tasks in inner for found in tasks_of(tasks))
        else:
            yield task


def examples_are_tasks(manual: Manual, specs: Specs) -> Problems:
    """Each task has a name, names its module in full, and its options pass the module's own checks."""
    if manual.kind == "role":
        return
    tasks = list(tasks_of(yaml.safe_load(manual.examples)))
    if not tasks:
        yield "there are no examples"
    for task in tasks:
        modules = task.keys() - TASK_KEYWORDS
        called = f"example {task.get('name')!r}"
        if "name" not in task or len(modules) != 1:
            yield f"{called} has no name or not one module"
        for module in modules:
            if not FQCN.fullmatch(module):
                yield f"{called}: {module} is not named in full"
            elif module in specs:
                found = problems_of_options(specs[module], task[module] or {})
                yield from (f"{called}: {problem}" for problem in found)
        yield from (f"{called}: {problem}" for problem in problems_of_lookups(specs, task))


def examples_show_each_use(manual: Manual, specs: Specs) -> Problems:
    """A playbook, AWX and the command line."""
    if manual.kind == "role":
        return
    tasks = list(tasks_of(yaml.safe_load(manual.examples)))
    if manual.name not in {module for task in tasks for module in task} | {name for name, _given in lookups_in(tasks)}:
        yield "no example calls it"
    if not re.search(r"^# In AWX", manual.examples, re.MULTILINE):
        yield "no example says `# In AWX`"
    lines = command_lines(manual.examples)
    if not lines:
        yield "no comment shows `ansible localhost -m ...`"
    for line in lines:
        words = shlex.split(line)
        module = words[words.index("-m") + 1]
        given = words[words.index("-a") + 1] if "-a" in words else ""
        if module not in specs:
            yield f"ad hoc: there is no {module}"
            continue
        options = json.loads(given) if given.startswith("{") and not given.startswith("{{") else parse_kv(given)
        yield from (f"ad hoc: {problem}" for problem in problems_of_options(specs[module], options))


def command_lines(examples: str) -> list[str]:
    """The calls of `ansible` in the comments, each with its continued lines."""
    comments = re.sub(r"\\\n#\s*", "", examples)
    return re.findall(r"^#\s+(ansible localhost -m .+)$", comments, re.MULTILINE)


def problems_of_options(spec: Spec, options: dict[str, t.Any]) -> Problems:
    rules = {name: spec[name] for name in RULES if name in spec}
    filled = filled_in(spec["argument_spec"], options)
    checked = ArgumentSpecValidator(spec["argument_spec"], **rules).validate(filled)
    yield from checked.error_messages


def filled_in(argument_spec: Spec, options: dict[str, t.Any]) -> dict[str, t.Any]:
    """The options with something of the right type in place of each template."""
    return {name: _filled(argument_spec.get(name) or {}, value) for name, value in options.items()}


def _filled(option: Spec, value: t.Any) -> t.Any:
    if isinstance(value, str) and "{{" in value:
        return (option.get("choices") or [STANDS_FOR.get(option.get("type", "str"), "x")])[0]
    if isinstance(value, dict) and "options" in option:
        return filled_in(option["options"], value)
    if isinstance(value, list):
        return [_filled({**option, "type": option.get("elements", "str")}, member) for member in value]
    return value


def problems_of_lookups(specs: Specs, task: t.Any) -> Problems:
    for name, options in lookups_in(task):
        if not FQCN.fullmatch(name):
            yield f"the lookup {name} is not named in full"
        unknown = options - specs[name]["argument_spec"].keys() if name in specs else set()
        yield from (f"the lookup {name} has no option {option}" for option in sorted(unknown))


def lookups_in(part: t.Any) -> t.Iterator[tuple[str, set[str]]]:
    """The lookups that the templates in it call, and the options they are given."""
    for text in _texts_in(part):
        for call in jinja2.Environment(autoescape=True).parse(text).find_all(jinja2.nodes.Call):
            if isinstance(call.node, jinja2.nodes.Name) and call.node.name in ("lookup", "query", "q"):
                yield getattr(call.args[0], "value", ""), {given.key for given in call.kwargs}


def _texts_in(part: t.Any) -> t.Iterator[str]:
    if isinstance(part, str):
        yield part
    elif isinstance(part, (list, dict)):
        for member in part.values() if isinstance(part, dict) else part:
            yield from _texts_in(member)
