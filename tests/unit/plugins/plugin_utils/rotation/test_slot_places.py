# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Slots whose value is an entry of a mapping or of an item of a list, through their whole life, over real files."""

from __future__ import annotations

import typing as t
from datetime import datetime, timezone
from pathlib import Path

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.parsing.vault import VaultSecret
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.arguments import SPEC
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.declared_slots import resolve_paths
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.file_store import FileStore
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.ports import RecordStore
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.rotation_task import rotate
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.cipher import Cipher
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.path import parse_path
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_file import Edit, VaultFile
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import Effects, Scene

BEFORE = """\
# ours
ibm:  # a note
  region: eu-de
databases:
- name: orders  # first
  user: u1
- name: billing
  user: u2
8443:
  yes: {}
"""
ORDERS: t.Any = ["databases", {"name": "orders"}, "api_key"]
BILLING: t.Any = ["databases", {"name": "billing"}, "api_key"]


class Desk:
    """A folder with a vault file, and runs over real files in it."""

    def __init__(self, folder: Path) -> None:
        self.scene, self.file = Scene(), folder / "secrets.yml"
        secret: t.Any = VaultSecret(b"password of dev")
        self.cipher = Cipher([("dev", secret)])
        self.file.write_text(BEFORE, encoding="utf-8")

    def run(self, *slots: dict[str, t.Any], check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
        checked = ArgumentSpecValidator(**SPEC).validate(
            {
                "slots": list(slots),
                "settle_seconds": 0,
                "overlap_hours": 0,
                "soak_hours": 0,
                "quiet_hours": 0,
                **options,
            }
        )
        assert checked.error_messages == []
        params = checked.validated_parameters
        resolve_paths(params, str(self.file.parent))
        store = t.cast(RecordStore, FileStore(self.cipher, lambda value: None))
        ports = self.scene.ports(Effects(), store)
        return rotate(params, ports, check_mode=check_mode, unforeseen=repr)

    def value(self, path: t.Any, name: str = "secrets.yml") -> t.Any:
        file = VaultFile(str(self.file.parent / name), self.cipher)
        return file.value(file.read(), parse_path(path))

    def put(self, path: t.Any, value: str) -> None:
        VaultFile(str(self.file), self.cipher).apply([Edit(parse_path(path), value)])

    def later(self) -> str:
        """A moment by which every key that is there is too old."""
        self.scene.pass_time(3600)
        return datetime.fromtimestamp(self.scene.emulator.clock.now() - 60, timezone.utc).strftime(
            "%Y-%m-%dT%H:%M+0000"
        )

    @property
    def keys(self) -> list[str]:
        return list(self.scene.keys())

    @property
    def rest(self) -> str:
        """The file without the records."""
        return self.file.read_text(encoding="utf-8").split("cloudkeys_records")[0]


@pytest.fixture(name="desk")
def fixture_desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def slot(variable: t.Any, name: str = "deploy", **words: t.Any) -> dict[str, t.Any]:
    return {"name": name, "file": "secrets.yml", "variable": variable, "service_id": "ci", **words}


def steps(result: dict[str, t.Any]) -> list[str]:
    return [each["step"] for each in result["slots"]]


@pytest.mark.parametrize(
    "variable",
    [
        ["ibm", "api_key"],
        '["ibm", "api_key"]',
        ORDERS,
        ["databases", 1, "api_key"],
        [8443, True, "api_key"],
        ["new", "k"],
    ],
    ids=str,
)
def test_a_whole_life(desk: Desk, variable: t.Any) -> None:
    copies = [{"file": "copy.yml", "variable": ["a", "b"]}]

    first = desk.run(slot(variable, copies=copies))
    value = desk.value(variable)
    later = desk.run(slot(variable, copies=copies), rotate_if_older_than=desk.later())
    successor = desk.value(variable)

    assert (steps(first), steps(later)) == (["idle"], ["idle"])
    assert first["slots"][0]["variable_path"] == [
        *(step for step in (variable if isinstance(variable, list) else ["ibm", "api_key"]))
    ]
    assert value != successor == desk.value(["a", "b"], "copy.yml")
    assert desk.run(slot(variable, copies=copies))["changed"] is False

    ended = desk.run(slot(variable, copies=copies, state="absent"))

    assert steps(ended) == ["gone"]
    assert desk.value(variable) is None
    assert desk.value(["a"], "copy.yml") == {}
    assert desk.rest in (BEFORE, BEFORE + "new: {}\n")


def test_the_record_of_a_name_stays_where_it_was(desk: Desk) -> None:
    desk.run(slot("ibm_api_key"), slot(["ibm", "api_key"], "other"))

    records = desk.value("cloudkeys_records")
    assert list(records) == ["ibm_api_key", '["ibm", "api_key"]']
    assert desk.run(slot(["ibm_api_key"]), slot('["ibm","api_key"]', "other"))["changed"] is False


def test_moves_between_places_of_one_file(desk: Desk) -> None:
    desk.run(slot("ibm_api_key"))
    value = desk.value("ibm_api_key")

    moved = desk.run(slot(ORDERS, moved_from={"variable": "ibm_api_key"}))

    assert steps(moved) == ["idle"]
    assert (desk.value("ibm_api_key"), desk.value(ORDERS)) == (None, value)
    desk.run(slot(BILLING, moved_from={"variable": ORDERS}))
    assert (desk.value(ORDERS), desk.value(BILLING)) == (None, value)
    assert list(desk.value("cloudkeys_records")) == ['["databases", {"name": "billing"}, "api_key"]']
    # Declared for ever, and even when somebody has taken the old item away.
    again = slot(BILLING, moved_from={"variable": ["databases", {"name": "gone"}, "api_key"]})
    assert desk.run(again)["changed"] is False


def test_a_value_that_is_there_is_adopted(desk: Desk) -> None:
    desk.run(slot("other_place"))
    value, key_id = desk.value("other_place"), desk.run(slot("other_place"))["slots"][0]["new_id"]
    desk.file.write_text(BEFORE, encoding="utf-8")
    desk.put(ORDERS, value)

    adopted = desk.run(slot(ORDERS, key_name="deploy"), on_missing_record="adopt")

    assert (steps(adopted), adopted["slots"][0]["new_id"]) == (["idle"], key_id)
    assert desk.value(ORDERS) == value


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize(
    ("variable", "message"),
    [
        ("ibm.api_key", 'give the list ["ibm", "api_key"]'),
        ("my-key", "accepts for a new variable"),
        ("groups", "keeps for something of its own"),
        (["hostvars", "key"], "keeps for something of its own"),
        (["ibm", "region", "key"], "is not a mapping"),
        (["databases", "orders", "key"], "line 5 holds a list"),
        (["databases", {"name": "x"}, "key"], "no item of the list in line 5 has these members"),
        (["databases", 7, "key"], "has 2 items"),
        (["databases", 0], "is not a text"),
        ("8443", "is a number and no text"),
    ],
    ids=str,
)
def test_no_key_is_made_for_a_place_that_no_value_can_be_put_in(
    desk: Desk, variable: t.Any, message: str, check_mode: bool
) -> None:
    result = desk.run(slot(variable), check_mode=check_mode)

    assert (steps(result), desk.keys) == (["failed"], [])
    assert message in result["msg"]
    assert desk.file.read_text(encoding="utf-8") == BEFORE


def test_one_wrong_place_is_told_by_its_name(desk: Desk) -> None:
    result = desk.run(slot(ORDERS, "a"), slot("ibm.key", "b", key_name="b"))

    assert "'ibm.key' is not there" in result["msg"]


@pytest.mark.parametrize(
    ("variable", "message"),
    [
        (ORDERS[:2], "is an item of a list; name the entry of it"),
        (["cloudkeys_records", "x"], "is where the records are"),
        ("cloudkeys_records", "is where the records are"),
        (["a", {}], "at least one member"),
        (["a", ""], "empty part"),
        ('["a"', "no list in JSON"),
        ({"a": 1}, "must be a name, or a list"),
    ],
    ids=str,
)
@pytest.mark.parametrize("where", ["slot", "copy", "moved_from"])
def test_a_place_that_makes_no_sense_is_refused_with_its_slot(
    desk: Desk, where: str, variable: t.Any, message: str
) -> None:
    given = {
        "slot": slot(variable),
        "copy": slot("deploy", copies=[{"file": "copy.yml", "variable": variable}]),
        "moved_from": slot("deploy", moved_from={"variable": variable}),
    }
    with pytest.raises(TaskRefused, match="slot deploy: variable") as caught:
        desk.run(given[where])

    assert message in str(caught.value)
    assert desk.keys == []


@pytest.mark.parametrize(
    "slots",
    [
        [slot(["ibm", "api_key"]), slot('["ibm", "api_key"]', "b", key_name="b")],
        [slot("ibm"), slot(["ibm", "api_key"], "b", key_name="b")],
        [slot(ORDERS), slot(["databases", 0, "api_key"], "b", key_name="b")],
        [slot(ORDERS), slot(["databases", {"user": "u1"}, "api_key"], "b", key_name="b")],
        [slot(ORDERS), slot("b", "b", copies=[{"file": "secrets.yml", "variable": ORDERS}])],
        [slot("a", copies=[{"file": "secrets.yml", "variable": ["a", "b"]}])],
        [slot("a", copies=[{"file": "c.yml", "variable": ["a", "b"]}, {"file": "c.yml", "variable": "a"}])],
        [slot(ORDERS), slot("b", "b", moved_from={"variable": ["databases", 0, "api_key"]})],
        [slot(["databases", 0, "api_key"], moved_from={"variable": ORDERS})],
    ],
    ids=str,
)
def test_places_that_are_one_or_lie_in_each_other_are_refused(desk: Desk, slots: list[dict[str, t.Any]]) -> None:
    with pytest.raises(TaskRefused, match="nothing was changed"):
        desk.run(*slots)


def test_items_that_are_told_apart_are_two_places(desk: Desk) -> None:
    assert steps(desk.run(slot(ORDERS), slot(BILLING, "b", key_name="b"))) == ["idle", "idle"]
    assert desk.value(ORDERS) != desk.value(BILLING)


def test_an_item_that_was_put_in_front_is_not_taken_for_the_slots(desk: Desk) -> None:
    by_number = slot(["databases", 0, "api_key"])
    desk.run(by_number)
    text = desk.file.read_text(encoding="utf-8")
    for entry in ("  user: u0\n", "  user: u0\n  api_key: somebody's password\n"):
        in_front = text.replace("databases:\n", f"databases:\n- name: another\n{entry}")
        desk.file.write_text(in_front, encoding="utf-8")

        result = desk.run(by_number, rotate_if_older_than=desk.later())

        assert steps(result)[0] == "failed"
        assert "found by its number" in result["msg"]
        assert entry in desk.file.read_text(encoding="utf-8")


def test_an_item_that_is_gone_lets_its_slot_end(desk: Desk) -> None:
    desk.run(slot(ORDERS))
    text = desk.file.read_text(encoding="utf-8")
    start, stop = text.index("- name: orders"), text.index("- name: billing")
    desk.file.write_text(text[:start] + text[stop:], encoding="utf-8")

    assert "no item of the list" in desk.run(slot(ORDERS), verify_values=True)["msg"]
    assert steps(desk.run(slot(ORDERS, state="absent"))) == ["gone"]
    assert desk.keys == []
