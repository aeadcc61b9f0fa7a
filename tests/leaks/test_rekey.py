# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Vaulted values move to another secret in a repository: nothing of them or of the token is shown or kept."""

from __future__ import annotations

import pytest
from ansible_collections.cloudkeys.ibmcloud.tests.awx.git_server import serve
from ansible_collections.cloudkeys.ibmcloud.tests.leaks.stage import AWX, PLAYS, TERMINAL, Manner, Stage
from ansible_collections.cloudkeys.ibmcloud.tests.leaks.test_leak_run import git


@pytest.mark.daily_slice
@pytest.mark.parametrize("manner", [TERMINAL, AWX], ids=str)
def test_a_move_in_a_repository_whose_server_wants_a_token(
    stage: Stage, manner: Manner, tmp_path_factory: pytest.TempPathFactory
) -> None:
    play = stage.hand_out_canaries(str(PLAYS / "rekey.yml"))
    stage.write_vault_file("clear.yml", {"moved": stage.new_secret("value that moves")})
    git(stage, "init", "--quiet", "--bare", "--initial-branch=main", "vars.git")
    git(stage, "-C", "vars.git", "config", "http.receivepack", "true")
    git(stage, "clone", "--quiet", "vars.git", "clone")
    (stage.work / "clear.yml").rename(stage.work / "clone" / "secrets.yml")
    git(stage, "-C", "clone", "add", ".")
    git(stage, "-C", "clone", "commit", "--quiet", "--message=Begin")
    git(stage, "-C", "clone", "push", "--quiet", "origin", "HEAD:main")

    token = stage.secrets["git_token"]
    with serve(stage.work, tmp_path_factory.mktemp("tls"), "x-access-token", token) as (server, certificate):
        told = stage.play(
            manner,
            play,
            environ={"GIT_SSL_CAINFO": str(certificate)},
            repository=f"{server.url}/vars.git",
        )

    assert "failed=0" in told, told
    commits = git(stage, "-C", "vars.git", "log", "-p", "--all")
    assert commits.count(";AES256;other") == 1
    (stage.work / "commits").write_text(commits, encoding="utf-8")
    assert stage.leaks() == []
