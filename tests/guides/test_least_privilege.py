# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The log-in that docs/security-model.md recommends: Operator on named service IDs, and nothing else."""

from __future__ import annotations

import json
import re
import typing as t

import pytest
from ansible_collections.cloudkeys.ibmcloud.tests.guides.desk import Desk

NAMES = {"ci-deploy": "ServiceId-11111111-2222-4333-8444-555555555555"}
NAMES["keys-operator"] = "ServiceId-99999999-8888-4777-8666-555555555555"


class Limited:
    """An account of three service IDs; one of them may look after two, and `desk` logs in as that one."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.ids = {name: self._create(name) for name in (*NAMES, "payments")}
        self.key = json.loads((desk.folder / "keys-operator.json").read_text(encoding="utf-8"))["apikey"]
        for name in NAMES:
            limited = {"roles": ["Operator"], "service_id": self.ids[name]}
            desk.server.steer("roles", {"iam_id": f"iam-{self.ids['keys-operator']}", **limited})

    def _create(self, name: str) -> str:
        self.desk.ask("iam_service_id", f"name={name}")
        shown = self.desk.ask("iam_api_key", f"service_id={name} name=first file={name}.json")
        found = re.search(r"iam-(ServiceId-[0-9a-f-]+)", shown)
        assert found
        return found[1]

    def play(self, *options: str) -> str:
        self.desk.take("least_privilege.yml", *((NAMES[name], self.ids[name]) for name in NAMES))
        return self.desk.play("least_privilege.yml", *options)

    def answers(self, module: str, arguments: str) -> str:
        """What a task of this log-in says, whether it succeeds or not."""
        command = f"ansible localhost -m cloudkeys.ibmcloud.{module} -a '{arguments}'"
        return self.desk.run(f"IBMCLOUD_API_KEY={self.key} {command} || true")


@pytest.fixture
def limited(desk: Desk) -> Limited:
    (desk.folder / "group_vars/all").mkdir(parents=True)
    return Limited(desk)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"foreign_key_status": 404, "lists_need_account_role": True},
    ],
)
def test_it_rotates_and_keeps_keys_its_own_too(limited: Limited, settings: dict[str, t.Any]) -> None:
    limited.desk.server.steer("settings", settings)

    first = limited.desk.run(play_as(limited))
    again = limited.play()

    assert "deploy_api_key: publish" in first
    assert "cloudkeys_operator_key: publish" in first
    assert "failed=0" in again
    assert "changed=0" in again
    limited.desk.server.steer("clock", {"advance_seconds": 91 * 24 * 3600})
    later = limited.play()
    assert "cloudkeys_operator_key: publish" in later
    assert "failed=0" in limited.play()


def play_as(limited: Limited, *options: str) -> str:
    limited.desk.take("least_privilege.yml", *((NAMES[name], limited.ids[name]) for name in NAMES))
    played = " ".join(["ansible-playbook least_privilege.yml --vault-id prod@password", *options])
    return f"IBMCLOUD_API_KEY={limited.key} {played}"


def test_what_it_cannot_do_is_refused_with_who_may(limited: Limited) -> None:
    refused = {
        ("iam_api_key", f"service_id={limited.ids['payments']} name=mine discard_value=true"): "lacks a role",
        ("iam_api_key_info", "scope=account"): "Administrator",
    }
    for (module, arguments), words in refused.items():
        said = limited.answers(module, arguments)
        assert "FAILED" in said
        assert words in said, said
        assert limited.key not in said


def test_warnings_come_once_a_run(limited: Limited) -> None:
    tasks = [{"cloudkeys.ibmcloud.iam_caller_info": {"validate_certs": False}, "loop": [1, 2]}] * 2
    limited.desk.write("twice.yml", json.dumps([{"hosts": "a,b", "gather_facts": False, "tasks": tasks}]))

    shown = limited.desk.run("ansible-playbook -i a,b, -c local twice.yml 2>&1")

    assert shown.count("validate_certs is false") == 1
    assert shown.count("ok: [") == 8


def test_a_file_to_log_in_with_that_everybody_may_write_is_refused(limited: Limited) -> None:
    file = limited.desk.folder / "keys-operator.json"
    file.chmod(0o666)

    said = limited.answers("iam_caller_info", f"api_key_file={file}")

    assert "everybody on this machine may change it" in said
    assert limited.key not in said
