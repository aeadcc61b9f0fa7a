# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An audit of the emulator's account: what is asked of IAM, what is written, what is returned."""

from __future__ import annotations

import fcntl
import json
import os
import re
import typing as t
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.parsing.vault import VaultSecret
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import IamError
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.audit_task import (
    FILE_NAMES,
    SPEC,
    resolve_paths,
    run_audit,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.opened import Surroundings
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.engine import Settings, rotate_slots
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.file_store import FileStore
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.history import HistoryRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.recorded import slots_by_key_id
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Orders, Slot
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.cipher import Cipher
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import (
    DAY_SECONDS,
    Effects,
    Scene,
)
from iam_emulator import Visitor

CIPHER = Cipher([("dev", t.cast(t.Any, VaultSecret(b"password of dev")))])


def audit(
    scene: Scene, *, check_mode: bool = False, lock_timeout_seconds: float = 5, **options: t.Any
) -> dict[str, t.Any]:
    checked = ArgumentSpecValidator(**SPEC).validate(options)
    assert checked.error_messages == []
    return run_audit(
        checked.validated_parameters,
        scene.client(Effects()),
        lambda paths: slots_by_key_id(paths, CIPHER, "record_files"),
        Surroundings(os.environ, lambda secret: None, lambda seconds: None),
        check_mode=check_mode,
        lock_timeout_seconds=lock_timeout_seconds,
    )


def asked(scene: Scene) -> list[str]:
    return [f"{entry['method']} {entry['path']}" for entry in scene.emulator.requests]


@pytest.fixture
def scene() -> Scene:
    """An account with the operator's key, and one of a service ID."""
    made = Scene()
    made.visitor.create_key(name="deploy", iam_id=made.owner["iam_id"])
    made.emulator.requests.clear()
    return made


def test_a_whole_account_costs_one_list_one_report_the_names_and_the_log_in_key(scene: Scene) -> None:
    scene.emulator.change_settings(report_unready_reads=0)

    result = audit(scene)

    account_id = scene.emulator.seed.account_id
    report = f"/v1/activity/accounts/{account_id}/report"
    assert asked(scene)[:3] == ["POST /identity/token", "GET /v1/apikeys", f"POST {report}"]
    assert asked(scene)[3].startswith(f"GET {report}/")
    assert asked(scene)[4:] == ["GET /v1/serviceids", "GET /v1/apikeys/details"]
    assert result["counts"]["keys"] == 2


def test_what_is_too_old_or_not_used_is_found_with_its_owner(scene: Scene) -> None:
    scene.pass_time(200 * DAY_SECONDS)

    result = audit(scene, return_keys=True)

    robots = next(key for key in result["api_keys"] if key["name"] == "deploy")
    assert [each["rule"] for each in robots["findings"]] == ["too_old", "unused"]
    assert (robots["owner_name"], robots["owner_kind"], robots["age_days"]) == ("ci", "service ID", 200)
    assert "logged in" not in robots["findings"][0]["detail"]


def test_only_the_named_identities_are_looked_at(scene: Scene) -> None:
    result = audit(scene, identities=[{"service_id": "ci"}], return_keys=True)

    assert [key["name"] for key in result["api_keys"]] == ["deploy"]


def test_a_report_that_takes_a_while_is_waited_for(scene: Scene) -> None:
    scene.emulator.change_settings(report_unready_reads=4)

    assert audit(scene)["not_checked"] == [
        "keys of the account owner, because account_owner_ids does not say who that is"
    ]


def test_without_the_report_that_never_comes_the_audit_says_what_it_did_not_check(scene: Scene) -> None:
    scene.emulator.change_settings(report_unready_reads=1000)

    result = audit(scene, return_keys=True, report_timeout_seconds=60)

    assert "still making the report" in result["not_checked"][0]
    assert {key["is_inactive"] for key in result["api_keys"]} == {None}
    assert "Not checked: `which keys are not used" in result["markdown"]


def test_who_may_not_have_the_report_is_told_who_may(scene: Scene) -> None:
    scene.emulator.faults.add([{"kind": "status", "status": 403, "path": "/report", "method": "POST"}])

    assert "Service Configuration Reader" in audit(scene)["not_checked"][0]


def retell(scene: Scene, change: t.Callable[[dict[str, t.Any]], None], path: str) -> None:
    """Let IAM tell something else of each key in its answers."""
    handle = scene.emulator.handle

    def retold(request: t.Any) -> t.Any:
        answer = handle(request)
        if not re.search(path, request.path) or answer.status != 200:
            return answer
        body = answer.json()
        for key in body["apikeys"]:
            change(key)
        return replace(answer, body=json.dumps(body).encode())

    scene.emulator.handle = retold  # type: ignore[method-assign]  # the wire between client and emulator


@pytest.mark.parametrize("time", ["lately", "2026-01-01T00:00+99:99", "9999-12-31T23:59-14:00", 5, ""])
def test_a_last_log_in_that_cannot_be_read_spoils_one_row_and_says_so(scene: Scene, time: t.Any) -> None:
    new = scene.visitor.create_key(name="another")
    scene.pass_time(400 * DAY_SECONDS)
    retell(scene, lambda key: key.update(last_authn=time) if key["id"] == new["id"] else None, "/report/")
    result = audit(scene, return_keys=True)

    rows = {key["id"]: key for key in result["api_keys"]}
    assert len(rows) > 1
    assert [key_id for key_id, key in rows.items() if key["is_inactive"] is None] == ([new["id"]] if time else [])
    assert any(new["id"] in each for each in result["not_checked"]) is bool(time)


@pytest.mark.parametrize("is_named", [False, True], ids=["all keys", "one identity"])
@pytest.mark.parametrize(
    ("member", "wrong"),
    [("created_at", 5), ("created_at", "9999-12-31T23:59-14:00"), ("description", 5), ("locked", "no")],
)
def test_a_key_that_is_not_understood_is_left_out_and_told(
    scene: Scene, member: str, wrong: t.Any, is_named: bool
) -> None:
    new = scene.visitor.create_key(name="another")
    retell(scene, lambda key: key.update({member: wrong}) if key["id"] == new["id"] else None, "/v1/apikeys$")
    result = audit(scene, return_keys=True, identities=[{"iam_id": scene.emulator.seed.iam_id}] if is_named else [])

    assert result["api_keys"]
    assert new["id"] not in {key["id"] for key in result["api_keys"]}
    told = next(each for each in result["not_checked"] if new["id"] in each)
    assert f"its {member} has a foreign form" in told


def test_a_list_that_is_refused_ends_the_audit(scene: Scene) -> None:
    scene.emulator.faults.add([{"kind": "status", "status": 403, "path": "/v1/apikeys", "method": "GET"}])

    with pytest.raises(IamError, match="403"):
        audit(scene)


def test_every_format_is_written_for_the_group_to_read_and_nothing_when_it_is_as_it_was(
    scene: Scene, tmp_path: Path
) -> None:
    first = audit(scene, folder=str(tmp_path))
    second = audit(scene, folder=str(tmp_path))

    assert (first["changed"], second["changed"]) == (True, False)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(FILE_NAMES.values())
    assert first["files"] == [str(tmp_path / name) for name in FILE_NAMES.values()]
    assert {os.stat(path).st_mode & 0o777 for path in tmp_path.iterdir()} == {0o640}
    told = json.loads((tmp_path / "api-keys.json").read_text(encoding="utf-8"))["accounts"]
    assert [account["counts"] for account in told] == [first["counts"]]


def test_a_report_that_is_there_keeps_its_mode(scene: Scene, tmp_path: Path) -> None:
    (tmp_path / "api-keys.csv").write_text("old", encoding="utf-8")
    (tmp_path / "api-keys.csv").chmod(0o604)

    audit(scene, folder=str(tmp_path), formats=["csv"])

    assert (tmp_path / "api-keys.csv").stat().st_mode & 0o777 == 0o604


def test_a_link_in_the_place_of_a_report_is_replaced_and_what_it_leads_to_stays(scene: Scene, tmp_path: Path) -> None:
    link, file = tmp_path / "api-keys.csv", tmp_path / "elsewhere.csv"
    file.write_text("old", encoding="utf-8")
    link.symlink_to(file)

    foreseen = audit(scene, check_mode=True, folder=str(tmp_path), formats=["csv"])
    result = audit(scene, folder=str(tmp_path), formats=["csv"])

    assert foreseen["changed"]
    assert (result["changed"], result["files"]) == (True, [str(link)])
    assert not link.is_symlink()
    assert file.read_text(encoding="utf-8") == "old"


def test_a_folder_in_the_place_of_a_report_is_refused(scene: Scene, tmp_path: Path) -> None:
    (tmp_path / "api-keys.csv").mkdir()

    with pytest.raises(TaskRefused, match="is not a regular file"):
        audit(scene, folder=str(tmp_path), formats=["csv"])


def test_check_mode_says_what_it_would_write_and_writes_nothing(scene: Scene, tmp_path: Path) -> None:
    result = audit(scene, folder=str(tmp_path), formats=["csv"], check_mode=True)

    assert (result["changed"], result["files"]) == (True, [str(tmp_path / "api-keys.csv")])
    assert list(tmp_path.iterdir()) == []


def test_an_audit_fails_by_what_it_found_after_it_wrote_the_report(scene: Scene, tmp_path: Path) -> None:
    scene.pass_time(100 * DAY_SECONDS)

    result = audit(scene, folder=str(tmp_path), formats=["json"], fail_on="high")

    assert result["failed"]
    assert result["msg"] == "the audit found 2 high (fail_on is high)"
    assert (tmp_path / "api-keys.json").exists()
    assert "failed" not in audit(scene, fail_on="none")


def test_no_folder_is_an_error_before_anything_is_asked(scene: Scene, tmp_path: Path) -> None:
    with pytest.raises(TaskRefused, match="there is no folder"):
        audit(scene, folder=str(tmp_path / "nowhere"))

    assert asked(scene) == []


def test_the_slots_are_ready_for_the_rotation(scene: Scene) -> None:
    result = audit(scene)

    assert "service_id: " + scene.owner["id"] in result["slots"]
    assert "key_name: deploy" in result["slots"]


def test_the_key_that_logs_in_gets_no_slot_and_twins_get_one_each(scene: Scene) -> None:
    twin = scene.visitor.create_key(name="deploy", iam_id=scene.owner["iam_id"])

    slots = yaml.safe_load(audit(scene)["slots"])["rotate_api_keys_slots"]

    assert [(each["name"], each["key_name"]) for each in slots] == [
        ("ci_deploy_api_key", "deploy"),
        ("ci_deploy_api_key_2", "deploy 2"),
    ]
    assert twin["id"] in {key_id for each in slots for key_id in each["retire_ids"]}


def test_no_task_ends_the_key_that_logs_in(scene: Scene) -> None:
    iam_id = scene.emulator.seed.iam_id
    other = scene.visitor.create_key(name="another of the owner")
    own = scene.client(Effects()).login_key_id()

    text = audit(scene, account_owner_ids=[iam_id])["markdown"]

    assert f"# not {own}, which you log in with: log in with another key first" in text
    (named,) = re.findall(r"^ +- (ApiKey-.*)$", text, re.MULTILINE)
    assert named == other["id"]


def test_a_task_for_nothing_but_the_key_that_logs_in_is_no_task(scene: Scene) -> None:
    text = audit(scene, account_owner_ids=[scene.emulator.seed.iam_id])["markdown"]

    assert "which you log in with" in text
    assert "disabled: true" not in text


def test_a_user_has_the_same_name_with_every_key(scene: Scene) -> None:
    other = scene.visitor.add_user()
    (iam_id,) = {each.iam_id for each in scene.emulator.world.users.values()} - {scene.emulator.seed.iam_id}
    other.create_key(name="unused", iam_id=iam_id)
    scene.pass_time(200 * DAY_SECONDS)
    Visitor(scene.emulator, other.key_value).create_key(name="used", iam_id=iam_id)

    keys = audit(scene, return_keys=True)["api_keys"]

    assert {key["owner_name"] for key in keys if key["owner_id"] == iam_id} == {"Second User"}
    assert [key for key in keys if key["owner_name"] is None] == []


def test_a_date_that_is_proposed_is_to_come(scene: Scene) -> None:
    scene.pass_time(2000 * DAY_SECONDS)

    text = audit(scene, require_expiry=True)["markdown"]

    (day,) = re.findall(r'expires_at: "(\S+)T00:00\+0000" # choose', text)
    assert day > f"{scene.client(Effects()).now():%Y-%m-%d}"


@pytest.fixture
def recorded(scene: Scene, tmp_path: Path) -> Path:
    """A vault file with the record of a slot, whose key is a day old."""
    file = tmp_path / "secrets.yml"
    slot = Slot("ci_key", str(file), "ci_key", "rotated", scene.owner["iam_id"], scene.emulator.seed.account_id)
    ports = scene.ports(Effects(), FileStore(CIPHER, lambda secret: None))
    (outcome,) = rotate_slots([slot], ports, Orders(), Settings(), check_mode=False, unforeseen=repr)
    assert outcome.failure is None
    scene.pass_time(2 * DAY_SECONDS)
    return file


def test_a_marked_key_is_left_over_only_when_the_named_records_do_not_need_it(
    scene: Scene, recorded: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.yml"
    other.write_text("---\ncloudkeys_records: {}\n", encoding="utf-8")

    def left_over(*files: Path) -> list[str]:
        keys = audit(scene, record_files=[str(file) for file in files], return_keys=True)["api_keys"]
        return [key["name"] for key in keys if "left_over" in {each["rule"] for each in key["findings"]}]

    assert left_over(recorded) == []
    assert left_over(recorded, other) == []
    assert left_over(other) == ["rotated"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "there is no vault file"),
        ("cloudkeys_records: {a: {slot_id: 1}}\n", "record of a"),
        ("[", "record_files"),
    ],
)
def test_a_record_file_that_cannot_be_read_ends_the_audit(
    scene: Scene, tmp_path: Path, content: str | None, words: str
) -> None:
    file = tmp_path / "secrets.yml"
    if content is not None:
        file.write_text(content, encoding="utf-8")

    with pytest.raises(TaskRefused, match=words):
        audit(scene, record_files=[str(file)])


