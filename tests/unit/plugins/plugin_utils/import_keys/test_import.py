# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keys whose values one has get a variable and a slot each, and the rest is refused by its place."""

from __future__ import annotations

import json
import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.cipher import Cipher
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_errors import (
    ChangedMeanwhile,
    VaultFileError,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.vault_file import Edit
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.import_keys.desk import (
    SECRETS,
    Desk,
    outcomes,
    value_of,
)
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import (
    DAY_SECONDS,
    Effects,
)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_values_of_every_form_are_found_and_vaulted(desk: Desk) -> None:
    names = ("env", "json", "alone", "listed")
    values = {name: desk.key(number, name) for number, name in enumerate(names)}
    desk.write("keys/a.env", f"# ours\n\nexport CI_KEY='{values['env']}' # until May\nREGION=eu-de\n")
    downloaded = {"id": "ApiKey-3f0c1d2e-4b5a-6978-8a9b-0c1d2e3f4a5b", "name": "json", "apikey": values["json"]}
    desk.write("keys/b.json", json.dumps(downloaded, indent=2))
    desk.write("keys/c", values["alone"])

    result = desk.run(files=["keys"], values=[f"key: {values['listed']}"])

    assert "failed" not in result
    assert sorted(outcomes(result)) == ["imported"] * 4
    assert {name: desk.held(f"ci_{name}_api_key") for name in names} == values
    assert not any(value in (desk.folder / "secrets.yml").read_text() for value in values.values())
    assert set(values.values()) <= desk.protected
    places = {each["name"]: each["place"] for each in result["api_keys"]}
    assert places["env"] == f"line 3 of {desk.folder}/keys/a.env"
    assert places["listed"] == "entry 1 of `values`"
    assert f"line 4 of {desk.folder}/keys/a.env" in result["nothing_in"]


def test_the_first_rotation_takes_all_of_them_over_and_the_next_import_changes_nothing(desk: Desk) -> None:
    for number, name in enumerate(("deploy", "deploy", "backup")):
        desk.write(f"keys/{number}", desk.key(number, name))
    desk.write("keys/own", desk.key(3, "mine", iam_id=None))
    before = set(desk.scene.emulator.world.keys)

    first = desk.run(files=["keys"])
    repeated = desk.run(files=["keys"])
    done = desk.rotate()
    after = desk.run(files=["keys"])

    assert first["changed"]
    assert [each.failure for each in done] == [None] * 4
    taken = {each.after.current.id for each in done if each.after and each.after.current}
    assert len(taken) == 4
    assert taken < before == set(desk.scene.emulator.world.keys)
    for again in (repeated, after):
        assert (again["changed"], again["slots"], "failed" in again) == (False, [], False)
        assert set(outcomes(again)) == {"declared"}


def test_it_is_idempotent_without_a_file_for_the_slots_and_gives_the_same_slots(desk: Desk) -> None:
    given = [desk.key(0), desk.key(1), desk.key(2, "backup")]

    first = desk.run(values=given, slots_file=None)
    again = desk.run(values=given[::-1], slots_file=None)

    assert (first["changed"], again["changed"]) == (True, False)
    assert set(outcomes(again)) == {"unchanged"}
    by_name = {each["name"]: each["variable"] for each in first["api_keys"]}
    assert len(by_name) == 2
    assert {each["id"]: each["variable"] for each in again["api_keys"]} == {
        each["id"]: each["variable"] for each in first["api_keys"]
    }


def test_twins_get_a_slot_and_a_key_name_each(desk: Desk) -> None:
    result = desk.run(values=[desk.key(0), desk.key(1)])

    assert [(each["name"], each["key_name"]) for each in result["slots"]] == [
        ("ci_deploy_api_key", "deploy"),
        ("ci_deploy_api_key_2", "deploy 2"),
    ]


def test_a_twin_that_comes_later_gets_names_of_its_own(desk: Desk) -> None:
    desk.run(values=desk.key(0))

    result = desk.run(values=desk.key(1))

    assert [(each["name"], each["key_name"]) for each in desk.slots()] == [
        ("ci_deploy_api_key", "deploy"),
        ("ci_deploy_api_key_2", "deploy 2"),
    ]
    assert len(result["slots"]) == 1


def test_the_key_that_logs_in_gets_no_slot_and_is_not_written(desk: Desk) -> None:
    result = desk.run(values=[desk.scene.emulator.seed.api_key, desk.key(0)])

    assert outcomes(result) == ["login", "imported"]
    assert "this run logs in with it" in result["report"][1]
    assert len(desk.slots()) == 1
    assert "failed" not in result


def test_a_value_that_is_given_twice_is_one_slot(desk: Desk) -> None:
    value = desk.key(0)

    result = desk.run(values={"one": value, "two": f"KEY={value}"})

    assert outcomes(result) == ["imported", "same"]
    assert result["api_keys"][1]["why"] == "the same key as values: one"
    assert [each["name"] for each in desk.slots()] == ["one"]


def test_a_mapping_names_the_variables(desk: Desk) -> None:
    result = desk.run(values={"mine": desk.key(0, "a")})

    assert (desk.held("mine"), result["api_keys"][0]["variable"]) == (value_of(0), "mine")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("no-name", "no name that Ansible accepts"),
        ("class", "no name that Ansible accepts"),
        ("{{ x }}", "no name that Ansible accepts"),
        ("cloudkeys_records", "where the records are"),
    ],
)
def test_a_name_that_ansible_would_not_accept_is_refused(desk: Desk, name: str, says: str) -> None:
    result = desk.run(values={name: desk.key(0), "good": desk.key(1, "other")})

    assert outcomes(result) == ["refused", "imported"]
    assert says in result["msg"]
    assert result["failed"]


