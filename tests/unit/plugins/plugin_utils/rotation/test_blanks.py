# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A blank option is one that was left out, at any depth; where a run would touch more by that, it is refused."""

from __future__ import annotations

import copy
import typing as t

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.arguments import SLOT_SPEC, SPEC
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.blanks import (
    CLOSED,
    LEFT_ALONE,
    NEVER_BLANK,
    without_blanks,
)

BLANKS = pytest.mark.parametrize("blank", [None, "", "  ", "\t\n"], ids=repr)
SLOT = {
    "name": "deploy",
    "file": "secrets.yml",
    "copies": [{"file": "copy.yml", "variable": "copied"}],
    "moved_from": {"file": "old.yml", "variable": "old"},
}
TASK = {"slots": [SLOT], "git": {"repository": "https://git.example.com/x.git", "branch": "main"}, "until": "retired"}


def paths_of(options: dict[str, t.Any], where: str = "") -> t.Iterator[str]:
    """Every option of an argument spec, those inside others too."""
    for name, option in options.items():
        yield f"{where}{name}"
        yield from paths_of(option.get("options", {}), f"{where}{name}.")


def placed(path: str, value: t.Any) -> tuple[dict[str, t.Any], dict[str, t.Any]]:
    """A task with this value at a path, and the mapping there that holds it."""
    task: dict[str, t.Any] = copy.deepcopy(TASK)
    holder: t.Any = task
    *above, name = path.split(".")
    for part in above:
        holder = holder[part][0] if isinstance(holder[part], list) else holder[part]
    holder[name] = value
    return task, holder


ALL = sorted(paths_of(SPEC["argument_spec"]))


def test_every_path_that_is_named_is_one_of_an_option() -> None:
    assert (NEVER_BLANK.keys() | LEFT_ALONE | CLOSED) - set(ALL) == set()
    assert {f"slots.{name}" for name, option in SLOT_SPEC.items() if option.get("required")} <= NEVER_BLANK.keys()


@BLANKS
@pytest.mark.parametrize("path", [path for path in ALL if path not in NEVER_BLANK and path not in LEFT_ALONE])
def test_a_blank_option_is_left_out(path: str, blank: str | None) -> None:
    task, _holder = placed(path, blank)
    without, holder = placed(path, blank)
    del holder[path.rpartition(".")[2]]

    assert without_blanks(task) == without


@BLANKS
@pytest.mark.parametrize("path", NEVER_BLANK)
def test_what_would_widen_a_run_is_refused(path: str, blank: str | None) -> None:
    task, _holder = placed(path, blank)

    with pytest.raises(TaskRefused, match=f"^{path} is blank, and nothing was done: "):
        without_blanks(task)


@BLANKS
@pytest.mark.parametrize("path", sorted(LEFT_ALONE))
def test_what_has_a_rule_of_its_own_is_left_alone(path: str, blank: str | None) -> None:
    task, _holder = placed(path, blank)

    assert without_blanks(task) == task


@pytest.mark.parametrize("name", ["compromised_ids", "rollback_to_ids", "withdraw_ids", "compromised_values"])
def test_blank_entries_of_a_list_are_none(name: str) -> None:
    assert without_blanks({name: ["", "ApiKey-1", None, "  "]}) == {name: ["ApiKey-1"]}


@pytest.mark.parametrize("said", [0, 0.0, False, [], {}, "0"], ids=repr)
def test_what_is_little_is_not_blank(said: t.Any) -> None:
    assert without_blanks({"soak_hours": said}) == {"soak_hours": said}


def test_the_options_that_were_given_are_not_changed() -> None:
    task, _holder = placed("slots.variable", "")
    before = copy.deepcopy(task)

    without_blanks(task)

    assert task == before
