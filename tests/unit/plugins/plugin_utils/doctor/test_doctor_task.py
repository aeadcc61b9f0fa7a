# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The doctor asks everything, changes nothing unless it is told to, and says what to do."""

from __future__ import annotations

import typing as t
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.parsing.vault import VaultSecret
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._doctor.doctor_task import SPEC, Controller, examine
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.engine import Settings, rotate_slots
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.file_store import FileStore
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Orders
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.cipher import Cipher
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_file import Edit, VaultFile
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.git.remote import BRANCH, Remote
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import Effects, Scene

SECRET = t.cast(t.Any, VaultSecret(b"password of dev"))
ONE_ID, TWO_IDS = [("dev", SECRET)], [("dev", SECRET), ("prod", SECRET)]


class Room:
    """An account, a folder, and what the run has with it."""

    def __init__(self, folder: Path) -> None:
        self.scene = Scene()
        self.folder = folder
        self.secrets: list[tuple[str, t.Any]] = ONE_ID
        self.skew_seconds = 0.0
        self.environ: dict[str, str] = {}

    def examine(self, *, check_mode: bool = False, client: t.Any = None, **options: t.Any) -> dict[str, t.Any]:
        checked = ArgumentSpecValidator(**SPEC).validate(options)
        assert checked.error_messages == []
        here = datetime.fromtimestamp(self.scene.emulator.clock.now() + self.skew_seconds, timezone.utc)
        around = Controller(Cipher(self.secrets), self.environ, str(self.folder), here, lambda secret: None)
        asked = client or self.scene.client(Effects())
        return examine(checked.validated_parameters, asked, around, check_mode=check_mode)

    def to_do(self, **options: t.Any) -> dict[str, str]:
        """The checks that are not fine, by name."""
        return {each["name"]: each["text"] for each in self.examine(**options)["checks"] if each["fine"] is False}


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


def slot(**words: t.Any) -> dict[str, t.Any]:
    return {"name": "ci_key", "file": "secrets.yml", "service_id": "ci", "unknown_member": 1, **words}


def test_a_room_in_order_is_fine_in_every_respect(room: Room) -> None:
    result = room.examine(slots=[slot()], try_create=True)

    assert [each["name"] for each in result["checks"] if not each["fine"]] == []
    assert "failed" not in result
    assert result["report"][0].startswith("log in: fine, ")
    assert list(room.folder.iterdir()) == []


@pytest.mark.parametrize(("options", "check_mode"), [({}, False), ({"try_create": True}, True)], ids=["as is", "check"])
def test_nothing_is_made_unless_it_is_asked_for(room: Room, options: dict[str, t.Any], check_mode: bool) -> None:
    result = room.examine(slots=[slot()], check_mode=check_mode, **options)

    made = [
        entry for entry in room.scene.emulator.requests if entry["path"] == "/v1/apikeys" and entry["method"] == "POST"
    ]
    assert made == []
    assert "create and delete keys of ci: not tried, try_create makes a key and deletes it" in result["report"]


def test_the_key_that_was_made_to_try_it_is_gone(room: Room) -> None:
    room.examine(slots=[slot()], try_create=True)

    assert room.scene.keys() == {}


def test_a_trial_key_that_cannot_be_deleted_is_named(room: Room) -> None:
    room.scene.emulator.faults.add([{"kind": "status", "status": 403, "method": "DELETE", "path": "/v1/apikeys/"}])

    text = room.to_do(slots=[slot()], try_create=True)["create and delete keys of ci"]

    (left,) = room.scene.keys()
    assert left in text
    assert "has to be deleted by hand" in text


def test_who_cannot_log_in_is_told_so_and_the_files_are_looked_at_all_the_same(room: Room) -> None:
    room.environ["AWX_PRIVATE_DATA_DIR"] = str(room.folder)

    to_do = room.to_do(client=room.scene.client(Effects(), api_key="x" * 44), slots=[slot()])

    assert "unknown" in to_do["log in"]
    assert "goes away with the job" in to_do[f"vault file {room.folder}/secrets.yml"]


