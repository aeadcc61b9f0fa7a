# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The doctor says what is wrong with each slot: its record, its value and its key; on disk and in Git."""

from __future__ import annotations

import re
import typing as t
from datetime import datetime, timezone
from pathlib import Path

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.parsing.vault import VaultSecret
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._doctor.doctor_task import SPEC, Controller, examine
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.engine import rotate_slots
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.file_store import FileStore
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Orders
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.cipher import Cipher
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.document import Edit
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_file import VaultFile
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.git.remote import BRANCH, Remote
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import (
    DAY_SECONDS,
    ONE_AT_A_TIME,
    Effects,
    Scene,
)

CIPHER = Cipher([("dev", t.cast(t.Any, VaultSecret(b"password of dev")))])
OTHER_CIPHER = Cipher([("dev", t.cast(t.Any, VaultSecret(b"another password")))])
NAME = "slot deploy"


class Home:
    """A slot that has its first key, in a vault file; the file is in a branch as well when `in_git` is set."""

    def __init__(self, folder: Path) -> None:
        self.scene = Scene()
        self.folder = folder
        self.path = folder / "secrets.yml"
        self.seen_secrets: set[str] = set()
        self.in_git = False
        self.remotes = 0
        self.cipher = CIPHER

    def rotate(self, **orders: t.Any) -> None:
        store = FileStore(CIPHER, self.seen_secrets.add, folder=str(self.folder))
        ports = self.scene.ports(Effects(), store)
        rotate_slots(
            [self.scene.slot],
            ports,
            Orders(**orders),
            ONE_AT_A_TIME,
            check_mode=False,
            unforeseen=str,
        )
        self.scene.pass_time(DAY_SECONDS)

    @property
    def published_id(self) -> str:
        return max(self.scene.keys().values(), key=lambda key: key.name == "deploy").id

    def write(self, variable: str, value: str | None) -> None:
        edit = Edit((variable,), value, remove=value is None)
        VaultFile(str(self.path), CIPHER, create=True, mode=0o600).apply([edit])

    def replace(self, old: str, new: str) -> None:
        text = self.path.read_text(encoding="utf-8")
        assert re.search(old, text)
        self.path.write_text(re.sub(old, new, text), encoding="utf-8")

    def told(self, **words: t.Any) -> tuple[bool | None, str]:
        """What the doctor says of the slot; nothing is changed, and no secret told."""
        slot = {"name": "deploy", "file": "secrets.yml", "service_id": "ci", **words}
        before = self.path.read_bytes() if self.path.exists() else None
        git = {"repository": str(self._remote().path), "branch": BRANCH} if self.in_git else None
        checked = ArgumentSpecValidator(**SPEC).validate({"slots": [slot], **({"git": git} if git else {})})
        assert checked.error_messages == []
        self.scene.emulator.requests.clear()
        here = datetime.fromtimestamp(self.scene.emulator.clock.now(), timezone.utc)
        around = Controller(self.cipher, {}, str(self.folder), here, self.seen_secrets.add)
        result = examine(checked.validated_parameters, self.scene.client(Effects()), around, check_mode=False)
        assert self.scene.writes() in (
            [],
            ["POST /v1/activity/accounts/" + self.scene.emulator.seed.account_id + "/report"],
        )
        assert (self.path.read_bytes() if self.path.exists() else None) == before
        assert not [secret for secret in self.seen_secrets if secret in str(result)]
        (found,) = [each for each in result["checks"] if each["name"] == NAME]
        return found["fine"], found["text"]

    def _remote(self) -> Remote:
        self.remotes += 1
        remote = Remote(self.folder / f"remote{self.remotes}.git")
        remote.write("secrets.yml", self.path.read_text(encoding="utf-8") if self.path.exists() else "---\n")
        return remote


@pytest.fixture(params=["on disk", "in Git"])
def home(tmp_path: Path, request: pytest.FixtureRequest) -> Home:
    home = Home(tmp_path)
    home.rotate()
    home.in_git = request.param == "in Git"
    return home


def test_a_slot_in_order_is_fine_and_says_which_generation_is_published(home: Home) -> None:
    assert home.told() == (True, f"generation 1 is published ({home.published_id})")


def test_a_successor_on_its_way_is_told(home: Home) -> None:
    home.scene.pass_time(100 * DAY_SECONDS)
    home.rotate(until="staged")

    assert home.told() == (True, f"generation 1 is published ({home.published_id}), and generation 2 is on its way")


def test_a_slot_without_a_key_is_fine(tmp_path: Path) -> None:
    assert Home(tmp_path).told() == (True, "no key yet: make the first one")


def test_a_record_of_another_account_is_told_with_both(home: Home) -> None:
    account_id = home.scene.emulator.seed.account_id
    home.replace(account_id, "f" * 32)

    fine, text = home.told()

    assert fine is False
    assert f"of account {'f' * 32}" in text
    assert account_id in text


def test_a_key_of_another_owner_than_declared_is_told(home: Home) -> None:
    home.scene.visitor.create_service_id(name="other", account_id=home.scene.emulator.seed.account_id)

    fine, text = home.told(service_id="other")

    assert fine is False
    assert f"{home.published_id} is {home.scene.owner['iam_id']}'s" in text
    assert "the next run replaces it" in text


def test_a_value_that_is_another_keys_is_told(home: Home) -> None:
    other = home.scene.visitor.create_key(name="by hand", iam_id=home.scene.owner["iam_id"])
    home.seen_secrets.add(other["apikey"])
    home.write("deploy", other["apikey"])

    fine, text = home.told()

    assert fine is False
    assert f"holds the value of {other['id']}" in text


