# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs, crashes, people and reverted files in any order: the published value works unless a person took it away."""

from __future__ import annotations

import contextlib

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import Record
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import (
    DAY_SECONDS,
    HOUR_SECONDS,
    Effects,
    Killed,
    Scene,
)
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule


class AnyLife(RuleBasedStateMachine):
    """What happens to one slot."""

    @initialize(overlap_hours=st.sampled_from([0, 72]), key_source=st.sampled_from(["local", "iam"]))
    def begin(self, overlap_hours: float, key_source: str) -> None:
        self.scene = Scene(overlap_hours=overlap_hours, soak_hours=overlap_hours, key_source=key_source)
        self.taken_away: set[str | None] = set()
        self.history: list[tuple[dict[str, Record], dict[str, str]]] = []
        self.foreign = self.scene.visitor.create_key(name="deploy (next)", iam_id=self.scene.owner["iam_id"])
        self.foreign_tag = self.scene.keys()[self.foreign["id"]].entity_tag
        self.run()

    @rule()
    def run(self) -> None:
        self._remember()
        self.scene.run()

    @rule(gap=st.integers(0, 24), after_effect=st.booleans())
    def run_and_be_killed(self, gap: int, after_effect: bool) -> None:
        self._remember()
        with contextlib.suppress(Killed):
            self.scene.run(effects=Effects(kill_at=gap, kill_after_effect=after_effect))

    @rule(days=st.sampled_from([0.01, 1, 4, 92]))
    def let_time_pass(self, days: float) -> None:
        self.scene.pass_time(days * DAY_SECONDS)

    @precondition(lambda self: self.scene.store.records)
    @rule()
    def report_a_leak(self) -> None:
        current = self.scene.record.current
        if current is not None:
            self.taken_away.add(self.scene.value)
            self.scene.run(compromised_ids=frozenset({current.id}))

    @precondition(lambda self: self.scene.store.records and self.scene.record.superseded)
    @rule()
    def go_back(self) -> None:
        self.scene.run(rollback_to_ids=frozenset({self.scene.record.superseded[-1].id}))

    @rule(pick=st.integers(0, 3), deletes=st.booleans())
    def a_person_takes_a_key_away(self, pick: int, deletes: bool) -> None:
        ours = [key for key_id, key in self.scene.keys().items() if key_id != self.foreign["id"]]
        if not ours:
            return
        key = ours[pick % len(ours)]
        self.taken_away.add(key.key_value)
        if deletes:
            self.scene.visitor.ask("DELETE", f"/v1/apikeys/{key.id}/lock")
            self.scene.visitor.ask("DELETE", f"/v1/apikeys/{key.id}")
        else:
            key.disabled = True

    @precondition(lambda self: self.history)
    @rule(pick=st.integers(0, 9))
    def a_person_reverts_the_file(self, pick: int) -> None:
        records, values = self.history[pick % len(self.history)]
        self.scene.store.records, self.scene.store.values = dict(records), dict(values)
        self.scene.store.stamp += 1
        # What an old copy names may be gone for good; what matters is that nothing that works is lost by it.
        self.taken_away.update(value for value in values.values() if not self.scene.works(value))

    @invariant()
    def the_published_value_logs_in(self) -> None:
        if hasattr(self, "scene") and self.scene.value not in self.taken_away | {None}:
            assert self.scene.works(self.scene.value)

    @invariant()
    def a_foreign_key_is_untouched(self) -> None:
        if hasattr(self, "foreign_tag"):
            assert self.scene.keys()[self.foreign["id"]].entity_tag == self.foreign_tag

    def teardown(self) -> None:
        """Undisturbed runs come to rest, or say why a person has to look."""
        if not hasattr(self, "scene"):
            return
        for _run in range(6):
            self.scene.pass_time(200 * HOUR_SECONDS)
            (outcome,) = self.scene.run()
        assert outcome.failure is not None or outcome.step.name in {"idle", "overlap", "soak"}
        if outcome.failure is None:
            assert self.scene.record.pending is None

    def _remember(self) -> None:
        self.history.append((dict(self.scene.store.records), dict(self.scene.store.values)))


TestAnyLife = AnyLife.TestCase
TestAnyLife.settings = settings(
    max_examples=60, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
)
