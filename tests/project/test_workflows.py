# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""CI runs make targets that there are, with no more rights than it needs."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = {path.name: path.read_text(encoding="utf-8") for path in sorted((ROOT / ".github/workflows").glob("*.yml"))}
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
RIGHTS_TO_READ = {"contents": "read"}


def targets() -> set[str]:
    """What make can be asked for."""
    parts = re.search(r"^PARTS := (.*)$", MAKEFILE, re.MULTILINE)
    return {*re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE), *(parts[1].split() if parts else [])}


def jobs(text: str) -> dict[str, dict[str, t.Any]]:
    return t.cast(dict[str, dict[str, t.Any]], yaml.safe_load(text)["jobs"])


def commands(text: str) -> list[str]:
    """What the steps run, once for every value in the matrix of their job."""
    found = []
    for job in jobs(text).values():
        matrix = job.get("strategy", {}).get("matrix", {"": [""]})
        for name, values in matrix.items():
            for value in values:
                runs = [step["run"] for step in job["steps"] if "run" in step]
                found += [run.replace(f"${{{{ matrix.{name} }}}}", value) for run in runs]
    return found


def unknown_targets(text: str) -> set[str]:
    asked = [match[1] for command in commands(text) if (match := re.match(r"make (\S+)", command))]
    return set(asked) - targets()


def actions_without_a_major_version(text: str) -> list[str]:
    used = [step["uses"] for job in jobs(text).values() for step in job["steps"] if "uses" in step]
    return [action for action in used if not re.fullmatch(r"actions/[\w-]+@v\d+", action)]


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_runs_targets_that_there_are(name: str) -> None:
    assert unknown_targets(WORKFLOWS[name]) == set()
    assert any(command.startswith("make ") for command in commands(WORKFLOWS[name]))


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_may_only_read(name: str) -> None:
    assert yaml.safe_load(WORKFLOWS[name])["permissions"] == RIGHTS_TO_READ
    assert [job for job, content in jobs(WORKFLOWS[name]).items() if "permissions" in content] == []


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_uses_actions_of_github_by_major_version(name: str) -> None:
    assert actions_without_a_major_version(WORKFLOWS[name]) == []


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_puts_no_secret_into_a_command(name: str) -> None:
    assert [command for command in commands(WORKFLOWS[name]) if "secrets." in command] == []


def tried_in_part() -> set[str]:
    """Targets of which a day tries a slice, or fewer cases than there are."""
    sliced = set(re.findall(r"^([a-z-]+):.*\n(?:\t.*\n)*?\t.*\$\(SLICED\)", MAKEFILE, re.MULTILINE))
    parts = re.findall(r"""^ +["'](\S+) .*=.*["']$""", (ROOT / ".ci/run").read_text(encoding="utf-8"), re.MULTILINE)
    return {*sliced, *parts}


def test_what_a_day_tries_in_part_is_tried_in_whole_every_night() -> None:
    nightly = set(commands(WORKFLOWS["nightly.yml"]))

    assert tried_in_part() > {"faults", "leaks", "matrix", "fuzz"}
    # Two are the halves of `make faults`; one wants to be root, and is tried in whole with each push.
    elsewhere = {"kills", "schedules", "neighbours"}
    assert {f"make {name}" for name in tried_in_part() - elsewhere} - nightly == set()
    assert "sudo --preserve-env=PATH make neighbours" in commands(WORKFLOWS["ci.yml"])


def test_what_is_wrong_in_a_workflow_is_found() -> None:
    steps = [{"uses": "actions/checkout@main"}, {"uses": "someone/else@v1"}, {"run": "make ${{ matrix.part }}"}]
    text = yaml.safe_dump({"jobs": {"a": {"strategy": {"matrix": {"part": ["lint", "lnit"]}}, "steps": steps}}})

    assert unknown_targets(text) == {"lnit"}
    assert actions_without_a_major_version(text) == ["actions/checkout@main", "someone/else@v1"]
