# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One file is one file, however it is spelled: compared as such, written once a round, told as the user wrote it."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.parsing.vault import VaultSecret
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.arguments import SPEC
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.declared_slots import resolve_paths
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.file_store import FileStore
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.loaded import Loaded
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.ports import (
    NotWritten,
    RecordStore,
    SlotChange,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.rotation_task import rotate
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.same_file import first_spellings
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.cipher import Cipher
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import Effects, Scene

Make = t.Callable[[Path], str]


def through_a_link(folder: Path) -> str:
    (folder / "link.yml").symlink_to("secrets.yml")
    return "link.yml"


def through_a_linked_folder(folder: Path) -> str:
    (folder / "beside").symlink_to(".")
    return "beside/secrets.yml"


def through_a_hard_link(folder: Path) -> str:
    (folder / "twin.yml").hardlink_to(folder / "secrets.yml")
    return "twin.yml"


def through_another_folder(folder: Path) -> str:
    (folder / "a").mkdir()
    return "a/../secrets.yml"


# Each makes what it needs, and spells secrets.yml in another way.
SPELLINGS: dict[str, Make] = {
    "the same": lambda folder: "secrets.yml",
    "a dot": lambda folder: "./secrets.yml",
    "a slash too many": lambda folder: ".//secrets.yml",
    "absolute": lambda folder: str(folder / "secrets.yml"),
    "link": through_a_link,
    "linked folder": through_a_linked_folder,
    "another folder": through_another_folder,
    "folder above": lambda folder: f"../{folder.name}/secrets.yml",
}
OF_A_FILE_THAT_IS_THERE: dict[str, Make] = {**SPELLINGS, "hard link": through_a_hard_link}

each_spelling = pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS)


class Counting:
    """A store that notes which files are written."""

    def __init__(self, store: RecordStore) -> None:
        self._store = store
        self.written: list[str] = []

    def __getattr__(self, name: str) -> t.Any:
        return getattr(self._store, name)

    def commit(self, changes: t.Sequence[SlotChange]) -> list[Loaded | NotWritten]:
        self.written.append(changes[0].slot.file)
        return self._store.commit(changes)


class Desk:
    """A folder with a vault file, and runs over real files in it."""

    def __init__(self, folder: Path) -> None:
        self.scene, self.folder = Scene(), folder
        self.written: list[str] = []

    def run(self, *slots: dict[str, t.Any]) -> dict[str, t.Any]:
        checked = ArgumentSpecValidator(**SPEC).validate({"slots": list(slots), "settle_seconds": 0})
        assert checked.error_messages == []
        params = checked.validated_parameters
        resolve_paths(params, str(self.folder))
        secret: t.Any = VaultSecret(b"password of dev")
        store = Counting(FileStore(Cipher([("dev", secret)]), lambda value: None))
        ports = self.scene.ports(Effects(), t.cast(RecordStore, store))
        try:
            return rotate(params, ports, check_mode=False, unforeseen=repr)
        finally:
            self.written = store.written

    def write(self) -> None:
        (self.folder / "secrets.yml").write_text("region: eu-de\n", encoding="utf-8")


@pytest.fixture(name="desk")
def fixture_desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def slot(name: str, file: str, variable: str, **words: t.Any) -> dict[str, t.Any]:
    return {"name": name, "file": file, "variable": variable, "service_id": "ci", **words}


def refused(desk: Desk, *slots: dict[str, t.Any]) -> str:
    with pytest.raises(TaskRefused) as caught:
        desk.run(*slots)
    assert desk.scene.keys() == {}
    assert desk.written == []
    return str(caught.value)


@pytest.mark.parametrize("spell", OF_A_FILE_THAT_IS_THERE.values(), ids=OF_A_FILE_THAT_IS_THERE)
def test_two_slots_on_one_variable_are_refused_however_its_file_is_spelled(desk: Desk, spell: Make) -> None:
    desk.write()

    told = refused(desk, slot("a", "secrets.yml", "x"), slot("b", spell(desk.folder), "x"))

    assert told == f"the slots a and b both use the variable x of {desk.folder}/secrets.yml; nothing was changed"


@each_spelling
def test_two_slots_on_one_variable_of_a_file_to_come_are_refused(desk: Desk, spell: Make) -> None:
    assert "both use the variable x" in refused(desk, slot("a", "secrets.yml", "x"), slot("b", spell(desk.folder), "x"))


@each_spelling
def test_a_copy_does_not_overwrite_what_another_slot_publishes(desk: Desk, spell: Make) -> None:
    copy = {"file": spell(desk.folder), "variable": "x"}

    assert "both use the variable x" in refused(
        desk, slot("a", "secrets.yml", "x"), slot("b", "other.yml", "y", copies=[copy])
    )


