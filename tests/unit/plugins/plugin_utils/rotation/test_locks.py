# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a step unlocks for a change that fails is locked again."""

from __future__ import annotations

from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import DAY_SECONDS, Scene


def test_a_published_key_is_locked_again_when_it_cannot_be_named() -> None:
    scene = Scene()
    scene.run()
    key = scene.keys()[scene.published_id]
    key.name, key.locked = "deploy (next)", True
    scene.emulator.faults.add([{"kind": "status", "status": 403, "method": "PUT"}])

    (outcome,) = scene.run()

    assert "403" in outcome.warnings[0]
    assert scene.writes()[-3:] == [f"{verb} /v1/apikeys/{key.id}{end}" for verb, end in UNLOCKED_IN_VAIN]
    assert key.locked


UNLOCKED_IN_VAIN = (("DELETE", "/lock"), ("PUT", ""), ("POST", "/lock"))


def test_a_key_that_cannot_be_deleted_is_locked_again() -> None:
    scene = Scene()
    scene.run()
    scene.pass_time(91 * DAY_SECONDS)
    (staged,) = scene.run(until="staged")
    key = scene.keys()[staged.pending_id or ""]
    key.locked = True
    scene.emulator.faults.add([{"kind": "status", "status": 403, "method": "DELETE", "path": f"/{key.id}$"}])

    (outcome,) = scene.run(until="staged", withdraw_ids=frozenset({key.id}))

    assert "403" in (outcome.failure or "")
    assert key.locked