def test_a_value_that_nobody_can_log_in_with_is_told(home: Home) -> None:
    home.seen_secrets.add("V" * 44)
    home.write("deploy", "V" * 44)

    fine, text = home.told()

    assert fine is False
    assert text.startswith("nobody can log in with what deploy holds")


def test_a_variable_that_lost_its_value_is_told(home: Home) -> None:
    home.write("deploy", None)

    fine, text = home.told()

    assert (fine, text) == (False, "deploy does not hold its value any more: the next run replaces it")


def test_a_record_that_cannot_be_read_is_told(home: Home) -> None:
    home.replace("last_generation: 1", "last_generation: one")

    fine, text = home.told()

    assert fine is False
    assert "cloudkeys_records.deploy cannot be read" in text


def test_a_file_that_cannot_be_decrypted_is_told(home: Home) -> None:
    home.cipher = OTHER_CIPHER

    fine, text = home.told()

    assert fine is False
    assert "none of the loaded vault ids (dev) opens what is encrypted" in text


def test_a_published_key_that_is_gone_or_disabled_is_told(home: Home) -> None:
    key_id = home.published_id
    home.scene.emulator.world.keys[key_id].disabled = True
    fine, text = home.told()
    assert (fine, text.startswith(f"the published key {key_id} is disabled. Somebody decided that, or IBM Cloud")) == (
        False,
        True,
    )
    assert "name it in `revoke_leaked_ids` to the playbook cloudkeys.ibmcloud.revoke_leaked" in text

    home.scene.visitor.ask("DELETE", f"/v1/apikeys/{key_id}")
    assert home.told() == (False, f"the published key {key_id} is gone: the next run replaces it")


def test_a_value_without_a_record_is_told_unless_it_is_to_be_adopted(home: Home) -> None:
    home.replace(r"(?s)cloudkeys_records:.*?(?=\n\S|$)", "unrelated: 1")

    fine, text = home.told(policy={"on_missing_record": "replace"})
    assert fine is False
    assert "the variable deploy has a value" in text

    assert home.told(policy={"on_missing_record": "adopt"}) == (True, "the value in deploy is taken over as it is")

    home.write("deploy", "V" * 44)
    assert "there is nothing to adopt" in home.told(policy={"on_missing_record": "adopt"})[1]


def test_a_slot_that_is_to_be_moved_is_looked_at_where_it_is(home: Home) -> None:
    moved = {"variable": "deploy_key", "moved_from": {"variable": "deploy"}}
    assert home.told(**moved) == (True, f"generation 1 is published ({home.published_id})")

    home.write("deploy", None)
    assert home.told(**moved)[0] is False


def test_two_slots_in_one_place_are_told(home: Home) -> None:
    slots = [{"name": name, "variable": "x", "file": "secrets.yml", "service_id": "ci"} for name in ("a", "b")]
    params = ArgumentSpecValidator(**SPEC).validate({"slots": slots}).validated_parameters
    around = Controller(CIPHER, {}, str(home.folder), datetime.now(timezone.utc), lambda secret: None)

    checks = examine(params, home.scene.client(Effects()), around, check_mode=False)["checks"]

    (text,) = [each["text"] for each in checks if each["name"] == "slots"]
    assert "the slots a and b both use" in text


def test_a_key_that_is_only_due_is_fine(home: Home) -> None:
    home.scene.pass_time(100 * DAY_SECONDS)

    assert home.told() == (True, f"generation 1 is published ({home.published_id})")


def test_a_slot_whose_owner_is_not_known_is_not_tried(home: Home) -> None:
    assert home.told(service_id="nobody") == (None, "the keys of its owner could not be listed")


def test_slots_wait_for_a_policy_and_a_log_in(home: Home) -> None:
    slots = [{"name": "deploy", "file": "secrets.yml", "service_id": "ci"}]
    around = Controller(CIPHER, {}, str(home.folder), datetime.now(timezone.utc), lambda secret: None)

    for options, client in (
        ({"policy": {"max_age_days": 0}}, home.scene.client(Effects())),
        ({}, home.scene.client(Effects(), api_key="x" * 44)),
    ):
        params = ArgumentSpecValidator(**SPEC).validate({"slots": slots, **options}).validated_parameters
        names = [each["name"] for each in examine(params, client, around, check_mode=False)["checks"]]

        assert not [name for name in names if name.startswith("slot")]


@pytest.mark.parametrize("words", [{"state": "gone"}, {"copies": [{"file": "x"}]}, {"file": None}], ids=str)
def test_what_a_rotation_would_refuse_of_a_slot_is_told_for_that_slot(home: Home, words: dict[str, t.Any]) -> None:
    slots = [
        {"name": "odd", "file": "secrets.yml", "service_id": "ci", **words},
        {"name": "deploy", "file": "secrets.yml"},
    ]
    params = ArgumentSpecValidator(**SPEC).validate({"slots": slots}).validated_parameters
    around = Controller(CIPHER, {}, str(home.folder), datetime.now(timezone.utc), lambda secret: None)

    checks = examine(params, home.scene.client(Effects()), around, check_mode=False)["checks"]

    names = [each["name"] for each in checks if "slot" in each["name"]]
    assert names == ["options of slot odd", "slot deploy"]


def test_a_value_that_stands_for_a_name_is_protected_and_a_name_is_not(home: Home) -> None:
    value, name = "Ab1-" * 11, "deploy_key_of_the_production_cluster_in_frankfurt_1"
    slots = [{"name": each, "file": "secrets.yml", "service_id": "ci"} for each in (value, name)]
    params = ArgumentSpecValidator(**SPEC).validate({"slots": slots}).validated_parameters
    around = Controller(CIPHER, {}, str(home.folder), datetime.now(timezone.utc), home.seen_secrets.add)

    examine(params, home.scene.client(Effects()), around, check_mode=False)

    assert value in home.seen_secrets
    assert name not in home.seen_secrets
