# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""More of what a run may be about when somebody comes between: how a slot begins, rests, moves and ends."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Place
from ansible_collections.cloudkeys.ibmcloud.tests.faults.plots import (
    AT_ONCE,
    PLOTS,
    WITH_OVERLAP,
    WITH_SOAK,
    Orders,
    Plot,
    any_end,
    due,
)
from ansible_collections.cloudkeys.ibmcloud.tests.faults.world import World
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import (
    DAY_SECONDS,
    HOUR_SECONDS,
)


def change_slot(world: World, **words: t.Any) -> None:
    world.scene.slot = replace(world.scene.slot, **words)


def _empty(world: World) -> Orders:
    return {}


def _adopted(world: World) -> Orders:
    scene = world.scene
    made = scene.visitor.create_key(name="deploy", iam_id=scene.owner["iam_id"], description="of before")
    scene.store.values["deploy"] = made["apikey"]
    change_slot(world, policy=replace(scene.slot.policy, on_missing_record="adopt"))
    return {}


def _record_lost(world: World) -> Orders:
    world.run()
    world.scene.pass_time(DAY_SECONDS)
    del world.scene.store.records["deploy"]
    world.scene.store.stamp += 1
    world.ledger.is_counted = False
    change_slot(world, policy=replace(world.scene.slot.policy, on_missing_record="adopt"))
    return {}


def _staged(world: World) -> Orders:
    world.scene.pass_time(91 * DAY_SECONDS)
    world.run(until="staged")
    world.scene.pass_time(HOUR_SECONDS)
    return {}


def _first_staged(world: World) -> Orders:
    world.run(until="staged")
    world.scene.pass_time(HOUR_SECONDS)
    return {}


def _handed_over(world: World) -> Orders:
    change_slot(world, has_hand_over=True)
    world.scene.pass_time(91 * DAY_SECONDS)
    world.run()
    current = world.scene.record.current
    world.scene.pass_time(DAY_SECONDS)
    # From here on the tasks of the hand-over are done in each run.
    change_slot(world, has_hand_over=False)
    return {"handed_over_ids": frozenset({current.id if current else ""})}


def _retired(world: World) -> Orders:
    world.scene.pass_time(91 * DAY_SECONDS)
    world.run()
    world.scene.pass_time(73 * HOUR_SECONDS)
    return {}


def _soaked(world: World) -> Orders:
    _retired(world)
    world.run()
    world.scene.pass_time(101 * HOUR_SECONDS)
    return {}


def _found(world: World) -> Orders:
    scene = world.scene
    found = scene.visitor.create_key(name="found", iam_id=scene.owner["iam_id"], description="by hand")
    change_slot(world, retire_ids=frozenset({found["id"]}))
    return {}


def _moved(world: World) -> Orders:
    change_slot(world, file="new.yml", variable="new_deploy", moved_from=Place("secrets.yml", "deploy"))
    return {}


def _absent(world: World) -> Orders:
    world.scene.pass_time(DAY_SECONDS)
    change_slot(world, is_wanted=False)
    return {}


def _present_again(world: World) -> Orders:
    _absent(world)
    world.run()
    world.scene.pass_time(HOUR_SECONDS)
    change_slot(world, is_wanted=True)
    return {}


BEGUN_BY_HAND: dict[str, Plot] = {
    "first": Plot(AT_ONCE, _empty, any_end, has_run=False),
    "first, iam": Plot({**AT_ONCE, "key_source": "iam"}, _empty, any_end, has_run=False),
    "first, staged": Plot(AT_ONCE, _first_staged, any_end, has_run=False),
    "adopted": Plot(AT_ONCE, _adopted, any_end, has_run=False),
    "adopted, record lost": Plot(AT_ONCE, _record_lost, any_end, has_run=False),
}
MORE_PLOTS: dict[str, Plot] = {
    **BEGUN_BY_HAND,
    "idle": Plot(WITH_OVERLAP, _empty, any_end),
    # Without a marker only its name says whose a new key is.
    "due, without markers": Plot(
        {**AT_ONCE, "use_marker": False}, due, any_end, stops_after=frozenset({"renames the pending key"})
    ),
    "staged": Plot(AT_ONCE, _staged, any_end),
    "staged, iam": Plot({**AT_ONCE, "key_source": "iam"}, _staged, any_end),
    "handed over": Plot(WITH_OVERLAP, _handed_over, any_end),
    "retired": Plot(WITH_SOAK, _retired, any_end),
    "soaked": Plot(WITH_SOAK, _soaked, any_end),
    "found key retired": Plot(AT_ONCE, _found, any_end),
    "moved": Plot(AT_ONCE, _moved, any_end),
    "absent": Plot(WITH_OVERLAP, _absent, any_end, is_wanted=False),
    "absent, at once": Plot(AT_ONCE, _absent, any_end, is_wanted=False),
    "present again": Plot(WITH_OVERLAP, _present_again, any_end),
}
ALL_PLOTS: dict[str, Plot] = {**PLOTS, **MORE_PLOTS}
