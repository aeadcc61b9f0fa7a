# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What one slot's course has to tell the history, and when; without a history nothing."""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.happenings import (
    Happening,
    left_overs,
    told_by_act,
    told_by_keys,
    told_by_record,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.history import Doing, Line, line_of
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.ports import SlotChange
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.session import Session
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.step_table import Write
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.view import Step, View


class Chronicle:
    """Notes what is true by now; what a commit makes true goes with the commit."""

    def __init__(self, session: Session) -> None:
        self._session, self._history = session, session.history
        self._done: Step | None = None
        self._told_references = 0

    def did(self, step: Step) -> None:
        """This run has carried the step out: what the next look shows is its work."""
        self._done = step

    def look(self, view: View) -> None:
        """Note what record and keys tell: this run's last step, or what a run that is gone has not told."""
        step, self._done = self._done, None
        record = view.loaded.record
        if self._history is not None and record is not None:
            now = self._session.moment()
            self._history.note(self._lines([*told_by_record(record, now), *told_by_keys(view)], step))
            self._told_references = len(self._session.iam.transaction_ids)

    def sweep(self, view: View, step: Step | None) -> None:
        """Note the keys that nobody will know any more once they are swept."""
        if self._history is not None and step is not None:
            self._history.note(self._lines(left_overs(view), step))

    def change(self, view: View, step: Step, write: Write | None) -> SlotChange | None:
        """The change that a step announces."""
        if write is None:
            return None
        record = write.next_record
        lines = self._lines(told_by_record(record, self._session.moment()), step) if self._history and record else []
        return SlotChange(
            self._session.slot, view.loaded, record, write.published_value, write.removes_value, tuple(lines)
        )

    def conclusion(self, view: View, step: Step, write: Write | None) -> SlotChange | None:
        """The change that concludes a step; what it strikes from the record is noted before."""
        if self._history is not None:
            self._history.note(self._lines(told_by_act(view, step, self._session.moment()), step))
        return self.change(view, step, write)

    def _lines(self, happened: Iterable[Happening], step: Step | None) -> list[Line]:
        doing = self._doing(step) if step else None
        return [line_of(each, self._session.slot, doing) for each in happened]

    def _doing(self, step: Step) -> Doing:
        history = self._session.history
        references = tuple(self._session.iam.transaction_ids[self._told_references :])
        return Doing(step.reason, references, history.by if history else None, history.job if history else None)