def test_a_variable_that_is_there_is_never_overwritten(desk: Desk) -> None:
    desk.hold("mine", "something else")
    desk.hold("ci_b_api_key", "something else")

    result = desk.run(values={"mine": desk.key(0, "a"), "good": desk.key(1, "c")}, files=[])
    derived = desk.run(values=desk.key(2, "b"))

    assert outcomes(result) == ["refused", "imported"]
    assert "values: mine: the variable mine holds something else" in result["msg"]
    assert "the variable ci_b_api_key holds something else" in derived["msg"]
    assert (desk.held("mine"), desk.held("ci_b_api_key")) == ("something else", "something else")
    assert [each["name"] for each in desk.slots()] == ["good"]


def test_a_value_that_is_there_under_a_name_keeps_it(desk: Desk) -> None:
    desk.hold("old_name", desk.key(0))

    result = desk.run(values=value_of(0))

    assert (outcomes(result), result["api_keys"][0]["variable"]) == (["unchanged"], "old_name")
    assert [each["name"] for each in desk.slots()] == ["old_name"]


def test_a_value_that_stands_there_in_clear_is_vaulted(desk: Desk) -> None:
    desk.write("secrets.yml", f"---\nci_deploy_api_key: {desk.key(0)}\n")

    result = desk.run(values=value_of(0))

    assert result["changed"]
    assert value_of(0) not in (desk.folder / "secrets.yml").read_text()


def test_entries_of_vault_files_stay_where_they_are(desk: Desk) -> None:
    desk.file.apply([Edit(("ibm",), {"api_key": desk.key(0), "region": "eu-de"})])
    desk.hold("plain_one", desk.key(1, "other"))
    before = (desk.folder / "secrets.yml").read_text()

    result = desk.run(
        vaulted=[{"file": "secrets.yml", "variables": [["ibm", "api_key"], "plain_one"]}], values=value_of(0), file=None
    )

    assert outcomes(result) == ["same", "unchanged", "unchanged"]
    assert (desk.folder / "secrets.yml").read_text() == before
    assert [(each["name"], each.get("variable"), each["file"]) for each in desk.slots()] == [
        ("ibm_api_key", ["ibm", "api_key"], "secrets.yml"),
        ("plain_one", None, "secrets.yml"),
    ]
    assert [each.failure for each in desk.rotate()] == [None, None]


def test_what_is_locked_or_ends_is_told_and_the_slot_keeps_the_lock(desk: Desk) -> None:
    desk.key(0)
    (key,) = desk.scene.keys().values()
    key.locked = True

    result = desk.run(values=value_of(0))

    assert result["slots"][0]["locked"] is True
    assert result["report"][0] == "1 value: 1 imported"
    assert "(deploy) of ci, locked, " in result["report"][1]


