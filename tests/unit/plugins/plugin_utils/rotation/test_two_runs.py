# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Two runs over the same slot at the same time: at most one publishes a generation, and both end cleanly."""

from __future__ import annotations

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.progress import SlotOutcome
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import DAY_SECONDS, Scene


@pytest.mark.parametrize("turn", range(5))
def test_a_second_run_in_the_middle_of_the_first_leaves_one_key_that_works(turn: int) -> None:
    scene = Scene(overlap_hours=0, soak_hours=0)
    scene.run()
    scene.pass_time(91 * DAY_SECONDS)
    seconds: list[SlotOutcome] = []
    commits = 0

    def run_another() -> None:
        nonlocal commits
        commits += 1
        if commits == turn + 1:
            effects = scene.store.effects
            scene.store.before_commit = lambda: None
            seconds.extend(scene.run())
            scene.store.effects = effects

    scene.store.before_commit = run_another
    (first,) = scene.run()

    assert (first.failure, [second.failure for second in seconds]) == (None, [None])
    assert [key.key_value for key in scene.keys().values()] == [scene.value]
    assert scene.record.last_generation == 2
