# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The history of a rotation that meets any one fault, its own writes included: nothing is lost, nothing doubled."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.cloudkeys.ibmcloud.tests.faults.disturbances import FAULTS, Fault
from ansible_collections.cloudkeys.ibmcloud.tests.faults.history import check_history, with_history
from ansible_collections.cloudkeys.ibmcloud.tests.faults.more_plots import ALL_PLOTS
from ansible_collections.cloudkeys.ibmcloud.tests.faults.playing import come_to_rest
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import DAY_SECONDS


def faults(effects: int) -> t.Iterator[Fault]:
    """Each kind at each effect; what lands late lands in the middle of the next run."""
    for at in range(effects):
        for kind in FAULTS:
            yield Fault(at, kind, effects // 2)


@pytest.mark.daily_slice
@pytest.mark.parametrize("name", ALL_PLOTS)
def test_a_history_tells_everything_once(name: str, record_property: t.Callable[[str, object], None]) -> None:
    plot, count = ALL_PLOTS[name], 0
    for fault in faults(plot.effects(with_history)):
        world, orders = plot.world(with_history)
        world.run(fault, **orders)
        assert come_to_rest(plot, world, orders, "as it was left") is None
        check_history(world)
        history = world.history
        world.run()
        assert world.history == history, "an idle run writes its history"
        count += 1
    record_property("shown", f"{name}: {count} schedules of one fault, 0 violations")


@pytest.mark.parametrize("name", ALL_PLOTS)
def test_a_history_tells_nothing_again_through_the_next_rotation(name: str) -> None:
    plot = ALL_PLOTS[name]
    world, orders = plot.world(with_history)
    world.run(**orders)
    assert come_to_rest(plot, world, orders, "as it was left") is None
    world.scene.pass_time(91 * DAY_SECONDS)
    assert come_to_rest(plot, world, {}, "the next rotation") is None
    check_history(world)
