# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A module's manual, its argument spec, its examples and the lists that name it agree.

Ansible's validate-modules compares manual and spec too, but only of what runs as a module.
"""

from __future__ import annotations

import ast
import importlib
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = "ansible_collections.cloudkeys.ibmcloud.plugins"
MODULES = sorted(path.stem for path in ROOT.glob("plugins/modules/*.py"))
FRAGMENTS = sorted(path.stem for path in ROOT.glob("plugins/doc_fragments/*.py") if path.stem != "attributes")
Options = dict[str, dict[str, t.Any]]


def constants(module: str) -> dict[str, str]:
    """The texts that a module's file assigns at its top: DOCUMENTATION, EXAMPLES and RETURN."""
    tree = ast.parse((ROOT / f"plugins/modules/{module}.py").read_text(encoding="utf-8"))
    return {
        t.cast(ast.Name, node.targets[0]).id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
    }


def manual(module: str) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", yaml.safe_load(constants(module)["DOCUMENTATION"]))


def fragment(name: str) -> Options:
    """The options that a fragment describes; `attributes.info` is the text INFO of `attributes`."""
    file, _dot, text = name.removeprefix("cloudkeys.ibmcloud.").partition(".")
    described = importlib.import_module(f"{PLUGINS}.doc_fragments.{file}").ModuleDocFragment
    return yaml.safe_load(getattr(described, text.upper() or "DOCUMENTATION")).get("options") or {}


def described_options(module: str) -> Options:
    """The options of a module's manual, those of its fragments included."""
    described = manual(module)
    options: Options = {}
    for name in described.get("extends_documentation_fragment", []):
        options |= fragment(name)
    return options | (described.get("options") or {})


def accepted_options(module: str) -> Options:
    """The options that are accepted."""
    return t.cast(Options, spec_of(module)["argument_spec"])


def spec_of(module: str) -> dict[str, t.Any]:
    """The spec of the action if it has one of its own, or of the work."""
    homes = [f"{PLUGINS}.action.{module}", f"{PLUGINS}.module_utils._tasks.{module}"]
    home = homes[0] if (ROOT / f"plugins/action/{module}.py").exists() else homes[1]
    return t.cast("dict[str, t.Any]", importlib.import_module(home).SPEC)


def shape(options: Options, nested_in: str) -> Options:
    """What manual and spec have to agree on."""
    return {
        name: {
            "type": option.get("type", "str"),
            "elements": option.get("elements"),
            "required": option.get("required", False),
            "default": option.get("default"),
            "choices": list(option.get("choices") or []),
            "options": shape(option.get(nested_in) or {}, nested_in),
            "aliases": sorted(option.get("aliases") or []),
        }
        for name, option in options.items()
    }


def example_tasks(tasks: list[dict[str, t.Any]]) -> t.Iterator[dict[str, t.Any]]:
    """Every task of an example, those inside plays and blocks included."""
    for task in tasks:
        inner = [task[part] for part in ("tasks", "pre_tasks", "block", "rescue", "always") if part in task]
        yield from (found for part in inner for found in example_tasks(part))
        yield task


def test_there_are_modules() -> None:
    assert MODULES
    assert FRAGMENTS


@pytest.mark.parametrize("module", MODULES)
def test_the_manual_describes_what_is_accepted(module: str) -> None:
    assert shape(described_options(module), "suboptions") == shape(accepted_options(module), "options")


@pytest.mark.parametrize("name", FRAGMENTS)
def test_a_fragment_and_the_constant_of_its_name_agree(name: str) -> None:
    arguments = importlib.import_module(f"{PLUGINS}.module_utils._arguments")

    assert shape(fragment(name), "suboptions") == shape(getattr(arguments, name.upper()), "options")


@pytest.mark.parametrize("module", MODULES)
def test_the_examples_show_the_module_with_options_that_exist(module: str) -> None:
    tasks = example_tasks(yaml.safe_load(constants(module)["EXAMPLES"]))
    shown = [task[f"cloudkeys.ibmcloud.{module}"] or {} for task in tasks if f"cloudkeys.ibmcloud.{module}" in task]

    assert shown
    assert {name for options in shown for name in options} <= set(described_options(module))


@pytest.mark.parametrize("module", MODULES)
def test_a_module_that_logs_in_is_in_the_action_group(module: str) -> None:
    group = yaml.safe_load((ROOT / "meta/runtime.yml").read_text(encoding="utf-8"))["action_groups"]["iam"]

    assert (module in group) == ("iam_endpoint" in accepted_options(module))


@pytest.mark.skipif(not (ROOT / "README.md").exists(), reason="there is no README.md yet")
@pytest.mark.parametrize("folder", ["modules", "lookup", "roles", "playbooks"])
def test_the_readme_names_everything_that_a_user_can_call(folder: str) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    places = {"roles": "roles/*/", "playbooks": "playbooks/*.yml"}
    names = [path.stem for path in ROOT.glob(places.get(folder, f"plugins/{folder}/*.py"))]

    assert [name for name in names if name not in readme] == []


def test_a_difference_between_manual_and_spec_is_seen() -> None:
    spec = shape({"name": {"required": True}, "vars": {"type": "list", "options": {"a": {}}}}, "options")

    assert spec == shape(
        {"name": {"type": "str", "required": True}, "vars": {"type": "list", "suboptions": {"a": {}}}}, "suboptions"
    )
    assert spec != shape({"name": {"type": "str"}, "vars": {"type": "list", "suboptions": {"a": {}}}}, "suboptions")
    assert spec != shape({"name": {"required": True}, "vars": {"type": "list", "suboptions": {}}}, "suboptions")


def filled_in(options: Options, given: dict[str, t.Any]) -> dict[str, t.Any]:
    """Options of an example with something of the right type for each template."""
    stand_ins = {"list": [], "dict": {}, "bool": True, "int": 1, "float": 1.0}
    filled = {}
    for name, value in given.items():
        option = options.get(name, {})
        if isinstance(value, str) and value.startswith("{{"):
            filled[name] = stand_ins.get(option.get("type", "str"), "something")
        elif isinstance(value, dict) and option.get("options"):
            filled[name] = filled_in(option["options"], value)
        elif isinstance(value, list) and option.get("options"):
            filled[name] = [filled_in(option["options"], one) if isinstance(one, dict) else one for one in value]
        else:
            filled[name] = value
    return filled


def refusals(module: str, given: dict[str, t.Any]) -> list[str]:
    """Why Ansible would not even start the task: options at any depth, their types, what does not go together."""
    spec = {name: rule for name, rule in spec_of(module).items() if name != "supports_check_mode"}
    validated = ArgumentSpecValidator(**spec).validate(filled_in(spec["argument_spec"], given))
    return [str(message) for message in validated.error_messages]


@pytest.mark.parametrize("module", MODULES)
def test_the_examples_would_be_accepted(module: str) -> None:
    name = f"cloudkeys.ibmcloud.{module}"
    tasks = [task for task in example_tasks(yaml.safe_load(constants(module)["EXAMPLES"])) if name in task]
    refused = {task["name"]: refusals(module, task[name] or {}) for task in tasks}

    assert {title: why for title, why in refused.items() if why} == {}


def test_an_example_that_would_be_refused_is_seen() -> None:
    wrong = {"slots": [{"name": "deploy", "file": "secrets.yml", "max_age": 90}]}

    assert "max_age" in str(refusals("iam_api_key_rotation", wrong))
    assert refusals("iam_api_key_info", {"scope": "planet"})
    assert refusals("iam_api_key_info", {"name": "deploy"}) == []
