# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Moves many slots together, round by round (rounds.py), until all of them rest."""

from __future__ import annotations

import contextlib
import typing as t
from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.concurrency import AUTO, Concurrency, threads_for
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.begins import Begins
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.course import Course
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.first_look import look_at_all
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.move import move_slot
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.outcome import SlotOutcome
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.plan_only_leaked import holds_leaked
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.ports import CommitLost, Ports
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.rounds import Rounds
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.session import Session
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Orders, Slot, SlotStopped

MOST_MOVES = 3


@dataclass(frozen=True)
class Settings:
    """How much a run does at a time, and how many rotations it begins; None: however many slots fail."""

    concurrency: Concurrency = AUTO
    batch_size: int = 50
    stop_after_failures: int | None = None


def rotate_slots(
    slots: Sequence[Slot],
    ports: Ports,
    orders: Orders,
    settings: Settings,
    *,
    check_mode: bool,
    unforeseen: t.Callable[[Exception], str],
) -> list[SlotOutcome]:
    """Move every slot as far as it can go now; `unforeseen` turns an exception nobody expected into a safe text."""
    ports.store.refresh()
    begins = Begins(settings.batch_size, settings.stop_after_failures)
    checked, published = look_at_all(slots, ports)
    courses = [Course(Session(slot, ports, published), orders, begins, ports.tell) for slot in checked]
    with _workers(settings.concurrency) as workers:
        rounds = Rounds(ports, orders, begins, settings.concurrency, workers, unforeseen)
        rounds.each(lambda course: _arrive(course, ports, orders, check_mode=check_mode), courses)
        while any(course.phase != "done" for course in courses):
            rounds.play(courses, check_mode=check_mode)
    return [course.outcome() for course in courses]


@contextlib.contextmanager
def _workers(concurrency: Concurrency) -> t.Iterator[Executor | None]:
    threads = threads_for(concurrency)
    if threads <= 1:
        yield None
        return
    pool = ThreadPoolExecutor(threads)
    try:
        yield pool
    finally:
        # `timeout` on a task interrupts this thread: it must not wait for requests that are still on their way.
        pool.shutdown(wait=False, cancel_futures=True)


def _may_move(slot: Slot, ports: Ports, orders: Orders) -> bool:
    before = slot.before_move
    record = ports.store.load(before).record if before and orders.only_leaked else None
    return not orders.only_leaked or (record is not None and holds_leaked(record, orders))


def _arrive(course: Course, ports: Ports, orders: Orders, *, check_mode: bool) -> None:
    """Refuse a slot that cannot be looked at, and bring one that was declared elsewhere here."""
    slot = course.slot
    if slot.problem:
        raise SlotStopped(slot.problem)
    if slot.moved_from is None or not _may_move(slot, ports, orders):
        return
    for _try in range(MOST_MOVES):
        try:
            if move_slot(ports.store, slot, course.session.values.is_lost, check_mode=check_mode):
                course.moved(is_foreseen=check_mode)
            return
        except CommitLost:
            ports.store.refresh()
    raise SlotStopped("it cannot be moved: other runs keep changing the files")
