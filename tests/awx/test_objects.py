# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The playbook that loads docs/examples/awx is carried out, and what it makes is what AWX takes.

`ansible-playbook` runs it with stand-ins for the modules of awx.awx, which write down what they are told.
"""

from __future__ import annotations

import copy
import json
import os
import shutil
import subprocess
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.cloudkeys.ibmcloud.tests.awx.controller import ARGUMENTS, Controller
from ansible_collections.cloudkeys.ibmcloud.tests.awx.rules import (
    Refused,
    check_credential,
    check_inputs,
    check_messages,
    check_rrule,
    check_survey,
    injected,
    message_of,
)
from ansible_collections.cloudkeys.ibmcloud.tests.faults.iam_server import ROOT

EXAMPLES = ROOT / "docs" / "examples" / "awx"
STAND_IN = """\
import json
import os

from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        told = {"kind": self._task.action.rpartition(".")[2], "given": self._task.args}
        with open(os.environ["TOLD"], "a", encoding="utf-8") as stream:
            stream.write(json.dumps(told) + "\\n")
        return {"changed": True}
"""
TWO_ACCOUNTS: dict[str, t.Any] = {
    "cloudkeys_has_accounts": True,
    "cloudkeys_slack_channels": ["ibm-keys"],
    "cloudkeys_mail_recipients": ["keys@example.com"],
}
SECRETS = {"CLOUDKEYS_SLACK_TOKEN": "xoxb-of-the-tests", "CLOUDKEYS_MAIL_PASSWORD": "password-of-the-tests"}
Told = list[tuple[str, dict[str, t.Any]]]


def load(folder: Path, **settings: t.Any) -> tuple[Told, str]:
    """What the playbook makes, and what it prints."""
    actions = folder / "collections/ansible_collections/awx/awx/plugins/action"
    actions.mkdir(parents=True)
    for name in ARGUMENTS:
        (actions / f"{name}.py").write_text(STAND_IN, encoding="utf-8")
    shutil.copytree(EXAMPLES, folder / "awx")
    record = folder / "told"
    done = subprocess.run(
        ["ansible-playbook", "-vvvv", "load.yml", "-e", json.dumps(settings)],
        cwd=folder / "awx",
        env={
            **os.environ,
            **SECRETS,
            "TOLD": str(record),
            "ANSIBLE_COLLECTIONS_PATH": str(folder / "collections"),
            "ANSIBLE_HOME": str(folder / "home"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()]
    return [(each["kind"], each["given"]) for each in told], done.stdout + done.stderr


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> tuple[Told, str]:
    return load(tmp_path_factory.mktemp("everything"), **TWO_ACCOUNTS)


@pytest.fixture(scope="module")
def made(everything: tuple[Told, str]) -> dict[str, dict[str, t.Any]]:
    """All objects, by kind and name, as AWX has taken them in this order."""
    return taken(everything[0])


def taken(told: Told) -> dict[str, dict[str, t.Any]]:
    settings = yaml.safe_load((EXAMPLES / "settings.yml").read_text(encoding="utf-8"))
    controller = Controller(*settings["cloudkeys_credentials"])
    for kind, given in told:
        controller.make(kind, given)
    return controller.made


def test_awx_takes_every_object(made: dict[str, dict[str, t.Any]]) -> None:
    assert set(made) == {*ARGUMENTS, "credential"}
    assert set(made["job_template"]) >= {"Rotate API keys", "Retire API keys", "Audit API keys", "Plan API keys"}
    for template in made["job_template"].values():
        assert (EXAMPLES / "project" / template["playbook"]).exists()
    assert made["job_template"]["Audit API keys"]["extra_vars"]["audit_accounts"] == "ibm_accounts"
    assert made["job_template"]["Rotate API keys"]["playbook"] == "rotate_accounts.yml"


def test_with_the_settings_as_they_are_nobody_is_told_and_there_is_one_account(tmp_path: Path) -> None:
    made = taken(load(tmp_path)[0])

    assert {"inventory_source", "notification_template"} & set(made) == set()
    assert made["job_template"]["Audit API keys"]["extra_vars"]["audit_accounts"] == ""
    assert made["job_template"]["Rotate API keys"]["playbook"] == "rotate.yml"


def test_the_secrets_of_notifications_are_in_no_output(everything: tuple[Told, str]) -> None:
    told, output = everything

    assert any(SECRETS["CLOUDKEYS_SLACK_TOKEN"] in json.dumps(given) for _kind, given in told)
    assert not any(secret in output for secret in SECRETS.values())


# ---- credentials


def test_every_field_that_is_not_required_may_stay_blank(made: dict[str, dict[str, t.Any]]) -> None:
    """The form of AWX sends an empty text for each of them, and a job gets an empty variable."""
    for kind in made["credential_type"].values():
        inputs, required = kind["inputs"], set(kind["inputs"]["required"])
        filled = {field["id"]: "filled" if field["id"] in required else "" for field in inputs["fields"]}
        check_credential(inputs, filled, is_new=True)
        variables = injected(kind["injectors"], filled)
        blank = {field["id"] for field in inputs["fields"]} - required
        assert {name for name, value in variables.items() if not value} == {
            name for name, text in kind["injectors"]["env"].items() if text.strip("{} ") in blank
        }


def test_a_blank_address_of_the_format_url_is_refused() -> None:
    """That is why the field has no such format."""
    inputs = {"fields": [{"id": "iam_endpoint", "label": "x", "format": "url"}], "required": []}

    with pytest.raises(Refused, match="Missing url scheme"):
        check_credential(inputs, {"iam_endpoint": ""}, is_new=True)


# ---- messages

SUMMARY = {
    "slots": 40,
    "failed": 1,
    "failed_slots": ["deploy_api_key"],
    "changed_ids": [],
    "superseded_ids": [],
    "next": ["2026-06-02T09:15+0000 billing: overlap"],
}
ARTIFACTS = {
    "rotate_api_keys_summary": {"acme-prod": SUMMARY},
    "audit_api_keys_counts": {"acme-prod": {"keys": 42, "high": 3, "medium": 1, "low": 0, "excused": 0}},
    "audit_api_keys_files": {"acme-prod": ["main:reports/api-keys.html"]},
    "revoke_leaked_report": ["DEAD: <!channel> ApiKey-1"],
    "doctor_to_do": ["log in"],
}


def messages(made: dict[str, dict[str, t.Any]], event: str = "error") -> dict[str, str]:
    return {
        f"{template['notification_type']} {kind}": text
        for template in made["notification_template"].values()
        for kind, text in template["messages"][event].items()
    }


@pytest.mark.parametrize("event", ["success", "error"])
def test_a_message_tells_what_failed_and_what_goes_on(made: dict[str, dict[str, t.Any]], event: str) -> None:
    job = {"name": "Rotate API keys", "status": "failed", "artifacts": ARTIFACTS}

    told = {kind: message_of(text, job) for kind, text in messages(made, event).items()}

    assert set(told) == {"slack message", "email message", "email body"}
    assert told["email message"] == "Rotate API keys: failed"
    for text in (told["slack message"], told["email body"]):
        for words in (
            *("acme-prod: 1 of 40 slots failed", "deploy_api_key", "2026-06-02T09:15+0000 billing: overlap"),
            *("42 keys, 3 high", "ApiKey-1", "log in", "https://towerhost"),
        ):
            assert words in text
    assert "main:reports/api-keys.html" in told["email body"]
    assert "\n\n" not in told["email body"]
    assert "<!channel>" not in told["slack message"]
    assert "\n" not in told["slack message"]
    assert "  " not in told["slack message"]


@pytest.mark.parametrize(
    "job",
    [
        {"artifacts": {}},
        {},
        {"artifacts": "$hidden due to Ansible no_log flag$"},
        {"artifacts": {"rotate_api_keys_summary": {"localhost": {"slots": 1, "failed": 0}}}},
    ],
)
def test_a_message_about_a_job_without_artifacts_is_not_empty(
    made: dict[str, dict[str, t.Any]], job: dict[str, t.Any]
) -> None:
    """AWX sends an empty one when a message cannot be made, and tells nobody."""
    for text in messages(made).values():
        assert message_of(text, {"name": "Rotate API keys", "status": "failed", **job}).startswith("Rotate API keys")


# ---- the rules are not asleep


def spoiled(made: dict[str, dict[str, t.Any]], kind: str, name: str, *path: t.Any, to: t.Any) -> dict[str, t.Any]:
    given = copy.deepcopy(made[kind][name])
    place: t.Any = given
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = to
    return given


LOGIN, SLACK, MAIL = "IBM Cloud IAM API key", "IBM Cloud API keys to Slack", "IBM Cloud API keys by mail"


@pytest.mark.parametrize(
    ("kind", "name", "path", "to", "says"),
    [
        ("credential_type", LOGIN, ("injectors", "env", "ANSIBLE_PIPELINING"), "1", "may affect Ansible"),
        ("credential_type", LOGIN, ("injectors", "env", "JOB_ID"), "1", "is not allowed"),
        ("credential_type", LOGIN, ("injectors", "env", "X"), "{{ nowhere }}", "undefined"),
        ("credential_type", LOGIN, ("injectors", "env", "X"), "{{ tower }}", "undefined"),
        ("credential_type", LOGIN, ("injectors", "environment"), {}, "Additional"),
        ("credential_type", LOGIN, ("inputs", "fields", 0, "hidden"), True, "Additional"),
        ("credential_type", LOGIN, ("inputs", "fields", 0, "type"), "boolean", "not allowed for boolean"),
        ("credential_type", LOGIN, ("kind",), "vault", "kind"),
        ("notification_template", SLACK, ("notification_configuration", "channels"), [], "No values"),
        ("notification_template", MAIL, ("notification_configuration", "port"), "587", "incorrect type"),
        ("notification_template", SLACK, ("messages", "failed"), {}, "invalid"),
        ("notification_template", SLACK, ("messages", "error", "message"), "a\nb", "newlines"),
        ("notification_template", SLACK, ("messages", "error", "message"), "{{ job.artefacts.x }}", "undefined"),
        ("job_template", "Rotate API keys", ("survey_spec", "spec", 0, "type"), "string", "no type"),
        ("job_template", "Rotate API keys", ("survey_spec", "spec", 0, "required"), "no", "boolean"),
        ("job_template", "Rotate API keys", ("project",), "another", "no project"),
        ("job_template", "Rotate API keys", ("credentials",), ["another"], "no credential"),
        ("job_template", "Rotate API keys", ("become",), True, "unknown arguments"),
        ("schedule", "Audit API keys every week", ("rrule",), "DTSTART:20260104T041500Z RRULE:FREQ=DAILY", "INTERVAL"),
        ("schedule", "Audit API keys every week", ("unified_job_template",), "another", "no template"),
    ],
)
def test_what_awx_refuses_is_refused(
    everything: tuple[Told, str],
    made: dict[str, dict[str, t.Any]],
    kind: str,
    name: str,
    path: tuple[t.Any, ...],
    to: t.Any,
    says: str,
) -> None:
    controller = Controller()
    controller.made = copy.deepcopy(made)

    with pytest.raises(Refused, match=says):
        controller.make(kind, spoiled(made, kind, name, *path, to=to))


def test_each_rule_that_no_object_of_ours_meets() -> None:
    question = {"question_name": "x", "variable": "x", "type": "text", "required": False}
    for refused in (
        lambda: check_inputs({"fields": [{"id": "a", "label": "a"}, {"id": "a", "label": "b"}]}),
        lambda: check_inputs({"fields": [{"id": "tower", "label": "a"}]}),
        lambda: check_survey({"name": "x", "description": "x", "spec": []}),
        lambda: check_survey({"name": "x", "description": "x", "spec": [question, question]}),
        lambda: check_survey({"name": "x", "description": "x", "spec": [{**question, "default": 5}]}),
        lambda: check_messages({"error": {"text": "x"}}),
        lambda: check_rrule("RRULE:FREQ=DAILY;INTERVAL=1"),
        lambda: check_credential({"fields": [], "required": []}, {"x": ""}, is_new=True),
    ):
        with pytest.raises(Refused):
            refused()
