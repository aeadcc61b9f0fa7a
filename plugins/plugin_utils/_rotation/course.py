# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The course of one slot through one run: how far it is, and what each phase of a round does with it."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.begins import Begin, Begins
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.chronicle import Chronicle
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.foresee import Foreseen
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.loaded import Loaded
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.move import load_as_moved
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.outcome import SlotOutcome, TakenSteps
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.plan import plan_sweep
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.plan_only_leaked import next_step
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.plan_orders import why_leak_is_open
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.ports import (
    NotWritten,
    RecordStore,
    SlotChange,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.preview import look_ahead
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.record import Record
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.session import (
    Again,
    Done,
    Rejected,
    Session,
    TooLate,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Orders, SlotStopped
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.step_table import STEPS, StepKind
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.values import check_account
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.view import (
    ActName,
    Step,
    View,
    current_leaked,
    require,
)

# A whole rotation takes seven; the rest is for commits that were lost to other runs.
MOST_STEPS = 40
# Whoever announced a change is mostly through long before its lease is over, so it is looked for twice before.
LOOKS_AHEAD_SECONDS = (3, 12)

Phase = t.Literal["held", "look", "plan", "ask", "announce", "act", "conclude", "done"]


class Course:
    """`phase` is what comes next for the slot, and not before `wakes_at` (monotonic seconds).

    It is `held` while the slot waits for others that have begun to come through.
    """

    def __init__(self, session: Session, orders: Orders, begins: Begins, tell: t.Callable[[str], None]) -> None:
        self.session, self.slot = session, session.slot
        self.phase: Phase = "look"
        self.wakes_at = 0.0
        self._pause_seconds = 0.0
        self.loaded = Loaded()
        # Whether a list of the whole account may do for a first look: the record has nothing on its way.
        self.may_glance = False
        self.step = Step("stop", "it was not looked at")
        self._view: View | None = None
        self.begin, self._chronicle = Begin(begins), Chronicle(session)
        self._orders, self._tell_user = orders, tell
        self._turns, self._looks_ahead = 0, iter(LOOKS_AHEAD_SECONDS)
        # The step that the next one follows without another look, if it does.
        self._last: StepKind | None = None
        self._own_values: frozenset[str] = frozenset()
        self._done = Done()
        self._taken = TakenSteps()
        self._swept: tuple[str, ...] = ()
        self._before: Record | None = None
        self._rest: Step | None = None
        self._failure: str | None = None
        self._foreseen: tuple[Foreseen, ...] = ()
        self._move: Step | None = None
        self._retired: tuple[str, ...] = ()

    @property
    def has_looked(self) -> bool:
        return self._view is not None

    @property
    def view(self) -> View:
        return require(self._view, "a look at the slot")

    @property
    def kind(self) -> StepKind:
        return STEPS[t.cast(ActName, self.step.name)]

    @property
    def own_values(self) -> frozenset[str]:
        """What the copies may hold: the values that the slot has, and those that it had before this step."""
        return self._own_values | self.view.loaded.own_values

    @property
    def owners(self) -> list[tuple[str, str]]:
        """Whose keys have to be listed (IAM ID, account): the slot's owner, and former ones on record."""
        former = self.loaded.record.owners - {self.slot.iam_id} if self.loaded.record else frozenset()
        return [(iam_id, self.slot.account_id) for iam_id in (self.slot.iam_id, *sorted(former))]

    def outcome(self) -> SlotOutcome:
        """Where the slot is now."""
        step, view = self._rest or self.step, self._view
        pending = view.pending_key() if view else None
        return SlotOutcome(
            self.slot,
            step,
            tuple(self._taken.names),
            self._before,
            view.loaded.record if view else None,
            swept=self._swept,
            swept_later=self._retired,
            failure=self._failure or (step.reason if step.name == "stop" else None),
            transaction_ids=tuple(self.session.iam.transaction_ids),
            warnings=tuple(self.session.warnings),
            pending_id=pending.id if pending else None,
            foreseen=self._foreseen,
            view=view,
        )

    def fail(self, why: str) -> None:
        """The slot goes no further in this run."""
        self.begin.give_back()
        self._failure, self.phase = why, "done"

    def look_again(self) -> None:
        """Take back a failure that rests on what is no longer so, unless that was done too often."""
        if self._turns <= MOST_STEPS:
            self._failure, self._rest, self.phase, self._turns = None, None, "look", self._turns + 1

    def moved(self, *, is_foreseen: bool) -> None:
        """The slot was brought here from another place, or would be (check mode)."""
        place = require(self.slot.moved_from, "a place where it was")
        self.step = Step("move", f"the slot was in {place.variable} of {place.file}")
        self._tell(f"move ({self.step.reason})")
        self._move = self.step if is_foreseen else None
        self._taken.names += [] if is_foreseen else ["move"]

    def load(self, store: RecordStore) -> Loaded:
        """The slot as the store has it; in check mode as a move would leave it."""
        return store.load(self.slot) if self._move is None else load_as_moved(store, self.slot)

    def read(self, loaded: Loaded) -> None:
        """Take note of the slot as the store has it now; raises SlotStopped for keys of another account."""
        record, self.loaded = loaded.record, loaded
        check_account(self.slot, record)
        self.session.note_published(loaded)
        is_settled = record is not None and record.pending is None and not self.slot.retire_ids
        self.may_glance = is_settled and len(self.owners) == 1 and not self.has_looked
        if self.phase != "look":
            self._view = replace(self.view, loaded=loaded)

    def see(self, keys: t.Iterable[ApiKey], *, is_whole: bool) -> None:
        """See the slot; `loaded` was read before the keys were listed. What only a question can tell is asked here."""
        view = self.session.see(self.loaded, keys, self._orders, is_whole=is_whole)
        self._before = self._before if self.has_looked else self.loaded.record
        self._view, self.step = view, next_step(view, self._orders)
        if self.step.name == "observe" and is_whole:
            self._view = self.session.observe(view, str(self.step.key_id))
        self._chronicle.look(view)
        self.phase = "plan"

    def see_places(self, view: View) -> None:
        """Take note of whether the slot's owner may have one more key."""
        self._view = view

    def preview(self) -> None:
        """Look ahead to the end, for check mode; what would refuse the first step refuses it here too."""
        self.step, self.phase = next_step(self.view, self._orders), "done"
        self._view, self._foreseen = look_ahead(self.session, self.view, self.step, self._orders, self._move)
        # Before it may come a move, or a sweep before a rest.
        self.step = self._foreseen[0].step if self.step.rests or self._move else self.step

    def choose_step(self) -> None:
        """Plan the next step; raises SlotStopped when it does not come to rest."""
        self._turns += 1
        if self._turns > MOST_STEPS:
            raise SlotStopped(f"not at rest after {MOST_STEPS} steps: other runs keep changing {self.slot.file}")
        last, self._last = self._last, None
        self.step = next_step(self.view, self._orders)
        if last is not None and self.step.name not in last.next_at_once and self.step.fails_with is None:
            self.phase = "look"
        elif self.step.name == "wait":
            self._wait()
        elif self.step.name == "intend" and self.begin.of_all.must_wait and not current_leaked(self.view):
            self.phase = "held"
        elif self.step.name == "intend" and self._put_off():
            self._failure = why_leak_is_open(self.view, self._orders, self.step)
            self.phase = "done"
        elif self.step.rests:
            self._come_to_rest()
        else:
            self.phase = "ask"
            self._taken.is_told = last is None or self.step.name in last.tells_next
            if self._taken.is_told:
                self._tell(f"{self.step.name} ({self.step.reason})")

    def ask(self) -> None:
        """Ask what the announcement depends on; raises SlotStopped when the step must not be announced."""
        view = self.kind.ask(self.session, replace(self.view, loaded=self.view.loaded.opened()), self.step)
        self._view = replace(view, drawn=self.session.draw()) if self.kind.draws else view
        self.phase = "announce"

    def announcement(self) -> SlotChange | None:
        write = self.kind.announce(self.view, self.step, self.session.moment())
        return self._chronicle.change(self.view, self.step, write)

    def act(self) -> None:
        """Do the step's work in IAM."""
        result = self.kind.act(self.session, self.view, self.step)
        if isinstance(result, Again):
            self._pause_seconds = result.seconds
        elif isinstance(result, TooLate):
            self.phase = "look"
        elif isinstance(result, Rejected):
            self.session.rejected[self.view.pending.announcement] = result.why
            self._go_on_from(self.kind)
        else:
            self._done, self.phase = result, "conclude"
            self._swept += result.swept_ids
            self._retired += tuple(key.id for key, _generation in result.used)

    def pause(self, now: float) -> None:
        """Sleep if the act asked for it; all slots of a round count from the same `now`, so they wake together."""
        self.wakes_at, self._pause_seconds = now + self._pause_seconds, 0.0

    def conclusion(self) -> SlotChange | None:
        write = self.kind.conclude(self.view, self.step, self._done, self.session.moment())
        return self._chronicle.conclusion(self.view, self.step, write)

    def written(self, answer: Loaded | NotWritten, phase: Phase) -> None:
        """What became of a change: `phase` is next when it is written; a plan that is out of date is made anew."""
        if isinstance(answer, Loaded):
            self.session.has_replaced = self.session.has_replaced or (self.kind.replaces_key and phase == "conclude")
            self.begin.confirm()
            # What the copies may hold is what the slot had before this, too.
            self._own_values |= self.view.loaded.own_values
            self.phase, self.loaded = phase, answer
            self._view = replace(self.view, loaded=answer, value_is_lost=False)
            self._taken.note(self.step, self.kind)
        elif answer.why is not None:
            self.fail(answer.why)
        else:
            self._tell("somebody else changed the vault file meanwhile, looking again")
            self.begin.give_back()
            self.phase = "done" if self.step.name == "sweep" else "look"

    def finish_step(self) -> None:
        """The step is done, its commits are written and the copies follow."""
        self._taken.note(self.step, self.kind)
        self._chronicle.did(self.step)
        if self.step.fails_with:
            self.fail(self.step.fails_with)
        elif self.step.name == "sweep":
            self.phase = "done"
        elif self.kind.next_at_once:
            self._go_on_from(self.kind)
        else:
            self.phase = "look"

    def _go_on_from(self, kind: StepKind) -> None:
        self._view, self._last, self.phase = self.session.remember(self.view), kind, "plan"

    def _wait(self) -> None:
        next_at = require(self.step.next_at, "a time to wait for")
        seconds = max(0.0, (next_at - self.view.now).total_seconds()) + 0.1
        seconds = min(seconds, next(self._looks_ahead, seconds))
        self.wakes_at, self.phase = self.session.iam.clock.monotonic() + seconds, "look"
        self._tell(f"waiting {seconds:.0f} s ({self.step.reason})")

    def _put_off(self) -> bool:
        """Whether no rotation may begin now: then the slot rests until another run."""
        stage = None if self._orders.may_begin else "rotations begin in the stage before the probe"
        # A leaked key is shut already: its users wait for the successor, and not for another run.
        why_not = stage or (None if current_leaked(self.view) else self.begin.of_all.why_none())
        if why_not is None:
            self.begin.take()
            return False
        self.step = Step("later", f"due ({self.step.reason}), and put off: {why_not}", self.step.key_id)
        return True

    def _come_to_rest(self) -> None:
        self._failure = why_leak_is_open(self.view, self._orders, self.step)
        sweep, self._rest, self._taken.is_told = plan_sweep(self.view, self.step), self.step, False
        self.step, self.phase = sweep or self.step, "ask" if sweep else "done"
        self._chronicle.sweep(self.view, sweep)

    def _tell(self, line: str) -> None:
        self._tell_user(f"{self.slot.name}: {line}")
