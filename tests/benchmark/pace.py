# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`concurrency: auto` against servers with limits, simulated with the collection's own pace; no request is sent.

    python tests/benchmark/pace.py --write docs

writes the table into docs/benchmarks.md and the picture into docs/pictures/pace.svg. Each server is asked for two
minutes without a pause, by 32 threads, and by as many as a number says.
"""

from __future__ import annotations

import argparse
import functools
import heapq
import itertools
import random
import typing as t
from collections import Counter
from pathlib import Path

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam import retry
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.pace import MOST_WIDTH, Pace

SECONDS = 120
LATENCY_SECONDS = 0.05
BEGIN, END = "<!-- begin: pace -->", "<!-- end: pace -->"


class Answer(t.NamedTuple):
    seconds: float
    is_refused: bool = False
    retry_after: float | None = None


class Server(t.Protocol):
    def ask(self, now: float, chance: random.Random) -> Answer:
        """What becomes of a request that arrives now."""


def usual(chance: random.Random) -> float:
    return LATENCY_SECONDS * (0.8 + 0.4 * chance.random())


class HardLimit:
    """So many in each second of the clock; the others are told to come back after one."""

    def __init__(self, limit: int, retry_after: float | None = 1.0) -> None:
        self.limit, self.retry_after = limit, retry_after
        self.asked: Counter[int] = Counter()

    def ask(self, now: float, chance: random.Random) -> Answer:
        self.asked[int(now)] += 1
        return Answer(usual(chance), self.asked[int(now)] > self.limit, self.retry_after)


class Bucket:
    """So many a second, and once as many more as the bucket holds."""

    def __init__(self, limit: int, size: int) -> None:
        self.limit, self.size = limit, size
        self.tokens, self.filled_at = float(size), 0.0

    def ask(self, now: float, chance: random.Random) -> Answer:
        self.tokens = min(self.size, self.tokens + (now - self.filled_at) * self.limit)
        self.filled_at = now
        is_refused = self.tokens < 1
        self.tokens -= not is_refused
        return Answer(usual(chance), is_refused)


class SlowTail:
    """No limit; every fiftieth answer, by chance, takes two to four seconds."""

    def ask(self, now: float, chance: random.Random) -> Answer:
        return Answer(2 + 2 * chance.random() if chance.random() < 0.02 else 0.08 * (0.75 + 0.5 * chance.random()))


class LimitForEachUser(HardLimit):
    """Each sixth request is a log-in of somebody else, who is far from his own limit."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.number = 0

    def ask(self, now: float, chance: random.Random) -> Answer:
        self.number += 1
        return Answer(2 * usual(chance)) if self.number % 6 == 0 else super().ask(now, chance)


class FewWorkers:
    """Nothing is refused; what comes while all workers are busy waits, and takes longer."""

    def __init__(self, workers: int) -> None:
        self.free_at = [0.0] * workers

    def ask(self, now: float, chance: random.Random) -> Answer:
        ends_at = max(now, heapq.heappop(self.free_at)) + usual(chance)
        heapq.heappush(self.free_at, ends_at)
        return Answer(ends_at - now)


class Case(t.NamedTuple):
    name: str
    server: t.Callable[[], Server]
    # Answers a second that the server gives at most; None: as many as 32 requests at a time get.
    allowed: float
    runs: int = 1


SLOW_TAIL_RATE = MOST_WIDTH / (0.98 * 0.08 + 0.02 * 3)
CASES = [
    Case("100 in each second", lambda: HardLimit(100), 100),
    Case("100 in each second, no `Retry-After`", lambda: HardLimit(100, None), 100),
    Case("400 in each second", lambda: HardLimit(400), 400),
    Case("10 in each second", lambda: HardLimit(10), 10),
    Case("a bucket of 100, filled with 60 a second", lambda: Bucket(60, 100), 60),
    Case("a bucket of 20, filled with 60 a second", lambda: Bucket(60, 20), 60),
    Case("a bucket of 10, filled with 10 a second", lambda: Bucket(10, 10), 10),
    Case("no limit, one answer of fifty takes seconds", SlowTail, SLOW_TAIL_RATE),
    Case("50 in each second for each user", lambda: LimitForEachUser(50), 60),
    Case("100 in each second, two of our runs", lambda: HardLimit(100), 100, runs=2),
    Case("12 workers, the others wait", lambda: FewWorkers(12), 12 / LATENCY_SECONDS),
]


class World:
    """What happens next, in the order of time."""

    def __init__(self) -> None:
        self.now = 0.0
        self.chance = random.Random(1)  # the same in each simulation
        self._events: list[tuple[float, int, t.Callable[[], None]]] = []
        self._numbers = itertools.count()

    def at(self, moment: float, event: t.Callable[[], None]) -> None:
        heapq.heappush(self._events, (moment, next(self._numbers), event))

    def go_on(self, until: float) -> None:
        while self._events and self._events[0][0] <= until:
            self.now, _number, event = heapq.heappop(self._events)
            event()