@pytest.mark.parametrize(("change", "says"), [("disabled", "it is disabled"), ("expired", "it has expired")])
def test_a_key_that_cannot_log_in_is_refused(desk: Desk, change: str, says: str) -> None:
    words = {"expires_at": "2026-08-01T00:00+0000"} if change == "expired" else {}
    desk.key(0, **words)
    (key,) = desk.scene.keys().values()
    if change == "disabled":
        key.disabled = True
    else:
        desk.scene.pass_time(80 * DAY_SECONDS)

    result = desk.run(values={"mine": value_of(0)})

    assert (outcomes(result), says in result["msg"]) == (["refused"], True)
    assert not (desk.folder / "secrets.yml").exists()
    assert not (desk.folder / "slots.yml").exists()


def test_what_is_no_key_is_refused_by_its_place(desk: Desk) -> None:
    desk.write("keys.env", f"A={value_of(7)}\nB={desk.key(0)}\n")
    desk.write("id", "ApiKey-3f0c1d2e-4b5a-6978-8a9b-0c1d2e3f4a5b")

    result = desk.run(files=["keys.env", "id"], values=["garbage", " "])

    assert result["failed"]
    assert f"line 1 of {desk.folder}/keys.env: no API key has this value" in result["msg"]
    assert f"{desk.folder}/id: only the id of an API key, and no value" in result["msg"]
    assert "entry 1 of `values`: nothing that could be the value" in result["msg"]
    assert "entry 2 of `values`: blank" in result["msg"]
    assert "garbage" not in json.dumps(result)
    assert desk.held("ci_deploy_api_key") == value_of(0)


def test_a_key_of_another_account_is_refused_and_its_account_named(desk: Desk) -> None:
    other = desk.scene.emulator.add_account()

    result = desk.run(values={"mine": other.api_key})

    assert outcomes(result) == ["refused"]
    assert f"in account {other.account_id}" in result["msg"]
    assert other.api_key not in json.dumps(result)


@pytest.mark.parametrize(
    "fault",
    [{"kind": "status", "status": 503, "times": 99}, {"kind": "status", "status": 401, "times": 99}],
    ids=["down", "401"],
)
def test_what_cannot_be_asked_is_refused_with_what_is_known(desk: Desk, fault: dict[str, t.Any]) -> None:
    desk.key(0)
    client = desk.scene.client(Effects())
    client.caller()
    client.login_key_id()
    desk.scene.emulator.faults.add([{**fault, "path": "/v1/apikeys/details"}])

    result = desk.run(values={"mine": value_of(0)}, client=client)

    assert outcomes(result) == ["refused"]
    assert "whose it is cannot be told" in result["msg"]
    assert not (desk.folder / "secrets.yml").exists()


def test_a_key_that_another_rotation_looks_after_is_left_to_it(desk: Desk) -> None:
    desk.key(0, description="[cloudkeys 3f9a2c7d/5]")

    result = desk.run(values={"mine": value_of(0)})

    assert outcomes(result) == ["refused"]
    assert "a rotation looks after it" in result["msg"]


def test_keys_of_declared_slots_are_not_suggested_again(desk: Desk) -> None:
    given = [desk.key(0), desk.key(1, "other")]
    desk.run(values=given)
    declared = [*desk.slots(), {"name": "gone", "file": "nowhere.yml", "retire_ids": [second(desk, "third")]}]
    os.remove(desk.folder / "slots.yml")

    result = desk.run(values=[*given, value_of(3)], slots=declared)

    assert outcomes(result) == ["declared"] * 3
    assert "declared as the slot ci_deploy_api_key" in result["report"][1]
    assert "to be retired by the slot gone" in result["report"][3]
    assert not (desk.folder / "slots.yml").exists()


def second(desk: Desk, name: str) -> str:
    desk.key(3, name)
    return next(key.id for key in desk.scene.keys().values() if key.name == name)


def test_keys_on_record_in_other_vault_files_are_not_suggested_again(desk: Desk) -> None:
    desk.run(values=desk.key(0))
    desk.rotate()
    os.remove(desk.folder / "slots.yml")
    os.rename(desk.folder / "secrets.yml", desk.folder / "other.yml")

    result = desk.run(values=value_of(0), vault_files=["other.yml"])

    assert outcomes(result) == ["declared"]
    assert f"published in {desk.folder}/other.yml" in result["report"][1]