def test_a_token_cannot_do_a_rotation(room: Room) -> None:
    token = room.scene.client(Effects()).tokens.token().bearer

    assert "needs api_key" in room.to_do(client=room.scene.client(Effects(), token=token))["log in again"]


@pytest.mark.parametrize(("skew", "words"), [(600, "ahead of"), (-600, "behind")])
def test_a_wrong_clock_is_told(room: Room, skew: float, words: str) -> None:
    room.skew_seconds = skew

    assert f"600 seconds {words}" in room.to_do()["clock"]


@pytest.mark.parametrize(("count", "is_fine"), [(18, True), (19, False)])
def test_a_rotation_needs_room(room: Room, count: int, is_fine: bool) -> None:
    for number in range(count):
        room.scene.visitor.create_key(name=f"k{number}", iam_id=room.scene.owner["iam_id"])

    to_do = room.to_do(slots=[slot()])

    assert ("list keys of ci" not in to_do) is is_fine


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [("GET", "/v1/apikeys$", "list keys of ci"), ("POST", "/report", "report on unused keys (for the audit)")],
)
def test_what_is_not_permitted_is_told_with_who_may(room: Room, method: str, path: str, name: str) -> None:
    fault = {"kind": "status", "status": 403, "method": method, "path": path, "times": 9}
    room.scene.emulator.faults.add([fault])

    assert "role" in room.to_do(slots=[slot()])[name] or "may have" in room.to_do(slots=[slot()])[name]


def test_an_owner_that_is_not_there_is_told(room: Room) -> None:
    assert "no service ID called 'x'" in room.to_do(slots=[slot(service_id="x")])["list keys of x"]


def test_several_vault_ids_and_none_chosen_are_told(room: Room) -> None:
    room.secrets = TWO_IDS

    assert "vault_id" in room.to_do()["vault secrets"]
    assert "vault secrets" not in room.to_do(vault_id="prod")


def test_a_file_that_cannot_be_changed_is_told(room: Room) -> None:
    (room.folder / "secrets.yml").write_text("a: b: c\n", encoding="utf-8")

    assert f"vault file {room.folder}/secrets.yml" in room.to_do(slots=[slot()])


def test_the_slots_are_for_the_keys_that_no_rotation_looks_after(room: Room) -> None:
    room.scene.visitor.create_key(name="by hand", iam_id=room.scene.owner["iam_id"])
    room.scene.run()

    names = [each["key_name"] for each in yaml.safe_load(room.examine()["slots"])["rotate_api_keys_slots"]]

    assert "by hand" in names
    assert "deploy" not in names


def test_who_may_not_list_the_account_gets_slots_for_their_own_keys(room: Room) -> None:
    room.scene.visitor.create_key(name="by hand", iam_id=room.scene.owner["iam_id"])
    room.scene.visitor.create_key(name="of my own")
    room.scene.emulator.faults.add(
        [{"kind": "status", "status": 403, "method": "GET", "path": "/v1/apikeys$", "skip": 1}]
    )

    slots = yaml.safe_load(room.examine()["slots"])["rotate_api_keys_slots"]

    # The other own key is the one that logs in.
    assert [each["key_name"] for each in slots] == ["of my own"]


def test_no_slot_is_shown_for_a_key_that_a_declared_slot_takes_over_or_retires(room: Room) -> None:
    owner = room.scene.owner["iam_id"]
    value = "own-Value-of-32-or-more-characters-0"
    room.scene.visitor.create_key(name="to adopt", iam_id=owner, apikey=value)
    retired = room.scene.visitor.create_key(name="to retire", iam_id=owner)
    file = VaultFile(str(room.folder / "secrets.yml"), Cipher(room.secrets), create=True)
    file.apply([Edit(("ci_key",), value)])
    slots = [
        slot(key_name="to adopt", policy={"on_missing_record": "adopt"}),
        slot(name="other", policy={"on_missing_record": "replace"}, retire_ids=[retired["id"]]),
    ]

    assert "to adopt" in room.examine()["slots"]
    assert room.examine(slots=slots)["slots"] == ""


