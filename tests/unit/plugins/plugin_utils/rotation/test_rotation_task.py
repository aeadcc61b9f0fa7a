# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From a task's options to its result."""

from __future__ import annotations

import os
import typing as t
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import IamError
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._secrets import protect
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.arguments import SPEC
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.declared_slots import (
    resolve_paths,
    slots_from,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.rotation_task import rotate
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Place
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import (
    DAY_SECONDS,
    Effects,
    Scene,
)


def options(*slots: dict[str, t.Any], **others: t.Any) -> dict[str, t.Any]:
    checked = ArgumentSpecValidator(**SPEC).validate({"slots": list(slots), **others})
    assert checked.error_messages == []
    return t.cast("dict[str, t.Any]", checked.validated_parameters)


def slot(name: str = "deploy", **words: t.Any) -> dict[str, t.Any]:
    return {"name": name, "file": "secrets.yml", "service_id": "ci", **words}


def run(scene: Scene, *slots: dict[str, t.Any], check_mode: bool = False, **others: t.Any) -> dict[str, t.Any]:
    ports = scene.ports(Effects())
    return rotate(options(*slots, **others), ports, check_mode=check_mode, unforeseen=str)


def test_what_a_slot_says_beats_what_the_task_says() -> None:
    scene = Scene()
    given = options(slot("a", policy={"overlap_hours": 1}), slot("b"), overlap_hours=2, soak_hours=3)

    first, second = slots_from(given, scene.client(Effects()), 8)

    assert (first.policy.overlap_hours, second.policy.overlap_hours) == (1, 2)
    assert (first.policy.soak_hours, first.policy.max_age_days) == (3, 90)


@pytest.mark.parametrize(
    ("moved_from", "before"),
    [
        ({"file": "old.yml"}, Place("old.yml", "deploy")),
        ({"variable": "old"}, Place("secrets.yml", "old")),
        ({"file": "old.yml", "variable": "old"}, Place("old.yml", "old")),
        ({"variable": "deploy"}, None),
    ],
    ids=str,
)
def test_what_is_not_said_of_the_place_before_has_stayed_the_same(
    moved_from: dict[str, str], before: Place | None
) -> None:
    (made,) = slots_from(options(slot(moved_from=moved_from)), Scene().client(Effects()), 8)

    assert made.moved_from == before


def test_a_service_id_that_owns_many_slots_is_looked_up_once() -> None:
    scene = Scene()
    scene.emulator.requests.clear()

    slots_from(options(*(slot(f"s{number}") for number in range(5))), scene.client(Effects()), 8)

    assert [entry["path"] for entry in scene.emulator.requests] == ["/identity/token", "/v1/serviceids"]


LIKE_A_VALUE = "Aa0" * 14 + "_-"
DATA = {"hand_over": [{"to": "vault_kv2", "path": "ci/{{ deploy }}"}], "port": 8443, "team": None}


def test_what_a_slot_tells_its_tasks_is_handed_on_as_it_is_and_kept_nowhere() -> None:
    scene = Scene()

    told, plain = run(scene, slot(data=DATA), slot("other"))["slots"]

    assert (told["data"], plain["data"]) == (DATA, {})
    assert "vault_kv2" not in repr(scene.store.records)


def test_what_a_slot_tells_its_tasks_holds_no_secret_of_the_run() -> None:
    scene = Scene()
    protect("correct horse battery")

    with pytest.raises(TaskRefused, match="slot a: data holds a secret of this run") as refused:
        run(scene, slot("a", data={"with": ["the password correct horse battery, too"]}))

    assert ("correct horse battery" in str(refused.value), scene.keys()) == (False, {})


REFUSED: list[tuple[list[dict[str, t.Any]], dict[str, t.Any], str]] = [
    ([slot("a", variable="x"), slot("b", variable="x")], {}, "both use the variable x"),
    ([slot("a", key_name="x"), slot("b", key_name="x")], {}, "both use the key name 'x'"),
    ([slot("a")], {"rotate_if_older_than": "yesterday"}, "rotate_if_older_than"),
    ([slot("a")], {"expires_in_days": 99}, "in use for up to 100 days"),
    ([slot("a")], {"max_age_days": 0}, "max_age_days is 0"),
    ([slot("a\x1b[31m", variable="a")], {}, "a character that cannot be seen"),
    ([slot("a\u202e", variable="a")], {}, "that cannot be seen; choose another name"),
    ([slot("a"), slot("b", policy={"lease_seconds": 10})], {}, "slot b: policy: lease_seconds is 10"),
    ([slot("a")], {"rotate_if_older_than": "2999-01-01T00:00:00+0000"}, "name a time that has passed"),
    ([slot("a")], {"max_age_days": 5, "expires_in_days": 20}, "live for at least 31 days"),
    ([slot("a", data={"x": [{"y": LIKE_A_VALUE}]})], {}, "slot a: data holds a secret of this run, or a text"),
    ([slot("a", data={LIKE_A_VALUE: 1})], {}, "slot a: data holds a secret of this run, or a text that looks"),
    ([slot("a")], {"overlap_hours": -1}, "overlap_hours is -1, and has to be from 0 to 876000"),
]


@pytest.mark.parametrize("check_mode", [False, True], ids=["run", "check mode"])
@pytest.mark.parametrize(("slots", "others", "words"), REFUSED, ids=[row[2] for row in REFUSED])
def test_options_that_do_not_fit_are_refused_before_anything_is_done(
    slots: list[dict[str, t.Any]], others: dict[str, t.Any], words: str, check_mode: bool
) -> None:
    scene = Scene()

    with pytest.raises(TaskRefused, match=words):
        run(scene, *slots, check_mode=check_mode, **others)

    assert scene.keys() == {}


def test_a_time_a_moment_ahead_rotates_once_and_the_next_run_leaves_the_new_key_alone() -> None:
    scene = Scene()
    run(scene, slot())
    scene.pass_time(DAY_SECONDS)
    ahead = datetime.fromtimestamp(scene.emulator.clock.now() + 50, timezone.utc)
    asked = {"rotate_if_older_than": f"{ahead:%Y-%m-%dT%H:%M:%S%z}"}

    (foreseen,) = run(scene, slot(), check_mode=True, **asked)["slots"]
    (first,) = run(scene, slot(), **asked)["slots"]
    (second,) = run(scene, slot(), **asked)["slots"]

    assert foreseen["step"] == "intend"
    assert (first["taken"], second["taken"], second["generation"]) == (["intend", "publish"], [], 2)
    assert [line for line in scene.told if "until rotate_if_older_than" in line] == [
        "waiting 50 s until rotate_if_older_than: IBM Cloud's clock is behind"
    ]


def test_a_ready_token_is_refused_because_it_does_not_tell_the_time() -> None:
    scene = Scene()
    token = scene.client(Effects()).tokens.token().bearer
    client = scene.client(Effects(), token=token)

    with pytest.raises(IamError, match="not token"):
        rotate(options(slot()), replace(scene.ports(Effects()), client=client), check_mode=False, unforeseen=str)


def test_the_result_tells_ids_and_times_and_no_value() -> None:
    scene = Scene()
    run(scene, slot())
    scene.pass_time(91 * DAY_SECONDS)
    old_value = scene.value

    result = run(scene, slot())

    (shown,) = result["slots"]
    assert (shown["step"], shown["taken"]) == ("overlap", ["intend", "publish"])
    assert shown["old_id"] in shown["superseded_ids"]
    assert result["report"][0].startswith("deploy: overlap, goes on at 20")
    assert len(result["transaction_ids"]) == 2
    assert all(value not in str(result) for value in (old_value, scene.value))


def test_a_failed_slot_fails_the_task_and_the_others_are_reported() -> None:
    scene = Scene()
    scene.visitor.create_key(name="taken", iam_id=scene.owner["iam_id"])

    result = run(scene, slot("taken"), slot("deploy"))

    assert (result["failed"], result["changed"]) == (True, True)
    assert [shown["step"] for shown in result["slots"]] == ["failed", "idle"]
    assert result["msg"].startswith("1 of 2 slots failed. taken: ")


def test_a_reason_that_keeps_several_slots_from_going_on_is_told_once() -> None:
    scene = Scene()
    wrong = {"service_id": "nobody"}

    result = run(scene, slot("a", **wrong), slot("b", key_name="x", **wrong), slot("c"))

    assert result["msg"].startswith("2 of 3 slots failed. a, b: ")
    assert result["msg"].count("nobody") == 1


def test_check_mode_says_changed_only_when_something_would_be() -> None:
    scene = Scene()

    assert run(scene, slot(), check_mode=True)["changed"] is True
    run(scene, slot())
    assert run(scene, slot(), check_mode=True)["changed"] is False


def test_check_mode_tells_every_step_to_come_and_a_run_none() -> None:
    scene = Scene()
    run(scene, slot())
    scene.pass_time(91 * DAY_SECONDS)
    old_id = scene.published_id

    (checked,) = run(scene, slot(), check_mode=True)["slots"]
    (shown,) = run(scene, slot())["slots"]

    names = [each["step"] for each in checked["steps_to_come"]]
    assert names == ["intend", "publish", "overlap", "disable", "soak", "delete", "idle"]
    disable = checked["steps_to_come"][3]
    assert (disable["at"], disable["key_id"], disable["reason"]) == (shown["next_at"], old_id, "its overlap is over")
    assert shown["steps_to_come"] == []


def test_the_line_of_check_mode_tells_how_far_this_run_would_go() -> None:
    scene = Scene()
    first = run(scene, slot(), check_mode=True)["report"][0]
    run(scene, slot())
    idle = run(scene, slot(), check_mode=True)
    scene.pass_time(91 * DAY_SECONDS)
    due = run(scene, slot(), check_mode=True)
    staged = run(scene, slot(), check_mode=True, until="staged")["report"][0]
    until = run(scene, slot())["slots"][0]["next_at"]
    scene.pass_time(4 * DAY_SECONDS)
    late = run(scene, slot(), check_mode=True)["report"][0]

    assert first.startswith("deploy: intend (no key yet: make the first one), then publish; idle until ")
    assert "; " not in idle["report"][0]
    assert due["report"] == [f"deploy: intend (the key is older than 90 days), then publish; overlap until {until}"]
    assert staged == "deploy: intend (the key is older than 90 days), then prove; staged"
    assert late.startswith("deploy: disable (its overlap is over); soak until ")


def test_a_leaked_value_is_looked_up_and_its_key_replaced() -> None:
    scene = Scene()
    run(scene, slot())
    leaked_value = scene.value

    result = run(scene, slot(), compromised_values=[leaked_value])

    assert result["slots"][0]["taken"] == ["mark_leaked", "disable_leaked", "intend", "publish", "delete"]
    assert not scene.works(leaked_value)
    assert str(leaked_value) not in str(result)


def test_a_leaked_value_that_no_key_has_is_revoked_already() -> None:
    scene = Scene()
    run(scene, slot())

    result = run(scene, slot(), compromised_values=["x" * 44])

    assert (result["changed"], result["not_found"]) == (False, ["the value in entry 1 of `compromised_values`"])
    assert any("it is gone already, was mistyped, or is of another account" in text for text in result["warnings"])


def test_leaked_keys_that_belong_to_no_slot_are_named_and_not_touched() -> None:
    scene = Scene()
    loose = scene.visitor.create_key(name="loose", iam_id=scene.owner["iam_id"])

    result = run(scene, slot(), compromised_ids=[loose["id"], "ApiKey-gone"])

    assert (result["unmanaged_ids"], result["not_found"]) == ([loose["id"]], ["the id ApiKey-gone"])
    assert result["failed"]
    assert "name them to the playbook cloudkeys.ibmcloud.revoke_leaked" in result["msg"]
    assert scene.works(loose["apikey"])
    assert "failed" not in run(scene, slot(), compromised_ids=[loose["id"]], only_leaked=True)


@pytest.mark.parametrize("form", ["{0}\nApiKey-2", "{0} ApiKey-2", '["{0}"]', "\u200b", "None", "v" * 44], ids=repr)
@pytest.mark.parametrize(
    "option",
    [*("compromised_ids", "rollback_to_ids", "withdraw_ids", "handed_over_ids", "probed_ids"), "retire_ids"],
)
def test_an_order_for_what_is_no_id_is_refused_before_anything(option: str, form: str) -> None:
    """It would be carried out for no key, and the run would be green."""
    scene = Scene()
    run(scene, slot())
    scene.pass_time(91 * DAY_SECONDS)
    ids = [form.format(scene.published_id)]
    scene.emulator.requests.clear()

    with pytest.raises(TaskRefused, match=f"entry 1 of `(slot deploy: )?{option}` is not the id of one API key"):
        run(scene, slot(**{option: ids})) if option == "retire_ids" else run(scene, slot(), **{option: ids})

    assert scene.writes() == []


def test_a_key_cannot_have_leaked_and_be_wanted_back() -> None:
    with pytest.raises(TaskRefused, match="no way back"):
        run(Scene(), slot(), compromised_ids=["ApiKey-1"], rollback_to_ids=["ApiKey-1"])


def test_after_a_failed_probe_no_unproven_key_is_published() -> None:
    scene = Scene()
    run(scene, slot())
    old_value = scene.value
    scene.pass_time(91 * DAY_SECONDS)
    staged = run(scene, slot(), until="staged")["slots"][0]

    later = run(scene, slot(), until="retired", probed_ids=[], withdraw_ids=[staged["pending_id"]])["slots"][0]

    assert (later["step"], later["taken"]) == ("later", ["withdraw"])
    assert scene.value == old_value


def test_only_keys_that_passed_their_probe_are_published() -> None:
    scene = Scene()
    staged = run(scene, slot(), until="staged")["slots"][0]

    assert run(scene, slot(), probed_ids=[])["slots"][0]["step"] == "staged"
    assert run(scene, slot(), probed_ids=[staged["pending_id"]])["slots"][0]["taken"] == ["publish"]


def test_a_slot_whose_owner_does_not_exist_fails_alone() -> None:
    scene = Scene()

    result = run(scene, slot("a", service_id="nobody"), slot("deploy"))

    assert [shown["step"] for shown in result["slots"]] == ["failed", "idle"]
    assert "no service ID called 'nobody'" in result["msg"]


def test_a_slot_that_failed_before_it_changed_anything_is_not_changed() -> None:
    scene = Scene()

    def the_disk_is_full() -> None:
        raise IamError("the disk is full")

    scene.store.before_commit = the_disk_is_full

    result = run(scene, slot())

    assert (result["failed"], result["changed"]) == (True, False)


def test_leaked_values_are_read_from_a_file_too(tmp_path: Path) -> None:
    scene = Scene()
    run(scene, slot())
    leaked = tmp_path / "leaked"
    leaked.write_text(f"\n  {scene.value}  \nsome-value-that-no-key-has\n", encoding="utf-8")

    (shown,) = run(scene, slot(), compromised_values_file=str(leaked))["slots"]

    assert shown["taken"] == ["mark_leaked", "disable_leaked", "intend", "publish", "delete"]


def test_a_file_of_leaked_values_that_cannot_be_read_changes_nothing(tmp_path: Path) -> None:
    scene = Scene()

    with pytest.raises(TaskRefused, match="No such file"):
        run(scene, slot(), compromised_values_file=str(tmp_path / "leaked"))
    assert scene.keys() == {}


@pytest.mark.parametrize(("kind", "why"), [("fifo", "not a regular file"), ("wide", "others may write it")])
def test_leaked_values_that_others_may_have_written_change_nothing(tmp_path: Path, kind: str, why: str) -> None:
    scene, leaked = Scene(), tmp_path / "leaked"
    if kind == "fifo":
        os.mkfifo(leaked)
    else:
        leaked.write_text("")
        leaked.chmod(0o666)

    with pytest.raises(TaskRefused, match=why):
        run(scene, slot(), compromised_values_file=str(leaked))
    assert scene.keys() == {}


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"\x00\x01\xfe garbage"], ids=repr)
def test_a_file_without_anything_like_a_value_fails_the_task(tmp_path: Path, content: bytes) -> None:
    scene, leaked = Scene(), tmp_path / "leaked"
    leaked.write_bytes(content)

    result = run(scene, slot(), compromised_values_file=str(leaked))

    assert result["failed"]
    assert "nothing in `compromised_values_file` could be an API key or the id of one" in result["msg"]


