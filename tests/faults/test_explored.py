# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A schedule that came to the same as another one would have ended like it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.cloudkeys.ibmcloud.tests.faults.actors import ACTORS
from ansible_collections.cloudkeys.ibmcloud.tests.faults.more_plots import ALL_PLOTS
from ansible_collections.cloudkeys.ibmcloud.tests.faults.playing import End, Play, Stage
from ansible_collections.cloudkeys.ibmcloud.tests.faults.test_actors import with_a_fault, without_a_fault

EVERY = 13


@pytest.mark.parametrize(
    ("name", "actor_name", "has_two_ends"),
    [
        ("rolled back", "deletes the replaced key", True),
        ("withdrawn", "disables the published key", True),
        ("idle", "runs it too", False),
    ],
)
def test_what_came_to_the_same_ends_alike(name: str, actor_name: str, has_two_ends: bool) -> None:
    # Called harmless, most of them end in a violation, so that there are two ends to be told apart.
    actor = replace(next(each for each in ACTORS if each.name == actor_name), is_harmless=True)
    plot, stage = ALL_PLOTS[name], Stage(ALL_PLOTS[name])
    schedules = [*without_a_fault(plot), *list(with_a_fault(plot))[::EVERY]]
    play = Play(stage, actor)
    together = {schedule: play.try_one(schedule) for schedule in schedules}
    alone = {schedule: Play(stage, actor).try_one(schedule) for schedule in schedules}
    assert play.tally.same > 0
    assert {at: end for at, end in together.items() if _kind(end) != _kind(alone[at])} == {}
    assert (len({_kind(end) for end in alone.values()}) > 1) == has_two_ends


def _kind(end: End) -> str | None:
    return end and end[0]
