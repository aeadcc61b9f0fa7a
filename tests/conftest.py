# Copyright (c) 2026, The cloudkeys authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The daily slice: with `--one-in 3` a third of the long tests, other ones each day.

Long is what is marked `daily_slice`, and what has a fixture that is there to start runs of Ansible. The variants of one
long test are a group, and so are the long tests of a file that have none. Of each group at least one is tried, and each
of its tests within so many days. All other tests are tried in any case, and so is a guard that is marked `every_day`.
"""

from __future__ import annotations

import contextlib
import typing as t
import zlib
from collections import defaultdict
from datetime import date, datetime, timezone
from pathlib import Path

import pytest

MARK, GUARD = "daily_slice", "every_day"
# Of tests/awx, tests/guides, tests/vault_runs and tests/hand_over.
LONG_FIXTURES = {"awx", "desk", "place", "slot"}
# What a worker of pytest-xdist tells the process that prints.
COUNTS = pytest.StashKey[tuple[int, int, int]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--one-in", type=int, default=1, help="try one in so many of the long tests, others by --slice")
    parser.addoption("--slice", help="which of them: a day such as 2026-03-04, or any word; else today")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", f"{MARK}: long; with --one-in some of these are tried, others each day")
    config.addinivalue_line("markers", f"{GUARD}: tried with any --one-in, whatever fixtures and marks it has")
    if config.getoption("--one-in") < 1:
        raise pytest.UsageError("--one-in has to be at least 1")
    # Workers get the options of the process that starts them, so at midnight all of them have the same day.
    config.option.slice = config.getoption("--slice") or f"{datetime.now(timezone.utc):%Y-%m-%d}"


@pytest.fixture
def short_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as `tmp_path`, for runs whose TMPDIR is in it: ansible-core 2.22 has a socket there.

    The path of a socket has at most 107 characters, of which `tmp_path` takes up to 70.
    """
    return tmp_path_factory.mktemp("w")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what another day tries."""
    long_tests = [item.nodeid for item in items if is_long(item)]
    chosen = chosen_of(long_tests, config.getoption("--one-in"), config.getoption("--slice"))
    left_out = {item for item in items if is_long(item) and item.nodeid not in chosen}
    tell(config, (len(chosen), len(long_tests), len(items) - len(long_tests)))
    if left_out:
        config.hook.pytest_deselected(items=list(left_out))
        items[:] = [item for item in items if item not in left_out]


def is_long(item: pytest.Item) -> bool:
    has_runs = bool(LONG_FIXTURES & set(getattr(item, "fixturenames", ())))
    is_marked = item.get_closest_marker(MARK) is not None
    return item.get_closest_marker(GUARD) is None and (has_runs or is_marked)


def chosen_of(names: t.Sequence[str], one_in: int, word: str) -> set[str]:
    """The tests of a day, or of any other word."""
    groups: dict[str, list[str]] = defaultdict(list)
    for name in names:
        groups[name.partition("[")[0]].append(name)
    for function, variants in list(groups.items()):
        if len(variants) == 1:
            groups[function.partition("::")[0]] += groups.pop(function)
    return {name for group, members in groups.items() for name in some_of(members, one_in, day_of(word) + crc(group))}


def some_of(members: list[str], one_in: int, day: int) -> list[str]:
    """At least one; in no order that the variants have, since each second one may be of one kind."""
    step = min(one_in, len(members))
    return sorted(members, key=crc)[day % step :: step]


def day_of(word: str) -> int:
    with contextlib.suppress(ValueError):
        return date.fromisoformat(word).toordinal()
    return crc(word)


def crc(text: str) -> int:
    return zlib.crc32(text.encode())


def tell(config: pytest.Config, counts: tuple[int, int, int]) -> None:
    config.stash[COUNTS] = counts
    if hasattr(config, "workeroutput"):
        config.workeroutput[MARK] = counts


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: t.Any) -> None:
    """Each worker collects all tests, so what one of them tells is enough."""
    if MARK in getattr(node, "workeroutput", {}):
        node.config.stash[COUNTS] = tuple(node.workeroutput[MARK])


def pytest_terminal_summary(terminalreporter: t.Any, config: pytest.Config) -> None:
    one_in = config.getoption("--one-in")
    if one_in > 1 and COUNTS in config.stash:
        chosen, long_tests, others = config.stash[COUNTS]
        terminalreporter.write_line(
            f"One in {one_in}, as of {config.getoption('--slice')}: {chosen} of {long_tests} long tests, "
            f"and all {others} others"
        )
