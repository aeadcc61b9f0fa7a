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
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

# Without making a failing life shorter: that takes longer than all other tests together.
SEARCH = (Phase.explicit, Phase.reuse, Phase.generate)


class AnyLife(RuleBasedStateMachine):
    """What happens to one slot."""

    @initialize(
        overlap_hours=st.sampled_from([0, 72]),
        key_source=st.sampled_from(["local", "iam"]),
        has_people=st.booleans(),
    )
    def begin(self, overlap_hours: float, key_source: str, has_people: bool) -> None:
        self.has_people = has_people
        self.scene = Scene(overlap_hours=overlap_hours, soak_hours=overlap_hours, key_source=key_source)
        self.taken_away: set[str | None] = set()
        self.was_reverted = False
        self.history: list[tuple[dict[str, Record], dict[str, str]]] = []
        self.foreign = self.scene.visitor.create_key(name="deploy (next)", iam_id=self.scene.owner["iam_id"])
        self.foreign_tag = self.scene.keys()[self.foreign["id"]].entity_tag
        self.run()

    @rule()
    def run(self) -> None:
        self._remember()
        self.scene.run()

    @rule(
        is_due=st.booleans(),
        effect=st.sampled_from(["commit", "POST /v1/apikeys", "GET /v1/apikeys/details", "POST /identity/token"]),
        skips=st.integers(0, 2),
        after_effect=st.booleans(),
    )
    def run_and_be_killed(self, is_due: bool, effect: str, skips: int, after_effect: bool) -> None:
        self._remember()
        if is_due:
            self.scene.pass_time(92 * DAY_SECONDS)
        with contextlib.suppress(Killed):
            effects = Effects(kill_on=effect, kill_on_skips=skips, kill_after_effect=after_effect)
            self.scene.run(effects=effects)

    @rule(is_due=st.booleans(), before_commit=st.integers(0, 3), is_killed=st.booleans())
    def another_run_comes_between(self, is_due: bool, before_commit: int, is_killed: bool) -> None:
        self._remember()
        if is_due:
            self.scene.pass_time(92 * DAY_SECONDS)
        left = iter(range(before_commit, -1, -1))

        def come_between() -> None:
            if next(left) == 0:
                self.scene.store.before_commit = lambda: None
                with contextlib.suppress(Killed):
                    self.scene.run(effects=Effects(kill_on="commit", kill_on_skips=1) if is_killed else None)

        self.scene.store.before_commit = come_between
        self.scene.run()
        self.scene.store.before_commit = lambda: None

    @rule(days=st.sampled_from([0.01, 1, 4, 92]))
    def let_time_pass(self, days: float) -> None:
        self.scene.pass_time(days * DAY_SECONDS)

    @precondition(lambda self: self.has_people and self.scene.store.records)
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

    @precondition(lambda self: self.has_people)
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

    @precondition(lambda self: self.has_people and self.history)
    @rule(pick=st.integers(0, 9))
    def a_person_reverts_the_file(self, pick: int) -> None:
        records, values = self.history[pick % len(self.history)]
        self.scene.store.records, self.scene.store.values = dict(records), dict(values)
        self.scene.store.stamp += 1
        self.was_reverted = True
        # What an old copy names may be gone for good; what matters is that nothing that works is lost by it.
        self.taken_away.update(value for value in values.values() if not self.scene.works(value))

    @invariant()
    def the_published_value_logs_in(self) -> None:
        if hasattr(self, "scene") and self.scene.value not in self.taken_away | {None}:
            assert self.scene.works(self.scene.value)

    @invariant()
    def an_overlap_is_kept(self) -> None:
        record = self.scene.store.records.get("deploy") if hasattr(self, "scene") else None
        for entry in record.superseded if record else ():
            ends_at = (entry.superseded_at + self.scene.slot.policy.overlap).timestamp()
            is_promised = entry.key_value and not entry.compromised and entry.key_value not in self.taken_away
            if is_promised and self.scene.slot.policy.overlap and self.scene.emulator.clock.now() < ends_at:
                assert self.scene.works(entry.key_value)

    @invariant()
    def there_are_few_keys(self) -> None:
        if hasattr(self, "foreign_tag") and not self.was_reverted:
            record = self.scene.store.records.get("deploy")
            most = 2 if self.scene.slot.policy.key_source == "local" else 4
            assert len(self.scene.keys()) - 1 <= most + (len(record.superseded) if record else 0)

    @invariant()
    def a_foreign_key_is_untouched(self) -> None:
        if hasattr(self, "foreign_tag"):
            assert self.scene.keys()[self.foreign["id"]].entity_tag == self.foreign_tag

    def teardown(self) -> None:
        """Undisturbed runs come to rest, or say why a person has to look."""
        if not hasattr(self, "scene"):
            return
        for _run in range(8):
            self.scene.pass_time(200 * HOUR_SECONDS)
            (outcome,) = self.scene.run()
        if outcome.failure is not None:
            assert self.taken_away or self.was_reverted, outcome.failure
            return
        assert outcome.step.name in {"idle", "overlap", "soak"}
        assert self.scene.works(self.scene.value)
        # A file put back to a time before its record leaves keys that no record knows; they are nobody's to delete.
        if not self.was_reverted:
            assert set(self.scene.keys()) - {self.foreign["id"]} == self.scene.record.known_ids

    def _remember(self) -> None:
        self.history.append((dict(self.scene.store.records), dict(self.scene.store.values)))


TestAnyLife = AnyLife.TestCase
TestAnyLife.settings = settings(
    max_examples=80, stateful_step_count=12, deadline=None, phases=SEARCH, suppress_health_check=list(HealthCheck)
)