def test_check_mode_says_the_same_and_writes_nothing(desk: Desk) -> None:
    value = desk.key(0)

    foreseen = desk.run(values=value, check_mode=True)

    assert list(desk.folder.iterdir()) == []
    done = desk.run(values=value)
    assert {name: each for name, each in foreseen.items() if name != "report"} == {
        name: each for name, each in done.items() if name != "report"
    }
    assert "would be imported as ci_deploy_api_key" in foreseen["report"][1]
    assert "ci_deploy_api_key: <new value, vaulted>" in foreseen["diff"][0]["after"]
    assert "key_name: deploy" in foreseen["diff"][1]["after"]


@pytest.mark.parametrize(
    "there", ["---\nmail_password: in-the-clear\n", "\n"], ids=["another variable", "a blank line"]
)
def test_the_difference_shows_the_new_slots_and_nothing_else_of_their_file(desk: Desk, there: str) -> None:
    (desk.folder / "slots.yml").write_text(there, encoding="utf-8")

    result = desk.run(values=desk.key(0))

    slots = result["diff"][1]
    assert slots["before"] == ""
    assert "\nrotate_api_keys_slots:\n" in f"\n{slots['after']}"
    assert "in-the-clear" not in str(result)


def test_a_hostile_name_becomes_neither_a_variable_nor_a_template(desk: Desk) -> None:
    name = "{{ lookup('pipe', 'touch x') }}\x1b[31m"
    result = desk.run(values=[desk.key(0, name), desk.key(1, "ansible_connection", iam_id=None)])

    text = (desk.folder / "slots.yml").read_text(encoding="utf-8")
    assert [each["name"] for each in desk.slots()] == [
        "ci_lookup_pipe_touch_x_31m_api_key",
        "key_ansible_connection_api_key",
    ]
    assert [each["key_name"] for each in desk.slots()] == [name, "ansible_connection"]
    assert "key_name: !unsafe" in text
    assert "!unsafe" in result["slots_yaml"]


@pytest.mark.parametrize("name", ["account", "rotate_api_keys", "vars", "class", "1st", "東京", "_"])
def test_no_name_of_a_key_becomes_a_variable_that_means_something(desk: Desk, name: str) -> None:
    result = desk.run(values=desk.key(0, name, iam_id=None))

    variable = result["slots"][0]["name"]
    assert variable.isidentifier()
    assert variable.endswith("api_key")
    assert variable not in ("account_api_key", "rotate_api_keys_api_key")


def test_what_stands_in_the_file_with_the_slots_stays(desk: Desk) -> None:
    before = (
        "# ours\nrotate_api_keys_slots:\n# first\n- name: x # theirs\n  file: x.yml\n\n    # odd\n- {name: y, file: y}"
    )
    desk.write("slots.yml", f"other: 1\n{before}")

    desk.run(values=desk.key(0))

    text = (desk.folder / "slots.yml").read_text(encoding="utf-8")
    assert text.startswith(f"other: 1\n{before}\n- name: ci_deploy_api_key\n  file: secrets.yml\n")
    assert [each["name"] for each in desk.slots()] == ["x", "y", "ci_deploy_api_key"]


@pytest.mark.parametrize("before", ["other: 1\r\n", "rotate_api_keys_slots:\r\n\r\n- name: x\r\n  file: x.yml\r\n"])
def test_slots_are_put_behind_lines_that_end_as_on_windows(desk: Desk, before: str) -> None:
    (desk.folder / "slots.yml").write_bytes(before.encode())

    desk.run(values=desk.key(0))

    text = (desk.folder / "slots.yml").read_bytes().decode()
    assert text.startswith(before)
    assert text.count("\n") == text.count("\r\n")
    assert desk.slots()[-1]["name"] == "ci_deploy_api_key"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("rotate_api_keys_slots:\n  - {name: x, file: x.yml}\nother: 1\n", "cannot be put at its end"),
        ("rotate_api_keys_slots: [{name: x, file: x.yml}]\n", "cannot be put at its end"),
        ("rotate_api_keys_slots: x\n", "is no list of slots"),
        # As a slot of some other place its key would get a second one.
        ("rotate_api_keys_slots:\n- {name: x, file: '{{ folder }}/x.yml'}\n", "`file` of slot 1 is a template"),
        ("rotate_api_keys_slots:\n- {name: x, file: x.yml, variable: [a, '{{ b }}']}\n", "`variable` of slot 1 is a"),
        ("$ANSIBLE_VAULT;1.1;AES256\n00\n", "encrypted as a whole"),
    ],
)
def test_a_file_that_cannot_take_slots_is_refused_before_anything_is_written(desk: Desk, text: str, says: str) -> None:
    desk.write("slots.yml", text)
    value = desk.key(0)

    with pytest.raises(VaultFileError, match=says):
        desk.run(values=value)

    assert (desk.folder / "slots.yml").read_text() == text
    assert not (desk.folder / "secrets.yml").exists()


