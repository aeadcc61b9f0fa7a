# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Moves many slots together: look once, act side by side, write each file once, and again until all rest.

A slot is a generator of what it asks (asks.py). A round advances every slot that is not pausing, side by side and
bounded, up to its next ask; then it answers all of them together. One slot's failure stops no other.
"""

from __future__ import annotations

import contextlib
import typing as t
from collections.abc import Generator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._errors import CloudkeysError
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.api_keys import ApiKey
from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._reconcile.account_list import keys_in_account_list
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.asks import (
    Ask,
    Commit,
    Copy,
    Look,
    Move,
    Pause,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.move import move_slot
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.ports import (
    Loaded,
    Ports,
    SlotChange,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.progress import (
    Batch,
    SlotOutcome,
    SlotProgress,
)
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot import Slot, SlotStopped
from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.slot_run import Looked, SlotRun

FORESEEN = (CloudkeysError, SlotStopped)
Keys = Sequence[ApiKey]
Unforeseen = t.Callable[[Exception], str]


@dataclass
class Mover:
    """A slot on its way: what it asked last, and what it is answered."""

    progress: SlotProgress
    way: Generator[Ask, t.Any, None]
    ask: t.Optional[Ask] = None
    answer: t.Any = None
    wakes_at: float = 0.0
    is_done: bool = field(default=False)

    @property
    def slot(self) -> Slot:
        return self.progress.run.slot

    def advance(self, unforeseen: Unforeseen) -> None:
        """Go on to the next ask, or to the end; an answer that is an exception is thrown in."""
        answer, self.answer = self.answer, None
        try:
            self.ask = self.way.throw(answer) if isinstance(answer, Exception) else self.way.send(answer)
        except StopIteration:
            self.is_done = True
        except FORESEEN as error:
            self.progress.failure, self.is_done = str(error), True
        except Exception as error:
            self.progress.failure, self.is_done = unforeseen(error), True


def rotate_slots(slots: Sequence[Slot], ports: Ports, *, check_mode: bool, unforeseen: Unforeseen) -> list[SlotOutcome]:
    """Move every slot as far as it can go now; `unforeseen` turns an exception nobody expected into a safe text."""
    ports.store.refresh()
    published = {_place(slot): _published_id(slot, ports) for slot in slots}
    batch = Batch(ports.batch_size, ports.stop_after_failures)
    movers = [_mover(slot, ports, published, batch, check_mode) for slot in slots]
    with _workers(ports.concurrency) as workers:
        while not all(mover.is_done for mover in movers):
            _play_round(movers, ports, workers, unforeseen)
            batch.failures = sum(1 for mover in movers if mover.is_done and mover.progress.outcome().failure)
    return [mover.progress.outcome() for mover in movers]


def _place(slot: Slot) -> tuple[str, str]:
    """What tells slots apart: names may repeat, `check_slots` sees to it that places do not."""
    return slot.file, slot.variable


def _mover(
    slot: Slot, ports: Ports, published: dict[tuple[str, str], str | None], batch: Batch, check_mode: bool
) -> Mover:
    foreign_ids = frozenset(key_id for place, key_id in published.items() if key_id and place != _place(slot))
    progress = SlotProgress(SlotRun(slot, ports, foreign_ids), batch, check_mode=check_mode)
    return Mover(progress, progress.steps())


def _published_id(slot: Slot, ports: Ports) -> str | None:
    with contextlib.suppress(Exception):
        # Its own turn tells what is wrong with a slot that cannot be read.
        records = [ports.store.load(place).record for place in (slot, slot.before_move) if place]
        return next((record.current.id for record in records if record and record.current), None)
    return None


@contextlib.contextmanager
def _workers(concurrency: int) -> t.Iterator[t.Optional[Executor]]:
    if concurrency <= 1:
        yield None
        return
    pool = ThreadPoolExecutor(concurrency)
    try:
        yield pool
    finally:
        # `timeout` on a task interrupts this thread: it must not wait for requests that are still on their way.
        pool.shutdown(wait=False, cancel_futures=True)


def _play_round(movers: list[Mover], ports: Ports, workers: Executor | None, unforeseen: Unforeseen) -> None:
    awake = _wake(movers, ports)
    for _advanced in (workers.map if workers else map)(lambda mover: mover.advance(unforeseen), awake):
        pass
    moving = [mover for mover in awake if not mover.is_done]
    _answer_pauses([mover for mover in moving if isinstance(mover.ask, Pause)], ports)
    _answer_copies([mover for mover in moving if isinstance(mover.ask, Copy)], ports)
    _answer_moves([mover for mover in moving if isinstance(mover.ask, Move)], ports)
    _answer_commits([mover for mover in moving if isinstance(mover.ask, Commit)], ports)
    _answer_looks([mover for mover in moving if isinstance(mover.ask, Look)], ports, workers)


def _wake(movers: list[Mover], ports: Ports) -> list[Mover]:
    """The slots that may go on; sleeps until the first of them may when all are pausing."""
    clock = ports.client.clock
    moving = [mover for mover in movers if not mover.is_done]
    nap = min(mover.wakes_at for mover in moving) - clock.monotonic()
    if nap > 0:
        clock.sleep(nap)
    now = clock.monotonic()
    return [mover for mover in moving if mover.wakes_at <= now]


def _answer_pauses(movers: list[Mover], ports: Ports) -> None:
    for mover in movers:
        pause = t.cast(Pause, mover.ask)
        mover.wakes_at = ports.client.clock.monotonic() + pause.seconds
        if pause.why:
            ports.tell(f"{mover.slot.name}: waiting {pause.seconds:.0f} s ({pause.why})")


def _answer_commits(movers: list[Mover], ports: Ports) -> None:
    """One write for each file."""
    for file in dict.fromkeys(mover.slot.file for mover in movers):
        asking = [mover for mover in movers if mover.slot.file == file]
        changes = [_change(mover) for mover in asking]
        try:
            answers: Sequence[t.Any] = ports.store.commit(changes)
        except Exception as error:
            answers = [error] * len(asking)
        for mover, answer in zip(asking, answers):
            mover.answer = answer


def _answer_copies(movers: list[Mover], ports: Ports) -> None:
    for mover in movers:
        mover.answer = _attempt(ports.store.copy, mover.slot, mover.progress.run.loaded.published_value)


def _answer_moves(movers: list[Mover], ports: Ports) -> None:
    for mover in movers:
        check_mode = mover.progress.check_mode
        mover.answer = _attempt(lambda slot, dry=check_mode: move_slot(ports.store, slot, check_mode=dry), mover.slot)


def _change(mover: Mover) -> SlotChange:
    commit = t.cast(Commit, mover.ask)
    return SlotChange(
        mover.slot, mover.progress.run.loaded, commit.record, commit.published_value, commit.removes_value
    )


def _answer_looks(movers: list[Mover], ports: Ports, workers: Executor | None) -> None:
    """Read all records first, and then list each identity once: a commit of a record vouches for the list."""
    if not movers:
        return
    unseen = _attempt(ports.store.refresh)
    loaded = [unseen or _attempt(ports.store.load, mover.slot) for mover in movers]
    glance = _attempt(_glimpsed, movers, loaded, ports)
    glimpsed = {} if isinstance(glance, Exception) else glance
    owners = list(dict.fromkeys(_owner(mover) for mover in movers if mover.slot.iam_id not in glimpsed))
    lists = (workers.map if workers else map)(
        lambda owner: _attempt(lambda: ports.client.api_keys.list(*owner)), owners
    )
    listed = dict(zip(owners, lists))
    for mover, record in zip(movers, loaded):
        is_whole = mover.slot.iam_id not in glimpsed
        keys = listed[_owner(mover)] if is_whole else glimpsed[mover.slot.iam_id]
        failed = next((each for each in (record, keys) if isinstance(each, Exception)), None)
        mover.answer = failed or Looked(t.cast(Loaded, record), tuple(t.cast(Keys, keys)), is_whole)


def _glimpsed(movers: list[Mover], loaded: list[t.Any], ports: Ports) -> dict[str, Keys]:
    """The keys of owners for whom a list of the whole account may do, by IAM ID."""
    owners: set[str] = set()
    in_doubt: set[str] = set()
    for mover, each in zip(movers, loaded):
        record = each.record if isinstance(each, Loaded) else None
        is_settled = record is not None and record.pending is None and not mover.slot.retire_ids
        (owners if is_settled and t.cast(Look, mover.ask).is_glance else in_doubt).add(mover.slot.iam_id)
    return dict(keys_in_account_list(ports.client, owners - in_doubt, ports.concurrency))


def _owner(mover: Mover) -> tuple[str, str]:
    return mover.slot.iam_id, mover.slot.account_id


def _attempt(work: t.Callable[..., t.Any], *about: t.Any) -> t.Any:
    try:
        return work(*about)
    except Exception as error:
        return error