@pytest.mark.parametrize(
    "form", ["IBMCLOUD_API_KEY={0}", '{{"apikey": "{0}"}}', "-{0}", "  export KEY='{0}'; x"], ids=repr
)
def test_a_leaked_value_is_found_in_a_messy_text(form: str) -> None:
    scene = Scene()
    run(scene, slot())
    leaked = str(scene.value)

    result = run(scene, slot(), compromised_values=[form.format(leaked)])

    assert "failed" not in result
    assert not scene.works(leaked)
    assert leaked not in str(result)


def test_relative_paths_start_where_they_are_told_to() -> None:
    given = options(slot(copies=[{"file": "b.yml", "variable": "b"}]), compromised_values_file="/run/leaked")

    resolve_paths(given, "/somewhere")

    assert given["slots"][0]["file"] == "/somewhere/secrets.yml"
    assert given["slots"][0]["copies"][0]["file"] == "/somewhere/b.yml"
    assert given["compromised_values_file"] == "/run/leaked"


def test_the_key_that_the_run_logs_in_with_is_not_named_for_others_to_shut() -> None:
    scene = Scene()

    result = run(scene, slot(), compromised_ids=[scene.emulator.seed.api_key_id])

    assert result["unmanaged_ids"] == []
    assert "logs in with" in result["msg"]
    assert result["failed"]