def test_no_slot_is_shown_for_the_keys_of_a_slot_without_a_marker(room: Room) -> None:
    taken = slot(key_name="plain", use_marker=False)
    declared = replace(room.scene.slot, name="ci_key", variable="ci_key", key_name="plain", use_marker=False)
    file = str(room.folder / "secrets.yml")
    ports = room.scene.ports(Effects(), FileStore(Cipher(room.secrets), lambda secret: None))
    rotate_slots([replace(declared, file=file)], ports, Orders(), Settings(), check_mode=False, unforeseen=repr)

    assert "plain" in room.examine()["slots"]
    assert room.examine(slots=[taken])["slots"] == ""


def test_a_minute_is_no_wrong_clock(room: Room) -> None:
    room.skew_seconds = timedelta(minutes=1).total_seconds()

    assert room.to_do() == {}


def test_files_in_git_are_looked_for_there_and_not_on_this_machine(room: Room, tmp_path: Path) -> None:
    remote = Remote(tmp_path / "remote.git")
    remote.write("secrets.yml", "---\na: 1\n")

    result = room.examine(slots=[slot()], git={"repository": str(remote.path), "branch": BRANCH})

    assert "failed" not in result
    assert any(line.startswith("Git repository ") for line in result["report"])
    assert not any("vault file" in each["name"] for each in result["checks"])


def test_a_repository_that_cannot_be_read_is_told(room: Room, tmp_path: Path) -> None:
    to_do = room.to_do(slots=[slot()], git={"repository": str(tmp_path / "nowhere.git"), "branch": BRANCH})

    assert list(to_do) == [f"Git repository {tmp_path / 'nowhere.git'}"]


@pytest.mark.parametrize("blank", ["", " ", None])
def test_a_slot_whose_owner_is_blank_is_none_of_the_callers(room: Room, blank: str | None) -> None:
    to_do = room.to_do(slots=[slot(service_id=blank)], try_create=True)

    assert "`service_id` must not be blank" in to_do["options of slot ci_key"]
    assert [
        entry for entry in room.scene.emulator.requests if entry["method"] == "POST" and "keys" in entry["path"]
    ] == []


@pytest.mark.parametrize(
    ("policy", "own", "says"),
    [
        ({"max_age_days": 0}, {}, "max_age_days is 0"),
        ({"rotate_if_older_than": "2999-01-01T00:00:00+0000"}, {}, "so name a time that has passed"),
        ({}, {"lease_seconds": 10}, "slot ci_key: policy: lease_seconds is 10"),
        ({"expires_in_days": 40}, {"max_age_days": 20, "rotate_before_expiry_days": 60}, "live for at least 61 days"),
        ({"max_age": 3}, {}, "policy has no option max_age;"),
        ({}, "max_age_days=30", "slot ci_key: policy: it is not a mapping"),
    ],
    ids=str,
)
@pytest.mark.parametrize("check_mode", [False, True])
def test_a_policy_that_a_rotation_would_refuse_is_something_to_do(
    room: Room, policy: dict[str, t.Any], own: t.Any, says: str, check_mode: bool
) -> None:
    asked = room.examine(slots=[slot(policy=own)], policy=policy, check_mode=check_mode)["checks"]

    (told,) = [each["text"] for each in asked if each["name"] == "policy" and each["fine"] is False]
    assert says in told


@pytest.mark.parametrize("policy", [None, {}, {"max_age_days": "", "key_source": None}, {"soak_hours": "3"}], ids=str)
def test_a_policy_that_says_little_or_nothing_is_fine(room: Room, policy: dict[str, t.Any] | None) -> None:
    asked = room.examine(slots=[slot(policy=policy)], policy=policy)["checks"]

    assert [each["fine"] for each in asked if each["name"] == "policy"] == [True]
