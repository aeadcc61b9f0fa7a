# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Two accounts, a person in each, and whoever else acts between two port calls, in any order: nothing is lost."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ansible_collections.cloudkeys.ibmcloud.tests.faults.acting import NothingToDo
from ansible_collections.cloudkeys.ibmcloud.tests.faults.actors import ACTORS, Actor
from ansible_collections.cloudkeys.ibmcloud.tests.faults.acts_of_runs import make_namesake
from ansible_collections.cloudkeys.ibmcloud.tests.faults.chance import RepeatableScene
from ansible_collections.cloudkeys.ibmcloud.tests.faults.disturbances import FAULTS, Fault, Undo, Visit
from ansible_collections.cloudkeys.ibmcloud.tests.faults.invariants import check_is_published
from ansible_collections.cloudkeys.ibmcloud.tests.faults.world import World
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import (
    DAY_SECONDS,
    HOUR_SECONDS,
)
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

# Without making a failing life shorter: that takes longer than all other tests together.
SEARCH = (Phase.explicit, Phase.reuse, Phase.generate)

# Two edits of one record cannot both be undone, and who deletes an owner has taken its keys.
LEFT_OUT = ("record", "reverts", "counts", "makes the owner", "another owner", "in another account")
OTHERS = [actor for actor in ACTORS if not any(word in actor.name for word in LEFT_OUT)]


class LifeWithOthers(RuleBasedStateMachine):
    """What happens to a slot in each of two accounts, in one vault file; all of it is undone at the end."""

    @initialize(overlap_hours=st.sampled_from([0, 72]), key_source=st.sampled_from(["local", "iam"]))
    def begin(self, overlap_hours: float, key_source: str) -> None:
        scene = RepeatableScene(
            overlap_hours=overlap_hours, soak_hours=overlap_hours, quiet_hours=0, key_source=key_source
        )
        self.world = World(scene)
        self.undos: list[Undo] = []
        seed = scene.emulator.add_account()
        owner = make_namesake(scene.emulator.worlds[seed.account_id], seed)
        there = replace(scene.slot, name="there", variable="there", iam_id=owner, account_id=seed.account_id)
        self.slots = [(scene.slot, scene.emulator.seed.api_key), (there, seed.api_key)]
        for slot, api_key in self.slots:
            self.world.run_of_somebody_else(slot, api_key)

    @rule(which=st.integers(0, 1), with_others_credentials=st.booleans())
    def a_person_runs(self, which: int, with_others_credentials: bool) -> None:
        slot, api_key = self.slots[which]
        if with_others_credentials:
            # The slots are resolved in the account that one is logged in to.
            other, api_key = self.slots[1 - which]
            slot = replace(slot, iam_id=other.iam_id, account_id=other.account_id)
        self.world.run_of_somebody_else(slot, api_key)

    @rule(at=st.integers(0, 20), kind=st.sampled_from(FAULTS), lands_at=st.integers(0, 20))
    def a_run_meets_a_fault(self, at: int, kind: str, lands_at: int) -> None:
        self.world.run(Fault(at, kind, lands_at))

    @rule(at=st.integers(0, 25), actor=st.sampled_from(OTHERS), is_due=st.booleans())
    def somebody_acts_in_a_run(self, at: int, actor: Actor, is_due: bool) -> None:
        if is_due:
            self.let_time_pass(92)
        self.world.undo = None

        def act(world: World) -> Undo | None:
            try:
                return actor.act(world)
            except NothingToDo:
                return None

        self.world.run(visit=Visit(at, act))
        if self.world.undo is not None:
            self.undos.append(self.world.undo)

    @precondition(lambda self: self.undos)
    @rule()
    def what_was_done_is_undone(self) -> None:
        self.undos.pop()()

    @precondition(lambda self: self.world.scene.store.records.get("deploy"))
    @rule(response=st.sampled_from(["disable_first", "replace_first"]))
    def a_leak_is_reported(self, response: str) -> None:
        current = self.world.scene.record.current
        if current is not None:
            self.world.run(compromised_ids=frozenset({current.id}), leak_response=response)

    @precondition(lambda self: self.world.scene.store.records.get("deploy") and self.world.scene.record.superseded)
    @rule()
    def a_person_goes_back(self) -> None:
        self.world.run(rollback_to_ids=frozenset({self.world.scene.record.superseded[-1].id}))

    @rule(days=st.sampled_from([0.01, 1, 4, 92]))
    def let_time_pass(self, days: float) -> None:
        self.world.scene.pass_time(days * DAY_SECONDS)

    @invariant()
    def a_record_is_of_one_account(self) -> None:
        """The rest is checked after each port call."""

    def teardown(self) -> None:
        """With everything undone both slots come to rest, or say why a person has to look."""
        if not hasattr(self, "world"):
            return
        while self.undos:
            self.undos.pop()()
        for slot, api_key in self.slots:
            self._comes_to_rest(slot, api_key)

    def _comes_to_rest(self, slot: t.Any, api_key: str) -> None:
        scene = self.world.scene
        for _run in range(8):
            scene.pass_time(200 * HOUR_SECONDS)
            outcome = self.world.run_of_somebody_else(slot, api_key, verify_values=True)
        assert outcome is not None
        assert outcome.failure is None, outcome.failure
        assert outcome.step.name == "idle"
        with self.world.seen_as(slot):
            check_is_published(scene)


TestLifeWithOthers = LifeWithOthers.TestCase
TestLifeWithOthers.settings = settings(
    max_examples=60, stateful_step_count=10, deadline=None, phases=SEARCH, suppress_health_check=list(HealthCheck)
)
