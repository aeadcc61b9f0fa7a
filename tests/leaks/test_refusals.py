# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A task that is refused shows as little as one that is done: every reason, alone, in loops and tried again."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.cloudkeys.ibmcloud.tests.leaks.broken_iam import BrokenIam
from ansible_collections.cloudkeys.ibmcloud.tests.leaks.canaries import names_in
from ansible_collections.cloudkeys.ibmcloud.tests.leaks.plants import Plant, break_collection
from ansible_collections.cloudkeys.ibmcloud.tests.leaks.refusals import MODULES, Reason, reason_of_the_work, reasons_of
from ansible_collections.cloudkeys.ibmcloud.tests.leaks.stage import (
    AWX_QUIET,
    AWX_QUIET_MODULE,
    CORE,
    PLAYS,
    TERMINAL,
    TERMINAL_MODULE,
    Manner,
    Stage,
)

# The work refuses whatever it is given, and its message quotes all of it: so every refusal that the code has, or ever
# will have, is in.
TELLS_ALL = Plant(
    "module_utils/_outcome.py",
    """
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import TaskRefused

_sound = outcome


def outcome(work, params, check_mode):
    def refuse(params, check_mode):
        raise TaskRefused(f"cannot work with {params}", details={"told": [str(params)]})

    return _sound(refuse if params else work, params, check_mode)
""",
)
REASONS: dict[str, list[Reason]] = {module: reasons_of(module) for module in MODULES}
LOOPS: list[dict[str, t.Any]] = [
    {"loop": "{{ reasons }}", "args": "{{ item.args }}", "no_log": False},
    {
        # Each result of this one holds all items, so there are few.
        "loop": "{{ first_of_each_kind }}",
        "args": "{{ each.args }}",
        "loop_control": {"loop_var": "each", "extended": True, "index_var": "number", "label": "{{ each.name }}"},
        "until": False,
        "retries": 1,
        "delay": 0,
    },
]


def tasks_of(module: str, reasons: list[Reason]) -> list[dict[str, t.Any]]:
    """All reasons in loops, the first of each kind alone, and at the end a look at what became of them.

    Arguments come from variables, since Ansible itself quotes what stands in a play.
    """
    alone = [
        {"args": f"{{{{ first_of_each_kind[{number}].args }}}}"} for number in range(len(first_of_each_kind(reasons)))
    ]
    tasks: list[dict[str, t.Any]] = []
    for keywords in [*LOOPS, *alone]:
        common = {"name": f"Be refused by {module}", "register": f"refused_{len(tasks)}", "ignore_errors": True}
        tasks.append({**common, f"cloudkeys.ibmcloud.{module}": None, **keywords})
    that = []
    for number in range(len(tasks)):
        results = f"(refused_{number}.results | default([refused_{number}]))"
        that.append(f"{results} | rejectattr('failed') | list == []")
        that.append(f"{results} | selectattr('msg', 'search', 'a defect of') | list == []")
    return [*tasks, {"name": "See that each was refused", "ansible.builtin.assert": {"that": that, "quiet": True}}]


def first_of_each_kind(reasons: list[Reason]) -> list[Reason]:
    return list({reason.kind: reason for reason in reversed(reasons)}.values())


def shown(reasons: list[Reason]) -> list[dict[str, t.Any]]:
    """Reasons as the items of a loop."""
    return [{"name": f"{each.kind} {each.name}", "args": each.args} for each in reasons]


def write_play(stage: Stage, reasons: dict[str, list[Reason]]) -> str:
    """A play of all refusals of each module; the arguments are in files that the user named."""
    plays = []
    for module, rows in reasons.items():
        variables = stage.named / f"{module}.json"
        told = {"reasons": shown(rows), "first_of_each_kind": shown(first_of_each_kind(rows))}
        variables.write_text(json.dumps(told), encoding="utf-8")
        for each in rows:
            stage.secrets.update(each.secrets)
        plays.append(
            {
                "name": f"What {module} refuses",
                "hosts": "localhost",
                "connection": "local",
                "gather_facts": False,
                "vars_files": [str(variables)],
                "tasks": tasks_of(module, rows),
            }
        )
    path = stage.work / "refusals.yml"
    path.write_text(json.dumps(plays), encoding="utf-8")
    return str(path)


@pytest.mark.daily_slice
@pytest.mark.parametrize("manner", [TERMINAL, AWX_QUIET, TERMINAL_MODULE, AWX_QUIET_MODULE], ids=str)
def test_every_reason_to_refuse(stage: Stage, manner: Manner) -> None:
    told = stage.play(manner, write_play(stage, REASONS))

    assert "failed=0" in told, told[-3000:]
    assert stage.leaks() == []


@pytest.mark.daily_slice
@pytest.mark.parametrize("manner", [TERMINAL, AWX_QUIET_MODULE], ids=str)
def test_the_work_refuses_and_quotes_all_that_it_was_given(stage: Stage, manner: Manner) -> None:
    surroundings = break_collection(stage.root, TELLS_ALL)
    play = write_play(stage, {module: [reason_of_the_work(module)] for module in MODULES})

    told = stage.play(manner, play, environ=surroundings)

    assert "failed=0" in told, told[-3000:]
    assert manner.verbosity == 0 or "cannot work with" in told
    assert stage.leaks() == []


@pytest.mark.daily_slice
@pytest.mark.parametrize("manner", [TERMINAL, AWX_QUIET, AWX_QUIET_MODULE], ids=str)
def test_a_keyword_for_which_a_task_is_refused(stage: Stage, broken_iam: BrokenIam, manner: Manner) -> None:
    play = str(PLAYS / "refused.yml")
    # Only what is vaulted for itself can be known to be secret in an option that holds none.
    stage.hand_out_canaries(play)
    (stage.work / "canaries.yml").rename(stage.work / "vaulted.yml")
    told = {name: stage.secrets[name] for name in names_in(Path(play).read_text(encoding="utf-8"))}
    (stage.work / "canaries.yml").symlink_to(stage.named / "canaries.json")
    (stage.named / "canaries.json").write_text(json.dumps({"canary": told}), encoding="utf-8")

    # Before 2.19 a vaulted value is any text once it went through a template; test_limits.py has that.
    shown = stage.play(manner, play, silent=broken_iam.silent, origin_is_told=CORE >= (2, 19))

    assert "failed=0" in shown, shown[-3000:]
    assert stage.leaks() == []