@pytest.mark.parametrize("option", ["max_age_days", "unused_after_days", "expires_soon_days"])
def test_negative_days_are_refused(scene: Scene, option: str) -> None:
    with pytest.raises(TaskRefused, match=option):
        audit(scene, **{option: -1})


@pytest.mark.parametrize("check_mode", [False, True])
def test_slots_that_people_wrote_are_left(scene: Scene, tmp_path: Path, check_mode: bool) -> None:
    """The guide has people write `slots.yml`, and the playbook may audit into the folder where it lies."""
    theirs = tmp_path / "slots.yml"
    theirs.write_text("---\nrotate_api_keys_slots: []\n", encoding="utf-8")

    with pytest.raises(TaskRefused, match=r"slots\.yml was not written by an audit, or was changed since"):
        audit(scene, folder=str(tmp_path), check_mode=check_mode)

    assert os.listdir(tmp_path) == ["slots.yml"]
    assert theirs.read_text(encoding="utf-8") == "---\nrotate_api_keys_slots: []\n"


def test_slots_that_people_went_on_from_are_left(scene: Scene, tmp_path: Path) -> None:
    audit(scene, folder=str(tmp_path))
    theirs = tmp_path / "slots.yml"
    edited = theirs.read_text(encoding="utf-8").replace("on_missing_record: replace", "on_missing_record: adopt")
    theirs.write_text(edited, encoding="utf-8")
    scene.visitor.create_key(name="another", iam_id=scene.owner["iam_id"])

    with pytest.raises(TaskRefused, match="or was changed since, and would be lost"):
        audit(scene, folder=str(tmp_path))

    assert "on_missing_record: adopt" in edited
    assert theirs.read_text(encoding="utf-8") == edited