@each_spelling
def test_two_copies_of_two_slots_are_compared_too(desk: Desk, spell: Make) -> None:
    copies = [{"file": file, "variable": "x"} for file in ("secrets.yml", spell(desk.folder))]
    slots = [slot(f"s{number}", "other.yml", f"y{number}", copies=[copy]) for number, copy in enumerate(copies)]

    assert "both use the variable x" in refused(desk, *slots)


@each_spelling
def test_the_place_before_a_move_is_compared_too(desk: Desk, spell: Make) -> None:
    moved_from = {"file": spell(desk.folder), "variable": "x"}

    assert "both use the variable x" in refused(
        desk, slot("a", "secrets.yml", "x"), slot("b", "other.yml", "y", moved_from=moved_from)
    )


@each_spelling
def test_a_move_to_another_spelling_of_the_same_place_is_none(desk: Desk, spell: Make) -> None:
    desk.run(slot("a", "secrets.yml", "x"))

    result = desk.run(slot("a", "secrets.yml", "x", moved_from={"file": spell(desk.folder)}))

    assert (result["changed"], [each["step"] for each in result["slots"]]) == (False, ["idle"])


@each_spelling
def test_slots_with_variables_of_their_own_share_a_file_and_each_of_its_writes(desk: Desk, spell: Make) -> None:
    slots = [slot("a", "secrets.yml", "x"), slot("b", spell(desk.folder), "y")]

    first = desk.run(*slots)
    written = desk.written
    second = desk.run(*slots)

    assert [each["step"] for each in first["slots"] + second["slots"]] == ["idle"] * 4
    # Announced together, and published together.
    assert written == [f"{desk.folder}/secrets.yml"] * 2
    assert (desk.folder / "secrets.yml").read_text(encoding="utf-8").count("cloudkeys_records") == 1


def test_messages_show_the_path_that_the_user_wrote_first(desk: Desk) -> None:
    told = refused(desk, slot("a", "./secrets.yml", "x"), slot("b", "secrets.yml", "x"))

    assert f"of {desk.folder}/./secrets.yml;" in told


def test_two_files_of_one_name_are_two_files(desk: Desk) -> None:
    for name in ("a", "b"):
        (desk.folder / name).mkdir()

    result = desk.run(slot("a", "a/secrets.yml", "x"), slot("b", "b/secrets.yml", "x"))

    assert [each["step"] for each in result["slots"]] == ["idle", "idle"]


def ignoring_case(path: str) -> os.stat_result:
    """As a file system answers for which X and x are the same name."""
    found = Path("/")
    for part in Path(path).parts[1:]:
        names = {name.casefold(): name for name in os.listdir(found)} if found.is_dir() else {}
        found = found / names.get(part.casefold(), part)
    return os.stat(found)


@pytest.mark.parametrize("is_there", [True, False])
def test_where_letter_case_does_not_count_it_does_not(tmp_path: Path, is_there: bool) -> None:
    lower, upper = str(tmp_path / "secrets.yml"), str(tmp_path / "SECRETS.yml")
    if is_there:
        Path(lower).write_text("")

    assert first_spellings([lower, upper], ignoring_case) == {lower: lower, upper: lower}
    assert first_spellings([lower, upper]) == {lower: lower, upper: upper}


def test_files_that_a_file_system_does_not_number_are_told_apart_by_their_paths(tmp_path: Path) -> None:
    paths = [str(tmp_path / name) for name in ("a.yml", "b.yml")]
    for path in paths:
        Path(path).write_text("")

    def without_numbers(path: str) -> os.stat_result:
        found = os.stat(path)
        return os.stat_result((found.st_mode, 0, *found[2:]))

    assert first_spellings(paths, without_numbers) == {path: path for path in paths}


def in_git(*files: str) -> list[str]:
    slots = [slot(f"s{number}", file, f"x{number}") for number, file in enumerate(files)]
    git = {"repository": "https://git.example.com/x.git", "branch": "main"}
    checked = ArgumentSpecValidator(**SPEC).validate({"slots": slots, "git": git})
    resolve_paths(checked.validated_parameters, "/somewhere")
    return [each["file"] for each in checked.validated_parameters["slots"]]


def test_in_git_every_spelling_becomes_the_plain_one() -> None:
    assert in_git("a/x.yml", "./a/x.yml", "a//x.yml", "b/../a/x.yml") == ["a/x.yml"] * 4


@pytest.mark.parametrize("other", ["A/x.yml", "a/X.YML"])
def test_in_git_files_that_differ_in_letter_case_only_are_refused(other: str) -> None:
    with pytest.raises(TaskRefused, match=r"^a/x\.yml and .* are one file where letter case does not count"):
        in_git("a/x.yml", other)
