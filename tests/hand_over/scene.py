# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The role's hand-over by itself: a vault file with a value, a slot that names places, and a real Ansible."""

from __future__ import annotations

import base64
import re
import secrets
import textwrap
import typing as t
from pathlib import Path

from ansible.parsing.vault import VaultLib, VaultSecret
from ansible_collections.cloudkeys.ibmcloud.tests.faults.iam_server import IamServer
from ansible_collections.cloudkeys.ibmcloud.tests.faults.workplace import VAULT_ID, VAULT_PASSWORD, Run, Workplace
from ansible_collections.cloudkeys.ibmcloud.tests.hand_over.service import AS_A_TEMPLATE, Service

# Dozens of modules are started one after the other, on a machine that may be busy.
LONGEST_RUN_SECONDS = 900
KEY_ID = "ApiKey-7a6b5c4d-3e2f-4100-9f8e-7d6c5b4a3928"
HEAD = """\
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
"""
ROLE = """\
    - ansible.builtin.include_role:
        name: cloudkeys.ibmcloud.rotate_api_keys
        tasks_from: hand_over/to_places.yml
"""
# Many of them in one run, since each run takes seconds.
ONE_OF_MANY = """\
    - block:
        - ansible.builtin.include_role:
            name: cloudkeys.ibmcloud.rotate_api_keys
            tasks_from: hand_over/to_places.yml
          vars:
            rotate_api_keys_slot: "{{{{ many[{number}] }}}}"
        - ansible.builtin.debug:
            msg: "{number} WENT WELL"
      rescue:
        - ansible.builtin.debug:
            msg: "{number} REFUSED {{{{ why.msg | default('') }}}} {{{{ why.argument_errors | default('') }}}} END"
          vars:
            why: "{{{{ ansible_failed_result }}}}"
"""


class HandOver:
    """One slot whose value is published."""

    def __init__(self, root: Path, server: IamServer, ca_file: Path) -> None:
        self.workplace = Workplace(root, server)
        self.work = root / "work"
        self.ca_file = ca_file
        self.environ: dict[str, str] = {}
        self.publish(new_value())
        self.tokens: set[str] = set()
        (self.work / "play.yml").write_text(HEAD + ROLE, encoding="utf-8")

    def publish(self, value: str) -> None:
        self.value = value
        vault: t.Any = VaultLib([(VAULT_ID, VaultSecret(VAULT_PASSWORD.encode()))])
        sealed = textwrap.indent(vault.encrypt(value, vault_id=VAULT_ID).decode(), "  ")
        self.workplace.vault_file.write_text(f"---\ndeploy: !vault |\n{sealed}", encoding="utf-8")

    def start(
        self, *places: t.Any, key_id: str = KEY_ID, check: bool = False, data: t.Any = None, **environ: str
    ) -> Run:
        """Begin a hand-over to these places, with everything on that shows something."""
        slot = self.slot({"hand_over": list(places)} if data is None else data, key_id)
        return self.workplace.start_playbook(
            "play.yml",
            {"rotate_api_keys_slot": slot},
            {**self.environ, **environ},
            arguments=["-vvvv", "--diff", *(["--check"] if check else [])],
        )

    def slot(self, data: t.Any, key_id: str = KEY_ID) -> dict[str, t.Any]:
        """What the role tells of a slot."""
        file = str(self.workplace.vault_file)
        return {"name": "deploy", "key_id": key_id, "file": file, "value_path": ["deploy"], "data": data}

    def refusals(self, *many: t.Any) -> list[str]:
        """Why each of these data of a slot is refused, "" for one that is not; all in one run."""
        parts = [ONE_OF_MANY.format(number=number) for number in range(len(many))]
        (self.work / "many.yml").write_text(HEAD + "".join(parts), encoding="utf-8")
        run = self.workplace.start_playbook("many.yml", {"many": [self.slot(data) for data in many]}, self.environ)
        assert run.wait(LONGEST_RUN_SECONDS * 2) == 0, run.output
        told = self.told(run)
        found = dict(re.findall(r"\b(\d+) REFUSED (.*?) END\b", told))
        return [found.get(str(number), "") for number in range(len(many))]

    def run(self, *places: t.Any, **how: t.Any) -> str:
        """A hand-over that has to go well; what it printed, on one line."""
        run = self.start(*places, **how)
        assert run.wait(LONGEST_RUN_SECONDS) == 0, run.output
        return self.told(run)

    def fail(self, *places: t.Any, **how: t.Any) -> str:
        """A hand-over that has to fail; what it printed, on one line."""
        run = self.start(*places, **how)
        assert run.wait(LONGEST_RUN_SECONDS) != 0, run.output
        return self.told(run)

    def kill_after_write(self, service: Service, *places: t.Any) -> None:
        """A hand-over that is killed when the service has done the write, and has not answered yet."""
        run = self.start(*places)
        service.after_write = run.kill
        assert run.wait(LONGEST_RUN_SECONDS) < 0, run.output
        service.after_write = lambda: None
        self.check_nothing_leaked()

    def told(self, run: Run) -> str:
        self.check_nothing_leaked()
        assert AS_A_TEMPLATE not in run.output
        assert "\x1b" not in run.output
        return " ".join(run.output.split())

    @property
    def forms(self) -> set[str]:
        """What a leak of the value looks like: as a part of it that no quoting changes, too, and in Base64."""
        return {self.value, self.value[:20], base64.b64encode(self.value.encode()).decode()[:24]}

    def check_nothing_leaked(self) -> None:
        assert self.workplace.leaks({*self.forms, *self.tokens}) == []


def new_value() -> str:
    """One with the characters that have a meaning in some place or other."""
    return f'{secrets.token_urlsafe(24)}_"$`\\-{secrets.token_urlsafe(4)}'


def changes(told: str) -> bool:
    """Whether a run says that it has changed something."""
    return "changed=0" not in told
