# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What goes well and what fails: nothing secret of it is shown or kept where nobody asked for it."""

from __future__ import annotations

import json

import pytest
from ansible_collections.cloudkeys.ibmcloud.tests.leaks.broken_iam import BrokenIam
from ansible_collections.cloudkeys.ibmcloud.tests.leaks.stage import (
    AWX,
    AWX_CHECK,
    AWX_MODULE,
    AWX_QUIET,
    CORE,
    PLAYS,
    TERMINAL,
    TERMINAL_MODULE,
    Manner,
    Stage,
)

# Before 2.19 a vaulted value is any text once it went through a template; test_limits.py has that.
TOLD = {"origin_is_told": CORE >= (2, 19)}


@pytest.mark.daily_slice
@pytest.mark.parametrize("manner", [TERMINAL, AWX, AWX_QUIET, AWX_MODULE], ids=str)
def test_what_goes_well(stage: Stage, manner: Manner) -> None:
    told = stage.play(manner, stage.hand_out_canaries(str(PLAYS / "values.yml")), **TOLD)

    assert "failed=0" in told, told
    made = stage.read_vault_file("values.yml")
    stage.secrets.update(made)
    stage.learn_key_file("kept.json")
    stage.learn_key_file("kept_of_many.json")
    stage.read_vault_file("rotated.yml")
    assert (len(made), stage.learn_values()) == (5, 1)
    assert stage.leaks() == []


@pytest.mark.parametrize("manner", [AWX_CHECK], ids=str)
def test_what_is_only_tried(stage: Stage, manner: Manner) -> None:
    told = stage.play(manner, stage.hand_out_canaries(str(PLAYS / "values.yml")), **TOLD)

    assert "failed=0" in told, told
    assert not (stage.named / "kept.json").exists()
    assert stage.leaks() == []


@pytest.mark.daily_slice
@pytest.mark.parametrize("manner", [AWX, AWX_QUIET, TERMINAL_MODULE], ids=str)
def test_what_fails(stage: Stage, broken_iam: BrokenIam, manner: Manner) -> None:
    (stage.work / "broken.yml").write_text("region: [eu-de\n", encoding="utf-8")
    play = stage.hand_out_canaries(str(PLAYS / "failures.yml"))
    create = {"method": "POST", "path": "/v1/apikeys$"}
    stage.server.steer(
        "faults",
        [{**create, "kind": "status", "status": 403}, {**create, "kind": "cut_after", "skip": 1}],
    )
    addresses = {name: getattr(broken_iam, name) for name in ("echo", "silent", "untrusted")}

    told = stage.play(manner, play, **addresses)

    assert "failed=0" in told, told
    stage.learn_key_file("found.json")
    echoed = sorted(broken_iam.secrets)
    assert len(echoed) > 5
    stage.secrets.update({f"echoed {number}": secret for number, secret in enumerate(echoed)})
    assert stage.leaks() == []


def test_a_key_that_stands_in_the_play(stage: Stage) -> None:
    play = stage.named / "literal.yml"
    content = (PLAYS / "literal.txt").read_text(encoding="utf-8")
    content = content.replace("LOGIN_KEY", stage.server.api_key).replace("REJECTED", stage.new_secret("rejected key"))
    play.write_text(content, encoding="utf-8")

    told = stage.play(AWX, str(play))

    assert "failed=0" in told, told
    assert stage.leaks() == []


@pytest.mark.daily_slice
@pytest.mark.parametrize("words", [["-vvvv", "--diff"], []], ids=["-vvvv", "quiet"])
@pytest.mark.parametrize("manner", [TERMINAL, TERMINAL_MODULE], ids=str)
def test_ad_hoc_with_a_tree_of_results(stage: Stage, manner: Manner, words: list[str]) -> None:
    arguments = json.dumps({"name": "kept", "file": str(stage.named / "kept.json")})
    command = ["ansible", "localhost", "-m", "cloudkeys.ibmcloud.iam_api_key", "-a", arguments, *words]
    told = stage.run([*command, "--tree", str(stage.root / "tree")], {**stage.environ(), **manner.environ()})

    assert "CHANGED" in told, told
    stage.learn_key_file("kept.json")
    assert stage.leaks() == []
