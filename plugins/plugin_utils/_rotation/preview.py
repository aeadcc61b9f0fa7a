# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What check mode asks: what would refuse the first step of a run, and where it leads."""

from __future__ import annotations

import contextlib
import typing as t
from dataclasses import replace
from datetime import datetime

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.clock import parse_time
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import IamError
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.foresee import Foreseen, foresee
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.ports import SlotChange
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.session import Session
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Orders
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.step_table import STEPS
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.view import Step, View, orphaned

T = t.TypeVar("T")

# After these the published key is on its way out.
BEGINS = frozenset({"intend", "create", "publish", "unpublish", "make_place", "roll_back", "enable"})


def look_ahead(
    session: Session, view: View, step: Step, orders: Orders, move: Step | None
) -> tuple[View, tuple[Foreseen, ...]]:
    """The view after the questions of the first step, which may raise SlotStopped, and the whole way from there.

    The view knows then when the keys that go last logged in, as far as IAM tells.
    """
    if not step.rests and step.name in STEPS:
        view = STEPS[step.name].ask(session, replace(view, loaded=view.loaded.opened()), step)
    way = tuple(foresee(view, orders, move))
    return replace(view, last_logins={**_last_logins(session, view, step), **view.last_logins}), way


def _last_logins(session: Session, view: View, step: Step) -> dict[str, datetime | None]:
    """When the keys last logged in that are on their way out, or that this run replaces: a request for each."""
    record = view.loaded.record
    going = {entry.id for entry in record.superseded} if record else set()
    going |= {key.id for key in orphaned(view, record)} if record else set()
    current = view.current_key()
    if current is not None and step.name in BEGINS:
        going.add(current.id)
    found: dict[str, datetime | None] = {}
    for key_id in sorted(going & {key.id for key in view.keys} - view.last_logins.keys()):
        # A plan goes without what IAM does not tell; a run asks again when it matters.
        with contextlib.suppress(IamError):
            last = session.iam.api_keys.read_activity(key_id).last_login_at
            found[key_id] = parse_time(last) if last else None
    return found


def first_write(view: View, foreseen: t.Sequence[Foreseen]) -> SlotChange | None:
    """The record of a new rotation, if that is what begins."""
    first = foreseen[0] if foreseen else None
    is_new = first is not None and first.step.name == "intend"
    return SlotChange(view.slot, view.loaded, first.announced) if first is not None and is_new else None


def refusals(
    writes: t.Sequence[SlotChange], check: t.Callable[..., None], told_as: t.Callable[[Exception], T]
) -> dict[int, T]:
    """Why each of these writes would be refused, by its number among them.

    Each file is tried once, however many slots it has. Where that is refused its slots are tried alone, so that it is
    told of the right one; when none of them is refused alone, it is told of all of them.
    """
    by_file: dict[str, list[int]] = {}
    for number, write in enumerate(writes):
        by_file.setdefault(write.slot.file, []).append(number)
    found: dict[int, T] = {}
    for numbers in by_file.values():
        together = _refusal([writes[number] for number in numbers], check)
        if together is not None:
            alone = {number: _refusal([writes[number]], check) for number in numbers}
            told = {number: error for number, error in alone.items() if error is not None}
            found |= {number: told_as(error) for number, error in (told or dict.fromkeys(numbers, together)).items()}
    return found


def _refusal(writes: t.Sequence[SlotChange], check: t.Callable[..., None]) -> Exception | None:
    try:
        check(*writes)
    except Exception as error:
        return error
    return None
