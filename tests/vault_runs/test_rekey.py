# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A vault password is changed by real runs: killed in the middle, two at once, and read with the new password alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.cipher import seal_with
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.git.remote import Remote
from ansible_collections.cloudkeys.ibmcloud.tests.vault_runs.place import PASSWORDS, Place

FILES, VALUES = 12, 3
SECRETS = {name: VaultSecret(password.encode()) for name, password in PASSWORDS.items()}
ANSWERS = {"rekey_paths": ["files"], "rekey_from": ["old"], "rekey_to": "new", "rekey_label": "dev"}
REKEY = [
    *("ansible-playbook", "cloudkeys.ibmcloud.rekey", "-e", json.dumps(ANSWERS)),
    *("--vault-id", "old@dev.password", "--vault-id", "new@prod.password"),
]


@pytest.fixture
def files(place: Place) -> list[Path]:
    """All values are under the password dev, and say so."""
    (place.folder / "files").mkdir()
    paths = [place.folder / f"files/{number:02}.yml" for number in range(FILES)]
    for path in paths:
        texts = [seal_with(SECRETS["dev"], b"a secret", "dev").splitlines() for _value in range(VALUES)]
        path.write_text("".join(f"v{n}: !vault |\n  " + "\n  ".join(lines) + "\n" for n, lines in enumerate(texts)))
    return paths


def secrets_of(path: Path) -> set[str]:
    """Which password opens the values of a file; every one of them opens with just one."""
    found = set()
    for block in path.read_text(encoding="utf-8").split("!vault |\n")[1:]:
        text = "".join(f"{line.strip()}\n" for line in block.splitlines() if line.startswith("  "))
        assert text.startswith("$ANSIBLE_VAULT;1.2;AES256;dev\n")
        found |= {name for name in SECRETS if opens(name, text)}
    return found


def opens(name: str, vaulttext: str) -> bool:
    try:
        return VaultLib([("any", SECRETS[name])]).decrypt(vaulttext.encode()) == b"a secret"
    except Exception:
        return False


def test_a_run_that_is_killed_between_two_files_is_run_again(place: Place, files: list[Path]) -> None:
    before = [path.read_bytes() for path in files]
    run = subprocess.Popen(
        REKEY, cwd=place.folder, env=place.environ(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    while run.poll() is None and files[0].read_bytes() == before[0]:
        time.sleep(0.001)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()

    assert {name for path in files for name in secrets_of(path)} <= {"dev", "prod"}
    assert all(len(secrets_of(path)) == 1 for path in files)
    again = place.run(*REKEY)
    assert again.returncode == 0, again.stdout
    assert {name for path in files for name in secrets_of(path)} == {"prod"}
    assert "changed=0 " in place.run(*REKEY).stdout


def test_of_two_runs_at_once_none_fails_and_everything_is_moved(place: Place, files: list[Path]) -> None:
    runs = [place.start(*REKEY) for _number in range(2)]
    outputs = [run.communicate(timeout=120)[0] for run in runs]

    assert [run.returncode for run in runs] == [0, 0], outputs
    assert {name for path in files for name in secrets_of(path)} == {"prod"}


@pytest.fixture
def repository(place: Place, files: list[Path]) -> Remote:
    remote = Remote(place.folder / "vars.git")
    for path in files:
        remote.write(f"files/{path.name}", path.read_text(encoding="utf-8"))
    return remote


def in_git(repository: Remote) -> list[str]:
    git = {"repository": str(repository.path), "branch": "main"}
    return [json.dumps({**ANSWERS, "rekey_git": git}) if word == json.dumps(ANSWERS) else word for word in REKEY]


def test_a_repository_is_moved_in_one_commit_and_shows_no_value(place: Place, repository: Remote) -> None:
    begin, command = repository.tip, in_git(repository)

    assert "changed=1 " in place.run(*command, "--check", "--diff").stdout
    assert repository.tip == begin
    shown = place.run(*command, "--diff", "-vvvv").stdout

    assert f"{FILES * VALUES} values in {FILES} of {FILES} files moved to dev" in shown
    assert "before: main:files/00.yml" in shown
    assert not [text for text in ("a secret", "$ANSIBLE_VAULT;", *PASSWORDS.values()) if text in shown]
    assert repository.git("rev-list", "--count", f"{begin}..main") == "1"
    for number in range(FILES):
        (place.folder / "moved.yml").write_text(repository.read(f"files/{number:02}.yml") + "\n", encoding="utf-8")
        assert secrets_of(place.folder / "moved.yml") == {"prod"}
    assert "changed=0 " in place.run(*command).stdout


def test_of_two_runs_at_once_in_a_repository_one_pushes_and_none_fails(place: Place, repository: Remote) -> None:
    begin = repository.tip
    runs = [place.start(*in_git(repository)) for _number in range(2)]
    outputs = [run.communicate(timeout=120)[0] for run in runs]

    assert [run.returncode for run in runs] == [0, 0], outputs
    assert sorted("changed=1 " in output for output in outputs) == [False, True]
    assert repository.git("rev-list", "--count", f"{begin}..main") == "1"


def test_ids_that_bind_are_no_hindrance(place: Place, files: list[Path]) -> None:
    bound = {"ANSIBLE_VAULT_ID_MATCH": "true"}

    moved = place.run(*REKEY, environ=bound)

    assert moved.returncode == 0, moved.stdout
    shown = place.run(
        *("ansible", "localhost", "-m", "ansible.builtin.debug", "-a", "var=v0", "-e", f"@{files[0]}"),
        *("--vault-id", "dev@prod.password"),
        environ=bound,
    )
    assert '"v0": "a secret"' in shown.stdout


def test_no_value_and_no_cipher_text_is_shown(place: Place, files: list[Path]) -> None:
    shown = place.run(*REKEY, "--diff", "-vvvv").stdout

    assert f"{FILES * VALUES} values in {FILES} of {FILES} files moved to dev" in shown
    assert "v0: dev, opened by new" in shown
    assert "a secret" not in shown
    assert "$ANSIBLE_VAULT;" not in shown
    assert not [password for password in PASSWORDS.values() if password in shown]
