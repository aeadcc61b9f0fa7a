# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A rotation shows and keeps no value, whether it goes well, fails or dies."""

from __future__ import annotations

import re
import typing as t

import pytest
from ansible_collections.cloudkeys.ibmcloud.tests.faults.kills import CREATE, LOCK, Gap, kill_everything
from ansible_collections.cloudkeys.ibmcloud.tests.faults.slots import (
    AT_ONCE,
    NINETY_ONE_DAYS_SECONDS,
    OVER_A_LEASE_SECONDS,
    SlotScene,
)
from ansible_collections.cloudkeys.ibmcloud.tests.leaks.stage import AWX, AWX_CHECK, AWX_QUIET, TERMINAL, Manner, Stage

VARIABLE = "deploy_api_key"
HISTORY = "history.jsonl"
HAPPENED = {"made", "published", "handed over", "deleted"}
PROBE = """\
- name: Log in with the key
  cloudkeys.ibmcloud.iam_caller_info:
    api_key: "{{ lookup('cloudkeys.ibmcloud.ansible_vault_value', slot.value_path, file=slot.file) }}"
  vars:
    slot: "{{ rotate_api_keys_slot }}"
"""


def rotate(stage: Stage, manner: Manner, playbook: str = "rotate", **more: t.Any) -> str:
    tasks = stage.work / "probe.yml"
    tasks.write_text(PROBE, encoding="utf-8")
    # Whatever an earlier run has announced is nobody's any more.
    stage.server.steer("clock", {"advance_seconds": OVER_A_LEASE_SECONDS})
    slot = {"name": VARIABLE, "file": str(stage.workplace.vault_file), "key_name": "deploy"}
    chosen: dict[str, t.Any] = {
        "slots": [slot],
        **AT_ONCE,
        "probe_tasks": str(tasks),
        "handover_tasks": str(tasks),
        "history": {"file": str(stage.work / HISTORY)},
        "metrics_file": str(stage.work / "keys.prom"),
        **more,
    }
    return stage.play(
        manner,
        f"cloudkeys.ibmcloud.{playbook}",
        **{f"rotate_api_keys_{name}": value for name, value in chosen.items()},
    )


@pytest.mark.daily_slice
def test_a_rotation(stage: Stage) -> None:
    assert "failed=0" in rotate(stage, TERMINAL)
    assert stage.learn_values() == 1
    stage.server.steer("clock", {"advance_seconds": NINETY_ONE_DAYS_SECONDS})
    assert "failed=0" in rotate(stage, AWX_CHECK)
    assert "PLAN of 1 slot" in rotate(stage, TERMINAL, "plan", plan_days=366)

    # A log-in that no longer counts leaves the announced key pending.
    refused = {"kind": "status", "method": "POST", "path": "/v1/apikeys$", "status": 401, "times": 2}
    stage.server.steer("faults", [refused])
    assert "failed=1" in rotate(stage, AWX)
    assert stage.learn_values() == 1
    # What puts a published key in order is told when it fails, and is in nobody's way.
    stage.server.steer("faults", [{"kind": "status", "method": "PUT", "path": "/v1/apikeys/", "status": 403}])
    told = rotate(stage, TERMINAL)
    assert "failed=0" in told
    assert "could not be mended" in told
    assert stage.workplace.record(VARIABLE)["current"]["generation"] == 2

    assert "failed=0" in rotate(stage, AWX_QUIET)
    assert stage.learn_values() == 0
    told = stage.play(AWX, "cloudkeys.ibmcloud.history", history_file=str(stage.work / HISTORY))
    assert "failed=0" in told
    assert set(re.findall(r"ApiKey-\S+ (made|published|handed over|deleted)", " ".join(told.split()))) == HAPPENED
    assert stage.leaks() == []


@pytest.mark.daily_slice
def test_a_leaked_value_that_is_named(stage: Stage) -> None:
    assert "failed=0" in rotate(stage, AWX_QUIET)
    leaked = stage.secrets["leaked value"] = str(stage.workplace.value(VARIABLE))
    unknown = stage.new_secret("leaked value that nobody knows")
    told = rotate(stage, AWX, compromised_values=[leaked, unknown])

    assert "no key of this account has the value in entry 2 of `compromised_values`" in " ".join(told.split()), told
    assert stage.learn_values() == 1
    # The variables of the run stand in the file that the user named.
    for name in ("leaked value", "leaked value that nobody knows"):
        stage.allow(name, "work/asked.json")
        assert stage.places_of(name) == {"work/asked.json"}
    assert stage.leaks() == []


@pytest.mark.daily_slice
@pytest.mark.parametrize("gap", [CREATE, LOCK], ids=lambda gap: gap.name)
def test_a_rotation_that_is_killed(stage: Stage, gap: Gap) -> None:
    scene = SlotScene(stage.workplace)
    scene.make_due()

    kill_everything(scene, gap, "after", ANSIBLE_VERBOSITY="4", ANSIBLE_DIFF_ALWAYS="true", **stage.environ())

    assert stage.learn_values() == 2
    assert stage.leaks() == []
