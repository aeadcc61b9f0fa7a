# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A job logs in to the repository with a token or an SSH key, and neither is anywhere it should not be."""

from __future__ import annotations

import shutil
import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.cloudkeys.ibmcloud.tests.awx.awx import VAULT_FILE
from ansible_collections.cloudkeys.ibmcloud.tests.awx.git_server import GitServer, serve
from ansible_collections.cloudkeys.ibmcloud.tests.awx.scene import JobScene
from ansible_collections.cloudkeys.ibmcloud.tests.faults.files import files_of_a_run
from ansible_collections.cloudkeys.ibmcloud.tests.faults.workplace import VAULT_PASSWORD
from ansible_collections.cloudkeys.ibmcloud.tests.leaks.scanner import scan
from ansible_collections.cloudkeys.ibmcloud.tests.leaks.watch import Watch

TOKEN = "ghp_0f1e2d3c4b5a69788796a5b4c3d2e1f0aaaa"
USERNAME = "x-access-token"
GIT_IS_QUICK_SECONDS = 0.002
# Stands before the real Git in PATH, and writes down every argument and every setting that Git has.
RECORDER = """\
#!/bin/sh
{{ printf '%s\\n' "$@"; test -f config && cat config; {git} config --list --show-origin; }} >> {record} 2>/dev/null
exec {git} "$@"
"""
# Stands in for SSH: does on this machine what is asked of the host.
SSH = """\
#!/bin/sh
printf '%s\\n' "$@" >> {record}
for last; do :; done
exec sh -c "$last"
"""


@pytest.fixture
def outside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that is not searched."""
    return tmp_path_factory.mktemp("outside")


def put_before(scene: JobScene, name: str, script: str) -> Path:
    """A program of this name comes first in the PATH of the jobs; returns where it writes."""
    folder = scene.awx.workplace.root / "bin"
    folder.mkdir(exist_ok=True)
    record = scene.awx.workplace.root / f"{name}-calls"
    program = folder / name
    program.write_text(script.format(record=record, git=shutil.which("git")), encoding="utf-8")
    program.chmod(0o755)
    path = f"{folder}:{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"
    scene.awx.credentials["PATH"] = path
    return record


@pytest.fixture
def https(scene: JobScene, outside: Path) -> t.Iterator[GitServer]:
    root = scene.awx.workplace.root
    scene.remote.git("config", "http.receivepack", "true")
    with serve(root, outside, USERNAME, TOKEN) as (server, certificate):
        scene.awx.git["repository"] = f"{server.url}/remote.git"
        scene.awx.credentials.update(CLOUDKEYS_GIT_TOKEN=TOKEN, GIT_SSL_CAINFO=str(certificate))
        yield server


def test_a_token_gets_in_and_is_in_no_argument_setting_file_or_output(scene: JobScene, https: GitServer) -> None:
    record = put_before(scene, "git", RECORDER)
    scene.make_due()

    scene.awx.credentials["ANSIBLE_VERBOSITY"] = "4"
    with Watch(seconds_between_looks=GIT_IS_QUICK_SECONDS) as watch:
        scene.awx.credentials.update(watch.environ)
        job = scene.start()
        assert job.wait() == 0, job.output

    scene.check_finished()
    assert "push\n--porcelain" in record.read_text(encoding="utf-8")
    assert any(b"git-remote-https" in words for words in watch.arguments)
    secrets = {"token": TOKEN, "login key": scene.server.api_key, "vault password": VAULT_PASSWORD}
    (record.parent / "arguments").write_bytes(b"\n".join(watch.arguments))
    files = files_of_a_run(scene.awx.workplace.root, scene.awx.workplace.started_at)
    # The file that the workplace types the password from.
    files = [path for path in files if path != scene.awx.workplace.password_file]
    assert scan(files, secrets) == []


def test_a_server_that_the_address_leads_on_to_is_not_given_the_token(scene: JobScene, https: GitServer) -> None:
    scene.awx.git["repository"] = f"{https.url}/moved/remote.git"

    assert scene.start().wait() == 1

    assert https.logins["localhost"] == {""}
    assert scene.server.keys_of(scene.iam_id) == []


def test_a_wrong_token_is_a_clear_error(scene: JobScene, https: GitServer) -> None:
    scene.awx.credentials["CLOUDKEYS_GIT_TOKEN"] = "wrong-token-of-the-tests"

    job = scene.start()

    assert job.wait() == 1
    assert "the token is not accepted there" in " ".join(job.output.split())
    assert "wrong-token-of-the-tests" not in job.output


def test_no_token_is_a_clear_error(scene: JobScene, https: GitServer) -> None:
    scene.awx.credentials["CLOUDKEYS_GIT_TOKEN"] = ""

    job = scene.start()

    assert job.wait() == 1
    assert "give git.token, or CLOUDKEYS_GIT_TOKEN" in " ".join(job.output.split())


def test_a_token_that_may_only_read_creates_nothing(scene: JobScene, https: GitServer) -> None:
    https.may_push = False

    job = scene.start()

    assert job.wait() == 1
    assert "the token may not do this there" in " ".join(job.output.split())
    assert scene.server.keys_of(scene.iam_id) == []


def test_an_ssh_key_gets_in_with_strict_checks(scene: JobScene, outside: Path) -> None:
    record = put_before(scene, "ssh", SSH)
    key, known_hosts = outside / "id", outside / "known_hosts"
    for path in (key, known_hosts):
        path.touch(mode=0o600)
    scene.awx.git["repository"] = f"git@git.example.com:{scene.remote.path}"
    scene.awx.credentials.update(CLOUDKEYS_GIT_SSH_KEY_FILE=str(key), CLOUDKEYS_GIT_KNOWN_HOSTS_FILE=str(known_hosts))

    job = scene.start()

    assert job.wait() == 0, job.output
    assert "deploy: !vault" in scene.remote.read(VAULT_FILE)
    words = record.read_text(encoding="utf-8").splitlines()
    for word in ("StrictHostKeyChecking=yes", "BatchMode=yes", "IdentitiesOnly=yes", str(key), "git@git.example.com"):
        assert word in words
