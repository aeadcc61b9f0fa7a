# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every way in which Ansible gets its vault passwords, ad hoc and from ansible-runner."""

from __future__ import annotations

import ansible_runner
import pytest
from ansible_collections.cloudkeys.ibmcloud.tests.vault_runs.place import MODULE, PASSWORDS, Place

DEV, PROD = "--vault-id=dev@dev.password", "--vault-id=prod@prod.password"
PLAY = """\
- hosts: localhost
  gather_facts: false
  tasks:
    - {module}: {{path: vault.yml, name: new, value: typed, vault_id: prod, create: true}}
    - {module}: {{path: vault.yml, name: old, value: replaced}}
    - {module}_info: {{path: vault.yml}}
      register: listed
    - assert: {{that: listed.decryptable}}
"""


@pytest.mark.parametrize(
    ("options", "environ", "label"),
    [
        ([DEV], {}, "dev"),
        ([DEV, PROD], {"ANSIBLE_VAULT_ENCRYPT_IDENTITY": "prod"}, "prod"),
        (["--vault-id=dev@passwords-client.py"], {}, "dev"),
        ([], {"ANSIBLE_VAULT_IDENTITY_LIST": "dev@dev.password"}, "dev"),
        ([], {"ANSIBLE_VAULT_IDENTITY_LIST": "dev@passwords-client.py,prod@passwords-client.py"}, None),
        ([PROD], {"ANSIBLE_VAULT_IDENTITY_LIST": "dev@dev.password", "ANSIBLE_VAULT_ENCRYPT_IDENTITY": "dev"}, "dev"),
    ],
)
def test_files_scripts_and_environment_lists(
    place: Place, options: list[str], environ: dict[str, str], label: str
) -> None:
    run = place.set("name=key value=a-secret create=true", *options, environ=environ)

    if label is None:
        assert "several vault ids are loaded (dev, prod)" in run.stdout
        assert not place.file.exists()
    else:
        assert run.returncode == 0, run.stdout
        assert place.loaded() == {"key": "a-secret"}
        assert place.label("key") == label


def test_a_replaced_value_keeps_its_id_whatever_encrypts_by_default(place: Place) -> None:
    assert place.set("name=key value=one vault_id=prod create=true", DEV, PROD).returncode == 0

    assert place.set("name=key value=two", DEV, PROD, environ={"ANSIBLE_VAULT_ENCRYPT_IDENTITY": "dev"}).returncode == 0

    assert (place.loaded(), place.label("key")) == ({"key": "two"}, "prod")


def test_a_password_file_without_an_id(place: Place) -> None:
    run = place.set("name=key value=x create=true", environ={"ANSIBLE_VAULT_PASSWORD_FILE": "dev.password"})

    assert '"vault_id": "default"' in run.stdout
    assert "$ANSIBLE_VAULT;1.1;AES256" in place.file.read_text(encoding="utf-8")
    assert place.loaded() == {"key": "x"}


def test_a_revision_that_is_stale_is_a_conflict(place: Place) -> None:
    run = place.set(f"name=key value=x create=true expect=sha256:{'0' * 64}", DEV)

    assert run.returncode == 2
    assert '"conflict": true' in run.stdout
    assert not place.file.exists()


def test_passwords_that_ansible_runner_types(place: Place) -> None:
    assert place.set("name=old value=x vault_id=dev create=true", DEV, PROD).returncode == 0
    project = place.folder / "project"
    project.mkdir()
    place.file = place.file.rename(project / "vault.yml")
    (project / "play.yml").write_text(PLAY.format(module=MODULE), encoding="utf-8")

    run = ansible_runner.run(
        private_data_dir=str(place.folder),
        playbook="play.yml",
        cmdline="--vault-id dev@prompt --vault-id prod@prompt",
        passwords={rf"Vault password \({name}\):\s*?$": password for name, password in PASSWORDS.items()},
        envvars=place.environ(),
        settings={"pexpect_timeout": 5, "job_timeout": 100},
        quiet=True,
    )

    assert (run.status, run.rc) == ("successful", 0), run.stdout.read()
    assert place.loaded() == {"old": "replaced", "new": "typed"}
    assert (place.label("old"), place.label("new")) == ("dev", "prod")
