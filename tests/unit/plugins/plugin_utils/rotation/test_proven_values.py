# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A value that is on record as opened is opened again when a step needs it, and not before; any other one at once."""

from __future__ import annotations

import typing as t
from dataclasses import replace
from pathlib import Path

import pytest
from ansible.parsing.vault import VaultSecret
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.engine import Settings, rotate_slots
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.file_store import FileStore
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.outcome import SlotOutcome
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.rotation_result import result_of
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Orders, Place
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.cipher import Cipher, Opened, seal_with
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_file import Edit, VaultFile
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import (
    DAY_SECONDS,
    Effects,
    Scene,
)

GOOD: t.Any = VaultSecret(b"password of dev")
OTHER: t.Any = VaultSecret(b"another password")
NAMES = ("one", "two", "three")
WHY = "none of the loaded vault ids (dev) opens"


class Counting(Cipher):
    """Keeps what was decrypted."""

    def __init__(self, *secrets: t.Any) -> None:
        super().__init__([("dev", secret) for secret in secrets])
        self.decrypted: list[str] = []

    def _try_secrets(self, vaulttext: str) -> Opened:
        opened = super()._try_secrets(vaulttext)
        self.decrypted.append(opened.plaintext)
        return opened


class Night:
    """Three slots of one file, each with a published key."""

    def __init__(self, folder: Path, copies: tuple[Place, ...] = ()) -> None:
        self.scene = Scene()
        self.file = str(folder / "secrets.yml")
        self.slots = [replace(self.scene.make_slot(name), file=self.file) for name in NAMES]
        self.slots[0] = replace(self.slots[0], copies=copies)
        self.run()

    def run(self, *secrets: t.Any, check_mode: bool = False, **orders: t.Any) -> tuple[list[SlotOutcome], list[str]]:
        """One run -> what became of the slots, and the values that it opened."""
        cipher = Counting(*(secrets or [GOOD]))
        ports = self.scene.ports(Effects(), FileStore(cipher, lambda secret: None))
        self.scene.emulator.requests.clear()
        outcomes = rotate_slots(self.slots, ports, Orders(**orders), Settings(), check_mode=check_mode, unforeseen=repr)
        return outcomes, cipher.decrypted

    def write_records(self, *secrets: t.Any) -> None:
        """Have every record written once more, by noting that the keys were handed over."""
        self.slots = [replace(slot, has_hand_over=True) for slot in self.slots]
        current = [outcome.after.current for outcome in self.run(*secrets)[0] if outcome.after]
        outcomes, _opened = self.run(*secrets, handed_over_ids=frozenset(each.id for each in current if each))
        assert [outcome.taken for outcome in outcomes] == [("note_hand_over",)] * 3

    def value(self, name: str, *secrets: t.Any) -> str:
        file = VaultFile(self.file, Cipher([("dev", secret) for secret in secrets or (GOOD,)]))
        return str(file.value(file.read(), (name,)))

    def write(self, name: str, value: str, secret: t.Any = GOOD) -> None:
        """As a person puts a value there."""
        path = Path(self.file)
        old = VaultFile(self.file, Cipher([("dev", GOOD)]))
        vaulttext = str(old.vaulttext(old.read(), (name,)))
        lines, new = vaulttext.splitlines(), seal_with(secret, value.encode(), "dev").splitlines()
        text = path.read_text(encoding="utf-8")
        was, is_now = ("".join(f"  {line}\n" for line in each) for each in (lines, new))
        assert was in text
        path.write_text(text.replace(was, is_now), encoding="utf-8")


@pytest.fixture
def night(tmp_path: Path) -> Night:
    return Night(tmp_path)


def steps(outcomes: list[SlotOutcome]) -> list[str]:
    return ["failed" if each.failure else each.step.name for each in outcomes]


@pytest.mark.parametrize("check_mode", [False, True])
def test_an_idle_run_opens_one_value_of_a_file_as_a_sample(night: Night, check_mode: bool) -> None:
    before = Path(night.file).read_bytes()

    outcomes, opened = night.run(check_mode=check_mode)

    assert steps(outcomes) == ["idle"] * 3
    assert len(opened) == 1
    assert result_of(outcomes, check_mode=check_mode)["values_not_opened"] == 2
    assert Path(night.file).read_bytes() == before