@pytest.mark.parametrize("owner", [{"service_id": ""}, {"iam_id": " "}], ids=str)
def test_a_slot_whose_owner_is_empty_makes_no_key_of_the_caller(owner: dict[str, str]) -> None:
    scene = Scene()
    before = set(scene.emulator.world.keys)

    result = run(scene, {"name": "deploy", "file": "secrets.yml", **owner})

    assert "is empty, and without an owner" in result["msg"]
    assert set(scene.emulator.world.keys) == before


# ---- leaks of which it cannot be told that they are closed


@pytest.mark.parametrize("status", [403, 404])
def test_a_leaked_key_that_the_caller_cannot_see_fails_the_task(status: int) -> None:
    scene = Scene()
    scene.emulator.change_settings(foreign_key_status=status)
    colleague = scene.visitor.add_user("Colleague")
    theirs = scene.visitor.create_key(name="theirs")
    keys = scene.emulator.world.keys.values()
    iam_id = next(key.iam_id for key in keys if key.key_value == colleague.key_value)
    own = colleague.create_key(name="own", iam_id=iam_id)
    given = options(compromised_ids=[theirs["id"], own["id"]])

    result = rotate(given, scene.ports(Effects(), api_key=colleague.key_value), check_mode=False, unforeseen=str)

    assert result["failed"]
    assert theirs["id"] in result["msg"]
    assert result["unmanaged_ids"] == [own["id"]]