def test_the_slots_of_the_audit_before_are_replaced(scene: Scene, tmp_path: Path) -> None:
    audit(scene, folder=str(tmp_path))
    before = (tmp_path / "slots.yml").read_text(encoding="utf-8")
    scene.visitor.create_key(name="another", iam_id=scene.owner["iam_id"])

    audit(scene, folder=str(tmp_path))

    assert (tmp_path / "slots.yml").read_text(encoding="utf-8") != before


def test_two_accounts_in_one_folder_make_one_report(scene: Scene, tmp_path: Path) -> None:
    """A second emulator would have another account; here the first report is given another one's id."""
    audit(scene, folder=str(tmp_path), account_name="prod")
    path = tmp_path / "api-keys.json"
    told = json.loads(path.read_text(encoding="utf-8"))
    ours = told["accounts"][0]["account_id"]
    told["accounts"][0].update(name="test", account_id="b" * 32)
    path.write_text(json.dumps(told), encoding="utf-8")

    result = audit(scene, folder=str(tmp_path), account_name="prod", expected_accounts=["prod", "test", "third"])

    both = json.loads(path.read_text(encoding="utf-8"))
    assert [(each["name"], each["account_id"]) for each in both["accounts"]] == [("prod", ours), ("test", "b" * 32)]
    assert both["missing"] == ["third"]
    assert "API keys of 3 accounts" in (tmp_path / "api-keys.html").read_text(encoding="utf-8")
    assert [os.path.basename(name) for name in result["files"]][-1] == f"slots-{ours}.yml"
    assert "slots.yml" not in os.listdir(tmp_path)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"expected_accounts": ["test"]}, "by its account_name"),
        ({"expected_accounts": ["test"], "account_name": "prod"}, "by its account_name"),
        ({"formats": ["html"], "account_name": "prod"}, "the formats need json"),
    ],
)
def test_options_that_would_lose_another_account_are_refused(
    scene: Scene, tmp_path: Path, options: dict[str, t.Any], says: str
) -> None:
    with pytest.raises(TaskRefused, match=says):
        audit(scene, folder=str(tmp_path), **options)

    assert asked(scene) == []