def test_a_file_that_somebody_else_writes_meanwhile_is_left_alone(desk: Desk) -> None:
    desk.hold("other", "a")
    value = desk.key(0)
    effects = Effects()

    def meddle() -> None:
        effects.watch = lambda: None
        desk.hold("other", "b")

    effects.watch = meddle
    with pytest.raises(ChangedMeanwhile):
        desk.run(values=value, effects=effects)

    assert desk.held("other") == "b"
    assert not (desk.folder / "slots.yml").exists()


def test_slots_that_somebody_else_writes_meanwhile_are_left_alone(desk: Desk) -> None:
    value = desk.key(0)
    effects = Effects()
    effects.watch = lambda: t.cast(None, desk.write("slots.yml", "rotate_api_keys_slots: []\n"))

    with pytest.raises(ChangedMeanwhile):
        desk.run(values=value, effects=effects)

    assert desk.slots() == []
    assert not (desk.folder / "secrets.yml").exists()


def test_slots_that_cannot_be_written_any_more_are_told_and_the_next_run_writes_them(desk: Desk) -> None:
    value = desk.key(0)

    class Meddler(Cipher):
        """Somebody writes the file at the moment when the value is encrypted."""

        def seal(self, *args: t.Any, **words: t.Any) -> str:
            desk.write("slots.yml", "other: 1\n")
            return super().seal(*args, **words)

    result = desk.run(values=value, cipher=Meddler(SECRETS))
    again = desk.run(values=value)

    assert (result["changed"], result["conflict"], result["failed"]) == (True, True, True)
    assert "the slots could not be written" in result["msg"]
    assert desk.held("ci_deploy_api_key") == value
    assert (outcomes(again), "failed" in again) == (["unchanged"], False)
    assert [each["name"] for each in desk.slots()] == ["ci_deploy_api_key"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, "no key was given"),
        ({"values": {"a": {"b": value_of(0)}}}, "values: a is no text"),
        ({"values": [5]}, "entry 1 of `values` is no text"),
        ({"files": ["nowhere"]}, "cannot be read"),
        ({"files": ["empty"]}, "is an empty folder"),
        ({"files": ["deep"]}, "folders are not entered"),
        ({"values": "x" * 44, "slots_file": "secrets.yml"}, "are one file"),
        ({"values": "x" * 44, "slots": [{"name": "a"}]}, "a slot has no `file`"),
        ({"values": value_of(7), "concurrency": "many"}, "`concurrency` has to be `auto` or a number"),
        ({"values": value_of(7), "concurrency": 500}, "`concurrency` has to be `auto` or a number"),
    ],
)
def test_what_makes_no_sense_is_refused_as_a_whole(desk: Desk, options: dict[str, t.Any], says: str) -> None:
    (desk.folder / "empty").mkdir()
    (desk.folder / "deep" / "er").mkdir(parents=True)

    with pytest.raises(TaskRefused, match=says):
        desk.run(**options)

    assert desk.scene.emulator.requests == [] or not (desk.folder / "secrets.yml").exists()


def test_a_plain_file_that_others_may_write_is_refused(desk: Desk) -> None:
    desk.write("keys.env", desk.key(0))
    (desk.folder / "keys.env").chmod(0o666)

    with pytest.raises(TaskRefused, match="others may write it"):
        desk.run(files=["keys.env"])


def test_a_file_that_goes_away_with_the_job_is_refused(desk: Desk) -> None:
    desk.environ["AWX_PRIVATE_DATA_DIR"] = str(desk.folder)
    value = desk.key(0)

    with pytest.raises(TaskRefused, match="AWX deletes"):
        desk.run(values=value)


def test_a_value_needs_a_file_to_go_to(desk: Desk) -> None:
    result = desk.run(values=desk.key(0), file=None)

    assert (outcomes(result), "names no vault file" in result["msg"]) == (["refused"], True)


def test_a_name_that_looks_like_a_value_is_not_told(desk: Desk) -> None:
    value = desk.key(0)

    result = desk.run(values={value: "deploy"})

    assert result["failed"]
    assert "values: entry 1: nothing that could be the value" in result["msg"]
