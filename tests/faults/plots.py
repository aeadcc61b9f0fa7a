# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the schedules of faults are tried on: a rotation that is due, a leak, a way back."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Place
from ansible_collections.cloudkeys.ibmcloud.tests.faults.chance import RepeatableScene
from ansible_collections.cloudkeys.ibmcloud.tests.faults.world import Equip, World
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import (
    DAY_SECONDS,
    HOUR_SECONDS,
)

Orders = dict[str, t.Any]

AT_ONCE = {"overlap_hours": 0, "soak_hours": 0, "quiet_hours": 0}
WITH_OVERLAP = {"overlap_hours": 72, "soak_hours": 1, "quiet_hours": 0}
WITH_SOAK = {"overlap_hours": 72, "soak_hours": 100, "quiet_hours": 0}


@dataclass(frozen=True)
class Plot:
    """A policy, how it comes to the run that meets faults -> what that run is asked for, and how it has to end.

    `stops_after` are actors who are harmless elsewhere, and after whom a run of this plot is right to stop until what
    they did is undone, or the order taken back (docs/decisions/0044-an-order-is-carried-out-or-red.md).
    """

    policy: dict[str, t.Any]
    begin: t.Callable[[World], Orders]
    check_end: t.Callable[[World, Orders], None]
    has_run: bool = True
    is_wanted: bool = True
    stops_after: frozenset[str] = frozenset()

    def world(self, equip: Equip | None = None) -> tuple[World, Orders]:
        """The world right before the run that meets faults, a foreign key in it, and what that run is asked for."""
        scene = RepeatableScene(**self.policy)
        world = World(scene, equip=equip)
        scene.store.values["other"] = world.ledger.bystanders["other"] = "not ours"
        if self.has_run:
            world.run()
        foreign = scene.visitor.create_key(name="deploy (next)", iam_id=scene.owner["iam_id"], description="by hand")
        world.ledger.foreign = {foreign["id"]: scene.keys()[foreign["id"]].entity_tag}
        # Nobody takes it for a key that the run is about to make.
        scene.pass_time(HOUR_SECONDS)
        return world, self.begin(world)

    def effects(self, equip: Equip | None = None) -> int:
        """How many effects the run has when nothing goes wrong."""
        world, orders = self.world(equip)
        assert world.run(**orders) is not None
        return len(world.done)


def due(world: World) -> Orders:
    world.scene.pass_time(91 * DAY_SECONDS)
    return {}


def _leaked(world: World) -> Orders:
    world.scene.pass_time(DAY_SECONDS)
    current = world.scene.record.current
    return {"compromised_ids": frozenset({current.id if current else ""})}


def _leaked_without_outage(world: World) -> Orders:
    return {**_leaked(world), "leak_response": "replace_first"}


def _replaced(world: World) -> Orders:
    world.scene.pass_time(91 * DAY_SECONDS)
    world.run()
    (old,) = world.scene.record.superseded
    return {"rollback_to_ids": frozenset({old.id})}


def _replaced_and_disabled(world: World) -> Orders:
    orders = _replaced(world)
    world.scene.pass_time(73 * HOUR_SECONDS)
    world.run()
    assert world.scene.record.superseded[0].disabling_at
    return orders


def _did_not_pass_its_probe(world: World) -> Orders:
    world.scene.pass_time(91 * DAY_SECONDS)
    staged = world.run(until="staged")
    return {"withdraw_ids": frozenset({staged.pending_id if staged and staged.pending_id else ""})}


def any_end(world: World, orders: Orders) -> None:
    pass


def _the_leaked_key_is_gone(world: World, orders: Orders) -> None:
    assert not orders["compromised_ids"] & world.scene.keys().keys(), "I12: a leaked key is still there"


def _the_old_key_is_published(world: World, orders: Orders) -> None:
    current = world.scene.record.current
    assert current
    assert {current.id} == orders["rollback_to_ids"], "I11: the rollback did not happen"


def _the_copy_has_the_value(world: World, orders: Orders) -> None:
    assert world.scene.store.values.get("copy") == world.scene.value, "I1: a copy has another value"


def _the_key_is_locked(world: World, orders: Orders) -> None:
    current = world.scene.record.current
    assert current
    assert world.scene.keys()[current.id].locked, "the published key is not locked"


def _the_withdrawn_key_is_gone(world: World, orders: Orders) -> None:
    assert not orders["withdraw_ids"] & world.scene.keys().keys(), "a key that was to be withdrawn is still there"


PLOTS: dict[str, Plot] = {
    "due, local, at once": Plot(AT_ONCE, due, any_end),
    "due, local, with overlap": Plot(WITH_OVERLAP, due, any_end),
    "due, iam, at once": Plot({**AT_ONCE, "key_source": "iam"}, due, any_end),
    "due, iam, with overlap": Plot({**WITH_OVERLAP, "key_source": "iam"}, due, any_end),
    "due, locked": Plot({**AT_ONCE, "locked": True}, due, _the_key_is_locked),
    "due, with a copy": Plot({**AT_ONCE, "copies": (Place("other.yml", "copy"),)}, due, _the_copy_has_the_value),
    # The other run, which was not told of the probe, has published the key that is to be withdrawn.
    "withdrawn": Plot(
        AT_ONCE, _did_not_pass_its_probe, _the_withdrawn_key_is_gone, stops_after=frozenset({"runs it too"})
    ),
    "leaked": Plot(WITH_OVERLAP, _leaked, _the_leaked_key_is_gone),
    "leaked, replaced first": Plot(WITH_OVERLAP, _leaked_without_outage, _the_leaked_key_is_gone),
    "rolled back": Plot(WITH_OVERLAP, _replaced, _the_old_key_is_published),
    "rolled back from the soak": Plot(WITH_SOAK, _replaced_and_disabled, _the_old_key_is_published),
}
