# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the pace makes of answers, told one by one; tests/benchmark/pace.py lets it work against servers with limits."""

from __future__ import annotations

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.pace import FIRST_WIDTH, MOST_WIDTH, Pace


class Talk:
    """Round trips of as many requests as fit, all of them answered after the same time."""

    def __init__(self, pace: Pace) -> None:
        self.pace, self.now = pace, 0.0

    def turn(self, seconds: float = 0.1, kind: str = "GET", *, wanted: int = 99) -> None:
        sent = 0
        while not self.pace.is_full and sent < wanted:
            self.pace.start(self.now)
            sent += 1
        begun, self.now = self.now, self.now + seconds
        for _request in range(sent):
            self.pace.answered(kind, begun, self.now)
            self.pace.end()

    def refuse(self, pause_seconds: float = 1.0) -> None:
        self.pace.start(self.now)
        self.pace.refused(self.now, self.now, pause_seconds)
        self.pace.end()


@pytest.fixture
def talk() -> Talk:
    return Talk(Pace())


def test_it_begins_at_eight_and_widens_to_thirty_two(talk: Talk) -> None:
    widths = [talk.pace.width]
    for _turn in range(6):
        talk.turn()
        widths.append(talk.pace.width)

    assert widths[0] == widths[1] == FIRST_WIDTH
    assert widths == sorted(widths)
    assert widths[-1] == MOST_WIDTH
    assert talk.pace.rate is None


def test_what_nobody_waits_for_widens_nothing(talk: Talk) -> None:
    for _turn in range(20):
        talk.turn(wanted=3)
    assert talk.pace.width == FIRST_WIDTH


def test_a_refusal_halves_at_once_and_only_once_a_round_trip(talk: Talk) -> None:
    for _turn in range(6):
        talk.turn()
    begun = talk.now - 0.05
    talk.refuse()
    assert talk.pace.width == MOST_WIDTH / 2
    talk.pace.refused(begun, talk.now, 1.0)
    assert talk.pace.width == MOST_WIDTH / 2

    talk.now += 1
    widths = []
    for _turn in range(12):
        talk.turn()
        widths.append(talk.pace.width)
    # One more a round trip at most, from here on.
    assert all(0 <= after - before <= 1.01 for before, after in zip(widths, widths[1:]))
    assert widths[-1] > MOST_WIDTH / 2


def test_after_a_refusal_requests_are_spaced_at_half_of_what_came_through(talk: Talk) -> None:
    for _turn in range(3):
        talk.turn()
    through = 8 + 8 + 12
    talk.refuse()

    assert talk.pace.rate == through / 2
    first = talk.pace.start(talk.now + 1)
    assert talk.pace.starts_at(talk.now + 1) == pytest.approx(first + 2 / through)


def test_the_longest_pause_counts(talk: Talk) -> None:
    talk.refuse(5)
    talk.refuse(2)
    assert talk.pace.seconds_closed(talk.now + 1) == 4


def test_requests_that_follow_each_other_tell_of_no_rate(talk: Talk) -> None:
    talk.turn(wanted=1)
    talk.refuse()
    assert talk.pace.rate is None
    assert talk.pace.width == FIRST_WIDTH / 2


def test_answers_that_take_twice_as_long_halve(talk: Talk) -> None:
    for _turn in range(6):
        talk.turn()
    talk.turn(0.25)
    assert talk.pace.width == MOST_WIDTH / 2


def test_a_slow_answer_in_ten_halves_nothing(talk: Talk) -> None:
    for number in range(400):
        talk.turn(5.0 if number % 10 == 9 else 0.1, wanted=1)
    assert talk.pace.width == FIRST_WIDTH


def test_what_stays_slow_when_narrowed_is_the_usual_time_now(talk: Talk) -> None:
    for _turn in range(6):
        talk.turn()
    for _turn in range(60):
        talk.turn(0.3)
    assert talk.pace.width > MOST_WIDTH / 2


def test_requests_of_another_kind_have_another_usual_time(talk: Talk) -> None:
    for _turn in range(6):
        talk.turn()
    for _turn in range(6):
        talk.turn(0.9, kind="POST")
    assert talk.pace.width == MOST_WIDTH


def test_a_number_is_kept_to() -> None:
    talk = Talk(Pace(5))
    for _turn in range(10):
        talk.turn()
    talk.refuse()
    talk.now += 1
    for _turn in range(10):
        talk.turn(2.0)

    assert talk.pace.width == 5
    assert talk.pace.rate is None


def test_it_never_narrows_to_nothing(talk: Talk) -> None:
    for _time in range(50):
        talk.turn()
        talk.refuse(0)
        talk.now += 0.1
    assert talk.pace.width >= 1
    assert not talk.pace.is_full
    assert talk.pace.rate is not None
    assert talk.pace.rate >= 2
