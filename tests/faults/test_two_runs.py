# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Two real runs over the same slots at the same time: both end well, and there is one key of each."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.cloudkeys.ibmcloud.tests.faults.iam_server import IamServer
from ansible_collections.cloudkeys.ibmcloud.tests.faults.slots import (
    AT_ONCE,
    OVER_A_LEASE_SECONDS,
    VARIABLE,
    SlotScene,
    client_of,
    end_unless_waiting,
    make_due,
)
from ansible_collections.cloudkeys.ibmcloud.tests.faults.workplace import Workplace

# Slow answers make the two runs meet in the middle of their work.
LATENCY_MS = 50


def run_twice_at_once(scene: SlotScene) -> None:
    scene.server.steer("latency", {"milliseconds": LATENCY_MS})
    end_unless_waiting(scene.start(), scene.start())
    scene.server.steer("latency", {"milliseconds": 0})
    scene.check_after_a_crash()
    # One of the two may have been on its way to wait for the other's lease.
    scene.pass_lease()
    end_unless_waiting(scene.start())


def test_two_rotations_at_once_make_one_successor(due_scene: SlotScene) -> None:
    old_value = due_scene.value

    run_twice_at_once(due_scene)

    due_scene.check_finished()
    assert due_scene.value != old_value
    assert due_scene.workplace.record(VARIABLE)["current"]["generation"] == 2


def test_two_first_runs_at_once_make_one_key(scene: SlotScene) -> None:
    run_twice_at_once(scene)

    scene.check_finished()
    assert scene.workplace.record(VARIABLE)["current"]["generation"] == 1


def test_two_rotations_of_the_same_twenty_slots_publish_each_once(server: IamServer, short_path: Path) -> None:
    workplace, client = Workplace(short_path, server), client_of(server)
    owners = [client.service_ids.create(f"ci-{number}", server.account_id, description=None) for number in range(4)]
    wishes = [
        {"name": f"key_{number}", "file": str(workplace.vault_file), "iam_id": owners[number % 4].iam_id}
        | {"key_name": f"key_{number}"}
        for number in range(20)
    ]
    make_due(workplace, client, wishes)
    server.steer("latency", {"milliseconds": LATENCY_MS})

    end_unless_waiting(*(workplace.start_rotation(wishes, **AT_ONCE) for _run in range(2)))
    server.steer("clock", {"advance_seconds": OVER_A_LEASE_SECONDS})
    end_unless_waiting(workplace.start_rotation(wishes, **AT_ONCE))

    records = [workplace.record(wish["name"]) for wish in wishes]
    keys = [key for owner in owners for key in server.keys_of(owner.iam_id)]
    assert [(each["last_generation"], each["current"]["generation"]) for each in records] == [(2, 2)] * 20
    assert sorted(key["id"] for key in keys) == sorted(each["current"]["id"] for each in records)
    assert all(server.logs_in(str(workplace.value(wish["name"]))) for wish in wishes)
