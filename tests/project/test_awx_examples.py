# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The data for AWX in docs/examples/awx fit together, and fit what the collection reads."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.credentials import API_KEY_VARIABLES
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.access import (
    KNOWN_HOSTS_VARIABLE,
    SSH_KEY_VARIABLE,
    TOKEN_VARIABLE,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import STAGES
from jinja2 import Environment, nodes

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "docs" / "examples" / "awx"
READ_BY_US = {
    *API_KEY_VARIABLES,
    "IBMCLOUD_ACCOUNT_ID",
    "IBMCLOUD_IAM_API_ENDPOINT",
    TOKEN_VARIABLE,
    SSH_KEY_VARIABLE,
    KNOWN_HOSTS_VARIABLE,
    # Read by the playbook of the project.
    "CLOUDKEYS_LEAKED_VALUES_FILE",
}
# What Ansible, or a loop, or the role itself defines.
ALWAYS_DEFINED = {"item", "omit", "lookup", "query", "playbook_dir"}
# What the playbooks of the collection take beside the options of roles.
OF_PLAYBOOKS = {"audit_accounts", "leak_accounts"}


def options_of(role: str) -> set[str]:
    specs = yaml.safe_load((ROOT / f"roles/{role}/meta/argument_specs.yml").read_text(encoding="utf-8"))
    return set(specs["argument_specs"]["main"]["options"])


ROLE_OPTIONS = options_of("rotate_api_keys")


class Loader(yaml.SafeLoader):
    """Also knows `!unsafe`, which marks a template that Ansible is to leave alone."""


class Unsafe(str):
    """Such a template."""

    __slots__ = ()


Loader.add_constructor("!unsafe", lambda _loader, node: Unsafe(node.value))


def load(name: str) -> t.Any:
    return yaml.load((EXAMPLES / name).read_text(encoding="utf-8"), Loader=Loader)


def texts(value: t.Any) -> t.Iterator[str]:
    """Every text in nested data."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (text for member in value.values() for text in texts(member))
    elif isinstance(value, list):
        yield from (text for member in value for text in texts(member))


def variables(value: t.Any, *, unsafe: bool = False) -> set[str]:
    """The variables that the templates in nested data use."""
    environment = Environment(autoescape=True)
    return {
        node.name
        for text in texts(value)
        if isinstance(text, Unsafe) == unsafe
        for node in environment.parse(text).find_all(nodes.Name)
    }


def loaded_by_the_playbook() -> dict[str, t.Any]:
    (play,) = load("load.yml")
    return {name: value for file in play["vars_files"] for name, value in load(file).items()}


CREDENTIAL_TYPES = load("credential_types.yml")["cloudkeys_credential_types"]
JOB_TEMPLATES = load("job_templates.yml")["cloudkeys_job_templates"]
each_type = pytest.mark.parametrize("kind", CREDENTIAL_TYPES, ids=lambda kind: kind["name"])


def test_every_variable_that_the_loading_playbook_uses_is_defined() -> None:
    (play,) = load("load.yml")
    defined = loaded_by_the_playbook()

    assert variables([play, defined]) - ALWAYS_DEFINED <= set(defined)


def test_every_file_of_data_is_loaded() -> None:
    (play,) = load("load.yml")
    data = {path.name for path in EXAMPLES.glob("*.yml")} - {"load.yml", "execution-environment.yml"}

    assert set(play["vars_files"]) == data


@each_type
def test_a_credential_type_names_variables_that_we_read_and_fields_that_it_has(kind: dict[str, t.Any]) -> None:
    fields = {field["id"] for field in kind["inputs"]["fields"]}

    assert set(kind["injectors"]["env"]) <= READ_BY_US
    assert variables(kind["injectors"], unsafe=True) == fields | ({"tower"} if "file" in kind["injectors"] else set())
    assert variables(kind) == set()
    assert set(kind["inputs"]["required"]) <= fields


@each_type
def test_what_is_secret_in_a_credential_is_marked_so(kind: dict[str, t.Any]) -> None:
    public = {"account_id", "iam_endpoint", "known_hosts"}

    assert {field["id"] for field in kind["inputs"]["fields"] if not field.get("secret")} <= public


def test_the_credential_types_give_every_variable_for_logging_in_once() -> None:
    given = [name for kind in CREDENTIAL_TYPES for name in kind["injectors"]["env"]]

    assert len(given) == len(set(given))
    assert {TOKEN_VARIABLE, SSH_KEY_VARIABLE, KNOWN_HOSTS_VARIABLE, API_KEY_VARIABLES[0]} <= set(given)


def test_schedules_and_workflow_name_templates_that_exist() -> None:
    workflow = load("workflow.yml")["cloudkeys_workflow"]
    templates = {template["name"] for template in JOB_TEMPLATES}
    scheduled = {schedule["unified_job_template"] for schedule in load("schedules.yml")["cloudkeys_schedules"]}
    used = {
        node["unified_job_template"]["name"]
        for node in workflow["nodes"]
        if node["unified_job_template"]["type"] == "job_template"
    }

    assert scheduled <= templates | {workflow["name"]}
    assert used <= templates


def test_nothing_is_retired_before_a_person_approved() -> None:
    nodes = {node["identifier"]: node for node in load("workflow.yml")["cloudkeys_workflow"]["nodes"]}
    stages = {template["name"]: (template["job_type"], template["extra_vars"]) for template in JOB_TEMPLATES}
    scheduled = {schedule["unified_job_template"] for schedule in load("schedules.yml")["cloudkeys_schedules"]}

    way = ["show"]
    while nodes[way[-1]]["related"]["success_nodes"]:
        (following,) = nodes[way[-1]]["related"]["success_nodes"]
        way.append(following["identifier"])
    types = [nodes[step]["unified_job_template"]["type"] for step in way]

    assert types == ["job_template", "workflow_approval", "job_template"]
    assert stages[nodes["show"]["unified_job_template"]["name"]][0] == "check"
    retiring = {"rotate_api_keys_until": "retired"}
    assert [name for name in scheduled if name in stages and stages[name] == ("run", retiring)] == []


def test_job_templates_set_options_that_the_role_has() -> None:
    for template in JOB_TEMPLATES:
        given = template["extra_vars"]
        assert set(given) <= {*ROLE_OPTIONS, *options_of("audit_api_keys"), *OF_PLAYBOOKS}
        assert given.get("rotate_api_keys_until", STAGES[0]) in STAGES
    rotating = [each for each in JOB_TEMPLATES if each["playbook"] == "{{ cloudkeys_rotate }}"]
    assert [each["extra_vars"]["rotate_api_keys_until"] for each in rotating] == ["published", "retired", "retired"]


@pytest.mark.parametrize("playbook", ["rotate.yml", "rotate_accounts.yml"])
def test_the_playbook_of_the_project_uses_the_answers_of_the_survey_and_options_of_the_role(playbook: str) -> None:
    play = load(f"project/{playbook}")[-1]
    survey = {question["variable"] for question in load("job_templates.yml")["cloudkeys_survey"]["spec"]}
    options = {*play["vars"], *load("project/slots.yml")}

    # `undef` is a function of Ansible.
    assert variables(play) - {"account_api_key", "undef"} == survey
    assert options <= ROLE_OPTIONS


def test_the_audit_of_the_project_sets_options_of_its_role() -> None:
    (play,) = load("project/audit.yml")

    assert set(play["vars"]) <= options_of("audit_api_keys")


def test_no_leaked_value_becomes_a_variable_of_a_job() -> None:
    """The survey asks for ids only, and a credential puts the values into a file."""
    text = (EXAMPLES / "project/revoke_leaked.yml").read_text(encoding="utf-8")
    (kind,) = [kind for kind in CREDENTIAL_TYPES if kind["name"].startswith("Leaked")]
    (template,) = [each for each in JOB_TEMPLATES if each["name"] == "Revoke leaked keys"]

    assert kind["injectors"].keys() == {"file", "env"}
    assert "lookup('ansible.builtin.env', 'CLOUDKEYS_LEAKED_VALUES_FILE')" in text
    assert "revoke_leaked_values:" not in text
    assert (EXAMPLES / "project" / template["playbook"]).exists()
