# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Somebody else acts between two port calls of a run: nothing is lost, and what is undone is over."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import HOUR_SECONDS

from .actors import ACTORS, Actor, NothingToDo
from .invariants import Violated, check_is_published
from .more_plots import ALL_PLOTS
from .plots import Orders, Plot
from .schedules import Visit, World

QUIET_RUNS = 7
KNOWN: dict[str, dict[str, list[str]]] = (
    yaml.safe_load(Path(__file__).with_name("known_violations.yml").read_text(encoding="utf-8")) or {}
)


def come_to_rest(plot: Plot, world: World, orders: Orders) -> str | None:
    """Quiet runs, the first one asked again, until one that asks IAM for the value is idle -> why there is none."""
    world.scene.pass_time(3 * HOUR_SECONDS)
    for number in range(QUIET_RUNS):
        outcome = world.run(**(orders if number == 0 else {"verify_values": True}))
        assert outcome is not None
        if outcome.failure is not None:
            return outcome.failure
        if number and plot.is_wanted:
            check_is_published(world.scene)
        if number and outcome.step.name in {"idle", "gone"} and not outcome.swept and not outcome.taken:
            return None
        world.scene.pass_time((plot.policy["overlap_hours"] + plot.policy["soak_hours"] + 8) * HOUR_SECONDS)
    raise Violated("I8: not at rest", f"{outcome.step.name} after {QUIET_RUNS} runs")


def check_rest(plot: Plot, world: World, orders: Orders) -> None:
    """At rest: one key, the published one, nothing left over, and nothing to do."""
    scene = world.scene
    record = scene.store.records.get(scene.slot.variable)
    left = {key.id for key in scene.keys().values() if _is_rotations(world, key)}
    if not plot.is_wanted:
        is_kept = scene.value in {None, *world.ledger.persons_values.values(), *world.ledger.taken_values}
        if record or left or not is_kept:
            raise Violated("I3: something is left over", f"{sorted(left)}, {record}")
        return
    check_is_published(scene)
    assert record is not None
    assert record.current is not None
    if left - {record.current.id}:
        raise Violated("I3: something is left over", ", ".join(sorted(left - {record.current.id})))
    if record.pending or record.superseded:
        raise Violated("I8: idle with something on its way", str(record))
    stamp = scene.store.stamp
    scene.emulator.requests.clear()
    world.run()
    if scene.writes() or scene.store.stamp != stamp:
        raise Violated("I7: an idle run writes", ", ".join(scene.writes()) or "a commit")


def _is_rotations(world: World, key: t.Any) -> bool:
    """Whether a key is for the rotation to clear away: without a marker what a person struck out is nobody's."""
    ledger = world.ledger
    is_lost = ledger.has_outlived or {key.id, key.key_value} & ledger.struck_out
    return key.id not in ledger.foreign and (world.scene.slot.use_marker or not is_lost or key.key_value == world.scene.value)


def play(plot: Plot, actor: Actor, at: int) -> bool:
    """One schedule -> whether the actor had something to do; raises Violated."""
    world, orders = plot.world()
    try:
        world.run(visit=Visit(at, actor.act), **orders)
        if world.visit_is_due(at):
            world.undo = actor.act(world)
    except NothingToDo:
        return False
    why_stopped = come_to_rest(plot, world, orders)
    if why_stopped and actor.is_harmless:
        raise Violated("harmless: the slot does not come to rest by itself", why_stopped)
    if why_stopped:
        if world.undo:
            world.undo()
        why_still = come_to_rest(plot, world, {})
        if why_still and actor.may_stay_stopped:
            return True
        if why_still:
            raise Violated("stuck: undone, and it still stops", why_still)
    check_rest(plot, world, orders)
    return True


def positions(plot: Plot) -> Iterator[int]:
    """Before each port call of an undisturbed run, and after the last one."""
    world, orders = plot.world()
    world.run(**orders)
    yield from range(len(world.calls) + 1)


def violations(plot: Plot, actor: Actor) -> tuple[int, dict[str, list[str]]]:
    """How many schedules there are, and what is violated where, by kind."""
    count, found = 0, {}
    for at in positions(plot):
        try:
            count += play(plot, actor, at)
        except Violated as error:
            count += 1
            found.setdefault(error.kind, []).append(f"@{at}: {error}")
    return count, found


@pytest.mark.parametrize("actor", ACTORS, ids=lambda actor: actor.name)
@pytest.mark.parametrize("name", ALL_PLOTS)
def test_nobody_between_two_calls_makes_a_run_lose_anything(
    name: str, actor: Actor, record_property: t.Callable[[str, object], None]
) -> None:
    count, found = violations(ALL_PLOTS[name], actor)
    known = set(KNOWN.get(name, {}).get(actor.name, []))
    record_property("actors", f"{name}: {count}")
    new = [f"{name}, {actor.name} {place}" for kind in found.keys() - known for place in found[kind]]
    assert not new, "\n".join(new)
    over = sorted(known - found.keys())
    assert not over, f"no longer violated, take it off known_violations.yml: {name}, {actor.name}, {over}"
