# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An identity whose keys almost fill its places: they are replaced in waves, day by day, and no run fails."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.outcome import SlotOutcome
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import DAY_SECONDS, Scene

PLACES = 6
# An overlap of three days and a soak of seven; each may end a moment after the run of that day, and a place may be
# taken a day after it became free.
WAVE_DAYS = 13


@dataclass
class Diary:
    """What an operator sees who looks every day."""

    failures: list[str] = field(default_factory=list)
    begun: list[str] = field(default_factory=list)
    dates_of_later: list[datetime | None] = field(default_factory=list)
    most_keys: int = 0


class Operator:
    """Runs the rotation every day, over as many slots of one identity."""

    def __init__(self, count: int) -> None:
        self.scene = Scene()
        self.scene.emulator.change_settings(keys_per_identity=PLACES)
        self.slots = [self.scene.make_slot(f"slot{number}", keys_per_identity=PLACES) for number in range(count)]

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.scene.emulator.clock.now(), timezone.utc)

    def make_due(self) -> None:
        """The first keys; each slot is an hour younger than the one before, and the last is due when this ends."""
        for slot in self.slots:
            (outcome,) = self.scene.run(slot)
            assert outcome.failure is None
            self.scene.pass_time(3600)
        self.scene.pass_time(90 * DAY_SECONDS)

    def run_daily(self, days: int) -> Diary:
        diary = Diary()
        for _day in range(days):
            now = self.now
            for outcome in self.scene.run(*self.slots):
                self._note(diary, outcome, now)
            diary.most_keys = max(diary.most_keys, len(self.scene.keys()))
            self.scene.pass_time(DAY_SECONDS)
        return diary

    def generation(self, name: str) -> int:
        current = self.scene.store.records[name].current
        assert current is not None
        return current.generation

    @staticmethod
    def _note(diary: Diary, outcome: SlotOutcome, now: datetime) -> None:
        if outcome.failure:
            diary.failures.append(f"{now:%d %b} {outcome.slot.name}: {outcome.failure}")
        if "publish" in outcome.taken:
            diary.begun.append(outcome.slot.name)
        if outcome.step.name == "later":
            next_at = outcome.step.next_at
            diary.dates_of_later.append(next_at if next_at is not None and next_at > now else None)


@pytest.mark.parametrize("free", [1, 2])
def test_every_slot_gets_its_turn_and_no_run_fails(free: int) -> None:
    operator = Operator(PLACES - free)
    operator.make_due()
    waves = -(-len(operator.slots) // free)

    diary = operator.run_daily(waves * WAVE_DAYS)

    assert diary.failures == []
    assert [operator.generation(slot.name) for slot in operator.slots] == [2] * len(operator.slots)
    assert diary.begun == [slot.name for slot in operator.slots]
    assert diary.most_keys <= PLACES
    assert all(operator.scene.works(value) for value in operator.scene.store.values.values())


@pytest.mark.parametrize("free", [1, 2])
def test_a_slot_that_is_put_off_is_told_with_the_date_when_it_goes_on(free: int) -> None:
    operator = Operator(PLACES - free)
    operator.make_due()

    diary = operator.run_daily(1)

    assert diary.failures == []
    assert len(diary.begun) == free
    assert len(diary.dates_of_later) == len(operator.slots) - free
    assert None not in diary.dates_of_later


def test_without_a_free_place_at_all_the_run_says_so_and_touches_nothing() -> None:
    operator = Operator(PLACES)
    operator.make_due()
    before = dict(operator.scene.store.values)

    diary = operator.run_daily(1)

    assert len(diary.failures) == len(operator.slots)
    assert all("None gets free by itself" in failure for failure in diary.failures)
    assert operator.scene.store.values == before
