# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From what became of the slots to a task's result."""

from __future__ import annotations

import itertools
import typing as t

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import format_time
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.foresee import Foreseen
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.outcome import SlotOutcome
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import Record, describe_record
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.view import RESTING
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._vault_file.path import plain_path

CHANGES_NOTHING = RESTING | {"wait", "observe", "prove"}


def result_of(outcomes: t.Sequence[SlotOutcome], *, check_mode: bool) -> dict[str, t.Any]:
    """What a task tells of its slots; `failed` is set when any slot failed."""
    failed = [each for each in outcomes if each.failure]
    result: dict[str, t.Any] = {
        "changed": any(changes(each, check_mode) for each in outcomes),
        "slots": [_shown(each) for each in outcomes],
        "report": [line_of_slot(each) for each in outcomes],
        # Ansible shows nothing of two that are equal, and two thousand slots at rest have a lot of them.
        "diff": [_diff(each, check_mode) for each in outcomes if each.before != _after(each, check_mode)],
        "warnings": [f"{each.slot.name}: {text}" for each in outcomes for text in each.warnings],
        "values_not_opened": sum(each.is_closed for each in outcomes),
        "transaction_ids": [reference for each in outcomes for reference in each.transaction_ids],
    }
    if failed:
        result.update(failed=True, msg=f"{len(failed)} of {len(outcomes)} slots failed. {_told_once(failed)}")
    return result


def _told_once(failed: list[SlotOutcome]) -> str:
    """Every reason once, with the slots that it keeps from going on."""
    names: dict[str, list[str]] = {}
    for each in failed:
        names.setdefault(str(each.told_failure), []).append(each.slot.name)
    return "; ".join(f"{', '.join(slots)}: {failure}" for failure, slots in names.items())


def changes(outcome: SlotOutcome, check_mode: bool) -> bool:
    """Whether the run has changed something for the slot, or would."""
    if check_mode:
        return any(each.step.name not in CHANGES_NOTHING for each in _steps_of_the_run(outcome))
    return outcome.changed


def _shown(outcome: SlotOutcome) -> dict[str, t.Any]:
    before = outcome.before.current if outcome.before else None
    after = outcome.after.current if outcome.after else None
    return {
        "name": outcome.slot.name,
        "file": outcome.slot.file,
        "variable": outcome.slot.variable,
        "variable_path": plain_path(outcome.slot.place.path),
        "data": outcome.slot.data,
        "slot_id": outcome.after.slot_id if outcome.after else None,
        "step": "failed" if outcome.failure else outcome.step.name,
        "reason": outcome.told_failure or outcome.step.reason,
        "taken": list(outcome.taken),
        "old_id": before.id if before else None,
        "new_id": after.id if after else None,
        "pending_id": outcome.pending_id,
        "generation": _generation(outcome),
        "superseded_ids": [each.id for each in outcome.after.superseded] if outcome.after else [],
        "swept_ids": list(outcome.swept),
        "next_at": format_time(outcome.step.next_at) if outcome.step.next_at else None,
        "steps_to_come": [_step_to_come(each) for each in outcome.foreseen],
    }


def _step_to_come(foreseen: Foreseen) -> dict[str, t.Any]:
    step = foreseen.step
    return {"step": step.name, "reason": step.reason, "at": format_time(foreseen.at), "key_id": step.key_id}


def _generation(outcome: SlotOutcome) -> int | None:
    """The generation that this run is about: the one on its way, else the published one."""
    record = outcome.after
    newest = (record.pending or record.current) if record else None
    return newest.generation if newest else None


def line_of_slot(outcome: SlotOutcome) -> str:
    """One line an operator needs: where the slot is, when it goes on, and why."""
    if outcome.failure:
        return f"{outcome.slot.name}: FAILED, {outcome.told_failure}"
    goes_on = f", goes on at {format_time(outcome.step.next_at)}" if outcome.step.next_at else ""
    done = f", did {' '.join(outcome.taken)}" if outcome.taken else ""
    done += f", deleted {', '.join(outcome.swept)}, which no record needs" if outcome.swept else ""
    if outcome.swept_later:
        done += f", retires {', '.join(outcome.swept_later)}, which no record needs and which logged in once"
    return f"{outcome.slot.name}: {outcome.step.name}{goes_on}{done} ({outcome.step.reason}){_rest_of_the_way(outcome)}"


def _rest_of_the_way(outcome: SlotOutcome) -> str:
    """In check mode: what this run would do after the step that is told already, and where it would come to rest."""
    steps = [each.step for each in _steps_of_the_run(outcome)]
    rest = _rest_to_come(outcome)
    if not steps or rest is None:
        return ""
    then = f", then {', '.join(step.name for step in steps[1:])}" if steps[1:] else ""
    until = f" until {format_time(rest.step.next_at)}" if rest.step.next_at else ""
    why = f" ({rest.step.reason})" if rest.step.name == "stop" else ""
    return f"{then}; {rest.step.name}{until}{why}"


def _steps_of_the_run(outcome: SlotOutcome) -> list[Foreseen]:
    """In check mode: what this run would do."""
    return list(itertools.takewhile(lambda each: not each.step.rests, outcome.foreseen))


def _rest_to_come(outcome: SlotOutcome) -> Foreseen | None:
    """Where this run would come to rest; None outside check mode."""
    return next((each for each in outcome.foreseen if each.step.rests), None)


def _record_to_come(outcome: SlotOutcome) -> Record | None:
    rest = _rest_to_come(outcome)
    return rest.record if rest else outcome.before


def _after(outcome: SlotOutcome, check_mode: bool) -> Record | None:
    return _record_to_come(outcome) if check_mode else outcome.after


def _diff(outcome: SlotOutcome, check_mode: bool) -> dict[str, t.Any]:
    where = f"{outcome.slot.file}: {outcome.slot.variable}"
    return {
        "before_header": where,
        "after_header": where,
        "before": describe_record(outcome.before),
        "after": describe_record(_after(outcome, check_mode)),
    }