class Run:
    """A run of ours: threads that always have something to ask, and the gate that they pass."""

    def __init__(self, world: World, server: Server, concurrency: int | None) -> None:
        self.world, self.server = world, server
        self.pace = Pace(concurrency)
        self.threads = concurrency or MOST_WIDTH
        self.waiting: list[int] = []
        self.answered_at: list[float] = []
        self.refused_at: list[float] = []
        self.given_up = 0

    def begin(self) -> None:
        for _thread in range(self.threads):
            self.wait(1)

    def wait(self, tries: int) -> None:
        self.waiting.append(tries)
        self.let_in()

    def let_in(self) -> None:
        now = self.world.now
        closed = self.pace.seconds_closed(now)
        if closed and self.waiting:
            self.world.at(now + closed, self.let_in)
        while self.waiting and not closed and not self.pace.is_full:
            tries = self.waiting.pop(0)
            self.world.at(self.pace.start(now), functools.partial(self.send, tries))

    def send(self, tries: int) -> None:
        sent_at = self.world.now
        if self.pace.seconds_closed(sent_at):
            self.pace.end()
            self.waiting.insert(0, tries)
            self.let_in()
            return
        answer = self.server.ask(sent_at, self.world.chance)
        self.world.at(sent_at + answer.seconds, lambda: self.take(answer, tries, sent_at))

    def take(self, answer: Answer, tries: int, sent_at: float) -> None:
        now = self.world.now
        if not answer.is_refused:
            self.answered_at.append(now)
            self.pace.answered("any", sent_at, now)
            self.pace.end()
            self.wait(1)
            return
        self.refused_at.append(now)
        failure = retry.Failure(429, retry_after=answer.retry_after)
        pause = retry.pause_seconds(failure, tries, self.world.chance.random())
        self.pace.refused(sent_at, now, pause)
        self.pace.end()
        goes_on = retry.may_try_again("GET", "/v1/apikeys", failure, tries)
        self.given_up += not goes_on
        self.world.at(now + pause, lambda: self.wait(tries + 1 if goes_on else 1))
        self.let_in()


class Outcome(t.NamedTuple):
    throughput: float
    refused: float
    given_up: int
    a_second: list[int]


def simulate(case: Case, concurrency: int | None) -> Outcome:
    """Shares of what the server allows and of what was sent, and the answers in each second."""
    world, server = World(), case.server()
    runs = [Run(world, server, concurrency) for _number in range(case.runs)]
    for number, run in enumerate(runs):
        world.at(3.0 * number, run.begin)
    world.go_on(SECONDS)
    answered = [moment for run in runs for moment in run.answered_at]
    refused = sum(len(run.refused_at) for run in runs)
    counted = Counter(map(int, answered))
    return Outcome(
        len(answered) / SECONDS / case.allowed,
        refused / (len(answered) + refused),
        sum(run.given_up for run in runs),
        [counted[second] for second in range(SECONDS)],
    )


WAYS: dict[str, int | None] = {"`auto`": None, "8": 8, "24": 24}


def table() -> str:
    """What stands on the page."""
    lines = [
        "| server | " + " | ".join(f"{way}: of what it allows | refused" for way in WAYS) + " |",
        "|---|" + "---|" * 2 * len(WAYS),
    ]
    for case in CASES:
        cells = []
        for concurrency in WAYS.values():
            outcome = simulate(case, concurrency)
            given_up = f", {outcome.given_up} given up" if outcome.given_up else ""
            cells += [f"{outcome.throughput:.0%}", f"{outcome.refused:.1%}{given_up}"]
        lines.append(f"| {case.name} | {' | '.join(cells)} |")
    return "\n".join(lines)


WIDTH, HEIGHT, MARGIN, PANEL = 760, 150, 50, 110
PICTURED = (0, 5, 9)


def picture() -> str:
    """Answers in each second beside what the server allows, as an SVG."""
    height = HEIGHT * len(PICTURED) + 20
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" '
        'font-size="12">',
        "<title>Answers in each second with concurrency auto, beside what the server allows</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
    ]
    for row, number in enumerate(PICTURED):
        parts += _panel(CASES[number], HEIGHT * row + 25)
    return "\n".join([*parts, "</svg>", ""])


def _panel(case: Case, top: int) -> list[str]:
    counted = simulate(case, None).a_second
    across, up = (WIDTH - MARGIN - 20) / SECONDS, PANEL / (1.3 * case.allowed)
    points = " ".join(
        f"{MARGIN + second * across:.1f},{top + PANEL - min(count, 1.3 * case.allowed) * up:.1f}"
        for second, count in enumerate(counted)
    )
    line, right, bottom = top + PANEL - case.allowed * up, WIDTH - 20, top + PANEL
    return [
        f'<text x="{MARGIN}" y="{top - 6}" font-weight="bold">{case.name.replace("`", "")}</text>',
        f'<line x1="{MARGIN}" y1="{line:.1f}" x2="{right}" y2="{line:.1f}" stroke="#a33" stroke-dasharray="5 4"/>',
        f'<text x="{MARGIN - 6}" y="{line + 4:.1f}" text-anchor="end">{case.allowed:g}</text>',
        f'<polyline points="{points}" fill="none" stroke="#226" stroke-width="1.5"/>',
        f'<line x1="{MARGIN}" y1="{bottom}" x2="{right}" y2="{bottom}" stroke="#444"/>',
        f'<text x="{MARGIN - 6}" y="{bottom + 4}" text-anchor="end">0</text>',
        f'<text x="{right}" y="{bottom + 14}" text-anchor="end">{SECONDS} s</text>',
    ]


def with_table(page: str) -> str:
    before, _begin, rest = page.partition(BEGIN)
    _old, _end, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, help="the folder of the documentation")
    docs = parser.parse_args().write
    if docs is None:
        print(table())
        return
    page = docs / "benchmarks.md"
    page.write_text(with_table(page.read_text(encoding="utf-8")), encoding="utf-8")
    (docs / "pictures" / "pace.svg").write_text(picture(), encoding="utf-8")


if __name__ == "__main__":
    main()
