# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What AWX refuses of the objects that it is given; a text of ours for each of its rules.

Rules: awx/main/fields.py (CredentialTypeInputField, CredentialTypeInjectorField, CredentialInputField, format_url),
awx/api/serializers.py (NotificationTemplateSerializer, SchedulePreviewSerializer), awx/api/views (the survey of a job
template), awx/main/models/notifications.py (the stub of a job, and how a message is made), and the arguments of
the modules of the collection awx.awx.
"""

from __future__ import annotations

import re
import typing as t
from urllib.parse import urlsplit

from jinja2 import StrictUndefined, TemplateError, UndefinedError
from jinja2.sandbox import ImmutableSandboxedEnvironment

Json = dict[str, t.Any]

NAME = re.compile(r"[a-zA-Z_]+[a-zA-Z0-9_]*")
HIDDEN = "$encrypted$"
FORBIDDEN_VARIABLES = {
    *("VIRTUAL_ENV", "PATH", "PYTHONPATH", "JOB_ID", "INVENTORY_ID", "INVENTORY_SOURCE_ID", "INVENTORY_UPDATE_ID"),
    *("AD_HOC_COMMAND_ID", "REST_API_URL", "REST_API_TOKEN", "MAX_EVENT_RES", "CALLBACK_QUEUE", "CACHE"),
    *("CALLBACK_CONNECTION", "JOB_CALLBACK_DEBUG", "INVENTORY_HOSTVARS", "AWX_HOST", "PROJECT_REVISION"),
}
QUESTIONS = {
    **dict.fromkeys(("text", "textarea", "password", "multiplechoice", "multiselect"), str),
    "integer": int,
    "float": float,
}
# What each kind of notification has to be told, with its type; a default makes it optional.
CONFIGURATIONS: dict[str, dict[str, tuple[type, t.Any]]] = {
    "slack": {"token": (str, ...), "channels": (list, ...), "hex_color": (str, "")},
    "email": {
        **dict.fromkeys(("host", "username", "password", "sender"), (str, ...)),
        "port": (int, ...),
        "use_tls": (bool, ...),
        "use_ssl": (bool, ...),
        "recipients": (list, ...),
        "timeout": (int, 30),
    },
}
# What there is of a job when a message is saved: the artifacts are empty.
STUB: Json = {
    "job": {
        "id": 42,
        "name": "Stub JobTemplate",
        "status": "running",
        "artifacts": {},
        "type": "job",
        "url": "/api/v2/jobs/13/",
        "playbook": "ping.yml",
        "limit": "bar_limit",
        "job_explanation": "Sample",
    },
    "job_friendly_name": "Job",
    "url": "https://towerhost/#/jobs/playbook/1010",
    "approval_status": "approved",
    "approval_node_name": "Approve Me",
    "workflow_url": "https://towerhost/#/workflows/1010",
    "job_metadata": "{}",
}


class Refused(Exception):
    """AWX says no, and why."""


def require(is_so: object, why: str) -> None:
    if not is_so:
        raise Refused(why)


def is_of(value: object, wanted: type) -> bool:
    """Whether a value is of this type as AWX takes it: true and false are no numbers."""
    return isinstance(value, wanted) and (wanted is bool or not isinstance(value, bool))


def check_inputs(inputs: Json) -> None:
    """The fields of a credential type."""
    require(set(inputs) <= {"fields", "required"}, f"inputs: Additional properties: {set(inputs)}")
    ids = [field.get("id") for field in inputs["fields"]]
    require(len(ids) == len(set(ids)), "field IDs must be unique")
    require(set(inputs.get("required", [])) <= set(ids), "required names no field")
    known = {
        "type",
        "format",
        "choices",
        "id",
        "label",
        "help_text",
        "multiline",
        "secret",
        "ask_at_runtime",
        "default",
    }
    for field in inputs["fields"]:
        require(set(field) <= known, f"Additional properties are not allowed: {set(field) - known}")
        require({"id", "label"} <= set(field), "id and label are required")
        require(NAME.fullmatch(field["id"]), f"{field['id']} is an invalid variable name")
        require(field["id"] != "tower", '"tower" is a reserved field name')
        kind = field.get("type", "string")
        require(kind in ("string", "boolean"), f"{kind} is no type")
        require(field.get("format") in (None, "ssh_private_key", "url"), f"{field.get('format')} is no format")
        if kind == "boolean":
            require(not {"choices", "multiline", "format", "secret"} & set(field), "not allowed for boolean type")
        if "default" in field:
            require(is_of(field["default"], {"string": str, "boolean": bool}[kind]), "default is of another type")


class _Tower:
    """`tower.filename` is a path, or has one for each file with a name."""

    def __init__(self, names: t.Collection[str]) -> None:
        named = {name.split(".", 1)[1]: "EXAMPLE_FILENAME" for name in names if "." in name}
        self.filename: t.Any = type("Names", (), named) if named else "EXAMPLE_FILENAME" if names else None

    def __str__(self) -> str:
        raise UndefinedError("Cannot directly reference reserved `tower` namespace container.")


def check_injectors(inputs: Json, injectors: Json) -> None:
    """What a credential type gives to a job."""
    require(set(injectors) <= {"file", "env", "extra_vars"}, f"Additional properties: {set(injectors)}")
    files = injectors.get("file", {})
    for name in files:
        require(re.fullmatch(r"template(\.[a-zA-Z_]+[a-zA-Z0-9_]*)?", name), f"{name} is no file")
    require("template" not in files or len(files) == 1, "Must use multi-file syntax when injecting multiple files")
    for name, value in injectors.get("env", {}).items():
        require(NAME.fullmatch(name), f"{name} is no name of a variable")
        require(not name.startswith("ANSIBLE_"), f"{name} may affect Ansible configuration so its use is not allowed")
        require(name not in FORBIDDEN_VARIABLES, f"{name} is not allowed to be used in credentials")
        require(value.isascii(), f"{name} is not ASCII")
    namespace = {**{field["id"]: "EXAMPLE" for field in inputs["fields"]}, "tower": _Tower(files)}
    for templates in injectors.values():
        for name, template in templates.items():
            require(isinstance(template, str), f"{name} is no text")
            render(template, namespace, name)


def check_credential(inputs: Json, values: Json, *, is_new: bool) -> None:
    """The values of a credential of a type with these inputs, as its form or a program sends them."""
    fields = {field["id"]: field for field in inputs["fields"]}
    for name, value in values.items():
        require(name in fields, f"Additional properties are not allowed ({name!r} was unexpected)")
        field = fields[name]
        wanted = bool if field.get("type") == "boolean" else str
        require(is_of(value, wanted), f"{name}: {value!r} is not of type {field.get('type', 'string')!r}")
        require(not field.get("choices") or value in field["choices"], f"{name} is not one of the choices")
        require(not (is_new and field.get("secret") and value == HIDDEN), f"{HIDDEN} is a reserved keyword")
        if field.get("format") == "url":
            parts = urlsplit(value)
            require(parts.scheme, f"{name}: Invalid URL: Missing url scheme (http, https, etc.)")
            require(parts.netloc, f"{name}: Invalid URL: {value}")
    for name in inputs.get("required", []):
        require(values.get(name), f"{name}: required")


def injected(injectors: Json, values: Json) -> dict[str, str]:
    """The variables that a job gets of a credential: a field that is blank is not there, and gives an empty text."""
    namespace: Json = {name: value for name, value in values.items() if isinstance(value, bool) or value}
    namespace["tower"] = _Tower(injectors.get("file", {}))
    environment = ImmutableSandboxedEnvironment()
    return {name: environment.from_string(text).render(namespace) for name, text in injectors["env"].items()}


def check_survey(spec: Json) -> None:
    require(set(spec) >= {"name", "description", "spec"}, "a field is missing from the survey spec")
    require(isinstance(spec["name"], str) and isinstance(spec["description"], str), "expected a string")
    require(isinstance(spec["spec"], list) and spec["spec"], "'spec' doesn't contain any items.")
    variables = [question.get("variable") for question in spec["spec"]]
    require(len(variables) == len(set(variables)), "'variable' is duplicated in the survey")
    for question in spec["spec"]:
        require({"type", "question_name", "variable", "required"} <= set(question), "a question lacks a field")
        require(question["type"] in QUESTIONS, f"{question['type']} is no type of a question")
        require(isinstance(question["required"], bool), "'required' should be boolean")
        default = question.get("default", "")
        wanted = QUESTIONS[question["type"]]
        require(default == "" or isinstance(default, wanted), f"default {default!r} is of another type")
        if question["type"].startswith("multi"):
            require(question.get("choices"), "choices are required")


def check_configuration(kind: str, given: Json) -> None:
    parameters = CONFIGURATIONS[kind]
    require(set(given) <= set(parameters), f"unknown fields: {set(given) - set(parameters)}")
    for name, (wanted, default) in parameters.items():
        require(name in given or default is not ..., f"Missing required fields for Notification Configuration: {name}")
        value = given.get(name, default)
        require(is_of(value, wanted), f"Configuration field '{name}' incorrect type, expected {wanted.__name__}")
        require(wanted is not list or value, f"No values specified for field '{name}'")


def check_messages(messages: Json) -> None:
    for event, texts in messages.items():
        require(event in ("started", "success", "error", "workflow_approval"), f"Event '{event}' invalid")
        for kind, text in (texts or {}).items():
            require(kind in ("message", "body"), f"Message type '{kind}' invalid, must be either 'message' or 'body'")
            require(isinstance(text, str), f"Expected string for '{kind}'")
            require(kind == "body" or "\n" not in text, "Messages cannot contain newlines")
            render(text, STUB, f"the {kind} of {event}")


def message_of(text: str, job: Json) -> str:
    """The message that is sent about a job; one that cannot be made is empty, and nobody learns why."""
    context = {**STUB, "job": job}
    try:
        return ImmutableSandboxedEnvironment().from_string(text).render(context)
    except TemplateError:
        return ""


def check_rrule(text: str) -> None:
    starts = re.findall(r"DTSTART(?:;TZID=[^:]+)?:\d{8}T\d{6}Z?", text)
    require(len(starts) == 1, "One valid DTSTART is required in the rrule")
    rules = re.findall(r"RRULE:(\S+)", text)
    require(len(rules) == 1, "One RRULE is required")
    parts = dict(part.split("=", 1) for part in rules[0].split(";"))
    require("INTERVAL" in parts, "INTERVAL required in rrule")
    require(parts.get("FREQ") in ("MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"), "FREQ is no choice")
    require(not ("COUNT" in parts and "UNTIL" in parts), "RRULE may not contain both COUNT and UNTIL")


def render(template: str, namespace: Json, name: str) -> None:
    try:
        ImmutableSandboxedEnvironment(undefined=StrictUndefined).from_string(template).render(namespace)
    except TemplateError as error:
        raise Refused(f"{name} uses an undefined field, or is no template ({error})") from None
