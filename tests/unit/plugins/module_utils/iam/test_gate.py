# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The threads of a task pass one gate: as many at a time as the pace allows, and none while IAM wants a pause."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam import gate as gate_module
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import open_client
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import SystemClock
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import TooBusy
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.gate import Gate
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.pace import Pace
from iam_emulator import Emulator, EmulatorAdapter

LATE = 1000.0


def refuse(gate, pause_seconds):
    gate.enter(LATE)
    with gate.leaving("GET") as leaving:
        leaving.tell(429, pause_seconds)


def test_nobody_waits_while_nobody_was_told_to(scene):
    assert Gate(scene.clock, Pace()).enter(LATE) == 0
    assert scene.clock.pauses == []


def test_everybody_waits_until_the_longest_pause_is_over(scene):
    gate = Gate(scene.clock, Pace(8))
    gate.enter(LATE)
    with gate.leaving("GET") as first:
        refuse(gate, 5)
        first.tell(429, 2)

    assert gate.enter(LATE) == 5
    assert scene.clock.pauses == [5]
    assert gate.enter(LATE) == 0


def test_who_cannot_wait_so_long_is_not_let_in(scene):
    gate = Gate(scene.clock, Pace(1))
    refuse(gate, 5)

    assert gate.enter(scene.clock.monotonic() + 4) is None
    assert scene.clock.pauses == []
    # The only place is still free.
    assert gate.enter(LATE) == 5


def test_no_more_pass_than_the_pace_allows():
    gate, passed, most = Gate(SystemClock(), Pace(2)), [], []

    def work(number):
        gate.enter(time.monotonic() + LATE)
        with gate.leaving("GET") as leaving:
            passed.append(number)
            most.append(len(passed))
            time.sleep(0.01)
            passed.remove(number)
            leaving.tell(200, 0)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(16)))
    assert len(most) == 16
    assert max(most) == 2


def test_who_has_waited_long_enough_for_a_place_goes_all_the_same(monkeypatch):
    monkeypatch.setattr(gate_module, "LONGEST_WAIT_FOR_A_PLACE_SECONDS", 0.02)
    gate = Gate(SystemClock(), Pace(1))
    gate.enter(time.monotonic() + LATE)

    assert 0.02 <= gate.enter(time.monotonic() + LATE) < LATE


def test_a_place_is_given_back_whatever_happens(scene):
    gate = Gate(scene.clock, Pace(1))
    for _time in range(2):
        gate.enter(LATE)
        with pytest.raises(KeyboardInterrupt), gate.leaving("GET"):
            raise KeyboardInterrupt
    assert not gate._pace.is_full


@pytest.mark.parametrize("concurrency", ["auto", 8])
def test_nothing_is_sent_while_iam_wants_a_pause(concurrency):
    """Real threads and one real second: whether they wait for each other is what this is about."""
    emulator = Emulator()
    adapter = EmulatorAdapter(emulator)
    options = {"api_key": emulator.seed.api_key, "concurrency": concurrency}
    client = open_client(options, {}, lambda secret: None, adapter=adapter)
    client.caller()
    emulator.faults.add([{"kind": "status", "status": 429, "retry_after": 1}])

    def read_slowly(number):
        time.sleep(0.02 * number)
        return client.branch().api_keys.get(emulator.seed.api_key_id)

    with ThreadPoolExecutor(8) as threads:
        assert len(list(threads.map(read_slowly, range(8)))) == 8
    refused = next(each["time"] for each in emulator.requests if each["status"] == 429)

    assert not [each for each in emulator.requests if refused + 0.1 < each["time"] < refused + 0.9]


@pytest.mark.parametrize("freely", [False, True])
def test_a_wait_for_others_counts_unless_there_is_no_lease(scene, freely):
    client = scene.connect()
    client.caller()
    transport = client._transport
    # What others were told, again and again, while this one waits.
    pauses, sleep = [19.0] * 3, scene.clock.sleep

    def told_again(seconds):
        sleep(seconds)
        if pauses:
            refuse_now(transport._gate, pauses.pop())

    scene.clock.sleep = told_again
    refuse_now(transport._gate, 19)
    key_id = scene.emulator.seed.api_key_id
    if freely:
        with client.waiting_freely():
            assert client.api_keys.get(key_id).id == key_id
        assert scene.clock.seconds == 76
        return
    with pytest.raises(TooBusy) as caught:
        client.api_keys.get(key_id)
    assert not caught.value.may_have_happened
    assert "nothing was sent" in str(caught.value)
    assert scene.clock.seconds <= 60
    assert [each["path"] for each in scene.emulator.requests] == ["/identity/token"]


def refuse_now(gate, pause_seconds):
    """As another thread does that had entered before."""
    with gate._changed:
        gate._pace.refused(0.0, gate._clock.monotonic(), pause_seconds)


def test_a_long_pause_is_told_to_one_request_alone(scene):
    """Another may have to lock again what it unlocked."""
    client = scene.connect()
    client.caller()
    scene.faults({"kind": "status", "status": 429, "retry_after": 3600})
    key_id = scene.emulator.seed.api_key_id
    with pytest.raises(TooBusy):
        client.api_keys.get(key_id)

    assert client.api_keys.get(key_id).id == key_id
    assert scene.clock.pauses == []


def test_threads_that_wait_are_woken():
    gate, done = Gate(SystemClock(), Pace(1)), threading.Event()
    gate.enter(time.monotonic() + LATE)

    def wait():
        gate.enter(time.monotonic() + LATE)
        done.set()

    waiting = threading.Thread(target=wait, daemon=True)
    waiting.start()
    assert not done.wait(0.05)
    with gate.leaving("GET"):
        pass
    assert done.wait(5)


class _ClockOfOthers:
    """While somebody sleeps for the first time, another one is told to come back in 30 seconds."""

    def __init__(self, pace: Pace) -> None:
        self.now, self._pace, self.slept = 100.0, pace, list[float]()

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        if not self.slept:
            self._pace.refused(self.now, self.now, 30.0)
        self.slept.append(seconds)
        self.now += seconds


def test_who_has_a_turn_waits_again_when_iam_asks_others_for_a_pause_meanwhile():
    pace = Pace(8)
    pace._next_start = 102.0
    clock = _ClockOfOthers(pace)

    waited = Gate(clock, pace).enter(until=1000.0)

    assert (clock.slept, waited) == ([2.0, 28.0], 30.0)
    assert pace._under_way == 1
