# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lives of slots, one of every kind: from where each run started, and what became of it."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.outcome import SlotOutcome
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import (
    DAY_SECONDS,
    Effects,
    Killed,
    Scene,
)

Life = t.Iterator[tuple[str, SlotOutcome]]


def ordinary(scene: Scene) -> Life:
    """Made, replaced, disabled, deleted; and put off for a day, and looked at between the stages."""
    yield "start", scene.run()[0]
    scene.pass_time(91 * DAY_SECONDS)
    yield "idle", scene.run(probed_ids=frozenset())[0]
    yield "later", scene.run()[0]
    for rest, days in (("overlap", 4), ("soak", 8)):
        scene.pass_time(days * DAY_SECONDS)
        yield rest, scene.run(until="published")[0]
        yield "published", scene.run()[0]


def probed_and_handed_over(scene: Scene) -> Life:
    slot = replace(scene.slot, has_hand_over=True)
    yield "start", scene.run(slot)[0]
    yield "hand_over", scene.run(slot, handed_over_ids=frozenset({scene.published_id}))[0]
    scene.pass_time(91 * DAY_SECONDS)
    yield "idle", scene.run(slot, until="staged")[0]
    yield "staged", scene.run(slot)[0]
    yield "hand_over", scene.run(slot, handed_over_ids=frozenset({scene.published_id}))[0]


def withdrawn(scene: Scene) -> Life:
    scene.run()
    scene.pass_time(91 * DAY_SECONDS)
    pending_id = scene.run(until="staged")[0].pending_id
    # The key is on its way, so what is withdrawn starts where it was made; `staged` is only how far the run went.
    yield "made", scene.run(withdraw_ids=frozenset({pending_id}), probed_ids=frozenset())[0]


def stopped_before_the_create(scene: Scene) -> Life:
    scene.run()
    scene.pass_time(91 * DAY_SECONDS)
    with pytest.raises(Killed):
        scene.run(effects=Effects(kill_on="POST /v1/apikeys"))
    yield "announced", scene.run()[0]


def adopted(scene: Scene) -> Life:
    made = scene.visitor.create_key(name="deploy", iam_id=scene.owner["iam_id"])
    scene.store.values["deploy"] = made["apikey"]
    yield "start", scene.run(scene.make_slot("deploy", on_missing_record="adopt"))[0]


def found_key_retired(scene: Scene) -> Life:
    found = scene.visitor.create_key(name="other", iam_id=scene.owner["iam_id"])
    yield "start", scene.run()[0]
    yield "idle", scene.run(replace(scene.slot, retire_ids=frozenset({found["id"]})))[0]


def rolled_back(scene: Scene) -> Life:
    scene.run()
    first_id = scene.published_id
    scene.pass_time(91 * DAY_SECONDS)
    scene.run()
    second_id = scene.published_id
    yield "overlap", scene.run(rollback_to_ids=frozenset({first_id}))[0]
    scene.pass_time(4 * DAY_SECONDS)
    yield "overlap", scene.run()[0]
    yield "soak", scene.run(rollback_to_ids=frozenset({second_id}))[0]


def in_use_after_its_overlap(scene: Scene) -> Life:
    scene.slot = scene.make_slot("deploy", on_previous_in_use="wait")
    scene.run()
    old_value = scene.value
    scene.pass_time(91 * DAY_SECONDS)
    scene.run()
    scene.pass_time(4 * DAY_SECONDS)
    scene.client(Effects(), api_key=old_value).caller()
    yield "overlap", scene.run()[0]
    scene.pass_time(2 * DAY_SECONDS)
    yield "in_use", scene.run()[0]


def leaked(scene: Scene) -> Life:
    scene.run()
    yield "idle", scene.run(compromised_ids=frozenset({scene.published_id}))[0]


def ended(scene: Scene) -> Life:
    scene.run()
    for rest, days in (("idle", 4), ("overlap", 8), ("soak", 0)):
        yield rest, scene.run(replace(scene.slot, is_wanted=False))[0]
        scene.pass_time(days * DAY_SECONDS)


LIVES: list[t.Callable[[Scene], Life]] = [
    *(ordinary, probed_and_handed_over, withdrawn, stopped_before_the_create, adopted, found_key_retired, rolled_back),
    *(in_use_after_its_overlap, leaked, ended),
]
