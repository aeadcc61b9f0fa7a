# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Dates and numbers that people type: whatever they are, a task does it or refuses it in words, and ends.

The options are found in the argument specs, so a new one is among them by itself.
"""

from __future__ import annotations

import contextlib
import importlib
import math
import os
import signal
import typing as t
from datetime import datetime, timezone
from pathlib import Path

import pytest
from ansible.parsing.vault import VaultSecret
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import CloudkeysError, TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._tasks import (
    iam_api_key,
    iam_api_key_bulk,
    iam_api_key_info,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit import audit_task
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._audit.exceptions import read_exceptions
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._checked import check_arguments
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._doctor import doctor_task
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._git.opened import Surroundings, check_wait
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation import arguments
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.policy import POLICY_SPEC
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.rotation_task import rotate
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.cipher import Cipher
from ansible_collections.cloudkeys.ibmcloud.tests.unit.plugins.plugin_utils.rotation.scene import Effects, Scene
from hypothesis import given, settings
from hypothesis import strategies as st

VALUE = "Abcdefgh01234567-a-value-in-the-wrong-place_"
NUMBERS = [
    *(0, -1, 1, -90, 0.5, -0.0, 1e-320, 1e308, 2**31, 2**63, 10**30, 10**400, -(10**400)),
    *(math.nan, math.inf, -math.inf, "nan", "inf", "-inf", "1e999", "\uff11\uff10", "\u0661", "1_000", "0x10", " 7 "),
    *(True, "yes", [], {}, "", " ", None, VALUE),
]
TIMES = [
    *("9999-12-31T23:59-14:00", "9999-12-31T23:59Z", "0001-01-01T00:00+14:00", "1970-01-01T00:00+0000"),
    *("1970-01-01T00:00+14:00", "1969-12-31T23:59Z", "2027-02-30T00:00Z", "2027-13-01T00:00Z", "2027-01-01T24:00Z"),
    *("2027-01-01T00:00+99:99", "2027-01-01T00:00-23:59", "2027-01-01T23:59:60Z", "2027-01-01T00:00", "2027-01-01"),
    *("\uff12\uff10\uff12\uff17-06-01T00:00+0000", "2027-06-01T00:00\u2212\u0660\u0661:00", "2027-06-01T00:00Z\n"),
    *("0", "1", "-1", "1790000000", "1e10", "now", "never", "+90d", "31.12.2027", "2027-W01-1", "\x00", "{{ now() }}"),
    *(5, 1.5, True, [], {}, None, "", " ", VALUE, "9" * 5000, "2" * 19 + "-01-01T00:00Z"),
]
DATE_WORDS = ("_at", "_than", "since", "_date")


def options_in(spec: dict[str, t.Any], path: tuple[str, ...] = ()) -> t.Iterator[tuple[tuple[str, ...], bool]]:
    """The options of a spec that take a number or a date, each with whether it is a date."""
    for name, option in spec.items():
        is_date = option.get("type") == "str" and name.endswith(DATE_WORDS)
        if option.get("options"):
            yield from options_in(option["options"], (*path, name))
        elif option.get("type") in {"int", "float"} or is_date:
            yield (*path, name), is_date


Run = t.Callable[[dict[str, t.Any], Path], object]


def scene_with_a_key() -> Scene:
    scene = Scene()
    scene.visitor.create_key(name="one", expires_at="9999-12-31T23:59+0000")
    # A report that is not ready for long: whoever waits for it has to end.
    scene.emulator.change_settings(report_unready_reads=400)
    return scene


def run_module(module: t.Any, given: dict[str, t.Any]) -> object:
    checked = check_arguments(module.SPEC, given, "task")
    return checked.problem or module.run(checked.options, False, scene_with_a_key().client(Effects()))


def manage(given: dict[str, t.Any], _folder: Path) -> object:
    return run_module(iam_api_key, {"name": "one", **given})


def manage_all(given: dict[str, t.Any], _folder: Path) -> object:
    keys = [{"name": "one", **given.pop("keys", {})}, {"name": "two", "discard_value": True}]
    return run_module(iam_api_key_bulk, {**given, "keys": keys})


def show(given: dict[str, t.Any], _folder: Path) -> object:
    return run_module(iam_api_key_info, {"include_activity": True, **given})


def run_rotation(given: dict[str, t.Any], _folder: Path) -> object:
    slot = {"name": "deploy", "file": "secrets.yml", "service_id": "ci", "policy": given.pop("policy", None)}
    checked = check_arguments(arguments.SPEC, {"slots": [slot], **given}, "task")
    return checked.problem or rotate(checked.options, Scene().ports(Effects()), check_mode=False, unforeseen=str)


def run_audit(given: dict[str, t.Any], _folder: Path) -> object:
    checked = check_arguments(audit_task.SPEC, given, "task")
    if checked.problem:
        return checked.problem
    client = scene_with_a_key().client(Effects())
    around = Surroundings({}, lambda _secret: None, lambda _seconds: None)
    return audit_task.run_audit(checked.options, client, lambda _: frozenset(), around, check_mode=True)


def ask_the_doctor(given: dict[str, t.Any], folder: Path) -> object:
    checked = check_arguments(doctor_task.SPEC, given, "task")
    if checked.problem:
        return checked.problem
    secret = t.cast(t.Any, VaultSecret(b"password"))
    now = datetime(2027, 1, 1, tzinfo=timezone.utc)
    around = doctor_task.Controller(Cipher([("dev", secret)]), {}, str(folder), now, lambda _: None)
    return doctor_task.examine(checked.options, scene_with_a_key().client(Effects()), around, check_mode=True)


TASKS: dict[str, tuple[Run, dict[str, t.Any]]] = {
    "iam_api_key": (manage, iam_api_key.SPEC["argument_spec"]),
    "iam_api_key_bulk": (manage_all, iam_api_key_bulk.SPEC["argument_spec"]),
    "iam_api_key_info": (show, iam_api_key_info.SPEC["argument_spec"]),
    "iam_api_key_rotation": (run_rotation, arguments.SPEC["argument_spec"]),
    "policy of a slot": (run_rotation, {"policy": {"options": POLICY_SPEC}}),
    "iam_api_key_audit": (run_audit, audit_task.SPEC["argument_spec"]),
    "iam_doctor": (ask_the_doctor, doctor_task.SPEC["argument_spec"]),
}
CASES = [
    pytest.param(run, path, is_date, id=f"{task} {'.'.join(path)}")
    for task, (run, spec) in TASKS.items()
    for path, is_date in options_in(spec)
]


@contextlib.contextmanager
def ending_in(seconds: int) -> t.Iterator[None]:
    def too_long(_number: int, _frame: t.Any) -> None:
        raise AssertionError(f"no end after {seconds} seconds")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def what_is_said(run: Run, path: tuple[str, ...], value: t.Any, folder: Path) -> str:
    options = value
    for name in reversed(path):
        options = {name: options}
    try:
        with ending_in(20):
            return str(run(options, folder))
    except CloudkeysError as error:
        return str(error)


@pytest.mark.parametrize(("run", "path", "is_date"), CASES)
def test_whatever_is_typed_ends_in_words(run: Run, path: tuple[str, ...], is_date: bool, tmp_path: Path) -> None:
    for value in [*NUMBERS, *(TIMES if is_date else ())]:
        said = what_is_said(run, path, value, tmp_path)
        assert "defect" not in said, (value, said)
        assert VALUE not in said, said
        assert "\x00" not in said


DIGITS = st.sampled_from("0123456789\uff10\u0660")
PIECES = st.lists(
    st.sampled_from([*"-+:TZ. ", "00", "12", "31", "59", "60", "99", "2027", "9999", "0000"]) | DIGITS,
    max_size=14,
).map("".join)
NEARLY_TIMES = st.builds(
    "{}-{}-{}T{}:{}{}".format,
    st.sampled_from(["0000", "0001", "1969", "1970", "2027", "9999", "10000"]),
    *(st.sampled_from(["00", "01", "02", "12", "13", "29", "31", "32"]) for _number in range(2)),
    st.sampled_from(["00", "12", "23", "24", "99"]),
    st.sampled_from(["00", "59", "60", "00:00", "59:61", "00:00.000", "00:00:428"]),
    st.sampled_from(["", "Z", "+0000", "-14:00", "+14:00", "+23:59", "-24:00", "+99:99", "+1", "\u22120100"]),
)


@pytest.mark.parametrize(("run", "path"), [(manage, ("expires_at",)), (run_rotation, ("rotate_if_older_than",))])
@settings(max_examples=60, deadline=None)
@given(text=NEARLY_TIMES | PIECES)
def test_nearly_times_end_in_words(run: Run, path: tuple[str, ...], text: str) -> None:
    assert "defect" not in what_is_said(run, path, text, Path(os.devnull))


@pytest.mark.parametrize("value", [*TIMES, "2027-12-31", "20271231", "9999-12-31", "0001-01-01"])
def test_a_date_in_the_file_of_exceptions_ends_in_words(value: t.Any, tmp_path: Path) -> None:
    file = tmp_path / "exceptions.yml"
    text = repr(value) if isinstance(value, str) and value.isprintable() and value.isascii() else "\uff11"
    file.write_text(f"- {{key: a, owner: b, reason: c, expires: {text}}}\n", encoding="utf-8")

    with contextlib.suppress(CloudkeysError):
        read_exceptions(str(file))


def test_what_is_no_time_is_quoted_only_if_it_is_too_short_for_a_key(tmp_path: Path) -> None:
    assert "31.12.2027" in what_is_said(manage, ("expires_at",), "31.12.2027", tmp_path)


@pytest.mark.parametrize("seconds", [0, -1, math.nan, math.inf, -math.inf, 1e300, 86_401])
def test_git_is_waited_for_as_long_as_anybody_means(seconds: float) -> None:
    with pytest.raises(TaskRefused, match="timeout_seconds has to be more than 0"):
        check_wait({"timeout_seconds": seconds})


def test_secrets_are_known_though_a_number_beside_them_cannot_be_read() -> None:
    git = {"repository": "r", "token": "a-token-that-is-long-enough-to-be-one", "timeout_seconds": "1e999"}
    checked = check_arguments(arguments.SPEC, {"slots": [], "api_key": VALUE, "git": git, "batch_size": math.inf}, "x")

    # ansible-core before 2.19 says in its own words that it cannot convert it.
    ours, theirs = "batch_size holds a number that is infinite or too large", "argument 'batch_size' is of type"
    assert checked.problem == ours or str(checked.problem).startswith(theirs)
    assert {VALUE, git["token"]} <= checked.secrets


ACTIONS = Path(__file__).resolve().parents[4] / "plugins" / "action"
SPECS: dict[str, dict[str, t.Any]] = {
    path.stem: importlib.import_module(
        f"ansible_collections.cloudkeys.ibmcloud.plugins.action.{path.stem}"
    ).ActionModule.spec
    for path in sorted(ACTIONS.glob("*.py"))
}


def floats_in(spec: dict[str, t.Any], path: tuple[str, ...] = ()) -> t.Iterator[tuple[str, ...]]:
    for name, option in spec.items():
        if option.get("options"):
            yield from floats_in(option["options"], (*path, name))
        elif option.get("type") == "float" or option.get("elements") == "float":
            yield (*path, name)


def least(spec: dict[str, t.Any], path: tuple[str, ...] = (), value: t.Any = None) -> dict[str, t.Any]:
    """The least that a task may say, and one option of its own."""
    by_type: dict[str, t.Any] = {"list": [], "dict": {}}
    said = {
        name: each["choices"][0] if "choices" in each else by_type.get(str(each.get("type")), "x")
        for name, each in spec.items()
        if each.get("required")
    }
    if path:
        inner = spec[path[0]].get("options")
        member = least(inner, path[1:], value) if inner else value
        said[path[0]] = [member] if spec[path[0]].get("type") == "list" else member
    return said


@pytest.mark.parametrize("endless", [math.nan, math.inf, -math.inf, "nan", "inf", "-inf", "1e999"])
@pytest.mark.parametrize(
    ("task", "path"), [(task, path) for task, spec in SPECS.items() for path in floats_in(spec["argument_spec"])]
)
def test_a_number_without_end_is_refused_where_options_are_checked(
    task: str, path: tuple[str, ...], endless: t.Any
) -> None:
    spec = {"argument_spec": SPECS[task]["argument_spec"]}
    usual, checked = (check_arguments(spec, least(spec["argument_spec"], path, value), task) for value in (30, endless))

    assert not (usual.problem or "").startswith(f"{'.'.join(path)} has to be")
    assert checked.problem == (
        f"{'.'.join(path)} has to be a number that ends: it is infinite, or none at all (nan). Nothing was changed"
    )


@pytest.mark.parametrize("endless", [math.nan, math.inf, "nan", "1e999"])
@pytest.mark.parametrize("name", [path[0] for path in floats_in(POLICY_SPEC)])
def test_a_policy_of_a_slot_has_no_number_without_end(name: str, endless: t.Any, tmp_path: Path) -> None:
    assert "infinite" in what_is_said(run_rotation, ("policy", name), endless, tmp_path)


def test_there_are_such_options_and_all_are_checked_here() -> None:
    """A module that runs elsewhere checks its options by itself, and has none."""
    assert len([path for spec in SPECS.values() for path in floats_in(spec["argument_spec"])]) > 10
    for module in (iam_api_key, iam_api_key_bulk, iam_api_key_info):
        assert list(floats_in(module.SPEC["argument_spec"])) == []


def mappings_in(spec: dict[str, t.Any], path: tuple[str, ...] = ()) -> t.Iterator[tuple[tuple[str, ...], bool]]:
    """The way to each option that takes mappings, and whether it is a list of them."""
    for name, option in spec.items():
        if option.get("options"):
            yield (*path, name), option["type"] == "list"
            yield from mappings_in(option["options"], (*path, name))


@pytest.mark.parametrize("given", [5, True, 1.5, [[]], [5]], ids=str)
@pytest.mark.parametrize(
    ("action", "way", "is_list"),
    [(action, *found) for action, spec in SPECS.items() for found in mappings_in(spec["argument_spec"])],
    ids=lambda part: part if isinstance(part, str) else None,
)
def test_what_is_no_mapping_is_told_and_is_no_defect(
    action: str, way: tuple[str, ...], is_list: bool, given: t.Any
) -> None:
    """As `rotate_api_keys_history: true`, by somebody who means to turn it on."""
    args: t.Any = given
    for name in reversed(way):
        args = {name: args}

    problem = check_arguments(SPECS[action], args, action).problem

    if is_list or not isinstance(given, list):
        assert (
            problem
            == f"{'.'.join(way)} has to be {'a list of mappings' if is_list else 'a mapping'}. Nothing was changed"
        )
    assert problem
