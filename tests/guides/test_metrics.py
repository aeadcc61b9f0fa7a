# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Metrics of real runs, read by Prometheus' own parser: rotation and audit of two accounts in one file."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
import typing as t
from pathlib import Path

import pytest
import requests
import yaml
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.rules import ALL_RULES, SEVERITIES
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._metrics.series import HELP, Samples, series, to_text
from ansible_collections.cloudkeys.ibmcloud.tests.guides.desk import EXAMPLES, Desk
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.git.remote import Remote
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as strictly_read
from prometheus_client.parser import text_string_to_metric_families as read

PROMTOOL = shutil.which("promtool")
ALERTS = yaml.safe_load((EXAMPLES / "prometheus_alerts.yml").read_text(encoding="utf-8"))
FILE = "keys.prom"
NAMES = st.text(st.characters(exclude_categories=["Cs"]))

Told = dict[tuple[str, frozenset[tuple[str, str]]], float]


def parsed(text: str) -> Told:
    """The samples as Prometheus has them; the strict parser refuses what comes twice, and loose ends."""
    list(strictly_read(f"{text.split(chr(10), 1)[1]}# EOF\n"))
    if PROMTOOL:
        subprocess.run([PROMTOOL, "check", "metrics"], input=text, text=True, check=True)
    found = [
        ((each.name, frozenset(each.labels.items())), each.value) for family in read(text) for each in family.samples
    ]
    assert len(dict(found)) == len(found)
    return dict(found)


def told(desk: Desk) -> Told:
    return parsed((desk.folder / FILE).read_text(encoding="utf-8"))


def value(found: Told, name: str, **labels: str) -> float | None:
    return found.get((f"cloudkeys_{name}", frozenset(labels.items())))


# promtool is a process for each of them.
@settings(deadline=None)
@given(
    st.dictionaries(
        st.builds(lambda a, s: series("cloudkeys_rotation_slot_failed", a, slot=s), NAMES, NAMES), st.just(1)
    )
)
def test_prometheus_reads_each_name_as_it_is(samples: Samples) -> None:
    assert {dict(labels)["slot"] for _name, labels in parsed(to_text(samples))} == {s.label("slot") for s in samples}


@pytest.fixture
def accounts(desk: Desk) -> dict[str, str]:
    """A file to rotate two accounts that are hosts of an inventory, and the keys that log in to them."""
    other = requests.post(f"{desk.server.url}/__emulator__/accounts", json={}, timeout=10).json()
    values = {"acme-prod": desk.server.api_key, "acme-test": str(other["api_key"])}
    write_inventory(desk, values)
    desk.write(
        "rotate.yml",
        json.dumps(
            [
                {
                    "hosts": "ibm_accounts",
                    "connection": "local",
                    "gather_facts": False,
                    "module_defaults": {"group/cloudkeys.ibmcloud.iam": {"api_key": "{{ account_api_key }}"}},
                    "vars": {
                        "rotate_api_keys_slots": [
                            {"name": "deploy", "file": "{{ inventory_hostname }}.yml", "key_name": "deploy"}
                        ],
                        "rotate_api_keys_metrics_file": FILE,
                    },
                    "roles": ["cloudkeys.ibmcloud.rotate_api_keys"],
                }
            ]
        ),
    )
    return values


def write_inventory(desk: Desk, values: dict[str, str]) -> None:
    hosts = {name: {"account_api_key": value} for name, value in values.items()}
    desk.write("inventory", json.dumps({"ibm_accounts": {"hosts": hosts}}))


def rotate(desk: Desk, *options: str, fails: bool = False) -> str:
    words = " ".join(["ansible-playbook -i inventory rotate.yml --vault-id prod@password", *options])
    return desk.run(f"{'! ' if fails else ''}{words} 2>&1")


def audit(desk: Desk, *options: str) -> str:
    options = ("-e audit_accounts=ibm_accounts -e audit_api_keys_fail_on=none", *options)
    metrics = f"-e audit_api_keys_metrics_file={FILE}"
    return desk.run(" ".join(["ansible-playbook -i inventory cloudkeys.ibmcloud.audit", metrics, *options]))


def test_rotation_and_audit_of_two_accounts_are_in_one_file(desk: Desk, accounts: dict[str, str]) -> None:
    begun = time.time()

    shown = rotate(desk, "-vvvv --diff") + audit(desk)

    found = told(desk)
    for account in accounts:
        assert value(found, "rotation_slot_state", account=account, slot="deploy", state="idle") == 1
        assert value(found, "rotation_last_run_failed", account=account) == 0
        assert (value(found, "rotation_last_success_timestamp_seconds", account=account) or 0) >= int(begun)
        assert value(found, "audit_keys", account=account) == 2
        assert value(found, "audit_last_run_failed", account=account) == 0
    text = (desk.folder / FILE).read_text(encoding="utf-8")
    assert "ApiKey-" not in text
    assert not any(secret in shown + text for secret in accounts.values())
    assert (desk.folder / FILE).stat().st_mode & 0o777 == 0o644
    # The metrics are no change.
    assert rotate(desk).count("changed=0 ") == 2


