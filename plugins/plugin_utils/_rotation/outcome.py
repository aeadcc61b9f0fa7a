# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What became of a slot in a run; plain data."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.foresee import Foreseen
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import Record
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Slot
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.step_table import StepKind
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.view import Step, View


@dataclass(frozen=True)
class SlotOutcome:
    """What became of a slot; `taken` are the steps that this run carried out, `step` is where it rests.

    In check mode `foreseen` is its whole way from here, and `step` the first step of that. `view` is how it was seen
    last.
    """

    slot: Slot
    step: Step
    taken: tuple[str, ...] = ()
    before: Record | None = None
    after: Record | None = None
    swept: tuple[str, ...] = ()
    swept_later: tuple[str, ...] = ()
    failure: str | None = None
    transaction_ids: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    pending_id: str | None = None
    foreseen: tuple[Foreseen, ...] = ()
    view: View | None = field(default=None, repr=False)

    @property
    def is_closed(self) -> bool:
        """Whether nobody has opened its value."""
        return self.view is not None and self.view.loaded.is_closed

    @property
    def told_failure(self) -> str | None:
        """The failure as the user reads it: what is said of one step holds for the run only if no step was taken."""
        if self.failure is None or not self.changed:
            return self.failure
        return re.sub("([Nn])othing was changed", r"\1othing more was changed", self.failure)

    @property
    def changed(self) -> bool:
        has_written = self.before != self.after or {"copy", "move"} & {*self.taken}
        return bool(self.swept or self.transaction_ids) or bool(self.taken and has_written)


class TakenSteps:
    """The steps that a slot has taken, but for those that change nothing or are told as a part of the one before."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.is_told = False
        self._last: tuple[str, str | None] | None = None

    def note(self, step: Step, kind: StepKind) -> None:
        """This step is written or done."""
        # An enable that had to wait is announced twice.
        if self.is_told and kind.changes and self._last != (step.name, step.key_id):
            self.names.append(step.name)
            self._last = step.name, step.key_id
