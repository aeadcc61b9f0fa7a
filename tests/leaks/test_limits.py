# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What Ansible itself shows, by its version: docs/security-model.md says the same to users."""

from __future__ import annotations

import pytest
from ansible_collections.cloudkeys.ibmcloud.tests.leaks.stage import (
    CORE,
    LOGIN,
    PLAYS,
    TERMINAL,
    TERMINAL_MODULE,
    Manner,
    Stage,
)

TERMINAL_QUIET = Manner(verbosity=0)
# From 2.22 on a value that was vaulted, or that this collection made, is known to be secret.
UNTIL_2_21 = {"looped_over", "shown_later"} if CORE < (2, 22) else set()
FROM_2_19_TO_2_21 = {"failed_with_no_log"} if (2, 19) <= CORE < (2, 22) else set()
SINCE_2_19 = {"literal"} if CORE >= (2, 19) else set()
# What became of an item without one of our actions, and what a secret looks like to others.
WITHOUT_US = {"key_in_base64"}
WITHOUT_US |= {"left_out"} if CORE < (2, 22) else set()
WITHOUT_US |= {"for_no_connection", "beside_undefined"} if (2, 19) <= CORE < (2, 22) else set()
# An older one does not tell that a text was vaulted once it went through a template.
UNTIL_2_18 = {"vaulted_name"} if CORE < (2, 19) else set()
AS_A_MODULE = {"key_in_environment"}


@pytest.mark.parametrize(
    ("manner", "expected"),
    [(TERMINAL, set()), (TERMINAL_MODULE, AS_A_MODULE)],
    ids=str,
)
def test_what_ansible_shows_by_itself(stage: Stage, manner: Manner, expected: set[str]) -> None:
    stage.hand_out_canaries(str(PLAYS / "shown.yml"))
    play = stage.named / "shown.yml"
    text = (PLAYS / "shown.yml").read_text(encoding="utf-8")
    play.write_text(text.replace("LITERAL", stage.new_secret("literal")), encoding="utf-8")

    told = stage.play(manner, str(play))

    assert "failed=0" in told, told
    stage.secrets.update(stage.read_vault_file("shown.yml"))
    shown = {name for name in stage.secrets if any("named" not in place for place in stage.places_of(name))}
    assert shown == WITHOUT_US | UNTIL_2_18 | UNTIL_2_21 | FROM_2_19_TO_2_21 | SINCE_2_19 | expected
    in_arguments = [place for place in stage.places_of("key_in_environment") if place.endswith(".arguments")]
    assert bool(in_arguments) == bool(expected), "`environment:` is a part of the command that starts a module"


def test_a_payload_that_is_to_be_kept_is_kept(stage: Stage) -> None:
    play = stage.hand_out_canaries(str(PLAYS / "allowed.yml"))

    told = stage.play(TERMINAL_MODULE, play, environ={"ANSIBLE_KEEP_REMOTE_FILES": "1"})

    assert "failed=0" in told, told
    assert any("AnsiballZ" in place for place in stage.places_of("key_shipped"))


@pytest.mark.parametrize(
    ("subset", "is_kept"), [(["min"], True), (["all", "!env"], False)], ids=["environment", "none"]
)
def test_facts_hold_the_environment_unless_it_is_left_out(stage: Stage, subset: list[str], *, is_kept: bool) -> None:
    quiet = {"ANSIBLE_DISPLAY_TRACEBACK": "never"}

    told = stage.play(TERMINAL_QUIET, str(PLAYS / "gathered.yml"), environ=quiet, subset=subset)

    assert "failed=0" in told, told
    assert any(place.startswith("facts/") for place in stage.places_of(LOGIN)) == is_kept
    assert told.count("facts that Ansible gathered") == int(is_kept), told
    assert stage.secrets[LOGIN] not in told


def test_debug_of_ansible_shows_what_a_shipped_module_wrote(stage: Stage) -> None:
    play = stage.hand_out_canaries(str(PLAYS / "debugged.yml"))

    told = stage.play(TERMINAL_MODULE, play, environ={"ANSIBLE_DEBUG": "1"})

    assert "failed=0" in told, told
    stage.secrets.update(stage.read_vault_file("shown.yml"))
    assert any(place.startswith("output/") for place in stage.places_of("made"))


def test_debug_of_ansible_shows_nothing_of_what_is_done_in_process(stage: Stage) -> None:
    play = stage.hand_out_canaries(str(PLAYS / "debugged.yml"))

    told = stage.play(TERMINAL, play, environ={"ANSIBLE_DEBUG": "1"})

    assert "failed=0" in told, told
    stage.secrets.update(stage.read_vault_file("shown.yml"))
    assert stage.places_of("made") == set()
