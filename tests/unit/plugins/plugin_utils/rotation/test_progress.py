# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who watches long work sees how far it is, and not too often."""

from __future__ import annotations

from ansible_collections.cloudkeys.ibmcloud.plugins.plugin_utils._rotation.progress import Progress


def told_of(count: int, seconds_each: float) -> list[str]:
    now, told, done = [0.0], [], []

    def work(item: int) -> None:
        now[0] += seconds_each
        done.append(item)

    progress = Progress(told.append, lambda: now[0], lambda item: "publish")
    items = list(range(count))
    counted = progress.watch(work, items)
    for item in items:
        counted(item)
    assert done == items
    return told


def test_long_work_tells_how_far_it_is_every_few_seconds() -> None:
    assert told_of(100, 0.125) == [f"{done} of 100: publish, 8/s" for done in (24, 48, 72, 96)]


def test_what_is_soon_done_and_the_end_are_not_told() -> None:
    assert told_of(20, 0.1) == []
    assert told_of(1, 60) == []
