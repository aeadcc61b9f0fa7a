# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the slots of a run do together in a round.

A round: look at the slots, plan the next step of each, announce the steps in one commit a file, act side by side,
conclude in one commit a file, and sleep until the first of them can go on. One slot's failure stops no other.
"""

from __future__ import annotations

import contextlib
import typing as t
from collections.abc import Sequence
from concurrent.futures import Executor

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import CloudkeysError
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.concurrency import Concurrency
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.errors import Invalid, NotFound
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.account_list import keys_in_account_list
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.begins import Begins
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.course import Course
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.places import with_places
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.plan import has_nothing_to_do
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.ports import CommitLost, Ports, SlotChange
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.preview import first_write, refusals
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Orders

Work = t.Callable[[Course], None]
ChangeOf = t.Callable[[Course], t.Optional[SlotChange]]
T = t.TypeVar("T")


class Rounds:
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
        looking = _in_phase(awake, "look")
        self._look(looking)
        self._doubt_failures(_in_phase(looking, "done"))
        planning = _in_phase(awake, "plan")
        beginning = planning if check_mode else [course for course in planning if course.step.name == "intend"]
        self._hand_out_places(beginning, courses)
        if check_mode:
            self._preview(planning)
            return
        self.each(Course.choose_step, _in_phase(awake, "plan"))
        self._doubt_failures(planning)
        asking = _in_phase(awake, "ask")
        self._read_records([course for course in asking if course.kind.reads_record_again])
        self._side_by_side(Course.ask, _in_phase(asking, "ask"))
        self._doubt_failures(asking)
        self._commit(_in_phase(awake, "announce"), Course.announcement, "act")
        acting = _in_phase(awake, "act")
        self._side_by_side(Course.act, acting)
        self._doubt_failures(acting)
        now = self._ports.client.clock.monotonic()
        self.each(lambda course: course.pause(now), _in_phase(acting, "act"))
        concluding = _in_phase(awake, "conclude")
        self._commit(concluding, Course.conclusion, "conclude")
        concluded = _in_phase(concluding, "conclude")
        self.each(self._copy, concluded)
        self._doubt_failures(concluded)
        self.each(Course.finish_step, _in_phase(concluded, "conclude"))

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
        self.each(lambda course: course.read(course.load(self._ports.store)), _file_by_file(courses))

    def _doubt_failures(self, courses: Sequence[Course]) -> None:
        """Have no slot fail by an old record: keys were listed after it was read, and another run may have made one."""
        failing = [course for course in courses if course.outcome().failure is not None]
        if failing:
            # What is wrong was told already, and is what counts.
            with contextlib.suppress(Exception):
                self._ports.store.refresh()
            for course in _file_by_file(failing):
                with contextlib.suppress(Exception):
                    if course.load(self._ports.store).record != course.loaded.record:
                        course.look_again()

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
                    course.fail(f"{_of_former_owner(owner[0], course.slot.iam_id)}{why}")

        looking = [course for course in courses if course.phase != "done"]
        owners_now = {course.owners[0] for course in looking}
        self._map(list_one, list(dict.fromkeys(owner for course in looking for owner in course.owners)))
        return listed

    def _preview(self, courses: Sequence[Course]) -> None:
        self._side_by_side(Course.preview, courses)
        begun = [(c, first_write(c.view, c.outcome().foreseen)) for c in courses if c.outcome().failure is None]
        beginning, writes = [c for c, write in begun if write], [write for _course, write in begun if write]
        for number, error in refusals(writes, self._ports.store.check, lambda error: error).items():
            course, is_lost = beginning[number], isinstance(error, CommitLost)
            course.fail(f"other runs keep changing {course.slot.file}" if is_lost else self._text_of(error))
            if is_lost:
                course.look_again()
        self._doubt_failures(courses)

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

    def _copy(self, course: Course) -> None:
        if course.kind.writes_copies:
            self._ports.store.copy(course.slot, course.view.loaded.published_value, course.own_values)


def _of_former_owner(iam_id: str, declared: str) -> str:
    """Said first where a list is asked for only because the record has keys of another owner than the slot declares."""
    if iam_id == declared:
        return ""
    return (
        f"keys on record are of {iam_id}, and the slot is declared for {declared}: if that is not meant, log in as the "
        "owner of these keys, or name it in `iam_id` or `service_id`. "
    )


def _in_phase(courses: Sequence[Course], phase: str) -> list[Course]:
    return [course for course in courses if course.phase == phase]


def _file_by_file(courses: Sequence[Course]) -> list[Course]:
    """In an order in which a store need not keep more than a few files in mind."""
    return sorted(courses, key=lambda course: course.slot.files)
