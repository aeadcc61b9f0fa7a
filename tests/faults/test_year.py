# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The plan of a year tells what the runs of that year do, day by day: in every plot, and with many slots."""

from __future__ import annotations

import pytest
from ansible_collections.cloudkeys.ibmcloud.tests.faults.more_plots import ALL_PLOTS
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.years import Year


@pytest.mark.parametrize("name", ALL_PLOTS)
def test_the_plan_of_a_year_comes_true(name: str) -> None:
    world, orders = ALL_PLOTS[name].world()
    year = Year(world.scene, [world.scene.slot], orders)

    assert year.differences() == []
