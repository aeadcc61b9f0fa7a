# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What check mode asks: what would refuse the first step of a run, and where it leads."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.foresee import Foreseen, foresee
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.ports import SlotChange
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.session import Session
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Orders
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.step_table import STEPS
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.view import Step, View


def look_ahead(
    session: Session, view: View, step: Step, orders: Orders, move: Step | None
) -> tuple[View, tuple[Foreseen, ...]]:
    """The view after the questions of the first step, which may raise SlotStopped, and the whole way from there."""
    if not step.rests and step.name in STEPS:
        view = STEPS[step.name].ask(session, replace(view, loaded=view.loaded.opened()), step)
    return view, tuple(foresee(view, orders, move))


def check_first_write(view: View, foreseen: t.Sequence[Foreseen], check: t.Callable[[SlotChange], None]) -> None:
    """Try whether the record of a new rotation could be written."""
    first = foreseen[0] if foreseen else None
    if first is not None and first.step.name == "intend":
        check(SlotChange(view.slot, view.loaded, first.announced))
