# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Values that another key, file or owner stands in the way of: each is told by its place, and the rest is imported."""

from __future__ import annotations

import json
import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._import.given import MOST_ITEMS, protect_given
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_file import Edit
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.import_keys.desk import (
    Desk,
    outcomes,
    value_of,
)
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import Effects


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_each_text_is_protected_and_the_name_of_a_variable_is_none_of_them() -> None:
    """A name that looks like a value was put on the wrong side of the colon."""
    swapped = "Xy9-" + "aB3" * 13 + "z"
    seen: set[str] = set()

    protect_given({"ci_api_key": value_of(0), swapped: "deploy", "deep": [value_of(1)]}, seen.add)

    assert {value_of(0), value_of(1), swapped} <= seen
    assert "ci_api_key" not in seen


def test_an_entry_of_a_vault_file_that_holds_no_value_is_told(desk: Desk) -> None:
    desk.file.apply([Edit(("blank",), " "), Edit(("good",), desk.key(0))])

    result = desk.run(vaulted=[{"file": "secrets.yml", "variables": ["blank", "missing", "good"]}])

    assert result["failed"]
    assert "secrets.yml: blank: no text with a value" in result["msg"]
    assert "secrets.yml: missing: nothing is there" in result["msg"]
    assert outcomes(result) == ["unchanged"]


def test_more_texts_than_are_looked_up_are_refused_before_any_is(desk: Desk) -> None:
    values = [f"own-Value-{number:05}-of-32-or-more-characters" for number in range(MOST_ITEMS + 1)]
    desk.scene.emulator.requests.clear()

    with pytest.raises(TaskRefused, match=f"{MOST_ITEMS + 1} texts could be API keys, and {MOST_ITEMS} are looked up"):
        desk.run(values=values)

    assert desk.scene.emulator.requests == []


def test_a_folder_that_cannot_be_listed_is_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.write("keys/a", desk.key(0))

    def refuse(_path: str) -> t.NoReturn:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "listdir", refuse)

    with pytest.raises(TaskRefused, match=r"keys cannot be read: Permission denied\. Nothing was changed"):
        desk.run(files=["keys"])


def test_a_name_that_a_declared_slot_has_is_not_given_twice(desk: Desk) -> None:
    slot = {"name": "mine", "file": "other.yml", "variable": ["key"], "service_id": "ci"}

    result = desk.run(values={"mine": desk.key(0), "good": desk.key(1, "other")}, slots=[slot])

    assert outcomes(result) == ["refused", "imported"]
    assert "a declared slot has the name mine: give this value another name" in result["msg"]


def test_a_declared_slot_whose_value_nobody_can_open_is_refused_as_a_whole(desk: Desk) -> None:
    desk.write("other.yml", "key: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  3030\n")
    slot = {"name": "mine", "file": "other.yml", "variable": ["key"], "service_id": "ci"}

    with pytest.raises(TaskRefused, match="slots: the value of key cannot be read: "):
        desk.run(values=desk.key(0), slots=[slot])


def test_a_disabled_key_of_another_account_is_told_apart(desk: Desk) -> None:
    other = desk.scene.emulator.add_account()
    desk.scene.emulator.worlds[other.account_id].keys[other.api_key_id].disabled = True

    result = desk.run(values={"mine": other.api_key})

    assert outcomes(result) == ["refused"]
    assert "of a disabled key that this caller does not see" in result["msg"]
    assert other.api_key not in json.dumps(result)


def test_a_key_that_this_caller_may_not_see_is_refused_though_it_logs_in(desk: Desk) -> None:
    value = desk.key(0)
    client = desk.scene.client(Effects())
    client.caller()
    client.login_key_id()
    desk.scene.emulator.faults.add(
        [{"kind": "status", "status": 403, "times": 99, "method": "GET", "path": "/v1/apikeys/details"}]
    )

    result = desk.run(values={"mine": value}, client=client)

    assert outcomes(result) == ["refused"]
    assert "whose keys this caller may not see: log in as its owner" in result["msg"]
