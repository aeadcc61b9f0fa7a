# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lab itself: it sees what leaks, secrets are where they may be and only there, and nothing is left out."""

from __future__ import annotations

import re

import pytest
import yaml
from ansible_collections.cloudkeys.ibmcloud.tests.faults.iam_server import ROOT
from ansible_collections.cloudkeys.ibmcloud.tests.leaks.canaries import modules_in
from ansible_collections.cloudkeys.ibmcloud.tests.leaks.stage import (
    AWX,
    AWX_MODULE,
    LOGIN,
    PLAYS,
    TERMINAL,
    Stage,
    seen_in,
)

MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))
LOOKUPS = sorted(path.stem for path in (ROOT / "plugins" / "lookup").glob("*.py"))
# Enough for the watch to see a module while it runs.
LATENCY_MS = 200

# What a planted secret has to be found in, as expressions for whole paths.
EVENT, LOG, TOLD = r"runner-0/artifacts/[^/]+/job_events/.*", r"output/ansible\.log", r"runner-0/artifacts/[^/]+/stdout"
PLANTED = {
    "shown": [EVENT, LOG, TOLD, r"output/\d+\.stdout"],
    "returned": [EVENT, LOG],
    "differing": [EVENT, TOLD, "work/copied"],
    "cached": [r"runner-0/artifacts/[^/]+/fact_cache/.*"],
    "left_by_async": [r"home/\.ansible_async/.*"],
    "in_arguments": [r"output/\d+\.arguments"],
    "in_temp_folder": ["tmp/left"],
}


@pytest.mark.parametrize("play", ["values.yml", "failures.yml", "surprises.yml"])
def test_no_module_and_no_lookup_is_left_out(play: str) -> None:
    text = (PLAYS / play).read_text(encoding="utf-8")

    assert sorted(set(MODULES) - modules_in(yaml.safe_load(text))) == []
    assert [name for name in LOOKUPS if f"lookup('cloudkeys.ibmcloud.{name}'" not in text] == []


def test_what_is_planted_is_found_in_each_place(stage: Stage) -> None:
    # ansible-core 2.22 knows that vaulted values are secret, and would hide them.
    play = stage.hand_out_canaries(str(PLAYS / "planted.yml"), vaulted=False)

    told = stage.play(AWX, play)

    assert "failed=0" in told, told
    places = {name: stage.places_of(name) for name in PLANTED}
    missed = {
        name: [place for place in expected if not any(re.fullmatch(place, path) for path in places[name])]
        for name, expected in PLANTED.items()
    }
    assert {name: places for name, places in missed.items() if places} == {}


def test_secrets_are_where_they_may_be_and_nowhere_else(stage: Stage) -> None:
    play = stage.hand_out_canaries(str(PLAYS / "allowed.yml"))
    stage.server.steer("latency", {"milliseconds": LATENCY_MS})

    told = stage.play(AWX_MODULE, play)

    assert "failed=0" in told, told
    stage.learn_key_file("kept.json")
    (watch,) = stage.watches
    # The payload of a module, while it runs.
    assert seen_in(stage.secrets["key_shipped"], watch.temporary.values())
    assert stage.places_of("key_shipped") == set()
    # The environment of the processes that were given a credential, and where runner writes it down.
    assert seen_in(stage.secrets[LOGIN], watch.environments)
    (command,) = stage.places_of(LOGIN)
    assert re.fullmatch(r"runner-0/artifacts/[^/]+/command", command)
    # Files that the user named. The password was typed; its file is for the runs on a terminal.
    assert stage.places_of("file_login") == {"named/file_login"}
    assert stage.places_of("kept.json") == {"named/kept.json"}
    assert stage.places_of("vault password") == {"named/password"}
    assert [name for name, secret in stage.secrets.items() if seen_in(secret, watch.environments)] == [LOGIN]
    assert stage.leaks() == []


def test_in_process_there_is_no_payload(stage: Stage) -> None:
    play = stage.hand_out_canaries(str(PLAYS / "allowed.yml"))

    told = stage.play(TERMINAL, play)

    assert "failed=0" in told, told
    (watch,) = stage.watches
    assert [name for name, secret in stage.secrets.items() if seen_in(secret, watch.temporary.values())] == []
