# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Does the same for many things at a time, bounded; one failure stops no other."""

from __future__ import annotations

import typing as t
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.cloudkeys.ibmcloud.plugins.module_utils._iam.concurrency import Concurrency, threads_for

Item = t.TypeVar("Item")
Done = t.TypeVar("Done")


def side_by_side(
    work: t.Callable[[Item], Done], items: t.Sequence[Item], concurrency: Concurrency
) -> list[Done | Exception]:
    """The result of `work` for each item, or the exception that it raised, in the order of the items."""
    threads = min(threads_for(concurrency), len(items))

    def attempt(item: Item) -> Done | Exception:
        try:
            return work(item)
        except Exception as error:
            return error

    if threads <= 1:
        return [attempt(item) for item in items]
    pool = ThreadPoolExecutor(threads)
    try:
        return list(pool.map(attempt, items))
    finally:
        # `timeout` on a task interrupts this thread: it must not wait for requests that are still on their way.
        pool.shutdown(wait=False, cancel_futures=True)
