# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from collections.abc import Sequence

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.outcome import SlotOutcome
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.year_plan import SeenSlot


def seen_slots(outcomes: Sequence[SlotOutcome]) -> list[SeenSlot]:
    """What check mode has seen, as a plan begins from it."""
    return [_seen(each) for each in outcomes]


def _seen(outcome: SlotOutcome) -> SeenSlot:
    first = outcome.foreseen[0].step if outcome.foreseen else None
    is_move = first is not None and first.name == "move"
    # A stop that the plan itself finds may come to its end as days go by.
    is_planned = outcome.failure is None or outcome.step.name == "stop"
    return SeenSlot(outcome.view, None if is_planned else outcome.failure, first if is_move else None)
