# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An AWX that takes objects one after the other, and refuses what AWX refuses (rules.py)."""

from __future__ import annotations

from ansible_collections.cloudkeys.ibmcloud.tests.awx.rules import (
    Json,
    check_configuration,
    check_injectors,
    check_inputs,
    check_messages,
    check_rrule,
    check_survey,
    is_of,
    require,
)

# The arguments that we use of each module; awx.awx refuses others, or they are a misspelling.
ARGUMENTS = {
    "credential_type": {"name", "description", "kind", "inputs", "injectors"},
    "execution_environment": {"name", "image", "organization"},
    "project": {"name", "organization", "scm_type", "scm_url", "credential", "scm_update_on_launch", "wait"},
    "inventory": {"name", "organization"},
    "inventory_source": {
        *("name", "inventory", "organization", "source", "source_project", "source_path"),
        *("overwrite", "overwrite_vars", "update_on_launch"),
    },
    "notification_template": {
        *("name", "organization", "notification_type", "notification_configuration", "messages"),
    },
    "job_template": {
        *("name", "description", "job_type", "organization", "inventory", "project", "playbook", "credentials"),
        *("execution_environment", "extra_vars", "survey_enabled", "survey_spec", "ask_credential_on_launch"),
        *("notification_templates_success", "notification_templates_error", "allow_simultaneous", "timeout"),
    },
    "workflow_job_template": {
        *("name", "organization", "notification_templates_approvals", "schema", "destroy_current_schema"),
    },
    "schedule": {"name", "unified_job_template", "rrule"},
}


class Controller:
    """What was made so far; each object may name those before it."""

    def __init__(self, *credentials: str) -> None:
        self.made: dict[str, dict[str, Json]] = {"credential": {name: {} for name in credentials}}

    def make(self, kind: str, given: Json) -> None:
        """Take an object, or raise Refused."""
        require(set(given) <= ARGUMENTS[kind], f"unknown arguments: {set(given) - ARGUMENTS.get(kind, set())}")
        require(given.get("name"), "a name is required")
        check = getattr(self, f"_{kind}", None)
        if check:
            check(given)
        self.made.setdefault(kind, {})[given["name"]] = given

    def _named(self, kind: str, *names: str) -> None:
        for name in names:
            require(name in self.made.get(kind, {}), f"there is no {kind} named {name!r}")

    def _credential_type(self, given: Json) -> None:
        require(given["kind"] in ("cloud", "net"), "kind has to be cloud or net")
        check_inputs(given["inputs"])
        check_injectors(given["inputs"], given["injectors"])

    def _inventory_source(self, given: Json) -> None:
        require(given["source"] == "scm", "source is no choice that we use")
        self._named("inventory", given["inventory"])
        self._named("project", given["source_project"])

    def _notification_template(self, given: Json) -> None:
        check_configuration(given["notification_type"], given["notification_configuration"])
        check_messages(given["messages"])

    def _job_template(self, given: Json) -> None:
        require(given["job_type"] in ("run", "check"), "job_type is no choice")
        self._named("project", given["project"])
        self._named("inventory", given["inventory"])
        self._named("execution_environment", given["execution_environment"])
        self._named("credential", *given["credentials"])
        self._named(
            "notification_template", *given["notification_templates_success"], *given["notification_templates_error"]
        )
        require(isinstance(given["extra_vars"], dict), "extra_vars is no mapping")
        if given["survey_enabled"]:
            check_survey(given["survey_spec"])

    def _workflow_job_template(self, given: Json) -> None:
        self._named("notification_template", *given["notification_templates_approvals"])
        identifiers = [node["identifier"] for node in given["schema"]]
        require(len(identifiers) == len(set(identifiers)), "two nodes have one identifier")
        for node in given["schema"]:
            template = node["unified_job_template"]
            if template["type"] == "job_template":
                self._named("job_template", template["name"])
            else:
                require(template["type"] == "workflow_approval", f"unknown type {template['type']}")
                require(is_of(template["timeout"], int), "timeout is no number")
            require(
                {*node["related"]} == {"success_nodes", "failure_nodes", "always_nodes", "credentials"},
                "related has to have all four",
            )
            followers = [each["identifier"] for name in node["related"] for each in node["related"][name]]
            require(set(followers) <= set(identifiers), f"unknown nodes: {followers}")

    def _schedule(self, given: Json) -> None:
        known = {**self.made.get("job_template", {}), **self.made.get("workflow_job_template", {})}
        require(given["unified_job_template"] in known, f"there is no template {given['unified_job_template']!r}")
        check_rrule(given["rrule"])
