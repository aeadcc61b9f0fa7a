# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Check mode tells what the run that follows does: in every plot, from every state that one fault leaves."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.outcome import SlotOutcome
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.rotation_result import result_of
from ansible_collections.cloudkeys.ibmcloud.tests.faults.disturbances import FAULTS, Fault
from ansible_collections.cloudkeys.ibmcloud.tests.faults.more_plots import ALL_PLOTS
from ansible_collections.cloudkeys.ibmcloud.tests.faults.staging import Schedule, Stage

# A run tells of no step that only looks or waits.
NOT_TOLD = {"wait", "observe", "prove", "sweep"}


def foreseen(outcome: SlotOutcome) -> tuple[list[str], str]:
    """The steps until the first rest, and that rest."""
    names: list[str] = []
    for each in outcome.foreseen:
        if each.step.rests:
            return names, each.step.name
        names += [] if each.step.name in NOT_TOLD else [each.step.name]
    return names, outcome.step.name


def seen(stage: Stage, fault: Fault | None) -> list[t.Any]:
    """What check mode tells, and what the run does."""
    schedule = Schedule(0, fault, is_fault_before=fault is not None)
    (looked,) = stage.begin(schedule)[0].scene.run(check_mode=True, **stage.orders)
    (ran,) = stage.begin(schedule)[0].scene.run(**stage.orders)
    steps, rest = foreseen(looked)
    told = [name for name in ran.taken if name not in NOT_TOLD]
    is_told = [bool(result_of([each], check_mode=each is looked)["changed"]) for each in (looked, ran)]
    return [(steps, rest, looked.failure is None), (told, ran.step.name, ran.failure is None), is_told]


@pytest.mark.parametrize("name", ALL_PLOTS)
def test_check_mode_foresees_the_run(name: str) -> None:
    stage, odd = Stage(ALL_PLOTS[name]), []
    for fault in [None, *(Fault(at, kind) for at in range(ALL_PLOTS[name].effects()) for kind in FAULTS[:-1])]:
        if stage.begin(Schedule(0, fault, is_fault_before=fault is not None))[1] != fault:
            # Another one has left the same world.
            continue
        looked, ran, is_told = seen(stage, fault)
        if looked != ran or is_told[0] != is_told[1]:
            odd.append(f"{fault}: {looked} {ran} {is_told}")
    assert odd == []