@pytest.mark.parametrize("text", ["", "{}", '{"schema_version": 1, "keys": []}', "\udcff"])
def test_a_file_that_is_no_report_of_ours_is_left_alone(scene: Scene, tmp_path: Path, text: str) -> None:
    (tmp_path / "api-keys.json").write_bytes(text.encode(errors="surrogateescape"))

    with pytest.raises(TaskRefused, match="No report was written"):
        audit(scene, folder=str(tmp_path))

    assert os.listdir(tmp_path) == ["api-keys.json"]
    assert (tmp_path / "api-keys.json").read_bytes() == text.encode(errors="surrogateescape")


def test_an_audit_waits_for_the_one_that_writes_into_the_folder(scene: Scene, tmp_path: Path) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        with pytest.raises(TaskRefused, match=r"held the folder .* locked for"):
            audit(scene, folder=str(tmp_path), lock_timeout_seconds=0.05)
        assert os.listdir(tmp_path) == []
        assert audit(scene, folder=str(tmp_path), check_mode=True)["changed"]
    finally:
        os.close(descriptor)
    assert audit(scene, folder=str(tmp_path))["changed"]


def test_a_history_that_cannot_be_read_is_told_before_anything_is_asked_or_written(
    scene: Scene, tmp_path: Path
) -> None:
    history = tmp_path / "history.jsonl"
    history.write_text("hunter2\n", encoding="utf-8")
    folder = tmp_path / "reports"
    folder.mkdir()

    with pytest.raises(HistoryRefused, match="line 1 of"):
        audit(scene, folder=str(folder), history_files=[str(history)])

    assert asked(scene) == []
    assert list(folder.iterdir()) == []