def test_each_value_is_opened_where_the_user_wants_them_verified(night: Night) -> None:
    night.scene.pass_time(DAY_SECONDS)

    outcomes, opened = night.run(verify_values=True)

    assert steps(outcomes) == ["idle"] * 3
    assert sorted(opened) == sorted(map(night.value, NAMES))
    assert result_of(outcomes, check_mode=False)["values_not_opened"] == 0


def test_with_the_wrong_password_every_slot_fails(night: Night) -> None:
    outcomes, opened = night.run(OTHER)

    assert (steps(outcomes), opened) == (["failed"] * 3, [])
    assert all(WHY in str(each.failure) and "line" in str(each.failure) for each in outcomes)


def test_a_value_that_somebody_wrote_is_opened(night: Night) -> None:
    night.write("two", night.value("two"))

    outcomes, opened = night.run()

    assert steps(outcomes) == ["idle"] * 3
    assert len(opened) == 2


def test_a_value_under_another_password_is_found_at_once(night: Night) -> None:
    night.write("two", night.value("two"), OTHER)

    outcomes, _opened = night.run()

    assert steps(outcomes) == ["idle", "failed", "idle"]
    assert WHY in str(outcomes[1].failure)


def test_a_blank_value_is_found_at_once(night: Night) -> None:
    night.write("two", " \n")

    (_one, two, _three), _opened = night.run(check_mode=True)

    assert two.step.name == "intend"
    assert "does not hold its value any more" in two.step.reason


def test_a_line_break_is_told_in_every_run(night: Night) -> None:
    night.write("two", night.value("two") + "\n")

    night.write_records()
    for _night in range(2):
        outcomes, _opened = night.run()
        assert "ends with a line break" in outcomes[1].warnings[0]


def test_what_cannot_be_opened_is_not_replaced(night: Night) -> None:
    """The passwords of two values have one name, and one of them is not loaded: the sample does not show that."""
    night.write("three", night.value("three"), OTHER)
    # A run with both passwords notes the new cipher text with the next change of the record.
    night.write_records(GOOD, OTHER)
    assert steps(night.run()[0]) == ["idle"] * 3
    night.scene.pass_time(91 * DAY_SECONDS)
    keys, value = set(night.scene.keys()), night.value("three", OTHER)

    outcomes, _opened = night.run()

    assert steps(outcomes)[2] == "failed"
    assert WHY in str(outcomes[2].failure)
    assert night.value("three", OTHER) == value
    made = [key for key_id, key in night.scene.keys().items() if key_id not in keys]
    assert sorted(key.name for key in made) == ["one", "two"]


def test_nothing_is_swept_of_a_slot_whose_value_cannot_be_opened(night: Night) -> None:
    night.write("three", night.value("three"), OTHER)
    night.write_records(GOOD, OTHER)
    record = night.run(GOOD, OTHER)[0][2].after
    assert record is not None
    text = f"[cloudkeys {record.slot_id}/1]"
    left = night.scene.visitor.create_key(name="three", iam_id=night.slots[2].iam_id, description=text)
    night.scene.pass_time(DAY_SECONDS)

    outcomes, _opened = night.run()

    assert WHY in str(outcomes[2].failure)
    assert left["id"] in set(night.scene.keys())


def test_a_record_of_before_is_opened_and_gets_its_note_with_the_next_write(night: Night) -> None:
    path = Path(night.file)
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if "cipher_text_sha256" not in line), encoding="utf-8")

    outcomes, opened = night.run()
    assert (steps(outcomes), len(opened)) == (["idle"] * 3, 3)

    night.write_records()
    assert len(night.run()[1]) == 1


def test_a_copy_with_the_same_cipher_text_is_not_opened(tmp_path: Path) -> None:
    copy = Place(str(tmp_path / "copy.yml"), "copied")
    night = Night(tmp_path, (copy,))
    assert len(night.run()[1]) == 1

    file = VaultFile(copy.file, Cipher([("dev", GOOD)]))
    file.apply([Edit(("copied",), "another value")])
    outcomes, opened = night.run()

    assert "is none of this slot's" in str(outcomes[0].failure)
    assert "another value" in opened


def test_the_note_tells_nothing_of_a_file_that_is_encrypted_as_a_whole(tmp_path: Path) -> None:
    file = tmp_path / "secrets.yml"
    VaultFile(str(file), Cipher([("dev", GOOD)]), create=True, layout="file").apply([Edit(("a",), "b")])
    night = Night(tmp_path)

    assert len(night.run()[1]) == 1
    assert "cipher_text_sha256" not in Cipher([("dev", GOOD)]).open(file.read_text(encoding="utf-8")).plaintext
