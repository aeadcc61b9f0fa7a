# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Values of fresh keys, log-ins and failures: nothing of them is shown or kept where nobody asked for it."""

from __future__ import annotations

import json

import pytest
from ansible_collections.cloudkeys.ibmcloud.tests.leaks.stage import PLAYS, Stage, Way

# Starting a module takes a while, so what is the same in process is left out.
AS_A_MODULE = {"CLOUDKEYS_IN_PROCESS": "0", "ANSIBLE_SKIP_TAGS": "in_process_only"}


@pytest.mark.parametrize(
    ("way", "environ"),
    [("terminal", {}), ("runner", {}), ("runner", AS_A_MODULE)],
    ids=["terminal", "runner", "as a module"],
)
def test_values_of_fresh_keys(stage: Stage, way: Way, environ: dict[str, str]) -> None:
    told = stage.play(way, str(PLAYS / "values.yml"), environ=environ)

    assert "failed=0" in told, told
    stage.secrets.update(stage.read_vault_file("values.yml"))
    stage.secrets["kept"] = json.loads((stage.named / "kept.json").read_text(encoding="utf-8"))["apikey"]
    assert len(stage.secrets) == 6
    assert stage.leaks() == []


@pytest.mark.parametrize(
    ("way", "environ"), [("runner", {}), ("terminal", AS_A_MODULE)], ids=["in process", "as a module"]
)
def test_failures(stage: Stage, way: Way, environ: dict[str, str]) -> None:
    stage.write_vault_file("vaulted.yml", rejected=stage.new_secret("rejected key"))
    create = {"method": "POST", "path": "/v1/apikeys$"}
    stage.server.steer(
        "faults",
        [{**create, "kind": "status", "status": 403}, {**create, "kind": "cut_after", "skip": 1}],
    )

    told = stage.play(way, str(PLAYS / "failures.yml"), environ=environ)

    assert "failed=0" in told, told
    stage.secrets["found"] = json.loads((stage.named / "found.json").read_text(encoding="utf-8"))["apikey"]
    assert stage.leaks() == []


def test_a_key_that_stands_in_the_play(stage: Stage) -> None:
    play = stage.named / "literal.yml"
    content = (PLAYS / "literal.txt").read_text(encoding="utf-8")
    content = content.replace("LOGIN_KEY", stage.server.api_key).replace("REJECTED", stage.new_secret("rejected key"))
    play.write_text(content, encoding="utf-8")

    told = stage.play("runner", str(play))

    assert "failed=0" in told, told
    assert stage.leaks() == []


@pytest.mark.parametrize("environ", [{}, AS_A_MODULE], ids=["in process", "as a module"])
def test_ad_hoc_with_a_tree_of_results(stage: Stage, environ: dict[str, str]) -> None:
    arguments = json.dumps({"name": "kept", "file": str(stage.named / "kept.json")})
    command = ["ansible", "localhost", "-m", "cloudkeys.ibmcloud.iam_api_key", "-a", arguments, "-vvvv", "--diff"]
    told = stage.run([*command, "--tree", str(stage.root / "tree")], {**stage.environ(), **environ})

    assert "CHANGED" in told, told
    stage.secrets["kept"] = json.loads((stage.named / "kept.json").read_text(encoding="utf-8"))["apikey"]
    assert stage.leaks() == []
