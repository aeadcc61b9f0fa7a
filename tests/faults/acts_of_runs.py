# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Others who run the rotation too, and owners that are not who they were."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.cloudkeys.ibmcloud.tests.faults.acting import Act, place_of
from ansible_collections.cloudkeys.ibmcloud.tests.faults.acts_on_keys import delete
from ansible_collections.cloudkeys.ibmcloud.tests.faults.disturbances import Undo
from ansible_collections.cloudkeys.ibmcloud.tests.faults.invariants import Violated, all_keys, file_state
from ansible_collections.cloudkeys.ibmcloud.tests.faults.world import World
from iam_emulator import Visitor
from iam_emulator.entities import ServiceId
from iam_emulator.seeds import Seed
from iam_emulator.world import Caller
from iam_emulator.world import World as IamWorld

# ---- other runs


def somebody_else_runs(world: World) -> Undo | None:
    _run_in_between(world)
    return None


def _run_in_between(world: World, api_key: str | None = None) -> None:
    began_at = world.scene.emulator.clock.now()
    world.run_of_somebody_else(world.scene.slot, api_key)
    if world.scene.emulator.clock.now() >= began_at + world.scene.slot.policy.lease_seconds / 2:
        # The run that is under way had no answer all the while.
        world.ledger.has_outlived, world.ledger.is_counted = True, False


def run_of_colleague(foreign_key_status: int, *roles: str) -> Act:
    def act(world: World) -> Undo | None:
        scene = world.scene
        scene.emulator.change_settings(foreign_key_status=foreign_key_status)
        colleague = scene.visitor.add_user("Colleague", *roles)
        before, tags = file_state(scene), _tags(world)
        _run_in_between(world, colleague.key_value)
        after = file_state(scene)
        published = {record.current.id for record in after.records.values() if record.current}
        if _tags(world) != tags or published - before.known_ids:
            raise Violated("rights: a run that may change no key has changed what is published or kept")
        return None

    return act


def _tags(world: World) -> dict[str, str]:
    return {key.id: key.entity_tag for key in all_keys(world.scene).values()}


def runs_in_another_account(world: World) -> Undo | None:
    scene = world.scene
    before, keys_before = file_state(scene), set(all_keys(scene))
    has_record = place_of(world) in scene.store.records
    seed = scene.emulator.add_account()
    owner = make_namesake(scene.emulator.worlds[seed.account_id], seed)
    world.run_of_somebody_else(replace(scene.slot, iam_id=owner, account_id=seed.account_id), seed.api_key)
    if has_record and file_state(scene).records != before.records:
        raise Violated("I13: a run in another account has written to the record")

    def undo() -> None:
        for key_id in set(all_keys(scene)) - keys_before:
            there = scene.emulator.worlds[seed.account_id]
            if key_id in there.keys:
                there.remove_key(there.keys[key_id])
        scene.store.records, scene.store.values = dict(before.records), dict(before.values)
        scene.store.stamp += 1

    return undo


def make_namesake(account: IamWorld, seed: Seed) -> str:
    """A service ID of the same name in another account -> its IAM ID."""
    caller = Caller(seed.iam_id, seed.account_id)
    entity_id = f"ServiceId-{account.randomness.uuid()}"
    service_id = ServiceId(
        id=entity_id,
        iam_id=f"iam-{entity_id}",
        account_id=caller.account_id,
        name="ci",
        created_by=caller.iam_id,
        created_at=account.clock.now(),
        group_id=account.default_group_id,
    )
    account.service_ids[entity_id] = service_id
    account.note_change(service_id, caller, "CREATE")
    account.roles[service_id.iam_id] = frozenset({"Operator"})
    return service_id.iam_id


def make_owner_again(world: World) -> Undo | None:
    scene = world.scene
    for key in list(scene.keys().values()):
        delete(world, key)
    world.ledger.persons_values.clear()
    del scene.emulator.world.service_ids[scene.owner["id"]]
    _become(world)
    return None


def declare_another_owner(world: World) -> Undo | None:
    """The name belongs to another service ID now; the one before keeps its keys."""
    world.ledger.is_counted = False
    before = dict(world.scene.owner), world.scene.slot
    _become(world)

    def undo() -> None:
        world.scene.owner = before[0]
        world.scene.slot = replace(world.scene.slot, iam_id=before[1].iam_id)

    return undo


def _become(world: World) -> None:
    scene = world.scene
    scene.owner = Visitor(scene.emulator).create_service_id(name="ci", account_id=scene.emulator.seed.account_id)
    scene.visitor.grant(scene.owner["iam_id"], "Operator")
    scene.slot = replace(scene.slot, iam_id=scene.owner["iam_id"])
