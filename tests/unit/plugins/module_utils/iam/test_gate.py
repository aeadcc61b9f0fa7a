# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""When IAM tells one thread to come back later, all of them do."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.client import open_client
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.shared_backoff import SharedBackoff
from iam_emulator import Emulator, EmulatorAdapter


def test_nobody_waits_while_nobody_was_told_to(scene):
    SharedBackoff(scene.clock).wait()

    assert scene.clock.pauses == []


def test_everybody_waits_until_the_longest_pause_is_over(scene):
    backoff = SharedBackoff(scene.clock)
    backoff.last_for(5)
    backoff.last_for(2)
    backoff.wait()

    assert scene.clock.pauses == [5]
    backoff.wait()
    assert scene.clock.pauses == [5]


@pytest.mark.parametrize("together", [True, False])
def test_nothing_is_sent_while_iam_wants_a_pause(together):
    """Real threads and one real second: whether they wait for each other is what this is about."""
    emulator = Emulator()
    adapter = EmulatorAdapter(emulator)
    client = open_client({"api_key": emulator.seed.api_key}, {}, lambda secret: None, adapter=adapter)
    client.caller()
    emulator.faults.add([{"kind": "status", "status": 429, "retry_after": 1}])

    def read_slowly(number):
        time.sleep(0.02 * number)
        return client.branch().api_keys.get(emulator.seed.api_key_id)

    def read_all():
        with ThreadPoolExecutor(8) as threads:
            assert len(list(threads.map(read_slowly, range(8)))) == 8

    if together:
        with client.backing_off_together():
            read_all()
    else:
        read_all()
    refused = next(each["time"] for each in emulator.requests if each["status"] == 429)
    sent_meanwhile = [each for each in emulator.requests if refused + 0.01 < each["time"] < refused + 0.9]

    assert bool(sent_meanwhile) is not together