@pytest.mark.parametrize("around", ["{}\n", " {} ", "{}"])
def test_a_leaked_value_is_found_as_people_paste_it(around: str) -> None:
    scene = Scene()
    run(scene, slot())
    leaked_id, value = scene.published_id, scene.value

    result = run(scene, slot(), compromised_values=[around.format(value)])

    assert not result.get("failed")
    assert leaked_id not in set(scene.keys())


def test_a_leaked_value_of_another_account_fails_the_task_when_the_rest_is_done() -> None:
    scene = Scene()
    run(scene, slot())
    value, elsewhere = scene.value, scene.emulator.add_account()

    result = run(scene, slot(), compromised_values=["x" * 44, elsewhere.api_key, str(value)])

    assert result["failed"]
    assert "the value in entry 2 of `compromised_values` may still work" in result["msg"]
    assert elsewhere.account_id in result["msg"]
    assert elsewhere.api_key not in str(result)
    assert not scene.works(value)


@pytest.mark.parametrize(
    "counts", [{"batch_size": -1}, {"stop_after_failures": 0}, {"stop_after_failures": -1}], ids=str
)
def test_counts_that_nothing_can_begin_with_are_refused(counts: dict[str, int]) -> None:
    scene = Scene()

    with pytest.raises(TaskRefused, match="at least"):
        run(scene, slot(), **counts)


