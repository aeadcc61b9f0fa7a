# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A leak run gets its values in texts of every kind, and shows and keeps none of them, in no commit either."""

from __future__ import annotations

import re
import subprocess
import typing as t

import pytest
from ansible_collections.cloudkeys.ibmcloud.tests.faults.slots import AT_ONCE
from ansible_collections.cloudkeys.ibmcloud.tests.leaks.stage import AWX, TERMINAL, Manner, Stage
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.module_utils.leaks.test_pasted import (
    EXPECTED,
    MESSY,
    OWN,
    VALUE,
)

KINDS = [name for name in MESSY if EXPECTED[name] in (VALUE, OWN)]
LEAST_KINDS = 30
VARIABLE = "deploy_api_key"


def git(stage: Stage, *arguments: str) -> str:
    who = ["-c", "user.name=reader", "-c", "user.email=reader@example.com"]
    done = subprocess.run(["git", *who, *arguments], cwd=stage.work, capture_output=True, text=True, check=True)
    return done.stdout


def options(stage: Stage) -> dict[str, t.Any]:
    slot = {"name": VARIABLE, "file": str(stage.workplace.vault_file), "key_name": "deploy"}
    return {f"rotate_api_keys_{name}": value for name, value in {**AT_ONCE, "slots": [slot]}.items()}


@pytest.mark.daily_slice
@pytest.mark.parametrize("manner", [TERMINAL, AWX], ids=str)
def test_a_leak_run_shows_and_keeps_no_value(stage: Stage, manner: Manner) -> None:
    assert len(KINDS) >= LEAST_KINDS
    told = stage.play(TERMINAL, "cloudkeys.ibmcloud.rotate", **options(stage))
    assert "failed=0" in told, told
    assert stage.learn_values() == 1
    for name, value in {"loose": VALUE, "of one's own": OWN}.items():
        stage.server.make_key(name, value)
        stage.secrets[name] = value
    stage.new_secret("of no key")
    texts = [MESSY[name] for name in KINDS]
    slots_value = str(stage.workplace.value(VARIABLE))
    texts += [f"deploy: {slots_value}", f"apikey={stage.secrets['of no key']}"]
    pasted = stage.named / "pasted.log"
    pasted.write_text("\n\nend of one\n\n".join(texts), encoding="utf-8")
    (stage.work / "journal").mkdir()
    git(stage, "init", "--quiet", "--bare", "--initial-branch=main", "ops.git")
    git(stage, "clone", "--quiet", "ops.git", "clone")
    git(stage, "-C", "clone", "commit", "--quiet", "--allow-empty", "--message=Begin")
    git(stage, "-C", "clone", "push", "--quiet", "origin", "HEAD:main")

    told = stage.play(
        manner,
        "cloudkeys.ibmcloud.revoke_leaked",
        **options(stage),
        revoke_leaked_values_file=str(pasted),
        revoke_leaked_folder="incidents",
        revoke_leaked_journal_folder=str(stage.work / "journal"),
        revoke_leaked_git={"repository": str(stage.work / "ops.git"), "branch": "main"},
    )

    commits = git(stage, "-C", "ops.git", "log", "-p", "--all")
    (stage.work / "commits").write_text(commits, encoding="utf-8")
    found = set(re.findall(r"DEAD: line (\d+) of", told.replace("\\n", " ")))
    assert len(found) >= len(KINDS), sorted(map(int, found))
    assert re.search(r"NOT FOUND: line \d+ of", told)
    assert '"verdict": "dead"' in commits
    assert not any(map(stage.server.logs_in, (VALUE, OWN, slots_value)))
    assert stage.learn_values() == 1
    assert stage.leaks() == []
