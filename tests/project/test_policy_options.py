# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The manual, the role and the guide say of the policy what the table in the code says, and each difference is seen."""

from __future__ import annotations

import copy
import re
import typing as t
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.arguments import SPEC
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.policy import POLICY_SPEC, Policy
from ansible_collections.cloudkeys.ibmcloud.tests.project.test_docs_match_specs import described_options

ROOT = Path(__file__).resolve().parents[2]
ROLE = ROOT / "roles/rotate_api_keys"
MODULE = "cloudkeys.ibmcloud.iam_api_key_rotation"
DOCTOR = "cloudkeys.ibmcloud.iam_doctor"
Options = dict[str, dict[str, t.Any]]
# A default that no option has, of each type.
OTHERWISE = {"float": 7.5, "int": 7, "str": "another"}


@dataclass(frozen=True)
class Told:
    """What users read and what the role does, as data; names of the role without their prefix."""

    manual: Options
    of_a_slot: str
    role: Options
    role_defaults: dict[str, t.Any]
    role_passes_on: dict[str, t.Any]
    doctor_passes_on: dict[str, t.Any]
    guide: dict[str, str]


def read(path: Path) -> t.Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def of_the_role(variables: dict[str, t.Any]) -> dict[str, t.Any]:
    return {name.removeprefix("rotate_api_keys_"): value for name, value in variables.items()}


@pytest.fixture(name="told", scope="module")
def fixture_told() -> Told:
    manual = described_options("iam_api_key_rotation")
    guide = (ROOT / "docs/rotation-explained.md").read_text(encoding="utf-8").split("## Options that change it")[1]
    return Told(
        manual=manual,
        of_a_slot=" ".join(manual["slots"]["suboptions"]["policy"]["description"]),
        role=of_the_role(read(ROLE / "meta/argument_specs.yml")["argument_specs"]["main"]["options"]),
        role_defaults=of_the_role(read(ROLE / "defaults/main.yml")),
        role_passes_on=next(task[MODULE] for task in read(ROLE / "tasks/rotate.yml") if MODULE in task),
        doctor_passes_on=next(
            task[DOCTOR]["policy"] for task in read(ROOT / "playbooks/doctor.yml")[0]["tasks"] if DOCTOR in task
        ),
        guide=dict(re.findall(r"^\| `(\w+)` \| (\S+) \|", guide, flags=re.MULTILINE)),
    )


def differences(table: Options, told: Told) -> list[str]:
    """What is told of an option otherwise than the table has it."""
    wrong = []
    for name, row in table.items():
        refers = f"See O({MODULE}#module:{name})."
        rule = {part: row[part] for part in ("type", "choices") if part in row}
        default = {"default": row["default"]} if "default" in row else {}
        manual = {part: value for part, value in told.manual.get(name, {}).items() if part != "description"}
        looks = {
            "the manual": manual == {**rule, **default},
            "the manual of slots[].policy": f"O({name})" in told.of_a_slot,
            "the role's argument spec": told.role.get(name) == {"description": refers, "type": "raw"},
            "the role's defaults": name not in told.role_defaults,
            "the role's task": told.role_passes_on.get(name) == f"{{{{ rotate_api_keys_{name} | default(omit) }}}}",
            "the doctor's task": told.doctor_passes_on.get(name) == f"{{{{ rotate_api_keys_{name} | default('') }}}}",
            "the guide": told.guide.get(name, str(row.get("default", "none"))) == str(row.get("default", "none")),
        }
        wrong += [f"{where}: {name}" for where, is_right in looks.items() if not is_right]
    strangers = set(re.findall(r"O\((\w+)\)", told.of_a_slot)) - table.keys()
    return wrong + [f"the manual of slots[].policy: {name}" for name in sorted(strangers)]


def test_what_is_told_of_the_policy_is_what_the_table_says(told: Told) -> None:
    assert differences(POLICY_SPEC, told) == []


def test_the_defaults_of_the_task_are_those_of_a_policy() -> None:
    policy = Policy()

    assert {name: row.get("default") for name, row in POLICY_SPEC.items()} == {
        name: getattr(policy, name) for name in POLICY_SPEC
    }


def test_every_other_default_of_role_and_guide_is_the_one_of_the_task(told: Told) -> None:
    defaults = {name: row.get("default") for name, row in SPEC["argument_spec"].items() if name != "slots"}
    of_the_specs = {name: option["default"] for name, option in told.role.items() if "default" in option}

    assert told.guide == {name: str("none" if defaults[name] is None else defaults[name]) for name in told.guide}
    assert of_the_specs == {name: defaults[name] for name in of_the_specs}
    assert {**of_the_specs, "slots": []} == told.role_defaults


@pytest.mark.parametrize("name", POLICY_SPEC)
def test_a_default_that_was_changed_in_the_table_alone_is_seen(told: Told, name: str) -> None:
    changed = {**POLICY_SPEC, name: {**POLICY_SPEC[name], "default": OTHERWISE[POLICY_SPEC[name]["type"]]}}

    assert f"the manual: {name}" in differences(changed, told)


BREAKS: dict[str, t.Callable[[Told, str], t.Any]] = {
    "the manual": lambda told, name: told.manual[name].update(default=OTHERWISE[told.manual[name]["type"]]),
    "the role's argument spec": lambda told, name: told.role[name].update(default=POLICY_SPEC[name].get("default")),
    "the role's defaults": lambda told, name: told.role_defaults.update({name: POLICY_SPEC[name].get("default")}),
    "the role's task": lambda told, name: told.role_passes_on.pop(name),
    "the doctor's task": lambda told, name: told.doctor_passes_on.pop(name),
    "the guide": lambda told, name: told.guide.update({name: "another"}),
}


@pytest.mark.parametrize("where", BREAKS)
@pytest.mark.parametrize("name", POLICY_SPEC)
def test_what_one_place_alone_says_is_seen(told: Told, name: str, where: str) -> None:
    broken = copy.deepcopy(told)
    BREAKS[where](broken, name)

    assert differences(POLICY_SPEC, broken) == [f"{where}: {name}"]


def test_an_option_that_only_the_table_knows_is_missed_everywhere(told: Told) -> None:
    missed = differences({**POLICY_SPEC, "patience_hours": {"type": "float", "default": 1}}, told)

    assert missed == [
        f"{where}: patience_hours"
        for where in (
            "the manual",
            "the manual of slots[].policy",
            "the role's argument spec",
            "the role's task",
            "the doctor's task",
        )
    ]


def test_an_option_that_the_table_has_no_longer_is_still_told_to_slots(told: Told) -> None:
    left = {name: row for name, row in POLICY_SPEC.items() if name != "quiet_hours"}

    assert differences(left, told) == ["the manual of slots[].policy: quiet_hours"]
