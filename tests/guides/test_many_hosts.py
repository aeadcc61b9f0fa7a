# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A play over many hosts without `run_once` asks for the same many times at once, and it is made once."""

from __future__ import annotations

import json
import re

from ansible_collections.cloudkeys.ibmcloud.tests.guides.desk import Desk

TASKS = [
    {"cloudkeys.ibmcloud.iam_service_id": {"name": "ci"}},
    {"cloudkeys.ibmcloud.iam_api_key": {"name": "deploy", "discard_value": True}},
    {"cloudkeys.ibmcloud.iam_api_key_bulk": {"keys": [{"name": "one", "discard_value": True}]}},
]


def test_hosts_that_ask_for_the_same_take_turns(desk: Desk) -> None:
    play = {"hosts": "all", "connection": "local", "gather_facts": False, "strategy": "free", "tasks": TASKS}
    desk.write("play.yml", json.dumps([play]))
    desk.write("hosts", "a\nb\nc\n")
    # So that all of them have looked before one of them has made something.
    desk.server.steer("latency", {"milliseconds": 200})

    shown = desk.run("ansible-playbook play.yml -i hosts -f 3")

    assert sum(map(int, re.findall(r"changed=(\d+)", shown))) == len(TASKS)
