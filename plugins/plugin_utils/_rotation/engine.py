# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Moves many slots together, round by round, until all of them rest.

A round: look at the slots, plan the next step of each, announce the steps in one commit a file, act side by side,
conclude in one commit a file, and sleep until the first of them can go on. One slot's failure stops no other.
"""

from __future__ import annotations

import contextlib
import typing as t
from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import CloudkeysError
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.concurrency import AUTO, Concurrency, threads_for
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import Invalid, NotFound
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.account_list import keys_in_account_list
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.begins import Begins
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.course import Course
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.first_look import look_at_all
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.move import move_slot
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.outcome import SlotOutcome
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.places import with_places
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.plan import has_nothing_to_do
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.plan_only_leaked import holds_leaked
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.ports import CommitLost, Ports, SlotChange
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.preview import first_write, refusals
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.session import Session
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Orders, Slot, SlotStopped

MOST_MOVES = 3
Work = t.Callable[[Course], None]
ChangeOf = t.Callable[[Course], t.Optional[SlotChange]]
T = t.TypeVar("T")


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
        rounds = _Rounds(ports, orders, begins, settings.concurrency, workers, unforeseen)
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


class _Rounds:
    """What all slots of a run share: the ports, the workers, and how a failure becomes one of a single slot."""

    def __init__(
        self,
        ports: Ports,
        orders: Orders,
        begins: Begins,
        concurrency: Concurrency,
        workers: Executor | None,
        unforeseen: t.Callable[[Exception], str],
    ) -> None:
        self._ports = ports
        self._orders = orders
        self._begins = begins
        self._concurrency = concurrency
        self._workers = workers
        self._unforeseen = unforeseen

    def play(self, courses: Sequence[Course], *, check_mode: bool) -> None:
        """One round of the slots that are not asleep."""
        self._count_begun(courses)
        awake = self._wake(courses)
        self._look(_in_phase(awake, "look"))
        planning = _in_phase(awake, "plan")
        beginning = planning if check_mode else [course for course in planning if course.step.name == "intend"]
        self._hand_out_places(beginning, courses)
        if check_mode:
            self._preview(planning)
            return
        self.each(Course.choose_step, _in_phase(awake, "plan"))
        asking = _in_phase(awake, "ask")
        self._read_records([course for course in asking if course.kind.reads_record_again])
        self._side_by_side(Course.ask, _in_phase(asking, "ask"))
        self._commit(_in_phase(awake, "announce"), Course.announcement, "act")
        acting = _in_phase(awake, "act")
        self._side_by_side(Course.act, acting)
        now = self._ports.client.clock.monotonic()
        self.each(lambda course: course.pause(now), _in_phase(acting, "act"))
        concluding = _in_phase(awake, "conclude")
        self._commit(concluding, Course.conclusion, "conclude")
        self.each(self._finish, _in_phase(concluding, "conclude"))

    def _count_begun(self, courses: Sequence[Course]) -> None:
        """Count what has failed and what is under way, and let those look again that were held for it."""
        self._begins.failures = sum(1 for course in courses if course.phase == "done" and course.outcome().failure)
        self._begins.under_way = sum(1 for course in courses if course.phase != "done" and course.begin.is_under_way)
        is_waited_for = any(course.phase not in ("done", "held") for course in courses)
        if not (self._begins.must_wait and is_waited_for):
            for course in _in_phase(courses, "held"):
                # One that is only put off needs no other look.
                course.phase = "plan" if self._begins.why_none() else "look"

    def _hand_out_places(self, courses: Sequence[Course], everybody: Sequence[Course]) -> None:
        known = [course.view for course in everybody if course.has_looked]
        for course, view in zip(courses, with_places([course.view for course in courses], self._orders, known)):
            course.see_places(view)

    def each(self, work: Work, courses: Sequence[Course]) -> None:
        """Do this with one slot after the other."""
        for course in courses:
            self._attempt(work, course)

    def _side_by_side(self, work: Work, courses: Sequence[Course]) -> None:
        self._map(self._ports.watch(lambda course: self._attempt(work, course), courses), courses)

    def _map(self, work: t.Callable[[T], None], items: Sequence[T]) -> None:
        for _done in (self._workers.map if self._workers else map)(work, items):
            pass

    def _attempt(self, work: Work, course: Course) -> None:
        try:
            work(course)
        except Exception as error:
            course.fail(self._text_of(error))

    def _text_of(self, error: Exception) -> str:
        is_told = isinstance(error, CloudkeysError) and bool(str(error))
        return str(error) if is_told else self._unforeseen(error)

    def _wake(self, courses: Sequence[Course]) -> list[Course]:
        """The slots that may go on; sleeps until the first of them may when all are waiting."""
        clock = self._ports.client.clock
        moving = [course for course in courses if course.phase not in ("done", "held")]
        if not moving:
            return []
        nap = min(course.wakes_at for course in moving) - clock.monotonic()
        if nap > 0:
            clock.sleep(nap)
        now = clock.monotonic()
        return [course for course in moving if course.wakes_at <= now]

    def _look(self, courses: Sequence[Course]) -> None:
        """Read all records first, and then list each identity once: a commit of a record vouches for the list."""
        self._read_records(courses)
        looking = _in_phase(courses, "look")
        shown = self._account_list(looking)
        glanced = [course for course in looking if course.slot.iam_id in shown]
        self._side_by_side(lambda course: course.see(shown[course.slot.iam_id], is_whole=False), glanced)
        in_doubt = [course for course in _in_phase(looking, "plan") if not has_nothing_to_do(course.view, course.step)]
        whole = [course for course in looking if course.slot.iam_id not in shown] + in_doubt
        listed = self._list_owners(whole)
        listing = [course for course in whole if course.phase != "done"]
        self._side_by_side(
            lambda course: course.see([key for owner in course.owners for key in listed[owner]], is_whole=True), listing
        )

    def _read_records(self, courses: Sequence[Course]) -> None:
        """Read the records as they are now; a slot that has been looked at gets its record into what it saw."""
        if not courses:
            return
        try:
            self._ports.store.refresh()
        except Exception as error:
            for course in courses:
                course.fail(self._text_of(error))
            return
        # File by file: a store need not keep more than a few of them in mind.
        by_file = sorted(courses, key=lambda course: course.slot.files)
        self.each(lambda course: course.read(course.load(self._ports.store)), by_file)

    def _account_list(self, courses: Sequence[Course]) -> dict[str, list[ApiKey]]:
        """The keys of owners for whom a list of the whole account may do, by IAM ID."""
        owners = {course.slot.iam_id for course in courses if course.may_glance}
        in_doubt = {course.slot.iam_id for course in courses if not course.may_glance}
        with contextlib.suppress(Exception):
            # What is wrong is told by the list of each owner.
            return keys_in_account_list(self._ports.client, owners - in_doubt, self._concurrency)
        return {}

    def _list_owners(self, courses: Sequence[Course]) -> dict[tuple[str, str], list[ApiKey]]:
        listed: dict[tuple[str, str], list[ApiKey]] = {}

        def list_one(owner: tuple[str, str]) -> None:
            try:
                listed[owner] = self._ports.client.api_keys.list(*owner)
            except Exception as error:
                if isinstance(error, (Invalid, NotFound)) and owner not in owners_now:
                    # The service ID was deleted, and its keys with it; that is proven for each key on record.
                    listed[owner] = []
                    return
                why = self._text_of(error)
                if isinstance(error, (Invalid, NotFound)):
                    why = (
                        f"IBM Cloud has no list of the keys of {owner[0]}, the owner of this slot: it was deleted, or "
                        f"is of another account. Name the owner that there is now: {why}"
                    )
                for course in (each for each in courses if owner in each.owners):
                    course.fail(why)

        looking = [course for course in courses if course.phase != "done"]
        owners_now = {course.owners[0] for course in looking}
        self._map(list_one, list(dict.fromkeys(owner for course in looking for owner in course.owners)))
        return listed

    def _preview(self, courses: Sequence[Course]) -> None:
        self._side_by_side(Course.preview, courses)
        begun = [(c, first_write(c.view, c.outcome().foreseen)) for c in courses if c.outcome().failure is None]
        beginning, writes = [c for c, write in begun if write], [write for _course, write in begun if write]
        for number, why in refusals(writes, self._ports.store.check, self._text_of).items():
            beginning[number].fail(why)

    def _commit(self, courses: Sequence[Course], change_of: ChangeOf, phase: t.Literal["act", "conclude"]) -> None:
        """One write for each file; a slot whose step writes nothing goes on, as one does whose change is written."""
        changes: dict[str, list[tuple[Course, SlotChange]]] = {}

        def collect(course: Course) -> None:
            change = change_of(course)
            if change is None:
                course.phase = phase
            else:
                changes.setdefault(course.slot.file, []).append((course, change))

        self.each(collect, courses)
        for asking in changes.values():
            try:
                answers = self._ports.store.commit([change for _course, change in asking])
            except Exception as error:
                for course, _change in asking:
                    course.fail(self._text_of(error))
                continue
            for (course, _change), answer in zip(asking, answers):
                course.written(answer, phase)

    def _finish(self, course: Course) -> None:
        if course.kind.writes_copies:
            self._ports.store.copy(course.slot, course.view.loaded.published_value, course.own_values)
        course.finish_step()


def _in_phase(courses: Sequence[Course], phase: str) -> list[Course]:
    return [course for course in courses if course.phase == phase]