def test_findings_are_told_by_slot_where_the_records_are_at_hand(desk: Desk, accounts: dict[str, str]) -> None:
    rotate(desk)
    desk.server.steer("clock", {"advance_seconds": 200 * 86_400})
    desk.write("more.json", json.dumps({"audit_api_keys_record_files": ["{{ inventory_hostname }}.yml"]}))

    audit(desk, "--vault-id prod@password -e @more.json")

    found = told(desk)
    severe = next(rule for rule in ALL_RULES if rule.name == "too_old").severity
    for account in accounts:
        of_slot = {
            each: value(found, "audit_slot_findings", account=account, slot="deploy", severity=each)
            for each in SEVERITIES
        }
        assert None not in of_slot.values()
        assert of_slot[severe] == 1


def test_an_account_that_does_not_answer_is_told_and_what_was_known_of_it_stays(
    desk: Desk, accounts: dict[str, str]
) -> None:
    rotate(desk)
    before = told(desk)
    write_inventory(desk, {**accounts, "acme-test": "k" * 44})

    rotate(desk, fails=True)

    found = told(desk)
    assert value(found, "rotation_last_run_failed", account="acme-test") == 1
    assert value(found, "rotation_last_run_failed", account="acme-prod") == 0
    for name in ("slot_due", "slot_key_created", "last_success"):
        labels = {"account": "acme-test", **({} if name == "last_success" else {"slot": "deploy"})}
        full = f"rotation_{name}_timestamp_seconds"
        assert value(found, full, **labels) is not None
        assert value(found, full, **labels) == value(before, full, **labels)


def test_a_probe_that_fails_is_no_success_and_check_mode_and_the_plan_write_nothing(
    desk: Desk, accounts: dict[str, str]
) -> None:
    assert accounts
    rotate(desk, "--check")
    audit(desk, "--check")
    desk.write("slots.yml", json.dumps({"rotate_api_keys_slots": [{"name": "deploy", "file": "plan.yml"}]}))
    options = f"--vault-id prod@password -e @slots.yml -e rotate_api_keys_metrics_file={FILE}"
    desk.run(f"ansible-playbook cloudkeys.ibmcloud.plan {options} 2>&1")
    desk.run(f"ansible-playbook cloudkeys.ibmcloud.doctor {options} 2>&1 || true")
    assert not (desk.folder / FILE).exists()
    desk.write("probe.yml", "[{ansible.builtin.fail: {msg: no}}]")

    rotate(desk, "-e rotate_api_keys_probe_tasks=$PWD/probe.yml", fails=True)

    found = told(desk)
    assert value(found, "rotation_last_run_failed", account="acme-prod") == 1
    assert value(found, "rotation_last_success_timestamp_seconds", account="acme-prod") == 0


def test_an_audit_whose_report_is_nowhere_has_failed(desk: Desk, accounts: dict[str, str]) -> None:
    branch = {"repository": "https://127.0.0.1:1/nowhere.git", "branch": "main"}
    desk.write("git.json", json.dumps({"audit_api_keys_git": branch, "audit_api_keys_folder": "reports"}))

    shown = audit(desk, "-e @git.json 2>&1 || true")

    assert "is not in Git" in " ".join(shown.split())
    found = told(desk)
    for account in accounts:
        assert value(found, "audit_keys", account=account) is not None
        assert value(found, "audit_last_run_failed", account=account) == 1
        assert value(found, "audit_last_success_timestamp_seconds", account=account) == 0


def test_a_file_that_node_exporter_passes_over_is_refused_before_anything_is_done(
    desk: Desk, accounts: dict[str, str]
) -> None:
    shown = rotate(desk, "-e rotate_api_keys_metrics_file=keys.txt", fails=True)

    assert accounts
    assert "has to end in .prom" in " ".join(shown.split())
    assert not (desk.folder / "acme-prod.yml").exists()


def expressions() -> list[str]:
    return [rule["expr"] for group in ALERTS["groups"] for rule in group["rules"]]


def test_the_alerts_are_about_metrics_that_there_are() -> None:
    named = {
        word
        for each in expressions()
        for word in each.replace("(", " ").replace("{", " ").split()
        if "cloudkeys_" in word
    }

    assert named
    assert named - HELP.keys() == set()


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed")
def test_prometheus_takes_the_alerts() -> None:
    subprocess.run([str(PROMTOOL), "check", "rules", str(Path(EXAMPLES / "prometheus_alerts.yml"))], check=True)


def test_each_alert_says_what_to_do() -> None:
    rules: list[dict[str, t.Any]] = [rule for group in ALERTS["groups"] for rule in group["rules"]]

    assert [rule["alert"] for rule in rules if not {"summary", "description"} <= rule["annotations"].keys()] == []


def test_an_audit_whose_report_could_not_be_pushed_is_no_success(desk: Desk, tmp_path: Path) -> None:
    remote = Remote(tmp_path / "remote.git")
    remote.hook("pre-receive", "exit 1")
    git = json.dumps({"audit_api_keys_git": {"repository": str(remote.path), "branch": "main"}})

    desk.run(
        "! ansible-playbook cloudkeys.ibmcloud.audit -e audit_api_keys_folder=reports "
        f"-e audit_api_keys_metrics_file=audit.prom -e '{git}'"
    )

    told = (desk.folder / "audit.prom").read_text(encoding="utf-8")
    assert re.search(r"^cloudkeys_audit_last_run_failed\{.*\} 1$", told, re.MULTILINE)
