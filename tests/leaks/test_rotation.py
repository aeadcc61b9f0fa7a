# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A rotation shows and keeps no value, whether it goes well, fails or dies."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.cloudkeys.ibmcloud.tests.faults.kills import CREATE, LOCK, Gap, kill_everything
from ansible_collections.cloudkeys.ibmcloud.tests.faults.slots import AT_ONCE, NINETY_ONE_DAYS_SECONDS, SlotScene
from ansible_collections.cloudkeys.ibmcloud.tests.leaks.stage import Stage, Way

VARIABLE = "deploy_api_key"


def rotate(stage: Stage, way: Way) -> str:
    slot = {"name": VARIABLE, "file": str(stage.workplace.vault_file), "key_name": "deploy"}
    chosen: dict[str, t.Any] = {
        f"rotate_api_keys_{name}": value for name, value in {**AT_ONCE, "lease_seconds": 1}.items()
    }
    return stage.play(way, "cloudkeys.ibmcloud.rotate", rotate_api_keys_slots=[slot], **chosen)


def test_a_rotation(stage: Stage) -> None:
    assert "failed=0" in rotate(stage, "terminal")
    assert stage.learn_values() == 3
    stage.server.steer("clock", {"advance_seconds": NINETY_ONE_DAYS_SECONDS})

    # A log-in that no longer counts leaves the announced key pending.
    refused = {"kind": "status", "method": "POST", "path": "/v1/apikeys$", "status": 401, "times": 2}
    stage.server.steer("faults", [refused])
    assert "failed=1" in rotate(stage, "runner")
    assert stage.learn_values() == 4
    stage.server.steer("faults", [{"kind": "status", "method": "PUT", "path": "/v1/apikeys/", "status": 403}])
    assert "failed=1" in rotate(stage, "terminal")
    assert stage.workplace.record(VARIABLE)["current"]["generation"] == 2

    assert "failed=0" in rotate(stage, "runner")
    assert stage.learn_values() == 4
    assert stage.leaks() == []


@pytest.mark.parametrize("gap", [CREATE, LOCK], ids=lambda gap: gap.name)
def test_a_rotation_that_is_killed(stage: Stage, gap: Gap) -> None:
    scene = SlotScene(stage.workplace)
    scene.make_due()

    kill_everything(scene, gap, "after", ANSIBLE_VERBOSITY="4", ANSIBLE_DIFF_ALWAYS="true", **stage.environ())

    assert stage.learn_values() == 4
    assert stage.leaks() == []
