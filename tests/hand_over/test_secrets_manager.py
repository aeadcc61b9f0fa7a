# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""IBM Cloud Secrets Manager gets a new version of an arbitrary secret, with the log-in of the run."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.cloudkeys.ibmcloud.tests.hand_over.scene import HandOver, changes
from ansible_collections.cloudkeys.ibmcloud.tests.hand_over.secrets_manager import SecretsManager
from ansible_collections.cloudkeys.ibmcloud.tests.hand_over.service import Service

ID = "0b5571f7-21e6-42b7-91c5-3f5ac9793a46"
OTHER_ID = "1b5571f7-21e6-42b7-91c5-3f5ac9793a46"
Place = dict[str, t.Any]


@pytest.fixture
def manager(start: t.Callable[[Service, str, str], None]) -> SecretsManager:
    manager = SecretsManager()
    manager.versions[ID] = ["the value before"]
    start(manager, "SECRETS_MANAGER_URL", "UNUSED")
    return manager


@pytest.fixture
def place(slot: HandOver) -> Place:
    slot.tokens.add(slot.workplace.server.token(slot.workplace.server.api_key).partition(".")[0])
    return {"to": "secrets_manager", "id": ID, "ca_file": str(slot.ca_file)}


def test_a_new_version_is_made_once(slot: HandOver, manager: SecretsManager, place: Place) -> None:
    assert "would make a new version" in slot.run(place, check=True)
    assert manager.writes == []

    assert changes(slot.run(place))
    assert manager.versions == {ID: ["the value before", slot.value]}
    assert not changes(slot.run(place))


def test_a_run_that_is_killed_after_the_write_is_finished_by_the_next(
    slot: HandOver, manager: SecretsManager, place: Place
) -> None:
    slot.kill_after_write(manager, place)

    assert not changes(slot.run(place))
    assert len(manager.versions[ID]) == 2


def test_what_is_refused_is_told_without_the_value(slot: HandOver, manager: SecretsManager, place: Place) -> None:
    manager.others[OTHER_ID] = {"id": OTHER_ID, "secret_type": "kv", "data": {}}
    places = [{**place, "id": OTHER_ID}, {**place, "id": ID.replace("0", "2")}, {**place, "id": "../secret_groups"}]

    told = slot.refusals(*({"hand_over": [each]} for each in places))

    assert "is no secret of the type arbitrary" in told[0]
    assert "The secret does not exist" in told[1]
    assert "id is that of the secret" in told[2]
    manager.echoes = True
    assert "answered 400: " in slot.fail(place)