def test_the_history_of_the_account_is_in_the_report(scene: Scene, tmp_path: Path) -> None:
    here = {"what": "deleted", "at": "2026-05-01T00:00:00+0000", "slot": "deploy", "generation": 3}
    lines = [
        {**here, "id": name, "account_id": account_id}
        for name, account_id in (("a", scene.emulator.seed.account_id), ("b", "b" * 32))
    ]
    history = tmp_path / "history.jsonl"
    history.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")

    audit(scene, folder=str(tmp_path), history_files=[str(history)])

    (found,) = json.loads((tmp_path / "api-keys.json").read_text(encoding="utf-8"))["accounts"]
    assert found["history"]["count"] == 1
    audit(scene, folder=str(tmp_path))
    (found,) = json.loads((tmp_path / "api-keys.json").read_text(encoding="utf-8"))["accounts"]
    assert found["history"] is None


def test_relative_paths_start_at_the_folder_that_is_given() -> None:
    given = {
        "git": None,
        "folder": "reports",
        "exceptions_file": None,
        "record_files": ["a.yml"],
        "history_files": ["b.jsonl", "/c"],
    }

    resolve_paths(given, "/srv")

    assert given == {
        "git": None,
        "folder": "/srv/reports",
        "exceptions_file": None,
        "record_files": ["/srv/a.yml"],
        "history_files": ["/srv/b.jsonl", "/c"],
    }