@pytest.mark.parametrize("check_mode", [False, True])
def test_an_order_to_go_back_that_nobody_can_carry_out_is_a_failure(check_mode: bool) -> None:
    scene = Scene()
    run(scene, slot())
    by_hand = scene.visitor.create_key(name="by hand", iam_id=scene.owner["iam_id"])

    result = run(scene, slot(), check_mode=check_mode, rollback_to_ids=["ApiKey-unknown", by_hand["id"]])

    assert result["failed"]
    assert "ApiKey-unknown, which is on record of none of these slots" in result["msg"]
    assert "IBM Cloud has no such key (any more)" in result["msg"]
    assert "IBM Cloud has this key, and its value is known here no more" in result["msg"]
    assert result["slots"][0]["step"] == "idle"


def test_an_order_to_go_back_to_a_key_that_was_struck_from_the_record_stops_the_slot() -> None:
    scene = Scene()
    run(scene, slot())
    old_id = scene.published_id
    scene.pass_time(91 * DAY_SECONDS)
    run(scene, slot())
    scene.store.records["deploy"] = replace(scene.record, superseded=())
    scene.store.stamp += 1

    result = run(scene, slot(), rollback_to_ids=[old_id])

    assert f"there is no way back to {old_id}: it is there and carries the marker of this slot" in result["msg"]
    assert "on record of none" not in result["msg"]
    assert scene.keys().get(old_id), "it was swept"


