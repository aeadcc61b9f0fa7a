# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Slots of many service IDs: one list of the account tells that they rest; whatever is to be done is looked at anew."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.engine import Settings, rotate_slots
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.outcome import SlotOutcome
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Orders, Slot
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import (
    DAY_SECONDS,
    Effects,
    Scene,
)

LIST = "GET /v1/apikeys"
# Two pages of 100 keys are allowed for 16 owners.
OWNERS = 16


class ManyOwners:
    """A slot for each of several service IDs, all of them at rest."""

    def __init__(self) -> None:
        self.scene = Scene()
        account_id = self.scene.emulator.seed.account_id
        self.owners = [
            self.scene.visitor.create_service_id(name=f"robot {number}", account_id=account_id)["iam_id"]
            for number in range(OWNERS)
        ]
        self.slots = [
            replace(self.scene.make_slot(f"slot{number}"), iam_id=owner) for number, owner in enumerate(self.owners)
        ]
        self.run()

    def run(self, slots: list[Slot] | None = None, *, check_mode: bool = False) -> tuple[list[SlotOutcome], list[str]]:
        effects = Effects()
        ports = self.scene.ports(effects)
        outcomes = rotate_slots(
            slots or self.slots, ports, Orders(), Settings(), check_mode=check_mode, unforeseen=repr
        )
        return outcomes, effects.done

    def keys_of(self, number: int) -> list[t.Any]:
        return [key for key in self.scene.emulator.world.keys.values() if key.iam_id == self.owners[number]]


@pytest.mark.parametrize("check_mode", [False, True])
def test_slots_at_rest_cost_one_list(check_mode: bool) -> None:
    outcomes, done = ManyOwners().run(check_mode=check_mode)

    assert {outcome.step.name for outcome in outcomes} == {"idle"}
    assert done.count(LIST) == 1


def test_fewer_owners_are_listed_each() -> None:
    many = ManyOwners()

    _outcomes, done = many.run(many.slots[1:])

    assert done.count(LIST) == OWNERS - 1


def test_a_slot_that_is_due_is_listed_by_itself_before_anything_is_done() -> None:
    many = ManyOwners()
    many.slots[3] = replace(many.slots[3], policy=replace(many.slots[3].policy, max_age_days=0.5))
    many.scene.pass_time(DAY_SECONDS)

    outcomes, done = many.run()

    assert [number for number, outcome in enumerate(outcomes) if outcome.taken] == [3]
    # The account, its owner before the first write, and twice on the way.
    assert done.count(LIST) == 1 + 3


def test_a_key_that_the_account_does_not_show_is_looked_for_at_its_owner() -> None:
    many = ManyOwners()
    (key,) = many.keys_of(3)
    many.scene.visitor.create_key(name="another one", iam_id=many.owners[3])
    # The owner's own list has it still.
    del many.scene.emulator.world.keys[key.id]

    outcomes, done = many.run()

    assert {outcome.step.name for outcome in outcomes} == {"idle"}
    assert done.count(LIST) == 2


def test_a_key_that_is_gone_gets_a_successor_after_its_owner_was_listed() -> None:
    many = ManyOwners()
    (key,) = many.keys_of(3)
    many.scene.visitor.ask("DELETE", f"/v1/apikeys/{key.id}")

    outcomes, done = many.run()

    assert [number for number, outcome in enumerate(outcomes) if outcome.taken] == [3]
    assert outcomes[3].taken == ("intend", "publish", "delete")
    # The account, its owner before the first write, and three times on the way.
    assert done.count(LIST) == 1 + 4


def test_a_key_that_the_user_wants_retired_is_looked_for_at_its_owner() -> None:
    many = ManyOwners()
    many.slots.append(many.scene.make_slot("one_more"))
    many.run()
    old = many.scene.visitor.create_key(name="old one", iam_id=many.owners[3])
    many.slots[3] = replace(many.slots[3], retire_ids=frozenset({old["id"]}))
    # Only the owner's own list has it.
    del many.scene.emulator.world.keys[old["id"]]

    outcomes, _done = many.run()

    assert [number for number, outcome in enumerate(outcomes) if outcome.taken] == [3]
    assert outcomes[3].taken == ("retire_found",)


def test_a_key_left_over_is_looked_for_at_its_owner_before_it_is_swept() -> None:
    many = ManyOwners()
    (key,) = many.keys_of(3)
    record = many.scene.store.records["slot3"]
    many.scene.store.records["slot3"] = replace(record, last_generation=2)
    orphan = many.scene.visitor.create_key(name="slot3 (next)", iam_id=many.owners[3])
    many.scene.emulator.world.keys[orphan["id"]].description = f"[cloudkeys {record.slot_id}/2]"
    many.scene.pass_time(DAY_SECONDS)

    outcomes, done = many.run()

    assert [outcome.swept for outcome in outcomes if outcome.swept] == [(orphan["id"],)]
    assert many.keys_of(3) == [key]
    # The account and its owner; the record is read once more right before it is deleted.
    assert done.count(LIST) == 2


def test_whoever_may_not_list_the_account_lists_each_owner() -> None:
    many = ManyOwners()
    many.scene.emulator.faults.add([{"kind": "status", "status": 403, "method": "GET", "path": "/v1/apikeys$"}])

    outcomes, done = many.run()

    assert {outcome.step.name for outcome in outcomes} == {"idle"}
    assert done.count(LIST) == 1 + OWNERS