def test_nothing_was_changed_is_not_said_after_a_change() -> None:
    scene = Scene()
    run(scene, slot())
    leaked_id = scene.published_id
    theirs = scene.visitor.create_key(name="theirs", iam_id=scene.owner["iam_id"])
    scene.store.values["deploy"] = theirs["apikey"]

    first = run(scene, slot(), compromised_ids=[leaked_id])
    second = run(scene, slot(), compromised_ids=[leaked_id])

    for told in (first["msg"], first["slots"][0]["reason"], first["report"][0]):
        assert "Nothing more was changed" in told
    assert "Nothing was changed" in second["msg"]


def test_a_file_of_leaked_values_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    scene = Scene()
    run(scene, slot())
    leaked_id = scene.published_id
    leaked = tmp_path / "leaked"
    leaked.write_text(f"{scene.value}\n", encoding="utf-8-sig")

    assert not run(scene, slot(), compromised_values_file=str(leaked)).get("failed")
    assert leaked_id not in set(scene.keys())


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_run_over_no_slots_is_not_green(check_mode: bool) -> None:
    with pytest.raises(TaskRefused, match="no slots are declared"):
        run(Scene(), check_mode=check_mode)


def test_leaked_keys_may_belong_to_no_slot() -> None:
    scene = Scene()
    by_hand = scene.visitor.create_key(name="by hand", iam_id=scene.owner["iam_id"])

    assert run(scene, compromised_ids=[by_hand["id"]])["unmanaged_ids"] == [by_hand["id"]]
